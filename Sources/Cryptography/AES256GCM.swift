// Authenticated encryption: AES-256-GCM.

import OmlxCOpenSSL
import OmlxErrors

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D) with 12-byte nonces and 16-byte tags.
package enum AES256GCM {
    /// The number of bytes in a key.
    package static let keyCount = 32
    /// The number of bytes in a nonce. Never use one twice with a key: take `Random.bytes(nonceCount)` each time.
    package static let nonceCount = 12
    /// The number of bytes in a tag.
    package static let tagCount = 16

    /// The ciphertext, as long as the plaintext, followed by the tag.
    /// - Parameters:
    ///   - plaintext: What is to be kept secret.
    ///   - key: 32 bytes.
    ///   - nonce: 12 bytes, fresh.
    ///   - associated: Bytes that stay readable but cannot be changed unnoticed.
    /// - Throws: `STORE_CRYPTOGRAPHY`, also for a key or nonce of another length.
    package static func seal(
        _ plaintext: Secret, key: Secret, nonce: [UInt8], authenticating associated: [UInt8]
    ) throws(OmlxError) -> [UInt8] {
        try checkLengths(key, nonce)
        let count = plaintext.count
        var sealed = [UInt8](repeating: 0, count: count + tagCount)
        let outcome = sealed.withUnsafeMutableBytes { sealed in
            // Never empty: the tag is always part of it.
            guard let start = sealed.baseAddress else { return Int32(COPENSSL_FAILED) }
            return key.withUnsafeBytes { key in
                plaintext.withUnsafeBytes { plaintext in
                    associated.withUnsafeBytes { associated in
                        copenssl_aes_256_gcm_seal(
                            key.baseAddress, nonce, associated.baseAddress, associated.count, plaintext.baseAddress,
                            count, start, start + count)
                    }
                }
            }
        }
        try Libcrypto.check(outcome, "AES-256-GCM")
        return sealed
    }

    /// The plaintext, or `nil` when the tag does not fit: another key, or a changed nonce, ciphertext, tag or
    /// associated byte.
    /// - Parameters:
    ///   - sealed: Ciphertext and tag as `seal` gave them; anything shorter than a tag gives `nil`.
    ///   - key: 32 bytes.
    ///   - nonce: The 12 bytes it was sealed with.
    ///   - associated: The bytes it was sealed with.
    /// - Throws: `STORE_CRYPTOGRAPHY`, also for a key or nonce of another length.
    package static func open(
        _ sealed: some Collection<UInt8>, key: Secret, nonce: [UInt8], authenticating associated: [UInt8]
    ) throws(OmlxError) -> Secret? {
        try checkLengths(key, nonce)
        let sealed = Array(sealed)
        let count = sealed.count - tagCount
        guard count >= 0 else { return nil }
        var outcome = Int32(COPENSSL_FAILED)
        let plaintext = Secret(count: count) { plaintext in
            sealed.withUnsafeBytes { sealed in
                guard let start = sealed.baseAddress else { return }
                outcome = key.withUnsafeBytes { key in
                    associated.withUnsafeBytes { associated in
                        copenssl_aes_256_gcm_open(
                            key.baseAddress, nonce, associated.baseAddress, associated.count, start, count,
                            start + count, plaintext.baseAddress)
                    }
                }
            }
        }
        if Int(outcome) == COPENSSL_NOT_AUTHENTIC { return nil }
        try Libcrypto.check(outcome, "AES-256-GCM")
        return plaintext
    }

    private static func checkLengths(_ key: Secret, _ nonce: [UInt8]) throws(OmlxError) {
        guard key.count == keyCount, nonce.count == nonceCount else {
            throw OmlxError(.storeCryptography, "a key or nonce for AES-256-GCM has the wrong length")
        }
    }
}
