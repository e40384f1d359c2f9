// Where each credential store would be.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials

/// Where each kind of store is for one user.
package struct StorePlaces: Sendable {
    /// The folder of the encrypted files, and of the note which store was chosen.
    package var folder: String
    /// The folder of the locks of this session; see `SignInPaths.locks`.
    package var lockFolder: String
    /// Which session bus there is.
    package var environment: [String: String]
    /// How the data key of the encrypted files is kept.
    package var keySource = KeySource.keyFile
    /// The Vault, where one is named.
    package var vault: VaultSettings?
    /// Whether the person wants encrypted files although there is a keyring, where nothing was chosen yet.
    package var declinesKeyring = false
    /// How long the person has who is there, where a keyring asks before it deletes, in seconds; 0 for no person.
    package var answerTime = 0.0
    /// What was opened already.
    package var opened = OpenedStores()
    /// The clock.
    package var now: @Sendable () -> Date

    /// The places of a user; the Vault is the one the environment names.
    package init(
        folder: String, lockFolder: String, environment: [String: String], homeDirectory: String,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.folder = folder
        self.lockFolder = lockFolder
        self.environment = environment
        vault = VaultSettings(environment: environment, homeDirectory: homeDirectory)
        self.now = now
    }

    /// The encrypted files in a folder, this one by default.
    package func files(in folder: String? = nil) -> EncryptedFileStore {
        let folder = folder ?? self.folder
        return EncryptedFileStore(
            folder: folder, keySource: keySource, keyring: opened.keyring(folder, keySource), now: now)
    }

    /// The store of a kind. Nothing is loaded, read or asked until it is used.
    package func store(_ kind: StoreKind) -> any CredentialStore {
        if kind == .memory { return MemoryStore(now: now) }
        if let store = lasting(kind) { return store }
        return UnavailableStore(reason: .noVault)
    }

    /// The locks of the stores themselves, which do not depend on the session a program was started in.
    var storeLocks: String { "\(folder)/\(EncryptedFileStore.locksName)" }

    /// The desktop's keyring.
    package func keyring() -> SecretServiceStore {
        SecretServiceStore(environment: environment, lockFolder: storeLocks, answerTime: answerTime, now: now)
    }

    /// The Vault, where one is named.
    func namedVault() -> VaultStore? { vault.map { VaultStore($0, lockFolder: storeLocks, now: now) } }

    /// The store of a kind that keeps records; `nil` for one that cannot be made here.
    func lasting(_ kind: StoreKind) -> (any RecordStore)? {
        switch kind {
        case .file: files()
        case .secretService: keyring()
        case .vault: namedVault()
        case .memory: nil
        }
    }
}

extension OmlxError {
    /// What is said about a store that is not known.
    package static func unknownStore(_ name: String) -> OmlxError {
        OmlxError(
            .configStoreUnsupported, "the credential store \"\(shown(name, limit: 40))\" does not exist here",
            nextStep: "use auto, file (or encrypted), secretservice (the desktop's keyring), vault or memory in "
                + "tokenStorage.backend, \(.setting(.store))")
    }

    fileprivate static var noVault: OmlxError {
        OmlxError(
            .storeUnavailable, "no Vault is named",
            nextStep: "export VAULT_ADDR, or write vaultUrl in tokenStorage of mcp.json")
    }
}
