// RFC 7591, dynamic client registration: build the request, judge the reply.

import Cryptography
import ErrorCatalogue
import HTTPClient
import JSON

/// How a client shows at the token endpoint who it is (RFC 6749 §2.3, RFC 7591 §2).
public enum ClientAuthMethod: String, Sendable, Hashable {
    /// A public client: the id alone.
    case none
    /// Id and secret in an `Authorization: Basic` header.
    case basic = "client_secret_basic"
    /// Id and secret in the form.
    case post = "client_secret_post"
}

/// A client as an authorization server knows it.
public struct OAuthClient: Sendable {
    /// The client id.
    public var id: String
    /// The client secret, if it has one.
    public var secret: Secret?
    /// How it shows itself at the token endpoint.
    public var authMethod: ClientAuthMethod

    /// A client.
    public init(id: String, secret: Secret? = nil, authMethod: ClientAuthMethod) {
        self.id = id
        self.secret = secret
        self.authMethod = authMethod
    }

    /// A configured client: with a secret `client_secret_basic`, which every server has to have (RFC 6749 §2.3.1), or
    /// `client_secret_post` where only that is listed; without one `none`.
    public init(id: String, secret: Secret?, serverMethods: [String]?) {
        self.id = id
        self.secret = secret
        guard secret != nil else {
            authMethod = .none
            return
        }
        let methods = serverMethods ?? [ClientAuthMethod.basic.rawValue]
        let prefersPost = !methods.contains(ClientAuthMethod.basic.rawValue) && methods.contains("client_secret_post")
        authMethod = prefersPost ? .post : .basic
    }

    /// The method for the revocation endpoint, where its list has not the one of the token endpoint (RFC 8414 §2); `nil`
    /// where it is the same.
    public func revocationMethod(among listed: [String]?) -> ClientAuthMethod? {
        guard let listed, !listed.contains(authMethod.rawValue) else { return nil }
        let possible: [ClientAuthMethod] = secret == nil ? [.none] : [.basic, .post, .none]
        return possible.first { listed.contains($0.rawValue) }
    }
}

/// A registration to ask for (RFC 7591 §2).
public struct ClientRegistrationRequest: Sendable, Hashable {
    /// The callback addresses.
    public var redirectURIs: [String]
    /// The name people see on the consent page.
    public var clientName: String
    /// The scopes it will ask for, if known.
    public var scopes: [String]
    /// The method wished for.
    public var authMethod: ClientAuthMethod
    /// The grants it asks for.
    public var grants = Grants.code
    /// Members of the configuration's `client_metadata` that replace or join ours.
    public var overrides: JSONObject

    /// The grants of a client, besides refresh. Some servers admit one only (RFC 7591 §3.2.2).
    public enum Grants: Sendable, Hashable, CaseIterable {
        case code, codeAndDevice, device

        fileprivate var types: [String] {
            switch self {
            case .code: ["authorization_code", "refresh_token"]
            case .codeAndDevice: ["authorization_code", "refresh_token", DeviceAuthorizationRequest.grantType]
            case .device: [DeviceAuthorizationRequest.grantType, "refresh_token"]
            }
        }
    }

    /// A registration to ask for.
    public init(
        redirectURIs: [String], clientName: String, scopes: [String] = [], authMethod: ClientAuthMethod = .none,
        overrides: JSONObject = .init()
    ) {
        self.redirectURIs = redirectURIs
        self.clientName = clientName
        self.scopes = scopes
        self.authMethod = authMethod
        self.overrides = overrides
    }

    /// The method to wish for: a public client where the server admits one.
    public static func preferredMethod(of server: AuthorizationServerMetadata) -> ClientAuthMethod {
        guard let methods = server.tokenEndpointAuthMethods, !methods.contains("none") else { return .none }
        if methods.contains(ClientAuthMethod.post.rawValue) { return .post }
        return methods.contains(ClientAuthMethod.basic.rawValue) ? .basic : .none
    }

    /// The document sent (C7.10, C7.12, C7.14).
    public var document: JSON {
        var object: JSONObject = [
            "client_name": .string(clientName),
            "redirect_uris": JSON(redirectURIs),
            "grant_types": JSON(grants.types),
            "response_types": grants == .device ? [] : ["code"],
            "token_endpoint_auth_method": .string(authMethod.rawValue),
            "application_type": "native",
        ]
        if !scopes.isEmpty { object["scope"] = .string(Scopes.text(scopes)) }
        for (key, value) in overrides where key != "redirect_uris" { object[key] = value }
        return .object(object)
    }

    /// What to ask for in place of this after a refusal: less, where the refusal may be about what is left out then.
    /// - Parameter usesDevice: whether the sign-in takes the device grant.
    public func lessened(after reply: HTTPReply, usesDevice: Bool) -> ClientRegistrationRequest? {
        guard [400, 403].contains(reply.head.status) else { return nil }
        var less = self
        switch OAuthErrorReply(body: reply.body, mediaType: reply.head.mediaType)?.error {
        // Servers with one grant for each client refuse two (django-oauth-toolkit), or do not register one they list.
        case "invalid_client_metadata" where grants == .codeAndDevice:
            less.grants = usesDevice ? .device : .code
        // Keycloak answers an unknown scope with 403 and `insufficient_scope`.
        case "invalid_scope", "insufficient_scope", "invalid_client_metadata":
            guard !scopes.isEmpty else { return nil }
            less.scopes = []
        default: return nil
        }
        return less
    }

    /// The request to send. It is never redirected.
    public func request(to endpoint: HTTPURL) -> HTTPRequest {
        HTTPRequest(
            "POST", endpoint,
            headers: [.init("Content-Type", "application/json"), .init("Accept", "application/json")],
            body: .bytes(document.serialized()), limits: .oauth)
    }
}

/// What a registration gave.
public struct ClientRegistrationReply: Sendable {
    /// The client.
    public var client: OAuthClient
    /// When its secret ends, in seconds since 1970; `nil` when never.
    public var secretExpiresAt: Int?
    /// The token to manage the registration with (RFC 7592), if given.
    public var registrationAccessToken: Secret?
    /// Where to manage it, if given.
    public var registrationClientURI: String?

    /// Judges the answer.
    /// - Throws: `OmlxError`: `OAUTH_REGISTRATION_REJECTED`, `OAUTH_REGISTRATION_UNAVAILABLE`,
    ///   `OAUTH_REGISTRATION_INVALID`.
    public init(_ reply: HTTPReply, asked: ClientRegistrationRequest) throws(OmlxError) {
        let status = reply.head.status
        let origin = reply.head.url.origin
        if status >= 500 || status == 429 {
            throw OmlxError(
                .oauthRegistrationUnavailable, "\(origin) answered the registration with HTTP \(status)",
                httpStatus: status, retryAfter: reply.head.retryAfter, nextStep: "try again later")
        }
        var body = reply.body
        let secrets = Secret.take(["client_secret", "registration_access_token"], from: &body)
        let errorReply = OAuthErrorReply(body: body, mediaType: reply.head.mediaType)
        guard status == 200 || status == 201, errorReply == nil else { throw Self.rejected(reply, errorReply) }
        let what = "answer to the registration"
        var options = JSONParseOptions()
        options.rejectsDuplicateKeys = true
        guard let object = (try? JSON(parsing: body, options: options))?.objectValue else {
            if status == 200, reply.head.mediaType == "text/html" {
                throw OmlxError(
                    .oauthRegistrationUnavailable, "\(origin) answered the registration with a page for people",
                    httpStatus: status, nextStep: "try again later")
            }
            throw OmlxError(
                .oauthRegistrationInvalid, "the \(what) from \(origin) is no JSON object, or names a member twice",
                httpStatus: status)
        }
        let fields = DocumentFields(object: object, code: .oauthRegistrationInvalid, what: what, secrets: secrets)
        let id = try fields.requiredString("client_id")
        let secret = try fields.secret("client_secret")
        client = OAuthClient(id: id, secret: secret, authMethod: try Self.method(fields, hasSecret: secret != nil))
        secretExpiresAt = try fields.integer("client_secret_expires_at").flatMap { $0 > 0 ? $0 : nil }
        registrationAccessToken = try fields.secret("registration_access_token")
        registrationClientURI = try Self.managementURI(fields)
        try Self.checkRedirectURIs(fields, asked: asked)
    }

    /// Where the registration is managed; dropped when it is http off loopback, where no token may go (C5.1).
    private static func managementURI(_ fields: DocumentFields) throws(OmlxError) -> String? {
        do throws(OmlxError) {
            return try fields.url("registration_client_uri")?.text
        } catch  where error.code == .oauthInsecureURL {
            return nil
        }
    }

    /// RFC 7591 §3.2.1: the server may have registered something else than it was asked to. Without our callback
    /// among it, its page would refuse the sign-in; the port of a loopback address is free (RFC 8252 §7.3).
    private static func checkRedirectURIs(
        _ fields: DocumentFields, asked: ClientRegistrationRequest
    ) throws(OmlxError) {
        guard let registered = try fields.strings("redirect_uris") else { return }
        let wanted = Set(asked.redirectURIs.map(withoutLoopbackPort))
        if registered.contains(where: { wanted.contains(withoutLoopbackPort($0)) }) { return }
        throw OmlxError(
            .oauthRegistrationInvalid, "the server registered other redirect URIs than it was asked to",
            compared: [
                .init("redirect_uris asked for", asked.redirectURIs.joined(separator: " ")),
                .init("redirect_uris registered", registered.joined(separator: " ")),
            ],
            nextStep: "configure a client of your own with client_id in the server's auth block")
    }

    private static func withoutLoopbackPort(_ text: String) -> String {
        guard let url = try? HTTPURL(text), url.isLoopback, let mark = text.firstRange(of: "://") else { return text }
        let rest = text[mark.upperBound...]
        return "loopback" + (rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/")
    }

    /// The server's word counts, even against what was asked (pain 9); without one the secret decides.
    private static func method(_ fields: DocumentFields, hasSecret: Bool) throws(OmlxError) -> ClientAuthMethod {
        guard let name = try fields.string("token_endpoint_auth_method") else { return hasSecret ? .basic : .none }
        guard let method = ClientAuthMethod(rawValue: name) else {
            throw OmlxError(
                .oauthRegistrationInvalid, "the server wants a client authentication method that omlx does not have",
                compared: [.init("token_endpoint_auth_method", name)],
                nextStep: "configure a client of your own with client_id in the server's auth block")
        }
        if method == .none, hasSecret { return .post }
        guard method == .none || hasSecret else {
            throw OmlxError(.oauthRegistrationInvalid, "the server wants \(name) but gave no client_secret")
        }
        return method
    }

    private static func rejected(_ reply: HTTPReply, _ error: OAuthErrorReply?) -> OmlxError {
        let status = reply.head.status
        let origin = reply.head.url.origin
        var reason = error?.text
        if reason == nil, reply.head.mediaType == "text/plain" {
            reason = OmlxError.shown(String(decoding: reply.body.prefix(400), as: UTF8.self), limit: 200)
        }
        let admitsListedOnly = status == 401 || status == 403
        return OmlxError(
            .oauthRegistrationRejected,
            "\(origin) refused to register omlx (HTTP \(status)\(reason.map { ", \($0)" } ?? ""))"
                + (admitsListedOnly ? "; it seems to admit listed clients only" : ""),
            httpStatus: status,
            nextStep: "register a client with the provider and put its client_id into the server's auth block")
    }
}
