// The network policy of a sign-in (C13.4): where a public server's metadata may lead, and what is remembered of it.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Where a sign-in may lead (C13.4)")
struct SignInReachTests {
    /// 127.0.0.1, where the demo server is, plays a public address.
    private static let classifier = AddressClassifier { address in
        address == "127.0.0.1" ? .public : NetworkAddress(address)?.kind ?? .reserved
    }

    private func withPublicScene(
        _ configure: (inout DemoScript) -> Void = { _ in }, _ body: (Scene) async throws -> Void
    ) async throws {
        try await withScene(configure) { scene in
            var scene = scene
            scene.http = HTTPClient(classifier: Self.classifier)
            try await body(scene)
        }
    }

    static let leads: [Refusal] = [
        "authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint",
    ].flatMap { name in
        ["https://10.0.0.1/x", "https://[::1]/x", "https://localhost/x", "https://[::ffff:169.254.169.254]/x"].map {
            address in
            Refusal("\(name) at \(address)", .transportAddressRefused) {
                $0.metadata.patch = .object([name: .string(address)])
            }
        }
    }

    static let documents: [Refusal] = [
        .init("authorization server at a private address", .transportAddressRefused) {
            $0.resourceMetadata.patch = ["authorization_servers": ["https://192.168.1.1"]]
        },
        .init("authorization server at an http loopback address of another port", .transportAddressRefused) {
            $0.resourceMetadata.patch = ["authorization_servers": ["http://127.0.0.2:9"]]
        },
        .init("resource metadata redirects inside", .transportAddressRefused) {
            $0.resourceMetadata.override = .redirect(302, to: "https://169.254.169.254/latest/meta-data")
        },
        .init("server metadata redirects inside", .transportAddressRefused) {
            $0.metadata.override = .redirect(302, to: "https://[fd00::1]/")
        },
    ]

    @Test("A public server leads nowhere inside: ended before anything is registered or opened", arguments: leads)
    func endpointInside(_ refusal: Refusal) async throws {
        try await withPublicScene(refusal.change) { scene in
            let browser = TestBrowser()
            let error = try await scene.refusal(browser: browser)
            #expect(error?.code == refusal.code)
            #expect(error?.nextStep?.plainText.contains("issuer") == true)
            #expect(browser.addresses.isEmpty)
            #expect(!scene.clientRequests.contains { $0.hasPrefix("POST") })
        }
    }

    @Test("Neither do its documents, nor redirects of them", arguments: documents)
    func documentInside(_ refusal: Refusal) async throws {
        try await withPublicScene(refusal.change) { scene in
            let error = try await scene.refusal()
            #expect(error?.code == refusal.code)
        }
    }

    @Test("Nor the challenge", arguments: ["https://10.0.0.1/metadata", "http://localhost:9/m", "http://[::1]:9/m"])
    func challenge(_ place: String) async throws {
        try await withPublicScene { scene in
            let request = try scene.request(challenge: BearerChallenge(resourceMetadata: place))
            #expect(try await scene.refusal(request)?.code == .transportAddressRefused)
            #expect(scene.clientRequests.isEmpty)
        }
    }

    @Test("A server that is not public may lead to its own network")
    func insideLeadsInside() async throws {
        try await withScene { scene in
            let outcome = try await scene.signIn()
            #expect(outcome.credential.grant.unjudgedOrigins == nil)
        }
    }

    @Test("The address that answered counts, not the name: a public name at a private address is inside")
    func peerDecides() {
        let http = HTTPClient()
        let configuration = SignInConfiguration()
        let server = url("https://mcp.example.com/mcp")
        #expect(configuration.addresses(for: server, peer: .address("10.1.1.1"), http: http) == .any)
        #expect(configuration.addresses(for: server, peer: .address("1.1.1.1"), http: http) == .publicOnly(except: []))
        #expect(configuration.addresses(for: server, peer: .proxy, http: http) == .publicOnly(except: []))
    }

    @Test("What the user named himself may be anywhere, and a refresh remembers that")
    func ownOrigins() async throws {
        try await withScene { scene in
            var configuration = SignInConfiguration()
            configuration.issuer = scene.server.issuer
            var request = try scene.request(configuration)
            request.peer = .address("1.1.1.1")
            let outcome = try await scene.signIn(request)
            #expect(outcome.credential.grant.unjudgedOrigins == [scene.server.origin])
            let result = await RefreshTransaction(scene.key, context: scene.context)
                .run(replacing: outcome.credential.tokens.generation)
            guard case .current(_, isNew: true) = result else {
                Issue.record("\(result)")
                return
            }
        }
    }

    @Test("A refresh is judged as the sign-in was: nothing is sent inside, and the sign-in is kept")
    func refresh() async throws {
        try await withPublicScene { scene in
            let before = try await scene.signIn().credential
            #expect(before.grant.unjudgedOrigins == [])
            var moved = scene
            // The name now leads elsewhere.
            moved.http = HTTPClient()
            let result = await RefreshTransaction(moved.key, context: moved.context)
                .run(replacing: before.tokens.generation)
            guard case .unknown(let kept, let error) = result else {
                Issue.record("\(result)")
                return
            }
            #expect(error.code == .oauthRefreshUnavailable)
            #expect(error.message.contains("127.0.0.1"))
            #expect(kept.tokens.refresh == before.tokens.refresh)
            #expect(scene.refreshes() == 0)
        }
    }

    @Test("So is the taking back of tokens: they are deleted here, and no secret is sent inside")
    func signOut() async throws {
        try await withPublicScene { scene in
            try await scene.signIn()
            var moved = scene
            moved.http = HTTPClient()
            let outcome = try await SignOut(context: moved.context).signOut(scene.key)
            guard case .unconfirmed = outcome.revocation else {
                Issue.record("\(outcome)")
                return
            }
            #expect(try await scene.store.credential(for: scene.key) == nil)
            #expect(!scene.clientRequests.contains { $0.hasSuffix("/revoke") })
        }
    }

    @Test("A record of an earlier omlx, which knows nothing of it, is refreshed as ever")
    func oldRecord() async throws {
        try await withScene { scene in
            let credential = try await scene.signIn().credential
            let text = try credential.serialized()
            #expect(try Credential(serialized: text).grant.unjudgedOrigins == nil)
            var judged = credential
            judged.grant.unjudgedOrigins = ["https://as.example"]
            let judgedText = try judged.serialized()
            #expect(try Credential(serialized: judgedText).grant.unjudgedOrigins == ["https://as.example"])
        }
    }

    @Test("The error of a refusal knows who answered")
    func authorizerKnows() async throws {
        try await withScene { scene in
            let authorizer = scene.authorizer()
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.refusal?.answerer == .address("127.0.0.1"))
        }
    }
}
