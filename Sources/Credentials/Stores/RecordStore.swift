// A store that treats both kinds of record alike: it writes each operation once.

import OmlxErrors
import FoundationEssentials

/// How a record comes to its generation.
enum Succession: Sendable {
    /// It follows the one in the store.
    case next
    /// It keeps its own, as on the way from another store, or comes after what is there; one in the store that was granted
    /// later, or is the same, stays.
    case exact

    /// Whether what is in the store stays.
    func keeps<Record: StoredRecord>(_ existing: Record, against record: Record) -> Bool {
        self == .exact && !record.isNewer(than: existing)
    }

    func record<Record: StoredRecord>(_ record: Record, after existing: Record?, now: Date) -> Record {
        guard self == .exact else { return record.successor(of: existing, now: now) }
        var record = record
        if let existing { record.generation = max(record.generation, existing.generation + 1) }
        return record
    }
}

/// What a store of this target does with a record of either kind; the methods of `CredentialStore` follow from it.
protocol RecordStore: CredentialStore {
    func record<Record: StoredRecord>(for key: Record.Key) async throws -> Record?
    func save<Record: StoredRecord>(
        record: Record, _ expected: ExpectedRecord, _ replacesDamaged: Bool, _ succession: Succession
    ) async throws -> Record
    /// - Returns: how many records of the same key that cannot be read were removed with it, which `.any` alone does.
    @discardableResult
    func remove<Record: StoredRecord>(_: Record.Type, _ key: Record.Key, _ expected: ExpectedRecord) async throws -> Int
    /// Takes a record away that cannot be used, once it was shown to a person.
    /// - Returns: what became of it, such as `deleted`.
    /// - Throws: `STORE_CONFLICT` when it can be used by now; `OmlxError` of class storage.
    func discard(_ damaged: DamagedRecord) async throws -> String
    func listing<Record: StoredRecord>() async throws -> StoreListing<Record>
    /// Keeps records from being moved to another store, at once or not at all.
    /// - Returns: `nil` while they are moved, and of a store of which that cannot be known.
    /// - Throws: `OmlxError` of class storage.
    func keepingStill() async throws -> (any SharedLock)?
}

extension RecordStore {
    func keepingStill() async throws -> (any SharedLock)? { nil }
}

extension RecordStore {
    package func removeEverything(for key: CredentialKey) async throws -> Int {
        try await remove(Credential.self, key, .any)
    }

    package func takeAway(_ damaged: DamagedRecord) async throws -> String {
        guard damaged.isRemovable else { throw damaged.error }
        return try await discard(damaged)
    }

    package func removeEverythingUnlocked(for key: CredentialKey) async throws -> Int? {
        guard !isShared, let still = try await keepingStill() else { return nil }
        do {
            let count = try await remove(Credential.self, key, .any)
            await still.release()
            return count
        } catch {
            await still.release()
            throw error
        }
    }
}

extension RecordStore {
    package func credential(for key: CredentialKey) async throws -> Credential? { try await record(for: key) }

    package func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> Credential {
        try await save(record: credential, expected, replacesDamaged, .next)
    }

    package func removeCredential(for key: CredentialKey, expecting expected: ExpectedRecord) async throws {
        try await remove(Credential.self, key, expected)
    }

    package func credentials() async throws -> StoreListing<Credential> { try await listing() }

    package func registration(for key: RegistrationKey) async throws -> ClientRegistration? {
        try await record(for: key)
    }

    package func save(
        _ registration: ClientRegistration, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> ClientRegistration {
        try await save(record: registration, expected, replacesDamaged, .next)
    }

    package func removeRegistration(for key: RegistrationKey, expecting expected: ExpectedRecord) async throws {
        try await remove(ClientRegistration.self, key, expected)
    }

    package func registrations() async throws -> StoreListing<ClientRegistration> { try await listing() }
}

extension RecordStore {
    /// Removes what a move that was broken off left of a record, also half of one.
    func removeCopy<Record: StoredRecord>(_ type: Record.Type, _ key: Record.Key) async throws {
        do {
            try await remove(type, key, .any)
        } catch let error as OmlxError where error.code == .storeDamaged {
            let listing: StoreListing<Record> = try await listing()
            for damaged in listing.damaged where damaged.error == error { _ = try await discard(damaged) }
        }
    }
}
