// Who signed in, where a token reply says so. For people only: nothing is decided on it.

import OmlxCryptography
import OmlxErrors
import OmlxJSON

enum AccountName {
    private static let claims = ["email", "preferred_username", "name"]

    /// The workspace or team a reply names, or the person its id token names.
    static func find(in reply: JSONObject, idToken: Secret?) -> String? {
        let named = reply["workspace_name"]?.stringValue ?? reply["team"]?["name"]?.stringValue
        let name = named ?? idToken.flatMap(person)
        return name.flatMap { $0.isEmpty ? nil : OmlxError.shown($0, limit: 100) }
    }

    private static func person(_ token: Secret) -> String? {
        guard let payload = IDToken.claims(token) else { return nil }
        return claims.lazy.compactMap { payload[$0]?.stringValue }.first { !$0.isEmpty }
    }
}
