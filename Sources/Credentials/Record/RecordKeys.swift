// What a record is looked up by, and the file name and lock name that follow from it.

import OmlxCryptography
import OmlxErrors
import OmlxJSON

/// What a credential is looked up by: never the server's name, so that a changed URL finds no token.
public struct CredentialKey: Sendable, Hashable {
    /// The server's URL exactly as configured, variables expanded.
    public var serverURL: String
    /// The account, when a server is signed in to with more than one.
    public var account: String?

    /// The key of one account at one server.
    public init(serverURL: String, account: String? = nil) {
        self.serverURL = serverURL
        self.account = account
    }

    /// A name fit for a file and for `CredentialLock`: `credential-` and the SHA-256 of the key.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    public func recordName() throws(OmlxError) -> String {
        try RecordKind.credential.recordName([JSON(serverURL), JSON(optional: account)])
    }
}

/// What a client registration is looked up by (C8.1, C8.2).
public struct RegistrationKey: Sendable, Hashable {
    /// The authorization server's issuer identifier.
    public var issuer: String
    /// The URL of the server the registration was first made for, exactly as configured.
    public var serverURL: String

    /// The key of the registration at one issuer for one server.
    public init(issuer: String, serverURL: String) {
        self.issuer = issuer
        self.serverURL = serverURL
    }

    /// A name fit for a file and for `CredentialLock`: `registration-` and the SHA-256 of the key.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    public func recordName() throws(OmlxError) -> String {
        try RecordKind.registration.recordName([JSON(issuer), JSON(serverURL)])
    }
}

extension CredentialKey: CustomStringConvertible {
    /// The URL without user, query and fragment, which may hold secrets, and the account.
    public var description: String { shownURL(serverURL) + (account.map { " as \(OmlxError.shown($0))" } ?? "") }
}

extension RegistrationKey: CustomStringConvertible {
    /// Issuer and URL without user, query and fragment, which may hold secrets.
    public var description: String { "\(shownURL(serverURL)) at \(shownURL(issuer))" }
}

/// The kinds of record a store keeps.
enum RecordKind: UInt8, CaseIterable {
    case credential = 1
    case registration = 2

    /// How the record's file begins.
    var prefix: String {
        switch self {
        case .credential: "credential-"
        case .registration: "registration-"
        }
    }

    /// JSON keeps the parts apart whatever characters they hold.
    func recordName(_ parts: [JSON]) throws(OmlxError) -> String {
        prefix + (try SHA256.hexadecimal(JSON.array(parts).serialized()))
    }

    /// Whether a file of this name is a record of this kind.
    func owns(_ name: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        let digest = name.utf8.dropFirst(prefix.utf8.count)
        return digest.count == SHA256.digestCount * 2
            && digest.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}

/// A URL fit to be shown: user, password, query and fragment left out.
func shownURL(_ url: String) -> String {
    var shown = url.prefix { $0 != "?" && $0 != "#" }
    if let scheme = shown.firstRange(of: "://") {
        let authority = shown[scheme.upperBound...].prefix { $0 != "/" }
        if let at = authority.lastIndex(of: "@") {
            shown = shown[..<scheme.upperBound] + shown[shown.index(after: at)...]
        }
    }
    return OmlxError.shown(String(shown))
}
