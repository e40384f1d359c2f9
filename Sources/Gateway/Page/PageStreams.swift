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
    /// A page that is open is one that listens here by its session.
    func eventStream(_ context: GatewayContext) -> Response {
        let isPage = context.caller == .owner(.session)
        return EventStreamBody.response(context) { [desk] stream in
            if isPage { desk.listeners.withLock { $0 += 1 } }
            defer { if isPage { desk.listeners.withLock { $0 -= 1 } } }
            let changes = desk.changes.stream()
            stream.put("ready", .null)
            for await _ in changes.cancelOnGracefulShutdown() { stream.put("changed", .null) }
        }
    }
}
