// Which credential store is used, from the command line, the environment, the configuration. Never a silent switch.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors

/// Which store is used for all servers, and who says so.
enum StoreSelection: Sendable {
    /// Who named a store.
    enum Namer: Sendable, Hashable {
        case option
        case configuration
    }

    /// The program brings it.
    case program(any CredentialStore)
    /// It is named. One that cannot be made here fails only the servers that need a credential.
    case named(StoreKind, by: Namer, any CredentialStore)
    /// The one that is there is chosen once and noted.
    case itself(AutomaticStore)
    /// The configuration names none that there is, or has a password that cannot be read; that fails only the servers that
    /// need a credential.
    case unusable(UnavailableStore)

    /// The store for all servers. Whatever uses a configuration comes by here, so an unapproved one ends here.
    /// - Throws: `OmlxError` with `CONFIG_UNTRUSTED`, `CONFIG_PERMISSIONS`; with `CONFIG_STORE_UNSUPPORTED` for a name the
    ///   program was given.
    init(_ configuration: HostConfiguration, _ options: HostOptions) async throws(OmlxError) {
        try await configuration.requireTrust(options)
        if let store = options.store {
            self = .program(store)
            return
        }
        var named: (kind: StoreKind, by: Namer)?
        let word = options.storeName.flatMap { $0.isEmpty ? nil : $0 }
        if let word, word != "auto" {
            guard let kind = StoreKind(word: word) else { throw .unknownStore(word) }
            named = (kind, .option)
        }
        do throws(OmlxError) {
            if word == nil { named = try configuration.tokenStorage.get().backend.kind.map { ($0, .configuration) } }
            let places = try Self.places(configuration, options)
            if let named {
                self = .named(named.kind, by: named.by, places.store(named.kind))
            } else {
                self = .itself(AutomaticStore(places))
            }
        } catch {
            let away = UnavailableStore(reason: error)
            if let named { self = .named(named.kind, by: named.by, away) } else { self = .unusable(away) }
        }
    }

    /// The store itself.
    var store: any CredentialStore {
        switch self {
        case .program(let store), .named(_, _, let store): store
        case .itself(let store): store
        case .unusable(let store): store
        }
    }

    /// The store that chooses itself, where it is that.
    var automatic: AutomaticStore? { if case .itself(let store) = self { store } else { nil } }

    /// Who named it; `nil` for one that is not named.
    var namer: Namer? {
        switch self {
        case .named(_, let namer, _): namer
        case .unusable: .configuration
        case .program, .itself: nil
        }
    }

    /// The kind that is used now; `nil` for a store of the program's own, and for one that cannot be told.
    func kindInUse() async -> StoreKind? {
        switch self {
        case .named(let kind, _, _): kind
        case .itself(let store): try? await store.kind()
        case .program, .unusable: nil
        }
    }

    /// Why it is the one it is.
    func reason() -> Remedy {
        switch self {
        case .program: return "the program brings it"
        case .named(_, by: .option, _): return "named by \(.setting(.store))"
        case .named(_, by: .configuration, _), .unusable: return "named by tokenStorage in the configuration"
        case .itself(let store):
            guard let noted = try? store.standing() else { return "the best there is now; noted at the first sign-in" }
            let since = noted.since.formatted(.iso8601)
            if let unfinished = noted.unfinishedMove {
                return "chosen on \(since); \(unfinished.message): \(unfinished.nextStep ?? "")"
            }
            let downgrade: Remedy = noted.passedOver.map { "; \($0.downgrade)" } ?? ""
            return "chosen on \(since)\(downgrade)"
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
    ) async throws(OmlxError) -> any CredentialStore {
        try await configuration.requireTrust(options)
        if let own = own(server.auth, configuration, options) { return own }
        return try await StoreSelection(configuration, options).store
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
