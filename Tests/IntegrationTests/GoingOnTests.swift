// Commands that go on or take long: readers that leave, interruptions, what is said meanwhile, and what a server says.

import Foundation
import Glibc
import Testing

@Suite("commands that go on")
struct GoingOnTests {
    /// A server without tools, for a shell: what it says, then its answers.
    private static func server(_ first: String) -> [String: Any] {
        let answers = """
            read line
            echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}'
            read line
            echo '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},\
            "serverInfo":{"name":"x","version":"1"}}}'
            read line
            printf '%s\\n' '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info",\
            "data":"first\\n\\u001b[32msecond\\u001b[0m"}}'
            read line
            echo '{"jsonrpc":"2.0","id":3,"result":{"tools":[]}}'
            cat >/dev/null
            """
        return ["command": "/bin/sh", "args": ["-c", first + "\n" + answers]]
    }

    @Test(
        "a reader that leaves ends what would go on showing, also when there is nothing more to show",
        arguments: [
            "log --follow | true", "log --follow --json | head -1", "status --watch | head -1",
            "status --watch --json | true", "status --watch --check | head -1", "status plain --watch --quiet | true",
        ])
    func reader(_ words: String) async throws {
        try await TestHome.with { home in
            try home.configure(["plain": Self.server(":")])
            let (command, reader) = (words.split(separator: "|")[0], words.split(separator: "|")[1])
            let run = try await home.note(
                home.startShell("{ \"$OMLX\" mcp \(command); echo \"ended $?\" >&2; } | \(reader)").end())
            #expect(run.err.hasSuffix("ended 0\n") && !run.err.contains("error"), "\(run)")
        }
    }

    @Test("streams that are closed lead into no file that is opened: nothing printed gets into the database")
    func closedStreams() async throws {
        try await TestHome.with { home in
            try home.configure(["plain": Self.server(":")])
            let words = ["tools", "tools --verbose", "status", "log --follow", "status --watch", "tools --json"]
            let lines = words.map { "\"$OMLX\" mcp \($0) <&- >&- 2>&-; echo \"ended $?\"" }
            let run = try await home.note(home.startShell(lines.joined(separator: "\n")).end())
            #expect(run.lines == words.map { _ in "ended 0" }, "\(run)")
            let status = try await home.omlx("mcp", "status", "plain")
            #expect(status.exit == 0 && status.err.isEmpty && status.out.contains("0, "), "\(status)")
        }
    }

    @Test("what goes on showing goes on as long as it is read, and a signal ends it as ever")
    func signalled() async throws {
        try await TestHome.with { home in
            try home.configure(["plain": Self.server(":")])
            let program = try home.start(["mcp", "status", "--watch"], input: "")
            _ = try await program.text("(plain\tidle)")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            _ = try await program.text("(0, just now)")
            program.signal(SIGINT)
            let run = try await home.note(program.end())
            #expect(run.exit == 130 && run.err.contains("interrupted"), "\(run)")
        }
    }

    @Test("an interruption says nothing of what the last run found, be it a failure or a sign-in that was missing")
    func interrupted() async throws {
        try await TestHome.with { home in
            let listener = try home.listen(.hangs)
            let mark = home.desk + "/hang"
            let script = """
                [ -e '\(mark)' ] || { echo 'the old failure' >&2; exit 3; }
                touch '\(mark).started'
                exec sleep 600
                """
            let demo = try await home.demo()
            try home.configure([
                "child": ["command": "/bin/sh", "args": ["-c", script]], "guarded": ["url": demo.url],
            ])
            let first = try await home.omlx("mcp", "tools")
            #expect(first.err.contains("the old failure") && first.err.contains("guarded: sign-in needed"), "\(first)")
            try home.write("", to: mark)
            try await demo.script(["mcp": ["overrides": ["initialize": ["outcome": "hang"]]]])
            for words in [["mcp", "tools"], ["mcp", "tools", "--verbose"], ["mcp", "status", "--check"]] {
                try? FileManager.default.removeItem(atPath: mark + ".started")
                let program = try home.start(words, input: "")
                try await home.sees("start of the server") { FileManager.default.fileExists(atPath: mark + ".started") }
                program.signal(SIGINT)
                let run = try await home.note(program.end())
                #expect(run.exit == 130 && run.err.contains("interrupted"), "\(run)")
                #expect(!run.err.contains("the old failure") && !run.err.contains("PROCESS_EXITED"), "\(run)")
                #expect(!run.err.contains("servers ready"), "\(run)")
            }
            withExtendedLifetime(listener) {}
        }
    }

    @Test(
        "--verbose shows what a server writes to its error stream and logs, line by line, without colours and progress")
    func verbose() async throws {
        try await TestHome.with { home in
            let first = """
                printf '\\033[31mred\\033[0m word\\033]0;title\\007\\r\\n' >&2
                for n in 1 2 3; do printf '\\r%s0%%' $n >&2; done
                echo >&2
                """
            try home.configure([
                "talks": Self.server(first),
                "dies": ["command": "/bin/sh", "args": ["-c", "echo one >&2; echo two >&2; exit 3"]],
            ])
            let run = try await home.omlx("mcp", "tools", "--verbose")
            let lines = run.err.split(separator: "\n").map(String.init)
            for line in [
                "talks: stderr: red word", "talks: stderr: 30%", "talks: log: [info] first",
                "talks: log: [info] second",
                "dies: stderr: one", "dies: stderr: two",
            ] {
                #expect(lines.contains(line), "\(line): \(run)")
            }
            #expect(!run.err.contains("\u{1b}") && !run.err.contains("\r") && !run.err.contains("10%"), "\(run)")
            let quiet = try await home.omlx("mcp", "tools")
            #expect(!quiet.err.contains("red word") && !quiet.err.contains("second"), "\(quiet)")
            let doctor = try await home.omlx("mcp", "doctor", "dies", "--verbose")
            #expect(doctor.err.contains("dies: stderr: one\n"), "\(doctor)")
        }
    }

    @Test(
        "on a terminal it is said which servers are waited for; a terminal is not told what was not asked for with --quiet"
    )
    func waiting() async throws {
        try await TestHome.with { home in
            let mute: [String: Any] = ["command": "sleep", "args": ["600"]]
            try home.configure(["aa": mute, "bb": mute, "cc": mute, "ok": Self.server(":")])
            let program = try home.startOnTerminal("exec \"$OMLX\" mcp tools")
            _ = try await program.text("(waiting for aa, bb, cc …)")
            program.write("\u{3}")
            let run = try await home.note(program.end())
            #expect(run.exit == 130, "\(run)")
            let doctor = try home.startOnTerminal("exec \"$OMLX\" mcp doctor aa")
            _ = try await doctor.text("(waiting for aa …)")
            doctor.write("\u{3}")
            home.note(try await doctor.end())
        }
    }

    @Test("the log of a server that is not configured any more is shown, whatever has become of the configuration")
    func log() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            #expect(try await home.login("demo").exit == 0)
            try home.configure(["other": ["url": demo.url]])
            let log = try await home.omlx("mcp", "log", "demo")
            #expect(log.exit == 0 && log.out.contains("demo\tsign-in\tgranted"), "\(log)")
            let other = try await home.omlx("mcp", "log", "other")
            #expect(other.exit == 0 && other.err.contains("Nothing has happened yet"), "\(other)")
            let nobody = try await home.omlx("mcp", "log", "nobody")
            #expect(nobody.exit == 2 && nobody.err.contains("CONFIG_SERVER_UNKNOWN"), "\(nobody)")
            try home.write("{ broken", to: home.work + "/mcp.json")
            let broken = try await home.omlx("mcp", "log", "demo", "--json")
            #expect(broken.exit == 0 && broken.json["events"].array.isEmpty == false, "\(broken)")
            let unknown = try await home.omlx("mcp", "log", "nobody")
            #expect(unknown.exit == 2 && unknown.err.contains("CONFIG_"), "\(unknown)")
        }
    }
}
