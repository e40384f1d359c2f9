// The store that is chosen by itself, moved, pruned, put back from a copy: with the built binary and real stores.

import Foundation
import TestSupport
import Testing

@Suite("the choice of a store")
struct StoreChoiceTests {
    private func vault(_ home: TestHome) async throws -> [String: String] {
        let command = TestVault.command()
        let program = try home.start(program: command[0], Array(command.dropFirst()))
        return ["VAULT_ADDR": try await program.text("^(http\\S+)"), "VAULT_TOKEN": "root"]
    }

    private func configured(_ home: TestHome) async throws -> Demo {
        let demo = try await home.demo()
        try home.configure(["demo": ["url": demo.url]])
        return demo
    }

    private func login(_ home: TestHome, _ variables: [String: String]) async throws -> ProcessRun {
        try await home.omlx("mcp", "login", "demo", browser: home.recordingBrowser(), variables: variables)
    }

    @Test("an open keyring is chosen, noted and shown; when it is away that is an error, and no file is written")
    func keyring() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            let keyring = try await Keyring(home)
            #expect(try await login(home, keyring.variables).exit == 0)
            let status = try await home.omlx("mcp", "status", "--json")
            #expect(status.json["servers"].named("demo")["auth"]["store"].string == "secretservice", "\(status)")
            let store = try await home.omlx("mcp", "store", variables: keyring.variables)
            #expect(store.out.contains("secretservice\tyes\t2\t") && store.out.contains("\tchosen on "), "\(store)")
            let away = try await home.omlx("mcp", "tools")
            #expect(away.exit == 1 && away.err.contains("STORE_UNAVAILABLE"), "\(away)")
            #expect(away.err.contains("nowhere else"), "\(away)")
            #expect(try await login(home, [:]).exit == 1)
            #expect(
                try Set(FileManager.default.contentsOfDirectory(atPath: home.credentials)) == ["locks", "store.json"])
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("a keyring that is locked is not chosen, and asks nobody")
    func lockedKeyring() async throws {
        try await TestHome.with { home in
            _ = try await configured(home)
            let keyring = try await Keyring(home)
            try await keyring.lock()
            let login = try await login(home, keyring.variables)
            #expect(login.exit == 0 && login.out.contains("encrypted files in"), "\(login)")
            try await keyring.unlock()
            #expect(try await home.omlx("mcp", "tools", variables: keyring.variables).exit == 0)
            let store = try await home.omlx("mcp", "store", variables: keyring.variables)
            #expect(store.out.contains("file\tyes\t2\t") && store.out.contains("secretservice\t\t0\t"), "\(store)")
        }
    }

    @Test("a Vault that is named is chosen; unnamed or another one later is STORE_MOVED; away it is said")
    func vaultChosen() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            let variables = try await vault(home)
            let signedIn = try await login(home, variables)
            #expect(signedIn.exit == 0 && signedIn.out.contains("kept in Vault at "), "\(signedIn)")
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", variables: variables).out == "42\n")
            let unnamed = try await home.omlx("mcp", "tools")
            #expect(unnamed.exit == 1 && unnamed.err.contains("STORE_MOVED"), "\(unnamed)")
            let other = try await vault(home)
            let moved = try await home.omlx("mcp", "tools", variables: other)
            #expect(moved.exit == 1 && moved.err.contains("STORE_MOVED"), "\(moved)")
            let emptied = try await home.omlx("mcp", "store", "migrate", "--to", "file", variables: other)
            #expect(emptied.exit == 1 && emptied.err.contains("STORE_MOVED"), "\(emptied)")
            #expect(emptied.err.contains("store check --accept"), "\(emptied)")
            var closed = variables
            closed["VAULT_TOKEN"] = "no-such-token"
            let expired = try await home.omlx("mcp", "tools", variables: closed)
            #expect(expired.err.contains("STORE_TOKEN_EXPIRED"), "\(expired)")
            #expect(
                try Set(FileManager.default.contentsOfDirectory(atPath: home.credentials)) == ["locks", "store.json"])
            let check = try await home.omlx("mcp", "store", "check", "--json", variables: variables)
            #expect(check.exit == 0 && check.json["stores"].array.first?["name"].string == "vault", "\(check)")
            let accepted = try await home.omlx("mcp", "store", "check", "--accept", variables: other)
            #expect(accepted.exit == 0 && accepted.err.contains("from now on"), "\(accepted)")
            #expect(try await home.omlx("mcp", "tools", variables: other).exit == 4)
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    /// Commands with these and those variables in turn, all at once after the tokens ended: one asks for new ones.
    private func expectOneRefresh(
        of demo: Demo, _ home: TestHome, _ one: [String: String], _ other: [String: String], calls: Int
    ) async throws {
        try await demo.script([
            "token": ["overrides": ["refresh_token": ["delayMilliseconds": 800, "outcome": "pass"]]]
        ])
        try await demo.happen("expire-tokens")
        let calls = try (0..<calls).map { number in
            try home.start(
                ["mcp", "call", "demo__add", "a=\(number)", "b=0"],
                variables: number.isMultiple(of: 2) ? one : other, input: "")
        }
        for (number, call) in calls.enumerated() {
            let run = home.note(try await call.end())
            #expect(run.exit == 0 && run.out == "\(number)\n", "\(run)")
        }
        let requests = try await demo.requestLines.filter { $0.hasPrefix("POST /token ") }
        #expect(requests.count == 2, "the sign-in's and one refresh: \(requests)")
    }

    @Test("P1: two machines share a sign-in through Vault: one refresh for both, and one sign-out")
    func machines() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            var one = try await vault(home)
            var other = one
            for (number, name) in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"].enumerated() {
                let folder = "\(home.path)/other-\(number)"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                chmod(folder, 0o700)
                other[name] = folder
            }
            one["OMLX_STORE"] = "vault"
            other["OMLX_STORE"] = "vault"
            #expect(try await login(home, one).exit == 0)
            #expect(try await home.omlx("mcp", "tools", variables: other).exit == 0, "no browser needed")
            try await expectOneRefresh(of: demo, home, one, other, calls: 6)
            #expect(try await home.omlx("mcp", "logout", "demo", variables: other).exit == 0)
            let tools = try await home.omlx("mcp", "tools", variables: one)
            #expect(tools.exit == 4, "\(tools)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test(
        "P1: programs of one user with and without a runtime folder refresh once",
        arguments: ["file", "secretservice"])
    func sessions(store: String) async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            var one = ["OMLX_STORE": store]
            if store != "file" { one.merge(try await Keyring(home).variables) { $1 } }
            var other = one
            other["XDG_RUNTIME_DIR"] = ""
            #expect(try await login(home, one).exit == 0)
            try await expectOneRefresh(of: demo, home, one, other, calls: 4)
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("moved from files to the keyring, to Vault and back, and signed in all along")
    func migrate() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            #expect(try await home.login("demo").exit == 0)
            #expect(try await home.login("demo", "--account", "work").exit == 0)
            let keyring = try await Keyring(home)
            let variables = keyring.variables.merging(try await vault(home)) { first, _ in first }
            for (to, kept) in [("secretservice", "secretservice"), ("vault", "vault"), ("encrypted", "file")] {
                let move = try await home.omlx("mcp", "store", "migrate", "--to", to, "--json", variables: variables)
                #expect(move.exit == 0 && move.json["moved"].int == 3, "\(move)")
                let call = try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", variables: variables)
                #expect(call.exit == 0 && call.out == "42\n", "\(call)")
                let stores = try await home.omlx("mcp", "store", "--json", variables: variables).json["stores"].array
                #expect(stores.first?["name"].string == kept && stores.first?["records"].int == 3)
                #expect(stores.dropFirst().allSatisfy { ($0["records"].int ?? 0) == 0 }, "\(stores)")
                let status = try await home.omlx("mcp", "status", "--json")
                #expect(status.json["servers"].named("demo")["auth"]["store"].string == kept)
                try await demo.happen("expire-tokens")
                #expect(try await home.omlx("mcp", "tools", variables: variables).exit == 0, "refreshed there")
            }
            let again = try await home.omlx("mcp", "store", "migrate", "--to", "file", variables: variables)
            #expect(again.exit == 1 && again.err.contains("error: STORE_MIGRATION: "), "\(again)")
            let named = try await home.omlx(
                "mcp", "store", "migrate", "--to", "vault", "--store", "file", variables: variables)
            #expect(named.exit == 1 && named.err.contains("out: omlx mcp store migrate --to vault"), "\(named)")
            let nowhere = try await home.omlx("mcp", "store", "migrate", "--to", "cloud")
            #expect(nowhere.exit == 2 && nowhere.err.contains("CONFIG_STORE_UNSUPPORTED"), "\(nowhere)")
            #expect(home.openedAddresses.count == 2, "nobody signed in again")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("prune: asks first, ends the sign-ins nobody uses at their server, and leaves the others")
    func prune() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            let other = try await home.demo()
            try home.configure(["demo": ["url": demo.url], "other": ["url": other.url]])
            #expect(try await home.login("demo").exit == 0)
            #expect(try await home.login("other").exit == 0)
            let none = try await home.omlx("mcp", "store", "prune")
            #expect(none.exit == 0 && none.err.contains("belongs to a configured server"), "\(none)")
            try home.configure(["demo": ["url": demo.url], "broken": ["url": "ftp://x"]])
            let unsure = try await home.omlx("mcp", "store", "prune", "--yes")
            #expect(unsure.exit == 2 && unsure.err.contains("omlx mcp validate"), "\(unsure)")
            try home.configure(["demo": ["url": demo.url]])
            let asked = try await home.omlx("mcp", "store", "prune")
            #expect(asked.exit == 1 && asked.err.contains("--yes"), "\(asked)")
            #expect(try home.credentialRecords.count == 2)
            let pruned = try await home.omlx("mcp", "store", "prune", "--yes", "--json")
            #expect(pruned.exit == 0 && pruned.json["registrations"].int == 1, "\(pruned)")
            #expect(pruned.json["sign_ins"].array.first?["revocation"].string == "confirmed", "\(pruned)")
            #expect(try await other.requestLines.filter { $0.hasPrefix("POST /revoke") }.count == 2)
            #expect(try home.credentialRecords.count == 1)
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            try await other.secretsSeen().expectNone(in: home)
        }
    }

    @Test("P3: a copy of an older sign-in put back is noticed: used, not refreshed with, until it is accepted")
    func older() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            #expect(try await home.login("demo").exit == 0)
            let name = try #require(try home.credentialRecords.first)
            let file = home.credentials + "/" + name
            let copy = try #require(FileManager.default.contents(atPath: file))
            try await demo.happen("expire-tokens")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            try copy.write(to: URL(fileURLWithPath: file))
            let check = try await home.omlx("mcp", "store", "check")
            #expect(check.exit == 1 && check.err.contains("error: STORE_OLDER: "), "\(check)")
            let words = "omlx mcp login demo, or accept the copy: omlx mcp store check --accept"
            #expect(check.err.contains(words), "\(check)")
            try await demo.forgetRequests()
            for command in [["tools"], ["call", "demo__whoami"], ["call", "whoami"], ["status", "--check", "demo"]] {
                let run = try await home.note(home.start(["mcp"] + command, input: "").end())
                #expect(run.exit == 4 && (run.out + run.err).contains("STORE_OLDER"), "\(run)")
                #expect((run.out + run.err).contains(words), "\(run)")
            }
            #expect(try await !demo.requestLines.contains { $0.hasPrefix("POST /token") }, "no reuse was provoked")
            let doctor = try await home.omlx("mcp", "doctor", "demo")
            #expect(doctor.exit == 4 && doctor.out.contains("code: STORE_OLDER"), "\(doctor)")
            #expect(doctor.out.contains("next: \(words)"), "\(doctor)")
            let json = try await home.omlx("mcp", "store", "--json")
            #expect(json.json["stores"].array.first?["older"].array.count == 1, "\(json)")
            let accepted = try await home.omlx("mcp", "store", "check", "--accept")
            #expect(accepted.exit == 0 && accepted.err.contains("1 older sign-in is accepted"), "\(accepted)")
            let tried = try await home.omlx("mcp", "tools")
            #expect(!tried.err.contains("STORE_OLDER"), "\(tried)")
            #expect(try await home.login("demo", "--force").exit == 0)
            #expect(try await home.omlx("mcp", "store", "check").exit == 0)

            let last = try #require(FileManager.default.contents(atPath: file))
            #expect(try await home.omlx("mcp", "logout", "demo").exit == 0)
            try last.write(to: URL(fileURLWithPath: file))
            #expect(chmod(file, 0o600) == 0)
            let after = try await home.omlx("mcp", "store", "check")
            #expect(after.exit == 1 && after.err.contains("error: STORE_OLDER: "), "signed out since: \(after)")
            let move = try await home.omlx("mcp", "store", "migrate", "--to", "vault", variables: try await vault(home))
            #expect(move.exit == 1 && move.err.contains("STORE_OLDER"), "\(move)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("a move that was broken off is ended before the next one: nothing is left behind in the first store")
    func chainOfMoves() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            #expect(try await home.login("demo").exit == 0)
            let name = try #require(try home.credentialRecords.first)
            let file = URL(fileURLWithPath: home.credentials + "/" + name)
            let copy = try Data(contentsOf: file)
            let keyring = try await Keyring(home)
            let variables = keyring.variables.merging(try await vault(home)) { first, _ in first }
            func move(_ to: String) async throws {
                let move = try await home.omlx("mcp", "store", "migrate", "--to", to, variables: variables)
                #expect(move.exit == 0, "\(move)")
            }
            try await move("secretservice")
            // As if it had been killed after the switch.
            try copy.write(to: file)
            #expect(chmod(file.path, 0o600) == 0)
            let note = home.credentials + "/store.json"
            let noted = try String(contentsOfFile: note, encoding: .utf8)
            try home.write(
                noted.replacing(#""emptying": null"#, with: #""emptying": "file""#), to: note)
            #expect(chmod(note, 0o600) == 0)
            let shown = try await home.omlx("mcp", "store", variables: variables)
            #expect(shown.out.contains("the move from encrypted files is unfinished"), "\(shown)")
            try await move("vault")
            #expect(try home.credentialRecords.isEmpty)
            let stores = try await home.omlx("mcp", "store", "--json", variables: variables).json["stores"].array
            #expect(stores.first?["name"].string == "vault" && stores.first?["records"].int == 2, "\(stores)")
            #expect(stores.dropFirst().allSatisfy { ($0["records"].int ?? 0) == 0 }, "\(stores)")
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", variables: variables).out == "42\n")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test(
        "a move that is killed before the switch leaves no sign-in behind: not after a sign-out, nor when it is taken back"
    )
    func killedBeforeTheSwitch() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            let variables = try await vault(home)
            // Files hold the sign-ins, so they are chosen although a Vault is named.
            #expect(try await home.login("demo").exit == 0)
            let vault = try #require(variables["VAULT_ADDR"])
            func test(_ path: String, _ body: String? = nil) async throws -> String {
                let words = body.map { ["-X", "POST", "-d", $0] } ?? []
                return try await home.run("/usr/bin/curl", ["-sS", "\(vault)/test/\(path)"] + words).out
            }
            func killed() async throws {
                // It is written, and the answer takes its time.
                try await _ = test(
                    "next",
                    #"{"method": "POST", "path": "secret/data/omlx/credentials/", "after": true, "pause": 20, "status": 0}"#
                )
                let move = try home.start(
                    ["mcp", "store", "migrate", "--to", "vault"], variables: variables, input: "")
                while try await !test("dump").contains("omlx/credentials/credential-") { await Task.yield() }
                move.signal(SIGKILL)
                #expect(try await move.end().exit == 137)
                // What it held between machines would be free in 15 s.
                try await _ = test("age", #"{"path": "omlx/locks/", "seconds": 20}"#)
                let check = try await home.omlx("mcp", "store", "check", variables: variables)
                #expect(check.exit == 1 && check.err.contains("the move to Vault is unfinished"), "\(check)")
            }
            func inVault(_ count: Int) async throws {
                let seen = try await home.omlx("mcp", "store", "--json", variables: variables)
                let vault = seen.json["stores"].array.first { $0["name"].string == "vault" }
                #expect(vault?["records"].int == count, "\(seen)")
            }
            try await killed()
            try await inVault(1)
            let blind = try await home.omlx("mcp", "logout", "demo", "--local-only")
            #expect(blind.exit == 1 && blind.err.contains("STORE_MOVED"), "\(blind)")
            #expect(try await home.omlx("mcp", "logout", "demo", "--local-only", variables: variables).exit == 0)
            try await inVault(0)
            #expect(try await home.login("demo").exit == 0)
            try await killed()
            try await demo.happen("expire-tokens")
            #expect(try await home.omlx("mcp", "tools", variables: variables).exit == 0, "refreshed in the files")
            let back = try await home.omlx("mcp", "store", "migrate", "--to", "file", variables: variables)
            #expect(back.exit == 0, "\(back)")
            try await inVault(0)
            #expect(try await home.omlx("mcp", "store", "check", variables: variables).exit == 0)
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40").out == "42\n")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("a forced crash leaves no core, and nobody looks into the process: said before anything is read")
    func crash() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            #expect(try await home.login("demo").exit == 0)
            // Under a sanitizer Swift's own handlers stay, and want to look into the process.
            let own = ProcessInfo.processInfo.environment
            let isSanitized = own["TSAN_OPTIONS"] != nil || own["LSAN_OPTIONS"] != nil
            let watch = try home.startShell(
                (isSanitized ? "export SWIFT_BACKTRACE=enable=no; " : "")
                    + "mkdir crash; cp mcp.json crash; cd crash; ulimit -c unlimited; exec \"$OMLX\" mcp status --watch"
            )
            try await watch.text("demo")
            watch.signal(SIGABRT)
            let run = try await watch.end()
            // 134; a sanitizer ends with a code of its own.
            #expect(run.exit > 2, "\(run)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: home.work + "/crash") == ["mcp.json"])
            let traced = try home.startShell(
                "export ASAN_OPTIONS=detect_leaks=0; exec strace -f -o '\(home.desk)/trace' -e trace=prctl,openat \"$OMLX\" mcp call demo__add a=1 b=1"
            )
            #expect(try await traced.end().exit == 0)
            let trace = try String(contentsOfFile: home.desk + "/trace", encoding: .utf8)
            let sealed = try #require(trace.range(of: "PR_SET_DUMPABLE, SUID_DUMP_DISABLE"))
            let opened = try #require(trace.range(of: "/credentials\""))
            #expect(sealed.lowerBound < opened.lowerBound)
            try await demo.secretsSeen().expectNone(in: home)
        }
    }
}
