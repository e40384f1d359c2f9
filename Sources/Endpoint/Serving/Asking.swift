// What is known of a request beside its text.

import OmlxJSON

/// Who asks, where, in which era.
package struct Asking: Sendable, Hashable {
    package var view: EndpointView
    package var dialect: Dialect
    /// Who the client said it is when its connection was opened; a request of the later era says so itself.
    package var client: JSON?

    package init(_ view: EndpointView, _ dialect: Dialect, client: JSON? = nil) {
        (self.view, self.dialect, self.client) = (view, dialect, client)
    }

    /// Whether the client gets tools that search in place of all.
    func searches(_ request: ClientRequest) -> Bool {
        view.mode.searches(for: request.meta[ReservedMeta.clientInfo] ?? client)
    }
}

/// Takes what is told of a request before its answer: notifications.
package typealias MessageSink = @Sendable (JSON) -> Void
