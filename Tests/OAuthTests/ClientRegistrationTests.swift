// RFC 7591: the document sent, and what each answer means.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@Suite("Client registration")
struct ClientRegistrationTests {
    private static let asked = ClientRegistrationRequest(
        redirectURIs: ["http://127.0.0.1:7777/callback", "http://localhost:7777/callback"], clientName: "omlx")

    private func judge(_ body: String, status: Int = 201, type: String? = "application/json") throws
        -> ClientRegistrationReply
    {
        try ClientRegistrationReply(
            try reply(body, status: status, type: type, from: "https://as.example/register"), asked: Self.asked)
    }

    private func error(_ body: String, status: Int = 201, type: String? = "application/json") -> OmlxError? {
        #expect(throws: OmlxError.self) { try judge(body, status: status, type: type) }
    }

    private func document(_ changes: JSONObject, without name: String = "") -> String {
        var object: JSONObject = [
            "client_id": "abc", "client_secret": "PLANTED-CLIENT-SECRET", "registration_access_token": "PLANTED-ACCESS",
        ]
        for (key, value) in changes { object[key] = value }
        object[name] = nil
        return JSON.object(object).text()
    }

    // MARK: the document

    @Test("C7.10, C7.12, C7.14: a native public client with refresh_token, both redirect spellings")
    func sent() throws {
        let document = Self.asked.document
        #expect(
            document == [
                "client_name": "omlx",
                "redirect_uris": ["http://127.0.0.1:7777/callback", "http://localhost:7777/callback"],
                "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
                "token_endpoint_auth_method": "none", "application_type": "native",
            ])
    }

    @Test("C7.14: the scope is sent when there is one")
    func scope() {
        var request = Self.asked
        request.scopes = ["a", "b"]
        #expect(request.document["scope"] == "a b")
        #expect(Self.asked.document["scope"] == nil)
    }

    @Test("RFC 8628 §3: the device grant beside the code, or alone")
    func grants() {
        let device: JSON = "urn:ietf:params:oauth:grant-type:device_code"
        var request = Self.asked
        request.grants = .codeAndDevice
        #expect(request.document["grant_types"] == ["authorization_code", "refresh_token", device])
        #expect(request.document["response_types"] == ["code"])
        request.grants = .device
        #expect(request.document["grant_types"] == [device, "refresh_token"])
        #expect(request.document["response_types"] == [])
    }

    @Test("C7.13: after a refusal less is asked for: first without the second grant, then without scopes, then nothing")
    func lessened() throws {
        func refusal(_ error: String, _ status: Int = 400) throws -> HTTPReply {
            try reply(#"{"error":"\#(error)"}"#, status: status, from: "https://as.example/register")
        }
        var request = Self.asked
        request.scopes = ["a"]
        request.grants = .codeAndDevice
        let metadata = try refusal("invalid_client_metadata")
        let first = request.lessened(after: metadata, usesDevice: false)
        #expect(first?.grants == .code && first?.scopes == ["a"])
        #expect(request.lessened(after: metadata, usesDevice: true)?.grants == .device)
        let second = first?.lessened(after: metadata, usesDevice: false)
        #expect(second?.grants == .code && second?.scopes == [])
        #expect(second?.lessened(after: metadata, usesDevice: false) == nil)
        let scope = request.lessened(after: try refusal("insufficient_scope", 403), usesDevice: false)
        #expect(scope?.grants == .codeAndDevice && scope?.scopes == [])
        #expect(request.lessened(after: try refusal("invalid_redirect_uri"), usesDevice: false)?.scopes == [])
        let html = try reply("<h1>no</h1>", status: 400, type: "text/html", from: "https://as.example/register")
        #expect(request.lessened(after: html, usesDevice: false)?.scopes == [], "in words of its own")
        #expect(scope?.lessened(after: try refusal("invalid_redirect_uri"), usesDevice: false) == nil, "once")
        #expect(request.lessened(after: try refusal("invalid_client_metadata", 503), usesDevice: false) == nil)
    }

    @Test("the configuration's members join and replace, but never the redirect URIs (C9.2)")
    func overrides() {
        var request = Self.asked
        request.overrides = [
            "client_name": "mine", "contacts": ["x@y"], "redirect_uris": ["https://evil.example/"],
            "application_type": "web",
        ]
        #expect(request.document["client_name"] == "mine")
        #expect(request.document["contacts"] == ["x@y"])
        #expect(request.document["application_type"] == "web")
        #expect(request.document["redirect_uris"] == Self.asked.document["redirect_uris"])
    }

    @Test("RFC 7591 §3.1: a JSON POST that follows no redirect")
    func request() throws {
        let request = Self.asked.request(to: try HTTPURL("https://as.example/register"))
        #expect(request.method == "POST")
        #expect(header("Content-Type", of: request) == "application/json")
        #expect(request.redirects == .never)
        guard case .bytes(let body) = request.body else { throw Unexpected() }
        #expect(try JSON(parsing: body) == Self.asked.document)
    }

    @Test(
        "C9.11: a public client where the server admits one, else the method it lists",
        arguments: [
            (nil, .none), (["none", "client_secret_post"], .none),
            (["client_secret_basic", "client_secret_post"], .post),
            (["client_secret_basic"], .basic), (["private_key_jwt"], .none), ([], .none),
        ] as [([String]?, ClientAuthMethod)])
    func preferred(methods: [String]?, expected: ClientAuthMethod) throws {
        var server = try server()
        server.tokenEndpointAuthMethods = methods
        #expect(ClientRegistrationRequest.preferredMethod(of: server) == expected)
    }

    @Test("RFC 8414 §2: of two methods the one that the revocation endpoint takes too")
    func preferredForBoth() throws {
        var server = try server()
        server.tokenEndpointAuthMethods = ["client_secret_basic", "client_secret_post"]
        for (listed, expected) in [(["client_secret_basic"], ClientAuthMethod.basic), (["private_key_jwt"], .post)] {
            server.revocationEndpointAuthMethods = listed
            #expect(ClientRegistrationRequest.preferredMethod(of: server) == expected)
        }
    }

    @Test(
        "C7.2, C4.8: how a configured client shows itself",
        arguments: [
            (false, nil, .none), (false, ["client_secret_basic"], .none), (true, nil, .basic),
            (true, ["client_secret_post"], .post),
            (true, ["client_secret_post", "client_secret_basic"], .basic), (true, ["none"], .basic), (true, [], .basic),
        ] as [(Bool, [String]?, ClientAuthMethod)])
    func configured(hasSecret: Bool, methods: [String]?, expected: ClientAuthMethod) {
        let client = OAuthClient(id: "c", secret: hasSecret ? Secret("s") : nil, serverMethods: methods)
        #expect(client.authMethod == expected)
    }

    // MARK: the answer

    @Test("C7.14: everything that is read back")
    func full() throws {
        let body = document([
            "token_endpoint_auth_method": "client_secret_basic", "client_secret_expires_at": 1_900_000_000,
            "registration_client_uri": "https://as.example/register/abc", "unknown": [1],
        ])
        let registration = try judge(body)
        #expect(registration.clientID == "abc")
        #expect(opened(registration.clientSecret) == "PLANTED-CLIENT-SECRET")
        #expect(registration.authMethod == .basic)
        #expect(registration.secretExpiresAt == 1_900_000_000)
        #expect(opened(registration.registrationAccessToken) == "PLANTED-ACCESS")
        #expect(registration.registrationClientURI == "https://as.example/register/abc")
        #expect(showsNoSecret("\(registration) \(String(reflecting: registration))"))
    }

    @Test("RFC 7591 §3.2.1: a public client with status 200 or 201", arguments: [200, 201])
    func small(status: Int) throws {
        let registration = try judge(#"{"client_id":"x"}"#, status: status, type: "text/plain")
        #expect(registration.clientSecret == nil)
        #expect(registration.authMethod == .none)
        #expect(registration.secretExpiresAt == nil)
    }

    @Test("escapes in a secret are resolved")
    func escapes() throws {
        #expect(opened(try judge(#"{"client_id":"x","client_secret":"a\u002f\"\u00e9"}"#).clientSecret) == "a/\"é")
    }

    @Test(
        "RFC 7591 §3.2.1: the answer's method counts, in any case; where it says nothing, what was asked for",
        arguments: [
            ("client_secret_basic", .basic), ("client_secret_post", .post), ("none", .none), (.null, .none),
            ("", .none),
            ("CLIENT_SECRET_BASIC", .basic), (" client_secret_post ", .post), ("NONE", .none), (["none"], .none),
        ] as [(JSON, ClientAuthMethod)])
    func method(name: JSON, expected: ClientAuthMethod) throws {
        let registration = try judge(document(["token_endpoint_auth_method": name]))
        #expect(registration.authMethod == expected)
        #expect(registration.clientSecret != nil)
    }

    @Test(
        "a method that needs a secret which did not come leaves the id alone, and that is said",
        arguments: ["client_secret_basic", "client_secret_post"])
    func secretMissing(name: String) throws {
        let body = document(["token_endpoint_auth_method": .string(name)], without: "client_secret")
        for body in [body, document(["token_endpoint_auth_method": .string(name), "client_secret": ""])] {
            let registration = try judge(body)
            #expect(registration.authMethod == .none && registration.clientSecret == nil)
            #expect(registration.oddities.count == 1)
        }
    }

    @Test(
        "C9.11: a method omlx has not is invalid and named",
        arguments: ["private_key_jwt", "client_secret_jwt", "tls_client_auth", "x\u{1B}[2J"])
    func methodUnknown(name: String) {
        let error = error(document(["token_endpoint_auth_method": .string(name)]))
        #expect(error?.code == .oauthRegistrationInvalid)
        #expect(error?.compared.first?.label == "token_endpoint_auth_method")
        #expect(isSafeToShow(error?.description ?? "\u{1B}"))
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test(
        "P7, provider: AWS: when a secret ends; 0 and null mean never",
        arguments: [
            (0, nil, 0), (.null, nil, 0), ("", nil, 0), ("0", nil, 0), (-1, nil, 1), (1, nil, 1), (3600, nil, 1),
            (1_900_000_000.0, 1_900_000_000, 0), ("1900000000", 1_900_000_000, 0), (1_900_000_000.5, 1_900_000_000, 0),
            (1_900_000_000_000, 1_900_000_000, 0), ("1900000000000", 1_900_000_000, 0), (1e300, nil, 1),
            ("never", nil, 1), ("2030-01-01T00:00:00Z", nil, 1), (true, nil, 1), ([], nil, 1), (1e17, nil, 1),
        ] as [(JSON, Int?, Int)])
    func expiry(value: JSON, expected: Int?, notes: Int) throws {
        let registration = try judge(document(["client_secret_expires_at": value]))
        #expect(registration.secretExpiresAt == expected)
        #expect(registration.oddities.count == notes, "\(registration.oddities)")
    }

    @Test(
        "what is required, or decides security, is invalid and named where it cannot be read",
        arguments: [
            ("client_id", .null), ("client_id", 1.5), ("client_id", -1), ("client_id", ""), ("client_id", ["x"]),
            ("client_id", true), ("client_id", .string(String(repeating: "x", count: 70_000))),
            ("token_endpoint_auth_method", 1), ("token_endpoint_auth_method", ["none", "client_secret_basic"]),
            ("token_endpoint_auth_method", ["x": 1]), ("token_endpoint_auth_method", true),
        ] as [(String, JSON)])
    func wrongType(name: String, value: JSON) {
        let error = error(document(JSONObject([(name, value)])))
        #expect(error?.code == .oauthRegistrationInvalid)
        #expect(error?.message.contains(name) == true)
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test(
        "what else cannot be read is left out, and that is said",
        arguments: [
            ("client_secret", ["PLANTED-CLIENT-SECRET"], 1), ("client_secret", ["x": "PLANTED-CLIENT-SECRET"], 1),
            ("client_secret", .string(String(repeating: "PLANTED-CLIENT-SECRET", count: 7000)), 1),
            ("client_secret", "", 0), ("registration_access_token", true, 1), ("registration_access_token", "", 0),
            ("registration_client_uri", 1, 1), ("registration_client_uri", "", 0),
            ("registration_client_uri", "/register/x", 1), ("registration_client_uri", "http://as.example/x", 1),
            ("redirect_uris", 1, 1), ("redirect_uris", "", 0), ("redirect_uris", [], 0), ("redirect_uris", [1], 1),
            ("redirect_uris", "http://127.0.0.1:1/callback", 0), ("redirect_uris", ["http://127.0.0.1:1/callback/"], 1),
            ("client_id_issued_at", "yesterday", 0), ("client_uri", "", 0),
        ] as [(String, JSON, Int)])
    func leftOut(name: String, value: JSON, notes: Int) throws {
        let registration = try judge(document(JSONObject([(name, value)])))
        #expect(registration.clientID == "abc")
        #expect(registration.oddities.count == notes, "\(registration.oddities)")
        #expect(showsNoSecret(registration.oddities.joined()) && isSafeToShow(registration.oddities.joined()))
        if name == "client_secret" { #expect(registration.clientSecret == nil && registration.authMethod == .none) }
    }

    @Test("a client id that is a whole number is its digits")
    func numericID() throws {
        #expect(try judge(#"{"client_id":12345678901234567890}"#).clientID == "12345678901234567890")
    }

    @Test("a member twice with one value counts once; with two, it is left out, or invalid where it is required")
    func twice() throws {
        let registration = try judge(
            #"{"client_id":"a","client_id":"a","registration_client_uri":"https://a.example/","registration_client_uri":1}"#
        )
        #expect(registration.clientID == "a" && registration.registrationClientURI == nil)
        #expect(registration.oddities.count == 1)
        #expect(error(#"{"client_id":"a","client_id":"b"}"#)?.code == .oauthRegistrationInvalid)
        let methods = #"{"client_id":"a","token_endpoint_auth_method":"none","token_endpoint_auth_method":"x"}"#
        #expect(error(methods)?.code == .oauthRegistrationInvalid)
    }

    @Test("RFC 7591 §3: an initial access token goes as bearer; where one is wanted, or not accepted, that is said")
    func initialAccessToken() throws {
        let request = Self.asked.request(
            to: try HTTPURL("https://as.example/register"), token: Secret("PLANTED-ACCESS"))
        #expect(header("Authorization", of: request) == "Bearer PLANTED-ACCESS")
        #expect(showsNoSecret("\(request)"))
        #expect(error("", status: 401)?.nextStep?.plainText.contains("initial_access_token") == true)
        var asked = Self.asked
        asked.hasInitialAccessToken = true
        let answer = try reply(#"{"error":"invalid_token"}"#, status: 401, from: "https://as.example/register")
        let error = #expect(throws: OmlxError.self) { try ClientRegistrationReply(answer, asked: asked) }
        #expect(error?.message.contains("does not accept the initial access token") == true)
    }

    @Test("RFC 8414 §2: where `none` is refused and no list says what there is, Basic is asked for, once")
    func secondMethod() throws {
        let refusal = try reply(
            #"{"error":"invalid_client_metadata"}"#, status: 400, from: "https://as.example/register")
        var request = Self.asked
        request.secondMethod = .basic
        let second = request.lessened(after: refusal, usesDevice: false)
        #expect(second?.authMethod == .basic)
        #expect(second?.lessened(after: refusal, usesDevice: false) == nil)
        request.overrides = ["token_endpoint_auth_method": "client_secret_post"]
        #expect(request.lessened(after: refusal, usesDevice: false) == nil, "the user's word counts")
    }

    @Test(
        "what is not one JSON object is invalid",
        arguments: [
            "", "[]", "null", "<html>", "{", "client_id=abc", "{}",
            #"{"client_id":"a","client_secret":"PLANTED-CLIENT-SECRET"#,
            #"{"client_id":"a","client_secret":"PLANTED-CLIENT-SECRET\x"}"#,
        ])
    func malformed(body: String) {
        let error = error(body)
        #expect(error?.code == .oauthRegistrationInvalid)
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test("provider: Figma, P9: a 403 in plain text says that listed clients only are admitted, and the words")
    func plainText() {
        let error = error("Forbidden \u{1B}[31mclient\n", status: 403, type: "text/plain; charset=utf-8")
        #expect(error?.code == .oauthRegistrationRejected)
        #expect(error?.httpStatus == 403)
        #expect(error?.message.contains("Forbidden") == true)
        #expect(error?.message.contains("listed clients only") == true)
        #expect(isSafeToShow(error?.description ?? "\u{1B}"))
        #expect(error?.nextStep?.plainText.contains("client_id") == true)
    }

    @Test("a megabyte of plain text is cut")
    func hugeText() {
        let error = error(String(repeating: "é", count: 500_000), status: 400, type: "text/plain")
        #expect(error?.code == .oauthRegistrationRejected)
        #expect(everyText(of: error).utf8.count < 2000)
    }

    @Test(
        "C7.13: a rejection names the server's reason; provider: Slack: with status 200 too",
        arguments: [
            (
                400, #"{"error":"invalid_redirect_uri","error_description":"no loopback"}"#,
                "invalid_redirect_uri: no loopback"
            ),
            (200, #"{"ok":false,"error":"invalid_client_metadata"}"#, "invalid_client_metadata"),
            (401, #"{"error":"invalid_token"}"#, "listed clients only"), (403, "<html>no</html>", "HTTP 403"),
            (404, "", "HTTP 404"), (302, "", "HTTP 302"), (400, #"{"error":{"code":1}}"#, "HTTP 400"),
            (422, "{}", "HTTP 422"),
        ])
    func rejected(status: Int, body: String, words: String) {
        let error = error(body, status: status)
        #expect(error?.code == .oauthRegistrationRejected)
        #expect(error?.message.contains(words) == true)
        #expect(error?.isRetryable == false)
    }

    @Test("P2: 5xx and 429 are no refusal", arguments: [500, 502, 503, 429])
    func unavailable(status: Int) throws {
        let answer = try reply(
            #"{"error":"invalid_client_metadata"}"#, status: status, headers: [("Retry-After", "30")],
            from: "https://as.example/register")
        let error = #expect(throws: OmlxError.self) { try ClientRegistrationReply(answer, asked: Self.asked) }
        #expect(error?.code == .oauthRegistrationUnavailable)
        #expect(error?.retryAfter == 30)
        #expect(error?.nextStep?.plainText == "try again in 30 s")
        #expect(error?.isRetryable == true)
    }
}
