// The MCP endpoint of omlx serve, and the bridge: clients of the MCP Python SDK 1.x and 2.x and of fastmcp, servers of all of them
// behind.

import Foundation
import Glibc
import Testing

@Suite("the endpoint and the bridge, by clients of published SDKs", .timeLimit(.minutes(10)))
struct EndpointTests {
    /// A client program, and the era it is told to speak.
    struct Client: Sendable, CustomTestStringConvertible {
        let sdk: RealServer
        var mode = "auto"
        /// What it settles with a peer that speaks both eras.
        let version: String

        var testDescription: String { "\(sdk.rawValue) \(mode)" }

        static let all = [
            Client(sdk: .sdk1, version: "2025-11-25"), Client(sdk: .sdk2, version: "2026-07-28"),
            Client(sdk: .sdk2, mode: "legacy", version: "2025-11-25"), Client(sdk: .fastmcp, version: ""),
        ]
    }

    private static let tools = ["add", "echo", "environment", "fail", "slow", "whoami"]
    private static let key = "omlx_a_key_for_this_test_alone"

    private func run(_ client: Client, _ home: TestHome, _ words: [String]) async throws -> Document {
        let program = "\(Repository.servers)/endpoint_client.py"
        let command = [try Repository.python(client.sdk.environment), "-B", program, client.sdk.rawValue] + words
        let line = (["exec", "env", "MODE=\(client.mode)"] + command).map { "'\($0)'" }.joined(separator: " ")
        let run = try await home.startShell(line.replacingOccurrences(of: "'exec'", with: "exec")).end()
        #expect(run.exit == 0, "\(run)")
        return run.json
    }

    private func check(_ seen: Document, _ client: Client, tools: [String]) {
        #expect(seen["version"].string == client.version, "\(seen)")
        #expect(seen["tools"].array.compactMap(\.string) == tools, "\(seen)")
        #expect(seen["echo"][0].string == "hé" && seen["echo"][1].bool == false, "\(seen)")
        #expect(seen["add"][0].string.flatMap(Double.init) == 5, "\(seen)")
        #expect(seen["fail"][1].bool == true && seen["fail"][0].string?.contains("always fails") == true, "\(seen)")
        #expect(seen["unknown"][0].string?.contains("there is no tool") == true, "\(seen)")
        #expect(seen["many"].bool == true, "\(seen)")
    }

    /// Servers of every SDK and transport, one of them of the later era alone.
    private func configure(_ home: TestHome) async throws {
        let http = try await home.serve(.sdk2, transport: "http", ["--modern-only"])
        let sse = try await home.serve(.fastmcp, transport: "sse", [])
        try home.configure([
            "stdio": try RealServer.sdk1.entry(), "modern": ["url": http.url],
            "sse": ["url": sse.url, "transport": "sse"],
        ])
    }

    private func serve(_ home: TestHome) async throws -> (program: ChildProgram, address: String) {
        let program = try home.start(
            ["serve", "--port", "0"], variables: ["OMLX_API_KEY": Self.key])
        return (program, try await program.text(#"serves on (http://\S+)"#))
    }

    @Test("every client calls every server at the endpoint of all", arguments: Client.all)
    func endpoint(_ client: Client) async throws {
        try await TestHome.with { home in
            try await configure(home)
            let (program, address) = try await serve(home)
            let listed = try await home.omlx("mcp", "tools")
            #expect(listed.lines.count == 18, "\(listed)")
            let names = ["modern", "sse", "stdio"].flatMap { server in Self.tools.map { "\(server)__\($0)" } }
            check(try await run(client, home, ["http", "\(address)/mcp", Self.key]), client, tools: names)
            for server in ["stdio", "modern"] {
                check(
                    try await run(client, home, ["http", "\(address)/mcp/s/\(server)", Self.key]), client,
                    tools: Self.tools)
            }
            program.signal(SIGTERM)
            #expect(try await home.note(program.end()).exit == 0)
        }
    }

    @Test("every client speaks through the bridge, with omlx serve and without", arguments: Client.all, [true, false])
    func bridge(_ client: Client, _ isServed: Bool) async throws {
        try await TestHome.with { home in
            try home.configure(["plain": try RealServer.sdk2.entry()])
            let program = isServed ? try await serve(home).program : nil
            let command = [try Repository.omlx(), "mcp", "bridge", "plain"]
            check(try await run(client, home, ["stdio"] + command), client, tools: Self.tools)
            program?.signal(SIGTERM)
            if let program { #expect(try await home.note(program.end()).exit == 0) }
        }
    }

    @Test("the command line of mcp-remote reaches a server, and nothing but messages is on standard output")
    func remote() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.sdk1, transport: "http", ["--require-header", "X-Key=abc"])
            let words = [
                "mcp-remote", server.url, "--header", "X-Key:${KEY}", "--ignore-tool", "s*", "--debug", "--odd",
            ]
            let client = Client(sdk: .sdk1, version: "2025-11-25")
            let seen = try await run(
                client, home, ["stdio", "/usr/bin/env", "KEY=abc", try Repository.omlx()] + words)
            check(seen, client, tools: Self.tools.filter { $0 != "slow" })
            let empty = try await home.omlx("mcp-remote")
            #expect(empty.exit == 1 && empty.out.isEmpty && empty.err.contains("Usage"), "\(empty)")
            let plain = try await home.omlx("mcp-remote", "http://example.com/mcp")
            #expect(plain.exit != 0 && plain.out.isEmpty && plain.err.contains("--allow-http"), "\(plain)")
        }
    }

    @Test("a line that is no message fails alone, and the end of input ends the bridge and its servers")
    func raw() async throws {
        try await TestHome.with { home in
            try home.configure(["plain": try RealServer.sdk1.entry()])
            let lines = [
                "nonsense", #"{"jsonrpc":"2.0","id":1,"method":"nothing"}"#,
                #"{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#,
            ]
            let run = try await home.note(
                home.start(["mcp", "bridge"], input: lines.map { $0 + "\n" }.joined()).end())
            #expect(run.exit == 0, "\(run)")
            let answers = run.lines.map { Document(parsing: Array($0.utf8)) }
            #expect(answers.count == 3, "\(run)")
            #expect(Set(answers.compactMap { $0["error"]["code"].int }) == [-32700, -32601], "\(run)")
            #expect(answers.contains { $0["result"]["protocolVersion"].string == "2025-11-25" }, "\(run)")
        }
    }
}
