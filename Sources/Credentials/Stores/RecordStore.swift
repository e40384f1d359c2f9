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
    /// What is to be said about using it, such as that only one machine may.
    /// - Throws: `OmlxError` of class storage.
    func caution() async throws -> String?
    /// Writes something that is no record, and deletes it, where that asks nobody.
    /// - Throws: what a save would.
    func tryWriting() async throws
    /// Finds out whether a first record could be kept, where that makes nothing and asks nobody: as a full disk.
    /// - Throws: what a save would.
    func tryKeeping() async throws
    /// Keeps records from being moved to another store, at once or not at all.
    /// - Returns: `nil` while they are moved, and of a store of which that cannot be known.
    /// - Throws: `OmlxError` of class storage.
    func keepingStill() async throws -> (any SharedLock)?
}

extension RecordStore {
    func caution() async throws -> String? { nil }
    func tryWriting() async throws {}
    func tryKeeping() async throws {}
    func keepingStill() async throws -> (any SharedLock)? { nil }
}

extension CredentialStore {
    /// What is to be known before it is used; `nil` when there is nothing.
    /// - Throws: `OmlxError` of class storage.
    public func advice() async throws -> String? { try await (self as? any RecordStore)?.caution() }

    /// Tries whether it can be written to, but for a keyring, which might ask somebody. Nothing of it stays.
    /// - Throws: `OmlxError` of class storage.
    public func tryWriting() async throws { try await (self as? any RecordStore)?.tryWriting() }

    /// Removes a credential whatever it is, and what cannot be read of the same key beside it.
    /// - Returns: how many such there were.
    /// - Throws: `OmlxError` of class storage.
    public func removeEverything(for key: CredentialKey) async throws -> Int {
        if let store = self as? any RecordStore { return try await store.remove(Credential.self, key, .any) }
        try await removeCredential(for: key, expecting: .any)
        return 0
    }

    /// Takes a record away that cannot be used, once it was shown to a person. One of a newer version stays.
    /// - Returns: what became of it, such as `deleted`.
    /// - Throws: `STORE_CONFLICT` when it can be used by now; `OmlxError` of class storage.
    public func takeAway(_ damaged: DamagedRecord) async throws -> String {
        guard damaged.isRemovable, let store = self as? any RecordStore else { throw damaged.error }
        return try await store.discard(damaged)
    }

    /// Removes a credential without holding its lock, whatever it is, and what cannot be read of the same key beside it. What
    /// holds the lock cannot bring it back: a save compares and swaps, and records are not moved meanwhile.
    /// - Returns: how many there were that could not be read; `nil` where that cannot be made certain, and nothing is removed.
    /// - Throws: `OmlxError` of class storage.
    public func removeEverythingUnlocked(for key: CredentialKey) async throws -> Int? {
        if self is MemoryStore {
            try await removeCredential(for: key, expecting: .any)
            return 0
        }
        guard !isShared, let store = self as? any RecordStore, let still = try await store.keepingStill() else {
            return nil
        }
        do {
            let count = try await store.remove(Credential.self, key, .any)
            await still.release()
            return count
        } catch {
            await still.release()
            throw error
        }
    }

    /// Finds out before a person is asked whether a sign-in could be kept, as far as that makes nothing and asks nobody.
    /// - Throws: `OmlxError` of class storage.
    public func tryKeeping() async throws { try await (self as? any RecordStore)?.tryKeeping() }
}

extension RecordStore {
    public func credential(for key: CredentialKey) async throws -> Credential? { try await record(for: key) }

    public func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> Credential {
        try await save(record: credential, expected, replacesDamaged, .next)
    }

    public func removeCredential(for key: CredentialKey, expecting expected: ExpectedRecord) async throws {
        try await remove(Credential.self, key, expected)
    }

    public func credentials() async throws -> StoreListing<Credential> { try await listing() }

    public func registration(for key: RegistrationKey) async throws -> ClientRegistration? {
        try await record(for: key)
    }

    public func save(
        _ registration: ClientRegistration, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> ClientRegistration {
        try await save(record: registration, expected, replacesDamaged, .next)
    }

    public func removeRegistration(for key: RegistrationKey, expecting expected: ExpectedRecord) async throws {
        try await remove(ClientRegistration.self, key, expected)
    }

    public func registrations() async throws -> StoreListing<ClientRegistration> { try await listing() }
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

extension DamagedRecord {
    /// Whether nothing is lost when it is taken away: what a newer version wrote, or is only closed, is sound.
    public var isRemovable: Bool { error.code == .storeDamaged || error.code == .storeForeign }
}
