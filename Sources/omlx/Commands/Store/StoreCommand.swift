// omlx mcp store: where the sign-ins are kept, whether that can be used, and what is in it.

import ArgumentParser
import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", _superCommandName: CommandPath.mcp,
        abstract: "Show where the sign-ins are kept, and what is in there.",
        subcommands: [
            StoreOverview.self, StoreCheck.self, StoreList.self, StorePrune.self, StoreMigrate.self,
        ], defaultSubcommand: StoreOverview.self)
}

/// The options of all of them.
struct StoreOptions: ParsableArguments {
    @Option(help: ConnectOptions.storeHelp)
    var store: String?

    func host(_ session: Session) async throws -> any Host {
        var wish = HostWish("store")
        (wish.store, wish.keepsStatus) = (store, false)
        return try await session.host(wish)
    }
}

struct StoreOverview: Action {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show which store is in use and why, which others there are, and why not.")
    static let word = "store"

    @OptionGroup var common: CommonOptions
    @OptionGroup var options: StoreOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let host = try await options.host(session)
        let report = try await host.stores(tries: false)
        if session.common.json {
            session.document(Self.word, report.members(try await host.configuration()))
        } else {
            session.console.table(
                [["STORE", "IN USE", "RECORDS", "WHERE", "NOTE"]] + report.stores.map { $0.row(report) })
        }
        return .done
    }
}

struct StoreCheck: Action {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the store in use; exit 1 when it, or something in it, cannot be used.")
    static let word = "store"

    @Flag(
        help:
            "Take what is there for right: older sign-ins that were put back, another Vault, a move that stays unfinished."
    )
    var accept = false

    @Flag(help: "Take away what is damaged, after showing it: from a keyring and Vault; files are moved aside.")
    var fix = false

    @Flag(help: "With --fix: do not ask.")
    var yes = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var options: StoreOptions

    func validate() throws {
        if yes, !fix { throw ValidationError("--yes belongs to --fix") }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        let host = try await options.host(session)
        if fix, try await !takeAway(host, session) { return .failed }
        if accept {
            let accepted = try await host.acceptStore()
            if let vault = accepted.vault { session.console.progress("the sign-ins are kept in \(vault) from now on") }
            if let move = accepted.move {
                session.console.progress(
                    "what may be left in \(move.kind.inWords) is given up; it is not deleted there")
            }
            let count = try await host.acceptOlderRecords()
            session.console.progress("\(count) older \(count == 1 ? "sign-in is" : "sign-ins are") accepted")
        }
        let report = try await host.stores(tries: true)
        guard let store = report.inUse else { return .failed }
        if session.common.json {
            session.document(Self.word, report.members(try await host.configuration()))
        } else if let problem = store.problem {
            session.console.report(problem)
        } else {
            for record in store.damaged { session.console.report(record.error) }
            for error in store.older { session.console.report(error) }
            for error in store.own { session.console.report(error) }
            if let unfinished = store.unfinished { session.console.report(unfinished) }
            if let caution = store.caution { session.console.note("! \(caution)") }
            let count = store.count ?? 0
            session.console.line(
                "\(store.isSound ? "✓" : "!") \(store.summary): \(count) \(count == 1 ? "record" : "records"), "
                    + "\(store.damaged.count) damaged" + (store.older.isEmpty ? "" : ", \(store.older.count) older"))
        }
        return store.problem.map { ExitStatus($0) } ?? (store.isSound ? .done : .failed)
    }
}

extension StoreCheck {
    /// Takes away what cannot be used.
    /// - Returns: whether nothing of it is left that could be taken away.
    fileprivate func takeAway(_ host: any Host, _ session: Session) async throws -> Bool {
        let damaged = try await host.removableRecords()
        guard !damaged.isEmpty else {
            session.console.progress("Nothing there has to be taken away.")
            return true
        }
        for record in damaged { session.console.note("! \(record.error.code.text): \(record.error.message)") }
        let count = damaged.count
        let question =
            "Take \(count == 1 ? "this record" : "these \(count) records") away? Nobody can be signed in with it."
        if !yes, try await !session.isAgreed(question, otherwise: "--yes") { return false }
        var isDone = true
        for taken in try await host.takeAway(damaged) {
            let name = taken.record.server.map { "\($0): " } ?? ""
            if let outcome = taken.outcome { session.console.progress("✓ \(name)\(taken.record.name) \(outcome)") }
            if let error = taken.error {
                isDone = false
                session.console.report(error)
            }
        }
        return isDone
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
        let stored = try await options.host(session).storedRecords()
        let (records, damaged) = (stored.records, stored.damaged)
        if session.common.json {
            session.document(
                Self.word, ["records": .array(records.map(\.json)), "damaged": .array(damaged.map(\.json))])
        } else if records.isEmpty {
            if damaged.isEmpty { session.console.progress("Nothing is kept there.") }
        } else {
            session.console.table(
                [["KIND", "SERVER", "ACCOUNT", "ISSUER", "CLIENT", "ENDS", "NOTE"]] + records.map(\.row))
        }
        damaged.note(session)
        return .done
    }
}

extension DamagedRecord {
    var json: JSON {
        [
            "name": .string(name), "server_url": JSON(optional: server), "account": JSON(optional: account),
            "error": error.json,
        ]
    }
}

extension [DamagedRecord] {
    /// Says how many there are, and how to see them.
    func note(_ session: Session) {
        guard !isEmpty, !session.common.json else { return }
        for record in self { session.console.note("! \(record.error.code.text): \(record.error.message)") }
        let step = contains(where: \.isRemovable) ? "omlx mcp store check --fix takes it away" : "omlx mcp store check"
        session.console.note("! \(count) \(count == 1 ? "record" : "records") cannot be used: \(step)")
    }
}

extension StoreReport.Store {
    /// Whether all that is in it can be used.
    fileprivate var isSound: Bool { damaged.isEmpty && older.isEmpty && own.isEmpty && unfinished == nil }
}

extension StoreReport {
    fileprivate func members(_ configuration: ConfigurationReport) -> JSONObject {
        [
            "config": JSON(optional: configuration.path), "reason": .string(reason.typed),
            "stores": .array(
                stores.map { store in
                    [
                        "name": .string(store.name), "summary": .string(store.summary),
                        "in_use": .bool(store.isInUse), "records": store.count.map { JSON($0) } ?? .null,
                        "problem": store.problem?.json ?? .null,
                        "damaged": .array(store.damaged.map(\.json)), "older": .array(store.older.map(\.json)),
                        "own": .array(store.own.map(\.json)), "unfinished": store.unfinished?.json ?? .null,
                        "caution": JSON(optional: store.caution),
                    ]
                }),
        ]
    }
}

extension StoreReport.Store {
    fileprivate func row(_ report: StoreReport) -> [String] {
        let note: String
        if let problem {
            note = "\(problem.code.text): \(OmlxError.shown(problem.message))"
        } else if !damaged.isEmpty || !older.isEmpty {
            note = "\(damaged.count) damaged, \(older.count) older: omlx mcp store check"
        } else {
            note = [isInUse ? report.reason.typed : nil, caution].compactMap { $0 }.joined(separator: "; ")
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
