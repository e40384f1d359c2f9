// The configuration of a host: its servers, its limits, its credential store, and what there is to say about the file.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxJSON

/// What `mcp.json` says. Made by `load(explicitPath:environment:workingDirectory:homeDirectory:)`, or by a program.
public struct HostConfiguration: Sendable {
    /// The limit of one request when neither server nor file say otherwise: 30 s.
    public static let standardTimeout: Duration = .seconds(30)
    /// The most tool calls in flight per host when the file does not say otherwise.
    public static let standardMaxToolCalls = 10
    /// How many child processes start at the same time when the file does not say otherwise: twice the processors, at
    /// least 4.
    public static var standardMaxStarts: Int { max(4, 2 * ProcessInfo.processInfo.activeProcessorCount) }

    /// The servers in the file's order, broken and disabled ones included.
    public var servers: [ConfiguredServer] = []
    /// The most tool calls in flight per host; at least 1.
    public var maxToolCalls = HostConfiguration.standardMaxToolCalls
    /// How many child processes start at the same time; at least 1.
    public var maxStarts = HostConfiguration.standardMaxStarts
    /// The limit of one request for servers without one of their own.
    public var defaultTimeout = HostConfiguration.standardTimeout
    /// Whether persons are told by the desktop's notifications.
    public var notifies = true
    /// The credential store's settings; an error when they name a store that does not exist here. Never replaced by
    /// another store: servers that need no credential still work.
    public var tokenStorage: Result<TokenStorageConfiguration, OmlxError> = .success(TokenStorageConfiguration())
    /// How a host that stays up is reached; an error where a setting cannot be used. Never reached in another way then.
    public var serving: Result<ServeSettings, OmlxError> = .success(ServeSettings())
    /// The absolute path of the file; `nil` when there is none.
    public var sourcePath: String?
    /// Where the file was found; `nil` when there is none, and for one a program brought the text of.
    public internal(set) var origin: ConfigurationOrigin?
    /// The bytes that were read, and what stands against their file.
    var file: JudgedFile?
    /// The files with variables that its servers name.
    var environmentFiles: [EnvironmentFile] = []
    /// Whether a person approved it just now.
    var isApproved = false
    /// Errors and warnings in the file's order. Every failed server has at least one error here; in a disabled server
    /// they are warnings.
    public var diagnostics: [ConfigurationDiagnostic] = []

    /// The variables of the environment that the file names.
    public var namedVariables: Set<String> = []

    /// A configuration without servers.
    public init() {}

    /// These servers, for programs that build their configuration themselves.
    public init(servers: [ServerConfiguration]) {
        self.servers = servers.map { ConfiguredServer($0) }
    }

    /// The server of that name, or else the one whose name reads the same; `nil` when there is neither.
    public func server(named name: String) -> ConfiguredServer? {
        servers.first { $0.name.isIdentical(to: name) } ?? servers.first { $0.name == name }
    }
}

/// Which credential store to use, and what it needs (the `tokenStorage` object, with the environment's additions).
public struct TokenStorageConfiguration: Sendable, Equatable {
    /// The store. `keychain` and `windows` are names other systems' files have; they are errors here.
    public enum Backend: String, Sendable, Hashable, CaseIterable {
        /// The best one there is, remembered.
        case automatic = "auto"
        /// The desktop's Secret Service.
        case secretService = "secretservice"
        /// A HashiCorp Vault.
        case vault
        /// An encrypted file.
        case encrypted
        /// Memory only.
        case memory
    }

    /// The store.
    public var backend: Backend = .automatic
    /// The password of the encrypted file, from `password`, `OMLX_STORE_PASSWORD` or `MCP_CLI_ENCRYPTION_KEY`.
    public var password: ConfiguredSecret?
    /// The file whose first line is the password, from `passwordFile` or `OMLX_STORE_PASSWORD_FILE`.
    public var passwordFile: ConfiguredText?
    /// Vault's URL, from `vaultUrl` or `VAULT_ADDR`.
    public var vaultURL: ConfiguredText?
    /// Vault's token, from `vaultToken`. The environment's belongs to the Vault the environment names.
    public var vaultToken: ConfiguredSecret?
    /// Vault's mount point.
    public var vaultMountPoint: ConfiguredText?
    /// The prefix of paths in Vault.
    public var vaultPathPrefix: ConfiguredText?
    /// Vault's namespace, from `vaultNamespace` or `VAULT_NAMESPACE`.
    public var vaultNamespace: ConfiguredText?

    /// The store chosen by itself.
    public init() {}
}

extension TokenStorageConfiguration.Backend {
    /// The kind of store; `nil` for the one that is chosen by itself.
    package var kind: StoreKind? {
        switch self {
        case .automatic: nil
        case .secretService: .secretService
        case .vault: .vault
        case .encrypted: .file
        case .memory: .memory
        }
    }
}
