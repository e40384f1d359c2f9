// The user of the Unix socket, and nothing else.

import Hummingbird
import OmlxGateway

/// Lets in who comes by the Unix socket: the peer's uid was looked at when the connection came.
struct LocalAccess: GatewayAccess {
    init() {}

    func caller(of request: inout Request, _ context: inout GatewayContext) -> Caller? {
        context.isOnUnixSocket ? .owner(.uid) : nil
    }

    func isOpen(_ path: String) -> Bool { path == "/health" }

    func refusal(_ request: Request) -> Response {
        ProblemDetails.response(.unauthorized, title: "a key is needed")
    }
}
