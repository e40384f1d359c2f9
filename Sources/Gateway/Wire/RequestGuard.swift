// What the HTTP library lets through, and two programs may understand in two ways.

import NIOCore
import NIOHTTP1

/// Refuses requests whose end or whose host is not certain: a proxy in front could take the rest of one for another (request
/// smuggling, RFC 9112 §11.2), and a rule could look at another name than the one that was meant.
enum RequestGuard {
    /// - Parameter head: as it came.
    static func isSound(_ head: HTTPRequestHead) -> Bool {
        // RFC 9112 §6.1: a client of HTTP/1.0 knows no transfer codings.
        guard head.version.major == 1, head.version.minor == 1 || head.headers["Transfer-Encoding"].isEmpty else {
            return false
        }
        // RFC 9112 §3.2: one host, and none but in HTTP/1.0 it may lack. What access rules want comes on top.
        let hosts = head.headers["Host"]
        guard hosts.count <= 1 else { return false }
        guard let authority = authority(in: head.uri) else { return true }
        // RFC 9112 §3.2.2: the target's host counts, and a client sends the same in both.
        return authority.lowercased() == hosts.first?.lowercased()
    }

    /// The host of a target in absolute form (RFC 9112 §3.2.2); `nil` for one in another form.
    private static func authority(in target: String) -> Substring? {
        guard !target.hasPrefix("/"), let mark = target.firstRange(of: "://") else { return nil }
        return target[mark.upperBound...].prefix { !"/?#".contains($0) }
    }
}

/// Stands behind the parser.
final class RequestGuardHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private var hasRefused = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasRefused else { return }
        if case .head(let head) = unwrapInboundIn(data), !RequestGuard.isSound(head) {
            hasRefused = true
            // Answered as what cannot be parsed is: 400, and the end of the connection.
            context.fireErrorCaught(HTTPParserError.invalidHeaderToken)
        } else {
            context.fireChannelRead(data)
        }
    }
}
