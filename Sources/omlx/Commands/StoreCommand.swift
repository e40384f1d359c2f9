// omlx mcp store: where the sign-ins are kept, whether that can be used, and what is in it.

import ArgumentParser
import ErrorCatalogue
import FoundationEssentials
import JSON
import MCPHost

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Show where the sign-ins are kept, and what is in there.",
        subcommands: [
            StoreOverview.self, StoreCheck.self, StoreList.self, StorePrune.self, StoreMigrate.self,
        ], defaultSubcommand: StoreOverview.self)
}

/// The options of all of them.
struct StoreOptions: ParsableArguments {
    static let help: ArgumentHelp = "The credential store: auto, file, secretservice, vault or memory."

    @Option(help: StoreOptions.help)
    var store: String?

    func report(_ session: Session) async throws -> (HostConfiguration, StoreReport) {
        let configuration = try session.configuration()
        return (configuration, try await configuration.stores(options(session)))
    }

    func options(_ session: Session) -> HostOptions {
        session.hostOptions(store: store, account: nil, command: "store", keepsStatus: false)
    }
}

struct StoreOverview: Action {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show which store is in use and why, which others there are, and why not.")
    static let word = "store"

    @OptionGroup var common: CommonOptions
    @OptionGroup var options: StoreOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let (configuration, report) = try await options.report(session)
        if session.common.json {
            session.document(Self.word, report.members(configuration))
        } else {
            session.console.table(
                [["STORE", "IN USE", "RECORDS", "WHERE", "NOTE"]] + report.choices.map { $0.row(report) })
        }
        return .done
    }
}

struct StoreCheck: Action {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the store in use; exit 1 when it, or something in it, cannot be used.")
    static let word = "store"

    @Flag(help: "Take older sign-ins that were put back for good, and refresh with them.")
    var accept = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var options: StoreOptions

    func act(_ session: Session) async throws -> ExitStatus {
        if accept {
            let count = try await session.configuration().acceptOlderRecords(options.options(session))
            session.console.progress("\(count) older \(count == 1 ? "sign-in is" : "sign-ins are") accepted")
        }
        let (configuration, report) = try await options.report(session)
        guard let store = report.inUse else { return .failed }
        if session.common.json {
            session.document(Self.word, report.members(configuration))
        } else if let problem = store.problem {
            session.console.report(problem)
        } else {
            for record in store.damaged { session.console.report(record.error) }
            for error in store.older { session.console.report(error) }
            if let caution = store.caution { session.console.note("! \(caution)") }
            let count = store.count ?? 0
            session.console.line(
                "\(store.isSound ? "✓" : "!") \(store.summary): \(count) \(count == 1 ? "record" : "records"), "
                    + "\(store.damaged.count) damaged" + (store.older.isEmpty ? "" : ", \(store.older.count) older"))
        }
        return store.problem.map { ExitStatus($0) } ?? (store.isSound ? .done : .failed)
    }
}

struct StoreList: Action {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show what is in the store in use: sign-ins and registrations, without secrets.")
    static let word = "store-list"

    @OptionGroup var common: CommonOptions
    @OptionGroup var options: StoreOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let configuration = try session.configuration()
        let records = try await configuration.storedRecords(options.options(session))
        if session.common.json {
            session.document(Self.word, ["records": .array(records.map(\.json))])
        } else if records.isEmpty {
            session.console.progress("Nothing is kept there.")
        } else {
            session.console.table(
                [["KIND", "SERVER", "ACCOUNT", "ISSUER", "CLIENT", "ENDS", "NOTE"]] + records.map(\.row))
        }
        return .done
    }
}

extension StoreReport.Choice {
    /// Whether all that is in it can be used.
    fileprivate var isSound: Bool { damaged.isEmpty && older.isEmpty }
}

extension StoreReport {
    fileprivate func members(_ configuration: HostConfiguration) -> JSONObject {
        [
            "config": JSON(optional: configuration.sourcePath), "reason": .string(reason),
            "stores": .array(
                choices.map { choice in
                    [
                        "name": .string(choice.name), "summary": .string(choice.summary),
                        "in_use": .bool(choice.isInUse), "records": choice.count.map { JSON($0) } ?? .null,
                        "problem": choice.problem?.json ?? .null,
                        "damaged": .array(
                            choice.damaged.map { ["name": .string($0.name), "error": $0.error.json] }),
                        "older": .array(choice.older.map(\.json)), "caution": JSON(optional: choice.caution),
                    ]
                }),
        ]
    }
}

extension StoreReport.Choice {
    fileprivate func row(_ report: StoreReport) -> [String] {
        let note: String
        if let problem {
            note = "\(problem.code.text): \(OmlxError.shown(problem.message))"
        } else if !isSound {
            note = "\(damaged.count) damaged, \(older.count) older: omlx mcp store check"
        } else {
            note = [isInUse ? report.reason : nil, caution].compactMap { $0 }.joined(separator: "; ")
        }
        return [name, isInUse ? "yes" : "", count.map(String.init) ?? "", summary, note]
    }
}

extension StoreReport.Record {
    var row: [String] {
        [
            kind, server, OmlxError.shown(account ?? "", limit: 80), OmlxError.shown(issuer, limit: 120),
            OmlxError.shown(clientID, limit: 80), expiresAt?.formatted(.iso8601) ?? "",
            isOrphan ? "no configured server uses it" : "",
        ]
    }

    fileprivate var json: JSON {
        [
            "kind": .string(kind), "server_url": .string(server), "account": JSON(optional: account),
            "issuer": .string(issuer), "client_id": .string(clientID), "expires_at": JSON(time: expiresAt),
            "orphan": .bool(isOrphan),
        ]
    }
}
