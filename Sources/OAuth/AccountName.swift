// Who signed in, where a token reply says so. For people only: nothing is decided on it.

import Cryptography
import ErrorCatalogue
import JSON

enum AccountName {
    private static let claims = ["email", "preferred_username", "name"]

    /// The workspace or team a reply names, or the person its id token names. The id token comes straight from the
    /// token endpoint over TLS, so its signature need not be checked to show a name (OpenID Connect Core §3.1.3.7).
    static func find(in reply: JSONObject, idToken: Secret?) -> String? {
        let named = reply["workspace_name"]?.stringValue ?? reply["team"]?["name"]?.stringValue
        let name = named ?? idToken.flatMap(person)
        return name.flatMap { $0.isEmpty ? nil : OmlxError.shown($0, limit: 100) }
    }

    /// Only the claims become text; without the signature they are no token.
    private static func person(_ token: Secret) -> String? {
        let claimsPart = token.withBytes { bytes -> String? in
            let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].count < 16_384 else { return nil }
            return String(decoding: parts[1], as: UTF8.self)
        }
        guard let bytes = claimsPart.flatMap(Base64URL.decode), let payload = try? JSON(parsing: bytes) else {
            return nil
        }
        return claims.lazy.compactMap { payload[$0]?.stringValue }.first { !$0.isEmpty }
    }
}
