// RFC 8414 and OpenID Connect Discovery: what an authorization server says of itself. Build the request, judge the reply.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// An authorization server: what its metadata says, or what the configuration says in its place (C4.8).
package struct AuthorizationServerMetadata: Sendable, Hashable {
    /// The issuer, byte for byte.
    package var issuer: String
    /// Where a person signs in.
    package var authorizationEndpoint: HTTPURL
    /// Where codes and refresh tokens become tokens.
    package var tokenEndpoint: HTTPURL
    /// Where clients register (RFC 7591), if anywhere.
    package var registrationEndpoint: HTTPURL?
    /// Where tokens are taken back (RFC 7009), if anywhere.
    package var revocationEndpoint: HTTPURL?
    /// Where a device asks for a code that a person enters elsewhere (RFC 8628), if anywhere.
    package var deviceAuthorizationEndpoint: HTTPURL?
    /// Grant types; `nil` means `authorization_code` and `implicit` (RFC 8414 §2).
    package var grantTypes: [String]?
    /// Whether an https URL of a metadata document can be the client id (C7.1).
    package var admitsClientIDMetadataDocuments = false
    /// Scopes, if listed.
    package var scopesSupported: [String]?
    /// Client authentication methods at the token endpoint; `nil` means `client_secret_basic` (RFC 8414 §2).
    package var tokenEndpointAuthMethods: [String]?
    /// Client authentication methods at the revocation endpoint; `nil` means those of the token endpoint here: a client
    /// that has shown itself there is asked for nothing else in practice (RFC 8414 §2).
    package var revocationEndpointAuthMethods: [String]?
    /// Challenge methods of PKCE; `nil` when not listed.
    package var codeChallengeMethods: [String]?
    /// Whether callbacks carry `iss` (RFC 9207 §3).
    package var sendsIssuerInCallback: Bool
    /// Whether the document was found where an OpenID provider has its configuration (OpenID Connect Discovery §4).
    package var hasOpenIDConfiguration = false
    /// What of the document could not be used and was left out, for people.
    package var oddities: [String] = []

    /// An authorization server.
    package init(
        issuer: String, authorizationEndpoint: HTTPURL, tokenEndpoint: HTTPURL, registrationEndpoint: HTTPURL? = nil,
        revocationEndpoint: HTTPURL? = nil, scopesSupported: [String]? = nil,
        tokenEndpointAuthMethods: [String]? = nil, codeChallengeMethods: [String]? = nil,
        sendsIssuerInCallback: Bool = false
    ) {
        self.issuer = issuer
        self.authorizationEndpoint = authorizationEndpoint
        self.tokenEndpoint = tokenEndpoint
        self.registrationEndpoint = registrationEndpoint
        self.revocationEndpoint = revocationEndpoint
        self.scopesSupported = scopesSupported
        self.tokenEndpointAuthMethods = tokenEndpointAuthMethods
        self.codeChallengeMethods = codeChallengeMethods
        self.sendsIssuerInCallback = sendsIssuerInCallback
    }
}

extension AuthorizationServerMetadata {
    /// Whether it is an OpenID provider, whose rules for `offline_access` and `nonce` then count (OpenID Connect Core
    /// §11, §3.1.2.1).
    package var isOpenIDProvider: Bool {
        hasOpenIDConfiguration || scopesSupported.map { Scopes.parse(Scopes.text($0)).contains("openid") } == true
    }

    /// Whether a place is one of an OpenID provider's configuration.
    package static func isOpenIDPlace(_ url: HTTPURL) -> Bool { url.path.contains("/.well-known/openid-configuration") }

    /// Whether the device grant is listed, with an endpoint to begin it at (RFC 8628 §4).
    package var listsDeviceGrant: Bool {
        deviceAuthorizationEndpoint != nil && grantTypes?.contains(DeviceAuthorizationRequest.grantType) == true
    }
}

/// Comparison of issuer identifiers.
enum Issuer {
    /// Whether two issuers are the same bytes. `==` on `String` is not enough: it takes U+212A for a `K` (C4.4, C9.7).
    static func isSame(_ lhs: String, _ rhs: String) -> Bool { lhs.utf8.elementsEqual(rhs.utf8) }

    /// The same, but that one of them may have one slash more at its end.
    static func isSame(_ lhs: String, _ rhs: String, butForSlash: Bool) -> Bool {
        isSame(lhs, rhs) || (butForSlash && (isSame(lhs + "/", rhs) || isSame(lhs, rhs + "/")))
    }
}

extension AuthorizationServerMetadata {
    private static let what = "authorization server metadata"

    /// The well-known places for an issuer, in the fixed order; never the root's document for an issuer with a path
    /// (C4.1 to C4.3).
    package static func wellKnownURLs(for issuer: HTTPURL) -> [HTTPURL] {
        var path = issuer.path
        while path.hasSuffix("/") { path.removeLast() }
        let oauth = "/.well-known/oauth-authorization-server"
        let openID = "/.well-known/openid-configuration"
        let targets = path.isEmpty ? [oauth, openID] : [oauth + path, openID + path, path + openID]
        return targets.compactMap { try? HTTPURL(issuer.origin + $0) }
    }

    /// The request for the document at a place.
    package static func request(at url: HTTPURL) -> HTTPRequest { MetadataReply.request(at: url) }

    /// What the answer means for an issuer.
    package enum Judgement: Sendable {
        /// A document of this issuer.
        case found(AuthorizationServerMetadata)
        /// None is published here; ask the next place.
        case notHere(String)
        /// One is published here that cannot be read; ask the next place.
        case unusable(OmlxError)
        /// The server could not say (5xx, 429).
        case unavailable(status: Int)
    }

    /// Which issuers a document may name.
    package enum ExpectedIssuer: Sendable, Hashable {
        /// Exactly this text (C4.4).
        case exactly(String)
        /// The origin itself, with or without a slash: no issuer was named, the place was built from the MCP
        /// server's own origin (2025-03-26, C6.1).
        case origin(String)

        func admits(_ issuer: String, acceptsSlash: Bool) -> Bool {
            switch self {
            case .exactly(let expected) where acceptsSlash: Issuer.isSame(issuer, expected, butForSlash: true)
            case .exactly(let expected): Issuer.isSame(issuer, expected)
            case .origin(let origin): Issuer.isSame(issuer, origin) || Issuer.isSame(issuer, origin + "/")
            }
        }

        /// The issuer named, or the origin.
        package var text: String {
            switch self {
            case .exactly(let text), .origin(let text): text
            }
        }
    }

    /// What is let pass in the metadata of one server, because the user or a provider's profile says so.
    package struct Tolerance: Sendable, Hashable {
        /// An issuer that differs from the expected one by a slash at its end (G4). The `iss` of an answer is held
        /// against the issuer of the metadata, always byte for byte.
        package var issuerSlash: Bool
        /// Metadata without `code_challenge_methods_supported` (G2). A list without S256 never passes.
        package var missingPKCEList: Bool

        /// Nothing is let pass, but for what is named.
        package init(issuerSlash: Bool = false, missingPKCEList: Bool = false) {
            self.issuerSlash = issuerSlash
            self.missingPKCEList = missingPKCEList
        }
    }

    /// Judges the answer to `request(at:)`. What cannot be read is passed over; another issuer, and a server without
    /// PKCE, are not.
    /// - Throws: `OmlxError`: `OAUTH_ISSUER_MISMATCH` (C4.4, C4.5), `OAUTH_PKCE_UNSUPPORTED` (C4.6),
    ///   `OAUTH_INSECURE_URL` (C5.1).
    package static func judge(
        _ reply: HTTPReply, issuer expected: ExpectedIssuer, tolerating tolerance: Tolerance = .init()
    ) throws(OmlxError) -> Judgement {
        let marks = ["issuer", "authorization_endpoint", "token_endpoint"]
        switch MetadataReply(reply, marks: marks, invalid: .oauthServerMetadataInvalid, what: what) {
        case .notHere(let reason): return .notHere(reason)
        case .unusable(let error): return .unusable(error)
        case .unavailable(let status): return .unavailable(status: status)
        case .document(let object, let conflicts):
            let fields = DocumentFields(
                object: object, code: .oauthServerMetadataInvalid, what: what, conflicts: conflicts)
            do throws(OmlxError) {
                let issuer = try fields.requiredString("issuer")
                try check(issuer, expected, tolerance, at: reply.head.url)
                let metadata = try read(fields, issuer: issuer)
                try checkPKCE(metadata, tolerance)
                return .found(metadata)
            } catch {
                guard error.code == .oauthServerMetadataInvalid else { throw error }
                return .unusable(error)
            }
        }
    }

    private static func check(
        _ issuer: String, _ expected: ExpectedIssuer, _ tolerance: Tolerance, at place: HTTPURL
    ) throws(OmlxError) {
        guard expected.admits(issuer, acceptsSlash: tolerance.issuerSlash) else {
            throw OmlxError(
                .oauthIssuerMismatch, "the \(what) at \(place.withoutQuery) names another issuer",
                compared: [.init("issuer expected", expected.text), .init("issuer in metadata", issuer)],
                nextStep: "if you trust it, set \"issuer\" in the server's auth block to the published one")
        }
    }

    private static func checkPKCE(
        _ metadata: AuthorizationServerMetadata, _ tolerance: Tolerance
    ) throws(OmlxError) {
        guard metadata.codeChallengeMethods?.contains("S256") ?? tolerance.missingPKCEList else {
            throw OmlxError(
                .oauthPKCEUnsupported,
                "\(OmlxError.shown(metadata.issuer)) does not list PKCE with S256 in its metadata",
                compared: [
                    .init(
                        "code_challenge_methods_supported",
                        metadata.codeChallengeMethods?.joined(separator: " ") ?? "missing")
                ],
                nextStep: metadata.codeChallengeMethods == nil
                    ? "ask whoever runs it; if it is known to have PKCE with S256, set "
                        + "\"accept_missing_pkce_list\": true in the server's auth block"
                    : "ask whoever runs it; a sign-in without PKCE could be stolen on the way")
        }
    }

    /// What is required, PKCE and what decides security is strict (RFC 8414 §2, RFC 9207 §3); the rest is left out where it
    /// cannot be used.
    private static func read(_ document: DocumentFields, issuer: String) throws(OmlxError)
        -> AuthorizationServerMetadata
    {
        var fields = document
        var metadata = AuthorizationServerMetadata(
            issuer: issuer,
            authorizationEndpoint: try fields.requiredURL("authorization_endpoint"),
            tokenEndpoint: try fields.requiredURL("token_endpoint"),
            registrationEndpoint: fields.url("registration_endpoint"),
            revocationEndpoint: fields.url("revocation_endpoint"),
            scopesSupported: fields.strings("scopes_supported"),
            tokenEndpointAuthMethods: fields.strings("token_endpoint_auth_methods_supported"),
            codeChallengeMethods: try fields.decidingStrings("code_challenge_methods_supported"),
            sendsIssuerInCallback: try fields.decidingBool("authorization_response_iss_parameter_supported") ?? false)
        metadata.deviceAuthorizationEndpoint = fields.url("device_authorization_endpoint")
        metadata.grantTypes = fields.strings("grant_types_supported")
        metadata.admitsClientIDMetadataDocuments =
            try fields.decidingBool("client_id_metadata_document_supported") ?? false
        metadata.revocationEndpointAuthMethods = fields.strings("revocation_endpoint_auth_methods_supported")
        metadata.oddities = fields.notes
        return metadata
    }
}
