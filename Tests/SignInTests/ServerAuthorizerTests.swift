// What an authorizer does with tokens that end, are refused, or cannot be renewed.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxSignIn

extension Scene {
    /// Signed in, and the access token expired for both sides.
    func signInAndExpire() async throws {
        try await signIn()
        pass(seconds: 4000)
    }

    func pass(seconds: Double) {
        clock.advance(seconds)
        server.advanceClock(seconds: seconds)
    }
}

@Suite("Tokens in use")
struct ServerAuthorizerTests {
    @Test("No credential, no header; a server that wants none is used as it is")
    func notNeeded() async throws {
        try await withScene({ $0.protection.mode = .none }) { scene async throws in
            let authorizer = scene.authorizer()
            #expect(try await authorizer.authorization().header == nil)
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(await authorizer.hasBeenChallenged == false)
        }
    }

    @Test("Expired: refreshed before use, rotated, persisted, no 401")
    func refreshBeforeUse() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signInAndExpire()
            let before = try await scene.stored()
            let events = EventList()
            #expect(try await scene.call(scene.authorizer(events: events)) == (200, 1))
            let after = try await scene.stored()
            #expect(scene.refreshes() == 1)
            #expect(after.tokens.access != before.tokens.access && after.tokens.refresh != before.tokens.refresh)
            #expect(after.tokens.generation > before.tokens.generation)
            #expect(after.grant.obtainedAt == before.grant.obtainedAt, "a refresh is no sign-in")
            #expect(after.tokens.refreshedAt != nil && !after.isRefreshUnfinished)
            #expect(events.all == ["signed in", "refreshed"])
            #expect(scene.server.state.lastTokenRequest["resource"] == scene.server.url, "C10.1")
            #expect(scene.server.state.lastTokenRequest["scope"] == nil)
        }
    }

    @Test("Five minutes before its end a token is refreshed, earlier it is not")
    func margin() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            scene.pass(seconds: 3600 - 310)
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 0)
            scene.pass(seconds: 20)
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("401: refreshed once, sent again once")
    func refreshOn401() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            #expect(try await scene.call(authorizer) == (200, 1))
            scene.server.expireTokens()
            #expect(try await scene.call(authorizer) == (200, 2))
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("P3: a refresh that gives no new refresh token leaves the old one good")
    func withoutRotation() async throws {
        try await withScene({ $0.token.rotates = false }) { scene async throws in
            try await scene.signIn()
            let before = try await scene.stored()
            let authorizer = scene.authorizer()
            for round in 1...2 {
                scene.server.expireTokens()
                #expect(try await scene.call(authorizer) == (200, 2))
                #expect(scene.refreshes() == round)
            }
            #expect(try await scene.stored().tokens.refresh == before.tokens.refresh)
        }
    }

    @Test("P36: a token just refreshed and refused again: no second refresh")
    func refusedAgain() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            // Whatever token it gives, the server knows it as expired.
            scene.server.update { $0.token.accessLifetime = -1 }
            scene.server.update { $0.token.expiresIn = 3600 }
            scene.server.expireTokens()
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .oauthTokenRefused)
            #expect(scene.refreshes() == 1)
            #expect(try await scene.store.credential(for: scene.key) != nil)
        }
    }

    @Test("No refresh token: used until a 401, then the sign-in is needed (P24, C11.7)")
    func noRefreshToken() async throws {
        try await withScene({ $0.token.refreshTokens = false }) { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            scene.clock.advance(5000)
            #expect(try await scene.call(authorizer) == (200, 1), "our clock says it ended, the server's does not")
            scene.server.expireTokens()
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .oauthRefreshImpossible)
            #expect(scene.refreshes() == 0)
            #expect(try await scene.store.credential(for: scene.key) != nil)
        }
    }

    @Test("Unknown life: used until a 401, refreshed then")
    func unknownLifetime() async throws {
        try await withScene({ $0.token.sendsExpiresIn = false }) { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            scene.clock.advance(1e8)
            #expect(try await scene.call(authorizer) == (200, 1))
            scene.server.expireTokens()
            #expect(try await scene.call(authorizer) == (200, 2))
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("expires_in 0 with a refresh token: used until a 401, then one token request for the request")
    func noLife() async throws {
        try await withScene({ $0.token.expiresIn = 0 }) { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            for _ in 0..<5 { #expect(try await scene.call(authorizer) == (200, 1)) }
            #expect(scene.refreshes() == 0)
            for round in 1...2 {
                scene.server.expireTokens()
                #expect(try await scene.call(authorizer) == (200, 2))
                #expect(scene.refreshes() == round)
            }
        }
    }

    @Test("A record with a life of nothing, as an older version wrote it, is used until a 401 as well")
    func noLifeInRecord() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            var credential = try await scene.stored()
            credential.tokens.lifetime = 0
            credential.tokens.expiresAt = credential.grant.obtainedAt
            _ = try await scene.store.save(credential, expecting: .any)
            #expect(try await scene.call(scene.authorizer()) == (200, 1))
            #expect(scene.refreshes() == 0)
        }
    }

    @Test("expires_in 0 where no 401 is waited for: the token is refreshed first, once for all headers of a program")
    func noLifeUnseen() async throws {
        try await withScene({ $0.token.expiresIn = 0 }) { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            for _ in 0..<3 { #expect(try await authorizer.usableAuthorization().header != nil) }
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("A token refreshed for this very request and refused: no second token request for it")
    func freshAndRefused() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update {
                $0.token.accessLifetime = -1
                $0.token.expiresIn = 3600
            }
            scene.pass(seconds: 4000)
            let authorizer = scene.authorizer()
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .oauthTokenRefused)
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("The scopes a 403 wants are in the error itself, whatever another request is answered meanwhile")
    func wantedScopes() async throws {
        try await withScene({ $0.protection.toolScopes = ["add": "admin", "echo": "other"] }) { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            let first = await omlxError { _ = try await scene.call(authorizer, tool: "add") }
            let second = await omlxError { _ = try await scene.call(authorizer, tool: "echo") }
            #expect(first?.refusal?.challenge.scopes == ["admin"] && second?.refusal?.challenge.scopes == ["other"])
        }
    }

    @Test("A clock that jumps ahead costs a refresh; one that jumps back costs a 401", arguments: [1e9, -1e9])
    func clockJumps(seconds: Double) async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            #expect(try await scene.call(authorizer) == (200, 1))
            scene.clock.advance(seconds)
            scene.server.expireTokens()
            #expect(try await scene.call(authorizer).status == 200)
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("A clock set back does not make the pause after a failure longer")
    func clockSetBackInPause() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update {
                $0.token.overrides["refresh_token"] = .status(429, headers: [.init("Retry-After", "300")])
            }
            scene.server.expireTokens()
            let authorizer = scene.authorizer()
            _ = await omlxError { _ = try await scene.call(authorizer) }
            scene.server.update { $0.token.overrides = [:] }
            scene.clock.advance(-100_000)
            #expect(try await scene.call(authorizer).status == 200)
        }
    }

    @Test("P23: a sign-in by another process is noticed on the next 401, with and without a token before")
    func signInElsewhere() async throws {
        try await withScene(inFile: true) { scene async throws in
            let authorizer = scene.authorizer()
            _ = await omlxError { _ = try await scene.call(authorizer) }
            try await scene.signIn(store: EncryptedFileStore(folder: scene.folder + "/store", keySource: .keyFile))
            #expect(try await scene.call(authorizer) == (200, 2))
            scene.server.revokeAll()
            try await scene.signIn(store: EncryptedFileStore(folder: scene.folder + "/store", keySource: .keyFile))
            #expect(try await scene.call(authorizer) == (200, 2))
            #expect(scene.refreshes() == 0)
        }
    }

    @Test("A sign-out elsewhere is noticed on the next 401")
    func signOutElsewhere() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            #expect(try await scene.call(authorizer) == (200, 1))
            _ = try await SignOut(context: scene.context).signOut(scene.key)
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .oauthSignInNeeded)
            #expect(try await authorizer.authorization().header == nil)
            #expect(scene.refreshes() == 0)
        }
    }

    @Test("Tokens of another process that ended unused are refreshed, not given up")
    func adoptedTokensEnded() async throws {
        try await withScene({ $0.token.sendsExpiresIn = false }) { scene async throws in
            try await scene.signIn()
            let mine = scene.authorizer()
            let other = scene.authorizer()
            #expect(try await scene.call(mine) == (200, 1))
            scene.server.expireTokens()
            #expect(try await scene.call(other) == (200, 2))
            scene.server.expireTokens()
            #expect(try await scene.call(mine) == (200, 3), "own tokens, the other's tokens, refreshed tokens")
            #expect(scene.refreshes() == 2)
        }
    }

    @Test("C11.3: 403 with insufficient_scope names the scopes")
    func insufficientScope() async throws {
        try await withScene({ $0.protection.toolScopes = ["add": "admin"] }) { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            let error = await omlxError { _ = try await scene.call(authorizer, tool: "add") }
            #expect(error?.code == .oauthInsufficientScope)
            #expect(error?.nextStep == Remedy(.signIn(.init(.named("demo"), scopes: ["admin"]))))
            #expect(scene.refreshes() == 0, "C11.5: a refresh cannot widen the scope")
        }
    }

    @Test("Scopes that a remedy asks for are fit to be shown; no rule of a shell is applied to them")
    func hostileScopes() async throws {
        try await withScene { scene async throws in
            let authorizer = scene.authorizer()
            let line = #"Bearer error="insufficient_scope", scope="a'$(id)'; `id` \u{7}""#
            let head = HTTPResponseHead(
                status: 403, headers: HTTPHeaders([("WWW-Authenticate", line)]), url: try HTTPURL(scene.server.url))
            let error = await omlxError { _ = try await authorizer.judge(head, of: .init(), attempt: 1) }
            let step = try #require(error?.nextStep)
            let scopes = ["a'$(id)';", "`id`", "u{7}"]
            #expect(step == Remedy(.signIn(.init(.named("demo"), scopes: scopes))))
        }
    }

    @Test(
        "403 without insufficient_scope, and other statuses, are none of its business",
        arguments: [200, 400, 403, 404, 500])
    func otherStatuses(status: Int) async throws {
        try await withScene { scene async throws in
            let head = HTTPResponseHead(status: status, headers: .init(), url: try HTTPURL(scene.server.url))
            #expect(try await scene.authorizer().judge(head, of: .init(), attempt: 1) == false)
        }
    }
}
