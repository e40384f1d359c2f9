// Who is let in, and where.

import HTTPTypes
import Hummingbird
import OmlxErrors

/// Decides who asks, by what a request shows.
package protocol GatewayAccess: Sendable {
    /// Who asks.
    /// - Parameters:
    ///   - request: what is read of its body to find out stays to be read.
    ///   - context: gets the page's session, where it is one.
    /// - Returns: `nil` when nothing is shown.
    /// - Throws: an error with a status when what is shown is wrong, or the request may not come from where it does.
    func caller(of request: inout Request, _ context: inout GatewayContext) async throws -> Caller?
    /// Whether a path is open to all who reach the port.
    func isOpen(_ path: String) -> Bool
    /// The answer to a request that shows nothing.
    func refusal(_ request: Request) -> Response
    /// The origin of a page that is not ours and may ask, where the request comes from one (WHATWG Fetch, CORS protocol).
    func allowedOrigin(of request: Request) -> String?
}

extension GatewayAccess {
    package func allowedOrigin(of request: Request) -> String? { nil }
}

/// Finds out who asks, and sends away who may not.
struct AccessMiddleware: RouterMiddleware {
    let access: any GatewayAccess
    /// Paths of parts that are open to all who reach the port.
    let openPaths: Set<String>

    func handle(
        _ request: Request, context: GatewayContext,
        next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        var response = await answer(request, context, next)
        SecurityHeaders.apply(to: &response)
        if let origin = access.allowedOrigin(of: request) { CrossOrigin.allow(origin, in: &response) }
        return response
    }

    private func answer(
        _ request: Request, _ context: GatewayContext,
        _ next: (Request, GatewayContext) async throws -> Response
    ) async -> Response {
        var (asked, context) = (request, context)
        do {
            if CrossOrigin.isPreflight(request), access.allowedOrigin(of: request) != nil {
                return CrossOrigin.preflight(request)
            }
            context.caller = try await access.caller(of: &asked, &context)
            let path = request.uri.path
            guard context.caller != nil || access.isOpen(path) || openPaths.contains(path) else {
                return access.refusal(request)
            }
            return try await next(asked, context)
        } catch let refusal as AccessRefusal {
            return refusal.response(to: request)
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
