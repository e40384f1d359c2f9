// What a server of TLS shows.

import OmlxCOpenSSL

/// A certificate with those that vouch for it, and its private key.
package final class TLSIdentity: Sendable {
    /// Why there is none.
    package enum Fault: Error, Sendable, Hashable {
        /// libssl.so.3 is not installed, or lacks a function.
        case unavailable
        /// OpenSSL refused or ran out of memory.
        case failed
        /// The certificate is not taken; OpenSSL's words.
        case certificate(String)
        /// The certificate counts not yet, or no longer; OpenSSL's words.
        case dates(String)
        /// The private key is not taken; OpenSSL's words.
        case key(String)
        /// The private key is kept under a password.
        case keyEncrypted
        /// The private key is another certificate's; OpenSSL's words.
        case mismatch(String)
    }

    // An SSL_CTX, which nothing changes once it is made, and whose references OpenSSL counts atomically (openssl-threads(7)).
    fileprivate nonisolated(unsafe) let context: OpaquePointer

    /// - Parameters:
    ///   - certificate: PEM texts; the server's own first.
    ///   - key: a PEM text.
    package init(certificate: [UInt8], key: Secret) throws(Fault) {
        var context: OpaquePointer?
        var words = [CChar](repeating: 0, count: 256)
        let outcome = certificate.withUnsafeBytes { certificate in
            key.withUnsafeBytes { key in
                copenssl_identity_make(
                    certificate.baseAddress, certificate.count, key.baseAddress, key.count, &context, &words,
                    words.count)
            }
        }
        if Int(outcome) == COPENSSL_OK, let context {
            self.context = context
            return
        }
        let text = words.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        throw switch Int(outcome) {
        case COPENSSL_UNAVAILABLE: Fault.unavailable
        case COPENSSL_TLS_CERTIFICATE: .certificate(text)
        case COPENSSL_TLS_DATES: .dates(text)
        case COPENSSL_TLS_KEY: .key(text)
        case COPENSSL_TLS_KEY_ENCRYPTED: .keyEncrypted
        case COPENSSL_TLS_MISMATCH: .mismatch(text)
        default: .failed
        }
    }

    deinit { copenssl_identity_free(context) }
}

/// The server's side of one TLS connection, over bytes: no socket is touched. Used by one thread at a time.
package final class TLSSession {
    /// How a step ended.
    package enum Step: Sendable, Hashable {
        case done
        /// More of the client's bytes are needed.
        case wantsMore
        /// The client has closed its side (RFC 8446 §6.1, `close_notify`).
        case ended
        /// The client speaks HTTP without TLS.
        case plain
        case failed
    }

    private let session: OpaquePointer

    /// - Returns: `nil` without memory.
    package init?(_ identity: TLSIdentity) {
        guard let session = copenssl_tls_make(identity.context) else { return nil }
        self.session = session
    }

    deinit { copenssl_tls_free(session) }

    /// Takes bytes that came from the client.
    package func receive(_ bytes: UnsafeRawBufferPointer) -> Step {
        Self.step(copenssl_tls_receive(session, bytes.baseAddress, bytes.count))
    }

    /// Goes on with the handshake.
    package func handshake() -> Step { Self.step(copenssl_tls_handshake(session)) }

    /// What the client said.
    /// - Returns: how many bytes were written to the buffer; with `done` there are some.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> (step: Step, count: Int) {
        var count = 0
        let outcome = copenssl_tls_read(session, buffer.baseAddress, buffer.count, &count)
        return (Self.step(outcome), count)
    }

    /// Says something to the client.
    package func write(_ bytes: UnsafeRawBufferPointer) -> Step {
        Self.step(copenssl_tls_write(session, bytes.baseAddress, bytes.count))
    }

    /// Says that nothing more is said.
    package func end() { copenssl_tls_end(session) }

    /// How many bytes wait to be sent.
    package var pending: Int { copenssl_tls_pending(session) }

    /// Bytes to be sent.
    /// - Returns: how many were written to the buffer.
    package func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        copenssl_tls_take(session, buffer.baseAddress, buffer.count)
    }

    private static func step(_ outcome: Int32) -> Step {
        switch Int(outcome) {
        case COPENSSL_OK: .done
        case COPENSSL_TLS_WANTS: .wantsMore
        case COPENSSL_TLS_ENDED: .ended
        case COPENSSL_TLS_PLAIN: .plain
        default: .failed
        }
    }
}
