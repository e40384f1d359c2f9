// A path that is there, asked by a method it does not have.

import HTTPTypes
import Hummingbird

/// Answers 405 with the methods a path has, where the router knows it under others than the one that was used (RFC 9110
/// §15.5.6).
struct MethodsMiddleware: RouterMiddleware {
    private let routes: [(path: RouterPath, method: HTTPRequest.Method)]

    /// - Parameter routes: all the router has.
    init(_ routes: [Router<GatewayContext>.RouteDescription]) { self.routes = routes.map { ($0.path, $0.method) } }

    func handle(
        _ request: Request, context: GatewayContext,
        next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            let methods = Self.methods(of: request.uri.path, in: routes)
            guard !methods.isEmpty else { throw error }
            throw HTTPError(
                .methodNotAllowed, headers: [.allow: methods.joined(separator: ", ")],
                message: "\(request.uri.path) takes \(methods.joined(separator: ", "))")
        }
    }

    private static func methods(of path: String, in routes: [(path: RouterPath, method: HTTPRequest.Method)])
        -> [String]
    {
        let parts = path.split(separator: "/")
        let fitting = routes.filter { fits(parts, $0.path.components) }.map(\.method.rawValue)
        return Set(fitting).sorted()
    }

    private static func fits(_ parts: [Substring], _ components: [RouterPath.Element]) -> Bool {
        if components.last == .recursiveWildcard {
            let known = components.dropLast()
            return parts.count > known.count && zip(known, parts).allSatisfy { $0 ~= $1 }
        }
        return parts.count == components.count && zip(components, parts).allSatisfy { $0 ~= $1 }
    }
}
