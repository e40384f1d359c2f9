// omlx mcp list: what the configuration names.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct ListCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "list", _superCommandName: CommandPath.mcp, abstract: "Show the configured servers.")
    static let word = "list"

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        var wish = HostWish(Self.word)
        wish.isUse = false
        let host = try await session.host(wish)
        let configuration = try await host.configuration()
        // The accounts signed in with, as far as they are known.
        let known = try await host.status(StatusRequest())
        if let problem = known.problem { session.console.report(problem) }
        let listed = zip(configuration.servers, known.servers).map { ListedServer(entry: $0, accounts: $1.accounts) }
        if session.common.json {
            session.document(
                Self.word,
                ["config": JSON(optional: configuration.path), "servers": .array(listed.map(\.json))])
            return .done
        }
        if let path = configuration.path { session.console.progress(path) }
        session.console.table(
            [["SERVER", "TRANSPORT", "ENABLED", "ADDRESS", "NOTE"]] + listed.map(\.row))
        return .done
    }
}

/// A configured server as `list` shows it; variables stay unexpanded.
private struct ListedServer {
    let entry: ConfigurationReport.Server
    let accounts: [AccountStatus]

    /// Such as `oauth2, signed in as work, home`.
    private var note: String {
        if let error = entry.error { return "\(error.code.text): \(error.message)" }
        let names = accounts.map { OmlxError.shown($0.name ?? $0.record.account ?? "", limit: 80) }.filter {
            !$0.isEmpty
        }
        let signIn =
            accounts.isEmpty ? nil : "signed in" + (names.isEmpty ? "" : " as " + names.joined(separator: ", "))
        return [entry.auth, signIn].compactMap { $0 }.joined(separator: ", ")
    }

    var row: [String] {
        [
            entry.name, entry.transport ?? "", entry.isEnabled ? "yes" : "no", OmlxError.shown(entry.address),
            note,
        ]
    }

    var json: JSON {
        var object: JSON = [
            "name": .string(entry.name), "transport": JSON(optional: entry.transport),
            "enabled": .bool(entry.isEnabled), "address": .string(entry.address), "auth": JSON(optional: entry.auth),
            "accounts": .array(
                accounts.map { ["name": JSON(optional: $0.name), "identity": JSON(optional: $0.record.account)] }),
        ]
        if let line = entry.line { object["line"] = JSON(line) }
        if let error = entry.error { object["error"] = error.json }
        return object
    }
}
