// Reads `tokenStorage`, the credential store's settings as mcp-cli spells them.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors

extension TokenStorageConfiguration {
    /// The settings with what they do not say taken from the environment.
    func filled(from environment: [String: String]) -> TokenStorageConfiguration {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        var storage = self
        func given(_ secret: ConfiguredSecret?) -> ConfiguredSecret? {
            secret.flatMap { $0.secret.isEmpty ? nil : $0 }
        }
        func secret(_ name: String) -> ConfiguredSecret? {
            value(name).map { ConfiguredSecret(shown: "${\(name)}", secret: Secret($0)) }
        }
        // Empty, as of a variable that is not set, is none.
        storage.password =
            given(password) ?? secret("OMLX_STORE_PASSWORD") ?? secret("MCP_CLI_ENCRYPTION_KEY")
        storage.passwordFile =
            passwordFile
            ?? value("OMLX_STORE_PASSWORD_FILE").map {
                ConfiguredText(shown: "${OMLX_STORE_PASSWORD_FILE}", value: $0)
            }
        storage.vaultURL = vaultURL ?? value("VAULT_ADDR").map { ConfiguredText(shown: "${VAULT_ADDR}", value: $0) }
        storage.vaultToken = given(vaultToken)
        storage.vaultNamespace =
            vaultNamespace
            ?? value("VAULT_NAMESPACE").map { ConfiguredText(shown: "${VAULT_NAMESPACE}", value: $0) }
        return storage
    }
}

extension EntryReader {
    mutating func tokenStorage(_ entry: ConfigurationEntry?) -> Result<TokenStorageConfiguration, OmlxError> {
        guard document.choosesStore else {
            if let entry { warnOfStore(entry) }
            return .success(TokenStorageConfiguration().filled(from: scope.environment))
        }
        var inner = EntryReader(document: document, scope: scope)
        var storage = TokenStorageConfiguration()
        if var object = inner.object(entry, code: .configInvalidRoot) {
            storage.backend = inner.backend(object.take("backend"))
            storage.password = inner.secret(object.take("password"), code: .configInvalidRoot)
            storage.passwordFile = inner.path(object.take("passwordFile"), code: .configInvalidRoot)
            storage.vaultURL = inner.vaultURL(object.take("vaultUrl"))
            storage.vaultToken = inner.secret(object.take("vaultToken"), code: .configInvalidRoot)
            storage.vaultMountPoint = inner.text(object.take("vaultMountPoint"), code: .configInvalidRoot)
            storage.vaultPathPrefix = inner.text(object.take("vaultPathPrefix"), code: .configInvalidRoot)
            storage.vaultNamespace = inner.text(object.take("vaultNamespace"), code: .configInvalidRoot)
            inner.warnOfUnknownKeys(in: object)
        }
        adopt(inner.diagnostics)
        if let error = inner.firstError { return .failure(error) }
        return .success(storage.filled(from: scope.environment))
    }

    private mutating func vaultURL(_ entry: ConfigurationEntry?) -> ConfiguredText? {
        guard let entry, let text = url(entry)?.text else { return nil }
        let isLawful = isLawful(entry) { () throws(OmlxError) in _ = try VaultSettings.url(text.value) }
        return isLawful ? text : nil
    }

    /// Of a key that would choose a store.
    mutating func warnOfStore(_ entry: ConfigurationEntry) {
        warn(
            .configIgnoredKey, entry,
            "\(Self.quoted(entry.path)) is ignored: a file found in the working folder chooses no store for sign-ins",
            nextStep: "name the file with \(.setting(.configuration)) or OMLX_MCP_CONFIG, or say it with OMLX_STORE")
    }

    private mutating func backend(_ entry: ConfigurationEntry?) -> TokenStorageConfiguration.Backend {
        guard let entry, let written = string(entry, code: .configInvalidRoot), let word = expand(entry, written) else {
            return .automatic
        }
        if let backend = TokenStorageConfiguration.Backend(word: word) { return backend }
        let shown = "\"\(OmlxError.shown(written, limit: 40))\""
        let message =
            switch word.lowercased() {
            case "keychain": "the store \(shown) is that of macOS; it does not exist on this system"
            case "windows": "the store \(shown) is that of Windows; it does not exist on this system"
            default: "no store is called \(shown)"
            }
        fail(
            .configStoreUnsupported, entry, message,
            nextStep: "write \(TokenStorageConfiguration.Backend.allCases.map(\.rawValue).joined(separator: ", "))")
        return .automatic
    }
}

extension TokenStorageConfiguration.Backend {
    /// The store of a word: mcp-cli's, or one of `--store`.
    fileprivate init?(word: String) {
        if let known = Self(rawValue: word.lowercased()) {
            self = known
            return
        }
        guard let known = Self.allCases.first(where: { $0.kind != nil && $0.kind == StoreKind(word: word) }) else {
            return nil
        }
        self = known
    }
}
