// Sign-ins kept in the desktop's keyring, with the built binary and a real gnome-keyring.

import Foundation
import Testing

@Suite("sign-ins in the desktop's keyring")
struct KeyringTests {
    @Test("signed in, refreshed, shown and signed out; locked and away are said, and nothing goes to another store")
    func lifeOfASignIn() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo()
            try home.write(
                #"{"servers": {"demo": {"url": "\#(demo.url)"}}, "tokenStorage": {"backend": "secretservice"}}"#,
                to: home.work + "/mcp.json")
            let away = try await home.login("demo")
            #expect(away.exit == 1 && away.err.contains("error: STORE_UNAVAILABLE: "), "\(away)")
            #expect(home.openedAddresses.isEmpty, "nobody signs in when it could not be kept: \(away)")

            let keyring = try await Keyring(home)
            let variables = keyring.variables
            let login = try await home.omlx(
                "mcp", "login", "demo", browser: home.recordingBrowser(), variables: variables)
            #expect(login.exit == 0 && login.out.contains("kept in the desktop's keyring"), "\(login)")
            try await demo.happen("expire-tokens")
            let call = try await home.omlx("mcp", "call", "demo__add", "a=2", "b=40", variables: variables)
            #expect(call.exit == 0 && call.out == "42\n", "\(call)")
            let items = try await keyring.run("secret-tool search --all xdg:schema io.omlx.Credential 2>&1")
            #expect(items.contains("label = omlx: \(demo.url)"), "\(items.prefix(80))")

            try await keyring.lock()
            let locked = try await home.omlx("mcp", "tools", variables: variables)
            #expect(locked.exit == 1 && locked.err.contains("demo: STORE_LOCKED: "), "\(locked)")
            try await keyring.unlock()
            let logout = try await home.omlx("mcp", "logout", "demo", variables: variables)
            #expect(logout.exit == 0 && logout.out.contains("deleted here"), "\(logout)")
            let rest = try await keyring.run("secret-tool search --all xdg:schema io.omlx.Credential 2>&1")
            #expect(!rest.contains("label"), "\(rest.prefix(80))")
            #expect(try FileManager.default.contentsOfDirectory(atPath: home.credentials) == ["locks"])
            try await demo.secretsSeen().expectNone(in: home)
        }
    }
}
