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
            #expect(!FileManager.default.fileExists(atPath: home.credentials), "no file was made")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }
}

/// gnome-keyring on a bus of its own, as long as the home lives.
private final class Keyring {
    private let home: TestHome
    private let folder: String
    private let daemon: ChildProgram

    init(_ home: TestHome) async throws {
        self.home = home
        folder = home.desk + "/keyring"
        for name in ["", "/run", "/data"] {
            try FileManager.default.createDirectory(
                atPath: folder + name, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        try home.write("the password\n", to: folder + "/password")
        try home.write(
            """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><type>session</type><listen>unix:path=\(folder)/bus</listen>
            <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
            <allow own="*"/></policy></busconfig>
            """, to: folder + "/bus.conf")
        let bus = try home.start(
            program: "/usr/bin/dbus-daemon", ["--config-file=\(folder)/bus.conf", "--nofork", "--print-address"])
        try await bus.text("^unix:")
        daemon = try home.start(program: "/usr/bin/env", Self.words(folder) + ["/bin/sh", "-c", Self.program(folder)])
        try await waitForIt()
    }

    /// What a program needs to find the keyring.
    var variables: [String: String] { ["DBUS_SESSION_BUS_ADDRESS": "unix:path=\(folder)/bus"] }

    private static func words(_ folder: String) -> [String] {
        [
            "DBUS_SESSION_BUS_ADDRESS=unix:path=\(folder)/bus", "XDG_RUNTIME_DIR=\(folder)/run",
            "XDG_DATA_HOME=\(folder)/data",
        ]
    }

    private static func program(_ folder: String) -> String {
        "exec gnome-keyring-daemon --foreground --unlock --components=secrets <'\(folder)/password' >/dev/null 2>&1"
    }

    /// Runs a shell command beside it; what it writes.
    @discardableResult
    func run(_ command: String) async throws -> String {
        try await home.run("/usr/bin/env", Self.words(folder) + ["/bin/sh", "-c", command]).out
    }

    private func waitForIt() async throws { try await run("gdbus wait --session --timeout 60 org.freedesktop.secrets") }

    func lock() async throws {
        try await run(
            "gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets "
                + "-m org.freedesktop.Secret.Service.Lock \"['/org/freedesktop/secrets/collection/login']\"")
    }

    /// A new keyring in the place of the locked one, with the same folder and password.
    func unlock() async throws {
        await daemon.stop()
        _ = try home.start(program: "/usr/bin/env", Self.words(folder) + ["/bin/sh", "-c", Self.program(folder)])
        try await waitForIt()
    }
}
