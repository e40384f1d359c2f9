// Finds and reads the configuration file: the search order, and what is no readable file.

import ErrorCatalogue
import Glibc

/// Where the configuration may be looked for.
struct ConfigurationSearch {
    var explicitPath: String?
    var environment: [String: String]
    var workingDirectory: String
    var homeDirectory: String

    struct Outcome {
        /// The absolute path of the file to read; `nil` when there is none.
        var path: String?
        var diagnostics: [ConfigurationDiagnostic] = []
    }

    private static let names = ["mcp.json", "mcp.yaml", "mcp.yml"]

    /// The first of: the explicit path, `OMLX_MCP_CONFIG`, the working directory, the user's configuration folders.
    /// - Throws: `CONFIG_NOT_FOUND` when an explicit path names nothing.
    func find() throws(OmlxError) -> Outcome {
        if let explicitPath {
            let path = absolute(explicitPath)
            guard !explicitPath.isEmpty, ConfigurationFile.exists(path) else {
                throw OmlxError(
                    .configNotFound, "the configuration file \(OmlxError.shown(path)) does not exist",
                    nextStep: "check the path given with --mcp-config")
            }
            return Outcome(path: path)
        }
        var outcome = Outcome()
        if let named = environment["OMLX_MCP_CONFIG"], !named.isEmpty {
            let path = absolute(named)
            if ConfigurationFile.exists(path) { return Outcome(path: path) }
            outcome.diagnostics.append(
                ConfigurationDiagnostic(
                    severity: .warning, code: .configNotFound, file: path,
                    message: "the file that OMLX_MCP_CONFIG names does not exist; looked elsewhere",
                    nextStep: "correct or unset OMLX_MCP_CONFIG"))
        }
        outcome.path = candidates.first { ConfigurationFile.exists($0) }
        return outcome
    }

    /// The files looked for when none is named, in their order.
    var candidates: [String] {
        var folders = [workingDirectory]
        if let configuration = environment["XDG_CONFIG_HOME"], configuration.hasPrefix("/") {
            folders.append(ConfigurationPath.joined(configuration, "omlx"))
        }
        if !homeDirectory.isEmpty { folders.append(ConfigurationPath.joined(homeDirectory, ".config/omlx")) }
        return folders.flatMap { folder in Self.names.map { ConfigurationPath.joined(folder, $0) } }
    }

    private func absolute(_ path: String) -> String {
        ConfigurationPath.resolved(path, folder: workingDirectory, home: homeDirectory)
    }
}

/// Paths as the configuration writes them; by their text alone, links are not followed.
enum ConfigurationPath {
    /// `~` and `~/…` in the home folder, a relative path in `folder`.
    static func resolved(_ path: String, folder: String, home: String) -> String {
        let expanded = expandingHome(path, home: home)
        return expanded.hasPrefix("/") ? expanded : joined(folder, expanded)
    }

    static func expandingHome(_ path: String, home: String) -> String {
        guard !home.isEmpty, path == "~" || path.hasPrefix("~/") else { return path }
        return path == "~" ? home : joined(home, String(path.dropFirst(2)))
    }

    static func joined(_ folder: String, _ path: String) -> String {
        var rest = Substring(path)
        while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
        if rest.isEmpty || rest == "." { return folder }
        return folder.hasSuffix("/") ? folder + rest : "\(folder)/\(rest)"
    }

    /// The folder that holds the file of this absolute path.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

enum ConfigurationFile {
    /// The largest configuration file that is read, in bytes.
    static let maximumSize = 16 * 1024 * 1024

    /// Whether something of that name exists. What exists and cannot be looked at counts as existing.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        guard !path.utf8.contains(0) else { return false }
        return stat(path, &status) == 0 || ![ENOENT, ENOTDIR].contains(errno)
    }

    /// Whether the path names a regular file that this user may read.
    static func isReadable(_ path: String) -> Bool {
        var status = stat()
        guard !path.utf8.contains(0), stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        return access(path, R_OK) == 0
    }

    /// The bytes of a regular file of at most `maximumSize`.
    /// - Throws: `CONFIG_NOT_FOUND`, `CONFIG_UNREADABLE`.
    static func read(_ path: String) throws(OmlxError) -> [UInt8] {
        // A pipe without a writer must not hold up the start.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw unreadable(path, "is a folder, not a file")
        default: throw unreadable(path, "is not a regular file")
        }
        guard status.st_size <= maximumSize else { throw tooLarge(path) }
        return try readAll(descriptor, path, expected: Int(status.st_size))
    }

    private static func readAll(
        _ descriptor: Int32, _ path: String, expected: Int
    ) throws(OmlxError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expected)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path, errno) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= maximumSize else { throw tooLarge(path) }
        }
    }

    private static func tooLarge(_ path: String) -> OmlxError {
        unreadable(path, "is larger than \(maximumSize / 1024 / 1024) MiB, so it is no configuration file")
    }

    private static func unreadable(_ path: String, _ number: Int32) -> OmlxError {
        if number == ENOENT {
            return OmlxError(.configNotFound, "the configuration file \(OmlxError.shown(path)) does not exist")
        }
        let reason = strerror(number).map { String(cString: $0) } ?? "error \(number)"
        return unreadable(path, "cannot be read: \(reason)")
    }

    private static func unreadable(_ path: String, _ reason: String) -> OmlxError {
        OmlxError(
            .configUnreadable, "the configuration file \(OmlxError.shown(path)) \(reason)",
            nextStep: "name a readable JSON or YAML file with --mcp-config")
    }
}
