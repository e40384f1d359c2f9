// Sign-ins that must fail: each with its own code, nothing stored, an earlier sign-in kept.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

/// A way for a server to be wrong, and the code it gets.
struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: ErrorCode
    let change: @Sendable (inout DemoScript) -> Void

    init(_ description: String, _ code: ErrorCode, _ change: @escaping @Sendable (inout DemoScript) -> Void) {
        testDescription = description
        self.code = code
        self.change = change
    }
}

private let hostile = "\u{1B}[31m\u{202E}" + String(repeating: "x", count: 5000)

@Suite("Sign-ins that are refused")
struct SignInRefusalTests {
    static let discovery: [Refusal] = [
        .init("C3.5: metadata of another resource", .oauthResourceMismatch) {
            $0.resourceMetadata.patch = ["resource": "https://other.example/mcp"]
        },
        .init("no authorization server", .oauthNoAuthorizationServer) {
            $0.resourceMetadata.patch = ["authorization_servers": []]
            $0.metadata.documents = []
        },
        .init("C5.1: authorization server on http off loopback", .oauthInsecureURL) {
            $0.resourceMetadata.patch = ["authorization_servers": ["http://as.example"]]
        },
        .init("resource metadata is not JSON", .oauthResourceMetadataInvalid) {
            $0.resourceMetadata.override = .notJSON
            $0.metadata.documents = []
        },
        .init("resource metadata is down", .oauthDiscoveryUnavailable) { $0.resourceMetadata.override = .status(503) },
        .init("resource metadata closes the connection", .oauthDiscoveryUnavailable) {
            $0.resourceMetadata.override = .close
        },
        .init("resource metadata without end", .transportTooLarge) {
            $0.resourceMetadata.override = .huge(bytes: 2 << 20)
        },
        .init("C4.4: metadata names another issuer", .oauthIssuerMismatch) {
            $0.metadata.patch = ["issuer": "{issuer}/"]
        },
        .init("C4.6: no S256", .oauthPKCEUnsupported) {
            $0.metadata.patch = ["code_challenge_methods_supported": ["plain"]]
        },
        .init("C4.6: PKCE not listed", .oauthPKCEUnsupported) {
            $0.metadata.patch = ["code_challenge_methods_supported": .null]
        },
        .init("C5.1: http token endpoint", .oauthInsecureURL) {
            $0.metadata.patch = ["token_endpoint": "http://as.example/t"]
        },
        .init("C5.1: http authorization endpoint", .oauthInsecureURL) {
            $0.metadata.patch = ["authorization_endpoint": "http://as.example/a"]
        },
        .init("C13.1: javascript: in place of an endpoint", .oauthServerMetadataInvalid) {
            $0.metadata.patch = ["authorization_endpoint": "javascript:alert(1)"]
        },
        .init("server metadata is not there", .oauthServerMetadataNotFound) { $0.metadata.documents = [] },
        .init("server metadata is down", .oauthDiscoveryUnavailable) { $0.metadata.override = .status(500) },
    ]

    static let registration: [Refusal] = [
        .init("refused in text/plain", .oauthRegistrationRejected) {
            $0.registration.override = .status(403, headers: [.init("Content-Type", "text/plain")], body: hostile)
        },
        .init("down", .oauthRegistrationUnavailable) { $0.registration.override = .status(503) },
        .init("not JSON", .oauthRegistrationInvalid) { $0.registration.override = .notJSON },
        .init("redirected", .transportRedirectRefused) {
            $0.registration.override = .redirect(307, to: "{origin}/caught")
        },
        .init("no endpoint", .oauthClientNeeded) { $0.registration.enabled = false },
        .init("closed", .oauthRegistrationUnavailable) { $0.registration.override = .close },
    ]

    static let answers: [Refusal] = [
        .init("denied", .oauthAccessDenied) { $0.authorization.consent = .deny },
        // Not the answer that is awaited: it ends nothing, and the time goes by.
        .init("C9.4: wrong state", .oauthCallbackTimeout) { $0.authorization.state = .wrong },
        .init("C9.4: no state", .oauthCallbackTimeout) { $0.authorization.state = .absent },
        .init("C9.6: wrong iss", .oauthIssMismatch) { $0.authorization.iss = .wrong },
        .init("C9.7: iss with a slash more", .oauthIssMismatch) { $0.authorization.issValue = "{issuer}/" },
        .init("C9.6: iss missing although promised", .oauthIssMissing) { $0.authorization.iss = .absent },
        .init("C9.6: iss wrong although not promised", .oauthIssMismatch) {
            $0.metadata.advertisesIss = false
            $0.authorization.iss = .wrong
        },
        .init("no code", .oauthCodeMissing) { $0.authorization.sendsCode = false },
        .init("an error with a hostile description", .oauthAuthorizationError) {
            $0.authorization.error = "server_error"
            $0.authorization.errorDescription = hostile
        },
    ]

    static let token: [Refusal] = [
        .init("invalid_grant", .oauthInvalidGrant) {
            $0.token.overrides["*"] = .json(400, ["error": "invalid_grant", "error_description": JSON(hostile)])
        },
        .init("an error with status 200", .oauthTokenError) {
            $0.token.overrides["*"] = .json(200, ["error": "invalid_target"])
        },
        .init("invalid_client", .oauthInvalidClient) {
            $0.token.overrides["*"] = .json(401, ["error": "invalid_client"])
        },
        .init("down", .oauthTokenUnavailable) { $0.token.overrides["*"] = .status(502) },
        .init("a page", .oauthTokenUnavailable) { $0.token.overrides["*"] = .html() },
        .init("closed", .oauthTokenUnavailable) { $0.token.overrides["*"] = .close },
        .init("answer lost", .oauthTokenUnavailable) { $0.token.overrides["*"] = .answerLost },
        .init("cut off", .oauthTokenUnavailable) { $0.token.overrides["*"] = .cut() },
        .init("without a token", .oauthTokenReplyInvalid) { $0.token.patch = ["access_token": .null] },
        .init("of another type", .oauthTokenReplyInvalid) { $0.token.patch = ["token_type": "mac"] },
        .init("C9.10: redirected", .transportRedirectRefused) {
            $0.token.overrides["*"] = .redirect(307, to: "{origin}/caught")
        },
        .init("redirected by 302", .transportRedirectRefused) {
            $0.token.overrides["*"] = .redirect(302, to: "/caught")
        },
    ]

    @Test("Discovery", arguments: discovery)
    func refusedDiscovery(refusal: Refusal) async throws {
        try await check(refusal) { scene in
            #expect(!scene.server.requests.contains { $0.path == "/authorize" }, "the browser was opened")
        }
    }

    @Test("Registration", arguments: registration)
    func refusedRegistration(refusal: Refusal) async throws {
        try await check(refusal) { scene in
            #expect(!scene.server.requests.contains { $0.path == "/authorize" }, "the browser was opened")
        }
    }

    @Test("The answer to the redirect URI", arguments: answers)
    func refusedAnswer(refusal: Refusal) async throws {
        try await check(refusal) { scene in
            #expect(!scene.server.requests.contains { $0.path == "/token" }, "a token was asked for")
        }
    }

    @Test("The token request", arguments: token)
    func refusedToken(refusal: Refusal) async throws {
        try await check(refusal) { scene in
            let count = scene.server.requests.filter { $0.path == "/token" }.count
            #expect(count == 1, "a code is sent once, also when a kept connection breaks before the answer")
        }
    }

    /// With no sign-in before, and in a file with one, which must stay byte for byte.
    private func check(_ refusal: Refusal, _ further: (Scene) -> Void) async throws {
        try await withScene(refusal.change) { scene async throws in
            let seconds = refusal.code == .oauthCallbackTimeout ? 2 : 600
            let error = try await scene.refusal(scene.request(seconds: seconds))
            #expect(error?.code == refusal.code, "\(error.map { "\($0)" } ?? "no error")")
            #expect(error.map { $0.message.utf8.count < 1000 && !$0.message.contains("\u{1B}") } == true)
            #expect(error.map { !$0.message.contains("\u{202E}") } == true)
            #expect(try await scene.store.credential(for: scene.key) == nil)
            #expect(!scene.server.requests.contains { $0.path == "/caught" })
            further(scene)
        }
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let before = try folderContents(scene.folder + "/store", prefix: "credential-")
            scene.server.update { refusal.change(&$0) }
            let seconds = refusal.code == .oauthCallbackTimeout ? 2 : 600
            #expect(try await scene.refusal(scene.request(resets: true, seconds: seconds))?.code == refusal.code)
            #expect(try folderContents(scene.folder + "/store", prefix: "credential-") == before)
            if refusal.code != .oauthInvalidClient {
                #expect(try await scene.call(scene.authorizer()).status == 200, "the earlier sign-in still works")
            }
        }
    }

    @Test("Redirected to another origin, the token request does not reach it")
    func redirectedElsewhere() async throws {
        let other = try await DemoServer.start()
        try await withScene { scene async throws in
            for place in ["/token", "/register"] {
                scene.server.update {
                    $0.token.overrides = place == "/token" ? ["*": .redirect(308, to: other.origin + "/caught")] : [:]
                    $0.registration.override = place == "/token" ? nil : .redirect(308, to: other.origin + "/caught")
                }
                #expect(try await scene.refusal(scene.request(resets: true))?.code == .transportRedirectOrigin)
            }
        }
        #expect(other.requests.isEmpty)
        await other.stop()
    }

    @Test("C8.5: the configured client of an earlier sign-in is not shown to a new authorization server")
    func issuerChanged() async throws {
        let other = try await DemoServer.start()
        try await withScene({
            $0.clients = [
                .init(id: "mine", secret: "demo-cs-mine-0123456", redirectURIs: ["http://127.0.0.1/callback"])
            ]
        }) { scene async throws in
            var configuration = SignInConfiguration()
            configuration.clientID = "mine"
            configuration.clientSecret = .init("demo-cs-mine-0123456")
            try await scene.signIn(scene.request(configuration))
            scene.server.useAuthorizationServer(of: other)
            #expect(try await scene.refusal(scene.request(configuration))?.code == .oauthClientIssuerMismatch)
            #expect(!other.requests.contains { $0.path == "/authorize" || $0.path == "/token" })
        }
        await other.stop()
    }

    @Test("C8.3, C8.4: a new authorization server gets a registration of its own, and no old credentials")
    func issuerChangedWithRegistration() async throws {
        let other = try await DemoServer.start()
        try await withScene { scene async throws in
            let first = try await scene.signIn().credential
            scene.server.useAuthorizationServer(of: other)
            let second = try await scene.signIn().credential
            #expect(second.grant.issuer == other.issuer && first.grant.issuer == scene.server.issuer)
            #expect(second.client.id != first.client.id)
            #expect(other.state.registrations == 1)
            #expect(try await scene.call(scene.authorizer()).status == 200)
        }
        await other.stop()
    }

    @Test("A credential file that is damaged is left until the new sign-in is there, then kept aside")
    func damagedFile() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let name = try scene.key.recordName()
            let path = scene.folder + "/store/" + name
            try Data("not a credential".utf8).write(to: URL(filePath: path))
            #expect(chmodPrivate(path))
            scene.server.update { $0.authorization.consent = .deny }
            let error = await omlxError { try await scene.signIn() }
            #expect(error?.code == .oauthAccessDenied)
            #expect(try readText(path) == "not a credential")
            scene.server.update { $0.authorization.consent = .auto }
            try await scene.signIn()
            #expect(try await scene.call(scene.authorizer()).status == 200)
            let kept = try folderContents(scene.folder + "/store", prefix: "")
            #expect(kept.values.contains(Array("not a credential".utf8)))
        }
    }
}
