// Certificates as OpenSSL's own program makes them.

import Foundation
import OmlxErrors
import OmlxGateway
import TestSupport

/// A certificate for 127.0.0.1 that vouches for itself, and its key.
struct MadeCertificate {
    let certificate: String
    let key: String

    /// - Parameter words: what else `openssl req` is told.
    init(in folder: ConfigurationFolder, _ name: String = "tls", _ words: [String] = ["-nodes"]) throws {
        (certificate, key) = ("\(folder.path)/\(name).pem", "\(folder.path)/\(name)-key.pem")
        try Self.run(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2",
                "-subj", "/CN=omlx test", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key,
                "-out", certificate,
            ] + words)
    }

    /// Makes it one that has expired.
    func expire() throws {
        try Self.run(["x509", "-in", certificate, "-signkey", key, "-days", "-1", "-out", certificate + ".old"])
        try FileManager.default.removeItem(atPath: certificate)
        try FileManager.default.moveItem(atPath: certificate + ".old", toPath: certificate)
    }

    private static func run(_ words: [String]) throws {
        let (status, output) = try ChildCommand.run("/usr/bin/openssl", words)
        guard status == 0 else {
            throw ChildCommand.Failure(description: "openssl: \(String(decoding: output, as: UTF8.self))")
        }
    }

    func load() async throws(OmlxError) -> ServerCertificate {
        try await ServerCertificate.load(certificate: certificate, key: key)
    }
}
