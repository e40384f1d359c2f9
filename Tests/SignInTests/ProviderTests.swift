// Sign-in and refresh against each provider's behaviour: those that leave the protocol.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Providers that want a sign-in otherwise")
struct ProviderTests {
    @Test("provider: Slack: user_scope, tokens of a person, errors with status 200 and ok false")
    func slack() async throws {
        try await withProvider("slack") { scene async throws in
            let configuration = SignInConfiguration.app(secret: true) {
                $0.profile = .named("slack")
                $0.redirect = RedirectSettings(host: "localhost")
            }
            let outcome = try await scene.signsIn(configuration, person: scene.registeredPerson)
            let asked = try scene.asked()
            #expect(asked["user_scope"] == "tools" && asked["scope"] == nil)
            #expect(asked["redirect_uri"]?.hasPrefix("http://localhost:") == true)
            #expect(outcome.missingScopes.isEmpty && outcome.credential.grant.grantedScopes == ["tools"])
            try await scene.refreshesTwice()
            let before = try await scene.stored()
            scene.server.revokeAll()
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshRejected)
            let after = try await scene.stored()
            #expect(after.notes.rejection?.code == "invalid_grant" && after.tokens.refresh == before.tokens.refresh)
        }
    }

    @Test("provider: Slack: without a client the next step says where to get one, and the redirect URI to register")
    func slackClient() async throws {
        try await withProvider("slack") { scene async throws in
            var configuration = SignInConfiguration()
            configuration.profile = .named("slack")
            let error = try await scene.refused(configuration)
            #expect(error?.code == .oauthClientNeeded)
            #expect(error?.nextStep?.plainText.contains("http://localhost:3118/callback") == true)
        }
    }

    @Test("provider: Entra ID: no resource, no PKCE list, OpenID metadata, offline_access, refresh without scope")
    func entra() async throws {
        try await withProvider("entra") { scene async throws in
            let outcome = try await scene.signsIn(.app { $0.profile = .named("entra") })
            let asked = try scene.asked()
            #expect(asked["resource"] == nil && asked["code_challenge_method"] == "S256")
            #expect(asked["scope"] == "api://demo/tools offline_access")
            #expect(outcome.credential.grant.resource == nil && outcome.credential.tokens.refresh != nil)
            try await scene.refreshesTwice()
            let refresh = scene.server.state.lastTokenRequest
            #expect(refresh["resource"] == nil && refresh["scope"] == nil)
        }
    }

    @Test("provider: Entra ID: a refresh with a scope of its own, as kept at the sign-in (P10)")
    func entraRefreshScope() async throws {
        try await withProvider("entra") { scene async throws in
            let configuration = SignInConfiguration.app {
                $0.profile = .named("entra")
                $0.refreshScope = .value(["api://demo/tools"])
                $0.refreshParameters = [.init("client_info", "1")]
            }
            try await scene.signsIn(configuration)
            try await scene.refreshesTwice()
            let refresh = scene.server.state.lastTokenRequest
            #expect(refresh["scope"] == "api://demo/tools" && refresh["client_info"] == "1")
        }
    }

    @Test("provider: Entra ID: without its profile it is refused as strictly as anybody, and the overrides do the same")
    func entraByHand() async throws {
        try await withProvider("entra") { scene async throws in
            #expect(try await scene.refused(.app())?.code == .oauthPKCEUnsupported)
            let configuration = SignInConfiguration.app {
                $0.acceptsMissingPKCEList = true
                $0.resource = .omit
            }
            try await scene.signsIn(configuration)
            let error = try await scene.refused(
                .app {
                    $0.profile = .named("entra")
                    $0.resource = .automatic
                })
            #expect(error?.code == .oauthAuthorizationError, "what the user configures wins over the profile")
        }
    }

    @Test("provider: Google: access_type and prompt for a refresh token; a slash at the issuer's end")
    func google() async throws {
        try await withProvider("google") { scene async throws in
            #expect(try await scene.refused(.app(secret: true))?.code == .oauthIssuerMismatch)
            let outcome = try await scene.signsIn(.app(secret: true) { $0.profile = .named("google") })
            let asked = try scene.asked()
            #expect(asked["access_type"] == "offline" && asked["prompt"] == "consent")
            #expect(asked["scope"] == "tools", "offline_access is not asked for where it is not listed")
            #expect(outcome.credential.grant.issuer == scene.server.issuer, "the metadata's own spelling")
            #expect(outcome.credential.tokens.refresh != nil)
            try await scene.refreshesTwice()
            let byHand = SignInConfiguration.app(secret: true) { $0.acceptsIssuerSlash = true }
            #expect(try await scene.signIn(scene.request(byHand)).credential.tokens.refresh == nil)
        }
    }

    @Test("provider: Google: a 401 only at tools/call leads to the same sign-in")
    func googleCall() async throws {
        try await withProvider("google-call") { scene async throws in
            let authorizer = scene.authorizer()
            #expect(try await scene.call(authorizer) == (200, 1))
            let error = await omlxError { _ = try await scene.call(authorizer, tool: "whoami") }
            #expect(error?.code == .oauthSignInNeeded)
            let configuration = SignInConfiguration.app(secret: true) { $0.profile = .named("google") }
            try await scene.signIn(scene.request(configuration, challenge: #require(error?.refusal).challenge))
            try await authorizer.reload()
            _ = try await scene.call(authorizer, tool: "whoami")
            scene.server.expireTokens()
            #expect(try await scene.call(authorizer, tool: "whoami").attempts == 2)
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("provider: Auth0: audience is the resource; without it the token is refused, and the sign-in kept")
    func auth0() async throws {
        try await withProvider("auth0") { scene async throws in
            let without = try await scene.signIn(scene.request(.app()))
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthTokenRefused)
            #expect(try await scene.stored().grant.issuer == without.credential.grant.issuer)
            try await scene.signIn(scene.request(.app { $0.profile = .named("auth0") }))
            #expect(try await scene.call(scene.authorizer()) == (200, 1))
            #expect(try scene.asked()["audience"] == scene.server.url)
            try await scene.refreshesTwice()
            let own = SignInConfiguration.app {
                $0.profile = .named("auth0")
                $0.authorizationParameters = [.init("audience", "https://api.example")]
            }
            try await scene.signIn(scene.request(own))
            #expect(try scene.asked()["audience"] == "https://api.example")
        }
    }

    @Test("provider: Okta: OpenID metadata of an issuer with a path, and audience as configured")
    func okta() async throws {
        try await withProvider("okta") { scene async throws in
            try await scene.signsIn(.app { $0.authorizationParameters = [.init("audience", "api://default")] })
            #expect(scene.clientRequests.contains("GET /oauth2/default/.well-known/openid-configuration"))
            try await scene.refreshesTwice()
        }
    }

    @Test("provider: Atlassian: the issuer must be named, both spellings are shown; then offline_access is granted")
    func atlassian() async throws {
        try await withProvider("atlassian") { scene async throws in
            let error = try await scene.refused()
            #expect(error?.code == .oauthIssuerMismatch)
            #expect(error?.compared.map(\.value) == [scene.server.issuer, scene.server.origin])
            var configuration = SignInConfiguration()
            configuration.issuer = scene.server.origin
            let outcome = try await scene.signsIn(configuration)
            #expect(outcome.credential.grant.issuer == scene.server.origin)
            #expect(try scene.asked()["scope"] == "tools offline_access")
            try await scene.refreshesTwice()
            scene.server.update { $0.authorization.error = "invalid_request" }
            let after = try await scene.refusal(scene.request(configuration))
            #expect(after?.code == .oauthAuthorizationError, "codex#36026: invalid_request after the consent")
        }
    }

    @Test("provider: Atlassian: a registration that loopback redirects are refused in says so; an own client works")
    func atlassianRegistration() async throws {
        try await withProvider("atlassian-v2") { scene async throws in
            let error = try await scene.refused()
            #expect(error?.code == .oauthRegistrationRejected)
            #expect(error?.message.contains("invalid_redirect_uri") == true)
            try await scene.signsIn(.app())
            try await scene.refreshesTwice()
        }
    }

    @Test("provider: Atlassian, P12: offline_access that is listed and refused is left out, once")
    func atlassianRefusing() async throws {
        try await withProvider("atlassian-refusing") { scene async throws in
            try await scene.signsIn()
            #expect(try scene.asked()["scope"] == "tools")
            #expect(scene.transcript.texts.contains { $0.contains("offline_access was refused") })
        }
    }

    @Test("provider: HubSpot: a resource with a slash is sent as published")
    func hubSpot() async throws {
        try await withProvider("hubspot") { scene async throws in
            let outcome = try await scene.signsIn()
            #expect(outcome.credential.grant.resource == scene.server.url + "/")
            try await scene.refreshesTwice()
            #expect(scene.server.state.lastTokenRequest["resource"] == scene.server.url + "/")
        }
    }

    @Test("provider: Sentry: the resource is the server's path; another is invalid_target and told so")
    func sentry() async throws {
        try await withProvider("sentry") { scene async throws in
            var configuration = SignInConfiguration()
            configuration.resource = .value(scene.server.origin)
            let error = try await scene.refused(configuration)
            #expect(error?.code == .oauthAuthorizationError)
            #expect(error?.message.contains("invalid_target") == true)
            try await scene.signsIn()
            try await scene.refreshesTwice()
        }
    }

    @Test("provider: Plane, NetSuite, Indeed: another issuer in the metadata is refused until it is named")
    func plane() async throws {
        try await withProvider("plane") { scene async throws in
            let error = try await scene.refused()
            #expect(error?.code == .oauthIssuerMismatch)
            var configuration = SignInConfiguration()
            configuration.issuer = scene.server.origin + "/other"
            try await scene.signsIn(configuration)
            try await scene.refreshesTwice()
        }
    }
}
