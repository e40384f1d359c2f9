// Opens a URL in the person's browser: a program started directly, never through a shell.

import Glibc

/// Opens URLs. A protocol so that a program with its own window can bring its own way.
public protocol BrowserOpening: Sendable {
    /// Tries to open a URL; false when nothing could. It may take as long as the program runs.
    func open(_ url: String) async -> Bool
}

/// Starts the programs `BROWSER` names, or the desktop's opener.
public struct BrowserOpener: BrowserOpening {
    private let environment: [String: String]

    /// An opener that works from these variables.
    public init(environment: [String: String]) { self.environment = environment }

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

    /// Starts the program in a session of its own, so that Ctrl-C here does not close the browser there.
    private func spawn(_ command: BrowserCommand) -> pid_t? {
        guard let path = find(command.program) else { return nil }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        guard posix_spawn_file_actions_init(&actions) == 0, posix_spawnattr_init(&attributes) == 0 else { return nil }
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for descriptor in 0...2 {
            posix_spawn_file_actions_addopen(&actions, Int32(descriptor), "/dev/null", O_RDWR, 0)
        }
        // POSIX_SPAWN_SETSID, a macro of glibc that Swift does not import.
        posix_spawnattr_setflags(&attributes, 0x80)
        let arguments = ([path] + command.arguments).map { strdup($0) }
        let variables = environment.filter { Self.isForOthers($0.key) }.map {
            strdup("\($0.key)=\(Self.withoutUser($0.value))")
        }
        defer { for string in arguments + variables { free(string) } }
        var process = pid_t()
        let status = posix_spawn(&process, path, &actions, &attributes, arguments + [nil], variables + [nil])
        return status == 0 ? process : nil
    }

    /// Whether a variable may go to a browser, which runs for days and shows its environment to all programs of the user:
    /// none that may hold a password or a token.
    static func isForOthers(_ name: String) -> Bool {
        if ["XDG_ACTIVATION_TOKEN", "PWD"].contains(name) { return true }
        let name = name.uppercased()
        let words = Set(name.split(separator: "_").map(String.init))
        return !name.hasPrefix("OMLX_INPUT_")
            && words.isDisjoint(with: ["KEY", "PASS", "PAT", "PWD"])
            && !["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "CREDENTIAL", "BEARER"].contains {
                name.contains($0)
            }
    }

    /// A URL without user and password, as of a proxy; any other value as it is.
    static func withoutUser(_ value: String) -> String {
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
