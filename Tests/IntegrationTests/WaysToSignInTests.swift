// The device grant, metadata documents, forgotten clients and step-up, with the built binary.

import Foundation
import Testing

@Suite("ways to sign in")
struct WaysToSignInTests {
    /// Nothing that could open an address, and no display.
    private static let noDisplay = ["BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""]

    private func demo(_ home: TestHome, _ script: [String: Any]) async throws -> Demo {
        let demo = try await home.demo(script)
        try home.configure(["demo": ["url": demo.url]])
        return demo
    }

    /// Enters the code a login shows, as a person with a browser elsewhere does.
    private func enterCode(_ program: ChildProgram, _ home: TestHome) async throws {
        let address = try await program.text(#"at this address:\n  (http\S+)\n"#, in: .errors)
        let code = try await program.text(#"enter this code:\n  (\S+)\n"#, in: .errors)
        let page = try await home.run(
            "/usr/bin/curl", ["-sS", "--noproxy", "*", "--data-urlencode", "user_code=\(code)", "--", address])
        #expect(page.out.contains("signed in"), "\(page)")
    }

    @Test("P4: without a display, where the server has it, login goes by the device grant by itself")
    func deviceByItself() async throws {
        try await TestHome.with { home in
            let demo = try await demo(home, ["device": ["enabled": true, "consent": "page"]])
            let program = try home.start(["mcp", "login", "demo"], variables: Self.noDisplay)
            try await enterCode(program, home)
            let login = try await home.note(program.end())
            #expect(login.exit == 0 && login.out.contains("✓ 5 tools"), "\(login)")
            #expect(!login.err.contains("█"), "no QR code in a pipe")
            #expect(try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40").out == "42\n")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("--device asks for it also with a display; --no-browser never does")
    func deviceAskedFor() async throws {
        try await TestHome.with { home in
            _ = try await demo(home, ["device": ["enabled": true, "consent": "page"]])
            let program = try home.start(["mcp", "login", "demo", "--device", "--json"])
            try await enterCode(program, home)
            let login = try await home.note(program.end())
            #expect(login.exit == 0, "\(login)")
            #expect(!home.wasBrowserOpened)
            _ = try await home.omlx("mcp", "logout", "demo")
            let byHand = try home.start(["mcp", "login", "demo", "--no-browser"], variables: Self.noDisplay)
            let address = try await byHand.text(#"\n  (http\S+)\n"#, in: .errors)
            #expect(address.contains("response_type=code"))
            await byHand.stop()
        }
    }

    @Test("--device where there is none: a code, what to type, nothing opened")
    func deviceUnsupported() async throws {
        try await TestHome.with { home in
            _ = try await demo(home, [:])
            let login = try await home.omlx("mcp", "login", "demo", "--device")
            #expect(login.exit == 1 && login.err.contains("OAUTH_DEVICE_UNSUPPORTED"), "\(login)")
            #expect(login.err.contains("--no-browser"))
            #expect(!home.wasBrowserOpened)
        }
    }

    @Test("Ctrl-C while the code is waited for ends it with 130, and nothing is kept")
    func deviceInterrupted() async throws {
        try await TestHome.with { home in
            _ = try await demo(home, ["device": ["enabled": true, "consent": "page"]])
            let program = try home.start(["mcp", "login", "demo", "--device"])
            _ = try await program.text(#"enter this code:\n  (\S+)\n"#, in: .errors)
            kill(program.pid, SIGINT)
            let login = try await home.note(program.end())
            #expect(login.exit == 130, "\(login)")
            #expect(try await home.omlx("mcp", "tools").exit == 4)
        }
    }

    @Test("C7.3: the document client-metadata prints, hosted, is the client; nothing is registered")
    func metadataDocument() async throws {
        try await TestHome.with { home in
            let demo = try await demo(home, ["metadata": ["admitsClientDocuments": true]])
            let url = demo.issuer + "/clients/omlx.json"
            let printed = try await home.omlx("mcp", "client-metadata", "--client-metadata-url", url)
            #expect(printed.exit == 0, "\(printed)")
            try await demo.script([
                "clientDocuments": ["omlx.json": Document(parsing: Array(printed.out.utf8)).value ?? ""]
            ])
            let login = try await home.login("demo", "--client-metadata-url", url)
            #expect(login.exit == 0 && login.out.contains("✓ 5 tools"), "\(login)")
            #expect(try await demo.state["registrations"].int == 0)
            let status = try await home.omlx("mcp", "status", "demo", "--json")
            #expect(status.exit == 0)
        }
    }

    @Test("client-metadata without an address says what to type; one that can be no client id is refused")
    func metadataDocumentAddress() async throws {
        try await TestHome.with { home in
            let none = try await home.omlx("mcp", "client-metadata")
            #expect(none.exit == 2 && none.err.contains("--client-metadata-url https://"), "\(none)")
            let bad = try await home.omlx("mcp", "client-metadata", "--client-metadata-url", "http://example.com/x")
            #expect(bad.exit != 0 && bad.err.contains("OAUTH_INSECURE_URL"), "\(bad)")
        }
    }

    @Test("P7: a client the server forgot is registered anew before the browser opens, and said so")
    func forgottenClient() async throws {
        try await TestHome.with { home in
            let demo = try await demo(home, [:])
            #expect(try await home.login("demo").exit == 0)
            try await demo.happen("forget-clients")
            try await demo.happen("revoke-all")
            let login = try await home.login("demo")
            #expect(login.exit == 0 && login.err.contains("registers anew"), "\(login)")
            #expect(home.openedAddresses.count == 2)
            #expect(try await demo.state["registrations"].int == 2)
        }
    }

    @Test("C11.4, P15: --login signs in for the missing scope, keeps those there were, and repeats the call")
    func stepUp() async throws {
        try await TestHome.with { home in
            let demo = try await demo(home, ["protection": ["toolScopes": ["add": "arithmetic"]]])
            #expect(try await home.login("demo").exit == 0)
            let call = try await home.omlx(
                "mcp", "call", "--login", "demo__add", "a=2", "b=40", browser: try home.recordingBrowser())
            #expect(call.exit == 0 && call.out == "42\n", "\(call)")
            let scope = try #require(home.openedAddresses.last.flatMap { parameter("scope", of: $0) })
            #expect(scope.split(separator: " ").sorted() == ["arithmetic", "offline_access", "tools"])
            #expect(try await demo.state["tokenGrants"]["authorization_code"].int == 2)
        }
    }

    @Test("P15: a scope that is never granted ends in a clear error, not in a loop")
    func stepUpInVain() async throws {
        try await TestHome.with { home in
            let demo = try await demo(
                home,
                [
                    "protection": ["toolScopes": ["add": "arithmetic"]],
                    "authorization": ["grantedScope": "tools offline_access"],
                ])
            #expect(try await home.login("demo").exit == 0)
            let call = try await home.omlx(
                "mcp", "call", "--login", "demo__add", "a=2", "b=40", browser: try home.recordingBrowser())
            #expect(call.exit == 1 && call.err.contains("OAUTH_STEP_UP_FAILED"), "\(call)")
            #expect(call.err.contains("arithmetic"))
            #expect(try await demo.state["tokenGrants"]["authorization_code"].int ?? 9 <= 3)
            let status = try await home.omlx("mcp", "status", "demo")
            #expect(status.out.contains("scopes not granted") && status.out.contains("arithmetic"), "\(status)")
        }
    }

    @Test("C11.6: login itself steps up when the server wants more for its first request")
    func loginStepsUp() async throws {
        try await TestHome.with { home in
            let demo = try await demo(home, [:])
            let login = try await home.login("demo", "--scope", "offline_access")
            #expect(login.exit == 0 && login.err.contains("Signing in again, for offline_access tools"), "\(login)")
            #expect(
                home.openedAddresses.compactMap { parameter("scope", of: $0) } == [
                    "offline_access", "offline_access tools",
                ])
            #expect(try await demo.state["tokenGrants"]["authorization_code"].int == 2)
        }
    }
}
