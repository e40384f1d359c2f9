// The OpenAPI routes among those of omlx serve: for paths that no other part has taken.

import Hummingbird

/// The descriptions and the tools of all servers. It goes last: a path that another part serves never comes here.
package struct OpenAPIPart: GatewayPart {
    private let routes: OpenAPIRoutes

    package init(_ shelf: ToolShelf) {
        var about = OpenAPIRoutes.Description()
        about.isKeyed = true
        routes = OpenAPIRoutes(shelf, .beside, about)
    }

    package func add(to router: Router<GatewayContext>) { router.add(middleware: OpenAPIFallback(routes: routes)) }
}

/// Stands before the answer that there is nothing at a path.
private struct OpenAPIFallback: RouterMiddleware {
    let routes: OpenAPIRoutes

    func handle(
        _ request: Request, context: GatewayContext,
        next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        // Who is not known sees nothing, whatever path is open.
        guard let caller = context.caller else { return try await next(request, context) }
        if let response = try await routes.answer(request, caller) { return response }
        return try await next(request, context)
    }
}
