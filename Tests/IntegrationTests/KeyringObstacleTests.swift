// A keyring that is there and cannot be used: locked, silent, asking first, left half written. With the built binary and real ones.

import Foundation
import TestSupport
import Testing

@Suite("keyrings that are in the way")
struct KeyringObstacleTests {
    private func configured(_ home: TestHome, backend: String? = nil) async throws -> Demo {
        let demo = try await home.demo()
        var document: [String: Any] = ["servers": ["demo": ["url": demo.url]]]
        if let backend { document["tokenStorage"] = ["backend": backend] }
        try home.write(Document.text(document), to: home.work + "/mcp.json")
        return demo
    }

    private func login(_ home: TestHome, _ variables: [String: String], _ words: String...) async throws -> ProcessRun {
        let program = try home.start(
            ["mcp", "login", "demo"] + words, browser: home.recordingBrowser(), variables: variables, input: "")
        return home.note(try await program.end())
    }

    private func onTerminal(_ home: TestHome, _ variables: [String: String], _ words: String) throws -> ChildProgram {
        let assignments = variables.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
        return try home.startOnTerminal(
            "\(assignments) BROWSER='\(home.recordingBrowser())' exec \"$OMLX\" mcp \(words)")
    }

    // MARK: KeePassXC as it is set at first

    @Test("a keyring that gives an item to its maker alone is not chosen: files, which login and status say")
    func withholding() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            let variables = try await OtherKeyring(home, "keepassxc", "asking").variables
            let signedIn = try await login(home, variables)
            #expect(signedIn.exit == 0 && signedIn.out.contains("kept in encrypted files"), "\(signedIn)")
            #expect(signedIn.out.contains("did not give an item to another program"), "\(signedIn)")
            #expect(signedIn.out.contains("omlx mcp store migrate --to secretservice"), "\(signedIn)")
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", variables: variables).out == "42\n")
            let status = try await home.omlx("mcp", "status", variables: variables)
            #expect(status.err.contains("omlx mcp store migrate --to secretservice"), "\(status)")
            let moved = try await home.omlx("mcp", "store", "migrate", "--to", "secretservice", variables: variables)
            #expect(moved.exit == 1 && moved.err.contains("STORE_LOCKED"), "\(moved)")
            #expect(moved.err.contains("Confirm when passwords are retrieved by clients"), "\(moved)")
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", variables: variables).out == "42\n")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("named by hand, such a keyring is refused before anybody is asked to sign in")
    func withholdingNamed() async throws {
        try await TestHome.with { home in
            _ = try await configured(home, backend: "secretservice")
            let variables = try await OtherKeyring(home, "keepassxc", "asking").variables
            let refused = try await login(home, variables)
            #expect(refused.exit == 1 && refused.err.contains("error: STORE_LOCKED: "), "\(refused)")
            #expect(refused.err.contains("Confirm when passwords are retrieved by clients"), "\(refused)")
            #expect(home.openedAddresses.isEmpty)
            #expect(try await home.omlx("mcp", "tools", variables: variables).exit == 4, "nothing is kept there")
        }
    }

    @Test("a locked keyring is moved out of once the person opens it on the terminal")
    func movedOutOfLocked() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            let keyring = try await Keyring(home)
            #expect(try await login(home, keyring.variables).exit == 0)
            try await keyring.lock()
            let alone = try await home.omlx("mcp", "store", "migrate", "--to", "file", variables: keyring.variables)
            #expect(alone.exit == 1 && alone.err.contains("STORE_LOCKED"), "\(alone)")
            let move = try onTerminal(home, keyring.variables, "store migrate --to file")
            try await move.text("Password of the keyring: ")
            move.write(TestKeyring.password + "\n")
            let moved = home.note(try await move.end())
            #expect(moved.exit == 0 && moved.out.contains("2 records moved"), "\(moved)")
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40").out == "42\n")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("a keyring that asks is moved out of once the person allows it in its window")
    func movedOutOfAsking() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            let display = try await Display(home)
            let keyring = try await OtherKeyring(home, "keepassxc", display: display.name)
            var variables = keyring.variables
            #expect(try await login(home, variables).exit == 0)
            // Locking waits until what KeePassXC keeps is written.
            for word in ["lock", "ask", "kill", "start"] { try await keyring.say(word) }
            let locked = try await home.omlx("mcp", "tools", variables: variables)
            #expect(locked.exit == 1 && locked.err.contains("STORE_LOCKED"), "\(locked)")
            #expect(locked.err.contains("omlx mcp store migrate --to file"), "\(locked)")
            variables["DISPLAY"] = display.name
            let move = try home.start(["mcp", "store", "migrate", "--to", "file"], variables: variables, input: "")
            try await display.press("Return", inWindow: "Access Request")
            for _ in 0..<2 { try await display.press("Tab Return", inWindow: "Delete entry") }
            let moved = home.note(try await move.end())
            #expect(moved.exit == 0 && moved.out.contains("2 records moved"), "\(moved)")
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40").out == "42\n")
            try await demo.secretsSeen().expectNone(in: home)
            try await display.stop()
        }
    }

    // MARK: KWallet

    @Test("a wallet that is open is used although its Secret Service calls it locked, as after a login")
    func openWallet() async throws {
        try await TestHome.with { home in
            _ = try await configured(home)
            let variables = try await OtherKeyring(home, "kwallet", "as-login").variables
            let signedIn = try await login(home, variables)
            #expect(signedIn.exit == 0 && signedIn.out.contains("kept in the desktop's keyring"), "\(signedIn)")
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", variables: variables).out == "42\n")
        }
    }

    @Test("login on a terminal asks for no password where the keyring takes none there, and says why")
    func noPasswordOnTerminal() async throws {
        try await TestHome.with { home in
            _ = try await configured(home, backend: "secretservice")
            let keyring = try await OtherKeyring(home, "kwallet")
            try await keyring.say("close")
            let login = try onTerminal(home, keyring.variables, "login demo")
            let run = home.note(try await login.end())
            #expect(run.exit == 1 && run.out.contains("in a window of its own only"), "\(run)")
            #expect(!run.out.contains("Password of the keyring"), "\(run)")
        }
    }

    @Test("what a killed keyring leaves half made is named with its server, taken away, or replaced by a move")
    func halfMade() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            #expect(try await home.login("demo").exit == 0)
            let keyring = try await OtherKeyring(home, "kwallet")
            let variables = keyring.variables
            func leaveHalf() async throws {
                let kept = try await home.omlx(
                    "mcp", "login", "demo", "--store", "secretservice", browser: home.recordingBrowser(),
                    variables: variables)
                #expect(kept.exit == 0, "\(kept)")
                try await keyring.say("kill")
                try await keyring.say("start")
            }
            func check(_ words: String...) async throws -> ProcessRun {
                let program = try home.start(
                    ["mcp", "store", "check", "--store", "secretservice"] + words, variables: variables, input: "")
                return home.note(try await program.end())
            }
            try await leaveHalf()
            let named = try await check()
            #expect(named.exit == 1 && named.err.contains("STORE_DAMAGED: the item \"omlx: \(demo.url)\""), "\(named)")
            #expect(named.err.contains("for \(demo.url)") && named.err.contains("it is empty"), "\(named)")
            #expect(named.err.contains("omlx mcp store check --fix"), "\(named)")
            let asked = try await check("--fix")
            #expect(asked.exit == 1 && asked.err.contains("--yes"), "\(asked)")
            #expect(try await check().exit == 1, "nothing was taken away unasked")
            let fixed = try await check("--fix", "--yes")
            #expect(fixed.exit == 0 && fixed.err.contains("deleted from the desktop's keyring"), "\(fixed)")

            try await leaveHalf()
            let moved = try await home.omlx("mcp", "store", "migrate", "--to", "secretservice", variables: variables)
            #expect(moved.exit == 0 && moved.out.contains("2 records moved"), "\(moved)")
            #expect(try await home.omlx("mcp", "store", "check", variables: variables).exit == 0)
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", variables: variables).out == "42\n")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    // MARK: a keyring that is silent

    @Test(
        "a stopped keyring ends a command with its code and no step that splits the sign-ins",
        arguments: ["call", "login"])
    func silentOnce(command: String) async throws {
        try await TestHome.with { home in
            _ = try await configured(home)
            let keyring = try await Keyring(home)
            #expect(try await login(home, keyring.variables).exit == 0)
            keyring.signal(SIGSTOP)
            let words = command == "call" ? ["mcp", "call", "demo__add", "a=1", "b=1"] : ["mcp", "login", "demo"]
            let run = home.note(
                try await home.start(
                    words, browser: home.recordingBrowser(), variables: keyring.variables, input: ""
                ).end())
            keyring.signal(SIGCONT)
            #expect(run.exit == 1 && run.err.contains("STORE_TIMEOUT"), "\(run)")
            #expect(!run.err.contains("OMLX_STORE"), "no step splits the sign-ins: \(run)")
        }
    }

    @Test("tokens that were granted while the keyring became silent: said, with what follows")
    func silentWhileSaving() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            let keyring = try await Keyring(home)
            let variables = keyring.variables
            #expect(try await login(home, variables).exit == 0)
            try await demo.script([
                "token": [
                    "overrides": [
                        "refresh_token": ["delayMilliseconds": 1500, "outcome": "pass"],
                        "authorization_code": ["delayMilliseconds": 1500, "outcome": "pass"],
                    ]
                ]
            ])
            /// Stops the keyring while the token request is under way.
            func stopped(_ words: [String]) async throws -> ProcessRun {
                let before = try await demo.requestLines.filter { $0.hasPrefix("POST /token") }.count
                let program = try home.start(
                    ["mcp"] + words, browser: home.recordingBrowser(), variables: variables, input: "")
                while try await demo.requestLines.filter({ $0.hasPrefix("POST /token") }).count == before {
                    try await Task.sleep(for: .milliseconds(20))
                }
                keyring.signal(SIGSTOP)
                let run = home.note(try await program.end())
                try await keyring.awaken()
                return run
            }
            let again = try await stopped(["login", "demo", "--force"])
            #expect(again.exit == 1 && again.err.contains("STORE_TIMEOUT: the sign-in was granted"), "\(again)")
            #expect(again.err.contains("omlx mcp login demo"), "\(again)")
            try await demo.happen("expire-tokens")
            let call = try await stopped(["call", "demo__add", "a=1", "b=1"])
            #expect(call.exit == 1 && call.err.contains("STORE_TIMEOUT: new tokens were granted"), "\(call)")
            #expect(call.err.contains("omlx mcp login demo"), "\(call)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    // MARK: the first sign-in

    @Test(
        "locked at the first sign-in, without a terminal: files, said by login and status, and moved by the command said"
    )
    func lockedAtFirst() async throws {
        try await TestHome.with { home in
            _ = try await configured(home)
            let keyring = try await Keyring(home)
            try await keyring.lock()
            let signedIn = try await login(home, keyring.variables)
            #expect(signedIn.exit == 0 && signedIn.out.contains("the desktop's keyring was locked"), "\(signedIn)")
            #expect(signedIn.out.contains("omlx mcp store migrate --to secretservice"), "\(signedIn)")
            let json = try await login(home, keyring.variables, "--json")
            #expect(json.json["store_note"].string?.contains("omlx mcp store migrate") == true, "\(json)")
            for words in [["status"], ["status", "demo"], ["status", "--check"]] {
                let status = home.note(
                    try await home.start(["mcp"] + words, variables: keyring.variables, input: "").end())
                #expect(status.err.contains("omlx mcp store migrate --to secretservice"), "\(status)")
            }
            let document = try await home.omlx("mcp", "status", "--json")
            #expect(document.json["store"]["note"].string?.contains("was locked") == true, "\(document)")
            try await keyring.unlock()
            let moved = try await home.omlx(
                "mcp", "store", "migrate", "--to", "secretservice", variables: keyring.variables)
            #expect(moved.exit == 0, "\(moved)")
            let after = try await home.omlx("mcp", "status", variables: keyring.variables)
            #expect(!after.err.contains("migrate"), "\(after)")
        }
    }

    @Test(
        "so where another command signs in with --login: the downgrade is said beside its result",
        arguments: ["call", "tools"])
    func lockedAtFirstWithLogin(command: String) async throws {
        try await TestHome.with { home in
            _ = try await configured(home)
            let keyring = try await Keyring(home)
            try await keyring.lock()
            let words = command == "call" ? ["call", "demo__add", "a=2", "b=40"] : ["tools", "--json"]
            let program = try home.start(
                ["mcp"] + words + ["--login"], browser: home.recordingBrowser(), variables: keyring.variables, input: ""
            )
            let run = home.note(try await program.end())
            #expect(run.exit == 0, "\(run)")
            #expect(command == "call" ? run.out == "42\n" : run.json["count"].int ?? 0 > 0, "\(run)")
            #expect(run.err.contains("the desktop's keyring was locked"), "\(run)")
            #expect(run.err.contains("omlx mcp store migrate --to secretservice"), "\(run)")
            let next = try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", variables: keyring.variables)
            #expect(next.out == "42\n" && !next.err.contains("migrate"), "said once: \(next)")
        }
    }

    @Test("silent at the first sign-in: files, and said")
    func silentAtFirst() async throws {
        try await TestHome.with { home in
            _ = try await configured(home)
            let keyring = try await Keyring(home)
            keyring.signal(SIGSTOP)
            let signedIn = try await login(home, keyring.variables)
            keyring.signal(SIGCONT)
            #expect(signedIn.exit == 0 && signedIn.out.contains("the desktop's keyring did not answer"), "\(signedIn)")
        }
    }

    @Test("on a terminal the person says: the keyring, with its password, or files")
    func askedAtFirst() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            let keyring = try await Keyring(home)
            try await keyring.lock()
            let files = try onTerminal(home, keyring.variables, "login demo")
            try await files.text(#"Unlock the keyring, or files\? \[u/f\] "#)
            files.write("f\n")
            let first = home.note(try await files.end())
            #expect(first.exit == 0 && first.out.contains("kept in encrypted files"), "\(first)")
            #expect(first.out.contains("store migrate --to secretservice"), "\(first)")
            #expect(try await home.omlx("mcp", "logout", "demo", "--forget-client").exit == 0)
            try FileManager.default.removeItem(atPath: home.credentials)

            let opened = try onTerminal(home, keyring.variables, "login demo")
            try await opened.text(#"Unlock the keyring, or files\? \[u/f\] "#)
            opened.write("u\n")
            try await opened.text("Password of the keyring: ")
            opened.write(TestKeyring.password + "\n")
            let second = home.note(try await opened.end())
            #expect(second.exit == 0 && second.out.contains("kept in the desktop's keyring"), "\(second)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    // MARK: afterwards

    @Test("plain status says that the keyring is locked; it starts none to know that")
    func statusOfLocked() async throws {
        try await TestHome.with { home in
            _ = try await configured(home)
            let keyring = try await Keyring(home)
            #expect(try await login(home, keyring.variables).exit == 0)
            let open = try await home.omlx("mcp", "status", variables: keyring.variables)
            #expect(open.out.contains("signed in") && !open.out.contains("locked"), "\(open)")
            try await keyring.lock()
            let locked = try await home.omlx("mcp", "status", variables: keyring.variables)
            #expect(locked.out.contains("\tkeyring locked\t"), "\(locked)")
            let document = try await home.omlx("mcp", "status", "--json", variables: keyring.variables)
            #expect(document.json["store"]["keyring_locked"].bool == true, "\(document)")
        }
    }

    @Test("a sign-out removes an unreadable twin too, and says so")
    func twin() async throws {
        try await TestHome.with { home in
            let demo = try await configured(home)
            let keyring = try await Keyring(home)
            #expect(try await login(home, keyring.variables).exit == 0)
            let attributes = try await keyring.run(
                "secret-tool search --all xdg:schema io.omlx.Credential 2>&1 | sed -n 's/^attribute.record = //p'")
            let name = attributes.trimmingCharacters(in: .whitespacesAndNewlines)
            try await keyring.run(
                "printf garbage | secret-tool store --label=twin xdg:schema io.omlx.Credential record \(name) of older")
            let logout = try await home.omlx("mcp", "logout", "demo", variables: keyring.variables)
            #expect(logout.exit == 0 && logout.out.contains("a record of it that could not be read too"), "\(logout)")
            let rest = try await keyring.run("secret-tool search --all xdg:schema io.omlx.Credential 2>&1")
            #expect(!rest.contains("label"), "\(rest)")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }
}
