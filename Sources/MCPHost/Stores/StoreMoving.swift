// Moves the sign-ins to another store, and makes that the one in use.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials

/// What a move to another store came to.
public struct StoreMove: Sendable, Hashable, Codable {
    /// Where the sign-ins were.
    public var from: StoreKind
    /// Where they are.
    public var to: StoreKind
    /// How many records were moved.
    public var moved: Int
    /// Records that cannot be used; they stay where they were, as they are.
    public var damaged: [DamagedRecord]
}

extension HostConfiguration {
    /// Moves all sign-ins and registrations to another store: copies, verifies, switches, then deletes. Broken off at any
    /// point, it can be begun anew.
    /// - Parameters:
    ///   - target: Where to.
    ///   - source: Where from; the store in use, or the one that an earlier move left half empty, when `nil`.
    /// - Throws: `OmlxError`: `STORE_MIGRATION` when the store in use is named by hand and would stay the same, and when a
    ///   record reads back differently; the errors of both stores.
    public func moveStore(
        to target: StoreKind, from source: StoreKind? = nil, _ options: HostOptions
    ) async throws -> StoreMove {
        let selection = try await StoreSelection(self, options)
        let places = try StoreSelection.places(self, options)
        // Another Vault than the noted one holds another user's sign-ins, or old ones.
        try selection.automatic?.verify()
        let used = await selection.kindInUse()
        let noted = try selection.automatic?.standing()
        let plan = StoreMovePlan(
            to: target, from: source, used: used, noted: noted, isFollowed: selection.automatic != nil,
            vault: places.vault?.place)
        switch plan {
        case .isThere, .isForeign: throw Self.nothingToMove(used, target)
        case .isNotFollowed(let source):
            // What keeps the stores from being used comes before who named them.
            try await refuseOlder(in: places.store(source), isInUse: used == source, options)
            _ = try StoreMigration(from: source, to: target, places: places, command: options.command)
            _ = try await places.store(target).credentials()
            throw Self.namedByHand(source, target, selection, options)
        case .finishing(let emptying, let used):
            let first = try await moveStore(to: used, from: emptying, options)
            var second = try await moveStore(to: target, from: used, options)
            second.damaged = first.damaged + second.damaged
            return second
        case .draining(let source):
            try await refuseOlder(in: places.store(source), isInUse: used == source, options)
            let outcome = try await StoreMigration(from: source, to: target, places: places, command: options.command)
                .drain(stuck: stuck(options))
            return try await moved(source, target, outcome, selection, places, options)
        case .switching(let here, let there, let other):
            try await refuseOlder(in: places.store(here.kind), isInUse: true, options)
            let migration = try StoreMigration(from: here.kind, to: target, places: places, command: options.command)
            // Before anything is noted: no program is to be bound to a store that is away.
            _ = try await places.store(target).credentials()
            let note = StoreChoiceFile(folder: places.folder)
            let before = try note.read()
            if let other {
                try await StoreMigration(from: here.kind, to: other.kind, places: places, command: options.command)
                    .takeBack(stuck: stuck(options))
            }
            let now = noted ?? StoreChoice(here.kind, place: here.place, since: options.now(), isTentative: true)
            let begun = now.filling(there)
            try await note.replace(before, with: begun, options.command)
            let outcome = try await migration.run(stuck: stuck(options)) {
                try await note.replace(begun, with: begun.moved(to: there, since: options.now()), options.command)
            }
            return try await moved(here.kind, target, outcome, selection, places, options)
        }
    }

    private func stuck(_ options: HostOptions) -> @Sendable (OmlxError) -> Void {
        let logger = options.logger
        return { logger.warning("the move waits: \($0.message)") }
    }

    /// Notes that the move is over.
    private func moved(
        _ source: StoreKind, _ target: StoreKind, _ outcome: StoreMigration.Outcome, _ selection: StoreSelection,
        _ places: StorePlaces, _ options: HostOptions
    ) async throws -> StoreMove {
        if let note = selection.automatic?.choiceFile, let now = try note.read(), now.emptied(source) != now {
            try await note.replace(now, with: now.emptied(source), options.command)
        }
        await remember(source, target, places, options)
        let damaged = await DamageNames(self, options).named(outcome.damaged)
        return StoreMove(from: source, to: target, moved: outcome.moved, damaged: damaged)
    }

    /// Notes in the status database where the sign-ins are, and their generations there. A database that cannot be used
    /// stops nothing.
    private func remember(
        _ source: StoreKind, _ target: StoreKind, _ places: StorePlaces, _ options: HostOptions
    ) async {
        guard let database = try? await StatusDatabase.open(path: options.paths.database, mode: .readWrite) else {
            return
        }
        let store = places.store(target)
        if !store.isShared {
            for record in (try? await store.credentials().records) ?? [] {
                guard let name = try? record.key.recordName() else { continue }
                try? await database.accept(generation: record.generation, of: name, in: store.identity)
            }
        }
        for server in servers where Self.isShared(server) {
            _ = try? await database.update(server.name) { status in
                status.renameStore(from: source.rawValue, to: target.rawValue)
            }
        }
    }

    private static func nothingToMove(_ used: StoreKind?, _ target: StoreKind) -> OmlxError {
        guard used == target else { return OmlxError(.storeMigration, "the store in use is the program's own") }
        return OmlxError(
            .storeMigration, "the sign-ins are kept in \(target.inWords) already",
            nextStep: "to move what is in another store: \(.migrateStores(from: "STORE", to: target.rawValue))")
    }

    /// An older copy that was put back would be taken for the newest in the new store.
    private func refuseOlder(
        in store: any CredentialStore, isInUse: Bool, _ options: HostOptions
    ) async throws {
        let records = try await store.credentials().records
        guard var error = await older(records, in: store, options.recorder).first else { return }
        if !isInUse { error.nextStep = "accept the copy: \(.checkStores(.init(accepts: true, store: store.name)))" }
        throw error
    }

    /// Whether the server's sign-in is in the shared store.
    private static func isShared(_ server: ConfiguredServer) -> Bool {
        guard let auth = try? server.result.get().auth else { return true }
        return auth.store == .shared
    }

    private static func namedByHand(
        _ source: StoreKind, _ target: StoreKind, _ selection: StoreSelection, _ options: HostOptions
    ) -> OmlxError {
        let noted = try? StoreChoiceFile(folder: options.paths.credentials).read()
        if selection.namer == .option, noted?.kind == source {
            return OmlxError(
                .storeMigration, "the store is named for this program alone, and would stay in use here",
                nextStep: "leave \(.setting(.store)) out: \(.migrateStores(to: target.rawValue))")
        }
        let again = RemedyAction.migrateStores(from: source.rawValue, to: target.rawValue)
        let word = target == .file ? "encrypted" : target.rawValue
        switch selection.namer {
        case .option?:
            return OmlxError(
                .storeMigration, "the store in use is named for this program alone, and would stay in use",
                nextStep: "name \(target.rawValue) there, then: \(again)")
        case .configuration?:
            return OmlxError(
                .storeMigration,
                "the store in use is named by tokenStorage in the configuration, and would stay in use",
                nextStep: "write \"backend\": \"\(word)\" there, then: \(again)")
        case nil:
            return OmlxError(
                .storeMigration, "the sign-ins in use are not in \(source.inWords)",
                nextStep: Remedy(.migrateStores(to: target.rawValue)))
        }
    }
}

extension StoreChoiceFile {
    /// Puts a choice in the place of another.
    /// - Throws: `STORE_MIGRATION` when that one does not stand any more; `OmlxError` of class storage.
    fileprivate func replace(_ old: StoreChoice?, with new: StoreChoice, _ command: String) async throws {
        let lock = try await lock(command: command)
        defer { lock.release() }
        guard try read() == old else {
            throw OmlxError(
                .storeMigration, "another program has chosen or moved the store meanwhile",
                nextStep: Remedy(.showStores))
        }
        try replace(new)
    }
}

extension ServerStatus {
    /// Names another store as the place of the sign-ins that were in this one.
    fileprivate mutating func renameStore(from old: String, to new: String) {
        if record.storeName == old { record.storeName = new }
        for index in accounts.indices where accounts[index].record.storeName == old {
            accounts[index].record.storeName = new
        }
    }
}
