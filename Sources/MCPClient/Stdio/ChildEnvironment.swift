// What a child process gets from the host's environment, and where its command is found. No process is started.

import OmlxErrors
import Glibc

/// The variables of a child process: a few of the host's, and those declared for it.
enum ChildEnvironment {
    /// Passed on as they are: where things are and how to speak to the person. None holds a secret.
    private static let allowed: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "LANG", "LANGUAGE", "TMPDIR",
        "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
        "NO_PROXY", "no_proxy",
    ]

    /// Passed on unless they carry a user name or password.
    private static let proxies: Set<String> = [
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
    ]

    /// The child's variables. A value that begins with `()` is a function of some shells and stays here.
    /// - Parameter inheritsAll: whether the others are inherited all.
    static func variables(
        host: [String: String], declared: [String: String], inheritsAll: Bool = false
    ) -> [String: String] {
        let inherited = host.filter { name, value in
            guard !value.hasPrefix("()") else { return false }
            if inheritsAll { return true }
            if proxies.contains(name) { return !value.contains("@") }
            return allowed.contains(name) || name.hasPrefix("LC_")
        }
        return inherited.merging(declared) { _, declared in declared }
    }
}

extension StdioCommand {
    /// The names of the host's variables that say something and that the child does not get.
    package func variablesWithheld(from host: [String: String]) -> Set<String> {
        let passed = ChildEnvironment.variables(host: host, declared: environment, inheritsAll: inheritsAll)
        return Set(host.lazy.filter { !$0.value.isEmpty && passed[$0.key] == nil }.map(\.key))
    }
}

/// A command ready to be started.
struct ResolvedCommand: Sendable, Hashable {
    let path: String
    let arguments: [String]
    let variables: [String: String]
    let workingDirectory: String?

    /// Finds the program as a shell would, in the child's own `PATH`.
    /// - Throws: `TRANSPORT_COMMAND_NOT_FOUND` or `TRANSPORT_COMMAND_FAILED`.
    init(_ command: StdioCommand, host: [String: String]) throws(OmlxError) {
        variables = ChildEnvironment.variables(
            host: host, declared: command.environment, inheritsAll: command.inheritsAll)
        arguments = [command.command] + command.arguments
        workingDirectory = command.workingDirectory
        for text in arguments + variables.flatMap({ [$0.key, $0.value] }) + [command.workingDirectory ?? ""]
        where text.utf8.contains(0) {
            throw OmlxError(.transportCommandFailed, "the server's command, arguments or variables hold a zero byte")
        }
        if let folder = workingDirectory, Self.kind(of: folder) != .folder {
            throw OmlxError(
                .transportCommandFailed, "the folder to start the server in does not exist: \(OmlxError.shown(folder))",
                nextStep: "correct cwd in the server's entry")
        }
        path = try Self.find(command.command, in: variables["PATH"] ?? Self.defaultPath, from: workingDirectory)
    }

    private static let defaultPath = "/usr/local/bin:/usr/bin:/bin"

    private enum Kind { case program, file, folder, missing }

    private static func kind(of path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .missing }
        if status.st_mode & S_IFMT == S_IFDIR { return .folder }
        return access(path, X_OK) == 0 ? .program : .file
    }

    private static func find(
        _ command: String, in searchPath: String, from folder: String?
    ) throws(OmlxError) -> String {
        let shown = OmlxError.shown(command, limit: 200)
        var found: Kind = .missing
        if command.contains("/") {
            let path = command.hasPrefix("/") ? command : (folder.map { $0 + "/" } ?? "") + command
            found = kind(of: path)
            // A relative path is read after the child has changed its folder.
            if found == .program { return command }
        } else if !command.isEmpty {
            for entry in searchPath.split(separator: ":") {
                let path = "\(entry)/\(command)"
                let kind = kind(of: path)
                if kind == .program { return path }
                if kind == .file { found = .file }
            }
        }
        switch found {
        case .file, .folder:
            let what = found == .file ? "may not be executed" : "is a folder"
            throw OmlxError(
                .transportCommandFailed, "the server's command \(shown) \(what)",
                nextStep: found == .file ? "chmod +x \(shown)" : "correct command in the server's entry")
        case .missing, .program:
            let place = command.contains("/") ? "does not exist" : "was not found in PATH"
            throw OmlxError(
                .transportCommandNotFound, "the server's command \(shown) \(place)",
                nextStep: "install \(shown), or give its full path as command")
        }
    }
}
