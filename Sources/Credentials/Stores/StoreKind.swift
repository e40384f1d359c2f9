// The kinds of credential store there are.

/// A kind of credential store.
public enum StoreKind: String, Sendable, Hashable, CaseIterable, Codable {
    /// Encrypted files in a folder.
    case file
    /// The desktop's keyring.
    case secretService = "secretservice"
    /// HashiCorp Vault or OpenBao.
    case vault
    /// Nothing beyond the process.
    case memory

    /// The kind a person names: its own word, or one of mcp-cli's. `nil` for none of them.
    public init?(word: String) {
        switch word.lowercased() {
        case "encrypted": self = .file
        case "keyring": self = .secretService
        case let other: self.init(rawValue: other)
        }
    }

    /// In words, for sentences.
    public var inWords: String {
        switch self {
        case .file: "encrypted files"
        case .secretService: "the desktop's keyring"
        case .vault: "Vault"
        case .memory: "memory"
        }
    }
}
