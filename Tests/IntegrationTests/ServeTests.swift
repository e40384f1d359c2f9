// omlx serve as a person or a supervisor runs it: one for each user, its file followed, its end in order.

import Foundation
import Glibc
import Testing

@Suite("omlx serve", .timeLimit(.minutes(10)))
struct ServeTests {
    /// A server that leaves its variables, and can do nothing.
    private static let server = """
        import json, os, sys
        with open(sys.argv[1] + ".new", "w") as file:
            json.dump({"pid": os.getpid(), "variables": dict(os.environ)}, file)
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        for line in sys.stdin:
            message = json.loads(line)
            result = {"tools": [{"name": "nothing", "inputSchema": {"type": "object"}}]}
            if message["method"] == "initialize":
                result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                          "serverInfo": {"name": "x", "version": "1"}}
            if "id" in message:
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
        """

    private func entry(_ home: TestHome, _ name: String) -> [String: Any] {
        ["command": "/usr/bin/env", "args": ["python3", "-c", Self.server, home.desk + "/" + name]]
    }

    private func text(_ home: TestHome, _ names: String...) -> String {
        Document.text(["servers": Dictionary(uniqueKeysWithValues: names.map { ($0, entry(home, $0)) })])
    }

    private func start(_ home: TestHome, _ words: String..., variables: [String: String] = [:]) async throws
        -> ChildProgram
    {
        let program = try home.start(["serve", "--port", "0"] + words, variables: variables)
        try await program.text("serves on")
        return program
    }

    private func health(_ home: TestHome) async throws -> Document {
        let run = try await home.run(
            "/usr/bin/curl", ["-sS", "--unix-socket", home.path + "/run/omlx/host.sock", "http://omlx/health"])
        return run.json["mcp"]
    }

    /// Waits until so many servers are connected.
    private func sees(_ connected: Int, of total: Int, _ home: TestHome) async throws {
        let end = Date(timeIntervalSinceNow: 180)
        var last = Document(nil)
        repeat {
            last = try await health(home)
            if last["servers_connected"].int ?? 0 == connected, last["servers_total"].int ?? 0 == total { return }
            try await Task.sleep(for: .milliseconds(20))
        } while Date() < end
        throw Overdue(description: "\(connected) of \(total) were never connected: \(last)")
    }

    private func note(_ home: TestHome, _ name: String) throws -> Document {
        Document(parsing: Array(FileManager.default.contents(atPath: home.desk + "/" + name) ?? Data()))
    }

    @Test("a second one says which runs; killed, the first one leaves nothing that stops the next, and no child")
    func alone() async throws {
        try await TestHome.with { home in
            try home.write(text(home, "a"), to: home.work + "/mcp.json")
            let first = try await start(home)
            try await sees(1, of: 1, home)
            let second = try await home.omlx("serve", "--port", "0")
            #expect(second.exit == 1 && second.err.contains("SERVE_ALREADY_RUNNING"), "\(second)")
            #expect(second.err.contains("process \(first.pid), at http://127.0.0.1:"), "\(second)")
            first.signal(SIGKILL)
            _ = try await first.end()
            let third = try await start(home)
            try await sees(1, of: 1, home)
            third.signal(SIGTERM)
            let end = try await home.note(third.end())
            #expect(end.exit == 0, "\(end)")
            #expect(!FileManager.default.fileExists(atPath: home.path + "/run/omlx/host.sock"))
        }
    }

    @Test("the file is followed: written, renamed into place, behind a link, broken, and made later than the host")
    func follows() async throws {
        try await TestHome.with { home in
            let folder = home.path + "/.config/omlx"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let program = try await start(home)
            #expect(try await health(home)["servers_total"].int == nil)
            let file = folder + "/mcp.json"
            // Written as a whole, by a rename.
            try home.write(text(home, "a"), to: file)
            try await sees(1, of: 1, home)
            let before = try note(home, "a")["pid"].int
            try Data(text(home, "a", "b").utf8).write(to: URL(fileURLWithPath: file))
            try await sees(2, of: 2, home)
            try Data("{\n  ,".utf8).write(to: URL(fileURLWithPath: file))
            try await program.text("configuration in use stays: .*mcp.json:2:3", in: .errors)
            try await sees(2, of: 2, home)
            try home.write(text(home, "a"), to: home.desk + "/elsewhere.json")
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: home.desk + "/elsewhere.json")
            try await sees(1, of: 1, home)
            try Data(text(home, "a", "c").utf8).write(to: URL(fileURLWithPath: home.desk + "/elsewhere.json"))
            try await sees(2, of: 2, home)
            // All the while, what did not change was left alone.
            #expect(try note(home, "a")["pid"].int == before)
            program.signal(SIGINT)
            #expect(try await home.note(program.end()).exit == 0)
        }
    }

    @Test(
        "a file that cannot be used at the start is said, and used once it is mended; one in the working folder is none"
    )
    func startsBroken() async throws {
        try await TestHome.with { home in
            let folder = home.path + "/.config/omlx"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try home.write("{", to: folder + "/mcp.json")
            try home.write(text(home, "stranger"), to: home.work + "/mcp.json")
            let program = try await start(home, variables: ["OMLX_MCP_CONFIG": ""])
            try await program.text("CONFIG_INVALID_JSON", in: .errors)
            try Data(text(home, "a").utf8).write(to: URL(fileURLWithPath: folder + "/mcp.json"))
            try await sees(1, of: 1, home)
            #expect(!FileManager.default.fileExists(atPath: home.desk + "/stranger"))
            program.signal(SIGTERM)
            #expect(try await home.note(program.end()).exit == 0)
            let missing = try await home.omlx("serve", "--port", "0", "--mcp-config", home.desk + "/none.json")
            #expect(missing.exit == 2 && missing.err.contains("CONFIG_NOT_FOUND"), "\(missing)")
        }
    }
}
