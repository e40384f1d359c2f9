// A real gnome-keyring for commands, and a display for the window it asks in.

import Foundation
import Glibc
import TestSupport

/// gnome-keyring on a bus of its own, as long as the home lives.
final class Keyring {
    private let home: TestHome
    private let keyring: TestKeyring
    private var daemon: ChildProgram

    /// - Parameter display: Where the keyring may show its window; it cannot without one.
    init(_ home: TestHome, display: String? = nil) async throws {
        self.home = home
        keyring = TestKeyring(folder: home.desk + "/keyring")
        for path in keyring.folders {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        for file in keyring.files { try home.write(file.text, to: file.path) }
        if display != nil { _ = try await home.run("/bin/sh", ["-c", keyring.letPromptersStart]) }
        let bus = try home.start(
            program: "/usr/bin/env", (display.map { ["DISPLAY=\($0)", "NO_AT_BRIDGE=1"] } ?? []) + keyring.bus)
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

    /// Sends the keyring a signal.
    func signal(_ number: Int32) { daemon.signal(number) }

    /// Lets a stopped keyring go on, and waits until it answers: it has much to catch up with.
    func awaken() async throws {
        signal(SIGCONT)
        try await run(keyring.ping)
    }

    /// A new keyring in the place of the locked one, with the same folder and password.
    func unlock() async throws {
        await daemon.stop()
        daemon = try home.start(program: "/usr/bin/env", Self.words(keyring) + ["/bin/sh", "-c", keyring.daemon])
        try await run(keyring.wait)
    }
}

/// KeePassXC or KWallet on a bus of its own, by their script in `Tests/Keyrings`, as long as the home lives.
final class OtherKeyring {
    private let home: TestHome
    private let folder: String
    private let program: ChildProgram

    /// - Parameters:
    ///   - name: The script's, such as `keepassxc`.
    ///   - words: What else the script takes.
    ///   - display: Where it may show windows.
    init(_ home: TestHome, _ name: String, _ words: String..., display: String? = nil) async throws {
        self.home = home
        folder = home.desk + "/k"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        program = try home.start(
            program: "/usr/bin/env",
            (display.map { ["DISPLAY=\($0)"] } ?? []) + [TestKeyring.script(name), folder] + words)
        try await program.text("^ready\n")
    }

    /// What a program needs to find the keyring, beside folders of its own.
    var variables: [String: String] { ["DBUS_SESSION_BUS_ADDRESS": "unix:path=\(folder)/bus"] }

    /// Tells the script a word and waits until it has obeyed.
    func say(_ word: String) async throws {
        told += 1
        program.write(word + "\n")
        try await program.text("((?:done\\n(?s:.*)){\(told)})")
    }

    private var told = 0

    /// Runs a shell command beside it; what it writes.
    @discardableResult
    func run(_ command: String) async throws -> String {
        let words = variables.map { "\($0.key)=\($0.value)" } + ["XDG_RUNTIME_DIR=\(folder)/run"]
        return try await home.run("/usr/bin/env", words + ["/bin/sh", "-c", command]).out
    }
}

/// A display without a screen.
final class Display {
    private let home: TestHome
    private let server: ChildProgram
    /// Its name, such as `:99`.
    let name: String

    init(_ home: TestHome) async throws {
        self.home = home
        server = try home.start(
            program: "/usr/bin/env",
            ["Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"])
        name = ":" + (try await server.text(#"^(\d+)\n"#))
    }

    /// Waits for the keyring's window and types into it.
    /// - Parameter keys: a text to type and Return after it, or the name of a key.
    func type(_ text: String? = nil, key: String = "Return") async throws {
        let line = text.map { "xdotool type --delay 8 -- '\($0)'; " } ?? ""
        let script = """
            i=0
            until window=$(xdotool search --onlyvisible --class Gcr-prompter 2>/dev/null) && [ -n "$window" ]; do
                i=$((i + 1)); [ $i -lt 6000 ] || exit 1; sleep 0.02
            done
            until [ "$(xdotool getwindowfocus -f 2>/dev/null)" = "$window" ]; do
                i=$((i + 1)); [ $i -lt 6000 ] || exit 1
                xdotool windowfocus "$window" 2>/dev/null; sleep 0.02
            done
            \(line)xdotool key \(key)
            """
        let run = try await home.run("/usr/bin/env", ["DISPLAY=\(name)", "/bin/sh", "-c", script])
        guard run.exit == 0 else { throw Missing(description: "the keyring shows no window: \(run)") }
    }

    /// Waits for a window with this in its title, presses keys in it, and waits until it is gone. Keys are pressed again
    /// only after long: of keys pressed twice some would reach the next window, where they mean something else.
    func press(_ keys: String, inWindow title: String) async throws {
        let script = """
            i=0
            until window=$(xdotool search --onlyvisible --name '\(title)' 2>/dev/null | tail -n 1) && [ -n "$window" ]; do
                i=$((i + 1)); [ $i -lt 1500 ] || exit 1; sleep 0.05
            done
            i=0
            while xdotool search --onlyvisible --name '\(title)' 2>/dev/null | grep -qx "$window"; do
                if [ $((i % 200)) -eq 0 ]; then xdotool windowfocus --sync "$window" 2>/dev/null && xdotool key \(keys); fi
                i=$((i + 1)); [ $i -lt 1500 ] || exit 1; sleep 0.05
            done
            """
        let run = try await home.run("/usr/bin/env", ["DISPLAY=\(name)", "/bin/sh", "-c", script])
        guard run.exit == 0 else { throw Missing(description: "no window \(title) went away: \(run)") }
    }

    /// Whether a window is shown now.
    func showsWindow() async throws -> Bool {
        let search = "xdotool search --onlyvisible --class Gcr-prompter"
        let run = try await home.run("/usr/bin/env", ["DISPLAY=\(name)", "/bin/sh", "-c", search])
        return !run.out.isEmpty
    }

    /// Ends it in order: it leaves files behind otherwise.
    func stop() async throws {
        server.signal(SIGTERM)
        _ = try await server.end(within: 120)
    }
}
