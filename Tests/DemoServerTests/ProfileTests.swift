// The providers' scripts.

import OmlxDemoServer
import Foundation
import OmlxJSON
import Testing

@Suite("Provider profiles of the demo server")
struct ProfileTests {
    @Test("each has a name of its own, says what it is, survives the way through JSON, and is no default")
    func sound() throws {
        let names = DemoScript.profiles.map(\.name)
        #expect(Set(names).count == names.count)
        for profile in DemoScript.profiles {
            #expect(!profile.summary.isEmpty)
            #expect(try DemoScript(json: profile.script.json) == profile.script)
            #expect(DemoScript.profile(named: profile.name) == profile.script)
            #expect(profile.script != DemoScript() || profile.name == "sentry")
        }
        #expect(DemoScript.profile(named: "nobody") == nil)
    }

    @Test("every row of the providers known has one")
    func rows() {
        let rows = [
            "notion", "linear", "atlassian", "github", "sentry", "asana", "stripe", "slack", "entra", "google", "auth0",
            "okta", "keycloak", "cloudflare", "supabase", "figma", "hubspot", "aws", "meta-ads", "holded", "metabase",
            "miro", "exa", "plane",
        ]
        #expect(Set(rows).isSubset(of: DemoScript.profiles.map(\.name)))
    }

    @Test(
        "an error is worded as scripted",
        arguments: [
            ("json", 400, #""error":"invalid_grant""#), ("okFalse", 200, #""ok":false"#),
            ("form", 400, "error=invalid_grant&"),
            ("plain", 400, "error=invalid_grant&"), ("nested", 400, #""code":"invalid_grant""#),
            ("html", 400, "<title>"),
        ])
    func wording(format: String, status: Int, part: String) async throws {
        try await withServer {
            try? $0.merge(["provider": ["errorFormat": JSON(format)]])
        } _: { server async throws in
            let client = try await server.client()
            let answer = try await server.refresh("demo-rt-nothing", client)
            #expect(answer.status == status)
            #expect(answer.text.filter { $0 != " " }.contains(part))
        }
    }

    @Test("a refresh token is given for the parameters and the scope that the script wants")
    func refreshTokenNeeds() async throws {
        try await withServer {
            $0.provider.refreshTokenNeeds = ["access_type": "offline"]
            $0.provider.refreshTokenScope = "offline_access"
        } _: { server async throws in
            let client = try await server.client()
            let wanting: [[String: String?]] = [
                [:], ["access_type": "offline"], ["scope": "tools offline_access"],
                ["access_type": "online", "scope": "tools offline_access"],
            ]
            for patch in wanting { #expect(try await server.signIn(client, patch)["refresh_token"] == nil) }
            let whole: [String: String?] = ["access_type": "offline", "scope": "tools offline_access"]
            #expect(try await server.signIn(client, whole)["refresh_token"] != nil)
        }
    }

    @Test("resource refused, audience wanted, early refresh refused, clients forgotten, tokens ended: by the script")
    func knobs() async throws {
        try await withServer {
            $0.mcp.sessions = false
            $0.provider.refusesResource = true
            $0.provider.audience = "{url}"
            $0.provider.earlyRefreshError = "invalid_request"
            $0.provider.refreshLifetime = 10_000
            $0.provider.clientLifetime = 20_000
        } _: { server async throws in
            let client = try await server.client()
            #expect(
                parameters(try #require(try await server.authorize(client).header("location")))["error"]
                    == "invalid_request")
            for (audience, status) in [("other", 401), (server.url, 200)] {
                let code = try #require(
                    try await server.consented(client, ["resource": nil, "audience": audience])["code"])
                #expect(try await server.exchange(code, client).status == 400, "resource in the exchange")
                let tokens = try await server.exchange(code, client, ["resource": nil]).json
                let access = tokens["access_token"]?.stringValue
                #expect(try await server.send(rpc(1, "tools/list"), token: access).status == status)
                let refresh = try #require(tokens["refresh_token"]?.stringValue)
                #expect(try await server.refresh(refresh, client, ["resource": nil]).json["error"] == "invalid_request")
                server.expireTokens()
                #expect(try await server.refresh(refresh, client, ["resource": nil]).status == 200)
            }
            server.advanceClock(seconds: 10_000)
            server.expireTokens()
            server.advanceClock(seconds: 11_000)
            #expect(try await server.refresh("demo-rt-x", client).json["error"] == "invalid_client")
        }
    }
}
