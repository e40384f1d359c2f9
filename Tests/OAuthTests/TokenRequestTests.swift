// RFC 6749 §4.1.3, §6 and RFC 7009 §2.1: what is sent to a token endpoint.

import OmlxCryptography
import OmlxHTTPClient
import OmlxOAuth
import Testing

@Suite("Token request")
struct TokenRequestTests {
    private let code = Secret("PLANTED-CODE&x=1")

    private func exchange(_ client: OAuthClient, resource: String? = "https://mcp.example/") throws -> HTTPRequest {
        TokenRequest.exchange(
            code,
            for: authorizationRequest(
                server: try server(), client: client, scopes: ["a"], resource: resource,
                pkce: try PKCE(octets: appendixB)))
    }

    private func refresh(_ client: OAuthClient, resource: String? = "https://mcp.example/") throws -> HTTPRequest {
        TokenRequest.refresh(
            Secret("PLANTED-REFRESH/+="), at: try HTTPURL("https://as.example/token"), as: client, resource: resource)
    }

    @Test("C9.10, C10.1, RFC 7636 §4.5: the exchange of a public client")
    func exchangePublic() throws {
        let request = try exchange(.init(id: "c l", authMethod: .none))
        #expect(request.method == "POST")
        #expect(request.url.text == "https://as.example/token")
        #expect(request.redirects == .never)
        #expect(request.limits.bodyBytes == 1 << 20)
        #expect(header("Content-Type", of: request) == "application/x-www-form-urlencoded")
        #expect(header("Accept", of: request) == "application/json")
        #expect(header("Authorization", of: request) == nil)
        let fields = form(of: request)
        #expect(fields.map(\.name) == ["grant_type", "code", "redirect_uri", "code_verifier", "resource", "client_id"])
        #expect(
            fields.map(\.value) == [
                "authorization_code", "PLANTED-CODE&x=1", "http://127.0.0.1:7777/callback",
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "https://mcp.example/", "c l",
            ])
    }

    @Test("C10.1, RFC 6749 §6: the refresh, with resource and without scope")
    func refreshPublic() throws {
        let fields = form(of: try refresh(.init(id: "c", authMethod: .none)))
        #expect(fields.map(\.name) == ["grant_type", "refresh_token", "resource", "client_id"])
        #expect(fields.map(\.value) == ["refresh_token", "PLANTED-REFRESH/+=", "https://mcp.example/", "c"])
    }

    @Test(
        "C10.3, C10.4, P10: the resource goes byte for byte or not at all",
        arguments: [nil, "https://H:443/", "api://x y/é&=#"] as [String?])
    func resource(resource: String?) throws {
        let client = OAuthClient(id: "c", authMethod: .none)
        #expect(value("resource", of: form(of: try exchange(client, resource: resource))) == resource)
        #expect(value("resource", of: form(of: try refresh(client, resource: resource))) == resource)
    }

    @Test(
        "C9.11, RFC 6749 §2.3.1: basic encodes id and secret before it joins them, and keeps both out of the form",
        arguments: [
            ("id", "secret", "id:secret"), ("a:b", "c:d", "a%3Ab:c%3Ad"),
            ("i d", "s+%&= /", "i%20d:s%2B%25%26%3D%20%2F"), ("a-._~*", "~", "a-._~*:~"),
            ("é", "\u{1F600}", "%C3%A9:%F0%9F%98%80"), ("https://h/c.json", "", "https%3A%2F%2Fh%2Fc.json:"),
        ])
    func basic(id: String, secret: String, pair: String) throws {
        for request in [
            try exchange(.init(id: id, secret: Secret(secret), authMethod: .basic)),
            try refresh(.init(id: id, secret: Secret(secret), authMethod: .basic)),
        ] {
            let credentials = header("Authorization", of: request) ?? ""
            #expect(credentials.hasPrefix("Basic "))
            #expect(Base64.decode(String(credentials.dropFirst(6))).map { String(decoding: $0, as: UTF8.self) } == pair)
            #expect(value("client_id", of: form(of: request)) == nil)
            #expect(value("client_secret", of: form(of: request)) == nil)
        }
    }

    @Test("C9.11: post puts id and secret into the form, and nothing into the header")
    func post() throws {
        let request = try refresh(.init(id: "c", secret: Secret("PLANTED-CLIENT-SECRET&"), authMethod: .post))
        #expect(header("Authorization", of: request) == nil)
        #expect(value("client_id", of: form(of: request)) == "c")
        #expect(value("client_secret", of: form(of: request)) == "PLANTED-CLIENT-SECRET&")
    }

    @Test(
        "C9.11: with none a secret is not sent; without a secret the id alone is",
        arguments: [
            OAuthClient(id: "c", secret: Secret("PLANTED-CLIENT-SECRET"), authMethod: .none),
            OAuthClient(id: "c", authMethod: .basic), OAuthClient(id: "c", authMethod: .post),
        ])
    func none(client: OAuthClient) throws {
        let request = try exchange(client)
        #expect(header("Authorization", of: request) == nil)
        #expect(value("client_id", of: form(of: request)) == "c")
        #expect(value("client_secret", of: form(of: request)) == nil)
    }

    @Test(
        "C9.14: no name stands twice in any request, one method each",
        arguments: [ClientAuthMethod.none, .basic, .post])
    func once(method: ClientAuthMethod) throws {
        let client = OAuthClient(id: "c", secret: Secret("s"), authMethod: method)
        let revoke = TokenRequest.revoke(
            Secret("t"), hint: "refresh_token", at: try HTTPURL("https://as.example/revoke"), as: client)
        for request in [try exchange(client), try refresh(client), revoke] {
            #expect(hasNoNameTwice(form(of: request)))
            #expect(request.headers.filter { $0.name == "Authorization" }.count == (method == .basic ? 1 : 0))
            #expect(form(of: request).contains { $0.name == "client_secret" } == (method == .post))
        }
    }

    @Test("RFC 7009 §2.1: the revocation, without resource")
    func revoke() throws {
        let request = TokenRequest.revoke(
            Secret("PLANTED-REFRESH"), hint: "refresh_token", at: try HTTPURL("https://as.example/revoke"),
            as: .init(id: "c", authMethod: .none))
        #expect(
            form(of: request).map { "\($0.name)=\($0.value)" } == [
                "token=PLANTED-REFRESH", "token_type_hint=refresh_token", "client_id=c",
            ])
    }

    @Test("C5.3, P26: nothing secret in the URL or in what is printed")
    func printing() throws {
        for method in [ClientAuthMethod.none, .basic, .post] {
            let client = OAuthClient(id: "c", secret: Secret("PLANTED-CLIENT-SECRET"), authMethod: method)
            for request in [try exchange(client), try refresh(client)] {
                let printed = "\(request) \(String(reflecting: request)) \(client)"
                #expect(showsNoSecret(printed))
                #expect(!printed.contains("dBjftJeZ4CVP"))
                #expect(!printed.contains("UExBTlRFRC"))
            }
        }
    }
}
