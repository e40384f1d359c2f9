// A configuration in a folder one has just come to: looked at freely, used once it is approved.

import Foundation
import Glibc
import Testing

@Suite("approving a configuration")
struct TrustTests {
    /// No configuration is named: the one in the working folder is found.
    private let found = ["OMLX_MCP_CONFIG": ""]

    /// A configuration whose command leaves a mark when it runs, and the user's own behind it.
    private func prepare(_ home: TestHome, _ more: [String: Any] = [:]) throws {
        var servers: [String: Any] = ["bad": ["command": "/bin/sh", "args": ["-c", "touch '\(home.desk)/ran'"]]]
        servers.merge(more) { _, new in new }
        try home.configure(servers)
        let folder = home.path + "/.config/omlx"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try home.write(#"{"servers": {"mine": {"command": "/bin/true"}}}"#, to: folder + "/mcp.json")
    }

    private func hasRun(_ home: TestHome) -> Bool { FileManager.default.fileExists(atPath: home.desk + "/ran") }

    @Test("list, validate, status and log look freely, and say that it is not approved")
    func looking() async throws {
        try await TestHome.with { home in
            try prepare(home)
            for words in [["list"], ["status"], ["validate"], ["log", "bad"]] {
                let run = home.note(try await home.start(["mcp"] + words, variables: found, input: "").end())
                #expect(run.exit == 0, "\(run)")
                #expect((run.err + run.out).contains("is not approved"), "\(run)")
                let quiet = home.note(
                    try await home.start(["mcp"] + words + ["--quiet"], variables: found, input: "").end())
                #expect(quiet.exit == 0 && quiet.err.isEmpty, "\(quiet)")
            }
            let validate = try await home.omlx("mcp", "validate", "--json", variables: found)
            #expect(validate.json["diagnostics"][0]["code"].string == "CONFIG_UNTRUSTED", "\(validate)")
            #expect(validate.json["valid"].bool == true, "\(validate)")
            #expect(!hasRun(home))
        }
    }

    @Test(
        "everything that uses it ends in CONFIG_UNTRUSTED and takes no other file",
        arguments: [
            ["status", "--check"], ["status", "--check", "--watch"], ["doctor", "bad"], ["tools"],
            ["tools", "--cached"],
            ["call", "bad__x"], ["call", "x"], ["login", "bad"], ["logout", "bad"], ["logout", "--all"],
            ["token", "bad", "--header"], ["store"], ["store", "show"], ["store", "check"],
            ["store", "check", "--accept"],
            ["store", "list"], ["store", "prune", "--yes"], ["store", "migrate", "--to", "file"],
        ])
    func using(_ words: [String]) async throws {
        try await TestHome.with { home in
            try prepare(home)
            let run = home.note(try await home.start(["mcp"] + words, variables: found, input: "").end())
            #expect(run.exit == 2 && run.out.isEmpty, "\(run)")
            #expect(run.err.contains("error: CONFIG_UNTRUSTED: \(home.work)/mcp.json"), "\(run)")
            #expect(run.err.contains("next: omlx mcp trust\n"), "\(run)")
            let json = home.note(try await home.start(["mcp"] + words + ["--json"], variables: found, input: "").end())
            #expect(json.exit == 2 && json.json["error"]["code"].string == "CONFIG_UNTRUSTED", "\(json)")
            #expect(!hasRun(home))
        }
    }

    @Test("trust approves, --list shows, a change asks again, --revoke takes back; all of it in JSON too")
    func trust() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            try home.configure(["demo": ["url": demo.url]])
            let approved = try await home.omlx("mcp", "trust", "--json", variables: found)
            #expect(approved.exit == 0 && approved.err.contains("address: \(demo.url)"), "\(approved)")
            try await home.expectValid(approved, "trust")
            #expect(approved.json["approved"]["path"].string == home.work + "/mcp.json", "\(approved)")
            #expect(try await home.omlx("mcp", "tools", variables: found).exit == 0)
            let list = try await home.omlx("mcp", "trust", "--list")
            #expect(
                list.exit == 0 && list.out.contains("\(home.work)/mcp.json") && list.out.contains("approved\n"),
                "\(list)")

            try home.configure(["demo": ["url": demo.url], "more": ["url": demo.url]])
            let changed = try await home.omlx("mcp", "tools", variables: found)
            #expect(changed.exit == 2 && changed.err.contains("has changed since"), "\(changed)")
            let states = try await home.omlx("mcp", "trust", "--list", "--json")
            try await home.expectValid(states, "trust")
            #expect(states.json["approvals"][0]["state"].string == "changed", "\(states)")
            let again = try await home.omlx("mcp", "trust", "mcp.json", variables: found)
            #expect(again.exit == 0 && again.err.contains("+ more address: \(demo.url)"), "\(again)")
            #expect(try await home.omlx("mcp", "tools", variables: found).exit == 0)

            let revoked = try await home.omlx("mcp", "trust", "--revoke", "--json", variables: found)
            try await home.expectValid(revoked, "trust")
            #expect(revoked.exit == 0 && revoked.json["revoked"][0].string == home.work + "/mcp.json", "\(revoked)")
            let unknown = try await home.omlx("mcp", "trust", "--revoke", variables: found)
            #expect(unknown.exit == 2 && unknown.err.contains("omlx mcp trust --list"), "\(unknown)")
            #expect(try await home.omlx("mcp", "tools", variables: found).exit == 2)
            let none = try await home.omlx("mcp", "trust", "--list", "--json")
            try await home.expectValid(none, "trust")
            #expect(none.json["approvals"].array.isEmpty, "\(none)")
        }
    }

    @Test("naming the file is consent: --mcp-config and OMLX_MCP_CONFIG")
    func named() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            try home.configure(["demo": ["url": demo.url]])
            let option = try await home.omlx("mcp", "tools", "--mcp-config", "mcp.json", variables: found)
            #expect(option.exit == 0, "\(option)")
            let variable = try await home.omlx("mcp", "tools", variables: ["OMLX_MCP_CONFIG": "mcp.json"])
            #expect(variable.exit == 0, "\(variable)")
        }
    }

    @Test("on a terminal it is asked, with everything shown; no ends in 2, yes goes on and is remembered")
    func terminal() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            try home.write("A=1\n", to: home.work + "/.env")
            try home.configure([
                "demo": ["url": demo.url, "headers": ["X-Key": "${SOME_KEY:-none}"]],
                "off": ["command": "run-me", "args": ["--flag", "two words"], "cwd": "sub", "disabled": true],
            ])
            let command = "OMLX_MCP_CONFIG= exec \"$OMLX\" mcp tools --quiet"
            let refused = try home.startOnTerminal(command)
            _ = try await refused.text("(\\[y/N\\])")
            refused.write("no\n")
            let no = home.note(try await refused.end())
            #expect(no.exit == 2 && no.out.contains("CONFIG_UNTRUSTED"), "\(no)")
            for words in [
                "address: \(demo.url)", "header X-Key: ${SOME_KEY:-<redacted>}", "run-me --flag \"two words\"",
                "working folder: sub", "SOME_KEY to demo: header X-Key", "off (switched off)",
            ] {
                #expect(no.out.contains(words), "\(words): \(no)")
            }
            #expect(try await demo.requests.isEmpty)

            let interrupted = try home.startOnTerminal(command)
            _ = try await interrupted.text("(\\[y/N\\])")
            interrupted.write("\u{3}")
            let broken = home.note(try await interrupted.end())
            #expect(broken.exit == 130, "\(broken)")

            let agreed = try home.startOnTerminal(command)
            _ = try await agreed.text("(\\[y/N\\])")
            agreed.write("y\n")
            let yes = home.note(try await agreed.end())
            #expect(yes.exit == 0 && yes.out.contains("demo__echo"), "\(yes)")
            #expect(try await home.omlx("mcp", "tools", variables: found).exit == 0, "it is remembered")
        }
    }

    @Test("trust on a terminal asks too; --yes does not")
    func trustOnTerminal() async throws {
        try await TestHome.with { home in
            try prepare(home)
            let asked = try home.startOnTerminal("OMLX_MCP_CONFIG= exec \"$OMLX\" mcp trust")
            _ = try await asked.text("(\\[y/N\\])")
            asked.write("\n")
            let no = home.note(try await asked.end())
            #expect(no.exit == 2 && no.out.contains("the answer was no"), "\(no)")
            let told = try home.startOnTerminal("OMLX_MCP_CONFIG= exec \"$OMLX\" mcp trust --yes")
            let yes = home.note(try await told.end())
            #expect(yes.exit == 0, "\(yes)")
        }
    }

    @Test("a file others may write to is refused, with the command that mends it; looking says so")
    func open() async throws {
        try await TestHome.with { home in
            try prepare(home)
            let path = home.work + "/mcp.json"
            chmod(path, 0o666)
            for words in [["tools"], ["tools", "--mcp-config", path], ["trust"], ["trust", path]] {
                let run = home.note(try await home.start(["mcp"] + words, variables: found, input: "").end())
                #expect(run.exit == 2 && run.err.contains("error: CONFIG_PERMISSIONS: "), "\(run)")
                #expect(run.err.contains("next: chmod go-w \(path)"), "\(run)")
            }
            let validate = try await home.omlx("mcp", "validate", "--json", variables: found)
            #expect(validate.exit == 2, "\(validate)")
            #expect(validate.json["diagnostics"][0]["code"].string == "CONFIG_PERMISSIONS", "\(validate)")
            #expect(!hasRun(home))
        }
    }

    @Test("an envFile is read for its program, and a change of it asks again")
    func environmentFile() async throws {
        try await TestHome.with { home in
            let mark = home.desk + "/value"
            let server: [String: Any] = [
                "command": "/bin/sh", "args": ["-c", "printf %s \"$FROM_FILE\" >'\(mark)'"], "envFile": ".env",
            ]
            try home.write("FROM_FILE='one' # comment\n", to: home.work + "/.env")
            try home.configure(["s": server])
            let approved = try await home.omlx("mcp", "trust", variables: found)
            #expect(approved.exit == 0 && approved.err.contains("FROM_FILE"), "\(approved)")
            _ = try await home.omlx("mcp", "tools", variables: found)
            #expect(try String(contentsOfFile: mark, encoding: .utf8) == "one")
            try home.write("FROM_FILE=two\n", to: home.work + "/.env")
            let changed = try await home.omlx("mcp", "tools", variables: found)
            #expect(changed.exit == 2 && changed.err.contains("has changed since"), "\(changed)")
            #expect(try String(contentsOfFile: mark, encoding: .utf8) == "one")
        }
    }
}
