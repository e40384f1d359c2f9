// A part of what is served: routes of one kind.

import Hummingbird

/// A part of what a gateway serves. An answer that goes on and on, such as a stream of events, ends by itself when the gateway is to
/// stop (`AsyncSequence.cancelOnGracefulShutdown`), or it would be waited for like a call.
package protocol GatewayPart: Sendable {
    /// Adds its routes.
    func add(to router: Router<GatewayContext>)
    /// Paths that are open to all who reach the port, such as the style sheet of a page.
    var openPaths: Set<String> { get }
}

extension GatewayPart {
    package var openPaths: Set<String> { [] }
}
