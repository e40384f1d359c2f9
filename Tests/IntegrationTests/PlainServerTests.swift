// Servers without a sign-in, of the MCP Python SDK 1.x and 2.x and of fastmcp, over every transport.

import Foundation
import Testing

/// A real server and how it is reached.
struct Arrangement: Sendable, CustomTestStringConvertible {
    let server: RealServer
    let transport: String
    var options: [String] = []

    var testDescription: String { ([server.rawValue, transport] + options).joined(separator: " ") }

    static let all: [Arrangement] = RealServer.allCases.flatMap { server in
        [
            Arrangement(server: server, transport: "stdio"),
            Arrangement(server: server, transport: "http"),
            Arrangement(server: server, transport: "http", options: ["--json"]),
            Arrangement(server: server, transport: "http", options: ["--stateless"]),
            Arrangement(server: server, transport: "http", options: ["--stateless", "--json"]),
            Arrangement(server: server, transport: "sse"),
        ]
    }

    static let onePerTransport = all.filter(\.options.isEmpty)

    /// Starts the server, unless omlx is to start it, and names it `plain` in `mcp.json`.
    func configure(_ home: TestHome, _ more: String...) async throws {
        switch transport {
        case "stdio": try home.configure(["plain": try server.entry(more)])
        case "sse":
            let sse = try await home.serve(server, transport: transport, options + more)
            try home.configure(["plain": ["url": sse.url, "transport": "sse"]])
        default:
            let http = try await home.serve(server, transport: transport, options + more)
            try home.configure(["plain": ["url": http.url]])
        }
    }
}

@Suite("servers without a sign-in")
struct PlainServerTests {
    private static let tools = ["echo", "add", "whoami", "fail", "slow", "environment"]

    @Test("tools, calls and status work", arguments: Arrangement.all)
    func works(_ arrangement: Arrangement) async throws {
        try await TestHome.with { home in
            try await arrangement.configure(home)

            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0, "\(tools)")
            #expect(tools.lines.map { $0.prefix { $0 != "\t" } } == Self.tools.map { "plain__\($0)" }, "\(tools)")
            #expect(tools.err == "1 of 1 server ready, 6 tools\n")

            let sum = try await home.omlx("mcp", "call", "plain__add", "a=2.5", "b=4")
            #expect(sum.exit == 0 && sum.out == "6.5\n", "\(sum)")
            let echo = try await home.omlx("mcp", "call", "echo", "text=007")
            #expect(echo.exit == 0 && echo.out == "007\n", "a bare name, and a text that looks like a number: \(echo)")
            let json = try await home.omlx("mcp", "call", "plain__echo", "--args", #"{"text": "å\nb"}"#)
            #expect(json.exit == 0 && json.out == "å\nb\n", "\(json)")

            let failure = try await home.omlx("mcp", "call", "plain__fail")
            #expect(failure.exit == 1 && failure.out.isEmpty, "\(failure)")
            #expect(failure.err.contains("this tool always fails"), "\(failure)")
            #expect(failure.err.contains("PROTOCOL_TOOL_FAILED"), "\(failure)")

            let status = try await home.omlx("mcp", "status", "--json")
            let server = status.json["servers"].named("plain")
            #expect(status.exit == 0, "\(status)")
            #expect(server["sign_in"]["state"].string == "not_needed", "\(status)")
            #expect(server["discovery"]["state"].string == "succeeded", "\(status)")
            #expect(server["tools_count"].int == 6, "\(status)")
            #expect(!home.wasBrowserOpened)
        }
    }

    @Test("a list of several pages is read to its end", arguments: Arrangement.onePerTransport)
    func pages(_ arrangement: Arrangement) async throws {
        try await TestHome.with { home in
            try await arrangement.configure(home, "--extra-tools", "25", "--page-size", "7")
            let tools = try await home.omlx("mcp", "tools", "--json")
            let names = tools.json["tools"].array.compactMap { $0["tool"].string }
            #expect(tools.exit == 0 && tools.json["count"].int == 31, "\(tools)")
            #expect(Set(names) == Set(Self.tools + (0..<25).map { String(format: "extra_%03d", $0) }), "\(tools)")
            let last = try await home.omlx("mcp", "call", "plain__extra_024")
            #expect(last.out == "extra_024\n", "\(last)")
        }
    }

    @Test("--json prints one document with its schema")
    func documents() async throws {
        try await TestHome.with { home in
            try home.configure(["plain": try RealServer.sdk1.entry()])
            let tools = try await home.omlx("mcp", "tools", "--json")
            #expect(tools.json["schema"].string == "omlx/tools/1", "\(tools)")
            let echo = tools.json["tools"].array.first { $0["tool"].string == "echo" }
            #expect(echo?["name"].string == "plain__echo" && echo?["server"].string == "plain", "\(tools)")
            #expect(echo?["parameters"]["properties"]["text"]["type"].string == "string", "\(tools)")

            let call = try await home.omlx("mcp", "call", "plain__echo", "text=x", "--json")
            #expect(call.json["schema"].string == "omlx/call/1" && call.json["is_error"].bool == false, "\(call)")
            #expect(call.json["content"][0]["text"].string == "x", "\(call)")

            let failure = try await home.omlx("mcp", "call", "plain__nothing", "--json")
            #expect(failure.json["schema"].string == "omlx/call/1" && failure.exit == 1, "\(failure)")
            #expect(failure.json["error"]["code"].string == "PROTOCOL_TOOL_UNKNOWN", "\(failure)")

            for word in ["status", "list", "validate"] {
                let run = try await home.omlx("mcp", word, "--json")
                #expect(run.exit == 0 && run.json["schema"].string == "omlx/\(word)/1", "\(run)")
            }
        }
    }

    @Test("--cached lists what was read last, without the server")
    func cached() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.sdk1, transport: "http", [])
            try home.configure(["plain": ["url": server.url]])
            let before = try await home.omlx("mcp", "tools", "--cached")
            #expect(before.exit == 0 && before.out.isEmpty, "\(before)")
            let live = try await home.omlx("mcp", "tools")
            await server.program.stop()
            let cached = try await home.omlx("mcp", "tools", "--cached")
            #expect(cached.exit == 0 && cached.out == live.out && !cached.out.isEmpty, "\(cached)")
            let after = try await home.omlx("mcp", "status", "--json")
            #expect(after.json["servers"].named("plain")["tools_count"].int == 6, "\(after)")
        }
    }

    @Test("a tool that takes longer than --timeout fails, and the command ends")
    func slowTool() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.sdk1, transport: "http", [])
            try home.configure(["plain": ["url": server.url]])
            let call = try await home.omlx("mcp", "call", "plain__slow", "seconds=300", "--timeout", "2")
            #expect(call.exit == 1 && call.err.contains("TRANSPORT_"), "\(call)")
        }
    }

    @Test("a stdio server gets the variables of its entry, and not omlx's own")
    func variables() async throws {
        try await TestHome.with { home in
            try home.configure(["plain": try RealServer.sdk1.entry(variables: ["DECLARED": "${GREETING:-none} there"])])
            let secret = ["GREETING": "hello", "SOME_TOKEN": "not for you"]
            let declared = try await home.omlx("mcp", "call", "plain__environment", "name=DECLARED", variables: secret)
            #expect(declared.out == "hello there\n", "\(declared)")
            let other = try await home.omlx("mcp", "call", "plain__environment", "name=SOME_TOKEN", variables: secret)
            #expect(other.exit == 0 && other.out == "\n", "\(other)")
        }
    }

    @Test("a server that has given up the handshake is spoken to in its own era", arguments: ["stdio", "http"])
    func modernOnly(_ transport: String) async throws {
        try await TestHome.with { home in
            if transport == "http" {
                let server = try await home.serve(.sdk2, transport: transport, ["--modern-only", "--page-size", "4"])
                try home.configure(["plain": ["url": server.url]])
            } else {
                try home.configure(["plain": try RealServer.sdk2.entry(["--modern-only", "--page-size", "4"])])
            }
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0 && tools.lines.count == 6, "\(tools)")
            let call = try await home.omlx("mcp", "call", "plain__echo", "text=hé")
            #expect(call.exit == 0 && call.out == "hé\n", "\(call)")
            let failed = try await home.omlx("mcp", "call", "plain__fail")
            #expect(failed.exit != 0 && "\(failed)".contains("this tool always fails"), "\(failed)")
            let doctor = try await home.omlx("mcp", "doctor", "plain")
            #expect(doctor.exit == 0 && doctor.out.contains("protocol revision: 2026-07-28"), "\(doctor)")
        }
    }

    // MARK: servers of the command line

    @Test("-- COMMAND reaches a stdio server that is not configured", arguments: RealServer.allCases)
    func adHocCommand(_ server: RealServer) async throws {
        try await TestHome.with { home in
            let command = try server.command()
            let tools = try await home.note(home.start(["mcp", "tools", "--"] + command, input: "").end())
            #expect(tools.exit == 0 && tools.lines.count == 6, "\(tools)")
            #expect(tools.out.contains("__echo\t"), "\(tools)")
            let words = ["mcp", "call", "add", "a=1", "b=2", "--json", "--"]
            let call = try await home.note(home.start(words + command, input: "").end())
            let text = call.json["content"][0]["text"].string
            #expect(call.exit == 0 && text.flatMap(Double.init) == 3, "\(call)")
        }
    }

    @Test("--url reaches a server that is not configured, over either HTTP transport", arguments: ["http", "sse"])
    func adHocURL(_ transport: String) async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.sdk2, transport: transport, ["--require-header", "X-Key=abc"])
            let words = [
                "--url", server.url, "--transport", transport == "sse" ? "sse" : "streamable-http", "--header",
                "X-Key: abc",
            ]
            let tools = try await home.note(home.start(["mcp", "tools"] + words, input: "").end())
            #expect(tools.exit == 0 && tools.lines.count == 6, "\(tools)")
            let call = try await home.note(home.start(["mcp", "call", "echo", "text=hi"] + words, input: "").end())
            #expect(call.exit == 0 && call.out == "hi\n", "\(call)")
        }
    }

    @Test("an SSE server is found although its transport is not named")
    func fallsBackToSSE() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.sdk1, transport: "sse", [])
            try home.configure(["plain": ["url": server.url]])
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0 && tools.lines.count == 6, "\(tools)")
        }
    }
}

@Suite("servers with a static header")
struct StaticHeaderTests {
    @Test("the right header works, over either HTTP transport", arguments: ["http", "sse"])
    func right(_ transport: String) async throws {
        try await TestHome.with { home in
            try await configure(home, transport, token: "static-token-9731")
            let tools = try await home.omlx("mcp", "tools", variables: ["TOKEN": "static-token-9731"])
            #expect(tools.exit == 0 && tools.lines.count == 6, "\(tools)")
            let status = try await home.omlx("mcp", "status", "--json", variables: ["TOKEN": "static-token-9731"])
            #expect(
                status.json["servers"].named("keyed")["sign_in"]["state"].string == "static_header_set", "\(status)")
            var secrets = Secrets()
            secrets.add("static-token-9731")
            try secrets.expectNone(in: home)
        }
    }

    @Test("a wrong header is refused with its own code, and nothing is opened", arguments: ["http", "sse"])
    func wrong(_ transport: String) async throws {
        try await TestHome.with { home in
            try await configure(home, transport, token: "static-token-9731")
            let variables = ["TOKEN": "wrong-token-8642"]
            let tools = try await home.omlx("mcp", "tools", variables: variables)
            #expect(tools.exit == 4 && tools.out.isEmpty, "\(tools)")
            #expect(tools.err.contains("static header refused"), "\(tools)")
            let call = try await home.omlx("mcp", "call", "keyed__echo", "text=x", "--json", variables: variables)
            #expect(call.exit == 4 && call.json["error"]["code"].string == "OAUTH_STATIC_HEADER_REFUSED", "\(call)")
            let status = try await home.omlx("mcp", "status", "--json", variables: variables)
            let server = status.json["servers"].named("keyed")
            #expect(server["sign_in"]["state"].string == "static_header_refused", "\(status)")
            #expect(server["transport_state"]["state"].string == "reached", "\(status)")
            #expect(!home.wasBrowserOpened)
            var secrets = Secrets()
            secrets.add("wrong-token-8642")
            try secrets.expectNone(in: home)
        }
    }

    private func configure(_ home: TestHome, _ transport: String, token: String) async throws {
        let requirement = ["--require-header", "Authorization=Bearer \(token)"]
        let server = try await home.serve(.sdk1, transport: transport, requirement)
        var entry: [String: Any] = ["url": server.url, "headers": ["Authorization": "Bearer ${TOKEN}"]]
        if transport == "sse" { entry["transport"] = "sse" }
        try home.configure(["keyed": entry])
    }
}
