// Sign-in and refresh against each provider's behaviour: how long tokens live, and how they are renewed.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Providers and their tokens")
struct ProviderRefreshTests {
    /// Sixteen requests at once through four clients of one store, after the tokens ended.
    private func callsAtOnce(_ scene: Scene) async throws {
        let authorizers = (0..<4).map { _ in scene.authorizer() }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<16 { group.addTask { try await scene.call(authorizers[number % 4]).status } }
            for try await status in group { #expect(status == 200) }
        }
    }

    @Test("provider: Notion, P1: one refresh for each end, however many ask; no family is ended")
    func notion() async throws {
        try await withProvider("notion") { scene async throws in
            try await scene.signsIn()
            for round in 1...3 {
                scene.server.expireTokens()
                try await callsAtOnce(scene)
                #expect(scene.refreshes() == round)
            }
            #expect(scene.server.state.reusesDetected == 0)
        }
    }

    @Test("provider: Exa, Zitadel: 5 min access tokens are renewed ahead, family kept")
    func exa() async throws {
        try await withProvider("exa") { scene async throws in
            #expect(try await scene.signsIn().credential.tokens.lifetime == 300)
            for round in 1...3 {
                scene.pass(seconds: 280)
                try await callsAtOnce(scene)
                #expect(scene.refreshes() == round)
            }
            #expect(scene.server.state.reusesDetected == 0)
        }
    }

    @Test("provider: Linear: an answer that was lost is asked for again within the grace")
    func linear() async throws {
        try await withProvider("linear") { scene async throws in
            #expect(try await scene.signsIn().credential.tokens.lifetime == 86_400)
            scene.server.update { $0.token.overrides["refresh_token"] = .answerLost.times(1) }
            scene.server.expireTokens()
            #expect(try await scene.call(scene.authorizer()) == (200, 2))
            #expect(scene.refreshes() == 2 && scene.server.state.reusesDetected == 0)
        }
    }

    @Test("provider: Linear: \"Grant not found\" is decided by its code, not by its words")
    func linearWords() async throws {
        try await withProvider("linear") { scene async throws in
            try await scene.signsIn()
            scene.server.revokeAll()
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshRejected && error?.message.contains("Grant not found") == true)
            #expect(try await scene.stored().notes.rejection?.code == "invalid_grant")
            // The same words beside another code are no rejection.
            try await scene.signIn()
            scene.server.update { $0.provider.errorCodes = ["invalid_grant": "temporarily_unavailable"] }
            scene.server.revokeAll()
            let other = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(other?.code == .oauthRefreshRefused)
            #expect(try await scene.stored().isRefreshTokenRejected == false)
        }
    }

    @Test(
        "provider: Cloudflare: a refresh refused while the access token is good loses nothing, and works when it ended")
    func cloudflare() async throws {
        try await withProvider("cloudflare") { scene async throws in
            try await scene.signsIn(bare: true)
            let before = try await scene.stored()
            scene.pass(seconds: 3600 - 100)
            let authorizer = scene.authorizer()
            for _ in 0..<3 { #expect(try await scene.call(authorizer) == (200, 1)) }
            #expect(scene.refreshes() == 1, "not repeated at once")
            let kept = try await scene.stored()
            #expect(kept.tokens.refresh == before.tokens.refresh && !kept.isRefreshTokenRejected)
            scene.pass(seconds: 200)
            #expect(try await scene.call(authorizer).status == 200)
            #expect(try await scene.stored().tokens.generation > before.tokens.generation)
        }
    }

    @Test("provider: Cloudflare: 429 is waited out and says nothing about the sign-in")
    func cloudflareStorm() async throws {
        try await withProvider("cloudflare-storm") { scene async throws in
            try await scene.signsIn(bare: true)
            scene.server.expireTokens()
            #expect(try await scene.call(scene.authorizer()) == (200, 2))
            #expect(scene.refreshes() == 2)
        }
    }

    @Test("provider: Cloudflare: a wrong iss is refused; OpenID scopes are not asked for unless configured, and told")
    func cloudflareAnswers() async throws {
        try await withProvider("cloudflare-iss") { scene async throws in
            #expect(try await scene.refusal(scene.request(challenge: .init()))?.code == .oauthIssMismatch)
            var configuration = SignInConfiguration()
            configuration.acceptsIssuerSlash = true
            configuration.acceptsMissingPKCEList = true
            let still = try await scene.refusal(scene.request(configuration, challenge: .init()))
            #expect(still?.code == .oauthIssMismatch, "no tolerance touches iss")
        }
        try await withProvider("cloudflare") { scene async throws in
            var configuration = SignInConfiguration()
            configuration.scopes = ["openid"]
            let error = try await scene.refusal(scene.request(configuration, challenge: .init()))
            #expect(error?.message.contains("invalid_scope") == true)
        }
    }

    @Test(
        "provider: Meta Ads, Holded: long tokens without refresh token are used to their end",
        arguments: [
            ("meta-ads", 60), ("holded", 365),
        ])
    func long(name: String, days: Int) async throws {
        try await withProvider(name) { scene async throws in
            #expect(try await scene.signsIn().credential.tokens.refresh == nil)
            scene.pass(seconds: Double(days) * 86_400 - 60)
            #expect(try await scene.call(scene.authorizer()) == (200, 1))
            scene.pass(seconds: 120)
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshImpossible)
            #expect(scene.refreshes() == 0)
        }
    }

    @Test("provider: Metabase, obot: invalid_request for invalid_grant: told, kept, and a new sign-in mends it")
    func metabase() async throws {
        try await withProvider("metabase") { scene async throws in
            try await scene.signsIn()
            try await scene.refreshesTwice()
            let before = try await scene.stored()
            scene.server.revokeAll()
            let authorizer = scene.authorizer()
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .oauthRefreshRefused && error?.nextStep == Remedy(.signIn(.init(.named("demo")))))
            let kept = try await scene.stored()
            #expect(kept.tokens.refresh == before.tokens.refresh && !kept.isRefreshTokenRejected)
            try await scene.signIn()
            #expect(try await scene.call(scene.authorizer()) == (200, 1))
        }
    }

    @Test("provider: Miro: a refresh token that ends with its consent: sign-in needed, the record kept")
    func miro() async throws {
        try await withProvider("miro") { scene async throws in
            try await scene.signsIn()
            for _ in 0..<4 {
                scene.pass(seconds: 3600)
                #expect(try await scene.call(scene.authorizer()).status == 200)
            }
            scene.pass(seconds: 3 * 3600)
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshRejected && error?.nextStep == Remedy(.signIn(.init(.named("demo")))))
            #expect(try await scene.store.credential(for: scene.key) != nil)
        }
    }

    @Test(
        "Errors of a refresh are read in each form, also with status 200; none of them loses anything",
        arguments: DemoScript.Provider.ErrorFormat.allCases)
    func errorForms(format: DemoScript.Provider.ErrorFormat) async throws {
        try await withScene({ $0.provider.errorFormat = format }) { scene async throws in
            try await scene.signIn()
            let before = try await scene.stored()
            scene.server.revokeAll()
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            // A page names nothing, so it says nothing about the token.
            #expect(error?.code == (format == .html ? .oauthRefreshUnavailable : .oauthRefreshRejected))
            let after = try await scene.stored()
            #expect(after.tokens.refresh == before.tokens.refresh && after.tokens.access == before.tokens.access)
            #expect(after.isRefreshTokenRejected == (format != .html))
        }
    }
}
