// The claims of an ID token. It comes straight from the token endpoint over TLS, so that its signature need not be checked
// (OpenID Connect Core §3.1.3.7); omlx takes it for no sign-in.

import OmlxCryptography
import OmlxJSON

/// An ID token's payload.
enum IDToken {
    private static let limit = 65_536

    /// The claims, or `nil` for what is no signed JWT. Only they become text; without the signature they are no token.
    static func claims(_ token: Secret) -> JSON? {
        let payload = token.withBytes { bytes -> String? in
            let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].count < limit else { return nil }
            return String(decoding: parts[1], as: UTF8.self)
        }
        return payload.flatMap(Base64URL.decode).flatMap { try? JSON(parsing: $0) }
    }
}

/// What an ID token says of the `nonce` of its sign-in.
package enum IDTokenNonce: Sendable, Hashable {
    /// The token cannot be read, or carries none.
    case none
    /// It carries this one; a value that is no text is an empty one, which nothing matches.
    case value(String)

    init(_ token: Secret) {
        let value = IDToken.claims(token)?["nonce"]
        self = value.map { $0.isNull ? .none : .value($0.stringValue ?? "") } ?? .none
    }
}
