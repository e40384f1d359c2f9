// Finds and reads the configuration file: the search order, and what is no readable file.

import OmlxErrors
import Glibc
import OmlxJSON

/// Where a configuration file comes from, and so who wants it used.
@nonexhaustive
public enum ConfigurationOrigin: String, Sendable, Hashable, CaseIterable, Codable {
    /// Named by the program, as with `--mcp-config`.
    case named
    /// Named by `OMLX_MCP_CONFIG`.
    case environment
    /// Found in the working folder: it may have come there with another person's files.
    case workingFolder = "working_folder"
    /// In the user's own configuration folder.
    case user
}

/// Where the configuration may be looked for.
struct ConfigurationSearch {
    var explicitPath: String?
    var environment: [String: String]
    var workingDirectory: String
    var homeDirectory: String
    /// Whether a file in the working folder counts. It does not for a host that stays up, which belongs to a user and not to a folder.
    var looksInWorkingFolder = true

    struct Outcome: Equatable {
        /// The absolute path of the file to read.
        var path: String
        var origin: ConfigurationOrigin
    }

    private static let names = ["mcp.json", "mcp.yaml", "mcp.yml"]

    /// The first of: the explicit path, `OMLX_MCP_CONFIG`, the working directory, the user's configuration folders; `nil`
    /// when there is none.
    /// - Throws: `CONFIG_NOT_FOUND` when the explicit path or the variable names nothing.
    func find() throws(OmlxError) -> Outcome? {
        if let explicitPath {
            return Outcome(
                path: try named(explicitPath, "check the path given with \(.setting(.configuration))"), origin: .named)
        }
        if let variable = environment["OMLX_MCP_CONFIG"], !variable.isEmpty {
            return Outcome(path: try named(variable, "correct or unset OMLX_MCP_CONFIG"), origin: .environment)
        }
        if looksInWorkingFolder, let path = Self.existing(in: workingDirectory) {
            return Outcome(path: path, origin: isUsers(workingDirectory) ? .user : .workingFolder)
        }
        return userFile.map { Outcome(path: $0, origin: .user) }
    }

    /// Every path that is looked at.
    var places: [String] {
        if let named = explicitPath ?? environment["OMLX_MCP_CONFIG"].flatMap({ $0.isEmpty ? nil : $0 }) {
            return [absolute(named)]
        }
        let folders = (looksInWorkingFolder ? [workingDirectory] : []) + userFolders
        return folders.flatMap { folder in Self.names.map { ConfigurationPath.joined(folder, $0) } }
    }

    /// The user's own file.
    var userFile: String? { userFolders.lazy.compactMap { Self.existing(in: $0) }.first }

    private var userFolders: [String] {
        var folders: [String] = []
        if let configuration = environment["XDG_CONFIG_HOME"], configuration.hasPrefix("/") {
            folders.append(ConfigurationPath.joined(configuration, "omlx"))
        }
        if !homeDirectory.isEmpty { folders.append(ConfigurationPath.joined(homeDirectory, ".config/omlx")) }
        return folders
    }

    /// Whether a folder is the one the user's own file would be looked for in.
    private func isUsers(_ folder: String) -> Bool {
        var status = stat()
        guard stat(folder, &status) == 0 else { return false }
        return userFolders.contains { path in
            var other = stat()
            return stat(path, &other) == 0 && other.st_dev == status.st_dev && other.st_ino == status.st_ino
        }
    }

    private func named(_ text: String, _ nextStep: Remedy) throws(OmlxError) -> String {
        let path = absolute(text)
        guard !text.isEmpty, ConfigurationFile.exists(path) else {
            throw OmlxError(
                .configNotFound, "the configuration file \(OmlxError.shown(path)) does not exist", nextStep: nextStep)
        }
        return path
    }

    private static func existing(in folder: String) -> String? {
        names.lazy.map { ConfigurationPath.joined(folder, $0) }.first { ConfigurationFile.exists($0) }
    }

    func absolute(_ path: String) -> String {
        ConfigurationPath.resolved(path, folder: workingDirectory, home: homeDirectory)
    }
}

/// Paths as the configuration writes them; by their text alone, links are not followed.
package enum ConfigurationPath {
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

    /// The last name of a path; all of it when there is none, as of the root.
    static func name(of path: String) -> String {
        path.pieces(between: "/").last { !$0.isEmpty }.map(String.init) ?? path
    }

    /// The folder that holds the file of this absolute path.
    package static func folder(of path: String) -> String {
        guard let slash = path.unicodeScalars.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

package enum ConfigurationFile {
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

    /// A regular file of at most `maximumSize`, and what stands against using it.
    /// - Throws: `CONFIG_NOT_FOUND`, `CONFIG_UNREADABLE`.
    package static func read(_ path: String) throws(OmlxError) -> JudgedFile {
        do throws(JudgedFile.Failure) {
            return try JudgedFile.read(path, atMost: maximumSize)
        } catch {
            switch error {
            case .system(let number): throw unreadable(path, number)
            case .isFolder: throw unreadable(path, "is a folder, not a file")
            case .isNoRegularFile: throw unreadable(path, "is not a regular file")
            case .isLarger:
                throw unreadable(
                    path, "is larger than \(maximumSize / 1024 / 1024) MiB, so it is no configuration file")
            }
        }
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
            nextStep: "name a readable JSON or YAML file with \(.setting(.configuration))")
    }
}
