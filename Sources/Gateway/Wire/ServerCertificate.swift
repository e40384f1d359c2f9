// The certificate and the private key that connections are shown, from files that may be replaced while they are.

import Glibc
import OmlxCryptography
import OmlxErrors
import OmlxSystem
import Synchronization

/// A certificate in use.
package final class ServerCertificate: Sendable {
    private static let greatestSize = 1 << 20

    /// The path of the certificate, with those that vouch for it.
    package let certificate: String
    /// The path of its private key; may be the same file.
    package let key: String
    private let current: Mutex<TLSIdentity>

    private init(certificate: String, key: String, _ identity: TLSIdentity) {
        (self.certificate, self.key) = (certificate, key)
        current = Mutex(identity)
    }

    /// - Throws: `SERVE_CERTIFICATE_UNUSABLE`, `SERVE_PRIVATE_KEY_UNUSABLE`, `SERVE_CERTIFICATE_MISMATCH`,
    ///   `SERVE_TLS_UNAVAILABLE`.
    package static func load(certificate: String, key: String) async throws(OmlxError) -> ServerCertificate {
        ServerCertificate(certificate: certificate, key: key, try await read(certificate, key))
    }

    /// Takes the files as they are now for the connections that come; one that cannot be used leaves the one in use.
    /// - Throws: as `load`.
    package func reload() async throws(OmlxError) {
        let identity = try await Self.read(certificate, key)
        current.withLock { $0 = identity }
    }

    /// What the next connection is shown.
    var identity: TLSIdentity { current.withLock { $0 } }

    private static func read(_ certificate: String, _ key: String) async throws(OmlxError) -> TLSIdentity {
        try await OwnThread.run("omlx-tls") { () throws(OmlxError) in
            let text = try bytes(of: certificate, .serveCertificateUnusable, isKey: false)
            var keyText = try bytes(of: key, .servePrivateKeyUnusable, isKey: true)
            do throws(TLSIdentity.Fault) {
                return try TLSIdentity(certificate: text, key: Secret(wiping: &keyText))
            } catch {
                throw error.told(certificate, key)
            }
        }
    }

    private static func bytes(of path: String, _ code: ErrorCode, isKey: Bool) throws(OmlxError) -> [UInt8] {
        let shown = OmlxError.shown(path)
        // O_NONBLOCK: a pipe in the file's place must not make us wait.
        guard let file = OwnedDescriptor(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) else {
            throw OmlxError(code, "\(shown) cannot be read: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw OmlxError(code, "\(shown) is no regular file")
        }
        if isKey, let fault = PrivacyFault(sharedKey: status, path) {
            throw OmlxError(code, fault.message, compared: fault.compared, nextStep: fault.nextStep)
        }
        guard status.st_size <= greatestSize else { throw OmlxError(code, "\(shown) is too large") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let (start, room) = (count, bytes.count - count)
            let got = bytes.withUnsafeMutableBytes { Glibc.read(file.number, $0.baseAddress.map { $0 + start }, room) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            count += got
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

extension TLSIdentity.Fault {
    /// As the host's own errors are told, with OpenSSL's words.
    fileprivate func told(_ certificate: String, _ key: String) -> OmlxError {
        let (shown, shownKey) = (OmlxError.shown(certificate), OmlxError.shown(key))
        return switch self {
        case .unavailable:
            OmlxError(
                .serveTLSUnavailable, "libssl.so.3 (OpenSSL 3) could not be loaded", nextStep: "apt-get install libssl3"
            )
        case .failed: OmlxError(.serveTLSUnavailable, "OpenSSL refused to make a server of TLS")
        case .certificate(let words):
            OmlxError(
                .serveCertificateUnusable, "\(shown) is no certificate that OpenSSL takes: \(words)",
                nextStep: "openssl x509 -in \(certificate.shellWord) -noout -text")
        case .dates(let words):
            OmlxError(
                .serveCertificateUnusable, "\(shown) cannot be used: \(words)",
                nextStep:
                    "renew it; openssl x509 -in \(certificate.shellWord) -noout -dates says when it counts, and date what time it is"
            )
        case .key(let words):
            OmlxError(
                .servePrivateKeyUnusable, "\(shownKey) is no private key that OpenSSL takes: \(words)",
                nextStep: "openssl pkey -in \(key.shellWord) -noout")
        case .keyEncrypted:
            OmlxError(
                .servePrivateKeyUnusable,
                "the private key in \(shownKey) is kept under a password, which is not asked for",
                nextStep: "openssl pkey -in \(key.shellWord) -out PLAIN, and name that file, which only you may read")
        case .mismatch(let words):
            OmlxError(
                .serveCertificateMismatch,
                "the private key in \(shownKey) does not fit the certificate in \(shown): \(words)",
                nextStep: "name the key that the certificate was made for: its own certificate stands first in the file"
            )
        }
    }
}
