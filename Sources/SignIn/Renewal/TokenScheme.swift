// How an access token is shown with a request: decided by its type and by what the request is.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient

/// The scheme an access token goes by (RFC 6749 §7.1).
enum TokenScheme {
    /// The token alone, in the `Authorization` header (RFC 6750 §2.1).
    case bearer

    /// The scheme of a token type.
    /// - Throws: `OmlxError` with `STORE_VERSION` for a type that this version does not have: shown as another one, the
    ///   token could be worth more to a thief than it was granted for.
    init(type: String) throws(OmlxError) {
        guard type.lowercased() == "bearer" else {
            throw OmlxError(
                .storeVersion, "the sign-in's access token is of a type this omlx does not have",
                compared: [.init("token_type", type)], nextStep: "update omlx")
        }
        self = .bearer
    }

    func headers(_ token: Secret, method: String, _ url: HTTPURL) -> [HTTPRequestHeader] {
        switch self {
        case .bearer: [HTTPRequestHeader("Authorization", secret: token.concatenating(prefix: "Bearer "))]
        }
    }
}

extension Credential {
    /// The headers that show its access token with a request; none for a request to another origin than that of the server
    /// it is for (OAuth 2.1 §5.2).
    /// - Throws: `OmlxError` with `STORE_VERSION` for a token type that this version does not have.
    package func headers(for method: String, _ url: HTTPURL) throws(OmlxError) -> [HTTPRequestHeader] {
        guard key.covers(url) else { return [] }
        return try TokenScheme(type: tokens.type).headers(tokens.access, method: method, url)
    }
}

extension CredentialKey {
    /// Whether a request to this URL may carry the tokens.
    func covers(_ url: HTTPURL) -> Bool { (try? HTTPURL(serverURL))?.origin == url.origin }
}
