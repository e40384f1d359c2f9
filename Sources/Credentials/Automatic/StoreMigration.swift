// Moves all records from one store to another: copy, verify, switch, then delete. Can be begun anew at any point.

import OmlxCryptography
import OmlxErrors
import OmlxSystem
import FoundationEssentials

/// A move of all records. Every credential is locked meanwhile, so that no refresh falls between the two stores; whatever
/// ends the move early, each record is whole in the store that is in use, and the move can be begun anew.
package struct StoreMigration: Sendable {
    /// What a move came to.
    package struct Outcome: Sendable {
        /// Records that were copied, or were in the new store already.
        package var moved = 0
        /// Records that cannot be used; they stay in the old store as they are.
        package var damaged: [DamagedRecord] = []
    }

    private let source: any RecordStore
    private let target: any RecordStore
    private let lockFolder: String
    private let storeLocks: String
    private let command: String
    private let now: @Sendable () -> Date

    /// A move between two stores of this library.
    /// - Throws: `STORE_MIGRATION` for memory, and for a store that cannot be made here.
    package init(
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
                    ? "name file, secretservice or vault" : "export VAULT_ADDR and VAULT_TOKEN, then \(.retry)")
        }
        self.source = try store(source)
        self.target = try store(target)
        lockFolder = places.lockFolder
        storeLocks = places.storeLocks
        self.command = command
        now = places.now
    }

    /// Moves to a store that is to be used from now on.
    /// - Parameters:
    ///   - stuck: told who holds a lock that is waited for for more than 10 s.
    ///   - switching: makes the new store the one in use; called once, when all of it is there.
    /// - Throws: `OmlxError`: `STORE_MIGRATION` when something reads back differently; the errors of both stores, of
    ///   locks, and what `switching` throws. The old store is untouched unless the switch was made.
    package func run(
        stuck: @escaping @Sendable (OmlxError) -> Void = { _ in }, switching: () async throws -> Void
    ) async throws -> Outcome {
        try await locked(stuck) {
            var outcome = Outcome()
            let credentials: [Credential] = try await copyAll(&outcome)
            let registrations: [ClientRegistration] = try await copyAll(&outcome)
            try await switching()
            do {
                try await deleteAll(credentials)
                try await deleteAll(registrations)
                // What was saved in the old store in the moment of the switch.
                try await drainAll(&outcome)
            } catch let error as OmlxError {
                throw leftBehind(error)
            }
            return outcome
        }
    }

    /// The error of a move that is made, but for what is still where it was.
    private func leftBehind(_ error: OmlxError) -> OmlxError {
        var error = error
        error.message =
            "the sign-ins are in \(target.summary) from now on; what was moved could not be deleted from \(source.summary): "
            + error.message
        let again = Remedy(.migrateStores(to: target.name))
        error.nextStep = error.nextStep.map { "\($0); to delete it: \(again)" } ?? again
        return error
    }

    /// Moves to a store that is in use already: each record is deleted as soon as it is copied, so that nothing comes back
    /// after a sign-out.
    /// - Throws: as `run`.
    package func drain(stuck: @escaping @Sendable (OmlxError) -> Void = { _ in }) async throws -> Outcome {
        try await locked(stuck) {
            var outcome = Outcome()
            try await drainAll(&outcome)
            return outcome
        }
    }

    /// Deletes what an earlier move copied to a store that did not come into use: there the target, and what is in use the
    /// source. What was granted there later stays.
    /// - Throws: as `run`.
    package func takeBack(stuck: @escaping @Sendable (OmlxError) -> Void = { _ in }) async throws {
        _ = try await locked(stuck) {
            let _: [Credential] = try await deleteCopies()
            let _: [ClientRegistration] = try await deleteCopies()
            return Outcome()
        }
    }

    private func locked(
        _ stuck: @escaping @Sendable (OmlxError) -> Void, _ work: () async throws -> Outcome
    ) async throws -> Outcome {
        let whole = try await CredentialLock.acquire(
            CredentialLock.migrationName, in: storeLocks, command: command, timeout: 30, now: now, stuck: stuck)
        defer { whole.release() }
        var held = Held()
        do {
            // Also where there is nothing to move: no program is to be bound to a store that is away.
            let _: StoreListing<Credential> = try await target.listing()
            try await lockAll(&held, stuck)
            let outcome = try await work()
            await held.release()
            return outcome
        } catch {
            await held.release()
            throw error
        }
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

    /// The locks of all credentials, in one order for all.
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
            // In one order for all, whichever way they move.
            for store in [source, target].sorted(by: { $0.name < $1.name }) {
                if let lock = try await store.sharedLock(on: key, command: command, timeout: 30, stuck: stuck) {
                    held.shared.append(lock)
                }
            }
        }
    }

    /// The records of the source that can be used.
    private func listed<Record: StoredRecord>(_ outcome: inout Outcome) async throws -> [Record] {
        let listing: StoreListing<Record> = try await source.listing()
        // What is sound but closed would be left behind.
        if let closed = listing.damaged.first(where: { !$0.error.isAboutContent }) { throw closed.error }
        outcome.damaged += listing.damaged.filter { !outcome.damaged.contains($0) }
        return listing.records
    }

    private func copyAll<Record: StoredRecord>(_ outcome: inout Outcome) async throws -> [Record] {
        let records: [Record] = try await listed(&outcome)
        for record in records { try await copy(record, &outcome) }
        return records
    }

    private func copy<Record: StoredRecord>(_ record: Record, _ outcome: inout Outcome) async throws {
        // A later sign-in that is in the new store already stays; what cannot be used there, as half of a record that a keyring
        // left which ended while it was saving, makes room.
        let saved: Record
        do {
            saved = try await target.save(record: record, .any, true, .exact)
        } catch var error as OmlxError {
            error.message = "the record for \(record.key) could not be moved to \(target.summary): \(error.message)"
            throw error
        }
        guard let found: Record = try await target.record(for: record.key),
            try found.serialized() == saved.serialized()
        else {
            throw OmlxError(
                .storeMigration, "the record for \(record.key) reads back differently from \(target.summary)",
                nextStep: "\(.checkStores()); it is still in \(source.summary)")
        }
        outcome.moved += 1
    }

    /// Copies and deletes, until nothing is left that can be used.
    private func drainAll(_ outcome: inout Outcome) async throws {
        for _ in 0..<Self.rounds {
            let credentials: [Credential] = try await drained(&outcome)
            let registrations: [ClientRegistration] = try await drained(&outcome)
            if credentials.isEmpty, registrations.isEmpty { return }
        }
        throw OmlxError(
            .storeMigration, "other programs go on saving in \(source.summary)", nextStep: "end them, then \(.retry)")
    }

    private func drained<Record: StoredRecord>(_ outcome: inout Outcome) async throws -> [Record] {
        let records: [Record] = try await listed(&outcome)
        for record in records {
            try await copy(record, &outcome)
            try await delete(record, from: source)
        }
        return records
    }

    /// How often what others save meanwhile is looked for.
    private static let rounds = 5

    /// Deletes what was copied; a record that was changed meanwhile stays for the next round.
    private func deleteAll<Record: StoredRecord>(_ records: [Record]) async throws {
        for record in records { try await delete(record, from: source) }
    }

    private func deleteCopies<Record: StoredRecord>() async throws -> [Record] {
        let listing: StoreListing<Record> = try await source.listing()
        for record in listing.records {
            do {
                guard let copy: Record = try await target.record(for: record.key), !copy.isNewer(than: record) else {
                    continue
                }
                try await delete(copy, from: target)
            } catch let error as OmlxError where error.code == .storeDamaged {
                try await target.removeCopy(Record.self, record.key)
            }
        }
        return listing.records
    }

    private func delete<Record: StoredRecord>(_ record: Record, from store: any RecordStore) async throws {
        do {
            try await store.remove(Record.self, record.key, .generation(record.generation))
        } catch let error as OmlxError where error.code == .storeConflict {}
    }
}
