// Signing out: tokens taken back where possible, forgotten here in any case.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Signing out")
struct SignOutTests {
    private func signOut(_ scene: Scene, localOnly: Bool = false, forgetsClient: Bool = false) async throws
        -> SignOutOutcome
    {
        let outcome = try await SignOut(context: scene.context)
            .signOut(scene.key, localOnly: localOnly, forgetsClient: forgetsClient)
        scene.transcript.note("\(outcome)")
        return outcome
    }

    @Test(
        "RFC 7009: the refresh token, then the access token; confirmed; forgotten; the registration kept",
        arguments: [
            DemoScript.AuthMethod.publicClient, .basic, .post,
        ])
    func revokes(method: DemoScript.AuthMethod) async throws {
        try await withScene({ $0.registration.method = method }) { scene async throws in
            let credential = try await scene.signIn().credential
            let outcome = try await signOut(scene)
            #expect(outcome.wasSignedIn && outcome.revocation == .confirmed && !outcome.forgotClient)
            let forms = scene.server.requests.filter { $0.path == "/revoke" }.map(\.form)
            #expect(forms.map { $0["token_type_hint"] } == ["refresh_token", "access_token"])
            #expect(forms.map { $0["token"] } == [text(credential.tokens.refresh), text(credential.tokens.access)])
            #expect(scene.server.state.liveAccessTokens == 0 && scene.server.state.liveRefreshTokens == 0)
            #expect(try await scene.store.credential(for: scene.key) == nil)
            #expect(try await scene.store.registration(for: scene.registrationKey) != nil)
        }
    }

    static let failures: [Refusal] = [
        .init("down", .oauthRevocationFailed) { $0.revocation.override = .status(503) },
        .init("a refusal with status 200", .oauthRevocationFailed) {
            $0.revocation.override = .json(200, ["error": "unsupported_token_type"])
        },
        .init("closed", .oauthRevocationFailed) { $0.revocation.override = .close },
        .init("redirected", .oauthRevocationFailed) { $0.revocation.override = .redirect(307, to: "{origin}/caught") },
    ]

    @Test("Whatever the server says, the credential is gone here and the answer is reported", arguments: failures)
    func unconfirmed(failure: Refusal) async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            scene.server.update { failure.change(&$0) }
            let outcome = try await signOut(scene)
            guard case .unconfirmed(let reason) = outcome.revocation else {
                Issue.record("\(outcome.revocation)")
                return
            }
            #expect(reason.contains("refresh_token") && reason.contains("access_token"))
            #expect(try await scene.store.credential(for: scene.key) == nil)
            #expect(!scene.server.requests.contains { $0.path == "/caught" })
        }
    }

    @Test("A server that repeats the token in its refusal: the answer is shown without it")
    func echo() async throws {
        try await withScene { scene async throws in
            let credential = try await scene.signIn().credential
            let token = try #require(text(credential.tokens.refresh))
            scene.server.update {
                $0.revocation.override = .json(
                    400, ["error": "invalid_request", "error_description": JSON("no \(token)")])
            }
            let outcome = try await signOut(scene)
            guard case .unconfirmed(let reason) = outcome.revocation else {
                Issue.record("\(outcome.revocation)")
                return
            }
            #expect(reason.contains("no <redacted>"))
        }
    }

    @Test("No revocation endpoint: said so, forgotten here")
    func unsupported() async throws {
        try await withScene({ $0.revocation.enabled = false }) { scene async throws in
            try await scene.signIn()
            #expect(try await signOut(scene).revocation == .unsupported)
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
    }

    @Test("Locally only: no request")
    func localOnly() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.clearRequests()
            #expect(try await signOut(scene, localOnly: true).revocation == .notAsked)
            #expect(scene.server.requests.isEmpty)
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
    }

    @Test("The client is forgotten when asked for, with and without a sign-in")
    func forgetsClient() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            #expect(try await signOut(scene, forgetsClient: true).forgotClient)
            #expect(try await scene.store.registration(for: scene.registrationKey) == nil)
            try await scene.signIn()
            _ = try await signOut(scene)
            let later = try await signOut(scene, forgetsClient: true)
            #expect(!later.wasSignedIn && later.forgotClient)
            #expect(try await scene.store.registration(for: scene.registrationKey) == nil)
            #expect(try await signOut(scene, forgetsClient: true).forgotClient == false)
        }
    }

    @Test("Another server's registration is not forgotten with it")
    func keepsOthers() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let other = RegistrationKey(issuer: scene.server.issuer, serverURL: "https://other.example/mcp")
            _ = try await scene.store.save(
                ClientRegistration(key: other, redirectURI: "http://127.0.0.1:1/callback", clientID: "other"),
                expecting: .any)
            _ = try await signOut(scene, forgetsClient: true)
            #expect(try await scene.store.registration(for: other) != nil)
        }
    }

    @Test("Not signed in: nothing is sent, and that is no error")
    func notSignedIn() async throws {
        try await withScene { scene async throws in
            let outcome = try await signOut(scene)
            #expect(!outcome.wasSignedIn && outcome.revocation == .notAsked)
            #expect(scene.server.requests.isEmpty)
        }
    }

    @Test("A caller that is cancelled ends the asking at once, and never the deleting")
    func cancelled() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            scene.server.update { $0.revocation.override = .hang }
            let work = Task { try await signOut(scene, forgetsClient: true) }
            await scene.server.wait { $0.requests.contains { $0.path == "/revoke" } }
            work.cancel()
            let outcome = try await work.value
            guard case .unconfirmed(let reason) = outcome.revocation else {
                Issue.record("\(outcome.revocation)")
                return
            }
            #expect(reason.contains("cancelled") && reason.contains("interrupted"), "\(reason)")
            #expect(outcome.wasSignedIn && outcome.forgotClient)
            #expect(scene.server.requests.filter { $0.path == "/revoke" }.count == 1)
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
    }

    @Test(
        "An endpoint that drips, or says nothing, holds the deleting no longer than it may", arguments: [true, false])
    func inTime(drips: Bool) async throws {
        let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n".utf8) + .init(repeating: 32, count: 9000)
        let slow = try await RawServer.start(drips ? .drips(bytes, milliseconds: 10) : .silent)
        try await withScene { scene async throws in
            try await scene.signIn()
            var credential = try await scene.stored()
            credential.grant.revocationEndpoint = "http://127.0.0.1:\(slow.port)/revoke"
            _ = try await scene.store.save(credential, expecting: .any)
            let outcome = try await SignOut(context: scene.context).signOut(scene.key, within: 0.5)
            guard case .unconfirmed(let reason) = outcome.revocation else {
                Issue.record("\(outcome.revocation)")
                return
            }
            #expect(
                reason.contains("refresh_token: ") && reason.contains("access_token: not asked for, no time was left"))
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
        await slow.stop()
    }

    @Test("RFC 7009 has 10 s for everything; a token request 30 s")
    func limits() throws {
        let place = url("https://as.example/revoke")
        let request = TokenRequest.revoke(
            Secret("demo-rt-1"), hint: "refresh_token", at: place, as: .init(id: "c", authMethod: .none))
        #expect(request.limits.total == 10)
        let refresh = TokenRequest.refresh(
            Secret("demo-rt-1"), at: place, as: .init(id: "c", authMethod: .none), resource: nil)
        #expect(refresh.limits.total == 30)
    }

    @Test("An expired access token is not taken back; with nothing left nobody is asked, and nothing is confirmed")
    func expired() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.pass(seconds: 4000)
            #expect(try await signOut(scene).revocation == .confirmed)
            #expect(
                scene.server.requests.filter { $0.path == "/revoke" }.map { $0.form["token_type_hint"] } == [
                    "refresh_token"
                ])
        }
        try await withScene({ $0.token.refreshTokens = false }) { scene async throws in
            try await scene.signIn()
            scene.pass(seconds: 4000)
            #expect(try await signOut(scene).revocation == .needless)
            #expect(!scene.server.requests.contains { $0.path == "/revoke" })
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
    }

    @Test("RFC 8414 §2: the revocation endpoint's list is heeded; refused, the client goes as it was registered")
    func methods() async throws {
        try await withScene({
            $0.registration.method = .basic
            $0.metadata.patch = ["revocation_endpoint_auth_methods_supported": ["client_secret_post"]]
        }) { scene async throws in
            try await scene.signIn()
            #expect(try await signOut(scene).revocation == .confirmed)
            let requests = scene.server.requests.filter { $0.path == "/revoke" }
            #expect(requests.map { $0.form["client_secret"] != nil } == [true, false, false])
            #expect(requests.map { $0.header("authorization") != nil } == [false, true, true])
        }
    }
}
