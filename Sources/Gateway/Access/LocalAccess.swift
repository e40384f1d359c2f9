// The user of the Unix socket, and nothing else.

import Hummingbird

/// Lets in who comes by the Unix socket: the peer's uid was looked at when the connection came.
package struct LocalAccess: GatewayAccess {
    package init() {}

    package func caller(of request: inout Request, _ context: inout GatewayContext) -> Caller? {
        context.isOnUnixSocket ? .owner(.uid) : nil
    }

    package func isOpen(_ path: String) -> Bool { path == "/health" }

    package func refusal(_ request: Request) -> Response {
        ProblemDetails.response(.unauthorized, title: "a key is needed")
    }
}
