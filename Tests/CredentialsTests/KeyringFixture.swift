// A real keyring for tests of the store, and the probe beside it.

import OmlxErrors
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import OmlxCredentials

/// GNOME Keyring on a bus of its own. Programs that are to use it get `environment`.
final class KeyringFixture {
    let folder: String
    private let keyring: TestKeyring
    private var bus: ProbeProcess?
    private var daemon: ProbeProcess?

    init(_ folder: String) throws {
        self.folder = folder
        keyring = TestKeyring(folder: folder)
        for path in keyring.folders { try #require(mkdir(path, 0o700) == 0) }
        for file in keyring.files { try overwrite(file.path, Array(file.text.utf8)) }
        try startBus()
    }

    func startBus() throws {
        unlink("\(folder)/bus")
        bus = try ProbeProcess(command: keyring.bus, environment: ["PATH=/usr/bin:/bin", "HOME=\(folder)"])
        try #require(bus?.readLine()?.hasPrefix("unix:") == true, "there is no bus")
    }

    /// What a program needs to find the keyring.
    var environment: [String] {
        ["PATH=/usr/bin:/bin", "HOME=\(folder)"] + keyring.variables.map { "\($0.name)=\($0.value)" }
    }

    /// Starts the keyring.
    func start() throws {
        daemon = try ProbeProcess(command: ["/bin/sh", "-c", keyring.daemon], environment: environment)
        _ = try run(keyring.wait)
    }

    /// Locks everything in it.
    func lock() throws { _ = try run(keyring.lock) }

    /// Sends the keyring a signal.
    func signal(_ number: Int32) { if let daemon { kill(daemon.processID, number) } }

    /// Lets a stopped keyring go on, and waits until it answers: it has much to catch up with.
    func awaken() throws {
        signal(SIGCONT)
        _ = try run(keyring.ping)
    }

    /// Runs something that asks the keyring, and waits until a question to it is on the bus.
    func whenAsked(_ begin: () -> Void) throws {
        let monitor = try ProbeProcess(
            command: [
                "/usr/bin/dbus-monitor", "--session", "type='method_call',destination='org.freedesktop.secrets'",
            ], environment: environment)
        // It says something of its own once it listens.
        _ = monitor.readLine()
        begin()
        while let line = monitor.readLine(), !line.contains("destination=org.freedesktop.secrets") {}
        monitor.kill()
        _ = monitor.finish()
    }

    /// Runs a shell command beside the keyring; its lines.
    func run(_ command: String) throws -> [String] {
        try ProbeProcess(command: ["/bin/sh", "-c", "exec 2>&1; \(command)"], environment: environment).finish()
    }

    /// Runs the probe on the store in this keyring; its lines.
    func probe(_ words: String...) throws -> [String] { try start(probe: words).finish() }

    func start(probe words: [String], and more: [String] = []) throws -> ProbeProcess {
        try ProbeProcess([words[0], "keyring:\(folder)/locks"] + words.dropFirst(), environment: environment + more)
    }

    func stopKeyring() {
        signal(SIGKILL)
        _ = daemon?.finish()
        daemon = nil
    }

    func stopBus() {
        bus?.kill()
        _ = bus?.finish()
        bus = nil
    }

    func stop() {
        stopKeyring()
        stopBus()
    }
}

/// Runs a test beside a keyring of its own.
func withKeyring(isStarted: Bool = true, _ body: (KeyringFixture) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
        let keyring = try KeyringFixture(folder)
        do {
            if isStarted { try keyring.start() }
            try await body(keyring)
        } catch {
            keyring.stop()
            throw error
        }
        keyring.stop()
    }
}
