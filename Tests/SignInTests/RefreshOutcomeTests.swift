// What becomes of a sign-in when its refresh is rejected, refused, unanswered, or cannot be kept.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import Synchronization
import Testing

@testable import OmlxSignIn

@Suite("Refreshes that are not granted")
struct RefreshOutcomeTests {
    @Test(
        "Rejected: sign-in needed, the record kept and marked, the token not sent again",
        arguments: [
            "invalid_grant", "invalid_client",
        ])
    func rejected(reason: String) async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let before = try await scene.stored()
            scene.server.update { $0.token.overrides["refresh_token"] = .json(400, ["error": JSON(reason)]) }
            scene.server.expireTokens()
            for _ in 0..<2 {
                let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
                #expect(error?.code == .oauthRefreshRejected)
                #expect(error?.nextStep == Remedy(.signIn(.init(.named("demo")))))
            }
            #expect(scene.refreshes() == 1)
            let after = try await scene.stored()
            #expect(after.tokens.refresh == before.tokens.refresh && after.tokens.access == before.tokens.access)
            #expect(after.isRefreshTokenRejected)
            #expect(after.notes.rejection?.code == reason)
            try await scene.signIn()
            #expect(try await scene.stored().isRefreshTokenRejected == false)
            #expect(try await scene.call(scene.authorizer()).status == 200)
        }
    }

    @Test("Rejected while the access token still works: it is used, and nothing sent again")
    func rejectedWhileValid() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update { $0.token.overrides["refresh_token"] = .json(400, ["error": "invalid_grant"]) }
            scene.pass(seconds: 3600 - 100)
            let authorizer = scene.authorizer()
            for _ in 0..<3 { #expect(try await scene.call(authorizer) == (200, 1)) }
            #expect(scene.refreshes() == 1)
            scene.pass(seconds: 200)
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .oauthRefreshRejected)
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("Refused for another reason: the code is shown, the record kept, the same request not repeated at once")
    func refused() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let before = try await scene.stored()
            scene.server.update { $0.token.overrides["refresh_token"] = .json(400, ["error": "invalid_request"]) }
            scene.pass(seconds: 4000)
            let authorizer = scene.authorizer()
            for _ in 0..<2 {
                let error = await omlxError { _ = try await scene.call(authorizer) }
                #expect(error?.code == .oauthRefreshRefused)
            }
            #expect(scene.refreshes() == 1)
            let after = try await scene.stored()
            #expect(after.tokens.refresh == before.tokens.refresh && !after.isRefreshTokenRejected)
            scene.server.update { $0.token.overrides = [:] }
            scene.pass(seconds: 31)
            #expect(try await scene.call(authorizer).status == 200)
        }
    }

    @Test(
        "Refused in other words than OAuth has: kept, told with these words; used while the access token lives",
        arguments: [
            (400, #"{"code":400,"error_code":"refresh_token_not_found","msg":"Invalid Refresh Token"}"#, "not_found"),
            (400, #"{"errorCode":"invalid_grant","errorSummary":"The refresh token is invalid."}"#, "is invalid"),
            (401, #"{"detail":"Token has been revoked"}"#, "Token has been revoked"),
            (400, #"{"errors":[{"code":"invalid_grant","message":"it is over"}]}"#, "it is over"),
            (400, "refresh token expired", "refresh token expired"), (401, "", "HTTP 401"),
        ])
    func refusedInOtherWords(status: Int, body: String, words: String) async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let before = try await scene.stored()
            scene.server.update {
                $0.token.overrides["refresh_token"] = .status(
                    status, headers: [.init("Content-Type", body.hasPrefix("{") ? "application/json" : "text/plain")],
                    body: body)
            }
            scene.pass(seconds: 3600 - 200)
            let authorizer = scene.authorizer()
            for _ in 0..<3 { #expect(try await scene.call(authorizer) == (200, 1)) }
            #expect(scene.refreshes() == 1)
            scene.pass(seconds: 25)
            scene.server.expireTokens()
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .oauthRefreshRefused)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            #expect(error?.nextStep == Remedy(.signIn(.init(.named("demo")))))
            let after = try await scene.stored()
            #expect(after.tokens.refresh == before.tokens.refresh && after.tokens.access == before.tokens.access)
            #expect(!after.isRefreshTokenRejected)
        }
    }

    @Test(
        "Refused or rejected while the access token lives: said once, with the reason, until when it is used, and the next step",
        arguments: [
            (400, #"{"detail":"Token is gone"}"#, "Token is gone"),
            (400, #"{"error":"invalid_grant"}"#, "invalid_grant"),
        ])
    func warnedOfOldToken(status: Int, body: String, words: String) async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let end = try #require(try await scene.stored().tokens.end)
            scene.server.update {
                $0.token.overrides["refresh_token"] = .status(
                    status, headers: [.init("Content-Type", "application/json")], body: body)
            }
            scene.pass(seconds: 3600 - 200)
            let warnings = Mutex<[OmlxError]>([])
            var context = scene.context
            context.warn = { warning in warnings.withLock { $0.append(warning) } }
            let authorizer = ServerAuthorizer(scene.key, server: .named("demo"), context: context) { _ in }
            for _ in 0..<2 { #expect(try await scene.call(authorizer) == (200, 1)) }
            // The pause after a refusal is over: it is asked for anew, and nothing new is said.
            scene.pass(seconds: 60)
            #expect(try await scene.call(authorizer) == (200, 1))
            let told = warnings.withLock { $0 }
            try #require(told.count == 1)
            #expect(told[0].message.contains(words) && told[0].message.contains("still works"), "\(told[0].message)")
            #expect(told[0].message.hasSuffix(end.formatted(.iso8601)), "\(told[0].message)")
            #expect(told[0].nextStep == Remedy(.signIn(.init(.named("demo")))))
        }
    }

    @Test("A page for people with 400 is unknown, and its next step names the sign-in as well")
    func refusedByPage() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update { $0.token.overrides["refresh_token"] = .html(400) }
            scene.pass(seconds: 4000)
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshUnavailable)
            #expect(error?.nextStep?.plainText.contains("try again later") == true)
            #expect(error?.nextStep?.actions.contains(.signIn(.init(.named("demo")))) == true)
        }
    }

    @Test("A rejection keeps its first reason: in this process, and in the next")
    func firstReason() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            let token = try #require(text(try await scene.stored().tokens.refresh))
            scene.server.update {
                $0.token.overrides["refresh_token"] = .json(
                    400, ["error": "invalid_grant", "error_description": JSON("ended by the admin, \(token)")])
            }
            scene.pass(seconds: 4000)
            for _ in 0..<2 {
                let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
                #expect(error?.code == .oauthRefreshRejected)
                #expect(error?.message.contains("invalid_grant: ended by the admin") == true, "\(error?.message ?? "")")
                #expect(error?.message.contains(token) == false)
            }
            #expect(scene.refreshes() == 1)
            #expect(try await scene.stored().notes.rejection?.words == "ended by the admin, <redacted>")
        }
    }

    @Test("A token endpoint that drips holds a refresh no longer than its limit, and is not asked again without end")
    func dripping() async throws {
        let drip = try await RawServer.start(
            .drips(
                Array("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n{".utf8) + .init(repeating: 32, count: 9999),
                milliseconds: 10))
        try await withScene { scene async throws in
            var scene = scene
            try await scene.signIn()
            scene.limits = {
                var limits = $0.limits
                limits.total = min(limits.total ?? 99, 0.5)
                return limits
            }
            var credential = try await scene.stored()
            credential.grant.tokenEndpoint = "http://127.0.0.1:\(drip.port)/token"
            _ = try await scene.store.save(credential, expecting: .any)
            scene.pass(seconds: 4000)
            let error = await omlxError { _ = try await scene.call(scene.authorizer()) }
            #expect(error?.code == .oauthRefreshUnavailable)
            #expect(drip.connections == 2, "once more, and no more")
        }
        await drip.stop()
    }

    static let unknown: [Refusal] = [
        .init("500", .oauthRefreshUnavailable) { $0.token.overrides["refresh_token"] = .status(500) },
        .init("503 with an OAuth error in it", .oauthRefreshUnavailable) {
            $0.token.overrides["refresh_token"] = .json(503, ["error": "invalid_grant"])
        },
        .init("429", .oauthRefreshUnavailable) { $0.token.overrides["refresh_token"] = .status(429) },
        .init("a page", .oauthRefreshUnavailable) { $0.token.overrides["refresh_token"] = .html() },
        .init("not JSON", .oauthRefreshUnavailable) { $0.token.overrides["refresh_token"] = .notJSON },
        .init("closed", .oauthRefreshUnavailable) { $0.token.overrides["refresh_token"] = .close },
        .init("silent, then closed", .oauthRefreshUnavailable) {
            $0.token.overrides["refresh_token"] = .close.delayed(milliseconds: 50)
        },
        .init("cut off", .oauthRefreshUnavailable) { $0.token.overrides["refresh_token"] = .cut() },
        .init("redirected", .oauthRefreshUnavailable) {
            $0.token.overrides["refresh_token"] = .redirect(307, to: "{origin}/caught")
        },
    ]

    @Test("P2: unknown outcomes keep everything, and are over when the server is back", arguments: unknown)
    func unknownOutcome(refusal: Refusal) async throws {
        try await withScene(inFile: true, { $0.token.reuseDetection = false }) { scene async throws in
            try await scene.signIn()
            let before = try await scene.stored()
            scene.server.update { refusal.change(&$0) }
            scene.server.expireTokens()
            let authorizer = scene.authorizer()
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == refusal.code)
            #expect(error?.isRetryable == true)
            let after = try await scene.stored()
            #expect(after.tokens.refresh == before.tokens.refresh && after.tokens.access == before.tokens.access)
            #expect(!after.isRefreshTokenRejected)
            #expect(!scene.server.requests.contains { $0.path == "/caught" })
            scene.server.update { $0.token.overrides = [:] }
            if refusal.testDescription != "cut off" {
                #expect(try await scene.call(authorizer).status == 200, "not downgraded")
            }
        }
    }

    @Test("Unknown while the access token still works: it is used, the next try waits half a minute")
    func unknownWhileValid() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update { $0.token.overrides["refresh_token"] = .status(500) }
            scene.pass(seconds: 3600 - 200)
            let authorizer = scene.authorizer()
            for _ in 0..<3 { #expect(try await scene.call(authorizer) == (200, 1)) }
            #expect(scene.refreshes() == 1)
            scene.pass(seconds: 31)
            scene.server.update { $0.token.overrides = [:] }
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 2)
        }
    }

    @Test("Retry-After: no refresh before it is over, also when the token has ended")
    func retryAfter() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update {
                $0.token.overrides["refresh_token"] = .status(429, headers: [.init("Retry-After", "300")])
            }
            scene.pass(seconds: 4000)
            let authorizer = scene.authorizer()
            for _ in 0..<3 {
                let error = await omlxError { _ = try await scene.call(authorizer) }
                #expect(error?.code == .oauthRefreshUnavailable)
                #expect(error?.retryAfter == 300)
                scene.pass(seconds: 50)
            }
            #expect(scene.refreshes() == 1)
            scene.server.update { $0.token.overrides = [:] }
            scene.pass(seconds: 200)
            #expect(try await scene.call(authorizer).status == 200)
        }
    }

    @Test("The answer was lost once: one prompt repeat finds the grace of the server")
    func answerLost() async throws {
        try await withScene({ $0.token.reuseGrace = 60 }) { scene async throws in
            try await scene.signIn()
            scene.server.update { $0.token.overrides["refresh_token"] = .answerLost.times(1) }
            scene.server.expireTokens()
            #expect(try await scene.call(scene.authorizer()) == (200, 2))
            #expect(scene.refreshes() == 2)
        }
    }

    @Test("The store cannot keep the new tokens: the token that still works is used, the failure is told")
    func cannotPersist() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.pass(seconds: 3600 - 200)
            let events = EventList()
            let authorizer = scene.authorizer(FullStore(inner: scene.store), events: events)
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(events.all.contains("STORE_WRITE_FAILED"))
            #expect(scene.refreshes() == 0, "what cannot be kept is not asked for")
            scene.pass(seconds: 300)
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .storeWriteFailed)
        }
    }

    @Test("The store is away for a moment just when the new tokens come: they are saved as soon as it is back")
    func storeBlinks() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.pass(seconds: 3600)
            // The note that a refresh begins is saved, the first tries to save its tokens are not.
            let outages = Outages(failing: 2...4)
            let authorizer = scene.authorizer(FullStore(inner: scene.store, outages: outages))
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 1 && outages.count == 5)
        }
    }

    @Test("A save that was carried out although it failed is no conflict: the tokens are there")
    func savedAllTheSame() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.pass(seconds: 3600)
            let outages = Outages(failing: 2...2, areOnlySaid: true)
            let authorizer = scene.authorizer(FullStore(inner: scene.store, outages: outages))
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("The store is away for a moment just when somebody has signed in: the sign-in is kept as soon as it is back")
    func storeBlinksAtSignIn() async throws {
        try await withScene { scene async throws in
            let outages = Outages(failing: 1...3)
            let outcome = try await scene.signIn(store: FullStore(inner: scene.store, outages: outages))
            #expect(outages.count == 4)
            #expect(try await scene.store.credential(for: scene.key) == outcome.credential)
        }
    }

    @Test("The store stays away: the new tokens are held, not used, and saved in place of another refresh")
    func storeStaysAway() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.pass(seconds: 3600)
            let outages = Outages(failing: 2...8)
            let authorizer = scene.authorizer(FullStore(inner: scene.store, outages: outages))
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .storeWriteFailed)
            #expect(scene.refreshes() == 1)
            scene.pass(seconds: 60)
            #expect(await omlxError { _ = try await scene.call(authorizer) } != nil, "still away")
            scene.pass(seconds: 60)
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.refreshes() == 1, "no token was asked for twice")
        }
    }
}

/// Which saves fail, counted from 1.
final class Outages: Sendable {
    private let failing: ClosedRange<Int>?
    /// Whether what fails is carried out all the same.
    let areOnlySaid: Bool
    private let saves = Mutex(0)

    init(failing: ClosedRange<Int>?, areOnlySaid: Bool = false) {
        self.failing = failing
        self.areOnlySaid = areOnlySaid
    }

    var count: Int { saves.withLock { $0 } }

    /// Whether they come to an end.
    var pass: Bool { failing != nil }

    func next() throws {
        let number = saves.withLock { saves in
            saves += 1
            return saves
        }
        guard failing?.contains(number) ?? true else { return }
        throw OmlxError(.storeWriteFailed, "no space left on device")
    }
}

/// A store on a full disk, for ever or for a while.
struct FullStore: CredentialStore {
    let inner: any CredentialStore
    var outages = Outages(failing: nil)
    var name: String { "full" }
    var summary: String { "full" }

    func credential(for key: CredentialKey) async throws -> Credential? { try await inner.credential(for: key) }
    func save(_ credential: Credential, expecting: ExpectedRecord, replacingDamaged: Bool) async throws -> Credential {
        if outages.areOnlySaid {
            let saved = try await inner.save(credential, expecting: expecting, replacingDamaged: replacingDamaged)
            try outages.next()
            return saved
        }
        try outages.next()
        return try await inner.save(credential, expecting: expecting, replacingDamaged: replacingDamaged)
    }
    func removeCredential(for key: CredentialKey, expecting: ExpectedRecord) async throws {}
    func credentials() async throws -> StoreListing<Credential> { try await inner.credentials() }
    func registration(for key: RegistrationKey) async throws -> ClientRegistration? {
        try await inner.registration(for: key)
    }
    func save(
        _ registration: ClientRegistration, expecting: ExpectedRecord, replacingDamaged: Bool
    ) async throws -> ClientRegistration {
        guard outages.pass else { throw OmlxError(.storeWriteFailed, "no space left on device") }
        return try await inner.save(registration, expecting: expecting, replacingDamaged: replacingDamaged)
    }
    func removeRegistration(for key: RegistrationKey, expecting: ExpectedRecord) async throws {}
    func registrations() async throws -> StoreListing<ClientRegistration> { try await inner.registrations() }
}
