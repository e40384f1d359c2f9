// RFC 6749 §5: what the answer of a token endpoint means, and that of a revocation endpoint (RFC 7009 §2.2).

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// What a token endpoint granted (RFC 6749 §5.1).
package struct TokenGrant: Sendable {
    /// The access token.
    package var accessToken: Secret
    /// The refresh token; `nil` when none came (C11.7). On a refresh the old one then stays good.
    package var refreshToken: Secret?
    /// Seconds the access token lives; `nil` when not stated.
    package var lifetime: Int?
    /// The scopes granted; `nil` when not stated, which means as asked.
    package var scopes: [String]?
    /// Who signed in, as the reply words it for people (provider: Notion, Slack; OpenID Connect Core §3.1.3.3).
    package var accountName: String?
    /// What the ID token of the reply says of its `nonce`; `nil` when no ID token came.
    package var idTokenNonce: IDTokenNonce?
    /// What of the reply could not be used and was left out, for people: it is no reason to lose the tokens.
    package var oddities: [String] = []
}

/// What the answer of a token endpoint means (house plan, "The refresh transaction").
package enum TokenReply: Sendable {
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
    package init(_ reply: HTTPReply) {
        let status = reply.head.status
        let origin = reply.head.url.origin
        var body = reply.body
        let secrets = Self.takeSecrets(from: &body)
        if let error = OAuthErrorReply(body: body, mediaType: reply.head.mediaType), status < 500 {
            self = status == 429 ? .unknown(Self.unavailable(reply, error.text)) : .error(error, status: status)
            return
        }
        guard (200..<300).contains(status) else {
            let refusal = UnnamedRefusal(status: status, body: body, mediaType: reply.head.mediaType)
            self = refusal.map { .refused($0) } ?? .unknown(Self.unavailable(reply, nil))
            return
        }
        guard let (object, repeated) = Self.members(body, reply.head.mediaType) else {
            let error = OmlxError(
                .oauthTokenUnavailable, "the token endpoint at \(origin) answered with something that is not JSON",
                httpStatus: status)
            self = .unknown(error)
            return
        }
        do throws(OmlxError) {
            var grant = try TokenGrant(object, secrets, origin: origin)
            grant.oddities += repeated.sorted().map {
                "\(OmlxError.shown($0, limit: 60)) stands twice in the token reply of \(origin); the last one counts"
            }
            self = .granted(grant)
        } catch {
            self = .unusable(error)
        }
    }

    /// The refresh token of a success whose access token cannot be used. After a refresh it is the only one that is good:
    /// a server that rotates has ended the one sent (RFC 6749 §6).
    package static func refreshToken(besideUnusable reply: HTTPReply) -> Secret? {
        guard case .unusable = TokenReply(reply) else { return nil }
        var body = reply.body
        let secrets = takeSecrets(from: &body)
        guard let (object, _) = members(body, reply.head.mediaType) else { return nil }
        var fields = DocumentFields(
            object: object, code: .oauthTokenReplyInvalid, what: "token reply",
            secrets: secrets[["refresh_token"]].map { ["refresh_token": $0] } ?? [:])
        return fields.secret("refresh_token")
    }

    private static func takeSecrets(from body: inout [UInt8]) -> [[String]: Secret] {
        Secret.take(from: &body) { path in
            guard let name = path.last, ["access_token", "refresh_token", "id_token"].contains(name) else {
                return false
            }
            return path.count == 1 || path.dropLast() == [TokenGrant.personMember]
        }
    }

    private static func unavailable(_ reply: HTTPReply, _ text: String?) -> OmlxError {
        OmlxError(
            .oauthTokenUnavailable,
            "the token endpoint at \(reply.head.url.origin) answered with HTTP \(reply.head.status)"
                + (text.map { ", \($0)" } ?? ""),
            httpStatus: reply.head.status, retryAfter: reply.head.retryAfter, nextStep: reply.head.againStep)
    }

    /// The members of a JSON body, or those of a form body, whatever it is called; and those that stand there twice with
    /// different values: the last one counts, for the tokens are granted, and what they replaced is gone.
    private static func members(_ body: [UInt8], _ mediaType: String) -> (JSONObject, repeated: Set<String>)? {
        if let (value, conflicts) = try? JSON.parseNotingConflicts(body) {
            return value.objectValue.map { ($0, conflicts) }
        }
        let text = String(decoding: body, as: UTF8.self)
        let isForm = mediaType == "application/x-www-form-urlencoded"
        let fields = isForm || !text.contains("<") ? FormEncoding.decode(text) : []
        guard isForm || fields.contains(where: { $0.name == "access_token" && !$0.value.isEmpty }) else { return nil }
        var object = JSONObject()
        var repeated: Set<String> = []
        for field in fields {
            if let earlier = object[field.name], earlier != .string(field.value) { repeated.insert(field.name) }
            object[field.name] = .string(field.value)
        }
        return (object, repeated)
    }
}

extension TokenGrant {
    /// The longest life that is believed, in seconds: twenty years. What is more is no life, but a moment, or for ever.
    static let lifetimeLimit = 631_152_000

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
        func given(_ path: [String]) -> Secret? { secrets[path].flatMap { $0.isEmpty ? nil : $0 } }
        let token = given(["access_token"])
        let personToken = given([Self.personMember, "access_token"])
        let hasOwn = token != nil || ![nil, .null, ""].contains(object["access_token"])
        if object["ok"] == true, let person, personToken != nil, !hasOwn {
            try self.init(fields(person, below: [Self.personMember]), origin: origin)
            accountName = AccountName.find(in: object, idToken: nil)
            return
        }
        try self.init(fields(object, below: []), origin: origin)
        if let person, scopes?.isEmpty != false, personToken == nil || personToken == token {
            var fields = fields(person, below: [Self.personMember])
            scopes = fields.scopes("scope") ?? scopes
            oddities += fields.notes
        }
    }

    /// The types that are a bearer token's. Slack calls that of a person `user`, Apigee writes `BearerToken`.
    private static let bearerTypes: Set = ["bearer", "user", "bearertoken", "bearer token"]

    private init(_ document: DocumentFields, origin: String) throws(OmlxError) {
        var fields = document
        // RFC 6749 §7.1: a token of a type that is not understood is not used. What is no text names no type.
        if let type = fields.string("token_type")?.trimmingSpace, !type.isEmpty,
            !Self.bearerTypes.contains(type.lowercased())
        {
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
        refreshToken = fields.secret("refresh_token")
        lifetime = fields.seconds("expires_in")
        // A token that nothing renews and that ends at once is not what is meant: some servers say so of one without end.
        if lifetime == 0, refreshToken == nil {
            lifetime = nil
            fields.note("expires_in", "is 0, and there is no refresh token; it is left out")
        }
        scopes = fields.scopes("scope")
        let idToken = fields.secrets["id_token"].flatMap { $0.isEmpty ? nil : $0 }
        accountName = AccountName.find(in: fields.object, idToken: idToken)
        idTokenNonce = idToken.map { IDTokenNonce($0) }
        oddities = fields.notes
    }
}

/// What the answer to a revocation means (RFC 7009 §2.2).
package enum RevocationReply {
    /// A sentence about a revocation that was not confirmed, or `nil` when it was.
    package static func problem(_ reply: HTTPReply) -> String? {
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
