// A closed store is opened by a sign-in, with somebody's help, and by nothing else: the keyring's window, a terminal.

import Foundation
import TestSupport
import Testing

@Suite("opening a closed store")
struct StoreOpeningTests {
    private func signedIn(_ home: TestHome, _ keyring: Keyring) async throws -> Demo {
        let demo = try await home.demo()
        try home.write(
            #"{"servers": {"demo": {"url": "\#(demo.url)"}}, "tokenStorage": {"backend": "secretservice"}}"#,
            to: home.work + "/mcp.json")
        let login = try await home.omlx(
            "mcp", "login", "demo", browser: home.recordingBrowser(), variables: keyring.variables)
        #expect(login.exit == 0, "\(login)")
        return demo
    }

    @Test("login lets the keyring ask in its own window; nothing else does; closed there, it is said")
    func window() async throws {
        try await TestHome.with { home in
            let display = try await Display(home)
            let keyring = try await Keyring(home, display: display.name)
            let demo = try await signedIn(home, keyring)
            var variables = keyring.variables
            variables["DISPLAY"] = display.name
            try await keyring.lock()
            let tools = try await home.omlx("mcp", "tools", variables: variables)
            #expect(tools.exit == 1 && tools.err.contains("demo: STORE_LOCKED: "), "\(tools)")
            #expect(try await !display.showsWindow())

            func login() throws -> ChildProgram {
                try home.start(
                    ["mcp", "login", "demo", "--force"], browser: home.recordingBrowser(), variables: variables,
                    input: "")
            }
            let refused = try login()
            try await display.type(key: "Escape")
            let closed = home.note(try await refused.end())
            #expect(closed.exit == 1 && closed.err.contains("The keyring stays locked"), "\(closed)")
            #expect(closed.err.contains("error: STORE_LOCKED: "), "\(closed)")

            let opened = try login()
            try await display.type(TestKeyring.password)
            let signedIn = home.note(try await opened.end())
            #expect(signedIn.exit == 0 && signedIn.err.contains("asks for its password in a window"), "\(signedIn)")
            #expect(try await home.omlx("mcp", "tools", variables: variables).exit == 0)
            try await demo.secretsSeen().expectNone(in: home)
            try await display.stop()
        }
    }

    @Test("without a display login asks on the terminal, and again after a wrong password")
    func terminal() async throws {
        try await TestHome.with { home in
            let keyring = try await Keyring(home)
            let demo = try await signedIn(home, keyring)
            try await keyring.lock()
            let words = keyring.variables.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
            let browser = try home.recordingBrowser()
            let login = try home.startOnTerminal(
                "\(words) BROWSER='\(browser)' exec \"$OMLX\" mcp login demo --force")
            try await login.text("Password of the keyring: ")
            login.write("a wrong one\n")
            try await login.text("does not open the keyring(?s:.*)Password of the keyring: ")
            login.write(TestKeyring.password + "\n")
            let run = home.note(try await login.end())
            #expect(run.exit == 0 && run.out.contains("Signed in to demo"), "\(run)")
            #expect(!run.out.contains(TestKeyring.password), "a password is not shown")
            #expect(try await home.omlx("mcp", "tools", variables: keyring.variables).exit == 0)
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("files locked with a password: from a variable, from a file of one's own, on the terminal by login alone")
    func password() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.configure(["demo": ["url": demo.url]])
            let variables = ["OMLX_STORE_PASSWORD": "a good password", "VAULT_TOKEN": "a token for others"]
            let login = try await home.omlx(
                "mcp", "login", "demo", browser: home.recordingBrowser(), variables: variables)
            #expect(login.exit == 0 && login.out.contains("locked with a password"), "\(login)")
            let seen = try String(contentsOfFile: home.desk + "/browser-environment", encoding: .utf8)
            #expect(seen.contains("HOME=") && !seen.contains("a good password") && !seen.contains("a token for others"))
            #expect(try await home.omlx("mcp", "tools", variables: variables).exit == 0)
            let without = try await home.omlx("mcp", "tools")
            #expect(without.exit == 1 && without.err.contains("STORE_PASSWORD_NEEDED"), "\(without)")

            let file = home.path + "/password"
            try home.write("a good password\n", to: file)
            #expect(chmod(file, 0o644) == 0)
            let open = try await home.omlx("mcp", "tools", variables: ["OMLX_STORE_PASSWORD_FILE": file])
            #expect(open.exit == 1 && open.err.contains("STORE_PERMISSIONS"), "\(open)")
            #expect(chmod(file, 0o600) == 0)
            #expect(try await home.omlx("mcp", "tools", variables: ["OMLX_STORE_PASSWORD_FILE": file]).exit == 0)
            try home.write(
                #"{"servers": {"demo": {"url": "\#(demo.url)"}}, "tokenStorage": {"passwordFile": "~/password"}}"#,
                to: home.work + "/mcp.json")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            try FileManager.default.removeItem(atPath: file)
            let gone = try await home.omlx("mcp", "tools")
            #expect(gone.exit == 1 && gone.err.contains("STORE_UNREADABLE"), "\(gone)")

            try home.configure(["demo": ["url": demo.url]])
            let browser = try home.recordingBrowser()
            let asked = try home.startOnTerminal("BROWSER='\(browser)' exec \"$OMLX\" mcp login demo --force")
            try await asked.text("Password of the credential store: ")
            asked.write("a good password\n")
            let run = home.note(try await asked.end())
            #expect(run.exit == 0 && run.out.contains("Signed in to demo"), "\(run)")
            var secrets = try await demo.secretsSeen()
            secrets.add("a good password")
            try secrets.expectNone(in: home)
        }
    }
}
