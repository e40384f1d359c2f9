// What becomes of the tokens of a sign-in that another one replaced, or that could not be kept.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Replaced sign-ins")
struct ReplacedSignInTests {
    private func revoked(_ scene: Scene) -> [String?] {
        scene.server.requests.filter { $0.path == "/revoke" }.map { $0.form["token"] }
    }

    @Test("RFC 7009: a new sign-in takes the tokens of the old one back once it is kept, and works")
    func takenBack() async throws {
        try await withScene(inFile: true) { scene async throws in
            let old = try await scene.signIn().credential
            let outcome = try await scene.signIn()
            #expect(outcome.replaced == .confirmed)
            #expect(revoked(scene) == [text(old.tokens.refresh), text(old.tokens.access)])
            #expect(scene.server.state.liveRefreshTokens == 1)
            #expect(try await scene.call(scene.authorizer()) == (200, 1))
            let places = scene.server.requests.map(\.path)
            let exchanged = try #require(places.lastIndex(of: "/token"))
            #expect(places.firstIndex(of: "/revoke").map { $0 > exchanged } == true)
        }
    }

    @Test("What another process refreshed meanwhile is what is taken back")
    func refreshedMeanwhile() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let browser = PausingBrowser {
                scene.server.expireTokens()
                _ = try? await scene.call(scene.authorizer())
            }
            try await scene.signIn(browser: browser)
            #expect(scene.refreshes() == 1)
            #expect(scene.server.state.liveRefreshTokens == 1 && scene.server.state.liveAccessTokens == 1)
        }
    }

    @Test("The first sign-in replaces nothing; a failed one takes nothing back")
    func nothing() async throws {
        try await withScene { scene async throws in
            #expect(try await scene.signIn().replaced == nil)
            scene.server.update { $0.authorization.consent = .deny }
            _ = try await scene.refusal()
            #expect(revoked(scene).isEmpty)
        }
    }

    @Test("It could not be taken back: the sign-in stands, and the person is told")
    func unconfirmed() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update { $0.revocation.override = .status(503) }
            let outcome = try await scene.signIn()
            guard case .unconfirmed = outcome.replaced else { throw Missing() }
            #expect(
                scene.transcript.texts.contains {
                    $0.contains("earlier sign-in could not be taken back") && $0.contains("HTTP 503")
                })
            #expect(try await scene.call(scene.authorizer()).status == 200)
        }
    }

    @Test("Tokens that had ended are not taken back: a rejected refresh token and an expired access token")
    func dead() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update {
                $0.token.overrides["refresh_token"] = .json(400, ["error": "invalid_grant"]).times(1)
            }
            scene.pass(seconds: 4000)
            _ = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(try await scene.signIn().replaced == .needless)
            #expect(revoked(scene).isEmpty)
        }
    }

    @Test("The same token, or the same refresh token, is one grant: left alone")
    func sameGrant() async throws {
        try await withScene { scene async throws in
            let old = try await scene.signIn().credential
            scene.server.update { $0.token.patch = ["refresh_token": JSON(text(old.tokens.refresh) ?? "")] }
            #expect(try await scene.signIn().replaced == nil)
            scene.server.update { $0.token.patch = ["access_token": JSON(text(old.tokens.access) ?? "")] }
            try await scene.store.removeCredential(for: scene.key, expecting: .any)
            _ = try await scene.store.save(old, expecting: .any)
            #expect(try await scene.signIn().replaced == nil)
            #expect(revoked(scene).isEmpty)
        }
    }

    private func credential(_ access: String, _ refresh: String?, issuer: String = "https://as.example", at: Double = 0)
        -> Credential
    {
        Credential(
            key: Course.key, client: .init(id: "c"),
            grant: .init(
                issuer: issuer, tokenEndpoint: "https://as.example/token",
                obtainedAt: Course.moment.addingTimeInterval(at)),
            tokens: .init(access: Secret(access), refresh: refresh.map { Secret($0) }))
    }

    @Test(
        "provider: Google: where taking back ends the whole grant, replaced tokens are left alone; the user may know better"
    )
    func provider() {
        let google = "https://accounts.google.com"
        let (old, new) = (credential("a", "b", issuer: google), credential("c", "d", issuer: google, at: 9))
        #expect(!old.isReplaceable(by: new, .automatic))
        #expect(old.isReplaceable(by: new, .none))
        #expect(!credential("a", "b").isReplaceable(by: credential("c", "d", at: 9), .named("google")))
        #expect(credential("a", "b").isReplaceable(by: credential("c", "d", at: 9), .automatic))
        #expect(old.isReplaceable(by: credential("c", "d", at: 9), .automatic), "another authorization server's")
    }

    @Test("A refresh token that came with the first sign-in only is its grant's, and the later one's as well")
    func refreshTokenOnce() {
        #expect(!credential("a", "b").isReplaceable(by: credential("c", nil, at: 9), .automatic))
        #expect(credential("a", nil).isReplaceable(by: credential("c", "d", at: 9), .automatic))
        #expect(credential("a", nil).isReplaceable(by: credential("c", nil, at: 9), .automatic))
    }

    @Test("Tokens that could not be kept are taken back, and the error says so; the earlier sign-in stays")
    func unkept() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let before = try await scene.stored()
            let full = FullStore(inner: scene.store, outages: Outages(failing: 1...99))
            let error = await omlxError { try await scene.signIn(store: full) }
            #expect(error?.code == .storeWriteFailed)
            #expect(error?.message.contains("the new tokens have been taken back") == true)
            #expect(revoked(scene).count == 2)
            #expect(try await scene.stored() == before)
            #expect(scene.server.state.liveRefreshTokens == 1)
            #expect(try await scene.call(scene.authorizer()).status == 200)
            scene.server.update { $0.revocation.override = .status(500) }
            let again = await omlxError {
                try await scene.signIn(store: FullStore(inner: scene.store, outages: Outages(failing: 1...99)))
            }
            #expect(again?.message.contains("could not be taken back") == true)
        }
    }

    @Test(
        "A server whose revocation ends all grants: the new sign-in is looked at once, and the next one leaves it alone"
    )
    func endsAll() async throws {
        try await withScene({
            $0.revocation.endsAllGrants = true
            $0.mcp.sessions = false
        }) { scene async throws in
            let signIn = ServerSignIn(
                try HTTPURL(scene.server.url), account: nil, configuration: .init(), context: scene.context,
                reference: nil, observer: { _ in })
            let person = Person(scene.transcript)
            try await signIn.signIn(interface: person, browser: TestBrowser())
            let error = await omlxError { try await signIn.signIn(interface: person, browser: TestBrowser()) }
            #expect(error?.code == .oauthTokenRefused)
            #expect(error?.message.contains("taking back the tokens of the earlier sign-in") == true)
            let outcome = try await signIn.signIn(interface: person, browser: TestBrowser())
            #expect(outcome.replaced == nil)
            #expect(try await scene.call(scene.authorizer()).status == 200)
            try await signIn.signIn(interface: person, browser: TestBrowser())
            #expect(try await scene.call(scene.authorizer()).status == 200)
        }
    }

    private struct Missing: Error {}
}

/// A browser during whose visit something else happens.
private struct PausingBrowser: BrowserOpening {
    let happening: @Sendable () async -> Void

    func open(_ url: String) async -> Bool {
        await happening()
        return await TestBrowser().open(url)
    }
}
