// Refreshes whose answer was lost with their process, clocks that jump, processes that must not come all at once.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Interrupted refreshes and odd clocks")
struct InterruptedRefreshTests {
    /// The server has rotated, and the process that asked died before it could store the answer.
    private func dieInTheMiddle(_ scene: Scene) async throws {
        let stored = try await scene.stored()
        var begun = stored
        begun.notes.begun = .init(
            generation: stored.tokens.generation, first: .init(at: scene.clock.now, by: "process 4711 (token)"))
        _ = try await scene.store.save(begun, expecting: .generation(stored.generation))
        let client = OAuthClientOf(stored)
        _ = try await scene.http.fetch(client.refresh())
    }

    @Test("a refresh that follows an interrupted one and is rejected says why, now and later (P1, P3)")
    func interrupted() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signInAndExpire()
            try await dieInTheMiddle(scene)
            for _ in 1...2 {
                let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
                #expect(error?.code == .oauthRefreshRejected)
                #expect(error?.message.contains("the answer to a refresh begun by process 4711 (token) at ") == true)
            }
            #expect(scene.refreshes() == 2, "the lost one, and one that was rejected")
            let kept = try await scene.stored()
            #expect(kept.isRefreshTokenRejected && kept.notes.rejection?.interruption?.by == "process 4711 (token)")
        }
    }

    @Test("where the old refresh token still works, an interrupted refresh costs nothing (provider: Linear)")
    func grace() async throws {
        try await withScene({ $0.token.reuseGrace = 1800 }) { scene async throws in
            try await scene.signInAndExpire()
            try await dieInTheMiddle(scene)
            #expect(try await scene.call(scene.authorizer()) == (200, 1))
            let kept = try await scene.stored()
            #expect(kept.notes.begun == nil)
        }
    }

    @Test("an answer that is none leaves no note of an interruption: a later rejection is not put down to it")
    func answered() async throws {
        try await withScene { scene async throws in
            try await scene.signInAndExpire()
            scene.server.update { $0.token.overrides["refresh_token"] = .status(503) }
            _ = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(try await scene.stored().isRefreshUnfinished == false)
            scene.server.update { $0.token.overrides = [:] }
            scene.server.revokeAll()
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshRejected && error?.message.contains("was lost") == false)
        }
    }

    @Test("an answer cut off after the server rotated: one prompt retry, and the rejection says why")
    func cutOff() async throws {
        try await withScene { scene async throws in
            try await scene.signInAndExpire()
            let stored = try await scene.stored()
            // What the process does not see: the server rotates, then the line breaks.
            _ = try await scene.http.fetch(OAuthClientOf(stored).refresh())
            scene.server.update { $0.token.overrides["refresh_token"] = .close.times(1) }
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshRejected)
            #expect(error?.message.contains("the answer to a refresh begun by process ") == true)
            #expect(scene.refreshes() == 3)
        }
    }

    @Test("an answer that cannot be used may have held tokens: a later rejection says that they were lost")
    func unusable() async throws {
        try await withScene { scene async throws in
            try await scene.signInAndExpire()
            let stored = try await scene.stored()
            _ = try await scene.http.fetch(OAuthClientOf(stored).refresh())
            scene.server.update { $0.token.overrides["refresh_token"] = .json(200, ["expires_in": 60]).times(1) }
            var error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshReplyInvalid)
            #expect(try await scene.stored().isRefreshUnfinished)
            error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshRejected)
            #expect(error?.message.contains("the answer to a refresh begun by process ") == true)
        }
    }

    @Test("P36: a clock set back since: the token's stated end says nothing, so it is refreshed, once")
    func clockSetBack() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let authorizer = scene.authorizer()
            scene.clock.advance(-10_000)
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 1)
            scene.clock.advance(-30)
            #expect(try await scene.call(authorizer) == (200, 1), "a clock that is corrected a little costs nothing")
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("the expiry survives a restart: a new process refreshes a token that ended while no process ran")
    func restart() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            scene.pass(seconds: 86_400)
            let fresh = EncryptedFileStore(folder: scene.folder + "/store", keySource: .keyFile)
            #expect(try await scene.call(scene.authorizer(fresh)) == (200, 1))
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("P36: the margin differs from process to process, and never leaves the last 290 s of an hour")
    func jitter() throws {
        var credential = Credential(
            key: CredentialKey(serverURL: "https://mcp.example.com"), client: .init(id: "c"),
            grant: .init(issuer: "i", tokenEndpoint: "t", obtainedAt: Date(timeIntervalSince1970: 0)),
            tokens: .init(access: Secret("a")))
        credential.tokens.lifetime = 3600
        credential.tokens.expiresAt = Date(timeIntervalSince1970: 3600)
        func due(_ left: Double, _ jitter: Double) -> Bool {
            ServerAuthorizer.isDue(credential, now: Date(timeIntervalSince1970: 3600 - left), jitter: jitter)
        }
        #expect(due(299, 0) && !due(299, 1) && !due(295, 0.9) && due(295, 0.4))
        #expect(due(290, 1) && due(0, 1) && due(-1e9, 1))
        #expect(!due(3600, 0) && !due(3660, 0) && due(3661, 0), "a stated end beyond the whole life")
    }

    @Test("who waits in vain for another's refresh is told who holds the lock; a token that works is used all the same")
    func stuckHolder() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signInAndExpire()
            let lock = try await CredentialLock.acquire(scene.key.recordName(), in: scene.locks, command: "stuck")
            defer { lock.release() }
            let outcome = await RefreshTransaction(scene.key, context: scene.context, lockWait: 0.05)
                .run(replacing: try await scene.stored().tokens.generation)
            guard case .failed(let error) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(error.code == .storeLockTimeout && error.message.contains("(stuck) has held"))
            #expect(scene.refreshes() == 0)
        }
    }

    @Test("for those who see no answer, a token that has ended and cannot be renewed is no header")
    func usable() async throws {
        try await withScene({ $0.token.refreshTokens = false }) { scene async throws in
            let authorizer = scene.authorizer()
            #expect(await omlxError { _ = try await authorizer.usableAuthorization() }?.code == .oauthSignInNeeded)
            try await scene.signIn()
            try await authorizer.reload()
            #expect(try await authorizer.usableAuthorization().header != nil)
            scene.pass(seconds: 4000)
            #expect(try await authorizer.authorization().header != nil, "used until a 401")
            let error = await omlxError { _ = try await authorizer.usableAuthorization() }
            #expect(error?.code == .oauthRefreshImpossible)
        }
    }
}

/// The refresh request another process would send.
private struct OAuthClientOf {
    let credential: Credential
    init(_ credential: Credential) { self.credential = credential }

    func refresh() throws -> HTTPRequest {
        let fields = [
            ("grant_type", "refresh_token"), ("refresh_token", text(credential.tokens.refresh) ?? ""),
            ("client_id", credential.client.id), ("resource", credential.grant.resource ?? ""),
        ]
        let body = fields.map { "\($0.0)=\(FormEncoding.encode($0.1))" }.joined(separator: "&")
        return HTTPRequest(
            "POST", try HTTPURL(credential.grant.tokenEndpoint),
            headers: [.init("Content-Type", "application/x-www-form-urlencoded")], body: .bytes(Array(body.utf8)))
    }
}
