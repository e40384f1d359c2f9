// Servers that are down, hang, or speak something else, beside one that works: each its own code, none in the way.

import Foundation
import Glibc
import Testing

/// A way to be broken, and the code that says so.
struct Breakage: Sendable, CustomTestStringConvertible {
    enum Kind: Sendable {
        case listener(RawListener.Behaviour)
        case closedPort
        case command([String])
    }

    let name: String
    let kind: Kind
    let code: String

    var testDescription: String { name }

    static let all = [
        Breakage("refused", .closedPort, "TRANSPORT_CONNECTION_REFUSED"),
        Breakage("closes", .listener(.closes), "TRANSPORT_CLOSED"),
        Breakage("hangs", .listener(.hangs), "TRANSPORT_TIMEOUT"),
        Breakage("page", .listener(RawListener.http("200 OK", "text/html", "<html>")), "PROTOCOL_CONTENT_TYPE"),
        Breakage("not-json", .listener(RawListener.http("200 OK", "application/json", "{oops")), "PROTOCOL_NOT_JSON"),
        Breakage(
            "no-message", .listener(RawListener.http("200 OK", "application/json", "[1, 2]")),
            "PROTOCOL_INVALID_MESSAGE"),
        Breakage("error-500", .listener(RawListener.http("500 Oh", "text/plain", "boom")), "TRANSPORT_SERVER_ERROR"),
        Breakage("not-found", .listener(RawListener.http("404 No", "text/plain", "gone")), "TRANSPORT_NOT_FOUND"),
        Breakage("forbidden", .listener(RawListener.http("403 No", "text/plain", "no")), "TRANSPORT_FORBIDDEN"),
        Breakage("limited", .listener(RawListener.http("429 Slow", "text/plain", "no")), "TRANSPORT_RATE_LIMITED"),
        Breakage("no-http", .listener(.sends("220 mail.example ESMTP\r\n\r\n")), "TRANSPORT_NOT_HTTP"),
        Breakage(
            "huge", .listener(.floods("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[\"")),
            "TRANSPORT_TOO_LARGE"),
        Breakage(
            "elsewhere",
            .listener(
                .sends(
                    "HTTP/1.1 307 T\r\nLocation: http://other.example/mcp\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
            ), "TRANSPORT_REDIRECT_ORIGIN"),
        Breakage("dies", .command(["/bin/sh", "-c", "echo reason >&2; exit 3"]), "TRANSPORT_PROCESS_EXITED"),
        Breakage("leaves", .command(["/bin/sh", "-c", "read line"]), "TRANSPORT_PROCESS_EXITED"),
        Breakage("missing", .command(["omlx-no-such-program"]), "TRANSPORT_COMMAND_NOT_FOUND"),
        Breakage("folder", .command(["/tmp"]), "TRANSPORT_COMMAND_FAILED"),
        Breakage("silent", .command(["/bin/sh", "-c", "exec sleep 600"]), "TRANSPORT_TIMEOUT"),
        Breakage(
            "chatter", .command(["/bin/sh", "-c", "while echo not a message; do sleep 0.05; done"]), "PROTOCOL_NOT_JSON"
        ),
    ]

    private init(_ name: String, _ kind: Kind, _ code: String) {
        (self.name, self.kind, self.code) = (name, kind, code)
    }

    func entry(_ home: TestHome) throws -> [String: Any] {
        switch kind {
        case .listener(let behaviour): ["url": try home.listen(behaviour).url]
        case .closedPort: ["url": "http://127.0.0.1:\(try RawListener.closedPort())/mcp"]
        case .command(let words): ["command": words[0], "args": Array(words.dropFirst())]
        }
    }
}

@Suite("broken servers")
struct BrokenServerTests {
    @Test("each has its own code and a next step, and keeps nobody waiting", arguments: Breakage.all)
    func code(_ breakage: Breakage) async throws {
        try await TestHome.with { home in
            try home.configure(["broken": try breakage.entry(home)])
            let limit = breakage.code == "TRANSPORT_TIMEOUT" || breakage.name == "chatter" ? "3" : "60"
            let run = try await home.omlx("mcp", "tools", "--json", "--timeout", limit)
            let problem = run.json["servers"].named("broken")["discovery"]["problem"]
            #expect(run.exit == 1 && run.json["schema"].string == "omlx/tools/1", "\(run)")
            #expect(problem["code"].string == breakage.code, "\(run)")
            #expect(problem["next_step"].string?.isEmpty == false, "\(run)")

            let call = try await home.omlx("mcp", "call", "broken__tool", "--timeout", limit)
            #expect(call.exit == 1 && call.err.contains("error: \(breakage.code): "), "\(call)")
            #expect(call.err.contains("\n  next: "), "\(call)")
            #expect(!call.err.contains("Fatal") && !call.err.contains(".swift"), "no trace: \(call)")
        }
    }

    @Test("a working server's tools come while the broken ones are still being tried; exit 5")
    func together() async throws {
        try await TestHome.with { home in
            let healthy = try await home.serve(.sdk1, transport: "http", [])
            var servers: [String: Any] = ["healthy": ["url": healthy.url]]
            for breakage in Breakage.all { servers[breakage.name] = try breakage.entry(home) }
            try home.configure(servers)
            let program = try home.start(["mcp", "tools", "--timeout", "12"], input: "")
            try await program.text("healthy__environment")
            #expect(!program.hasEnded, "the tools are printed as they arrive")
            let run = try await home.note(program.end())
            #expect(run.exit == 5 && run.lines.count == 6, "\(run)")
            for breakage in Breakage.all where breakage.name != "huge" {
                #expect(run.err.contains("\(breakage.name): \(breakage.code): "), "\(run)")
            }
            #expect(
                run.err.contains("1 of \(servers.count) servers ready, 6 tools; \(servers.count - 1) failed"), "\(run)")

            let status = try await home.omlx("mcp", "status", "--json")
            #expect(status.exit == 0, "the database's answer is no failure: \(status)")
            #expect(status.json["servers"].named("healthy")["discovery"]["state"].string == "succeeded", "\(status)")
            #expect(status.json["servers"].named("refused")["transport_state"]["state"].string == "failed", "\(status)")
            let call = try await home.omlx("mcp", "call", "healthy__echo", "text=x")
            #expect(call.exit == 0 && call.err.isEmpty, "a call starts only its own server: \(call)")
        }
    }

    @Test("a server that wants a sign-in among working ones ends in 4; with a broken one too, in 5")
    func mixed() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            let open = try await home.demo(["protection": ["mode": "none"]])
            try home.configure(["guarded": ["url": demo.url], "open": ["url": open.url]])
            let four = try await home.omlx("mcp", "tools")
            #expect(four.exit == 4 && !four.out.isEmpty, "\(four)")
            #expect(
                four.err.hasSuffix("1 of 2 servers ready, 5 tools; 1 needs sign-in: omlx mcp login guarded\n"),
                "\(four)")
            try home.configure([
                "guarded": ["url": demo.url], "open": ["url": open.url], "missing": ["command": "omlx-no-such-program"],
            ])
            let five = try await home.omlx("mcp", "tools")
            #expect(five.exit == 5, "\(five)")
            let check = try await home.omlx("mcp", "status", "--check")
            #expect(check.exit == 5, "\(check)")
        }
    }

    @Test("a hanging server is left at once when the person has enough")
    func interrupted() async throws {
        try await TestHome.with { home in
            let hanging = try home.listen(.hangs)
            try home.configure([
                "http": ["url": hanging.url], "stdio": ["command": "/bin/sh", "args": ["-c", "sleep 600 & wait"]],
            ])
            let program = try home.start(["mcp", "tools", "--verbose"], input: "")
            let demo = try await home.demo(["protection": ["mode": "none"]])
            #expect(!demo.url.isEmpty && !program.hasEnded)
            program.signal(SIGINT)
            let run = try await home.note(program.end())
            #expect(run.exit == 130, "\(run)")
        }
    }
}

@Suite("stdio servers leave nothing behind")
struct OrphanTests {
    /// Shell lines in front of the server's own command.
    enum Wrapper: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case grandchild = "sleep 600 & exec \"$@\""
        case parent = "\"$@\""
        case stubborn = "trap '' TERM HUP INT; \"$@\"; while :; do sleep 1; done"
        case holdsOutput = "(sleep 600; echo late) & exec \"$@\""

        var testDescription: String { rawValue }
    }

    // TestHome.with fails when a process is left.
    @Test("no process is left, whatever the server started", arguments: Wrapper.allCases)
    func nothingLeft(_ wrapper: Wrapper) async throws {
        try await TestHome.with { home in
            try home.configure(["plain": try entry(wrapper)])
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0 && tools.lines.count == 6, "\(tools)")
            let call = try await home.omlx("mcp", "call", "plain__fail")
            #expect(call.exit == 1, "\(call)")
        }
    }

    @Test("no process is left after Ctrl-C during a call")
    func nothingLeftAfterInterrupt() async throws {
        try await TestHome.with { home in
            try home.configure(["plain": try entry(.grandchild)])
            let program = try home.start(["mcp", "call", "plain__slow", "seconds=600", "--verbose"], input: "")
            try await program.text("tool discovery succeeded", in: .errors)
            program.signal(SIGINT)
            let run = try await home.note(program.end())
            #expect(run.exit == 130, "\(run)")
        }
    }

    private func entry(_ wrapper: Wrapper) throws -> [String: Any] {
        ["command": "/bin/sh", "args": ["-c", wrapper.rawValue, "sh"] + (try RealServer.sdk1.command())]
    }
}
