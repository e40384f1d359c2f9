// Which credential store is used, from the command line, the environment, the configuration. Never a silent switch.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors

/// The choice of a store.
struct StoreSelection {
    /// Who chose.
    enum Source: Sendable, Hashable {
        case program
        case option
        case configuration
        /// Nobody: the one that is there is chosen once and noted.
        case itself
    }

    let store: any CredentialStore
    let source: Source
    /// The kind that was named; `nil` for a store of the program's own and for one that is chosen by itself.
    let kind: StoreKind?

    /// The store for all servers. Whatever uses a configuration comes by here, so an unapproved one ends here.
    /// - Throws: `OmlxError` with `CONFIG_UNTRUSTED`, `CONFIG_PERMISSIONS`; with `CONFIG_STORE_UNSUPPORTED` for a name the
    ///   program was given. A store the configuration
    ///   names and that does not exist, or a password that cannot be read, fails only the servers that need a credential.
    init(_ configuration: HostConfiguration, _ options: HostOptions) throws(OmlxError) {
        try configuration.requireTrust(options)
        if let store = options.store {
            (self.store, source, kind) = (store, .program, nil)
            return
        }
        let named = options.storeName.flatMap { $0.isEmpty ? nil : $0 }
        var kind: StoreKind?
        if let named, named != "auto" {
            kind = StoreKind(word: named)
            if kind == nil { throw .unknownStore(named) }
        }
        let isNamed = kind != nil
        let store: any CredentialStore
        do throws(OmlxError) {
            if named == nil { kind = try configuration.tokenStorage.get().backend.kind }
            let places = try Self.places(configuration, options)
            if let kind { store = places.store(kind) } else { store = AutomaticStore(places) }
        } catch {
            store = UnavailableStore(reason: error)
        }
        self.store = store
        self.kind = kind
        source = isNamed ? .option : store is AutomaticStore ? .itself : .configuration
    }

    /// The kind that is used now; `nil` for a store of the program's own, and for one that cannot be told.
    func kindInUse() async -> StoreKind? {
        if let kind { return kind }
        return try? await (store as? AutomaticStore)?.kind()
    }

    /// Why it is the one it is.
    func reason() -> Remedy {
        switch source {
        case .program: return "the program brings it"
        case .option: return "named by \(.setting(.store))"
        case .configuration: return "named by tokenStorage in the configuration"
        case .itself:
            let noted = try? (store as? AutomaticStore)?.standing()
            if let noted, let unfinished = noted.unfinishedMove {
                return
                    "chosen on \(noted.since.formatted(.iso8601)); \(unfinished.message): \(unfinished.nextStep ?? "")"
            }
            guard let noted else { return "the best there is now; noted at the first sign-in" }
            let downgrade: Remedy = noted.passedOver.map { "; \($0.downgrade)" } ?? ""
            return "chosen on \(noted.since.formatted(.iso8601))\(downgrade)"
        }
    }

    /// Where each store is.
    /// - Throws: `OmlxError`: what is wrong with `tokenStorage`.
    static func places(_ configuration: HostConfiguration, _ options: HostOptions) throws(OmlxError) -> StorePlaces {
        let settings = try configuration.tokenStorage.get()
        var places = StorePlaces(
            folder: options.paths.credentials, lockFolder: options.paths.locks, environment: options.environment,
            homeDirectory: options.homeDirectory, now: options.now)
        places.opened = options.opened
        places.declinesKeyring = options.declinesKeyring
        places.answerTime = options.answerTime
        places.keySource = keySource(settings, options)
        var vault = VaultSettings(
            environment: options.environment, homeDirectory: options.homeDirectory, address: settings.vaultURL?.value)
        if let token = settings.vaultToken?.secret { vault?.token = .value(token) }
        if let namespace = settings.vaultNamespace?.value { vault?.namespace = namespace }
        if let mount = settings.vaultMountPoint?.value { vault?.mount = mount }
        if let prefix = settings.vaultPathPrefix?.value { vault?.prefix = prefix }
        places.vault = vault
        return places
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

    /// The store a server's sign-in is kept in.
    /// - Throws: as `init`.
    static func store(
        of server: ServerConfiguration, _ configuration: HostConfiguration, _ options: HostOptions
    ) throws(OmlxError) -> any CredentialStore {
        try configuration.requireTrust(options)
        if let own = own(server.auth, configuration, options) { return own }
        return try StoreSelection(configuration, options).store
    }

    /// A server's own store, or `nil` when it uses the shared one.
    static func own(
        _ auth: AuthSettings?, _ configuration: HostConfiguration, _ options: HostOptions
    ) -> (any CredentialStore)? {
        if options.store != nil { return nil }
        switch auth?.store {
        case .folder(let path)?:
            do throws(OmlxError) { return try places(configuration, options).files(in: path.value) } catch {
                return UnavailableStore(reason: error)
            }
        case .memory?: return MemoryStore(now: options.now)
        case .shared?, nil: return nil
        }
    }
}

extension StoreChoice {
    /// What is to be said of a move that was broken off.
    var unfinishedMove: OmlxError? {
        if let emptying {
            return OmlxError(
                .storeMigration, "the move from \(emptying.kind.inWords) is unfinished",
                nextStep: Remedy(.migrateStores(to: kind.rawValue)))
        }
        return filling.map {
            OmlxError(
                .storeMigration, "the move to \($0.kind.inWords) is unfinished",
                nextStep: Remedy(.migrateStores(to: $0.kind.rawValue)))
        }
    }
}
