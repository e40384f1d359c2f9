// Opens a URL in the person's browser: a program started directly, never through a shell.

import OmlxCProcess
import Glibc

/// Opens URLs. A protocol so that a program with its own window can bring its own way.
public protocol BrowserOpening: Sendable {
    /// Tries to open a URL; false when nothing could. It may take as long as the program runs.
    func open(_ url: String) async -> Bool
}

/// Starts the programs `BROWSER` names, or the desktop's opener.
public struct BrowserOpener: BrowserOpening {
    private let environment: [String: String]
    private let withheld: Set<String>

    /// An opener that works from these variables.
    /// - Parameter withheld: names of variables that no browser gets, as those a configuration takes secrets from, but for
    ///   the few without which no browser starts or finds its way (`isNeeded`).
    public init(environment: [String: String], withholding withheld: Set<String> = []) {
        self.environment = environment
        self.withheld = withheld
    }

    /// Whether there is any program to try.
    public var canOpen: Bool { !BrowserCommand.candidates(for: "", environment: environment).isEmpty }

    public func open(_ url: String) async -> Bool {
        for command in BrowserCommand.candidates(for: url, environment: environment) {
            guard let process = spawn(command) else { continue }
            if await Self.exitedWell(process) { return true }
            if Task.isCancelled { return true }
        }
        return false
    }

    /// Starts the program in a session of its own, so that Ctrl-C here does not close the browser there, and with nothing of
    /// ours but the variables it may have: signals, descriptors and directories are as for any new program.
    private func spawn(_ command: BrowserCommand) -> pid_t? {
        guard let path = find(command.program) else { return nil }
        let null = Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { return nil }
        defer { close(null) }
        var arguments = ([path] + command.arguments).map { strdup($0) } + [nil]
        var variables = passed.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for string in arguments + variables { free(string) } }
        var process = pid_t()
        let status = cprocess_spawn(&process, path, &arguments, &variables, nil, null, null, null, false, 0)
        return status == 0 ? process : nil
    }

    /// What the browser gets.
    var passed: [String: String] {
        environment.filter { name, _ in Self.isNeeded(name) || (!withheld.contains(name) && Self.isForOthers(name)) }
            .mapValues { Self.withoutUser($0) }
    }

    /// Whether a browser needs the variable to start, or to reach the network, also where another names it.
    private static func isNeeded(_ name: String) -> Bool {
        let needed = [
            "PATH", "HOME", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS",
        ]
        let proxies = ["http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy"]
        return needed.contains(name) || name.hasPrefix("XDG_") || proxies.contains(name.lowercased())
    }

    /// Whether a variable may go to a browser, which runs for days and shows its environment to all programs of the user:
    /// none that may hold a password or a token.
    private static func isForOthers(_ name: String) -> Bool {
        if name == "PWD" { return true }
        let name = name.uppercased()
        let words = Set(name.split(separator: "_").map(String.init))
        return !name.hasPrefix("OMLX_INPUT_")
            && words.isDisjoint(with: ["KEY", "PASS", "PAT", "PWD"])
            && !["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "CREDENTIAL", "BEARER"].contains {
                name.contains($0)
            }
    }

    /// A URL without user and password, as of a proxy; any other value as it is.
    private static func withoutUser(_ value: String) -> String {
        guard let start = value.firstRange(of: "://")?.upperBound,
            let at = value[start...].prefix(while: { !"/?#".contains($0) }).lastIndex(of: "@")
        else { return value }
        return String(value[..<start] + value[value.index(after: at)...])
    }

    private func find(_ program: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        return folders.lazy.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }

    /// Waits for the program's end without holding a thread; a program that goes on running has opened the page.
    private static func exitedWell(_ process: pid_t) async -> Bool {
        var status: Int32 = 0
        var pause = 5
        while true {
            let result = waitpid(process, &status, WNOHANG)
            if result == process { return status == 0 }
            if result < 0 { return errno != ECHILD }
            do { try await Task.sleep(for: .milliseconds(pause)) } catch { return true }
            pause = min(pause * 2, 250)
        }
    }
}
