// What keeps a store closed that a person can open: a password, a locked keyring.

import Credentials
import Cryptography
import ErrorCatalogue
import FoundationEssentials

/// Why a store cannot be used until somebody opens it.
public enum StoreObstacle: Sendable, Hashable {
    /// The encrypted files are locked with a password that nobody gave.
    case passwordMissing
    /// The desktop's keyring is locked.
    case keyringLocked
}

extension HostConfiguration {
    /// Whether somebody has to open the store a server's sign-in is kept in. Asks nobody.
    public func storeObstacle(of name: String?, _ options: HostOptions) async -> StoreObstacle? {
        let server = name.flatMap { try? self.server(named: $0)?.result.get() }
        let store =
            (server.map { try? StoreSelection.store(of: $0, self, options) }
                ?? (try? StoreSelection(self, options).store))
        var closed = store
        if let automatic = store as? AutomaticStore, let kind = try? await automatic.kind(),
            let places = try? StoreSelection.places(self, options)
        {
            closed = places.store(kind)
        }
        if let files = closed as? EncryptedFileStore { return files.isPasswordMissing() ? .passwordMissing : nil }
        guard let keyring = closed as? SecretServiceStore else { return nil }
        return (try? await keyring.isLocked()) == true ? .keyringLocked : nil
    }

    /// Opens the desktop's keyring, for somebody who is there and wants it.
    /// - Throws: `OmlxError`: `STORE_LOCKED` when it stays locked, `STORE_PASSWORD_WRONG`; `STORE_UNAVAILABLE`.
    public func unlockKeyring(_ key: SecretServiceStore.Key, _ options: HostOptions) async throws {
        let places = try StoreSelection.places(self, options)
        try await (places.store(.secretService) as? SecretServiceStore)?.unlock(key)
    }
}
