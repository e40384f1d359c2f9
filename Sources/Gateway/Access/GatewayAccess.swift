// Who is let in, and where.

import HTTPTypes
import Hummingbird
import OmlxErrors

/// Decides who asks, by what a request shows.
package protocol GatewayAccess: Sendable {
    /// Who asks.
    /// - Returns: `nil` when nothing is shown.
    /// - Throws: an error with a status when what is shown is wrong, or the request may not come from where it does.
    func caller(of request: Request, _ context: GatewayContext) async throws -> Caller?
    /// Whether a path is open to all who reach the port.
    func isOpen(_ path: String) -> Bool
    /// The answer to a request that shows nothing.
    func refusal(_ request: Request) -> Response
}

/// Finds out who asks, and sends away who may not.
struct AccessMiddleware: RouterMiddleware {
    let access: any GatewayAccess

    func handle(
        _ request: Request, context: GatewayContext,
        next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        do {
            context.caller = try await access.caller(of: request, context)
            guard context.caller != nil || access.isOpen(request.uri.path) else { return access.refusal(request) }
            return try await next(request, context)
        } catch {
            return ProblemDetails.response(to: error)
        }
    }
}

extension GatewayContext {
    /// - Throws: 403 for a key that is not the owner's.
    package func requireOwner() throws {
        guard caller?.isOwner == true else { throw HTTPError(.forbidden, message: "this needs the machine's own key") }
    }
}
