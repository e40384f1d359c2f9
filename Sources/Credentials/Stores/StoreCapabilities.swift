// What a store may be able to do beyond keeping records; what it cannot, it has from here.

import OmlxErrors

/// The care of a store: what is to be known before it is used, and how it gets rid of what cannot be used.
public protocol StoreCapabilities: Sendable {
    /// Why the desktop's keyring, which was there, was not chosen; `nil` for a store that was not to choose.
    var passedOver: KeyringObstacle? { get }

    /// What is to be said about using it, such as that only one machine may; `nil` when there is nothing.
    /// - Throws: `OmlxError` of class storage.
    func caution() async throws -> String?

    /// Writes something that is no record, and deletes it, where that asks no person.
    /// - Throws: what a save would.
    func tryWriting() async throws

    /// Finds out before a person is asked whether a sign-in could be kept, as far as that makes nothing and asks no person.
    /// - Throws: what a save would.
    func tryKeeping() async throws

    /// Removes a credential whatever it is, and what cannot be read of the same key beside it.
    /// - Returns: how many such there were.
    /// - Throws: `OmlxError` of class storage.
    func removeEverything(for key: CredentialKey) async throws -> Int

    /// Removes a credential without holding its lock, whatever it is, and what cannot be read of the same key beside it. What
    /// holds the lock cannot bring it back: a save compares and swaps, and records are not moved meanwhile.
    /// - Returns: how many there were that could not be read; `nil` where that cannot be made certain, and nothing is removed.
    /// - Throws: `OmlxError` of class storage.
    func removeEverythingUnlocked(for key: CredentialKey) async throws -> Int?

    /// Takes a record away that cannot be used, once it was shown to a person. One of a newer version stays.
    /// - Returns: what became of it, such as `deleted`.
    /// - Throws: `STORE_CONFLICT` when it can be used by now; `OmlxError` of class storage.
    func takeAway(_ damaged: DamagedRecord) async throws -> String
}

extension CredentialStore {
    /// A store that was not to choose.
    public var passedOver: KeyringObstacle? { nil }

    /// Nothing is to be said.
    public func caution() async throws -> String? { nil }

    /// A store that does not try.
    public func tryWriting() async throws {}

    /// A store of which it shows at the save.
    public func tryKeeping() async throws {}

    /// A store that has nothing beside a record.
    public func removeEverything(for key: CredentialKey) async throws -> Int {
        try await removeCredential(for: key, expecting: .any)
        return 0
    }

    /// A store that needs its lock.
    public func removeEverythingUnlocked(for key: CredentialKey) async throws -> Int? { nil }

    /// A store that takes nothing away.
    public func takeAway(_ damaged: DamagedRecord) async throws -> String { throw damaged.error }
}

extension DamagedRecord {
    /// Whether nothing is lost when it is taken away: what a newer version wrote, or is only closed, is sound.
    public var isRemovable: Bool { error.code == .storeDamaged || error.code == .storeForeign }
}
