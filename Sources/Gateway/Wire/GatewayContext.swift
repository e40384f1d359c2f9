// What is known of a request beside its text.

import Hummingbird
import Logging
import NIOCore

/// A request's connection and who asks.
package struct GatewayContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The connection.
    package let channel: any Channel
    /// Whether the connection is TLS.
    package var isEncrypted = false
    /// Who asks; `nil` until it is proved.
    package var caller: Caller?
    /// What the request is called: `X-Request-ID`.
    package var requestID = ""
    /// Who asks, by address: the other end of the connection, or whom a reverse proxy names.
    package var client = ""
    /// The page's session, where the request comes from it.
    package var session: PageSession?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// What every form of the page has as its field `csrf`, and every script of it sends as `X-CSRF-Token`; empty where no
    /// page asks. What changes something without it is refused before a part sees it.
    package var csrf: String { session?.csrf ?? "" }

    /// Whether the connection came by the Unix socket; the uid of its other end was looked at when it came.
    package var isOnUnixSocket: Bool { channel.localAddress?.protocol == .unix }
}
