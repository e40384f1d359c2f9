// What keeps a store closed that a person can open: a password, a keyring that is locked or asks first.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials

/// Why a store cannot be used until a person opens it, or decides.
public enum StoreObstacle: Sendable, Hashable, Codable {
    /// The encrypted files are locked with a password that was not given.
    case passwordMissing
    /// The desktop's keyring is where the sign-ins are, or are to be.
    case keyring(KeyringObstacle)
    /// Nothing is kept yet, and the desktop's keyring, which is there, would be passed over for files.
    case undecided(KeyringObstacle)
}

extension HostConfiguration {
    /// What keeps the store a server's sign-in is kept in from being used until a person opens or chooses one. Asks no person.
    public func storeObstacle(of name: String?, _ options: HostOptions) async -> StoreObstacle? {
        let server = name.flatMap { try? self.server(named: $0)?.result.get() }
        guard let selection = try? await StoreSelection(self, options),
            let places = try? StoreSelection.places(self, options)
        else { return nil }
        switch server?.auth?.store {
        case .folder(let path)? where options.store == nil: return Self.obstacle(of: places.files(in: path.value))
        case .memory? where options.store == nil: return nil
        default: break
        }
        if let reason = try? await selection.automatic?.keyringPassedOver() { return .undecided(reason) }
        guard let kind = await selection.kindInUse() else { return nil }
        return await Self.obstacle(of: kind, places)
    }

    /// What has to be opened before sign-ins can be moved: where they are, then where they go. Asks no person.
    public func storeObstacles(
        movingTo target: StoreKind, from source: StoreKind?, _ options: HostOptions
    ) async -> [StoreObstacle] {
        guard let selection = try? await StoreSelection(self, options),
            let places = try? StoreSelection.places(self, options)
        else { return [] }
        var kinds = [target]
        if let source {
            kinds.insert(source, at: 0)
        } else if let used = await selection.kindInUse() {
            kinds.insert(used, at: 0)
        }
        var obstacles: [StoreObstacle] = []
        for kind in kinds {
            if let obstacle = await Self.obstacle(of: kind, places), !obstacles.contains(obstacle) {
                obstacles.append(obstacle)
            }
        }
        return obstacles
    }

    private static func obstacle(of files: EncryptedFileStore) -> StoreObstacle? {
        files.isPasswordMissing() ? .passwordMissing : nil
    }

    private static func obstacle(of kind: StoreKind, _ places: StorePlaces) async -> StoreObstacle? {
        switch kind {
        case .file: return obstacle(of: places.files())
        case .secretService:
            let keyring = places.keyring()
            guard let isLocked = try? await keyring.isLocked() else { return nil }
            if isLocked { return .keyring(.locked) }
            return await keyring.withholdsRecords() ? .keyring(.withholding) : nil
        case .vault, .memory: return nil
        }
    }

    private func keyring(_ options: HostOptions) async throws -> SecretServiceStore {
        try await requireTrust(options)
        return try StoreSelection.places(self, options).keyring()
    }

    /// Opens the desktop's keyring, for a person who is there and wants it.
    /// - Throws: `OmlxError`: `STORE_LOCKED` when it stays locked, `STORE_PASSWORD_WRONG`; `STORE_UNAVAILABLE`.
    public func unlockKeyring(_ key: SecretServiceStore.Key, _ options: HostOptions) async throws {
        try await self.keyring(options).unlock(key)
    }

    /// Has the keyring ask the person who is there whether omlx may have what it keeps in it.
    /// - Throws: `OmlxError`: `STORE_LOCKED` when it may not; `STORE_UNAVAILABLE`.
    public func releaseKeyring(seconds: Double, _ options: HostOptions) async throws {
        try await self.keyring(options).releaseRecords(seconds: seconds)
    }

    /// Whether the keyring's password opens it from a terminal too. Asks no person.
    public func keyringTakesPassword(_ options: HostOptions) async -> Bool {
        (try? await self.keyring(options).takesPassword()) ?? false
    }

    /// What keeps the keyring from being used now; `nil` when nothing does. Asks no person.
    public func keyringObstacle(_ options: HostOptions) async -> KeyringObstacle? {
        try? await self.keyring(options).obstacle()
    }
}

/// Where sign-ins are kept, as far as it is known without waiting for anything.
public struct StoreGlance: Sendable, Hashable, Codable {
    /// The store that was chosen by itself; `nil` for one that is named, and before one is chosen.
    public var kind: StoreKind?
    /// Why that is not the desktop's keyring, which was there.
    public var passedOver: KeyringObstacle?
    /// Whether the desktop's keyring is locked now.
    public var isKeyringLocked = false

    /// Nothing is known.
    public init() {}
}

extension HostConfiguration {
    /// A glance at the store: a small file, and a keyring that is running already.
    /// - Parameter asksKeyring: whether sign-ins are kept in the keyring, so that it matters.
    public func storeAtAGlance(asksKeyring: Bool, _ options: HostOptions) async -> StoreGlance {
        var glance = StoreGlance()
        if let noted = try? await StoreSelection(self, options).automatic?.standing() {
            glance.kind = noted.kind
            glance.passedOver = noted.passedOver
        }
        if asksKeyring, let keyring = try? await keyring(options) {
            glance.isKeyringLocked = await keyring.isLockedAtAGlance() ?? false
        }
        return glance
    }
}

extension KeyringObstacle {
    /// Why sign-ins are in files, and how they come into the keyring later.
    public var downgrade: Remedy {
        let then =
            switch self {
            case .locked: "once it is unlocked"
            case .silent: "once it answers"
            case .withholding:
                "once it does (in KeePassXC, Secret Service Integration, switch off \"Confirm when passwords are retrieved by "
                    + "clients\")"
            }
        return
            "sign-ins are kept in encrypted files, since \(inWords) when the first one was kept; to move them there, "
            + "\(then): \(.migrateStores(to: StoreKind.secretService.rawValue))"
    }
}
