// How a client shows who it is (RFC 6749 §2.3): the forms there are, and which is tried after a refusal. No I/O.

import OmlxCryptography
import OmlxHTTPClient

/// How a client shows at the token endpoint who it is (RFC 6749 §2.3, RFC 7591 §2).
public enum ClientAuthMethod: String, Sendable, Hashable {
    /// A public client: the id alone.
    case none
    /// Id and secret in an `Authorization: Basic` header.
    case basic = "client_secret_basic"
    /// Id and secret in the form.
    case post = "client_secret_post"
}

/// A method, and how exactly it is spelled: servers differ in what they read of `Basic`.
package struct ClientAuthForm: Sendable, Hashable {
    /// The method.
    package var method: ClientAuthMethod
    /// Whether the id stands in the form beside the header. RFC 6749 §2.3 admits one method for each request, and some
    /// servers count the id as a second; others look the client up by it.
    package var namesClient: Bool
    /// Whether id and secret stand in the header as they are, for servers that do not decode (against RFC 6749 §2.3.1).
    package var isRaw: Bool

    /// A form; as the standards have it unless it is said otherwise.
    package init(_ method: ClientAuthMethod, namesClient: Bool = false, isRaw: Bool = false) {
        self.method = method
        self.namesClient = namesClient && method == .basic
        self.isRaw = isRaw && method == .basic
    }

    private static let idMark = "client_id"
    private static let rawMark = "unencoded"

    /// The form as records keep it, such as `client_secret_basic client_id`.
    package var text: String {
        ([method.rawValue] + (namesClient ? [Self.idMark] : []) + (isRaw ? [Self.rawMark] : [])).joined(separator: " ")
    }

    /// The form a record keeps; `nil` for one that this version does not have.
    package init?(text: String) {
        let words = text.split(separator: " ").map(String.init)
        guard let method = words.first.flatMap({ ClientAuthMethod(rawValue: $0) }), words.count == Set(words).count,
            Set(words.dropFirst()).isSubset(of: [Self.idMark, Self.rawMark])
        else { return nil }
        self.init(method, namesClient: words.contains(Self.idMark), isRaw: words.contains(Self.rawMark))
    }
}

/// A client as an authorization server knows it.
package struct OAuthClient: Sendable {
    /// The client id.
    package var id: String
    /// The client secret, if it has one.
    package var secret: Secret?
    /// How it shows itself.
    package var form: ClientAuthForm
    /// The other forms, in the order they are tried when this one is refused.
    package var others: [ClientAuthForm] = []

    /// The method of its form.
    package var authMethod: ClientAuthMethod { form.method }

    /// A client that shows itself in this way alone.
    package init(id: String, secret: Secret? = nil, authMethod: ClientAuthMethod) {
        self.id = id
        self.secret = secret
        form = ClientAuthForm(authMethod)
    }

    /// A client with everything known of how it may show itself.
    /// - Parameters:
    ///   - method: the method the user chose, or the registration was answered with; `nil` when nothing says it.
    ///   - isChosen: whether the user chose it. Then no other method is tried, and with `none` the secret is never sent.
    ///   - serverMethods: what the server's metadata lists; `nil` means `client_secret_basic` (RFC 8414 §2), or that the
    ///     list is not at hand.
    ///   - remembered: the form that worked before.
    package init(
        id: String, secret: Secret?, method: ClientAuthMethod? = nil, isChosen: Bool = false,
        serverMethods: [String]?, remembered: ClientAuthForm? = nil
    ) {
        let holdsSecret = secret != nil && !(isChosen && method == ClientAuthMethod.none)
        self.id = id
        self.secret = holdsSecret ? secret : nil
        var forms = [ClientAuthForm(.none)]
        if let secret, holdsSecret {
            forms = Self.forms(id, secret, method: method, isChosen: isChosen, serverMethods: serverMethods)
        }
        let isUsable = remembered.map { form in
            (holdsSecret || form.method == .none) && !(isChosen && method != nil && method != form.method)
        }
        if let remembered, isUsable == true { forms = [remembered] + forms.filter { $0 != remembered } }
        form = forms[0]
        others = Array(forms.dropFirst())
    }

    /// The forms of a client with a secret, the likeliest first.
    private static func forms(
        _ id: String, _ secret: Secret, method: ClientAuthMethod?, isChosen: Bool, serverMethods: [String]?
    ) -> [ClientAuthForm] {
        let isChanged = BasicCredentials.areChangedByEncoding(id, secret)
        // A raw id with a colon would end where it does not (RFC 7617 §2).
        let raw = isChanged && !id.utf8.contains(UInt8(ascii: ":")) ? [ClientAuthForm(.basic, isRaw: true)] : []
        let basic = [ClientAuthForm(.basic)] + raw
        let named = [ClientAuthForm(.basic, namesClient: true)]
        let post = [ClientAuthForm(.post)]
        if isChosen, let method { return method == .post ? post : basic + named }
        let lists = { (method: ClientAuthMethod) in serverMethods?.contains(method.rawValue) == true }
        let mayPost = serverMethods == nil || lists(.post)
        let mayBasic = serverMethods == nil || lists(.basic) || !lists(.post)
        switch method {
        // RFC 7591 §3.2.1: what was answered counts, the secret comes in only where that is refused.
        case ClientAuthMethod.none?:
            let secretForms = lists(.post) ? post + (mayBasic ? basic : []) : basic + (mayPost ? post : [])
            return [ClientAuthForm(.none)] + secretForms + (mayBasic ? named : [])
        case .post?: return post + (mayBasic ? basic + named : [])
        case .basic?, nil:
            // Where encoding would change the pair, the form is what every server reads alike.
            let prefersPost = lists(.post) && (isChanged || (method == nil && !lists(.basic)))
            if prefersPost { return post + (method == .basic || mayBasic ? basic + named : []) }
            return basic + (mayPost ? post : []) + named
        }
    }
}

extension OAuthClient {
    /// The method for the revocation endpoint, where its list has not the one of the token endpoint (RFC 8414 §2); `nil`
    /// where it is the same.
    package func revocationMethod(among listed: [String]?) -> ClientAuthMethod? {
        guard let listed, !listed.contains(authMethod.rawValue) else { return nil }
        let possible: [ClientAuthMethod] = secret == nil ? [.none] : [.basic, .post, .none]
        return possible.first { listed.contains($0.rawValue) }
    }
}

/// The course of showing oneself: which form is next after an answer. A refused client comes before the grant is looked at
/// (RFC 6749 §5.2), so that the same code, refresh token or device code may be sent once more.
package struct ClientAuthentication: Sendable {
    /// The client as it shows itself now.
    package private(set) var client: OAuthClient
    private var firstRefusal: OAuthErrorReply?
    private var tried: [ClientAuthForm]
    private var isAccepted = true

    /// The most requests for one thing: a wrong secret is not tried in every way there is.
    static let limit = 4

    /// Begins with the client's own form.
    package init(_ client: OAuthClient) {
        self.client = client
        tried = [client.form]
    }

    /// What the first refusal said, where none of the forms was accepted: it is about the likeliest one.
    package var refusal: OAuthErrorReply? { isAccepted ? nil : firstRefusal }

    /// The form that worked in place of the one begun with.
    package var learned: ClientAuthForm? { tried.count > 1 && isAccepted ? client.form : nil }

    /// The client in the form to try next; `nil` when the answer says nothing against this one, or there is no other.
    package mutating func next(after reply: HTTPReply) -> OAuthClient? {
        guard let said = ClientRefusal(reply, form: client.form, hasSecret: client.secret != nil) else {
            // Tokens, or an error about something else; a server in trouble has not looked at the client.
            let isServed = (200..<300).contains(reply.head.status)
            let hasLooked = reply.head.status < 500 && reply.head.status != 429
            let isError = OAuthErrorReply(body: reply.body, mediaType: reply.head.mediaType) != nil
            isAccepted = isAccepted || isServed || (hasLooked && isError)
            return nil
        }
        isAccepted = false
        if firstRefusal == nil {
            firstRefusal = OAuthErrorReply(body: reply.body, mediaType: reply.head.mediaType)
        }
        guard tried.count < Self.limit, let form = form(after: said) else { return nil }
        client.form = form
        tried.append(form)
        return client
    }

    private mutating func form(after said: ClientRefusal) -> ClientAuthForm? {
        var form = client.form
        switch said {
        case .lacksID:
            form.namesClient = true
            // Who wants the id there wants it beside every header.
            client.others = client.others.map { ClientAuthForm($0.method, namesClient: true, isRaw: $0.isRaw) }
            if !tried.contains(form) { return form }
        case .countsTwo:
            form.namesClient = false
            client.others.removeAll { $0.namesClient }
            if !tried.contains(form) { return form }
        case .refused: break
        }
        return client.others.first { !tried.contains($0) }
    }
}

/// What a token endpoint has against the way a client shows itself.
enum ClientRefusal: Equatable {
    /// The id is missed in the form.
    case lacksID
    /// The id in the form counts as a second method.
    case countsTwo
    /// The client, or how it shows itself, is not accepted.
    case refused

    private static let textLimit = 16_384
    /// `invalid_client` in the words of providers (provider: Slack, GitHub).
    private static let codes: Set = [
        "invalid_client", "bad_client_secret", "invalid_client_id", "invalid_client_secret",
        "incorrect_client_credentials",
    ]
    /// Codes about something else than the client.
    private static let otherCodes: Set = [
        "invalid_grant", "unsupported_grant_type", "invalid_scope", "invalid_target", "access_denied",
        "authorization_pending", "slow_down", "expired_token", "temporarily_unavailable", "server_error",
    ]
    private static let missing = [
        "missing", "required", "must be", "undefined", "absent", "not provided", "not present", "not supplied",
        "not specified", "not set", "not given", "not found in", "empty", "null", "blank", "need", "lack", "without",
        "no client id", "specify", "provide", "include",
    ]
    private static let twice = ["multiple", "more than one", "must not use", "both", "two ", "twice", "only one"]

    /// Reads an answer to a request shown in this form; `nil` when it is about something else.
    init?(_ reply: HTTPReply, form: ClientAuthForm, hasSecret: Bool) {
        let status = reply.head.status
        guard status == 200 || (400..<500).contains(status), status != 429 else { return nil }
        let error = OAuthErrorReply(body: reply.body, mediaType: reply.head.mediaType)
        if status == 200, error == nil { return nil }
        if let code = error?.error, Self.otherCodes.contains(code) { return nil }
        let text = Self.text(reply)
        let isRefused = error.map { Self.codes.contains($0.error) } ?? false
        if form.method == .basic {
            if !form.namesClient, Self.names("client id", in: text, beside: Self.missing) {
                self = .lacksID
                return
            }
            if form.namesClient, error?.error == "invalid_request" || isRefused,
                Self.twice.contains(where: { text.contains($0) })
            {
                self = .countsTwo
                return
            }
        }
        let lacksSecret =
            error?.error == "invalid_request" && hasSecret && form.method != .post
            && Self.names("client secret", in: text, beside: Self.missing)
        // RFC 6749 §5.2: 401 answers a client that showed itself in a header.
        let isUnauthorized =
            status == 401 && error.map { Self.isOwnWord($0.error) } ?? true
            && (text.contains("client") || Self.asksForBasic(reply))
        guard isRefused || lacksSecret || isUnauthorized else { return nil }
        self = .refused
    }

    private static func isOwnWord(_ code: String) -> Bool {
        !["invalid_request", "unauthorized_client"].contains(code)
    }

    private static func asksForBasic(_ reply: HTTPReply) -> Bool {
        reply.head.headers.values(of: "WWW-Authenticate").contains { $0.lowercased().hasPrefix("basic") }
    }

    private static func text(_ reply: HTTPReply) -> String {
        guard reply.body.count < textLimit else { return "" }
        return String(decoding: reply.body, as: UTF8.self).lowercased()
            .replacing("_", with: " ").replacing("clientid", with: "client id")
            .replacing("client identifier", with: "client id").replacing("clientsecret", with: "client secret")
    }

    private static func names(_ name: String, in text: String, beside words: [String]) -> Bool {
        text.contains(name) && words.contains { text.contains($0) }
    }
}

/// `id:secret` for the `Basic` scheme.
enum BasicCredentials {
    /// The value of `Authorization`. Id and secret are form-encoded before they are joined (RFC 6749 §2.3.1), a blank as
    /// `%20`, which every decoder reads; what RFC 3986 §2.3 never reserves stays as it is.
    static func header(_ id: String, _ secret: Secret, isRaw: Bool) -> Secret {
        var pair: [UInt8] = []
        // Reserved in one piece, so that growing leaves no copy of the secret behind.
        pair.reserveCapacity((id.utf8.count + secret.count) * 3 + 1)
        append(id.utf8, to: &pair, isRaw: isRaw)
        pair.append(UInt8(ascii: ":"))
        secret.withBytes { append($0, to: &pair, isRaw: isRaw) }
        return Base64.encode(Secret(wiping: &pair)).concatenating(prefix: "Basic ")
    }

    private static func append(_ bytes: some Sequence<UInt8>, to pair: inout [UInt8], isRaw: Bool) {
        if isRaw { pair.append(contentsOf: bytes) } else { FormEncoding.appendCredential(bytes, to: &pair) }
    }

    static func areChangedByEncoding(_ id: String, _ secret: Secret) -> Bool {
        !id.utf8.allSatisfy(FormEncoding.isPlain) || !secret.withBytes { $0.allSatisfy(FormEncoding.isPlain) }
    }
}
