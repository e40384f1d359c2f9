// RFC 6749 §4.1.3 and §6: code or refresh token for an access token. Build the request, judge the reply.

import Cryptography
import ErrorCatalogue
import HTTPClient
import JSON

/// A request to a token endpoint. Its body is secret and wiped after sending.
public enum TokenRequest {
    /// Names the requests themselves use; the configuration cannot set them (pain 11).
    public static let reservedNames: Set<String> = [
        "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "device_code", "client_id",
        "client_secret", "client_assertion", "client_assertion_type", "resource", "scope", "token", "token_type_hint",
    ]

    /// Exchanges a code (C9.10, C10.1).
    public static func exchange(_ code: Secret, for request: AuthorizationRequest) -> HTTPRequest {
        var form = FormParameters()
        form.set("grant_type", "authorization_code")
        form.set("code", code)
        form.set("redirect_uri", request.redirectURI)
        if let pkce = request.pkce { form.set("code_verifier", pkce.verifier) }
        form.set("resource", optional: request.resource)
        add(request.tokenParameters, to: &form)
        return post(form, to: request.server.tokenEndpoint, as: request.client)
    }

    /// Refreshes (C10.1, C12.3).
    /// - Parameters:
    ///   - scope: the scopes to name; `nil` leaves them out, which means "as granted" (RFC 6749 §6; pain 10).
    ///   - parameters: parameters to add, as they were kept at the sign-in (pain 25).
    public static func refresh(
        _ token: Secret, at endpoint: HTTPURL, as client: OAuthClient, resource: String?, scope: String? = nil,
        parameters: [(name: String, value: String)] = []
    ) -> HTTPRequest {
        var form = FormParameters()
        form.set("grant_type", "refresh_token")
        form.set("refresh_token", token)
        form.set("resource", optional: resource)
        form.set("scope", optional: scope)
        add(parameters, to: &form)
        return post(form, to: endpoint, as: client)
    }

    static func add(_ parameters: [(name: String, value: String)], to form: inout FormParameters) {
        for (name, value) in parameters where !reservedNames.contains(name) { form.set(name, value) }
    }

    /// How long taking back a sign-in's tokens may last, in seconds: it is a courtesy, and a person waits for it.
    public static let revocationLimit = 10.0

    /// Takes a token back (RFC 7009 §2.1).
    public static func revoke(
        _ token: Secret, hint: String, at endpoint: HTTPURL, as client: OAuthClient
    ) -> HTTPRequest {
        var form = FormParameters()
        form.set("token", token)
        form.set("token_type_hint", hint)
        var request = post(form, to: endpoint, as: client)
        request.limits.firstByte = 5
        request.limits.total = revocationLimit
        return request
    }

    /// A form with the client's proof; one method for each request (C9.11).
    static func post(_ form: FormParameters, to endpoint: HTTPURL, as client: OAuthClient) -> HTTPRequest {
        var form = form
        var headers: [HTTPRequestHeader] = [
            .init("Content-Type", "application/x-www-form-urlencoded"), .init("Accept", "application/json"),
        ]
        switch (client.authMethod, client.secret) {
        case (.basic, let secret?):
            headers.append(.init("Authorization", secret: basic(client.id, secret)))
            // Not a second proof: some servers look the client up by the form before they read the header.
            form.set("client_id", client.id)
        case (.post, let secret?):
            form.set("client_id", client.id)
            form.set("client_secret", secret)
        default: form.set("client_id", client.id)
        }
        return HTTPRequest("POST", endpoint, headers: headers, body: .secret(form.encoded()), limits: .oauth)
    }

    /// Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1).
    private static func basic(_ id: String, _ secret: Secret) -> Secret {
        var pair: [UInt8] = []
        // Reserved in one piece, so that growing leaves no copy of the secret behind.
        pair.reserveCapacity((id.utf8.count + secret.count) * 3 + 1)
        FormEncoding.append(id.utf8, to: &pair)
        pair.append(UInt8(ascii: ":"))
        secret.withBytes { FormEncoding.append($0, to: &pair) }
        return Base64.encode(Secret(wiping: &pair)).concatenating(prefix: "Basic ")
    }
}

/// What a token endpoint granted (RFC 6749 §5.1).
public struct TokenGrant: Sendable {
    /// The access token.
    public var accessToken: Secret
    /// The refresh token; `nil` when none came (C11.7). On a refresh the old one then stays good (pain 3).
    public var refreshToken: Secret?
    /// Seconds the access token lives; `nil` when not stated (pain 24).
    public var lifetime: Int?
    /// The scopes granted; `nil` when not stated, which means as asked.
    public var scopes: [String]?
    /// Who signed in, as the reply words it for people (provider: Notion, Slack; OpenID Connect Core §3.1.3.3).
    public var accountName: String?
    /// What the ID token of the reply says of its `nonce`; `nil` when no ID token came.
    public var idTokenNonce: IDTokenNonce?
}

/// What the answer of a token endpoint means (house plan, "The refresh transaction").
public enum TokenReply: Sendable {
    /// Tokens.
    case granted(TokenGrant)
    /// An OAuth error, whatever the HTTP status.
    case error(OAuthErrorReply, status: Int)
    /// A refusal in other words than RFC 6749 §5.2 has.
    case refused(UnnamedRefusal)
    /// No answer that says anything about the grant: 5xx, 429, a page, an empty body.
    case unknown(OmlxError)
    /// A success that cannot be used: no token, or a kind omlx does not speak.
    case unusable(OmlxError)

    /// Judges an answer. The caller wipes it (`HTTPReply.wipe`).
    public init(_ reply: HTTPReply) {
        let status = reply.head.status
        let origin = reply.head.url.origin
        var body = reply.body
        let secrets = Secret.take(from: &body) { path in
            guard let name = path.last, ["access_token", "refresh_token", "id_token"].contains(name) else {
                return false
            }
            return path.count == 1 || path.dropLast() == [TokenGrant.personMember]
        }
        if let error = OAuthErrorReply(body: body, mediaType: reply.head.mediaType), status < 500 {
            self = status == 429 ? .unknown(Self.unavailable(reply, error.text)) : .error(error, status: status)
            return
        }
        guard status == 200 || status == 201 else {
            let refusal = UnnamedRefusal(status: status, body: body, mediaType: reply.head.mediaType)
            self = refusal.map { .refused($0) } ?? .unknown(Self.unavailable(reply, nil))
            return
        }
        guard let members = Self.members(body, reply.head.mediaType) else {
            let error = OmlxError(
                .oauthTokenUnavailable, "the token endpoint at \(origin) answered with something that is not JSON",
                httpStatus: status)
            self = .unknown(error)
            return
        }
        do throws(OmlxError) {
            let object = try Self.unique(members, origin: origin, status: status)
            self = .granted(try TokenGrant(object, secrets, origin: origin))
        } catch {
            self = .unusable(error)
        }
    }

    private static func unavailable(_ reply: HTTPReply, _ text: String?) -> OmlxError {
        OmlxError(
            .oauthTokenUnavailable,
            "the token endpoint at \(reply.head.url.origin) answered with HTTP \(reply.head.status)"
                + (text.map { ", \($0)" } ?? ""),
            httpStatus: reply.head.status, retryAfter: reply.head.retryAfter, nextStep: "try again later")
    }

    private enum Members {
        case once(JSONObject)
        case repeated
    }

    /// The members of a JSON body, or those of a form body.
    private static func members(_ body: [UInt8], _ mediaType: String) -> Members? {
        if let object = (try? JSON(parsing: body))?.objectValue {
            var options = JSONParseOptions()
            options.rejectsDuplicateKeys = true
            return (try? JSON(parsing: body, options: options)) == nil ? .repeated : .once(object)
        }
        guard mediaType == "application/x-www-form-urlencoded" else { return nil }
        var object = JSONObject()
        for field in FormEncoding.decode(String(decoding: body, as: UTF8.self)) {
            guard object[field.name] == nil else { return .repeated }
            object[field.name] = .string(field.value)
        }
        return .once(object)
    }

    /// A success that says a thing twice is none: which of two tokens counts is not ours to guess.
    private static func unique(_ members: Members, origin: String, status: Int) throws(OmlxError) -> JSONObject {
        guard case .once(let object) = members else {
            throw OmlxError(
                .oauthTokenReplyInvalid, "the token reply of \(origin) names a member twice", httpStatus: status)
        }
        return object
    }
}

extension TokenGrant {
    /// The longest life that is believed, in seconds: a hundred years.
    static let lifetimeLimit = 3_153_600_000

    /// The member in which Slack answers with the tokens of a person (provider: Slack).
    fileprivate static let personMember = "authed_user"

    /// Reads a reply: its own tokens, or where it has none those of the person it names.
    fileprivate init(_ object: JSONObject, _ secrets: [[String]: Secret], origin: String) throws(OmlxError) {
        func fields(_ object: JSONObject, below path: [String]) -> DocumentFields {
            let own = secrets.filter { $0.key.dropLast() == path[...] }.map { ($0.key.last ?? "", $0.value) }
            return DocumentFields(
                object: object, code: .oauthTokenReplyInvalid, what: "token reply of \(origin)",
                secrets: Dictionary(own) { first, _ in first })
        }
        let person = object[Self.personMember]?.objectValue
        let token = secrets[["access_token"]]
        let personToken = secrets[[Self.personMember, "access_token"]]
        if object["ok"] == true, let person, personToken != nil, token == nil, object["access_token"]?.isNull != false {
            try self.init(fields(person, below: [Self.personMember]), origin: origin)
            accountName = AccountName.find(in: object, idToken: nil)
            return
        }
        try self.init(fields(object, below: []), origin: origin)
        if let person, scopes?.isEmpty != false, personToken == nil || personToken == token {
            scopes = try Self.scopes(person["scope"], origin: origin) ?? scopes
        }
    }

    private init(_ fields: DocumentFields, origin: String) throws(OmlxError) {
        // Slack calls the bearer token of a person `user`.
        if let type = try fields.string("token_type"), !["bearer", "user"].contains(type.lowercased()) {
            throw OmlxError(
                .oauthTokenReplyInvalid, "the token endpoint at \(origin) gave a token of a type omlx does not speak",
                compared: [.init("token_type", type)])
        }
        let token = try fields.requiredSecret("access_token")
        guard token.withBytes({ bytes in bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) else {
            throw OmlxError(
                .oauthTokenReplyInvalid, "the access token from \(origin) holds a character no header can carry")
        }
        accessToken = token
        refreshToken = try fields.secret("refresh_token")
        lifetime = try fields.seconds("expires_in")
        scopes = try Self.scopes(fields.object["scope"], origin: origin)
        accountName = AccountName.find(in: fields.object, idToken: fields.secrets["id_token"])
        idTokenNonce = fields.secrets["id_token"].map { IDTokenNonce($0) }
    }

    /// A text or, as some servers write it, an array.
    private static func scopes(_ value: JSON?, origin: String) throws(OmlxError) -> [String]? {
        guard let value, !value.isNull else { return nil }
        let size = value.stringValue?.utf8.count ?? value.stringArrayValue?.reduce(0) { $0 + $1.utf8.count } ?? 0
        guard size <= DocumentFields.stringLimit else {
            throw OmlxError(
                .oauthTokenReplyInvalid,
                "scope in the token reply of \(origin) is longer than \(DocumentFields.stringLimit) bytes")
        }
        if let text = value.stringValue { return Scopes.parse(text) }
        guard let scopes = value.stringArrayValue else {
            throw OmlxError(.oauthTokenReplyInvalid, "scope in the token reply of \(origin) is a \(value.typeName)")
        }
        return Scopes.unique(scopes)
    }
}

/// What the answer to a revocation means (RFC 7009 §2.2).
public enum RevocationReply {
    /// A sentence about a revocation that was not confirmed, or `nil` when it was.
    public static func problem(_ reply: HTTPReply) -> String? {
        let error = OAuthErrorReply(body: reply.body, mediaType: reply.head.mediaType)
        // Slack answers failures with 200, and what stands between with a page of its own.
        let isPage = reply.head.mediaType == "text/html" && reply.body.contains { $0 > 0x20 }
        if (200..<300).contains(reply.head.status), error == nil {
            if let denial = denial(reply.body) { return "HTTP \(reply.head.status), \(denial)" }
            return isPage ? "HTTP \(reply.head.status), a page for people" : nil
        }
        return "HTTP \(reply.head.status)" + (error.map { ", \($0.text)" } ?? "")
    }

    /// The member of a success that says it is none, such as Slack's `"revoked": false`.
    private static func denial(_ body: [UInt8]) -> String? {
        guard let object = (try? JSON(parsing: body))?.objectValue else { return nil }
        return ["ok", "success", "revoked"].first { object[$0] == false }.map { "\"\($0)\": false" }
    }
}
