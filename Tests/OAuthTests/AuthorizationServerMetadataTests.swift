// RFC 8414 and OpenID Connect Discovery: where the document is asked for, and what each answer means.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

private typealias Metadata = AuthorizationServerMetadata

@Suite("Authorization server metadata")
struct AuthorizationServerMetadataTests {
    private func judge(
        _ body: String, status: Int = 200, type: String? = "application/json",
        issuer: Metadata.ExpectedIssuer = .exactly("https://as.example")
    ) throws -> Metadata.Judgement {
        let place = "https://as.example/.well-known/oauth-authorization-server?x=PLANTED-ACCESS"
        return try Metadata.judge(try reply(body, status: status, type: type, from: place), issuer: issuer)
    }

    private func error(
        _ body: String, issuer: Metadata.ExpectedIssuer = .exactly("https://as.example")
    ) -> OmlxError? {
        #expect(throws: OmlxError.self) { try judge(body, issuer: issuer) }
    }

    /// Why a document cannot be used and is passed over.
    private func unusable(_ body: String, issuer: Metadata.ExpectedIssuer = .exactly("https://as.example"))
        -> OmlxError?
    {
        guard case .unusable(let error)? = try? judge(body, issuer: issuer) else { return nil }
        return error
    }

    private func document(_ changes: JSONObject = [:], without name: String = "") -> String {
        var object: JSONObject = [
            "issuer": "https://as.example", "authorization_endpoint": "https://as.example/authorize",
            "token_endpoint": "https://as.example/token", "code_challenge_methods_supported": ["S256"],
        ]
        for (key, value) in changes { object[key] = value }
        object[name] = nil
        return JSON.object(object).text()
    }

    @Test(
        "C4.1, C4.2, C4.3: the places of an issuer in their order, never the root's for an issuer with a path",
        arguments: [
            ("https://a", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]),
            ("https://a/", ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]),
            (
                "https://a/t1",
                [
                    "/.well-known/oauth-authorization-server/t1", "/.well-known/openid-configuration/t1",
                    "/t1/.well-known/openid-configuration",
                ]
            ),
            (
                "https://a/t1/",
                [
                    "/.well-known/oauth-authorization-server/t1", "/.well-known/openid-configuration/t1",
                    "/t1/.well-known/openid-configuration",
                ]
            ),
            (
                "https://a/realms/x%20y",
                [
                    "/.well-known/oauth-authorization-server/realms/x%20y",
                    "/.well-known/openid-configuration/realms/x%20y",
                    "/realms/x%20y/.well-known/openid-configuration",
                ]
            ),
        ])
    func places(issuer: String, targets: [String]) throws {
        #expect(Metadata.wellKnownURLs(for: try HTTPURL(issuer)).map(\.text) == targets.map { "https://a" + $0 })
    }

    @Test("provider: GitHub: an issuer with a path of two segments and a port")
    func port() throws {
        #expect(
            Metadata.wellKnownURLs(for: try HTTPURL("http://127.0.0.1:9000/login/oauth")).first?.text
                == "http://127.0.0.1:9000/.well-known/oauth-authorization-server/login/oauth")
    }

    @Test("C6.3: the request is a GET with MCP-Protocol-Version and bounded answers")
    func request() throws {
        let request = Metadata.request(at: try HTTPURL("https://as.example/.well-known/openid-configuration"))
        #expect(request.method == "GET")
        #expect(header("MCP-Protocol-Version", of: request) != nil)
        #expect(header("Authorization", of: request) == nil)
        #expect(request.limits.bodyBytes == 1 << 20)
    }

    @Test("C4.8: all fields")
    func full() throws {
        let body = document([
            "registration_endpoint": "https://as.example/register", "revocation_endpoint": "https://b.example/revoke",
            "scopes_supported": ["a"], "token_endpoint_auth_methods_supported": ["none", "x"],
            "authorization_response_iss_parameter_supported": true, "userinfo_endpoint": 7,
        ])
        guard case .found(let metadata) = try judge(body) else { throw Unexpected() }
        #expect(
            metadata
                == Metadata(
                    issuer: "https://as.example", authorizationEndpoint: try HTTPURL("https://as.example/authorize"),
                    tokenEndpoint: try HTTPURL("https://as.example/token"),
                    registrationEndpoint: try HTTPURL("https://as.example/register"),
                    revocationEndpoint: try HTTPURL("https://b.example/revoke"), scopesSupported: ["a"],
                    tokenEndpointAuthMethods: ["none", "x"], codeChallengeMethods: ["S256"],
                    sendsIssuerInCallback: true))
    }

    @Test("C4.8: what is not said")
    func small() throws {
        guard case .found(let metadata) = try judge(document(["registration_endpoint": .null])) else {
            throw Unexpected()
        }
        #expect(metadata.registrationEndpoint == nil)
        #expect(metadata.tokenEndpointAuthMethods == nil)
        #expect(!metadata.sendsIssuerInCallback)
    }

    @Test(
        "C4.4, C4.5, P16: the issuer is compared byte for byte",
        arguments: [
            ("https://as.example", "https://as.example/"), ("https://as.example/", "https://as.example"),
            ("https://as.example", "https://AS.example"), ("https://as.example", "HTTPS://as.example"),
            ("https://as.example", "https://as.example:443"), ("https://as.example", "http://as.example"),
            ("https://as.example/a", "https://as.example/%61"), ("https://as.example/K", "https://as.example/\u{212A}"),
            ("https://as.example/\u{E9}", "https://as.example/e\u{301}"), ("https://as.example", "https://as.example "),
            ("https://as.example", "https://evil.example"), ("https://as.example", "https://as.example\u{200B}"),
            ("https://as.example", "x"), ("https://auth.atlassian.com/abc", "https://auth.atlassian.com"),
        ])
    func issuer(expected: String, published: String) {
        let error = error(document(["issuer": .string(published)]), issuer: .exactly(expected))
        #expect(error?.code == .oauthIssuerMismatch)
        #expect(error?.compared.count == 2)
        #expect(showsNoSecret(everyText(of: error)))
        #expect(isSafeToShow(error?.description ?? "\u{1B}"))
    }

    @Test(
        "C6.1: where only the origin is known, a slash at its end is no mismatch",
        arguments: [
            ("https://as.example", true), ("https://as.example/", true), ("https://as.example//", false),
            ("https://as.example/x", false),
        ])
    func originIssuer(published: String, admitted: Bool) throws {
        let body = document(["issuer": .string(published)])
        if admitted {
            guard case .found(let metadata) = try judge(body, issuer: .origin("https://as.example")) else {
                throw Unexpected()
            }
            #expect(metadata.issuer == published)
        } else {
            #expect(error(body, issuer: .origin("https://as.example"))?.code == .oauthIssuerMismatch)
        }
    }

    @Test("C4.5: a foreign issuer is told before anything else is looked at")
    func issuerFirst() {
        let body = #"{"issuer":"https://evil.example","token_endpoint":7}"#
        #expect(error(body)?.code == .oauthIssuerMismatch)
    }

    @Test(
        "C4.6, G2: without S256 in the metadata nothing is begun",
        arguments: [.null, [], ["plain"], ["s256"], ["S256 "], ["plain S256"], ["S512"]] as [JSON])
    func pkce(methods: JSON) {
        let error = error(document(["code_challenge_methods_supported": methods]))
        #expect(error?.code == .oauthPKCEUnsupported)
        #expect(error?.compared.first?.label == "code_challenge_methods_supported")
    }

    @Test("C4.6: S256 among others is enough")
    func pkceAmongOthers() throws {
        guard case .found = try judge(document(["code_challenge_methods_supported": ["plain", "S256"]])) else {
            throw Unexpected()
        }
    }

    @Test(
        "C4.6: a list written as text is read as it is meant",
        arguments: ["S256", "plain S256", "plain,S256", " S256 "])
    func pkceText(text: String) throws {
        guard case .found = try judge(document(["code_challenge_methods_supported": .string(text)])) else {
            throw Unexpected()
        }
        #expect(
            error(document(["code_challenge_methods_supported": "plain"]))?.code == .oauthPKCEUnsupported)
    }

    private static let required = ["authorization_endpoint", "token_endpoint"]
    private static let optional = ["registration_endpoint", "revocation_endpoint", "device_authorization_endpoint"]
    private static let endpoints = required + optional

    @Test("C5.1: each required endpoint over http off loopback is insecure", arguments: required)
    func insecure(name: String) {
        let error = error(document(JSONObject([(name, .string("http://as.example/x"))])))
        #expect(error?.code == .oauthInsecureURL)
        #expect(error?.message.contains(name) == true)
    }

    @Test("C5.2: each endpoint over http on loopback is accepted", arguments: endpoints)
    func loopback(name: String) throws {
        guard case .found = try judge(document(JSONObject([(name, .string("http://127.0.0.1:9/x"))]))) else {
            throw Unexpected()
        }
    }

    @Test(
        "C13.1: each required endpoint of another type, empty, huge or hostile is invalid, and named",
        arguments: required,
        [
            1, true, [], [:], ["https://as.example/x"], "", "x", "/token", "javascript:alert(1)", "data:,x",
            "file:///etc/passwd",
            "https://u:PLANTED-CLIENT-SECRET@as.example/", "https://as.example/#f", "https://as.example/\r\nX: y",
            "https://as.example/\u{1B}[2J", .string("https://as.example/" + String(repeating: "a", count: 10_000)),
        ] as [JSON])
    func hostile(name: String, value: JSON) {
        let error = unusable(document(JSONObject([(name, value)])))
        #expect(error?.code == .oauthServerMetadataInvalid)
        #expect(error?.message.contains(name) == true)
        #expect(isSafeToShow(error?.description ?? "\u{1B}"))
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test(
        "required fields missing are invalid, and named",
        arguments: ["issuer", "authorization_endpoint", "token_endpoint"])
    func missing(name: String) {
        let bodies = [document(without: name)] + ([.null, ""] as [JSON]).map { document(JSONObject([(name, $0)])) }
        for body in bodies {
            let error = unusable(body)
            #expect(error?.code == .oauthServerMetadataInvalid)
            #expect(error?.message.contains(name) == true)
        }
    }

    @Test(
        "C4.8, C13.1: an optional endpoint that cannot be used is left out, and that is said", arguments: optional,
        [
            1, true, false, [], [:], ["https://as.example/x"], "x", "/token", "//as.example/x", "javascript:alert(1)",
            "http://as.example/x", "https://u:PLANTED-CLIENT-SECRET@as.example/", "https://as.example/#f",
            "https://as.example/\u{1B}[2J", .string("https://as.example/" + String(repeating: "a", count: 70_000)),
        ] as [JSON])
    func leftOut(name: String, value: JSON) throws {
        guard case .found(let metadata) = try judge(document(JSONObject([(name, value)]))) else { throw Unexpected() }
        #expect(
            metadata.registrationEndpoint == nil && metadata.revocationEndpoint == nil
                && metadata.deviceAuthorizationEndpoint == nil)
        let notes = metadata.oddities.joined()
        #expect(metadata.oddities.count == 1 && notes.contains(name))
        #expect(isSafeToShow(notes) && showsNoSecret(notes) && notes.utf8.count < 500)
    }

    @Test("RFC 8414 §2: null and empty are absent, and nothing is said", arguments: optional, ["", .null] as [JSON])
    func absent(name: String, value: JSON) throws {
        guard case .found(let metadata) = try judge(document(JSONObject([(name, value)]))) else { throw Unexpected() }
        #expect(metadata.oddities.isEmpty && metadata.registrationEndpoint == nil)
    }

    @Test(
        "C4.8: lists that decide nothing: read where they can be, else left out",
        arguments: [
            ("a b", ["a", "b"], 0), ("a,b", ["a", "b"], 0), ("a", ["a"], 0),
            (["a", 1, .null, "b", ""], ["a", "b"], 1),
            ([1], nil, 1), (["a": "b"], nil, 1), (7, nil, 1), (true, nil, 1), ("", nil, 0), (.null, nil, 0),
            ([], [], 0),
            ([""], nil, 0), (JSON(Array(repeating: "s", count: 1001)), Array(repeating: "s", count: 1000), 1),
        ] as [(JSON, [String]?, Int)])
    func lists(value: JSON, expected: [String]?, notes: Int) throws {
        let names = ["scopes_supported", "token_endpoint_auth_methods_supported", "grant_types_supported"]
        for name in names {
            guard case .found(let metadata) = try judge(document(JSONObject([(name, value)]))) else {
                throw Unexpected()
            }
            let lists = [metadata.scopesSupported, metadata.tokenEndpointAuthMethods, metadata.grantTypes]
            #expect(lists[names.firstIndex(of: name) ?? 0] == expected)
            #expect(metadata.oddities.count == notes, "\(metadata.oddities)")
        }
    }

    @Test(
        "RFC 9207 §3: what decides security is read as it is meant",
        arguments: [
            ("true", true), ("True", true), (1, true), ("1", true), (true, true), ("false", false), (" FALSE ", false),
            (0, false), ("", false), (.null, false), (false, false),
        ] as [(JSON, Bool)])
    func meant(value: JSON, expected: Bool) throws {
        let body = document([
            "authorization_response_iss_parameter_supported": value, "client_id_metadata_document_supported": value,
        ])
        guard case .found(let metadata) = try judge(body) else { throw Unexpected() }
        #expect(metadata.sendsIssuerInCallback == expected)
        #expect(metadata.admitsClientIDMetadataDocuments == expected)
    }

    @Test(
        "what is required or decides security is invalid and named where it cannot be read",
        arguments: [
            ("issuer", 1), ("issuer", ["https://as.example"]), ("code_challenge_methods_supported", [true]),
            ("code_challenge_methods_supported", 1), ("code_challenge_methods_supported", ["S256": true]),
            ("authorization_response_iss_parameter_supported", "maybe"),
            ("authorization_response_iss_parameter_supported", 2),
            ("authorization_response_iss_parameter_supported", [true]),
            ("client_id_metadata_document_supported", "yes"),
            ("issuer", .string("https://" + String(repeating: "a", count: 70_000))),
        ] as [(String, JSON)])
    func wrongType(name: String, value: JSON) {
        let error = unusable(document(JSONObject([(name, value)])))
        #expect(error?.code == .oauthServerMetadataInvalid)
        #expect(error?.message.contains(name) == true)
    }

    private func doubled(_ name: String, _ value: String) -> String {
        String(document().dropLast()) + ",\"\(name)\":\(value)}"
    }

    @Test(
        "a member twice with different values is invalid where it is required or decides security",
        arguments: ["issuer", "token_endpoint", "authorization_endpoint", "code_challenge_methods_supported"])
    func twice(name: String) {
        for value in [#""https://evil.example""#, "null", #"["S256","plain"]"#] {
            #expect(unusable(doubled(name, value))?.code == .oauthServerMetadataInvalid)
        }
    }

    @Test("a member twice with one value counts once; another is left out with a note where its values differ")
    func twiceHarmless() throws {
        for body in [doubled("issuer", #""https://as.example""#), doubled("x", "1"), doubled("x", "1,\"x\":2")] {
            guard case .found(let metadata) = try judge(body) else { throw Unexpected() }
            #expect(metadata.oddities.isEmpty)
        }
        let differing = doubled("scopes_supported", #"["a"],"scopes_supported":["b"]"#)
        guard case .found(let metadata) = try judge(differing) else { throw Unexpected() }
        #expect(metadata.scopesSupported == nil && metadata.oddities.count == 1)
    }

    @Test("what begins as an object and is none cannot be used", arguments: ["{", "{\"issuer\":", "{}x", " \n{\"a\""])
    func malformed(body: String) { #expect(unusable(body)?.code == .oauthServerMetadataInvalid) }

    @Test(
        "what is no document of this kind is as good as nothing",
        arguments: [
            "[]", "null", "\"x\"", "1", "", " ", "{}", "{\"error\":\"not_found\"}", "{\"detail\":\"Not Found\"}",
            "{\"resource\":\"https://mcp.example\"}", "Not Found",
        ])
    func somethingElse(body: String) throws {
        guard case .notHere(let why) = try judge(body) else { throw Unexpected() }
        #expect(!why.isEmpty)
    }

    @Test("C4.1: 4xx and pages mean: ask the next place", arguments: [301, 400, 401, 403, 404, 405])
    func notHere(status: Int) throws {
        guard case .notHere = try judge(document(), status: status) else { throw Unexpected() }
        guard case .notHere = try judge("<html>", type: "text/html") else { throw Unexpected() }
    }

    @Test("P2: 5xx and 429 say nothing", arguments: [500, 503, 429])
    func unavailable(status: Int) throws {
        guard case .unavailable = try judge(document(), status: status) else { throw Unexpected() }
    }
}
