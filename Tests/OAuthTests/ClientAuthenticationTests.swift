// RFC 6749 §2.3: which form a client shows itself in, and which it tries after a refusal.

import OmlxCryptography
import OmlxHTTPClient
import Testing

@testable import OmlxOAuth

@Suite("Client authentication")
struct ClientAuthenticationTests {
    private static let basic = ClientAuthForm(.basic)
    private static let named = ClientAuthForm(.basic, namesClient: true)
    private static let raw = ClientAuthForm(.basic, isRaw: true)
    private static let post = ClientAuthForm(.post)
    private static let none = ClientAuthForm(.none)
    private static let both = ["client_secret_basic", "client_secret_post"]

    private func forms(_ client: OAuthClient) -> [ClientAuthForm] { [client.form] + client.others }

    private func client(
        _ secret: String? = "plain", id: String = "c", method: ClientAuthMethod? = nil, isChosen: Bool = false,
        methods: [String]? = nil, remembered: ClientAuthForm? = nil
    ) -> OAuthClient {
        OAuthClient(
            id: id, secret: secret.map { Secret($0) }, method: method, isChosen: isChosen, serverMethods: methods,
            remembered: remembered)
    }

    // MARK: which forms

    @Test("RFC 8414 §2: without a list a secret goes by Basic, the header alone (RFC 6749 §2.3)")
    func standard() throws {
        let client = client()
        #expect(client.form == Self.basic)
        let request = TokenRequest.refresh(
            Secret("r"), at: try HTTPURL("https://as.example/token"), as: client, resource: nil)
        #expect(header("Authorization", of: request) == "Basic YzpwbGFpbg==")
        #expect(!form(of: request).contains { $0.name == "client_id" })
    }

    @Test(
        "RFC 6749 §2.3.1: where encoding would change the secret, the form is used if it is listed",
        arguments: ["a/b", "a+b", "a b", "a%b", "a:b", "a=b", "é", "a&b", "a!b"])
    func specialSecret(secret: String) {
        #expect(client(secret, methods: Self.both).form == Self.post)
        #expect(client(secret, method: .basic, methods: Self.both).form == Self.post)
        #expect(client(secret, methods: ["client_secret_basic"]).form == Self.basic)
        #expect(client(secret).form == Self.basic)
        #expect(
            client(secret, method: .basic, isChosen: true, methods: Self.both).form == Self.basic, "the user's word")
    }

    @Test("A secret of letters, digits and - . _ ~ is what it is: Basic", arguments: ["abcXYZ019", "a-._~b"])
    func plainSecret(secret: String) {
        #expect(client(secret, methods: Self.both).form == Self.basic)
        #expect(!forms(client(secret)).contains(Self.raw))
    }

    @Test("RFC 7617 §2: an id with a colon never stands in the header as it is")
    func colon() { #expect(!forms(client("a/b", id: "urn:x")).contains { $0.isRaw }) }

    @Test("RFC 7591 §3.2.1: answered none with a secret: without it first, then with it")
    func noneWithSecret() {
        let listed = client(method: ClientAuthMethod.none, methods: ["none"] + Self.both)
        #expect(forms(listed).prefix(2) == [Self.none, Self.post])
        let unlisted = client(method: ClientAuthMethod.none)
        #expect(forms(unlisted).prefix(3) == [Self.none, Self.basic, Self.post], "RFC 8414 §2")
        let basicOnly = client(method: ClientAuthMethod.none, methods: ["client_secret_basic"])
        #expect(forms(basicOnly).prefix(2) == [Self.none, Self.basic])
    }

    @Test("A method the user chose is the only one; with none the secret never goes out")
    func chosen() {
        #expect(forms(client(method: .post, isChosen: true)) == [Self.post])
        #expect(forms(client("a/b", method: .basic, isChosen: true)) == [Self.basic, Self.raw, Self.named])
        let none = client(method: ClientAuthMethod.none, isChosen: true)
        #expect(forms(none) == [Self.none] && none.secret == nil)
    }

    @Test("Without a secret there is the id alone, whatever is said", arguments: [nil, ClientAuthMethod.basic, .post])
    func withoutSecret(method: ClientAuthMethod?) {
        #expect(forms(client(nil, method: method, remembered: Self.raw)) == [Self.none])
    }

    @Test("What worked comes first, unless the user chose another method since")
    func remembered() {
        #expect(forms(client("a/b", methods: Self.both, remembered: Self.raw)).first == Self.raw)
        #expect(client(method: .post, isChosen: true, remembered: Self.raw).form == Self.post)
        let forms = forms(client(remembered: Self.named))
        #expect(Set(forms).count == forms.count)
    }

    @Test(
        "A form is kept as text and read back; one of a newer version is none",
        arguments: [
            Self.none, Self.basic, Self.named, Self.raw, Self.post,
            ClientAuthForm(.basic, namesClient: true, isRaw: true),
        ])
    func text(form: ClientAuthForm) {
        #expect(ClientAuthForm(text: form.text) == form)
        for text in ["", "private_key_jwt", "client_secret_basic sealed", "client_secret_basic client_id client_id"] {
            #expect(ClientAuthForm(text: text) == nil)
        }
    }

    // MARK: after a refusal

    private func walk(_ client: OAuthClient, _ replies: [HTTPReply]) -> [ClientAuthForm] {
        var authentication = ClientAuthentication(client)
        var forms = [client.form]
        for reply in replies {
            guard let next = authentication.next(after: reply) else { break }
            forms.append(next.form)
        }
        return forms
    }

    private func refusal(_ error: String = "invalid_client", _ words: String? = nil, _ status: Int = 401) throws
        -> HTTPReply
    {
        let description = words.map { #","error_description":"\#($0)""# } ?? ""
        return try reply(#"{"error":"\#(error)"\#(description)}"#, status: status)
    }

    @Test(
        "The id is missed in the form: once more with it",
        arguments: [
            ("invalid_request", "client_id is required"), ("invalid_request", "Missing parameter: client_id"),
            ("invalid_client", "client_id is missing"), ("unauthorized_client", "Missing client_id"),
            ("invalid_request", "The client identifier must be provided"), ("invalid_request", "clientId required"),
            ("invalid_request", #"[{\"path\":[\"client_id\"],\"message\":\"Required\"}]"#),
            ("invalid_request", "client_id and client_secret are required"),
        ])
    func lacksID(error: String, words: String) throws {
        #expect(walk(client(), [try refusal(error, words, 400)]) == [Self.basic, Self.named])
    }

    @Test("Also in words that are no OAuth error")
    func lacksIDOtherwise() throws {
        let body = #"{"detail":[{"loc":["body","client_id"],"msg":"Field required","type":"missing"}]}"#
        #expect(walk(client(), [try reply(body, status: 422)]) == [Self.basic, Self.named])
        #expect(
            walk(client(), [try reply("client_id missing", status: 400, type: "text/plain")]) == [
                Self.basic, Self.named,
            ])
    }

    @Test("Another invalid_request is about the request: nothing is sent again", arguments: [400, 401])
    func otherRequest(status: Int) throws {
        for words in [
            nil, "code is missing", "Client must not use multiple authentication methods", "bad redirect_uri",
        ] {
            #expect(walk(client("a/b"), [try refusal("invalid_request", words, status)]).count == 1, "\(words ?? "")")
        }
    }

    @Test(
        "Only a refused client is tried otherwise: a code or a refresh token that was looked at is not sent again",
        arguments: [
            "invalid_grant", "invalid_scope", "invalid_target", "unauthorized_client", "unsupported_grant_type",
            "access_denied", "authorization_pending", "slow_down", "expired_token", "server_error",
        ])
    func otherErrors(error: String) throws {
        for status in [200, 400, 401] {
            #expect(walk(client("a/b"), [try refusal(error, "client", status)]).count == 1)
        }
    }

    @Test("A server in trouble, a page, tokens: nothing is sent again")
    func noRefusal() throws {
        for answer in [
            try refusal("invalid_client", nil, 500), try refusal("invalid_client", nil, 429),
            try reply("<html>client_id required</html>", status: 200, type: "text/html"),
            try reply(#"{"access_token":"x","token_type":"Bearer"}"#), try reply("", status: 400),
            try reply(#"{"message":"no"}"#, status: 401),
        ] {
            #expect(walk(client("a/b"), [answer]).count == 1)
        }
    }

    @Test("invalid_client: a special secret goes as it is once more; each form once, and never more than four requests")
    func refusedClient() throws {
        let refusals = try (0..<9).map { _ in try refusal() }
        #expect(walk(client("a/b", methods: ["client_secret_basic"]), refusals) == [Self.basic, Self.raw, Self.named])
        #expect(walk(client("a/b", methods: Self.both), refusals).prefix(3) == [Self.post, Self.basic, Self.raw])
        #expect(walk(client(nil), refusals) == [Self.none])
        #expect(walk(client(method: ClientAuthMethod.none), refusals).prefix(2) == [Self.none, Self.basic])
        for client in [client("a/b"), client("a/b", method: ClientAuthMethod.none), client("a/b", method: .post)] {
            let forms = walk(client, refusals)
            #expect(forms.count <= 4 && Set(forms).count == forms.count)
        }
    }

    @Test(
        "invalid_client in the words of providers, or a 401 about the client",
        arguments: [
            (200, #"{"ok":false,"error":"bad_client_secret"}"#), (200, #"{"error":"incorrect_client_credentials"}"#),
            (401, #"{"message":"Invalid client credentials"}"#), (400, #"{"error":"invalid_client"}"#),
            (401, #"{"status":401,"error":"Unauthorized","message":"client"}"#),
        ])
    func otherWords(status: Int, body: String) throws {
        #expect(walk(client("a/b"), [try reply(body, status: status)]) == [Self.basic, Self.raw])
    }

    @Test("RFC 6749 §5.2: a 401 that asks for Basic and says nothing else is about the client")
    func challenge() throws {
        let answer = try reply("", status: 401, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
        #expect(walk(client("a/b"), [answer]) == [Self.basic, Self.raw])
    }

    @Test("A server that wants the id wants it beside every header")
    func namedAndRaw() throws {
        let forms = walk(
            client("a/b", methods: ["client_secret_basic"]),
            [try refusal("invalid_request", "client_id is required", 400), try refusal()])
        #expect(forms == [Self.basic, Self.named, ClientAuthForm(.basic, namesClient: true, isRaw: true)])
    }

    @Test("The id remembered as wanted, and refused as a second method since: the header alone")
    func countsTwo() throws {
        let client = client(remembered: Self.named)
        let answer = try refusal("invalid_request", "Client must not use multiple authentication methods", 400)
        #expect(walk(client, [answer]) == [Self.named, Self.basic])
    }

    @Test("What worked is learned; what failed for another reason too, but a server in trouble teaches nothing")
    func learned() throws {
        func learned(_ last: HTTPReply) throws -> ClientAuthForm? {
            var authentication = ClientAuthentication(client("a/b", methods: ["client_secret_basic"]))
            #expect(authentication.next(after: try refusal()) != nil)
            #expect(authentication.refusal?.error == "invalid_client")
            #expect(authentication.next(after: last) == nil)
            return authentication.learned
        }
        #expect(try learned(reply(#"{"access_token":"x"}"#)) == Self.raw)
        #expect(try learned(refusal("invalid_grant", nil, 400)) == Self.raw)
        #expect(try learned(reply("", status: 503)) == nil)
        var first = ClientAuthentication(client())
        #expect(first.next(after: try reply(#"{"access_token":"x"}"#)) == nil && first.learned == nil)
    }
}
