// Sign-in and refresh against each provider's behaviour: how clients come to be there.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Providers and their clients")
struct ProviderClientTests {
    @Test("provider: GitHub: no registration; an own client; tokens without expiry and without refresh token")
    func gitHub() async throws {
        try await withProvider("github") { scene async throws in
            let needed = try await scene.refused()
            #expect(needed?.code == .oauthClientNeeded)
            #expect(needed?.nextStep?.plainText.contains("client_id") == true)
            let outcome = try await scene.signsIn(.app(secret: true))
            #expect(outcome.credential.tokens.expiresAt == nil && outcome.credential.tokens.refresh == nil)
            scene.pass(seconds: 90 * 86_400)
            #expect(try await scene.call(scene.authorizer()) == (200, 1), "unknown life: used until a 401 (P24)")
            scene.server.expireTokens()
            let ended = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(ended?.code == .oauthRefreshImpossible)
            #expect(scene.refreshes() == 0)
        }
    }

    @Test("provider: GitHub: an error with status 200, and a personal access token in place of a sign-in")
    func gitHubErrors() async throws {
        try await withProvider("github") { scene async throws in
            let error = try await scene.refused(.app(secret: true) { $0.clientSecret = Secret("wrong") })
            #expect(error?.code == .oauthInvalidClient)
            let head = try await scene.send(Secret("Bearer demo-personal-access-token"))
            #expect(head.status == 200)
        }
    }

    @Test("provider: Asana: a registered client whose redirect URI is held to the port")
    func asana() async throws {
        try await withProvider("asana") { scene async throws in
            let outcome = try await scene.signsIn(.app(secret: true), person: scene.registeredPerson)
            #expect(outcome.credential.client.redirectURI == scene.server.script.clients[0].redirectURIs[0])
            try await scene.refreshesTwice()
        }
    }

    @Test("provider: Stripe: OAuth, or a restricted key as bearer")
    func stripe() async throws {
        try await withProvider("stripe") { scene async throws in
            #expect(try await scene.send(Secret("Bearer demo-restricted-key")).status == 200)
            try await scene.signsIn()
            try await scene.refreshesTwice()
        }
    }

    @Test("provider: Figma, P9: 403 in plain text is told as a refused registration; nothing is stored")
    func figma() async throws {
        try await withProvider("figma") { scene async throws in
            let error = try await scene.refused()
            #expect(error?.code == .oauthRegistrationRejected && error?.httpStatus == 403)
            #expect(try await scene.store.registration(for: scene.registrationKey) == nil)
        }
    }

    @Test("provider: Figma, P9: a secret given while none is announced is used as the registration says")
    func figmaListed() async throws {
        try await withProvider("figma-listed") { scene async throws in
            let outcome = try await scene.signsIn()
            #expect(outcome.credential.client.authMethod == "client_secret_post")
            #expect(outcome.credential.client.secret != nil)
            try await scene.refreshesTwice()
        }
    }

    @Test("provider: Keycloak: blocked registration is told; an own client signs in, resource or not")
    func keycloak() async throws {
        try await withProvider(
            "keycloak", { $0.clients = [.init(id: "demo-app", redirectURIs: ["http://127.0.0.1/callback"])] }
        ) {
            scene async throws in
            let error = try await scene.refused()
            #expect(error?.code == .oauthRegistrationRejected && error?.httpStatus == 403)
            try await scene.signsIn(.app())
            try await scene.refreshesTwice()
        }
    }

    @Test("provider: Supabase, P7: a client it forgot, 422 in JSON, is registered again before the browser opens")
    func supabase() async throws {
        try await withProvider("supabase") { scene async throws in
            try await scene.signsIn()
            scene.server.forgetClients()
            let browser = TestBrowser()
            try await scene.signIn(browser: browser)
            #expect(scene.server.state.registrations == 2 && browser.addresses.count == 1)
            #expect(try await scene.call(scene.authorizer()) == (200, 1))
            try await scene.refreshesTwice()
        }
    }

    @Test("provider: AWS: a registration that has ended is made anew, by its own date")
    func aws() async throws {
        try await withProvider("aws") { scene async throws in
            let first = try await scene.signsIn().credential.client.id
            try await scene.refreshesTwice()
            scene.pass(seconds: 91 * 86_400)
            let ended = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(ended?.code == .oauthRefreshRejected)
            #expect(try await scene.signIn().credential.client.id != first)
            #expect(try await scene.call(scene.authorizer()) == (200, 1))
            #expect(scene.server.state.registrations == 2)
        }
    }
}
