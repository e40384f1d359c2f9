// A real keyring for tests: gnome-keyring on a session bus of its own, in a folder that is gone afterwards.

import ErrorCatalogue
import FoundationEssentials
import Glibc
import Testing

@testable import Credentials

/// GNOME Keyring on a bus of its own. Programs that are to use it get `environment`.
final class KeyringFixture {
    let folder: String
    private var bus: ProbeProcess?
    private var daemon: ProbeProcess?

    /// Nothing is started by being asked for: a keyring is there when the test starts it.
    private static let configuration = """
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig><type>session</type><listen>unix:path=FOLDER/bus</listen>
        <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
        <allow own="*"/></policy></busconfig>
        """

    init(_ folder: String) throws {
        self.folder = folder
        for name in ["run", "data"] { try #require(mkdir("\(folder)/\(name)", 0o700) == 0) }
        try overwrite("\(folder)/bus.conf", Array(Self.configuration.replacing("FOLDER", with: folder).utf8))
        bus = try ProbeProcess(
            command: ["/usr/bin/dbus-daemon", "--config-file=\(folder)/bus.conf", "--nofork", "--print-address"],
            environment: ["PATH=/usr/bin:/bin", "HOME=\(folder)"])
        try #require(bus?.readLine()?.hasPrefix("unix:") == true, "there is no bus")
    }

    /// What a program needs to find the keyring.
    var environment: [String] {
        [
            "PATH=/usr/bin:/bin", "HOME=\(folder)", "XDG_RUNTIME_DIR=\(folder)/run", "XDG_DATA_HOME=\(folder)/data",
            "DBUS_SESSION_BUS_ADDRESS=unix:path=\(folder)/bus",
        ]
    }

    /// Starts the keyring, unlocked with its password; the first time it is made.
    func start() throws {
        let program = "exec gnome-keyring-daemon --foreground --unlock --components=secrets <\"$0\" >/dev/null 2>&1"
        try overwrite("\(folder)/password", Array("the password\n".utf8))
        daemon = try ProbeProcess(
            command: ["/bin/sh", "-c", program, "\(folder)/password"], environment: environment)
        let wait = ["/usr/bin/gdbus", "wait", "--session", "--timeout", "60", "org.freedesktop.secrets"]
        _ = try ProbeProcess(command: wait, environment: environment).finish()
    }

    /// Locks everything in it.
    func lock() throws {
        _ = try run(
            "gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets "
                + "-m org.freedesktop.Secret.Service.Lock \"['/org/freedesktop/secrets/collection/login']\"")
    }

    /// Sends the keyring a signal.
    func signal(_ number: Int32) { if let daemon { kill(daemon.processID, number) } }

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
