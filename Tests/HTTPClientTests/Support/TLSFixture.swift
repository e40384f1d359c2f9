// Certificates made for one test, and a TLS server of OpenSSL's own that uses them.

import Foundation
import TestSupport
import Testing

/// An authority, a server certificate for localhost and 127.0.0.1, and a client certificate, in a temporary folder.
final class TLSFixture: Sendable {
    let folder: String

    struct ToolFailure: Error { let arguments: [String] }

    init() throws {
        folder = NSTemporaryDirectory() + "omlx-tls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=TestAuthority"
        )
        try Data("subjectAltName=DNS:localhost,IP:127.0.0.1\n".utf8).write(to: URL(fileURLWithPath: folder + "/names"))
        for name in ["server", "client"] {
            try openssl(
                "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).csr -subj /CN=\(name)"
            )
            try openssl(
                "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -out \(name).pem -days 2 -extfile names"
            )
        }
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem -days 2 -subj /CN=Other"
        )
        try openssl("version")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func file(_ name: String) -> String { folder + "/" + name }

    private func openssl(_ arguments: String) throws {
        let words = arguments.split(separator: " ").map(String.init)
        guard try ChildCommand.run("/usr/bin/openssl", words, folder: folder).status == 0 else {
            throw ToolFailure(arguments: words)
        }
    }
}

/// `openssl s_server` on a free port, answering every GET with a page about the connection.
final class OpenSSLServer: Sendable {
    private let process: ChildCommand
    let port: Int

    static func start(
        _ fixture: TLSFixture, certificate: String = "server", extra: [String] = []
    ) async throws -> OpenSSLServer {
        try await onOwnThread { try OpenSSLServer(fixture, certificate, extra) }
    }

    private init(_ fixture: TLSFixture, _ certificate: String, _ extra: [String]) throws {
        process = try ChildCommand(
            "/usr/bin/openssl",
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate + ".pem", "-key", certificate + ".key", "-www"]
                + extra, folder: fixture.folder)
        var text = ""
        while !text.hasSuffix("\n") || !text.contains("ACCEPT ") {
            guard let piece = process.read() else { throw TLSFixture.ToolFailure(arguments: ["s_server"]) }
            text += String(decoding: piece, as: UTF8.self)
        }
        port = Int(text.split(separator: "\n").first { $0.contains("ACCEPT") }?.split(separator: ":").last ?? "") ?? 0
    }

    deinit {
        process.terminate()
        _ = process.wait()
    }
}
