// Joins MCPClient, which asks for headers, and SignIn, which has them. Neither knows the other.

import OmlxErrors
import OmlxHTTPClient
import OmlxMCPClient
import OmlxSignIn

/// Signs the requests of one server's connection with its credential.
struct SignInRequestAuthorizer: RequestAuthorizer {
    let authorizer: ServerAuthorizer
    let notes: ConnectionNotes

    /// A store that cannot be read keeps no server away that wants no token; one that does want one answers 401, and
    /// the store's error comes up again when that is judged.
    private static let unreadable: Set<ErrorCode> = [
        .storeUnreadable, .storePermissions, .storeForeign, .storeVersion, .storeDamaged, .storeKeyMissing,
        .storePasswordNeeded, .storePasswordWrong, .storeCryptography, .configStoreUnsupported,
    ]

    func authorize(method: String, url: HTTPURL) async throws -> RequestAuthorization {
        guard authorizer.signs(url) else { return RequestAuthorization() }
        // The end of a session is worth no refresh, which would outlive the process.
        if let farewell = notes.farewell { return farewell }
        let authorization: ServerAuthorizer.Authorization
        do {
            authorization = try await authorizer.authorization(for: method, url)
        } catch let error as OmlxError where Self.unreadable.contains(error.code) {
            return RequestAuthorization()
        }
        let signed = RequestAuthorization(
            headers: authorization.headers, generation: authorization.tokenGeneration, isFresh: authorization.isFresh)
        notes.note(signed)
        return signed
    }

    func judge(
        _ head: HTTPResponseHead, of authorization: RequestAuthorization, attempt: Int
    ) async throws -> AuthorizationVerdict {
        if notes.farewell != nil { return .accept }
        let used = ServerAuthorizer.Authorization(
            tokenGeneration: authorization.generation, isFresh: authorization.isFresh)
        return try await authorizer.judge(head, of: used, attempt: attempt) ? .retry : .accept
    }
}
