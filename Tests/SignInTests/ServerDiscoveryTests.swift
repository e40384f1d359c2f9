// Discovery of the authorization server: which place is asked next, what it must say, what the configuration replaces.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Discovery of the authorization server's metadata")
struct ServerDiscoveryTests {
    @Test("C4.1, C4.3: an issuer with a path has three places, never the root's")
    func issuerWithPath() {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument("https://mcp.example.com/a/mcp", ["https://as.example/t1"]))
        for _ in 0..<3 { walk.answer(404) }
        #expect(
            walk.asked.dropFirst() == [
                "https://as.example/.well-known/oauth-authorization-server/t1",
                "https://as.example/.well-known/openid-configuration/t1",
                "https://as.example/t1/.well-known/openid-configuration",
            ])
        #expect(walk.error?.code == .oauthServerMetadataNotFound)
    }

    @Test("C4.2: an issuer without a path has two places")
    func issuerWithoutPath() {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(404)
        walk.answer(200, "<html>", type: "text/html")
        #expect(walk.asked.dropFirst() == [oauthPlace, openIDPlace])
        #expect(walk.error?.code == .oauthServerMetadataNotFound)
    }

    @Test(
        "C4.4, C4.5: another issuer ends discovery, the next place is not tried",
        arguments: ["https://as.example/", "https://AS.example", "https://as.example/t", "https://evil.example"])
    func issuerMismatch(issuer: String) {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(200, serverDocument(issuer))
        #expect(walk.error?.code == .oauthIssuerMismatch)
        #expect(walk.asked.last == oauthPlace)
    }

    @Test("C4.6: S256 missing or not listed", arguments: [JSON.null, ["plain"], []])
    func noPKCE(methods: JSON) {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(200, serverDocument("https://as.example", ["code_challenge_methods_supported": methods]))
        #expect(walk.error?.code == .oauthPKCEUnsupported)
    }

    @Test(
        "C5.1: a required http endpoint off loopback is refused",
        arguments: ["authorization_endpoint", "token_endpoint"])
    func insecureEndpoint(name: String) {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(200, serverDocument("https://as.example", [name: "http://as.example/x"]))
        #expect(walk.error?.code == .oauthInsecureURL)
    }

    @Test(
        "C13.1: other schemes are refused",
        arguments: ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "/relative"])
    func otherScheme(endpoint: String) {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(200, serverDocument("https://as.example", ["authorization_endpoint": JSON(endpoint)]))
        #expect(walk.asked.last == openIDPlace)
        walk.silence()
        #expect(walk.error?.code == .oauthServerMetadataInvalid)
    }

    @Test("5xx at all places is unavailable, with Retry-After kept")
    func unavailable() {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(503)
        walk.answer(503)
        #expect(walk.error?.code == .oauthDiscoveryUnavailable)
    }

    @Test("The earlier sign-in's issuer is chosen again where it is still listed (C3.6)")
    func preferredIssuer() {
        var walk = DiscoveryWalk(issuer: "https://as.example")
        walk.answer(
            200, resourceDocument("https://mcp.example.com/a/mcp", ["https://other.example", "https://as.example"]))
        #expect(walk.asked.last == oauthPlace)
        var gone = DiscoveryWalk(issuer: "https://gone.example")
        gone.answer(200, resourceDocument())
        #expect(gone.asked.last == oauthPlace)
    }

    @Test("A trusted issuer is compared byte for byte in place of the listed one (P16)")
    func trustedIssuer() {
        var walk = DiscoveryWalk { $0.issuer = "https://real.example" }
        walk.answer(200, resourceDocument())
        #expect(walk.asked.last == oauthPlace)
        walk.answer(200, serverDocument("https://real.example"))
        #expect(walk.found?.server.issuer == "https://real.example")
        var wrong = DiscoveryWalk { $0.issuer = "https://real.example" }
        wrong.answer(200, resourceDocument())
        wrong.answer(200, serverDocument())
        #expect(wrong.error?.code == .oauthIssuerMismatch)
    }

    @Test("Without resource metadata a configured issuer is asked")
    func configuredIssuer() {
        var walk = DiscoveryWalk { $0.issuer = "https://as.example" }
        walk.answer(404)
        walk.answer(404)
        #expect(walk.asked.last == oauthPlace)
        walk.answer(200, serverDocument())
        #expect(walk.found?.resource == "https://mcp.example.com/a/mcp", "the canonical URL is sent (C10.2)")
    }

    @Test("C6.1: nothing published: the server's own origin, at one place, said aloud", arguments: ["", "/"])
    func originFallback(slash: String) {
        var walk = DiscoveryWalk()
        walk.answer(404)
        walk.answer(404)
        #expect(walk.asked.last == "https://mcp.example.com/.well-known/oauth-authorization-server")
        walk.answer(200, serverDocument("https://mcp.example.com" + slash))
        #expect(walk.found?.notices.count == 1)
        #expect(walk.found?.resourceMetadata == nil)
    }

    @Test("C6.1: the fallback takes no other issuer, and nothing there means nobody says where")
    func originFallbackEnds() {
        var wrong = DiscoveryWalk()
        wrong.answer(404)
        wrong.answer(404)
        wrong.answer(200, serverDocument("https://evil.example"))
        #expect(wrong.error?.code == .oauthIssuerMismatch)
        var nothing = DiscoveryWalk()
        for _ in 0..<3 { nothing.answer(404) }
        #expect(nothing.error?.code == .oauthNoAuthorizationServer)
        #expect(nothing.asked.count == 3)
    }

    @Test("Both endpoints configured: nothing is fetched")
    func configuredEndpoints() {
        let walk = DiscoveryWalk {
            $0.authorizationEndpoint = url("https://as.example/a")
            $0.tokenEndpoint = url("https://as.example/t")
        }
        #expect(walk.asked.isEmpty)
        #expect(walk.found?.server.issuer == "https://as.example")
        #expect(walk.found?.resource == "https://mcp.example.com/a/mcp")
    }

    @Test("C5.1: a configured endpoint on http off loopback is refused, with and without discovery")
    func configuredInsecure() {
        let both = DiscoveryWalk {
            $0.authorizationEndpoint = url("https://as.example/a")
            $0.tokenEndpoint = url("http://as.example/t")
        }
        #expect(both.error?.code == .oauthInsecureURL)
        var one = DiscoveryWalk { $0.tokenEndpoint = url("http://as.example/t") }
        one.answer(200, resourceDocument())
        one.answer(200, serverDocument())
        #expect(one.error?.code == .oauthInsecureURL)
    }

    @Test("A configured endpoint stands in place of the discovered one")
    func configuredEndpoint() {
        var walk = DiscoveryWalk { $0.tokenEndpoint = url("https://token.example/t") }
        walk.answer(200, resourceDocument())
        walk.answer(200, serverDocument())
        #expect(walk.found?.server.tokenEndpoint.text == "https://token.example/t")
        #expect(walk.found?.server.authorizationEndpoint.text == "https://as.example/authorize")
        #expect(walk.found?.foreignEndpoints == [ForeignEndpoint(key: "token_url", origin: "https://token.example")])
        #expect(walk.found?.notices.contains { $0.contains("token_url is at https://token.example") } == true)
    }

    @Test("Endpoints on an origin of the issuer's own are no foreign ones")
    func ownEndpoints() {
        for text in ["https://as.example/other", "https://token.example/t", "https://AS.example:443/t"] {
            var walk = DiscoveryWalk { $0.tokenEndpoint = url(text) }
            walk.answer(200, resourceDocument())
            walk.answer(200, serverDocument("https://as.example", ["token_endpoint": "https://token.example/token"]))
            #expect(walk.found?.foreignEndpoints == [], "\(text)")
        }
        var others = DiscoveryWalk {
            $0.revocationEndpoint = url("https://r.example/r")
            $0.deviceAuthorizationEndpoint = url("https://as.example:8443/d")
        }
        others.answer(200, resourceDocument())
        others.answer(200, serverDocument())
        #expect(others.found?.foreignEndpoints.map(\.key) == ["device_auth_url", "revocation_url"])
    }

    @Test("P10: resource is the published one, none, or the configured one")
    func resourceMode() {
        for (mode, expected) in [
            (ResourceMode.automatic, "https://mcp.example.com/a"), (.omit, nil), (.value("api://x"), "api://x"),
        ] {
            var walk = DiscoveryWalk { $0.resource = mode }
            walk.answer(200, resourceDocument("https://mcp.example.com/a"))
            walk.answer(200, serverDocument())
            #expect(walk.found?.resource == expected)
        }
    }

    @Test("Discovery that is over stays over")
    func over() {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument("https://evil.example/"))
        walk.answer(200, resourceDocument())
        #expect(walk.found == nil)
        #expect(walk.error?.code == .oauthDiscoveryUnavailable)
    }
}
