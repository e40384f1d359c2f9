// Certificates made for one test, and a TLS server of OpenSSL's own that uses them.

import Foundation
import Testing

/// An authority, a server certificate for localhost and 127.0.0.1, and a client certificate, in a temporary folder.
final class TLSFixture: Sendable {
    let folder: String

    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl") }

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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments.split(separator: " ").map(String.init)
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw ToolFailure(arguments: process.arguments ?? []) }
    }
}

/// `openssl s_server` on a free port, answering every GET with a page about the connection.
final class OpenSSLServer: @unchecked Sendable {
    // Sound: both are set in `init` and only read afterwards.
    private let process = Process()
    private(set) var port = 0

    init(_ fixture: TLSFixture, certificate: String = "server", extra: [String] = []) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments =
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificate + ".pem", "-key", certificate + ".key", "-www"]
            + extra
        process.currentDirectoryURL = URL(fileURLWithPath: fixture.folder)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        var text = ""
        while !text.hasSuffix("\n") || !text.contains("ACCEPT ") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw TLSFixture.ToolFailure(arguments: ["s_server"]) }
            text += String(decoding: data, as: UTF8.self)
        }
        port = Int(text.split(separator: "\n").first { $0.contains("ACCEPT") }?.split(separator: ":").last ?? "") ?? 0
    }

    deinit {
        // Not a polite signal: the child inherits a worker thread's mask, which blocks those.
        kill(process.processIdentifier, SIGKILL)
    }
}
