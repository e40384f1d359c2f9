// RFC 7636, proof key for code exchange, S256 only (C9.1).

import OmlxCryptography

/// A code verifier and its challenge. Lives in memory only.
package struct PKCE: Sendable {
    /// The verifier: 43 characters from 32 random octets.
    package let verifier: Secret
    /// The S256 challenge.
    package let challenge: String
    /// A `nonce` for the same request (OpenID Connect Core §3.1.2.1): renewed with the verifier and, without it, unknown.
    package let nonce: String

    /// The pair made from 32 random octets handed in.
    /// - Throws: `OmlxError` when libcrypto cannot be loaded.
    package init(octets: [UInt8]) throws {
        verifier = Base64URL.encode(Secret(octets))
        challenge = Base64URL.encode(try SHA256.hash(verifier))
        nonce = Base64URL.encode(try SHA256.hash(verifier.concatenating(prefix: "nonce ")))
    }
}
