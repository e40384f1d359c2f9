// How the tests run a real keyring: gnome-keyring on a session bus of its own, in one folder. The callers start the programs.

/// GNOME Keyring in a folder: what is written there, what is started, in words of a shell.
public struct TestKeyring: Sendable {
    /// Its folder, with `run` and `data` in it, for the owner alone.
    public let folder: String

    /// A keyring in this folder.
    public init(folder: String) { self.folder = folder }

    /// The script of another keyring, in `Tests/Keyrings`.
    public static func script(_ name: String) -> String {
        "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Keyrings/\(name).sh"
    }

    /// The keyring's password.
    public static let password = "the password"

    /// Lets the bus start the program that shows the keyring's window, and no other.
    public var letPromptersStart: String {
        "mkdir '\(folder)/services' && cp /usr/share/dbus-1/services/org.gnome.keyring.*Prompter.service '\(folder)/services'"
    }

    /// Folders to be made.
    public var folders: [String] { [folder + "/run", folder + "/data"] }

    /// Files to be written, with their contents.
    public var files: [(path: String, text: String)] {
        [("\(folder)/password", Self.password), ("\(folder)/bus.conf", busConfiguration)]
    }

    /// The bus, as a program with its arguments; it writes its address once it listens.
    public var bus: [String] {
        ["/usr/bin/dbus-daemon", "--config-file=\(folder)/bus.conf", "--nofork", "--print-address"]
    }

    /// What a program needs to find the keyring.
    public var variables: [(name: String, value: String)] {
        [
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=\(folder)/bus"), ("XDG_RUNTIME_DIR", "\(folder)/run"),
            ("XDG_DATA_HOME", "\(folder)/data"),
        ]
    }

    /// The keyring itself, unlocked with its password; the first time it is made. Stays in the foreground.
    public var daemon: String {
        "exec gnome-keyring-daemon --foreground --unlock --components=secrets <'\(folder)/password' >/dev/null 2>&1"
    }

    /// Waits until the keyring answers.
    public var wait: String { "gdbus wait --session --timeout 180 org.freedesktop.secrets" }

    /// Waits until it answers.
    public var ping: String {
        "gdbus call --session --timeout 180 -d org.freedesktop.secrets -o /org/freedesktop/secrets "
            + "-m org.freedesktop.DBus.Peer.Ping"
    }

    /// Locks everything in it.
    public var lock: String {
        "gdbus call --session -d org.freedesktop.secrets -o /org/freedesktop/secrets "
            + "-m org.freedesktop.Secret.Service.Lock \"['/org/freedesktop/secrets/collection/login']\""
    }

    /// Nothing is started by being asked for: a keyring is there when the test starts it.
    private var busConfiguration: String {
        """
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig><type>session</type><listen>unix:path=\(folder)/bus</listen>
        <servicedir>\(folder)/services</servicedir>
        <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
        <allow own="*"/></policy></busconfig>
        """
    }
}
