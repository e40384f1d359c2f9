// Options of omlx mcpo that no request shows: variables for the programs of a file, and a file that is followed.

import Foundation
import Glibc
import Testing

@Suite("omlx mcpo's options", .timeLimit(.minutes(10)))
struct MCPOOptionTests {
    /// A server whose tool tells a variable.
    private static let server = """
        import json, os, sys
        for line in sys.stdin:
            message = json.loads(line)
            result = {"tools": [{"name": "tell", "inputSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}]}
            if message["method"] == "initialize":
                result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                          "serverInfo": {"name": "x", "version": "1"}}
            if message["method"] == "tools/call":
                text = os.environ.get(message["params"]["arguments"]["name"], "none")
                result = {"content": [{"type": "text", "text": text}]}
            if "id" in message:
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
        """

    private func write(_ home: TestHome, _ names: String...) throws -> String {
        let entry: [String: Any] = [
            "command": "/usr/bin/env", "args": ["python3", "-c", Self.server], "env": ["OWN": "entry"],
        ]
        let file = home.desk + "/config.json"
        try home.write(
            Document.text(["mcpServers": Dictionary(uniqueKeysWithValues: names.map { ($0, entry) })]), to: file)
        return file
    }

    private func tell(_ home: TestHome, _ url: String, _ server: String, _ name: String) async throws -> String {
        let run = try await home.run(
            "/usr/bin/curl",
            [
                "-sS", "--noproxy", "*", "-H", "Content-Type: application/json", "-d", "{\"name\":\"\(name)\"}", "--",
                "\(url)/\(server)/tell",
            ])
        return run.out
    }

    private func start(_ home: TestHome, _ words: [String], _ variables: [String: String] = [:]) async throws
        -> (ChildProgram, String)
    {
        let program = try home.start(["mcpo", "--host", "127.0.0.1", "--port", "0"] + words, variables: variables)
        return (program, try await program.text(#"OpenAPI on (http://127\.0\.0\.1:\d+)"#, in: .errors))
    }

    private func end(_ home: TestHome, _ program: ChildProgram) async throws {
        program.signal(SIGTERM)
        #expect(try await home.note(program.end()).exit == 0)
    }

    @Test(
        "--env and --env-path are for the programs of a file too: below their entries' own, and a file below the environment"
    )
    func variables() async throws {
        try await TestHome.with { home in
            let config = try write(home, "a")
            try home.write("FILED=filed\nSHELL_HAS=filed\n", to: home.desk + "/variables.env")
            chmod(home.desk + "/variables.env", 0o600)
            let shell = ["SHELL_HAS": "shell"]
            let (program, url) = try await start(
                home, ["--config", config, "-e", "NAMED=named", "-e", "OWN=line", "-e", "SHELL_HAS=line"], shell)
            #expect(try await tell(home, url, "a", "NAMED") == "\"named\"")
            #expect(try await tell(home, url, "a", "OWN") == "\"entry\"")
            #expect(try await tell(home, url, "a", "SHELL_HAS") == "\"line\"")
            try await end(home, program)
            let (filed, place) = try await start(
                home,
                [
                    "--config", config, "--env-path", home.desk + "/variables.env", "-e", "NAMED=named", "-e",
                    "SHELL_HAS=line",
                ],
                shell)
            #expect(try await tell(home, place, "a", "FILED") == "\"filed\"")
            #expect(try await tell(home, place, "a", "NAMED") == "\"named\"")
            #expect(try await tell(home, place, "a", "SHELL_HAS") == "\"shell\"")
            try await end(home, filed)
        }
    }

    @Test(
        "--hot-reload follows the file: what is added answers, what is taken out is gone, a broken file changes nothing"
    )
    func follows() async throws {
        try await TestHome.with { home in
            let config = try write(home, "a")
            let (program, url) = try await start(home, ["--config", config, "--hot-reload", "-e", "NAMED=named"])
            #expect(try await tell(home, url, "a", "NAMED") == "\"named\"")
            _ = try write(home, "a", "b")
            try await sees("\"named\"") { try await tell(home, url, "b", "NAMED") }
            try home.write("{ ,", to: config)
            try await program.text("configuration in use stays", in: .errors)
            #expect(try await tell(home, url, "a", "NAMED") == "\"named\"")
            _ = try write(home, "b")
            try await sees("{\"detail\":\"Not Found\"}") { try await tell(home, url, "a", "NAMED") }
            #expect(try await tell(home, url, "b", "NAMED") == "\"named\"")
            try await end(home, program)
        }
    }

    /// Waits for an answer.
    private func sees(_ answer: String, _ ask: () async throws -> String) async throws {
        let end = Date(timeIntervalSinceNow: 180)
        var last = ""
        while last != answer {
            guard Date() < end else { throw Overdue(description: "\(answer) never came, but \(last)") }
            last = try await ask()
        }
    }
}
