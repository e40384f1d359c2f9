// Sign-ins kept in the desktop's keyring, with the built binary and a real gnome-keyring.

import Foundation
import TestSupport
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
            #expect(!FileManager.default.fileExists(atPath: home.credentials), "no file was made")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }
}

/// gnome-keyring on a bus of its own, as long as the home lives.
private final class Keyring {
    private let home: TestHome
    private let keyring: TestKeyring
    private let daemon: ChildProgram

    init(_ home: TestHome) async throws {
        self.home = home
        keyring = TestKeyring(folder: home.desk + "/keyring")
        for path in keyring.folders {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        for file in keyring.files { try home.write(file.text, to: file.path) }
        let bus = try home.start(program: keyring.bus[0], Array(keyring.bus.dropFirst()))
        try await bus.text("^unix:")
        daemon = try home.start(program: "/usr/bin/env", Self.words(keyring) + ["/bin/sh", "-c", keyring.daemon])
        try await run(keyring.wait)
    }

    /// What a program needs to find the keyring, beside folders of its own.
    var variables: [String: String] {
        Dictionary(uniqueKeysWithValues: keyring.variables.filter { $0.name == "DBUS_SESSION_BUS_ADDRESS" }.map { $0 })
    }

    private static func words(_ keyring: TestKeyring) -> [String] { keyring.variables.map { "\($0.name)=\($0.value)" } }

    /// Runs a shell command beside it; what it writes.
    @discardableResult
    func run(_ command: String) async throws -> String {
        try await home.run("/usr/bin/env", Self.words(keyring) + ["/bin/sh", "-c", command]).out
    }

    func lock() async throws { try await run(keyring.lock) }

    /// A new keyring in the place of the locked one, with the same folder and password.
    func unlock() async throws {
        await daemon.stop()
        _ = try home.start(program: "/usr/bin/env", Self.words(keyring) + ["/bin/sh", "-c", keyring.daemon])
        try await run(keyring.wait)
    }
}
