// The front door of `omlx mcpo`: keys and origins by the rules of mcpo 0.0.20.

import HTTPTypes
import Hummingbird
import OmlxCryptography

/// Answers as mcpo does, on a listener of its own.
package struct MCPODoor: HTTPResponder {
    /// Who is let in.
    package struct Rules: Sendable {
        /// The key; without one all who reach the port may call every tool.
        package var key: Secret?
        /// Whether descriptions need the key too.
        package var isStrict = false
        /// Whose pages may read answers; `*` for all.
        package var origins = ["*"]

        package init() {}
    }

    private let routes: OpenAPIRoutes
    private let rules: Rules

    package init(_ routes: OpenAPIRoutes, _ rules: Rules) {
        self.routes = routes
        self.rules = rules
    }

    package func respond(to request: Request, context: GatewayContext) async throws -> Response {
        if rules.isStrict, request.method != .options, let refusal = strictRefusal(request) { return refusal }
        let origin = request.headers[.origin]
        if request.method == .options, let origin, let method = request.headers[.accessControlRequestMethod] {
            return preflight(request, origin, method)
        }
        var response = try await answer(request)
        if let origin { allow(origin, request, &response) }
        return response
    }

    private func answer(_ request: Request) async throws -> Response {
        if rules.key != nil, request.method == .post, let refusal = refusal(request),
            try await routes.isTool(request)
        {
            return refusal
        }
        return try await routes.answer(request, nil) ?? OpenAPIRoutes.notFound
    }

    // MARK: keys

    private func isKey(_ text: some StringProtocol) -> Bool {
        rules.key?.withBytes { constantTimeEquals($0, Array(text.utf8)) } ?? true
    }

    private func refusal(_ request: Request) -> Response? {
        let words = (request.headers[.authorization] ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            return OpenAPIAnswer.detail(
                .unauthorized, "Missing or invalid Authorization header", [(.wwwAuthenticate, "Bearer")])
        }
        return isKey(words[1]) ? nil : OpenAPIAnswer.detail(.forbidden, "Invalid API key")
    }

    private func strictRefusal(_ request: Request) -> Response? {
        func unauthorized(_ text: String) -> Response {
            OpenAPIAnswer.detail(.unauthorized, text, [(.wwwAuthenticate, "Bearer, Basic")])
        }
        guard rules.key != nil else { return nil }
        guard let shown = request.headers[.authorization], !shown.isEmpty else {
            return unauthorized("Missing or invalid Authorization header")
        }
        if shown.hasPrefix("Bearer ") {
            return isKey(shown.dropFirst(7)) ? nil : OpenAPIAnswer.detail(.forbidden, "Invalid API key")
        }
        guard shown.hasPrefix("Basic ") else { return unauthorized("Unsupported authorization method") }
        guard let bytes = Base64.decode(String(shown.dropFirst(6))),
            let text = String(validating: bytes, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return unauthorized("Invalid Basic Authentication format") }
        return isKey(text[text.index(after: colon)...])
            ? nil : OpenAPIAnswer.detail(.forbidden, "Invalid credentials")
    }

    // MARK: origins

    private var allowsAll: Bool { rules.origins.contains("*") }

    private static let methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]

    private func preflight(_ request: Request, _ origin: String, _ method: String) -> Response {
        var faults: [String] = []
        var headers: HTTPFields = [
            .vary: "Origin", .accessControlAllowMethods: Self.methods.joined(separator: ", "),
            .accessControlMaxAge: "600", .accessControlAllowCredentials: "true",
            .contentType: "text/plain; charset=utf-8",
        ]
        if allowsAll || rules.origins.contains(origin) {
            headers[.accessControlAllowOrigin] = origin
        } else {
            faults.append("origin")
        }
        if !Self.methods.contains(method) { faults.append("method") }
        headers[.accessControlAllowHeaders] = request.headers[.accessControlRequestHeaders]
        let text = faults.isEmpty ? "OK" : "Disallowed CORS " + faults.joined(separator: ", ")
        return Response(
            status: faults.isEmpty ? .ok : .badRequest, headers: headers, body: .init(byteBuffer: .init(string: text)))
    }

    private func allow(_ origin: String, _ request: Request, _ response: inout Response) {
        response.headers[.accessControlAllowCredentials] = "true"
        if allowsAll, request.headers[.cookie] == nil {
            response.headers[.accessControlAllowOrigin] = "*"
        } else if allowsAll || rules.origins.contains(origin) {
            response.headers[.accessControlAllowOrigin] = origin
            response.headers[.vary] = "Origin"
        }
    }
}
