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

extension HostStores {
    /// Moves all sign-ins and registrations to another store: copies, verifies, switches, then deletes. Broken off at any
    /// point, it can be begun anew.
    /// - Parameters:
    ///   - target: Where to.
    ///   - source: Where from; the store in use, or the one that an earlier move left half empty, when `nil`.
    /// - Throws: `OmlxError`: `STORE_MIGRATION` when the store in use is named by hand and would stay the same, and when a
    ///   record reads back differently; the errors of both stores.
    public func move(to target: StoreKind, from source: StoreKind? = nil) async throws -> StoreMove {
        let places = try places.get()
        // Another Vault than the noted one holds other people's sign-ins, or old ones.
        try await used.chosen?.verify()
        let inUse = await used.kind()
        let noted = try await used.chosen?.standing()
        let plan = StoreMovePlan(
            to: target, from: source, used: inUse, noted: noted, isFollowed: used.chosen != nil,
            vault: places.vault?.place)
        switch plan {
        case .isThere, .isForeign: throw nothingToMove(to: target, inUse)
        case .isNotFollowed(let source):
            // What keeps the stores from being used comes before who named them.
            try await refuseOlder(in: places.store(source), isInUse: inUse == source)
            _ = try migration(source, target)
            _ = try await places.store(target).credentials()
            throw await namedByHand(source, target)
        case .finishing(let rest, let inUse):
            let first = try await move(to: inUse, from: rest)
            var second = try await move(to: target, from: inUse)
            second.damaged = first.damaged + second.damaged
            return second
        case .draining(let source):
            try await refuseOlder(in: places.store(source), isInUse: inUse == source)
            return try await moved(source, target, try await migration(source, target).drain(stuck: stuck))
        case .switching(let here, let there, let other):
            try await refuseOlder(in: places.store(here.kind), isInUse: true)
            let migration = try migration(here.kind, target)
            // Before anything is noted: no program is to be bound to a store that is away.
            _ = try await places.store(target).credentials()
            let note = StoreChoiceFile(folder: places.folder)
            let before = try await note.read()
            if let other { try await self.migration(here.kind, other.kind).takeBack(stuck: stuck) }
            let begun = (noted ?? .tentative(.init(here, since: options.now()))).filling(there)
            try await note.replace(before, with: begun, command: options.command)
            let outcome = try await migration.run(stuck: stuck) {
                try await note.replace(
                    begun, with: begun.moved(to: there, since: options.now()), command: options.command)
            }
            return try await moved(here.kind, target, outcome)
        }
    }

    private func migration(_ source: StoreKind, _ target: StoreKind) throws(OmlxError) -> StoreMigration {
        try StoreMigration(from: source, to: target, places: try places.get(), command: options.command)
    }

    private var stuck: @Sendable (OmlxError) -> Void {
        let logger = options.logger
        return { logger.warning("the move waits: \($0.message)") }
    }

    /// Notes that the move is over.
    private func moved(
        _ source: StoreKind, _ target: StoreKind, _ outcome: StoreMigration.Outcome
    ) async throws -> StoreMove {
        if let note = used.chosen?.choiceFile, let now = try await note.read() {
            try await note.replace(now, with: now.emptied(source), command: options.command)
        }
        await remember(source, target)
        return StoreMove(
            from: source, to: target, moved: outcome.moved, damaged: await DamageNames(self).named(outcome.damaged))
    }

    /// Notes in the status database where the sign-ins are, and their generations there. A database that cannot be used
    /// stops nothing.
    private func remember(_ source: StoreKind, _ target: StoreKind) async {
        guard let database = try? await StatusDatabase.open(path: options.paths.database, mode: .readWrite),
            let store = try? places.get().store(target)
        else { return }
        if !store.isShared {
            for record in (try? await store.credentials().records) ?? [] {
                guard let name = try? record.key.recordName() else { continue }
                try? await database.accept(generation: record.generation, of: name, in: store.identity)
            }
        }
        for server in configuration.servers where own(try? server.result.get()) == nil {
            _ = try? await database.update(server.name) { status in
                status.renameStore(from: source.rawValue, to: target.rawValue)
            }
        }
    }

    private func nothingToMove(to target: StoreKind, _ inUse: StoreKind?) -> OmlxError {
        guard inUse == target else { return OmlxError(.storeMigration, "the store in use is the program's own") }
        return OmlxError(
            .storeMigration, "the sign-ins are kept in \(target.inWords) already",
            nextStep: "to move what is in another store: \(.migrateStores(from: "STORE", to: target.rawValue))")
    }

    /// An older copy that was put back would be taken for the newest in the new store.
    private func refuseOlder(in store: any CredentialStore, isInUse: Bool) async throws {
        let records = try await store.credentials().records
        guard var error = await older(records, in: store, recorder).first else { return }
        if !isInUse { error.nextStep = "accept the copy: \(.checkStores(.init(accepts: true, store: store.name)))" }
        throw error
    }

    private func namedByHand(_ source: StoreKind, _ target: StoreKind) async -> OmlxError {
        let noted = try? await StoreChoiceFile(folder: options.paths.credentials).read()
        if used.namer == .option, noted?.kind == source {
            return OmlxError(
                .storeMigration, "the store is named for this program alone, and would stay in use here",
                nextStep: "leave \(.setting(.store)) out: \(.migrateStores(to: target.rawValue))")
        }
        let again = RemedyAction.migrateStores(from: source.rawValue, to: target.rawValue)
        let word = target == .file ? "encrypted" : target.rawValue
        switch used.namer {
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

extension ServerStatus {
    /// Names another store as the place of the sign-ins that were in this one.
    fileprivate mutating func renameStore(from old: String, to new: String) {
        if record.storeName == old { record.storeName = new }
        for index in accounts.indices where accounts[index].record.storeName == old {
            accounts[index].record.storeName = new
        }
    }
}
