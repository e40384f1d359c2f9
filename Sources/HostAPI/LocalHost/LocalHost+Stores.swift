// The credential stores: what is in them, and what a person changes about them.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxMCPHost

extension LocalHost {
    /// The stores as the configuration and the options are by now.
    var stores: HostStores {
        get async throws(OmlxError) { try await HostStores(content, options) }
    }

    package func stores(tries: Bool) async throws -> StoreReport { try await stores.report(tries: tries) }

    package func storedRecords() async throws -> StoredRecords {
        let (records, damaged) = try await stores.records()
        return StoredRecords(records: records, damaged: damaged)
    }

    package func removableRecords() async throws -> [DamagedRecord] { try await stores.removableRecords() }

    package func takeAway(_ records: [DamagedRecord]) async throws -> [TakenRecord] {
        try await stores.takeAway(records).map { record, outcome in
            switch outcome {
            case .success(let what): TakenRecord(record: record, outcome: what)
            case .failure(let error): TakenRecord(record: record, error: error)
            }
        }
    }

    package func acceptStore() async throws -> AcceptedStore { try await stores.accept() }

    package func acceptOlderRecords() async throws -> Int { try await stores.acceptOlderRecords() }

    package func orphans() async throws -> StoreOrphans { try await stores.orphans() }

    package func prune(_ orphans: StoreOrphans, localOnly: Bool) async throws -> StorePruning {
        // Their keys stayed where they were found.
        let stores = try await stores
        return try await stores.prune(try await stores.orphans(seen: orphans.shown), localOnly: localOnly)
    }

    package func moveStore(
        to target: StoreKind, from source: StoreKind?, patience: Double
    ) async throws -> StoreMove {
        var options = options
        options.answerTime = patience
        return try await HostStores(content, options).move(to: target, from: source)
    }

    // MARK: opening them, by the person in front of this process

    /// What keeps the store a server's sign-in is kept in from being used until a person opens or chooses one.
    package func storeObstacle(of server: String?) async -> StoreObstacle? {
        await (try? stores)?.obstacle(of: server)
    }

    /// What has to be opened before sign-ins can be moved.
    package func storeObstacles(movingTo target: StoreKind, from source: StoreKind?) async -> [StoreObstacle] {
        await (try? stores)?.obstacles(movingTo: target, from: source) ?? []
    }

    /// What keeps the keyring from being used now.
    package func keyringObstacle() async -> KeyringObstacle? { await (try? stores)?.keyringObstacle() }

    /// Whether the keyring's password opens it from a terminal too.
    package func keyringTakesPassword() async -> Bool { await (try? stores)?.keyringTakesPassword() ?? false }

    /// Opens the desktop's keyring.
    package func unlockKeyring(_ key: SecretServiceStore.Key) async throws {
        try await stores.unlockKeyring(key)
    }

    /// Has the keyring ask whether omlx may have what it keeps in it.
    package func releaseKeyring(seconds: Double) async throws {
        try await stores.releaseKeyring(seconds: seconds)
    }

    /// Stores that are made already look there too. Servers that waited for it go on.
    /// - Throws: `OmlxError` with `STORE_PASSWORD_WRONG`: then it is forgotten.
    package func openStore(with password: Secret) async throws {
        options.opened.take(password)
        do { try await stores.openLockedFiles() } catch let error as OmlxError {
            if error.code == .storePasswordWrong { options.opened.forgetPassword() }
            throw error
        }
        guard let manager = try? await making?.value else { return }
        let wanting: Set = [ErrorCode.storePasswordNeeded.text, ErrorCode.storePasswordWrong.text]
        for status in await manager.statuses() {
            let problems = [status.transport.problem, status.signIn.problem, status.discovery.problem]
            guard problems.contains(where: { $0.map { wanting.contains($0.code) } ?? false }) else { continue }
            work.start { _ = try? await manager.check(status.name) }
        }
    }

    package func declineKeyring() { options.opened.declineKeyring() }
}
