// Signing in to glewlwyd: OpenID Connect Discovery only, an issuer with a path, JWTs with aud, one-time refresh tokens.

import Foundation
import Testing

@Suite("glewlwyd")
struct GlewlwydTests {
    @Test("C1.4, C4.1, C9.6, C10.1: OpenID Connect Discovery below the issuer's path; aud is the resource")
    func signsIn() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.glewlwyd)
            let login = try await home.signIn("guarded", "--verbose")
            #expect(login.exit == 0 && login.out.contains("6 tools"), "\(login)")
            let status = try await home.omlx("mcp", "status", "--json")
            let auth = status.json["servers"].named("guarded")["auth"]
            let issuer = try #require(auth["issuer"].string)
            #expect(issuer.hasSuffix("/api/oidc"), "\(status)")
            #expect(home.visitedAddresses.last.flatMap { parameter("iss", of: $0) } == issuer)
            let counts = try await home.control("GET", server.origin + "/control/counts")
            #expect(counts["audiences"].array.compactMap(\.string) == [server.url])
            #expect(try await home.omlx("mcp", "call", "guarded__echo", "text=x").out == "x\n")
            try await server.expectNoSecret(in: home)
        }
    }

    @Test("C9.6: no iss in the answer, and none announced")
    func noIss() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.glewlwyd, ["--no-iss"])
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0, "\(login)")
            #expect(home.visitedAddresses.last.flatMap { parameter("iss", of: $0) } == nil)
            try await server.expectNoSecret(in: home)
        }
    }

    @Test("P1, C12.2: a refresh token that is good once is used once between many commands; aud stays the resource")
    func refreshTogether() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.glewlwyd)
            #expect(try await home.signIn("guarded").exit == 0)
            for _ in 0..<2 {
                try await home.control("POST", server.origin + "/control/expire-access-tokens")
                let programs = try (0..<4).map { _ in try home.start(["mcp", "tools"], input: "") }
                for program in programs {
                    let run = try await home.note(program.end())
                    #expect(run.exit == 0, "\(run)")
                }
            }
            let counts = try await home.control("GET", server.origin + "/control/counts")
            #expect(counts["refresh_tokens"].int == 1, "one chain, one token of it alive")
            #expect(counts["tokens_seen"].int == 3, "the first, and one for each expiry")
            #expect(counts["audiences"].array.compactMap(\.string) == [server.url])
            try await server.expectNoSecret(in: home)
        }
    }

    @Test("C1.5, C7.1: a public client made by hand, no registration")
    func configuredClient() async throws {
        try await TestHome.with { home in
            let port = try RawListener.closedPort()
            let auth: [String: Any] = ["type": "oauth2", "client_id": "by-hand", "callback_port": port]
            let server = try await home.serve(
                .glewlwyd, ["--no-registration", "--client", "by-hand::http://127.0.0.1:\(port)/callback"], auth: auth)
            let login = try await home.signIn("guarded")
            #expect(login.exit == 0, "\(login)")
            try await home.control("POST", server.origin + "/control/expire-access-tokens")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            try await server.expectNoSecret(in: home)
        }
    }

    @Test("RFC 7009: logout takes the refresh token back; login signs in again without another registration")
    func logout() async throws {
        try await TestHome.with { home in
            let server = try await home.serve(.glewlwyd)
            #expect(try await home.signIn("guarded").exit == 0)
            let clients = try await home.control("GET", server.origin + "/control/counts")["clients"].int
            let logout = try await home.omlx("mcp", "logout", "guarded", "--json")
            #expect(logout.exit == 0, "\(logout)")
            #expect(logout.json["servers"][0]["revocation"].string == "confirmed", "\(logout)")
            let counts = try await home.control("GET", server.origin + "/control/counts")
            #expect(counts["refresh_tokens"].int == 0)
            #expect(try await home.omlx("mcp", "tools").exit == 4)
            #expect(try await home.signIn("guarded").exit == 0)
            let after = try await home.control("GET", server.origin + "/control/counts")
            #expect(after["clients"].int == clients)
            try await server.expectNoSecret(in: home)
        }
    }
}
