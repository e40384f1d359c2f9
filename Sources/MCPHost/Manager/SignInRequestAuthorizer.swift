// Joins MCPClient, which asks for headers, and SignIn, which has them. Neither knows the other.

import ErrorCatalogue
import HTTPClient
import MCPClient
import SignIn

/// Signs the requests of one server's connection with its credential.
struct SignInRequestAuthorizer: RequestAuthorizer {
    let authorizer: ServerAuthorizer
    /// The only origin the token is sent to.
    let origin: String

    func authorize(method: String, url: HTTPURL) async throws -> RequestAuthorization {
        guard url.origin == origin else { return RequestAuthorization() }
        let authorization = try await authorizer.authorization()
        let headers = authorization.header.map { [HTTPRequestHeader("Authorization", secret: $0)] } ?? []
        return RequestAuthorization(headers: headers, generation: authorization.tokenGeneration)
    }

    func judge(
        _ head: HTTPResponseHead, of authorization: RequestAuthorization, attempt: Int
    ) async throws -> AuthorizationVerdict {
        let used = ServerAuthorizer.Authorization(header: nil, tokenGeneration: authorization.generation)
        return try await authorizer.judge(head, of: used, attempt: attempt) ? .retry : .accept
    }
}
