// SHA-256, HMAC and PBKDF2.

import OmlxCOpenSSL
import OmlxErrors

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// The number of bytes in a digest.
    package static let digestCount = 32

    /// The digest of these bytes, 32 bytes.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    package static func hash(_ bytes: [UInt8]) throws(OmlxError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestCount)
        let outcome = bytes.withUnsafeBytes { copenssl_sha256($0.baseAddress, $0.count, &digest) }
        try Libcrypto.check(outcome, "SHA-256")
        return digest
    }

    /// The digest of a secret's bytes, such as a code verifier's for its S256 challenge (RFC 7636 §4.2).
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    package static func hash(_ secret: Secret) throws(OmlxError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestCount)
        let outcome = secret.withUnsafeBytes { copenssl_sha256($0.baseAddress, $0.count, &digest) }
        try Libcrypto.check(outcome, "SHA-256")
        return digest
    }

    /// The digest in lower-case hexadecimal, 64 characters, fit for a file's name.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    package static func hexadecimal(_ bytes: [UInt8]) throws(OmlxError) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let digest = try hash(bytes)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// HMAC with SHA-256 (RFC 2104).
package enum HMACSHA256 {
    /// The authentication code of these bytes, 32 bytes. Compare it with `constantTimeEquals`.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    package static func authenticate(_ bytes: [UInt8], key: Secret) throws(OmlxError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: SHA256.digestCount)
        let outcome = key.withUnsafeBytes { key in
            bytes.withUnsafeBytes { copenssl_hmac_sha256(key.baseAddress, key.count, $0.baseAddress, $0.count, &code) }
        }
        try Libcrypto.check(outcome, "HMAC-SHA-256")
        return code
    }
}

/// PBKDF2 with HMAC-SHA-256 (RFC 8018 §5.2).
package enum PBKDF2 {
    /// A key derived from a password. It takes long by design (about half a second for 600,000 iterations): not for an
    /// actor's thread.
    /// - Parameters:
    ///   - password: The password's bytes.
    ///   - salt: Random bytes kept beside what the key protects.
    ///   - iterations: 1 or more.
    ///   - count: The key's length in bytes, 1 or more.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    package static func deriveKey(
        password: Secret, salt: [UInt8], iterations: Int, count: Int
    ) throws(OmlxError) -> Secret {
        guard let iterations = UInt32(exactly: iterations), iterations > 0, count > 0 else {
            throw OmlxError(.storeCryptography, "PBKDF2 was asked for a key without iterations or without a length")
        }
        return try Secret(count: count) { (key) throws(OmlxError) in
            let outcome = password.withUnsafeBytes { password in
                salt.withUnsafeBytes { salt in
                    copenssl_pbkdf2_hmac_sha256(
                        password.baseAddress, password.count, salt.baseAddress, salt.count, iterations,
                        key.baseAddress, key.count)
                }
            }
            try Libcrypto.check(outcome, "PBKDF2")
        }
    }
}
