// Signing in at authorization servers that others wrote, in their own pages: one path through each. Every kind of client at
// each of them: ProviderMatrixTests.

import Foundation
import Testing

@Suite("authorization servers of other hands")
struct ProviderTests {
    /// An issuer without a path is spelled with a slash at its end by the SDK's resource metadata.
    private static var slash: [String: Any] { ["type": "oauth2", "accept_issuer_slash": true] }

    /// Uses the sign-in: a call, a refresh, a sign-out. What the sign-out says of the revocation.
    private func use(_ home: TestHome, _ server: HTTPServer, person: String) async throws -> String? {
        let whoami = try await home.omlx("mcp", "call", "guarded__whoami")
        #expect(whoami.exit == 0 && whoami.out == person + "\n", "\(whoami)")
        try await home.control("POST", server.origin + "/control/expire-access-tokens")
        let tools = try await home.omlx("mcp", "tools")
        #expect(tools.exit == 0 && tools.lines.count == 6, "\(tools)")
        try await server.expectNoSecret(in: home)
        let logout = try await home.omlx("mcp", "logout", "guarded", "--json")
        #expect(logout.exit == 0, "\(logout)")
        #expect(try await home.omlx("mcp", "tools").exit == 4)
        return logout.json["servers"][0]["revocation"].string
    }

    @Test("the MCP SDK's own: registration, consent, rotation, revocation; a denial is told")
    func sdk() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.sdkAuth)
            let denied = try await home.signIn("guarded", denies: true)
            #expect(denied.exit == 1 && denied.err.contains("error: OAUTH_ACCESS_DENIED: "), "\(denied)")
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            #expect(try await use(home, server, person: "ada") == "confirmed")
            let counts = try await home.control("GET", server.origin + "/control/counts")
            #expect(counts["access_tokens"].int == 0 && counts["refresh_tokens"].int == 0, "\(counts)")
        }
    }

    @Test("django-allauth: a JWT for the resource; rotation; a refresh token taken back takes its access tokens along")
    func allauth() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.allauth, ["--jwt"], auth: Self.slash)
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            let counts = try await home.control("GET", server.origin + "/control/counts")
            #expect(counts["audiences"].array.compactMap(\.string) == [server.url], "\(counts)")
            #expect(try await use(home, server, person: "1") == "confirmed")
            let after = try await home.control("GET", server.origin + "/control/counts")
            #expect(after["refresh_tokens"].int == 0, "\(after)")
        }
    }

    @Test(
        "Canaille: name and password on two pages; openid only with a nonce; iss; revocation with the secret in the header"
    )
    func canaille() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.canaille, auth: Self.slash)
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            #expect(home.visitedAddresses.last.flatMap { parameter("iss", of: $0) } != nil)
            #expect(home.openedAddresses.last.flatMap { parameter("nonce", of: $0) } != nil)
            _ = try await use(home, server, person: "Ada")
        }
    }

    @Test(
        "oidc-provider-mock: refused for want of a PKCE list; let pass by the entry; one that registers with a secret")
    func oidcMock() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.oidcMock, auth: Self.slash)
            let refused = try await home.signIn("guarded")
            #expect(refused.exit == 1 && refused.err.contains("error: OAUTH_PKCE_UNSUPPORTED: "), "\(refused)")
            var auth = Self.slash
            auth["accept_missing_pkce_list"] = true
            // It answers `none` to those who ask for it, and takes no client without a secret.
            auth["client_metadata"] = ["token_endpoint_auth_method": "client_secret_basic"]
            try home.configure(["guarded": ["url": server.url, "auth": auth]])
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            #expect(try await use(home, server, person: "ada") != "confirmed", "it has no revocation")
        }
    }

    @Test("a client made by hand at django-oidc-provider, no scope in the reply, an issuer with a path")
    func djangoOIDC() async throws {
        try await TestHome.with { home in
            let port = try RawListener.closedPort()
            let redirect = "http://127.0.0.1:\(port)/callback"
            let auth: [String: Any] = [
                "type": "oauth2", "client_id": "by-hand", "client_secret": "by-hand-secret-90210",
                "redirect_uri": redirect, "accept_missing_pkce_list": true,
            ]
            let client = "client_secret_basic:by-hand:by-hand-secret-90210:\(redirect)"
            let server = try await home.serve(.djangoOIDC, ["--client", client], auth: auth)
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            #expect(try await use(home, server, person: "1") != "confirmed", "it has no revocation")
        }
    }
}
