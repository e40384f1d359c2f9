// What keeps a store closed that a person can open: a password, a keyring that is locked or asks first.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials

/// Why a store cannot be used until a person opens it, or decides.
@nonexhaustive
public enum StoreObstacle: Sendable, Hashable, Codable {
    /// The encrypted files are locked with a password that was not given.
    case passwordMissing
    /// The desktop's keyring is where the sign-ins are, or are to be.
    case keyring(KeyringObstacle)
    /// Nothing is kept yet, and the desktop's keyring, which is there, would be passed over for files.
    case undecided(KeyringObstacle)
}

extension HostStores {
    /// What keeps the store a server's sign-in is kept in from being used until a person opens or chooses one. Asks no person.
    public func obstacle(of name: String?) async -> StoreObstacle? {
        guard let places = try? places.get() else { return nil }
        let server = name.flatMap { try? configuration.server(named: $0)?.result.get() }
        switch server?.auth?.store {
        case .folder(let path)? where options.store == nil: return await obstacle(of: places.files(in: path.value))
        case .memory? where options.store == nil: return nil
        default: break
        }
        if let reason = try? await used.chosen?.keyringPassedOver() { return .undecided(reason) }
        return await obstacle(of: used.kind(), places)
    }

    /// What has to be opened before sign-ins can be moved: where they are, then where they go. Asks no person.
    public func obstacles(movingTo target: StoreKind, from source: StoreKind?) async -> [StoreObstacle] {
        guard let places = try? places.get() else { return [] }
        var first = source
        if first == nil { first = await used.kind() }
        var obstacles: [StoreObstacle] = []
        for kind in [first, target] {
            if let obstacle = await obstacle(of: kind, places), !obstacles.contains(obstacle) {
                obstacles.append(obstacle)
            }
        }
        return obstacles
    }

    /// Opens the files that are locked by what a person gave.
    /// - Throws: `OmlxError` with `STORE_PASSWORD_WRONG` when it opens none of them.
    public func openLockedFiles() async throws {
        guard let places = try? places.get() else { return }
        var files = [places.files()]
        for case .folder(let path)? in configuration.servers.map({ try? $0.result.get().auth?.store }) {
            files.append(places.files(in: path.value))
        }
        var (refusal, isOpen): (OmlxError?, Bool) = (nil, false)
        for store in files where await store.isPasswordMissing() {
            do {
                _ = try await store.credentials()
                isOpen = true
            } catch let error as OmlxError where error.code == .storePasswordWrong {
                refusal = error
            }
        }
        if let refusal, !isOpen { throw refusal }
    }

    private func obstacle(of files: EncryptedFileStore) async -> StoreObstacle? {
        await files.isPasswordMissing() ? .passwordMissing : nil
    }

    private func obstacle(of kind: StoreKind?, _ places: StorePlaces) async -> StoreObstacle? {
        switch kind {
        case .file?: return await obstacle(of: places.files())
        case .secretService?:
            let keyring = places.keyring()
            guard let isLocked = try? await keyring.isLocked() else { return nil }
            if isLocked { return .keyring(.locked) }
            return await keyring.withholdsRecords() ? .keyring(.withholding) : nil
        case .vault?, .memory?, nil: return nil
        }
    }

    /// Opens the desktop's keyring, for a person who is there and wants it.
    /// - Throws: `OmlxError`: `STORE_LOCKED` when it stays locked, `STORE_PASSWORD_WRONG`; `STORE_UNAVAILABLE`.
    package func unlockKeyring(_ key: SecretServiceStore.Key) async throws {
        try await places.get().keyring().unlock(key)
    }

    /// Has the keyring ask a person who is there whether omlx may have what it keeps in it.
    /// - Throws: `OmlxError`: `STORE_LOCKED` when it may not; `STORE_UNAVAILABLE`.
    public func releaseKeyring(seconds: Double) async throws {
        try await places.get().keyring().releaseRecords(seconds: seconds)
    }

    /// Whether the keyring's password opens it from a terminal too. Asks no person.
    public func keyringTakesPassword() async -> Bool { (try? await places.get().keyring().takesPassword()) ?? false }

    /// What keeps the keyring from being used now; `nil` when nothing does. Asks no person.
    public func keyringObstacle() async -> KeyringObstacle? { try? await places.get().keyring().obstacle() }

    /// A glance at the store: a small file, and a keyring that is running already.
    /// - Parameter asksKeyring: whether sign-ins are kept in the keyring, so that it matters.
    public func glance(asksKeyring: Bool) async -> StoreGlance {
        var glance = StoreGlance()
        if let noted = try? await used.chosen?.standing() {
            glance.kind = noted.kind
            glance.passedOver = noted.store.passedOver
        }
        if asksKeyring { glance.isKeyringLocked = await (try? places.get())?.keyring().isLockedAtAGlance() ?? false }
        return glance
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
