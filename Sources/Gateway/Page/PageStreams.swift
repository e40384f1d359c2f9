// What the page loads beside its text: style, script, picture, and the stream that says when to look again.

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxCryptography
import ServiceLifecycle

/// The files of the page, which are in the program.
enum PageAssets {
    /// Changes when one of them does.
    static let version = digest(style + script + icon)

    static func digest(_ text: String) -> String {
        ((try? SHA256.hexadecimal(Array(text.utf8))) ?? "").prefix(16).description
    }
}

extension PagePart {
    func addAssets(to router: Router<GatewayContext>) {
        let files = [
            ("/ui/style.css", "text/css; charset=utf-8", PageAssets.style),
            ("/ui/page.js", "text/javascript; charset=utf-8", PageAssets.script),
            ("/ui/icon.svg", "image/svg+xml", PageAssets.icon),
        ]
        for (path, type, text) in files {
            let tag = "\"\(PageAssets.digest(text))\""
            let body = ByteBuffer(string: text)
            router.get(RouterPath(path)) { request, _ in
                var headers = HTTPFields()
                headers[.contentType] = type
                headers[.eTag] = tag
                // The address changes with the program, but for the picture's.
                headers[.cacheControl] = request.uri.query == nil ? "no-cache" : "private, max-age=31536000, immutable"
                let isKnown = request.headers[.ifNoneMatch]?.contains(tag) ?? false
                return Response(
                    status: isKnown ? .notModified : .ok, headers: headers,
                    body: isKnown ? .init() : .init(byteBuffer: body))
            }
        }
    }

    /// Says "changed" when something that is shown may have (WHATWG HTML §9.2). Ends with the host, so that it keeps no end waiting.
    func eventStream() -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        let desk = desk
        return Response(
            status: .ok, headers: headers,
            body: .init { writer in
                let changes = desk.changes.stream()
                try await writer.write(ByteBuffer(string: "retry: 1000\n\n"))
                for await _ in changes.cancelOnGracefulShutdown() {
                    try await writer.write(ByteBuffer(string: "event: changed\ndata: \n\n"))
                }
                try await writer.finish(nil)
            })
    }
}
