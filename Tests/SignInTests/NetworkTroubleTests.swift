// Every kind of trouble on the way, at every step of sign-in, refresh and sign-out: "unknown", told as such, all is kept.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import Glibc
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxSignIn

/// Something that keeps an endpoint's answer away.
enum Trouble: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case internalError, unavailable, tooMany, page, closed, cutOff, hangs
    case refused, noSuchHost, noTLS

    var testDescription: String { rawValue }

    /// What the server does; `nil` for what happens before it is reached.
    var override: DemoScript.Override? {
        switch self {
        case .internalError: .json(500, ["error": "invalid_grant"])
        case .unavailable: .status(503, headers: [.init("Retry-After", "120")], body: "back soon")
        case .tooMany: .status(429, headers: [.init("Retry-After", "120")])
        case .page: .html()
        case .closed: .close
        case .cutOff: .cut()
        case .hangs: .hang
        case .refused, .noSuchHost, .noTLS: nil
        }
    }

    /// The address of an endpoint that cannot be reached.
    func address(of path: String, at server: DemoServer) throws -> String? {
        switch self {
        // No name has a label of 64 characters, so nobody is asked for it.
        case .noSuchHost: return "https://" + String(repeating: "x", count: 64) + ".example" + path
        // The server speaks no TLS.
        case .noTLS: return server.origin.replacing("http://", with: "https://") + path
        case .refused: return "http://127.0.0.1:\(try closedPort())\(path)"
        default: return nil
        }
    }

    /// What the message says of it.
    var words: String {
        switch self {
        case .internalError: "500"
        case .unavailable: "503"
        case .tooMany: "429"
        default: ""
        }
    }

    /// Seconds the server asked to wait.
    var retryAfter: Int? { self == .unavailable || self == .tooMany ? 120 : nil }

    /// Limits that a test can wait for, where nothing will come.
    func limits(of path: String) -> @Sendable (HTTPRequest) -> HTTPLimits {
        guard self == .hangs else { return { $0.limits } }
        return { request in
            var limits = request.limits
            if request.url.text.hasSuffix(path) { limits.firstByte = 0.5 }
            return limits
        }
    }
}

@Suite("Trouble on the way")
struct NetworkTroubleTests {
    @Test(
        "P2: the registration is not made, nothing is stored, an earlier sign-in stays", arguments: Trouble.allCases
    )
    func registration(trouble: Trouble) async throws {
        try await check(trouble, endpoint: "registration_endpoint", "/register", .oauthRegistrationUnavailable) {
            $0.registration.override = $1
        }
    }

    @Test("P2: the code is not exchanged, nothing is stored, an earlier sign-in stays", arguments: Trouble.allCases)
    func exchange(trouble: Trouble) async throws {
        try await check(trouble, endpoint: "token_endpoint", "/token", .oauthTokenUnavailable) {
            $0.token.overrides["authorization_code"] = $1
        }
    }

    /// Signs in with trouble at one endpoint: for the first time, and again with a sign-in that works.
    private func check(
        _ trouble: Trouble, endpoint: String, _ path: String, _ code: ErrorCode,
        _ set: @escaping (inout DemoScript, DemoScript.Override?) -> Void
    ) async throws {
        try await withScene(inFile: true) { scene async throws in
            var hurried = scene
            hurried.limits = trouble.limits(of: path)
            for isSecond in [false, true] {
                // Before the first sign-in there is no folder.
                func stored() -> [String: [UInt8]] {
                    (try? folderContents(scene.folder + "/store", prefix: "credential-")) ?? [:]
                }
                let before = stored()
                #expect(before.isEmpty != isSecond)
                let elsewhere = try trouble.address(of: path, at: scene.server)
                scene.server.update {
                    set(&$0, trouble.override)
                    if let elsewhere { $0.metadata.patch = [endpoint: JSON(elsewhere)] }
                }
                let error = try await hurried.refusal(scene.request(resets: true))
                #expect(error?.code == code, "\(error.map { "\($0)" } ?? "none")")
                #expect(error?.isRetryable == true && error?.message.contains(trouble.words) == true)
                #expect(error?.retryAfter == trouble.retryAfter)
                #expect(stored() == before)
                scene.server.update {
                    set(&$0, nil)
                    $0.metadata.patch = .null
                }
                if isSecond {
                    #expect(try await scene.call(scene.authorizer()).status == 200, "the earlier sign-in still works")
                } else {
                    try await scene.signIn()
                }
            }
        }
    }

    @Test(
        "P2: a refresh without an answer is unknown: record kept, no new try within half a minute or Retry-After",
        arguments: Trouble.allCases)
    func refresh(trouble: Trouble) async throws {
        try await withScene(inFile: true, { $0.token.reuseGrace = 100_000 }) { scene async throws in
            try await scene.signIn()
            var hurried = scene
            hurried.limits = trouble.limits(of: "/token")
            var moved = try await scene.stored()
            let endpoint = moved.grant.tokenEndpoint
            if let elsewhere = try trouble.address(of: "/token", at: scene.server) {
                moved.grant.tokenEndpoint = elsewhere
                moved = try await scene.store.save(moved, expecting: .any)
            }
            let override = trouble.override
            scene.server.update { $0.token.overrides["refresh_token"] = override }
            // The last minutes of a token that still works.
            scene.pass(seconds: 3600 - 200)
            let events = EventList()
            let authorizer = hurried.authorizer(events: events)
            for _ in 0..<3 { #expect(try await scene.call(authorizer) == (200, 1)) }
            #expect(events.count(of: "OAUTH_REFRESH_UNAVAILABLE") == 1, "told once: \(events.all)")
            #expect(scene.refreshes() <= 2, "once, and once more when the answer was lost on the way")
            scene.pass(seconds: 201)
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .oauthRefreshUnavailable, "\(error.map { "\($0)" } ?? "none")")
            #expect(error?.isRetryable == true && error?.message.contains(trouble.words) == true)
            #expect(error?.retryAfter == trouble.retryAfter)
            let kept = try await scene.stored()
            #expect(kept.tokens.access == moved.tokens.access && kept.tokens.refresh == moved.tokens.refresh)
            #expect(kept.tokens.generation == moved.tokens.generation && !kept.isRefreshTokenRejected)
            // The way is free again. What came late had been granted: hence the server's grace. What was cut off had been
            // granted more than once: the one that came back has no more to give.
            scene.server.update { $0.token.overrides = [:] }
            if endpoint != kept.grant.tokenEndpoint {
                var back = kept
                back.grant.tokenEndpoint = endpoint
                _ = try await scene.store.save(back, expecting: .any)
            }
            scene.pass(seconds: 301)
            if trouble != .cutOff { #expect(try await scene.call(scene.authorizer()).status == 200, "not downgraded") }
        }
    }

    @Test(
        "P35: a sign-out without an answer forgets the sign-in here and says what is not known",
        arguments: Trouble.allCases)
    func signOut(trouble: Trouble) async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            var hurried = scene
            hurried.limits = trouble.limits(of: "/revoke")
            var moved = try await scene.stored()
            if let elsewhere = try trouble.address(of: "/revoke", at: scene.server) {
                moved.grant.revocationEndpoint = elsewhere
                _ = try await scene.store.save(moved, expecting: .any)
            }
            let override = trouble.override
            scene.server.update { $0.revocation.override = override }
            let outcome = try await SignOut(context: hurried.context).signOut(scene.key)
            scene.transcript.note("\(outcome)")
            if case .unconfirmed(let reason) = outcome.revocation {
                #expect(reason.contains("refresh_token") && reason.contains("access_token"))
                #expect(reason.contains(trouble.words))
            } else {
                Issue.record("\(outcome)")
            }
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
    }
}

/// A port at which nothing listens, and which no other program is given: it stays bound as long as the tests run.
private func closedPort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
        }
    }
    try #require(isBound)
    return Int(UInt16(bigEndian: address.sin_port))
}
