// The credential stores: what is in them, and what a person changes about them.

import OmlxCredentials
import OmlxErrors
import OmlxMCPHost

extension LocalHost {
    public func stores(tries: Bool) async throws -> StoreReport { try await content.stores(options, tries: tries) }

    public func storedRecords() async throws -> StoredRecords {
        let (records, damaged) = try await content.storedRecords(options)
        return StoredRecords(records: records, damaged: damaged)
    }

    public func removableRecords() async throws -> [DamagedRecord] { try await content.removableRecords(options) }

    public func takeAway(_ records: [DamagedRecord]) async throws -> [TakenRecord] {
        try await content.takeAway(records, options).map { record, outcome in
            switch outcome {
            case .success(let what): TakenRecord(record: record, outcome: what)
            case .failure(let error): TakenRecord(record: record, error: error)
            }
        }
    }

    public func acceptStore() async throws -> AcceptedStore { try await content.acceptStore(options) }

    public func acceptOlderRecords() async throws -> Int { try await content.acceptOlderRecords(options) }

    public func orphans() async throws -> StoreOrphans { try await content.storeOrphans(options) }

    public func prune(_ orphans: StoreOrphans, localOnly: Bool) async throws -> StorePruning {
        // Their keys stayed where they were found.
        let orphans = try await content.storeOrphans(seen: orphans.shown, options)
        return try await content.prune(orphans, options, localOnly: localOnly)
    }

    public func moveStore(to target: StoreKind, from source: StoreKind?) async throws -> StoreMove {
        try await content.moveStore(to: target, from: source, options)
    }

    // MARK: opening them, by the person in front of this process

    /// What keeps the store a server's sign-in is kept in from being used until a person opens or chooses one.
    public func storeObstacle(of server: String?) async -> StoreObstacle? {
        await content.storeObstacle(of: server, options)
    }

    /// What has to be opened before sign-ins can be moved.
    public func storeObstacles(movingTo target: StoreKind, from source: StoreKind?) async -> [StoreObstacle] {
        await content.storeObstacles(movingTo: target, from: source, options)
    }

    /// What keeps the keyring from being used now.
    public func keyringObstacle() async -> KeyringObstacle? { await content.keyringObstacle(options) }

    /// Whether the keyring's password opens it from a terminal too.
    public func keyringTakesPassword() async -> Bool { await content.keyringTakesPassword(options) }

    /// Opens the desktop's keyring.
    public func unlockKeyring(_ key: SecretServiceStore.Key) async throws {
        try await content.unlockKeyring(key, options)
    }

    /// Has the keyring ask whether omlx may have what it keeps in it.
    public func releaseKeyring(seconds: Double) async throws {
        try await content.releaseKeyring(seconds: seconds, options)
    }

    /// Takes over what the person gave or decided, for all that comes.
    public func open(_ change: (inout HostOptions) -> Void) { change(&options) }
}
