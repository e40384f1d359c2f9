// A server of HTTP/2 that nobody here wrote, hypercorn, in the Python environment that scripts/venvs.sh makes for it.

import Foundation
import TestSupport

/// Hypercorn on a free port, with the pages of `Servers/http2_server.py`.
final class HTTP2Server: Sendable {
    private let process: ChildCommand
    let url: String

    /// - Throws: `ChildCommand.Failure` when it does not start, for one because the environment is missing.
    static func start(_ fixture: TLSFixture) async throws -> HTTP2Server {
        try await onOwnThread { try HTTP2Server(fixture) }
    }

    private init(_ fixture: TLSFixture) throws {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let python = tests.appendingPathComponent("../../.venvs/hypercorn/bin/python").standardized.path
        let script = tests.appendingPathComponent("Servers/http2_server.py").path
        process = try ChildCommand(
            python, ["-B", script, fixture.file("server.pem"), fixture.file("server.key")])
        var line = ""
        while !line.hasSuffix("\n"), let piece = process.read() { line += String(decoding: piece, as: UTF8.self) }
        guard let port = Int(line.dropLast()) else {
            process.terminate()
            _ = process.wait()
            throw ChildCommand.Failure(description: "no HTTP/2 server: run scripts/venvs.sh")
        }
        url = "https://127.0.0.1:\(port)"
    }

    deinit {
        process.terminate()
        _ = process.wait()
    }
}
