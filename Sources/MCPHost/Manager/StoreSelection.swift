// Which credential store is used, from the command line, the environment, the configuration. Never a silent switch.

import Credentials
import Cryptography
import ErrorCatalogue

/// The choice of a store.
enum StoreSelection {
    /// The store for all servers.
    /// - Throws: `OmlxError` with `CONFIG_STORE_UNSUPPORTED` for a name the program was given. A store the configuration
    ///   names and that does not exist fails only the servers that need a credential.
    static func shared(_ configuration: HostConfiguration, _ options: HostOptions) throws(OmlxError)
        -> any CredentialStore
    {
        if let store = options.store { return store }
        if let name = options.storeName {
            switch name {
            case "file", "encrypted": return file(in: options.paths.credentials, try password(configuration), options)
            case "memory": return MemoryStore(now: options.now)
            case "secretservice", "keyring": return keyring(options)
            case "auto": break
            default: throw unsupported(name)
            }
        }
        let settings: TokenStorageConfiguration
        do throws(OmlxError) {
            settings = try configuration.tokenStorage.get()
        } catch {
            return UnavailableStore(reason: error)
        }
        switch settings.backend {
        case .automatic, .encrypted: return file(in: options.paths.credentials, settings.password?.secret, options)
        case .secretService: return keyring(options)
        case .memory: return MemoryStore(now: options.now)
        default: return UnavailableStore(reason: unsupported(settings.backend.rawValue))
        }
    }

    /// Every store there is here.
    static func all(_ configuration: HostConfiguration, _ options: HostOptions) -> [any CredentialStore] {
        [
            file(in: options.paths.credentials, try? password(configuration), options), keyring(options),
            MemoryStore(now: options.now),
        ]
    }

    /// Why the shared store is the one it is.
    static func reason(_ configuration: HostConfiguration, _ options: HostOptions) -> String {
        if options.store != nil { return "the program brings it" }
        if let name = options.storeName, name != "auto" { return "named by --store or OMLX_STORE" }
        let backend = (try? configuration.tokenStorage.get())?.backend
        return backend == .automatic ? "the default" : "named by tokenStorage in the configuration"
    }

    /// The store a server's sign-in is kept in.
    /// - Throws: as `shared`.
    static func store(
        of server: ServerConfiguration, _ configuration: HostConfiguration, _ options: HostOptions
    ) throws(OmlxError) -> any CredentialStore {
        if let own = try own(server.auth, configuration, options) { return own }
        return try shared(configuration, options)
    }

    /// A server's own store, or `nil` when it uses the shared one.
    static func own(
        _ auth: AuthConfiguration?, _ configuration: HostConfiguration, _ options: HostOptions
    ) throws(OmlxError) -> (any CredentialStore)? {
        if options.store != nil || options.storeName != nil { return nil }
        switch auth?.store {
        case .folder(let path)?: return file(in: path.value, try password(configuration), options)
        case .memory?: return MemoryStore(now: options.now)
        case .shared?, nil: return nil
        }
    }

    private static func password(_ configuration: HostConfiguration) throws(OmlxError) -> Secret? {
        try? configuration.tokenStorage.get().password?.secret
    }

    private static func keyring(_ options: HostOptions) -> any CredentialStore {
        SecretServiceStore(environment: options.environment, lockFolder: options.paths.locks, now: options.now)
    }

    private static func file(in folder: String, _ password: Secret?, _ options: HostOptions) -> any CredentialStore {
        EncryptedFileStore(folder: folder, keySource: password.map { .password($0) } ?? .keyFile, now: options.now)
    }

    private static func unsupported(_ name: String) -> OmlxError {
        OmlxError(
            .configStoreUnsupported, "the credential store \"\(OmlxError.shown(name, limit: 40))\" does not exist here",
            nextStep: "use \"secretservice\" (the desktop's keyring), \"encrypted\" (a file) or \"memory\" in "
                + "tokenStorage.backend, --store or OMLX_STORE")
    }
}
