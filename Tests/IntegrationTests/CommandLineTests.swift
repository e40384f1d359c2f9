// The command line itself: exit codes, what goes to which stream, pipes.

import Foundation
import Testing

@Suite("the command line")
struct CommandLineTests {
    @Test(
        "--version and --help go to stdout and end in 0",
        arguments: [["--version"], ["--help"], ["mcp", "--help"], ["mcp", "login", "--help"]])
    func help(_ words: [String]) async throws {
        try await TestHome.with { home in
            let run = try await home.note(home.start(words, input: "").end())
            #expect(run.exit == 0 && run.err.isEmpty && !run.out.isEmpty, "\(run)")
            if words == ["--version"] { #expect(run.out.contains(/^\d+\.\d+\.\d+\n$/), "\(run)") }
        }
    }

    @Test(
        "what cannot be understood ends in 2 and says so on stderr",
        arguments: [
            ["--nonsense"], ["nonsense"], ["mcp", "nonsense"], ["mcp", "tools", "--nonsense"],
            ["mcp", "tools", "--timeout"],
            ["mcp", "tools", "--timeout", "soon"], ["mcp", "tools", "--timeout", "-1"], ["mcp", "login"],
            ["mcp", "tools", "--url", "http://127.0.0.1:9/mcp", "--", "true"], ["mcp", "logout"], ["mcp", "call"],
            ["mcp", "tools", "--header", "A: b"],
        ])
    func usage(_ words: [String]) async throws {
        try await TestHome.with { home in
            let run = try await home.note(home.start(words, input: "").end())
            #expect(run.exit == 2 && run.out.isEmpty && !run.err.isEmpty, "\(run)")
        }
    }

    @Test(
        "a server that is not configured ends in 2 and names those that are",
        arguments: [["tools", "nobody"], ["status", "nobody"], ["login", "nobody"], ["logout", "nobody"]])
    func unknownServer(_ words: [String]) async throws {
        try await TestHome.with { home in
            try home.configure(["somebody": ["command": "true"]])
            let run = try await home.note(home.start(["mcp"] + words, input: "").end())
            #expect(run.exit == 2 && run.out.isEmpty, "\(run)")
            #expect(run.err.contains("CONFIG_SERVER_UNKNOWN") && run.err.contains("somebody"), "\(run)")
        }
    }

    @Test("in a pipe, rows are tab-separated and hold no escape codes")
    func pipes() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            try home.configure(["demo": ["url": demo.url]])
            let runs = try await [
                home.omlx("mcp", "tools"), home.omlx("mcp", "status"), home.omlx("mcp", "list"),
                home.omlx("mcp", "status", "--check"),
            ]
            for run in runs {
                #expect(run.exit == 0 && run.lines.allSatisfy { $0.contains("\t") }, "\(run)")
                #expect(!(run.output + run.errors).contains(0x1b), "\(run)")
                #expect(
                    Set(run.lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).count }).count == 1,
                    "\(run)")
            }
        }
    }

    @Test("on a terminal, rows are aligned in columns")
    func terminal() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            try home.configure(["demo-with-a-name": ["url": demo.url]])
            let run = try await home.note(
                home.startShell("script -qefc '\"$OMLX\" mcp status' /dev/null </dev/null").end())
            let lines = run.out.replacingOccurrences(of: "\r", with: "").split(separator: "\n")
            #expect(run.exit == 0 && lines.count == 2 && !run.out.contains("\t"), "\(run)")
            let columns = lines.map { line in
                line.range(of: line.hasPrefix("SERVER") ? "TRANSPORT" : "idle")?.lowerBound
            }
            let places = zip(lines, columns).map { line, column in
                column.map { line.distance(from: line.startIndex, to: $0) }
            }
            #expect(Set(places).count == 1 && places.first != .some(nil), "\(run)")
        }
    }

    @Test("a server cannot bring escape codes or line breaks to the terminal")
    func hostileTexts() async throws {
        try await TestHome.with { home in
            let tool: [String: Any] = [
                "name": "evil\u{1b}[2J\nname", "description": "line\u{1b}]0;title\u{7}\n\u{202e}second",
                "inputSchema": ["type": "object"],
            ]
            let demo = try await home.demo([
                "protection": ["mode": "none"], "mcp": ["tools": ["builtIn": ["echo"], "custom": [tool]]],
            ])
            try home.configure(["demo": ["url": demo.url]])
            let run = try await home.omlx("mcp", "tools")
            #expect(run.exit == 0 && run.lines.count <= 2, "\(run.lines.count) lines")
            #expect(!(run.output + run.errors).contains(0x1b) && !run.out.contains("\u{202e}"))
        }
    }

    @Test("a reader that leaves early is no error and makes nobody wait")
    func head() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"], "mcp": ["tools": ["generated": 5000]]])
            try home.configure(["demo": ["url": demo.url]])
            let run = try await home.note(
                home.startShell("{ \"$OMLX\" mcp tools --quiet; echo \"ended $?\" >&2; } | head -1").end())
            #expect(run.exit == 0 && run.lines.count == 1, "\(run)")
            #expect(run.err == "ended 0\n" || run.err == "ended 141\n", "\(run)")
        }
    }

    @Test("--quiet says only what was asked for; --verbose keeps the answers apart")
    func verbosity() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            let guarded = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let quiet = try await home.omlx("mcp", "tools", "--quiet")
            #expect(quiet.exit == 0 && quiet.err.isEmpty && quiet.lines.count == 5, "\(quiet)")
            try home.configure(["demo": ["url": demo.url], "guarded": ["url": guarded.url]])
            let verbose = try await home.omlx("mcp", "tools", "--verbose")
            for line in [
                "guarded: transport reached (401)", "guarded: sign-in needed", "demo: transport connected",
                "demo: tool discovery succeeded, 5 tools",
                "1 of 2 servers ready, 5 tools; 1 needs sign-in: omlx mcp login guarded",
            ] {
                #expect(verbose.err.split(separator: "\n").contains(Substring(line)), "\(verbose)")
            }
        }
    }

    @Test(
        "arguments that do not fit the tool are told before the call",
        arguments: [
            ["a=one", "b=2"], ["a"], ["=1"], ["--args", "[1]"], ["--args", "{"],
        ])
    func arguments(_ words: [String]) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            try home.configure(["demo": ["url": demo.url]])
            let call = try await home.note(home.start(["mcp", "call", "demo__add"] + words, input: "").end())
            #expect(call.exit == 2 && call.err.contains("PROTOCOL_ARGUMENTS") && call.out.isEmpty, "\(call)")
        }
    }

    @Test("tools that nobody has, or that two servers have, end in 1 with their codes")
    func toolNames() async throws {
        try await TestHome.with { home in
            let one = try await home.demo(["protection": ["mode": "none"]])
            let two = try await home.demo(["protection": ["mode": "none"]])
            try home.configure(["one": ["url": one.url], "two": ["url": two.url]])
            let both = try await home.omlx("mcp", "call", "echo", "text=x")
            #expect(both.exit == 1 && both.err.contains("PROTOCOL_TOOL_AMBIGUOUS"), "\(both)")
            let nobody = try await home.omlx("mcp", "call", "one__nothing")
            #expect(nobody.exit == 1 && nobody.err.contains("PROTOCOL_TOOL_UNKNOWN"), "\(nobody)")
            let bare = try await home.omlx("mcp", "call", "nothing")
            #expect(bare.exit == 1 && bare.err.contains("PROTOCOL_TOOL_UNKNOWN"), "\(bare)")
        }
    }

    @Test("status asks nobody")
    func statusWithoutNetwork() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let status = try await home.omlx("mcp", "status")
            #expect(status.exit == 0 && status.out.contains("demo\tidle\tunknown"), "\(status)")
            #expect(try await demo.requests.isEmpty)
        }
    }

    @Test("the completion scripts are printed", arguments: ["bash", "zsh", "fish"])
    func completions(_ shell: String) async throws {
        try await TestHome.with { home in
            let run = try await home.omlx("completions", shell)
            #expect(run.exit == 0 && run.out.contains("omlx") && run.err.isEmpty, "\(run.exit) \(run.err)")
        }
    }
}
