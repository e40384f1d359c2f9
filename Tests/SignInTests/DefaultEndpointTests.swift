// The last resort of discovery: the default endpoints of MCP 2025-03-26, never silently, never where anything is published.

import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Default endpoints of MCP 2025-03-26 (C6.1, C6.2, C6.5, G7)")
struct DefaultEndpointTests {
    private func walk(
        _ server: String = "https://mcp.example.com/a/mcp", challenge: BearerChallenge = .init(),
        _ configure: (inout SignInConfiguration) -> Void = { _ in }
    ) -> DiscoveryWalk {
        DiscoveryWalk(server, challenge: challenge) {
            $0.usesDefaultEndpoints = true
            configure(&$0)
        }
    }

    @Test("Nothing published anywhere: the endpoints are at the server's own origin, and a notice says so")
    func lastResort() throws {
        var walk = walk()
        for _ in 0..<3 { walk.answer(404) }
        let found = try #require(walk.found)
        #expect(found.usesDefaultEndpoints)
        #expect(found.server.issuer == "https://mcp.example.com")
        #expect(found.server.authorizationEndpoint.text == "https://mcp.example.com/authorize")
        #expect(found.server.tokenEndpoint.text == "https://mcp.example.com/token")
        #expect(found.server.registrationEndpoint?.text == "https://mcp.example.com/register")
        #expect(found.notices.last?.contains("2025-03-26") == true)
        #expect(found.documents.map(\.kind) == [.defaults])
        #expect(found.places == [], "no document answered, so none is asked first next time")
    }

    @Test("Not where the origin publishes metadata, is down, or says something that cannot be used")
    func somethingPublished() {
        var published = walk()
        published.answer(404)
        published.answer(404)
        published.answer(200, serverDocument("https://mcp.example.com"))
        #expect(published.found?.usesDefaultEndpoints == false)
        var down = walk()
        down.answer(404)
        down.answer(404)
        down.answer(503)
        #expect(down.error?.code == .oauthDiscoveryUnavailable)
        var resourceDown = walk()
        resourceDown.answer(500)
        resourceDown.answer(404)
        #expect(resourceDown.error?.code == .oauthDiscoveryUnavailable)
        var other = walk()
        other.answer(404)
        other.answer(404)
        other.answer(200, serverDocument("https://evil.example"))
        #expect(other.error?.code == .oauthIssuerMismatch)
    }

    @Test("Not where resource metadata, the challenge or the user names an authorization server")
    func somebodyNamed() {
        var listed = walk()
        listed.answer(200, resourceDocument())
        for _ in 0..<2 { listed.answer(404) }
        #expect(listed.error?.code == .oauthServerMetadataNotFound)
        var challenged = walk(challenge: .init(resourceMetadata: "https://mcp.example.com/m"))
        challenged.silence()
        #expect(challenged.error?.code == .oauthNoAuthorizationServer)
        var configured = walk { $0.issuer = "https://as.example" }
        for _ in 0..<4 { configured.answer(404) }
        #expect(configured.error?.code == .oauthServerMetadataNotFound)
    }

    @Test("A configured endpoint stands in place of the default one")
    func configuredEndpoint() {
        var walk = walk { $0.tokenEndpoint = url("https://token.example/t") }
        for _ in 0..<3 { walk.answer(404) }
        #expect(walk.found?.server.tokenEndpoint.text == "https://token.example/t")
    }

    @Test("A sign-in by default endpoints says so, and PKCE is used all the same (C6.4)")
    func signIn() async throws {
        try await withScene {
            $0.metadata.documents = []
            $0.metadata.advertisesIss = false
            $0.resourceMetadata.serving = .none
        } _: { scene in
            var configuration = SignInConfiguration()
            configuration.usesDefaultEndpoints = true
            let outcome = try await scene.signIn(scene.request(configuration, challenge: .init()))
            #expect(outcome.documents.map(\.kind) == [.defaults])
            #expect(outcome.documents.map(\.url) == [scene.server.origin])
            #expect(scene.transcript.texts.contains { $0.contains("default endpoints of MCP 2025-03-26") })
            #expect(scene.transcript.texts.contains { $0.contains("code_challenge_method=S256") })
        }
    }

    @Test("A server without such endpoints is one that says nothing: no browser, and the way with a key is named")
    func noneThere() async throws {
        try await withScene {
            $0.metadata.documents = []
            $0.resourceMetadata.serving = .none
            $0.registration.enabled = false
        } _: { scene in
            var configuration = SignInConfiguration()
            configuration.usesDefaultEndpoints = true
            let browser = TestBrowser()
            let error = try await scene.refusal(scene.request(configuration, challenge: .init()), browser: browser)
            #expect(error?.code == .oauthNoAuthorizationServer)
            #expect(error?.nextStep?.plainText.contains("API_KEY") == true)
            #expect(browser.addresses.isEmpty)
        }
    }
}
