// Variables that are set here and that a stdio server does not get, and what to write so that it does. No I/O.

import OmlxErrors
import FoundationEssentials
import OmlxMCPClient

/// The variables of the host that one child process is not given.
struct WithheldVariables: Sendable {
    /// All of them, but for those a shell keeps for itself and omlx's own.
    let names: [String]
    /// Those that are known to be missed without a word, the likeliest first.
    let known: [String]
    private let candidates: Set<String>

    /// How many are suggested at once.
    private static let suggested = 6
    /// Of the shell and the terminal: no program asks for them by name.
    private static let shellOwn: Set<String> = [
        "PWD", "OLDPWD", "SHLVL", "PS1", "PS2", "PS4", "IFS", "LS_COLORS", "LESSOPEN", "LESSCLOSE", "COLORTERM",
        "PROMPT_COMMAND", "HISTFILE", "HISTSIZE", "HISTCONTROL", "WINDOWID", "STY", "TMUX", "TMUX_PANE",
    ]
    /// What programs say in capitals for another reason.
    private static let words: Set<String> = [
        "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "TRACE", "LOG",
        // What runtimes offer to say more by.
        "RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "GOTRACEBACK", "NODE_DEBUG", "PYTHONFAULTHANDLER", "PYTHONTRACEMALLOC",
    ]
    /// What programs find other programs, accounts, displays and the network by, without a word when it is not there.
    private static let wellKnown = [
        "DOCKER_", "KUBECONFIG", "AWS_", "GOOGLE_APPLICATION_CREDENTIALS", "UV_", "HTTP_PROXY", "HTTPS_PROXY",
        "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
        "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS",
    ]
    /// How many of those are said of a server that named none.
    private static let toldKnown = 3

    /// - Parameters:
    ///   - command: the child, with the variables declared for it.
    ///   - host: the host's own variables.
    init(_ command: StdioCommand, host: [String: String]) {
        let names = command.variablesWithheld(from: host).filter { Self.isOrdinary($0) }
        let all = names.sorted()
        self.names = all
        candidates = names.filter { Self.isTelling($0) }
        let words = ([command.command] + command.arguments).joined(separator: " ").lowercased()
        let wellKnown = Self.wellKnown.flatMap { known in
            all.filter { known.hasSuffix("_") ? $0.hasPrefix(known) : $0 == known }
        }
        // As in `docker run -e API_KEY`, which hands on what it has itself.
        let handedOn = all.filter { name in
            command.arguments.contains { [name, "-e\(name)", "-e=\(name)", "--env=\(name)"].contains($0) }
        }
        let likely = wellKnown.filter { name in
            ["docker", "kube", "aws", "uv", "google"].contains { name.lowercased().hasPrefix($0) && words.contains($0) }
        }
        known = (handedOn + likely + wellKnown).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// A name that can be written as `${NAME}`, and that is not omlx's or the shell's own.
    private static func isOrdinary(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count > 1 else { return false }
        let isName = name.utf8.allSatisfy { $0 == 0x5F || $0.isLetter || $0.isDigit } && !first.isDigit
        return isName && !shellOwn.contains(name) && !name.hasPrefix("OMLX_") && !name.hasPrefix("BASH")
            && name != "MCP_CLI_ENCRYPTION_KEY"
    }

    /// Whether a text that holds the name speaks of the variable.
    private static func isTelling(_ name: String) -> Bool {
        guard name.utf8.count > 2, !words.contains(name) else { return false }
        return name.utf8.contains(0x5F) || name.utf8.allSatisfy { !$0.isLetter || $0.isCapital }
    }

    /// Those a text names, as a whole word each.
    func named(in text: String) -> [String] {
        guard !candidates.isEmpty else { return [] }
        var found: [String] = []
        for word in text.utf8.split(whereSeparator: { !($0 == 0x5F || $0.isLetter || $0.isDigit) }) {
            let name = String(Substring(word))
            guard candidates.contains(name), !found.contains(name) else { continue }
            found.append(name)
        }
        return found
    }

    /// Those that any of several lines names.
    func mentioned(in lines: [String]) -> [String] {
        lines.reduce(into: []) { found, line in
            found += named(in: line).filter { !found.contains($0) }
        }
    }

    /// What to write so that a server gets these.
    /// - Parameter isTyped: whether the server is a command on omlx's own command line.
    static func entry(_ names: [String], isTyped: Bool = false) -> String {
        let some = names.prefix(suggested)
        let rest = names.count > suggested ? " (and so on: \(names.dropFirst(suggested).joined(separator: ", ")))" : ""
        if isTyped {
            return "-- env " + some.map { "\($0)=\"$\($0)\"" }.joined(separator: " ") + " COMMAND" + rest
        }
        return "\"env\": {" + some.map { "\"\($0)\": \"${\($0)}\"" }.joined(separator: ", ") + "}" + rest
    }
}

extension WithheldVariables {
    /// The error with what to write where a variable may be what the server missed.
    /// - Parameters:
    ///   - mentioned: the variables the server named.
    ///   - server: the server's name in `mcp.json`; `nil` for a command on omlx's own command line.
    func explaining(_ error: OmlxError, mentioned: [String], server: String?) -> OmlxError {
        guard Self.mayMiss(error.code) else { return error }
        let named = mentioned + self.named(in: error.message).filter { !mentioned.contains($0) }
        // A method or arguments the server does not know are missing for no variable's sake.
        let mayBeUnnamed = error.reply.map { $0.code != -32601 && $0.code != -32602 } ?? true
        let names = named.isEmpty ? Array(known.prefix(mayBeUnnamed ? Self.toldKnown : 0)) : named
        guard !names.isEmpty else { return error }
        let more = named.isEmpty && known.count > names.count ? " and others" : ""
        let list = names.joined(separator: ", ") + more
        let entry = Self.entry(names, isTyped: server == nil)
        let place = server.map { " into the entry of \(OmlxError.shown($0, limit: 80)) in mcp.json" } ?? ""
        let (those, are) = names.count == 1 ? ("that variable", "is") : ("those variables", "are")
        var error = error
        if named.isEmpty {
            let step: Remedy = "\(list) \(are) set here and not passed on; where the server needs one: \(entry)\(place)"
            error.nextStep = error.nextStep.map { "\($0); \(step)" } ?? step
        } else {
            error.nextStep =
                "write \(entry)\(place): the server names \(list), and \(those) \(are) set here and not passed on"
        }
        return error
    }

    /// What a server may fail with that misses a variable.
    private static func mayMiss(_ code: ErrorCode) -> Bool {
        [
            .transportProcessExited, .transportTimeout, .transportClosed, .transportNotConnected, .protocolNotJSON,
            .protocolInvalidMessage, .protocolErrorResponse,
        ].contains(code)
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
    fileprivate var isCapital: Bool { (0x41...0x5A).contains(self) }
    fileprivate var isLetter: Bool { isCapital || (0x61...0x7A).contains(self) }
}
