// Where a Vault is and how to speak to it, from the configuration and the environment.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxHTTPClient
import OmlxSystem

/// A HashiCorp Vault or OpenBao, and the place in it.
package struct VaultSettings: Sendable {
    /// Where the token comes from.
    package enum Token: Sendable {
        /// It was given.
        case value(Secret)
        /// It is in this file, which is read again when the token in it is refused: an agent may have renewed it.
        case file(String)
    }

    /// The address, such as `https://vault.example.com:8200`.
    package var address: String
    /// The token; `nil` when there is none.
    package var token: Token?
    /// Whether the environment has a token that is for the Vault it names, and this is another one.
    package private(set) var isTokenWithheld = false
    /// The namespace, where the server has several.
    package var namespace: String?
    /// Where the KV secrets engine is mounted.
    package var mount = "secret"
    /// What the paths of records begin with.
    package var prefix = "omlx"
    /// Certificates.
    package var tls = TLSSettings()
    /// Proxies and the system's certificates.
    package var environment = HTTPEnvironment()

    /// A Vault at an address.
    package init(address: String, token: Token?) {
        self.address = address
        self.token = token
    }

    /// What the variables of Vault's and OpenBao's own programs say: `VAULT_ADDR`, `VAULT_TOKEN`, `VAULT_TOKEN_FILE`,
    /// `VAULT_NAMESPACE`, `VAULT_CACERT`, `VAULT_CLIENT_CERT`, `VAULT_CLIENT_KEY`, each also as `BAO_…`;
    /// the token also from `~/.vault-token`. `nil` when no address is named.
    /// - Parameter address: in place of the variable's. The token of the environment does not go there, unless it is the
    ///   same: an address in a file would decide who gets it.
    package init?(environment variables: [String: String], homeDirectory: String, address: String? = nil) {
        func value(_ name: String) -> String? {
            ["VAULT_", "BAO_"].lazy.compactMap { variables[$0 + name] }.first { !$0.isEmpty }
        }
        let usual = value("ADDR")
        guard let address = address ?? usual else { return nil }
        self.address = address
        let found = Self.token(value, homeDirectory)
        let isSame = usual.map { Self.areSame($0, address) } ?? false
        token = isSame ? found : nil
        isTokenWithheld = !isSame && found != nil
        namespace = value("NAMESPACE")
        tls = TLSSettings(
            certificateAuthorities: value("CACERT"), clientCertificate: value("CLIENT_CERT"),
            clientKey: value("CLIENT_KEY"))
        environment = HTTPEnvironment(variables: variables)
    }

    /// Whether two addresses are of one Vault: the spelling of the host, a default port and a slash at the end do not count.
    private static func areSame(_ one: String, _ other: String) -> Bool {
        guard let first = try? HTTPURL(one), let second = try? HTTPURL(other) else { return one == other }
        return first.origin == second.origin && trimmed(first.path) == trimmed(second.path)
    }

    private static func token(_ value: (String) -> String?, _ home: String) -> Token? {
        if let token = value("TOKEN") { return .value(Secret(String(token.trimmingSpace))) }
        if let file = value("TOKEN_FILE") { return .file(file) }
        let usual = home + "/.vault-token"
        return !home.isEmpty && access(usual, F_OK) == 0 ? .file(usual) : nil
    }

    /// The place as one text, for people and to tell one place from another; no secret.
    package var place: String {
        let host = address.hasSuffix("/") ? String(address.dropLast()) : address
        let space = namespace.map { " namespace \($0)" } ?? ""
        return "\(shownURL(host)) \(Self.trimmed(mount))/\(Self.trimmed(prefix))\(space)"
    }

    /// The address as a URL.
    /// - Throws: `CONFIG_URL_INVALID`; `STORE_INSECURE_URL` for http anywhere but on this machine.
    func url() throws(OmlxError) -> HTTPURL { try Self.url(address) }

    /// Reads an address of a Vault.
    /// - Throws: as `url()`.
    package static func url(_ address: String) throws(OmlxError) -> HTTPURL {
        let url: HTTPURL
        do {
            url = try HTTPURL(address)
        } catch {
            throw OmlxError(
                .configURLInvalid, "Vault's address cannot be used: \(error.reason)",
                nextStep: "correct VAULT_ADDR, or vaultUrl in tokenStorage")
        }
        guard url.query == nil, url.fragment == nil else {
            throw OmlxError(
                .configURLInvalid, "Vault's address has a query or a fragment",
                nextStep: "correct VAULT_ADDR, or vaultUrl in tokenStorage")
        }
        guard url.isSecure || url.isLoopback else {
            throw OmlxError(
                .storeInsecureURL, "\(url.origin) is neither https nor on loopback, so no token is sent there",
                nextStep: "use Vault's https address in VAULT_ADDR, or vaultUrl in tokenStorage")
        }
        return url
    }

    /// A mount or prefix without slashes around it.
    static func trimmed(_ path: String) -> String {
        path.split(separator: "/").joined(separator: "/")
    }
}

extension String {
    /// Without white space around it, as of a file that was read with its end of line.
    fileprivate var trimmingSpace: Substring {
        let isSpace: (Character) -> Bool = \.isWhitespace
        guard let start = firstIndex(where: { !isSpace($0) }), let end = lastIndex(where: { !isSpace($0) }) else {
            return ""
        }
        return self[start...end]
    }
}

extension VaultSettings.Token {
    /// The token itself.
    /// - Throws: `STORE_TOKEN_NEEDED`, `STORE_PERMISSIONS`.
    func read() async throws(OmlxError) -> Secret {
        switch self {
        case .value(let token): return token
        case .file(let path):
            do throws(OmlxError) {
                return try await OwnThread.run("omlx-token") { () throws(OmlxError) in try SecretFile.read(path) }
            } catch {
                guard error.code == .storeUnreadable else { throw error }
                throw .vaultTokenNeeded(error.message)
            }
        }
    }
}

extension VaultSettings {
    /// Why there is no token.
    var tokenMissing: OmlxError {
        guard isTokenWithheld else { return .vaultTokenNeeded("there is none") }
        return OmlxError(
            .storeTokenNeeded,
            "Vault wants a token: that of the environment or ~/.vault-token is for VAULT_ADDR alone, and vaultUrl names "
                + "another Vault",
            compared: [.init("vaultUrl", shownURL(address))],
            nextStep:
                "write \"vaultToken\": \"${NAME_OF_A_VARIABLE}\" beside vaultUrl in tokenStorage, or export VAULT_ADDR "
                + "and leave vaultUrl out")
    }
}

extension OmlxError {
    static func vaultTokenNeeded(_ reason: String) -> OmlxError {
        OmlxError(
            .storeTokenNeeded, "Vault wants a token: \(reason)",
            nextStep: "vault login, or export VAULT_TOKEN (or VAULT_TOKEN_FILE)")
    }
}
