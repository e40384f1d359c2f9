// omlx mcp list: what the configuration names. omlx mcp validate: what is wrong with it.

import ArgumentParser
import OmlxErrors
import OmlxJSON
import OmlxMCPHost

struct ListCommand: Action {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show the configured servers.")
    static let word = "list"

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let configuration = try await session.configuration()
        let accounts = await accounts(configuration, session)
        let listed = configuration.servers.map { ListedServer($0, accounts: accounts[$0.name] ?? []) }
        if session.common.json {
            session.document(
                Self.word,
                [
                    "config": JSON(optional: configuration.sourcePath),
                    "servers": .array(listed.map(\.json)),
                ])
            return .done
        }
        if let path = configuration.sourcePath { session.console.progress(path) }
        session.console.table(
            [["SERVER", "TRANSPORT", "ENABLED", "ADDRESS", "NOTE"]] + listed.map(\.row))
        return .done
    }

    /// The accounts signed in with, by server, as far as the status database knows them.
    private func accounts(_ configuration: HostConfiguration, _ session: Session) async -> [String: [AccountStatus]] {
        do throws(OmlxError) {
            let database = try await StatusDatabase.open(path: session.paths.database, mode: .readIfExists)
            let statuses = configuration.statuses(known: try await database.read())
            return Dictionary(statuses.map { ($0.name, $0.accounts) }) { first, _ in first }
        } catch {
            session.console.report(error)
            return [:]
        }
    }
}

/// A configured server as `list` shows it; variables stay unexpanded.
private struct ListedServer {
    private let entry: ConfiguredServer
    private let accounts: [AccountStatus]

    init(_ entry: ConfiguredServer, accounts: [AccountStatus]) {
        self.entry = entry
        self.accounts = accounts
    }

    /// Such as `oauth2, signed in as work, home`.
    private var note: String {
        if let error { return "\(error.code.text): \(error.message)" }
        let names = accounts.map { OmlxError.shown($0.name ?? $0.record.account ?? "", limit: 80) }.filter {
            !$0.isEmpty
        }
        let signIn =
            accounts.isEmpty ? nil : "signed in" + (names.isEmpty ? "" : " as " + names.joined(separator: ", "))
        return [auth, signIn].compactMap { $0 }.joined(separator: ", ")
    }

    private var address: String {
        guard case .success(let server) = entry.result else { return "" }
        switch server.transport {
        case .stdio(let settings):
            return ([settings.command.shown] + settings.arguments.map(\.shown)).joined(separator: " ")
        case .streamableHTTP(let settings), .sse(let settings): return settings.url.shown
        case .inProcess: return ""
        }
    }

    private var error: OmlxError? {
        guard case .failure(let error) = entry.result else { return nil }
        return error
    }

    private var auth: String? {
        guard case .success(let server) = entry.result else { return nil }
        return server.auth?.mode.rawValue
    }

    var row: [String] {
        [
            entry.name, entry.transportName ?? "", entry.isEnabled ? "yes" : "no", OmlxError.shown(address),
            note,
        ]
    }

    var json: JSON {
        var object: JSON = [
            "name": .string(entry.name), "transport": JSON(optional: entry.transportName),
            "enabled": .bool(entry.isEnabled), "address": .string(address), "auth": JSON(optional: auth),
            "accounts": .array(
                accounts.map { ["name": JSON(optional: $0.name), "identity": JSON(optional: $0.record.account)] }),
        ]
        if let line = entry.line { object["line"] = JSON(line) }
        if let error { object["error"] = error.json }
        return object
    }
}

struct ValidateCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check the configuration; exit 2 when a server in it cannot work.")
    static let word = "validate"

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        var options = common
        options.quiet = true
        var configuration = try await Session(options).configuration()
        if let diagnostic = await configuration.trustDiagnostic(database: session.paths.database) {
            configuration.diagnostics.insert(diagnostic, at: 0)
        }
        let errors = configuration.diagnostics.filter { $0.severity == .error }
        if session.common.json {
            session.document(
                Self.word,
                [
                    "config": JSON(optional: configuration.sourcePath), "valid": .bool(errors.isEmpty),
                    "diagnostics": .array(configuration.diagnostics.map(\.json)),
                ])
        } else {
            for diagnostic in configuration.diagnostics {
                session.console.line("\(diagnostic)")
            }
            let count = configuration.servers.count
            let warnings = configuration.diagnostics.count - errors.count
            session.console.progress(
                "\(configuration.sourcePath ?? "no configuration file"): \(count) \(count == 1 ? "server" : "servers"), "
                    + "\(errors.count) \(errors.count == 1 ? "error" : "errors"), "
                    + "\(warnings) \(warnings == 1 ? "warning" : "warnings")")
        }
        return errors.isEmpty ? .done : .usage
    }
}

extension ConfigurationDiagnostic {
    fileprivate var json: JSON {
        var object: JSON = [
            "severity": .string(severity.rawValue), "code": .string(code.text), "message": .string(message),
        ]
        if let file { object["file"] = .string(file) }
        if let line { object["line"] = JSON(line) }
        if let column { object["column"] = JSON(column) }
        if let server { object["server"] = .string(server) }
        if let key { object["key"] = .string(key) }
        if let nextStep { object["next_step"] = .string(nextStep.typed) }
        return object
    }
}

extension Session {
    /// Says how all servers do; the log of `--verbose` has said it.
    func progress(_ summary: StatusSummary) {
        if !common.json, !common.verbose { console.progress(summary.text(\.typed)) }
    }
}

extension HostConfiguration {
    /// - Throws: `OmlxError` with `CONFIG_SERVER_DISABLED` when one of these names is switched off.
    func requireEnabled(_ names: [String]) throws(OmlxError) {
        for name in names where server(named: name)?.isEnabled == false {
            throw OmlxError(
                .configServerDisabled,
                "the server \"\(OmlxError.shown(name, limit: 80))\" is disabled in the configuration",
                nextStep: "take \"enabled\": false (or \"disabled\": true) out of its entry in mcp.json")
        }
    }

    /// - Throws: `OmlxError` with `CONFIG_SERVER_UNKNOWN` when one of these names is not configured.
    func require(_ names: [String]) throws(OmlxError) {
        let configured = servers.map(\.name)
        for name in names where !configured.contains(name) { throw unknownServer(name) }
    }
}
