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
    var granted: Date { max(obtainedAt, refreshedAt ?? obtainedAt) }
    static var schema: String { "io.omlx.Credential" }
    var label: String { "omlx: \(key)" }
    var shownAttributes: [(String, String)] {
        [
            ("server_url", shownURL(key.serverURL)), ("account", key.account ?? ""), ("issuer", shownURL(issuer)),
            ("client_id", clientID),
        ]
    }

    static var kind: RecordKind { .credential }
    static func recordName(_ key: CredentialKey) throws(OmlxError) -> String { try key.recordName() }

    /// The whole record as one JSON text, secrets included.
    /// - Throws: `STORE_WRITE_FAILED` when a secret is not text.
    public func serialized() throws(OmlxError) -> Secret {
        var fields = RecordFields(keeping: unknown, secrets: unknownSecrets)
        fields.set("server_url", key.serverURL)
        fields.set("account", key.account)
        fields.set("resource", resource)
        fields.set("issuer", issuer)
        fields.set("token_endpoint", tokenEndpoint)
        fields.set("revocation_endpoint", revocationEndpoint)
        fields.set("client_id", clientID)
        fields.set("token_endpoint_auth_method", tokenEndpointAuthMethod)
        fields.set("revocation_endpoint_auth_method", revocationEndpointAuthMethod)
        if revocationEndsGrant { fields.set("revocation_ends_grant", JSON.bool(true)) }
        fields.set("client_auth_form", clientAuthForm)
        fields.set("redirect_uri", redirectURI)
        fields.set("requested_scopes", requestedScopes)
        fields.set("granted_scopes", grantedScopes)
        fields.set("token_type", tokenType)
        fields.set("expires_at", expiresAt)
        fields.set("obtained_at", obtainedAt)
        fields.set("lifetime", lifetime)
        fields.set("refreshed_at", refreshedAt)
        fields.set("refresh_begun_generation", refreshBegunGeneration)
        fields.set("refresh_begun_at", refreshBegun?.at)
        fields.set("refresh_begun_by", refreshBegun?.by)
        fields.set("rejected", rejectionValue)
        fields.set("refresh_parameters", .array(refreshParameters.map { [.string($0.name), .string($0.value)] }))
        fields.set("unjudged_origins", unjudgedOrigins)
        fields.set("generation", generation)
        fields.set("token_generation", tokenGeneration)
        fields.set("client_secret", clientSecret)
        fields.set("access_token", accessToken)
        fields.set("refresh_token", refreshToken)
        return try fields.serialized()
    }

    /// The record of a JSON text that `serialized()` made, here or in another version.
    /// - Throws: `STORE_VERSION`, `STORE_DAMAGED`.
    public init(serialized text: Secret) throws(OmlxError) { self = try Self.parse(text) }

    private var rejectionValue: JSON? {
        guard let rejection else { return nil }
        var value = JSON.object(unknown["rejected"]?.objectValue ?? [:])
        value["code"] = JSON(rejection.code)
        value["words"] = rejection.words.map { .string($0) }
        value["at"] = RecordFields.value(rejection.at)
        value["generation"] = JSON(rejection.generation)
        value["interrupted_at"] = rejection.interruption.map { RecordFields.value($0.at) }
        value["interrupted_by"] = rejection.interruption?.by.map { .string($0) }
        return value
    }

    init(fields: inout RecordFields) throws(RecordFlaw) {
        guard let accessToken = fields.secret("access_token") else { throw .malformed("access_token") }
        guard let obtainedAt = try fields.date("obtained_at") else { throw .malformed("obtained_at") }
        self.init(
            key: CredentialKey(
                serverURL: try fields.requiredString("server_url"), account: try fields.string("account")),
            issuer: try fields.requiredString("issuer"), tokenEndpoint: try fields.requiredString("token_endpoint"),
            clientID: try fields.requiredString("client_id"),
            tokenEndpointAuthMethod: try fields.requiredString("token_endpoint_auth_method"),
            accessToken: accessToken, tokenType: try fields.requiredString("token_type"),
            refreshToken: fields.secret("refresh_token"), obtainedAt: obtainedAt)
        resource = try fields.string("resource")
        revocationEndpoint = try fields.string("revocation_endpoint")
        revocationEndpointAuthMethod = try fields.string("revocation_endpoint_auth_method")
        revocationEndsGrant = fields.value("revocation_ends_grant") == true
        clientSecret = fields.secret("client_secret")
        clientAuthForm = try fields.string("client_auth_form")
        redirectURI = try fields.string("redirect_uri")
        requestedScopes = try fields.strings("requested_scopes") ?? []
        grantedScopes = try fields.strings("granted_scopes")
        expiresAt = try fields.date("expires_at")
        lifetime = try fields.integer("lifetime")
        refreshedAt = try fields.date("refreshed_at")
        refreshBegunGeneration = try fields.integer("refresh_begun_generation")
        let begunBy = try fields.string("refresh_begun_by")
        refreshBegun = try fields.date("refresh_begun_at").map { Interruption(at: $0, by: begunBy) }
        refreshParameters = try Self.parameters(fields.value("refresh_parameters"))
        unjudgedOrigins = try fields.strings("unjudged_origins")
        generation = try fields.requiredInteger("generation")
        tokenGeneration = try fields.integer("token_generation") ?? generation
        let rejected = fields.value("rejected")
        rejection = try Self.rejection(rejected)
        unknown = fields.members
        unknownSecrets = fields.secrets
        unknown["rejected"] = Self.unknownMembers(of: rejected)
    }

    private static func parameters(_ value: JSON?) throws(RecordFlaw) -> [Parameter] {
        guard let value else { return [] }
        guard let pairs = value.arrayValue else { throw .malformed("refresh_parameters") }
        var parameters: [Parameter] = []
        for pair in pairs {
            guard let parts = pair.stringArrayValue, parts.count == 2 else { throw .malformed("refresh_parameters") }
            parameters.append(Parameter(parts[0], parts[1]))
        }
        return parameters
    }

    private static func rejection(_ value: JSON?) throws(RecordFlaw) -> Rejection? {
        guard let value else { return nil }
        guard let code = value["code"]?.stringValue, let at = RecordFields.date(value["at"]),
            let generation = value["generation"]?.intValue
        else { throw .malformed("rejected") }
        let interruption = RecordFields.date(value["interrupted_at"]).map {
            Interruption(at: $0, by: value["interrupted_by"]?.stringValue)
        }
        return Rejection(
            code: code, words: value["words"]?.stringValue, at: at, generation: generation, interruption: interruption)
    }

    /// What a newer version wrote into the mark. It goes when the mark goes.
    private static func unknownMembers(of rejected: JSON?) -> JSON? {
        guard var members = rejected?.objectValue else { return nil }
        for name in ["code", "words", "at", "generation", "interrupted_at", "interrupted_by"] { members[name] = nil }
        guard !members.isEmpty else { return nil }
        return .object(members)
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
