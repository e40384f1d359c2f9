// The URL a person's browser is sent to.

import OmlxHTTPClient
import OmlxOAuth
import Testing

@Suite("Authorization request")
struct AuthorizationRequestTests {
    @Test("C9.1, C9.4, C10.1, RFC 6749 §4.1.1: all parameters, each once")
    func parameters() throws {
        let request = authorizationRequest(
            server: try server(), scopes: ["a", "b:c"], state: "s t&a=b", pkce: try PKCE(octets: appendixB))
        #expect(request.url.hasPrefix("https://as.example/authorize?"))
        let fields = try queryFields(of: request.url)
        #expect(hasNoNameTwice(fields))
        #expect(
            Dictionary(fields.map { ($0.name, $0.value) }) { first, _ in first } == [
                "response_type": "code", "client_id": "client", "redirect_uri": "http://127.0.0.1:7777/callback",
                "state": "s t&a=b", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
                "code_challenge_method": "S256", "scope": "a b:c", "resource": "https://mcp.example/mcp",
            ])
    }

    @Test("C11.1, C10.4: no scope, no resource and no PKCE are left out, not sent empty")
    func leftOut() throws {
        let names = try queryFields(of: authorizationRequest(server: try server(), resource: nil).url).map(\.name)
        #expect(names == ["response_type", "client_id", "redirect_uri", "state"])
    }

    @Test("C10.3: the resource goes byte for byte", arguments: ["https://H/", "https://h", "api://g/x?y=z&é"])
    func resource(resource: String) throws {
        let url = authorizationRequest(server: try server(), resource: resource).url
        #expect(value("resource", of: try queryFields(of: url)) == resource)
    }

    @Test(
        "C13.3: whatever the values, the URL stays a URL and no parameter breaks out",
        arguments: ["a&state=evil", "a#b", "\r\nX: y", "é😀\u{202E}", "`$(id)`", "'\"<>", "%26", "+", " "])
    func encoding(hostile: String) throws {
        let request = authorizationRequest(
            server: try server(), client: .init(id: hostile, authMethod: .none), scopes: [hostile], resource: hostile,
            extra: [(hostile, hostile)], state: hostile)
        let fields = try queryFields(of: request.url)
        #expect(try HTTPURL(request.url).fragment == nil)
        #expect(
            fields.map(\.value) == [
                "code", hostile, "http://127.0.0.1:7777/callback", hostile, hostile, hostile, hostile,
            ])
        #expect(!request.url.contains { "`$'\"<> \r\n".contains($0) })
    }

    @Test(
        "RFC 6749 §3.1: the endpoint's own query stays as it is written",
        arguments: [
            ("https://as.example/a?tenant=x%20y&p=B2C_1", "https://as.example/a?tenant=x%20y&p=B2C_1&response_type="),
            ("https://as.example/a?", "https://as.example/a?response_type="),
            ("https://as.example", "https://as.example?response_type="),
            ("https://as.example/a?x", "https://as.example/a?x&response_type="),
            ("https://as.example/a?x=1&", "https://as.example/a?x=1&response_type="),
            ("https://as.example/a?x=1&x=2", "https://as.example/a?x=1&x=2&response_type="),
        ])
    func ownQuery(endpoint: String, start: String) throws {
        #expect(authorizationRequest(server: try server(authorize: endpoint)).url.hasPrefix(start))
    }

    @Test(
        "C9.14, C13.5: no metadata chooses state, challenge, client, redirect or response type in our place",
        arguments: [
            "state=evil", "code_challenge=evil", "code_challenge_method=plain", "redirect_uri=https%3A%2F%2Fevil",
            "client_id=evil",
            "response_type=token", "scope=admin", "resource=https%3A%2F%2Fevil", "st%61te=evil",
            "request_uri=https%3A%2F%2Fevil",
            "request=evil.evil.evil", "state=evil&state=evil2",
        ])
    func ownQueryNeverWins(query: String) throws {
        let request = authorizationRequest(
            server: try server(authorize: "https://as.example/a?keep=1&\(query)"), scopes: ["s"],
            pkce: try PKCE(octets: appendixB))
        let fields = try queryFields(of: request.url)
        #expect(hasNoNameTwice(fields))
        #expect(!fields.contains { $0.value.contains("evil") || ["token", "plain", "admin"].contains($0.value) })
        #expect(value("keep", of: fields) == "1")
        #expect(value("state", of: fields) == "the-state")
    }

    @Test("P11, P13: extra parameters go behind, in order")
    func extra() throws {
        let request = authorizationRequest(
            server: try server(),
            extra: [("access_type", "offline"), ("prompt", "consent"), ("audience", "https://api x")])
        #expect(request.url.hasSuffix("&access_type=offline&prompt=consent&audience=https%3A%2F%2Fapi+x"))
    }

    @Test("C9.14: an extra parameter given twice, or present in the endpoint's query, is sent once, the last counts")
    func extraTwice() throws {
        let request = authorizationRequest(
            server: try server(authorize: "https://as.example/a?prompt=none"),
            extra: [("prompt", "login"), ("prompt", "consent")])
        let fields = try queryFields(of: request.url)
        #expect(hasNoNameTwice(fields))
        #expect(value("prompt", of: fields) == "consent")
    }

    @Test("P11: reserved names are refused as extras", arguments: AuthorizationRequest.reservedNames.sorted())
    func reserved(name: String) throws {
        let plain = authorizationRequest(server: try server(), scopes: ["s"], pkce: try PKCE(octets: appendixB))
        var changed = plain
        changed.extraParameters = [(name, "evil")]
        #expect(changed.url == plain.url)
    }

    @Test("C5.3, C12.4: neither verifier nor client secret is in the URL")
    func noSecret() throws {
        let pkce = try PKCE(octets: appendixB)
        let request = authorizationRequest(
            server: try server(), client: .init(id: "c", secret: .init("PLANTED-CLIENT-SECRET"), authMethod: .post),
            pkce: pkce)
        #expect(showsNoSecret(request.url))
        #expect(!request.url.contains("dBjftJeZ4CVP"))
    }
}
