// The credential stores of one configuration: which is used and why, where each is, and whose is which.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient

/// The credential stores as one configuration and one program's options name them. What is asked about stores, and done to
/// them as a whole (report, accept, move, prune, open), is a method of this.
public struct HostStores: Sendable {
    /// The configuration.
    public let configuration: HostConfiguration
    let options: HostOptions
    /// The store of the servers that have none of their own.
    let used: StoreInUse
    /// Where each store is, or what is wrong with `tokenStorage`.
    let places: Result<StorePlaces, OmlxError>

    /// Whatever uses a configuration comes by here, so an unapproved one ends here. Nothing is opened or asked.
    /// - Throws: `OmlxError` with `CONFIG_UNTRUSTED`, `CONFIG_PERMISSIONS`; with `CONFIG_STORE_UNSUPPORTED` for a name the
    ///   program was given.
    public init(_ configuration: HostConfiguration, _ options: HostOptions) async throws(OmlxError) {
        try await configuration.requireTrust(options)
        self.configuration = configuration
        self.options = options
        let settings = configuration.tokenStorage
        let places = settings.map { StorePlaces($0, options) }
        self.places = places
        if let store = options.store {
            used = .program(store)
        } else {
            let configured = try? settings.get().backend.kind
            used = try StoreInUse(named: options.storeName, configured: configured, in: places)
        }
    }

    /// The store of the servers that have none of their own.
    var shared: any CredentialStore { used.store }

    /// The store a server's sign-in is kept in.
    func store(of server: ServerConfiguration) -> any CredentialStore { own(server) ?? shared }

    /// A server's own store, or `nil` when it uses the shared one.
    func own(_ server: ServerConfiguration?) -> (any CredentialStore)? {
        if case .program = used { return nil }
        switch server?.auth?.store {
        case .folder(let path)?:
            do throws(OmlxError) { return try places.get().files(in: path.value) } catch {
                return UnavailableStore(reason: error)
            }
        case .memory?: return MemoryStore(now: options.now)
        case .shared?, nil: return nil
        }
    }

    /// The stores that servers have for themselves and that outlast the process, each once.
    var own: [any CredentialStore] {
        var stores: [String: any CredentialStore] = [:]
        for server in configuration.servers.compactMap({ try? $0.result.get() }) {
            guard case .folder? = server.auth?.store, let store = own(server) else { continue }
            stores[store.identity] = store
        }
        return Array(stores.values)
    }

    /// The store in use and servers' own ones.
    var all: [any CredentialStore] { [shared] + own }

    /// What is remembered of earlier saves, for reading.
    var recorder: StatusRecorder {
        StatusRecorder(path: options.paths.database, logger: options.logger, now: options.now, isReadOnly: true)
    }

    /// Sign-ins of which newer ones were saved there: an older copy was put back.
    func older(_ records: [Credential], in store: any CredentialStore, _ recorder: StatusRecorder) async -> [OmlxError]
    {
        var errors: [OmlxError] = []
        for record in records where !store.isShared {
            guard let highest = await recorder.highest(of: record.key, in: store), record.generation < highest
            else { continue }
            errors.append(.olderRecord(record, highest, login: signIn(for: record.key)))
        }
        return errors
    }

    /// The sign-in to the server a credential is for, which is unnamed when none of the configured ones is that.
    private func signIn(for key: CredentialKey) -> SignInRemedy {
        let server = configuration.servers.lazy.compactMap { try? $0.result.get() }
            .first { ($0.transport.http?.url.value).flatMap { try? HTTPURL($0).text } == key.serverURL }
        return server?.signIn(account: key.account == server?.auth?.account ? nil : key.account) ?? SignInRemedy()
    }

    /// The URLs of the servers whose entries can be read.
    var configuredURLs: Set<String> {
        Set(configuration.servers.compactMap { try? $0.result.get().transport.http?.url.value })
    }
}

extension StorePlaces {
    fileprivate init(_ settings: TokenStorageConfiguration, _ options: HostOptions) {
        self.init(
            folder: options.paths.credentials, lockFolder: options.paths.locks, environment: options.environment,
            homeDirectory: options.homeDirectory, now: options.now)
        opened = options.opened
        declinesKeyring = options.declinesKeyring
        answerTime = options.answerTime
        keySource = Self.keySource(settings, options)
        vault = VaultSettings(
            environment: options.environment, homeDirectory: options.homeDirectory, address: settings.vaultURL?.value)
        if let token = settings.vaultToken?.secret { vault?.token = .value(token) }
        if let namespace = settings.vaultNamespace?.value { vault?.namespace = namespace }
        if let mount = settings.vaultMountPoint?.value { vault?.mount = mount }
        if let prefix = settings.vaultPathPrefix?.value { vault?.prefix = prefix }
    }

    private static func keySource(_ settings: TokenStorageConfiguration, _ options: HostOptions) -> KeySource {
        if let password = settings.password {
            // What the environment has in other bytes than UTF-8 came here as another text.
            guard !password.secret.withBytes({ String(decoding: $0, as: UTF8.self).contains("\u{FFFD}") }) else {
                return .unreadable(
                    OmlxError(
                        .storePasswordNeeded, "the password in \(password.shown) is not UTF-8 text",
                        nextStep: "put it into a file, and name that in OMLX_STORE_PASSWORD_FILE"))
            }
            return .password(password.secret)
        }
        guard let file = settings.passwordFile?.value else {
            return options.storePassword.map { .password($0) } ?? .keyFile
        }
        return options.opened.keySource(passwordFile: file)
    }
}
