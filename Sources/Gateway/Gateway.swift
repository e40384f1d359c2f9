// What programs and the browser see of a host: one router for all listeners.

import Hummingbird
import Logging
import OmlxHostAPI

/// What a host shows to programs and to the browser.
package struct Gateway: Sendable {
    /// The host.
    package let host: any Host
    /// Who is let in.
    package let access: any GatewayAccess
    private let parts: [any GatewayPart]
    private let observation: GatewayObservation

    /// A gateway of these parts.
    package init(
        host: any Host, access: any GatewayAccess, parts: [any GatewayPart],
        observation: GatewayObservation = GatewayObservation()
    ) {
        (self.host, self.access, self.parts, self.observation) = (host, access, parts, observation)
    }

    /// What answers requests.
    package var responder: some HTTPResponder<GatewayContext> {
        let router = Router(context: GatewayContext.self)
        router.add(middleware: ObservingMiddleware(observation: observation))
        router.add(
            middleware: AccessMiddleware(
                access: access, openPaths: parts.reduce(into: []) { $0.formUnion($1.openPaths) }))
        router.add(middleware: TracingMiddleware())
        for part in parts { part.add(to: router) }
        // What is added after the routes is asked where none fits.
        router.add(middleware: MethodsMiddleware(router.routes))
        return router.buildResponder()
    }
}
