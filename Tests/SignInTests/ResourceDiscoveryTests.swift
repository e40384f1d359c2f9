// Discovery of the protected resource: which place is asked next, and what ends it.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Discovery of the resource's metadata")
struct ResourceDiscoveryTests {
    @Test("C3.1: with the path inserted first; when it answers, the root is not asked (C3.2)")
    func pathFirst() throws {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument())
        walk.answer(200, serverDocument())
        #expect(walk.asked == [pathPlace, oauthPlace])
        let found = try #require(walk.found)
        #expect(found.resource == "https://mcp.example.com/a/mcp")
        #expect(found.places == [pathPlace, oauthPlace])
        #expect(found.notices.isEmpty)
    }

    @Test("C3.1: the root after a 4xx at the path", arguments: [400, 401, 403, 404, 405, 410])
    func rootNext(status: Int) {
        var walk = DiscoveryWalk()
        walk.answer(status)
        #expect(walk.asked == [pathPlace, rootPlace])
        walk.answer(200, resourceDocument("https://mcp.example.com"))
        walk.answer(200, serverDocument())
        #expect(walk.found?.resource == "https://mcp.example.com", "the published text is sent byte for byte (C10.3)")
    }

    @Test("A server at the root has one place only (C3.1)")
    func serverAtRoot() {
        var walk = DiscoveryWalk("https://mcp.example.com/")
        #expect(walk.asked == [rootPlace])
        walk.answer(404)
        #expect(walk.asked.count == 2, "then its own origin is asked (C6.1)")
    }

    @Test("C2.2: the place the challenge names is the only one asked where it has the document")
    func challengeNamesPlace() {
        let place = "https://elsewhere.example/metadata"
        var walk = DiscoveryWalk(challenge: .init(resourceMetadata: place))
        #expect(walk.asked == [place])
        walk.answer(200, resourceDocument())
        #expect(walk.asked == [place, oauthPlace])
    }

    @Test("A page for people in place of the document: the next place is asked")
    func htmlPage() {
        var walk = DiscoveryWalk()
        walk.answer(200, "<!doctype html><title>Hello</title>", type: "text/html")
        #expect(walk.asked == [pathPlace, rootPlace])
    }

    @Test("5xx and 429: the next place is asked, and found there it was no obstacle", arguments: [500, 502, 503, 429])
    func unavailableThenFound(status: Int) {
        var walk = DiscoveryWalk()
        walk.answer(status)
        walk.answer(200, resourceDocument())
        walk.answer(200, serverDocument())
        #expect(walk.found != nil)
    }

    @Test("5xx everywhere is no reason to take the fallback: the server could not say")
    func unavailableEverywhere() {
        var walk = DiscoveryWalk()
        walk.answer(503)
        walk.answer(404)
        #expect(walk.error?.code == .oauthDiscoveryUnavailable)
        #expect(walk.error?.httpStatus == 503)
        #expect(walk.error?.isRetryable == true)
    }

    @Test("A place that was down is not blamed when the authorization server publishes nothing")
    func laterFailureIsNamed() {
        var walk = DiscoveryWalk()
        walk.answer(500)
        walk.answer(200, resourceDocument())
        walk.answer(404)
        walk.answer(404)
        #expect(walk.error?.code == .oauthServerMetadataNotFound)
    }

    @Test(
        "C3.4, C3.5: metadata of another resource ends discovery before any authorization server is asked",
        arguments: [
            "https://evil.example/a/mcp", "https://mcp.example.com/b", "https://mcp.example.com/a/mc",
            "https://mcp.example.com:444/a/mcp", "https://mcp.example.com/a/mcp/deeper",
        ])
    func resourceMismatch(resourceText: String) {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument(resourceText))
        #expect(walk.error?.code == .oauthResourceMismatch)
        #expect(walk.asked == [pathPlace])
        #expect(walk.error?.compared.map(\.value).contains(resourceText) == true)
    }

    @Test("C3.6: no authorization server named")
    func noAuthorizationServer() {
        var walk = DiscoveryWalk()
        walk.answer(200, resourceDocument("https://mcp.example.com/a/mcp", []))
        walk.silence()
        #expect(walk.error?.code == .oauthNoAuthorizationServer)
    }

    @Test("C5.1: http off loopback is refused wherever it is named, and nothing is sent there")
    func insecure() {
        var named = DiscoveryWalk(challenge: .init(resourceMetadata: "http://mcp.example.com/metadata"))
        named.silence()
        #expect(named.error?.code == .oauthInsecureURL)
        #expect(named.asked.allSatisfy { $0.hasPrefix("https://") })
        let server = DiscoveryWalk("http://mcp.example.com/mcp")
        #expect(server.error?.code == .oauthInsecureURL)
        #expect(server.asked.isEmpty)
        var issuer = DiscoveryWalk()
        issuer.answer(200, resourceDocument("https://mcp.example.com/a/mcp", ["http://as.example"]))
        #expect(issuer.error?.code == .oauthInsecureURL)
        #expect(issuer.asked == [pathPlace])
    }

    @Test(
        "C5.2: http on loopback is admitted",
        arguments: ["http://127.0.0.1:9/mcp", "http://localhost:9/mcp", "http://[::1]:9/mcp"])
    func loopback(server: String) {
        #expect(DiscoveryWalk(server).asked.count == 1)
    }

    @Test("Places that answered before are asked first, and no other place than the fixed ones")
    func knownPlaces() {
        let places = [rootPlace, openIDPlace, "https://evil.example/metadata"]
        var walk = DiscoveryWalk(places: places)
        #expect(walk.asked == [rootPlace])
        walk.answer(200, resourceDocument("https://mcp.example.com"))
        #expect(walk.asked.last == openIDPlace)
        walk.answer(404)
        #expect(walk.asked.last == oauthPlace, "a known place that fell silent costs one request, no more")
    }

    @Test("A place is remembered as it is asked, not as it redirects")
    func redirectedPlace() {
        var walk = DiscoveryWalk()
        _ = walk.machine.received(.success(reply(200, resourceDocument(), at: "https://mcp.example.com/moved")))
        let action = walk.machine.received(.success(reply(200, serverDocument(), at: "https://as.example/moved")))
        guard case .finished(let discovery) = action else {
            Issue.record("discovery did not finish")
            return
        }
        #expect(discovery.places == [pathPlace, oauthPlace])
    }

    @Test("discovery_url moves where discovery begins; the resource must still be the server's")
    func discoveryBase() {
        var walk = DiscoveryWalk { $0.discoveryBase = url("https://discovery.example/x") }
        #expect(walk.asked == ["https://discovery.example/.well-known/oauth-protected-resource/x"])
        walk.answer(200, resourceDocument("https://discovery.example/x"))
        #expect(walk.error?.code == .oauthResourceMismatch)
    }

    @Test(
        "A fetch that failed ends discovery as unavailable, and retryable",
        arguments: [ErrorCode.transportConnectionRefused, .transportDNS, .transportFirstByteTimeout, .transportTLS])
    func fetchFailed(code: ErrorCode) {
        var walk = DiscoveryWalk()
        walk.fail(code)
        #expect(walk.error?.code == .oauthDiscoveryUnavailable)
    }

    @Test(
        "Redirects refused and answers too large keep their own codes",
        arguments: [ErrorCode.transportRedirectRefused, .transportTooLarge])
    func passedThrough(code: ErrorCode) {
        var walk = DiscoveryWalk()
        walk.fail(code)
        #expect(walk.error?.code == code)
    }
}
