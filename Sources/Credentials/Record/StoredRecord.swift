// The form credentials and registrations are kept in: one JSON text each, public so that other stores can use it.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxJSON

/// What the stores of this target need of a record.
protocol StoredRecord: Sendable {
    associatedtype Key: Sendable & Hashable & CustomStringConvertible
    static var kind: RecordKind { get }
    static func recordName(_ key: Key) throws(OmlxError) -> String
    var key: Key { get }
    var generation: Int { get set }
    /// When what it holds was granted; generations of two stores cannot be compared.
    var granted: Date { get }
    func successor(of existing: Self?, now: Date) -> Self
    func serialized() throws(OmlxError) -> Secret
    init(fields: inout RecordFields) throws(RecordFlaw)
    /// The record's kind in a keyring.
    static var schema: String { get }
    /// What it is, for people.
    var label: String { get }
    /// What people and their programs may see of it: nothing secret.
    var shownAttributes: [(String, String)] { get }
}

extension StoredRecord {
    static func parse(_ text: Secret) throws(OmlxError) -> Self {
        do {
            var fields = try RecordFields(parsing: text)
            return try Self(fields: &fields)
        } catch {
            switch error {
            case .newerFormat:
                throw OmlxError(
                    .storeVersion, "a credential record was written by a newer version", nextStep: "update omlx")
            case .malformed(let name):
                throw OmlxError(.storeDamaged, "a credential record has no usable \(name)")
            }
        }
    }
}

extension StoredRecord {
    /// Whether it was granted later than another.
    func isNewer(than other: Self) -> Bool {
        granted == other.granted ? generation > other.generation : granted > other.granted
    }
}

extension Credential: StoredRecord {
    var granted: Date { max(grant.obtainedAt, tokens.refreshedAt ?? grant.obtainedAt) }
    static var schema: String { "io.omlx.Credential" }
    var label: String { "omlx: \(key)" }
    var shownAttributes: [(String, String)] {
        [
            ("server_url", shownURL(key.serverURL)), ("account", key.account ?? ""),
            ("issuer", shownURL(grant.issuer)), ("client_id", client.id),
        ]
    }

    static var kind: RecordKind { .credential }
    static func recordName(_ key: CredentialKey) throws(OmlxError) -> String { try key.recordName() }

    /// The whole record as one JSON text, secrets included: the members of all its parts side by side, as every version
    /// has read them.
    /// - Throws: `STORE_WRITE_FAILED` when a secret is not text.
    public func serialized() throws(OmlxError) -> Secret {
        var fields = RecordFields(keeping: unknown, secrets: unknownSecrets)
        fields.set("server_url", key.serverURL)
        fields.set("account", key.account)
        client.write(to: &fields)
        grant.write(to: &fields)
        tokens.write(to: &fields)
        notes.write(to: &fields)
        fields.set("generation", generation)
        return try fields.serialized()
    }

    /// The record of a JSON text that `serialized()` made, here or in another version.
    /// - Throws: `STORE_VERSION`, `STORE_DAMAGED`.
    public init(serialized text: Secret) throws(OmlxError) { self = try Self.parse(text) }

    init(fields: inout RecordFields) throws(RecordFlaw) {
        let rejected = fields.members[Notes.rejectedName]
        let generation = try fields.requiredInteger("generation")
        self.init(
            key: CredentialKey(
                serverURL: try fields.requiredString("server_url"), account: try fields.string("account")),
            client: try Client(fields: &fields), grant: try Grant(fields: &fields),
            tokens: try Tokens(fields: &fields, recordGeneration: generation))
        notes = try Notes(fields: &fields)
        self.generation = generation
        unknown = fields.members
        unknownSecrets = fields.secrets
        unknown[Notes.rejectedName] = Notes.Rejection.unknownMembers(of: rejected)
    }
}

extension ClientRegistration: StoredRecord {
    var granted: Date { issuedAt ?? .distantPast }
    static var schema: String { "io.omlx.ClientRegistration" }
    var label: String { "omlx: client for \(key)" }
    var shownAttributes: [(String, String)] {
        [("server_url", shownURL(key.serverURL)), ("issuer", shownURL(key.issuer)), ("client_id", clientID)]
    }

    static var kind: RecordKind { .registration }
    static func recordName(_ key: RegistrationKey) throws(OmlxError) -> String { try key.recordName() }

    /// The whole record as one JSON text, secrets included.
    /// - Throws: `STORE_WRITE_FAILED` when a secret is not text.
    public func serialized() throws(OmlxError) -> Secret {
        var fields = RecordFields(keeping: unknown, secrets: unknownSecrets)
        fields.set("issuer", key.issuer)
        fields.set("server_url", key.serverURL)
        fields.set("redirect_uri", redirectURI)
        fields.set("client_id", clientID)
        fields.set("token_endpoint_auth_method", tokenEndpointAuthMethod)
        fields.set("client_auth_form", clientAuthForm)
        fields.set("client_metadata", clientMetadata)
        fields.set("issued_at", issuedAt)
        fields.set("secret_expires_at", secretExpiresAt)
        fields.set("registration_client_uri", registrationClientURI)
        fields.set("requested_scopes", requestedScopes)
        fields.set("client_name", clientName)
        fields.set("generation", generation)
        fields.set("client_secret", clientSecret)
        fields.set("registration_access_token", registrationAccessToken)
        return try fields.serialized()
    }

    /// The record of a JSON text that `serialized()` made, here or in another version.
    /// - Throws: `STORE_VERSION`, `STORE_DAMAGED`.
    public init(serialized text: Secret) throws(OmlxError) { self = try Self.parse(text) }

    init(fields: inout RecordFields) throws(RecordFlaw) {
        self.init(
            key: RegistrationKey(
                issuer: try fields.requiredString("issuer"), serverURL: try fields.requiredString("server_url")),
            redirectURI: try fields.requiredString("redirect_uri"), clientID: try fields.requiredString("client_id"),
            clientSecret: fields.secret("client_secret"),
            tokenEndpointAuthMethod: try fields.requiredString("token_endpoint_auth_method"))
        clientAuthForm = try fields.string("client_auth_form")
        clientMetadata = fields.value("client_metadata")
        issuedAt = try fields.date("issued_at")
        secretExpiresAt = try fields.date("secret_expires_at")
        registrationAccessToken = fields.secret("registration_access_token")
        registrationClientURI = try fields.string("registration_client_uri")
        requestedScopes = try fields.strings("requested_scopes") ?? []
        clientName = try fields.string("client_name")
        generation = try fields.requiredInteger("generation")
        unknown = fields.members
        unknownSecrets = fields.secrets
    }
}
