// Providers and their profiles, through the built programs.

import Foundation
import Testing

@Suite("providers, with the built programs")
struct ProviderProgramTests {
    private func entry(_ demo: Demo, _ auth: [String: Any]) -> [String: Any] {
        [
            "guarded": [
                "url": demo.url, "auth": auth.merging(["type": "oauth2", "client_id": "demo-app"]) { own, _ in own },
            ]
        ]
    }

    @Test("provider: Entra ID: its profile signs in, status shows it and what it changes, none switches it off")
    func entra() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(profile: "entra")
            try home.configure(entry(demo, ["profile": "entra"]))
            let before = try await home.omlx("mcp", "status", "guarded")
            #expect(before.out.contains("provider profile: entra: no resource beside scopes"), "\(before)")
            let login = try await home.login("guarded")
            #expect(login.exit == 0, "\(login)")
            let address = try #require(home.openedAddresses.last)
            #expect(
                parameter("resource", of: address) == nil && parameter("code_challenge_method", of: address) == "S256")
            try await demo.happen("expire-tokens")
            let call = try await home.omlx("mcp", "call", "guarded__echo", "text=x")
            #expect(call.exit == 0 && call.out.contains("\"x\""), "\(call)")
            let status = try await home.omlx("mcp", "status", "--json")
            let profile = status.json["servers"].named("guarded")["profile"]
            #expect(profile["name"].string == "entra" && profile["title"].string == "Microsoft Entra", "\(status)")
            #expect(profile["changes"].array.count == 3, "\(status)")

            try home.configure(entry(demo, ["profile": "none"]))
            let strict = try await home.login("guarded", "--force")
            #expect(strict.exit == 1 && strict.err.contains("OAUTH_PKCE_UNSUPPORTED"), "\(strict)")
            #expect(strict.err.contains("accept_missing_pkce_list"), "\(strict)")
            let off = try await home.omlx("mcp", "status", "guarded")
            #expect(!off.out.contains("provider profile"), "\(off)")
            #expect(try await home.omlx("mcp", "tools").exit == 0, "the earlier sign-in is as it was")
            try await demo.secretsSeen().expectNone(in: home)
        }
    }

    @Test("provider: Google: without configuration a slash is refused; the profile signs in for good")
    func google() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(profile: "google")
            let client: [String: Any] = [
                "client_secret": "demo-app-secret", "token_endpoint_auth_method": "client_secret_post",
            ]
            try home.configure(entry(demo, client))
            let refused = try await home.login("guarded")
            #expect(refused.exit == 1 && refused.err.contains("OAUTH_ISSUER_MISMATCH"), "\(refused)")
            try home.configure(entry(demo, client.merging(["profile": "google"]) { own, _ in own }))
            let login = try await home.login("guarded")
            #expect(login.exit == 0 && login.out.contains("refreshes by itself"), "\(login)")
            let address = try #require(home.openedAddresses.last)
            #expect(parameter("access_type", of: address) == "offline" && parameter("prompt", of: address) == "consent")
            try await demo.happen("expire-tokens")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
        }
    }

    @Test("P11: what a refresh needs is kept with the sign-in, not read from the configuration of the day")
    func refreshParameters() async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["token": ["rotates": true]])
            let auth: [String: Any] = [
                "type": "oauth2", "extra_refresh_params": ["tenant": "t1"], "refresh_scope": "same",
                "extra_token_params": ["hint": "h1"],
            ]
            try home.configure(["guarded": ["url": demo.url, "auth": auth]])
            #expect(try await home.login("guarded").exit == 0)
            #expect(try await demo.state["lastTokenRequest"]["hint"].string == "h1")
            try home.configure(["guarded": ["url": demo.url, "auth": ["type": "oauth2"]]])
            try await demo.happen("expire-tokens")
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            let refresh = try await demo.state["lastTokenRequest"]
            #expect(refresh["grant_type"].string == "refresh_token" && refresh["tenant"].string == "t1")
            #expect(refresh["scope"].string?.contains("tools") == true && refresh["hint"].string == nil)
        }
    }

    @Test("a profile that nobody has is an error of its server, with a guess")
    func unknownProfile() async throws {
        try await TestHome.with { home in
            try home.configure([
                "guarded": ["url": "https://mcp.example.com/mcp", "auth": ["type": "oauth2", "profile": "slak"]]
            ])
            let validate = try await home.omlx("mcp", "validate")
            #expect(validate.exit != 0, "\(validate)")
            #expect((validate.out + validate.err).contains("did you mean \"slack\"?"), "\(validate)")
        }
    }

    @Test("the demo server lists its providers, and knows no other")
    func demoProfiles() async throws {
        try await TestHome.with { home in
            let list = try await home.run(try Repository.demoServer(), ["--profiles"])
            #expect(list.exit == 0 && list.out.contains("slack\t") && list.out.contains("meta-ads\t"), "\(list)")
            let unknown = try await home.run(try Repository.demoServer(), ["--profile", "nobody"])
            #expect(unknown.exit == 64 && unknown.err.contains("no profile nobody; known are notion, "), "\(unknown)")
        }
    }
}
