// Moves all records from one store to another: copy, verify, switch, then delete. Can be begun anew at any point.

import Cryptography
import ErrorCatalogue
import FoundationEssentials

/// A move of all records. Every credential is locked meanwhile, so that no refresh falls between the two stores; whatever
/// ends the move early, each record is whole in the store that is in use, and the move can be begun anew.
public struct StoreMigration: Sendable {
    /// What a move came to.
    public struct Outcome: Sendable {
        /// Records that were copied, or were in the new store already.
        public var moved = 0
        /// Records that cannot be used; they stay in the old store as they are.
        public var damaged: [DamagedRecord] = []
    }

    private let source: any RecordStore
    private let target: any RecordStore
    private let lockFolder: String
    private let command: String
    private let now: @Sendable () -> Date

    /// A move between two stores of this library.
    /// - Throws: `STORE_MIGRATION` for memory, and for a store that cannot be made here.
    public init(
        from source: StoreKind, to target: StoreKind, places: StorePlaces, command: String
    ) throws(OmlxError) {
        guard source != target else {
            throw OmlxError(.storeMigration, "the sign-ins are kept in \(target.inWords) already")
        }
        func store(_ kind: StoreKind) throws(OmlxError) -> any RecordStore {
            if let store = places.lasting(kind) { return store }
            throw OmlxError(
                .storeMigration,
                kind == .memory ? "memory keeps nothing beyond a process" : "no Vault is named here",
                nextStep: kind == .memory
                    ? "name file, secretservice or vault" : "export VAULT_ADDR and VAULT_TOKEN, then try again")
        }
        self.source = try store(source)
        self.target = try store(target)
        lockFolder = places.lockFolder
        self.command = command
        now = places.now
    }

    /// Moves.
    /// - Parameters:
    ///   - stuck: told who holds a lock that is waited for for more than 10 s.
    ///   - switching: makes the new store the one in use; called once, when all of it is there. `nil` when it is in use
    ///     already: then each record is deleted as soon as it is copied, so that nothing comes back after a sign-out.
    /// - Throws: `OmlxError`: `STORE_MIGRATION` when something reads back differently; the errors of both stores, of
    ///   locks, and what `switching` throws. The old store is untouched unless the switch was made.
    public func run(
        stuck: @escaping @Sendable (OmlxError) -> Void = { _ in }, switching: (() async throws -> Void)?
    ) async throws -> Outcome {
        let whole = try await CredentialLock.acquire(
            "migration", in: lockFolder, command: command, timeout: 30, now: now, stuck: stuck)
        defer { whole.release() }
        var held = Held()
        do {
            try await lockAll(&held, stuck)
            let outcome = try await moved(switching)
            await held.release()
            return outcome
        } catch {
            await held.release()
            throw error
        }
    }

    private func moved(_ switching: (() async throws -> Void)?) async throws -> Outcome {
        var outcome = Outcome()
        // Also where there is nothing to move: nobody is to be bound to a store that is away.
        let _: StoreListing<Credential> = try await target.listing()
        guard let switching else {
            let _: [Credential] = try await copyAll(&outcome, isDeleting: true)
            let _: [ClientRegistration] = try await copyAll(&outcome, isDeleting: true)
            return outcome
        }
        let credentials: [Credential] = try await copyAll(&outcome)
        let registrations: [ClientRegistration] = try await copyAll(&outcome)
        try await switching()
        try await deleteAll(credentials)
        try await deleteAll(registrations)
        // What somebody saved in the old store in the moment of the switch.
        var late = Outcome()
        let lateCredentials: [Credential] = try await copyAll(&late)
        let lateRegistrations: [ClientRegistration] = try await copyAll(&late)
        try await deleteAll(lateCredentials)
        try await deleteAll(lateRegistrations)
        outcome.moved += late.moved
        return outcome
    }

    /// Locks of this machine, and of all.
    private struct Held {
        var own: [CredentialLock] = []
        var shared: [any SharedLock] = []

        func release() async {
            for lock in shared { await lock.release() }
            for lock in own { lock.release() }
        }
    }

    /// The locks of all credentials, in one order for everybody.
    private func lockAll(_ held: inout Held, _ stuck: @escaping @Sendable (OmlxError) -> Void) async throws {
        let listing: StoreListing<Credential> = try await source.listing()
        let names = try listing.records.map { (name: try $0.key.recordName(), key: $0.key) }.sorted {
            $0.name < $1.name
        }
        OwnedDescriptor.allow(names.count * 3 + 256)
        for (name, key) in names {
            held.own.append(
                try await CredentialLock.acquire(
                    name, in: lockFolder, command: command, timeout: 30, now: now, stuck: stuck))
            for store in [source, target] {
                if let lock = try await store.sharedLock(on: key, command: command, timeout: 30, stuck: stuck) {
                    held.shared.append(lock)
                }
            }
        }
    }

    private func copyAll<Record: StoredRecord>(
        _ outcome: inout Outcome, isDeleting: Bool = false
    ) async throws -> [Record] {
        let listing: StoreListing<Record> = try await source.listing()
        // What is sound but closed would be left behind.
        if let closed = listing.damaged.first(where: { !$0.error.isAboutContent }) { throw closed.error }
        outcome.damaged += listing.damaged
        for record in listing.records {
            // A later sign-in that is in the new store already stays.
            let saved = try await target.save(record: record, .any, false, .exact)
            guard let found: Record = try await target.record(for: record.key),
                try found.serialized() == saved.serialized()
            else {
                throw OmlxError(
                    .storeMigration, "the record for \(record.key) reads back differently from \(target.summary)",
                    nextStep: "omlx mcp store check; the sign-ins are still in \(source.summary)")
            }
            outcome.moved += 1
            if isDeleting { try await deleteAll([record]) }
        }
        return listing.records
    }

    /// Deletes what was copied; a record somebody changed meanwhile stays for the next round.
    private func deleteAll<Record: StoredRecord>(_ records: [Record]) async throws {
        for record in records {
            do {
                try await source.remove(Record.self, record.key, .generation(record.generation))
            } catch let error as OmlxError where error.code == .storeConflict {
                continue
            }
        }
    }
}
