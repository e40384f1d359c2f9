// Discovery that meets places of no use: it goes on, says so, and where all were in vain tells each place and why.

import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Discovery goes on behind a place of no use")
struct DiscoveryGoesOnTests {
    static let useless: [String] = [
        "{}", "{\"error\":\"not_found\",\"message\":\"no such route\"}", "{\"detail\":\"Not Found\"}", "[]", "null",
        "\"Not Found\"", "42", "true", "", " \r\n", "<!doctype html><title>app</title>", "Not Found",
        "{\"issuer\": \"x\"", "{\"resource\": \"x\"", "{\"issuer\":\"https://as.example\"}",
        "{\"authorization_endpoint\":\"https://as.example/a\",\"token_endpoint\":\"https://as.example/t\"}",
        "{\"issuer\":null,\"resource\":null}", "{\"issuer\":1,\"resource\":1}", "\u{FEFF}", "{\"resource\":\"/mcp\"}",
        "{\"resource\":\"https://mcp.example.com/a/mcp\",\"resource\":\"https://mcp.example.com/a/mcp\"}",
        "{\"issuer\":\"https://as.example\",\"issuer\":\"https://as.example\"}",
        "{\"issuer\":\"https://as.example\",\"authorization_endpoint\":\"/authorize\",\"token_endpoint\":\"/token\"}",
    ]

    @Test("the resource's first place", arguments: useless, ["application/json", "text/html", ""])
    func resource(body: String, type: String) throws {
        var walk = DiscoveryWalk()
        walk.answer(200, body, type: type)
        #expect(walk.asked == [pathPlace, rootPlace])
        walk.answer(200, resourceDocument("https://mcp.example.com"))
        walk.answer(200, serverDocument())
        let found = try #require(walk.found)
        #expect(found.notices.count == 1 && found.notices[0].contains(pathPlace), "\(found.notices)")
        #expect(found.places == [rootPlace, oauthPlace])
    }

    @Test("the authorization server's first place", arguments: useless, ["application/json", "text/html", ""])
    func server(body: String, type: String) throws {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(200, body, type: type)
        #expect(walk.asked.last == openIDPlace)
        walk.answer(200, serverDocument())
        let found = try #require(walk.found)
        #expect(found.notices.count == 1 && found.notices[0].contains(oauthPlace), "\(found.notices)")
        #expect(found.server.hasOpenIDConfiguration)
    }

    @Test(
        "a place that was not to be had",
        arguments: [
            ErrorCode.transportClosed, .transportFirstByteTimeout, .transportIdleTimeout, .transportRedirectRefused,
            .transportRedirectLimit, .transportTooLarge, .transportEncoding, .transportNotHTTP,
        ])
    func failure(code: ErrorCode) {
        var walk = DiscoveryWalk()
        walk.fail(code, sent: true)
        #expect(walk.asked == [pathPlace, rootPlace])
        walk.answer(200, resourceDocument("https://mcp.example.com"))
        walk.fail(code, sent: true)
        #expect(walk.asked.last == openIDPlace)
        walk.answer(200, serverDocument())
        #expect(walk.found?.notices.count == 2)
    }

    @Test("what the network policy or the user ended is not tried elsewhere")
    func ended() {
        for code in [ErrorCode.transportAddressRefused, .transportCancelled, .configTLSInvalid] {
            var walk = DiscoveryWalk()
            walk.fail(code, sent: true)
            #expect(walk.error?.code == code)
            #expect(walk.asked == [pathPlace])
        }
    }

    @Test("an origin without a connection is not tried again at its other places")
    func unreachable() {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.fail(.transportDNS)
        #expect(walk.asked == [pathPlace, oauthPlace])
        #expect(walk.error?.code == .oauthDiscoveryUnavailable)
    }

    // MARK: the place of the challenge

    private static let place = "https://elsewhere.example/metadata"

    @Test("the place a challenge names is of no use: the well-known places, said aloud", arguments: useless)
    func challenge(body: String) throws {
        var walk = DiscoveryWalk(challenge: .init(resourceMetadata: Self.place))
        walk.answer(200, body)
        #expect(walk.asked == [Self.place, pathPlace])
        walk.answer(200, resourceDocument())
        walk.answer(200, serverDocument())
        let found = try #require(walk.found)
        #expect(found.notices.count == 1 && found.notices[0].contains(Self.place))
    }

    @Test("so where it answers 404, 500, or not at all")
    func challengeGone() {
        for step in 0..<3 {
            var walk = DiscoveryWalk(challenge: .init(resourceMetadata: Self.place))
            switch step {
            case 0: walk.answer(404)
            case 1: walk.answer(500)
            default: walk.fail(.transportDNS)
            }
            walk.answer(404)
            walk.answer(200, resourceDocument("https://mcp.example.com"))
            walk.answer(200, serverDocument())
            #expect(walk.asked == [Self.place, pathPlace, rootPlace, oauthPlace])
            #expect(walk.found != nil)
        }
    }

    @Test("a place the challenge names without an origin is the server's; over http it is not asked")
    func challengeForms() throws {
        var relative = DiscoveryWalk(challenge: .init(resourceMetadata: "/.well-known/oauth-protected-resource/a/mcp"))
        #expect(relative.asked == [pathPlace])
        relative.answer(200, resourceDocument())
        relative.answer(200, serverDocument())
        #expect(relative.found?.notices.count == 1)
        var insecure = DiscoveryWalk(challenge: .init(resourceMetadata: "http://mcp.example.com/metadata"))
        #expect(insecure.asked == [pathPlace])
        insecure.answer(200, resourceDocument())
        insecure.answer(200, serverDocument())
        #expect(insecure.found?.notices.count == 1)
    }

    @Test("a mismatch at the challenge's place stays the end")
    func challengeMismatch() {
        var walk = DiscoveryWalk(challenge: .init(resourceMetadata: Self.place))
        walk.answer(200, resourceDocument("https://evil.example/"))
        #expect(walk.error?.code == .oauthResourceMismatch)
        #expect(walk.asked == [Self.place])
    }

    // MARK: nobody named

    @Test(
        "C3.6, C6.1: a resource that names nobody: its own origin, with its resource and scopes",
        arguments: [true, false])
    func namesNobody(isNamedByChallenge: Bool) throws {
        var walk = DiscoveryWalk(challenge: .init(resourceMetadata: isNamedByChallenge ? pathPlace : nil))
        walk.answer(200, resourceDocument("https://mcp.example.com/a", []))
        walk.answer(404)
        #expect(walk.asked.last == "https://mcp.example.com/.well-known/oauth-authorization-server")
        walk.answer(200, serverDocument("https://mcp.example.com"))
        let found = try #require(walk.found)
        #expect(found.resource == "https://mcp.example.com/a")
        #expect(found.resourceMetadata?.scopesSupported == ["tools"])
        #expect(found.notices.count == 2, "\(found.notices)")
    }

    @Test("the default endpoints are not taken where something was published, or the challenge names metadata")
    func noDefaults() {
        for (challenge, body) in [(nil, "{\"resource\":1}"), (pathPlace, "{}")] as [(String?, String)] {
            var walk = DiscoveryWalk(challenge: .init(resourceMetadata: challenge)) { $0.usesDefaultEndpoints = true }
            walk.answer(200, body)
            walk.silence()
            #expect(walk.found == nil)
        }
        var empty = DiscoveryWalk { $0.usesDefaultEndpoints = true }
        empty.answer(200, "{}")
        empty.silence()
        #expect(empty.found?.usesDefaultEndpoints == true, "an empty object everywhere publishes nothing")
    }

    // MARK: several authorization servers

    private static let two = resourceDocument(
        "https://mcp.example.com/a/mcp", ["https://one.example/tenant", "https://as.example"])

    @Test(
        "the second of several is asked when the first cannot be reached, and said aloud",
        arguments: [
            ErrorCode.transportDNS, .transportConnectionRefused, .transportTLS, .transportConnectTimeout,
            .transportFirstByteTimeout, .transportClosed,
        ])
    func secondServer(code: ErrorCode) throws {
        var walk = DiscoveryWalk()
        walk.answer(200, Self.two)
        walk.fail(code)
        #expect(walk.asked.count == 3 && walk.asked.last == oauthPlace)
        walk.answer(200, serverDocument())
        let found = try #require(walk.found)
        #expect(found.server.issuer == "https://as.example")
        #expect(found.notices.last?.contains("https://one.example/tenant") == true, "\(found.notices)")
    }

    @Test("so when it answers 5xx, 404 or nothing usable at all its places", arguments: [500, 503, 404, 200])
    func secondServerStatus(status: Int) {
        var walk = DiscoveryWalk()
        walk.answer(200, Self.two)
        for _ in 0..<3 { walk.answer(status, "{}") }
        #expect(walk.asked.last == oauthPlace)
        walk.answer(200, serverDocument())
        #expect(walk.found?.server.issuer == "https://as.example")
    }

    @Test("an issuer that is no usable URL is passed over, and never asked")
    func unusableIssuer() {
        for issuer in ["http://as2.example", "x", "javascript:alert(1)"] {
            var walk = DiscoveryWalk()
            walk.answer(200, resourceDocument("https://mcp.example.com/a/mcp", [issuer, "https://as.example"]))
            #expect(walk.asked == [pathPlace, oauthPlace])
            walk.answer(200, serverDocument())
            #expect(walk.found?.notices.count == 1)
        }
    }

    @Test("the earlier sign-in's issuer comes first, then the others in their order")
    func earlierFirst() {
        var walk = DiscoveryWalk(issuer: "https://as.example")
        walk.answer(200, Self.two)
        #expect(walk.asked.last == oauthPlace)
        walk.fail(.transportConnectionRefused)
        #expect(walk.asked.last == "https://one.example/.well-known/oauth-authorization-server/tenant")
    }

    @Test("another issuer, or no PKCE, at the first ends discovery: the second is not asked")
    func fatalAtFirst() {
        for patch in [["issuer": "https://evil.example"], ["code_challenge_methods_supported": []]] as [[String: JSON]]
        {
            var walk = DiscoveryWalk()
            walk.answer(200, Self.two)
            walk.answer(200, serverDocument("https://one.example/tenant", patch))
            #expect(walk.error != nil)
            #expect(walk.asked.count == 2)
        }
    }

    @Test("a configured issuer that is listed is the only one asked")
    func configuredIssuer() {
        var walk = DiscoveryWalk { $0.issuer = "https://as.example" }
        walk.answer(200, Self.two)
        walk.fail(.transportDNS)
        #expect(walk.error?.code == .oauthDiscoveryUnavailable)
        #expect(walk.asked == [pathPlace, oauthPlace])
    }

    // MARK: all in vain

    @Test("the error tells each place and why")
    func everyPlace() throws {
        var walk = DiscoveryWalk()
        walk.answer(200, "{}")
        walk.answer(503)
        let down = try #require(walk.error)
        #expect(down.code == .oauthDiscoveryUnavailable && down.httpStatus == 503)
        #expect(down.compared.map(\.label) == [pathPlace, rootPlace])
        #expect(down.compared.map(\.value).last == "HTTP 503")
        var none = DiscoveryWalk()
        none.answer(200, Self.two)
        none.fail(.transportDNS)
        none.answer(200, "{\"issuer\":1}")
        none.answer(404)
        let error = try #require(none.error)
        #expect(error.code == .oauthDiscoveryUnavailable)
        #expect(
            error.compared.map(\.label) == [
                "https://one.example/.well-known/oauth-authorization-server/tenant", oauthPlace, openIDPlace,
            ])
        var empty = DiscoveryWalk()
        empty.answer(200, resourceDocument())
        empty.silence()
        #expect(empty.error?.code == .oauthServerMetadataNotFound)
        #expect(empty.error?.compared.map(\.value) == ["https://as.example", "HTTP 404", "HTTP 404"])
    }

    @Test("over the wire: a server of empty objects, and one whose first authorization server is nowhere")
    func wire() async throws {
        try await withScene {
            $0.resourceMetadata.override = .json(200, ["error": "not_found"])
        } _: { scene in
            try await scene.signIn()
            #expect(scene.transcript.texts.contains { $0.contains("passed over") && $0.contains("not_found") })
        }
        try await withScene {
            $0.resourceMetadata.patch = ["authorization_servers": ["http://127.0.0.1:1", "{issuer}"]]
        } _: { scene in
            try await scene.signIn()
            #expect(scene.transcript.texts.contains { $0.contains("http://127.0.0.1:1 cannot be used") })
        }
    }
}
