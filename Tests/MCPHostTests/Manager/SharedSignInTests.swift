// Calls that need a sign-in at the same time ask one person once; what became of the sign-in that was replaced.

import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import Synchronization
import Testing

@testable import OmlxMCPHost
@testable import OmlxSignIn

@Suite("Sign-ins of calls", .timeLimit(.minutes(3)))
struct SharedSignInTests {
    private func call(
        _ manager: MCPManager, _ scene: HostScene, _ browser: any BrowserOpening, tool: String = "demo__whoami"
    ) async throws -> Bool {
        let offer = SignInOffer(interface: SilentPerson(transcript: scene.transcript), browser: browser)
        do {
            return try await !manager.call(tool, arguments: [:], signingIn: offer).isError
        } catch let error as OmlxError {
            scene.transcript.note(error)
            throw error
        }
    }

    @Test("five calls at once that need a sign-in ask the person once")
    func parallel() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            let browser = FollowingBrowser()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<5 { group.addTask { try await call(manager, scene, browser) } }
                for try await isGood in group { #expect(isGood) }
            }
            #expect(browser.addresses.count == 1)
            #expect(server.state.tokenGrants["authorization_code"] == 1)
        }
    }

    @Test("two hosts at once ask the person once as well")
    func twoHosts() async throws {
        try await withHost { scene, server async throws in
            let (one, two) = (try await scene.host(server), try await scene.host(server))
            let browser = FollowingBrowser()
            async let first = call(one, scene, browser)
            async let second = call(two, scene, browser)
            #expect(try await first)
            #expect(try await second)
            #expect(browser.addresses.count == 1)
        }
    }

    @Test("a denial is everybody's who waits, and the next call asks anew")
    func denied() async throws {
        try await withHost({ $0.authorization.consent = .deny }) { scene, server async throws in
            let manager = try await scene.host(server)
            let browser = FollowingBrowser()
            let codes = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<3 {
                    group.addTask { await scene.code { _ = try await call(manager, scene, browser) } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes == ["OAUTH_ACCESS_DENIED", "OAUTH_ACCESS_DENIED", "OAUTH_ACCESS_DENIED"])
            #expect(browser.addresses.count == 1)
            server.update { $0.authorization.consent = .auto }
            #expect(try await call(manager, scene, browser))
            #expect(browser.addresses.count == 2)
        }
    }

    @Test("two calls that want different scopes both get them, and neither loses the other's (C11.4)")
    func scopes() async throws {
        try await withHost({
            $0.protection.toolScopes = ["echo": "admin", "add": "billing"]
            $0.metadata.scopesSupported = ["tools", "offline_access", "admin", "billing"]
        }) { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let browser = FollowingBrowser()
            async let first = call(manager, scene, browser, tool: "demo__echo")
            async let second = call(manager, scene, browser, tool: "demo__add")
            _ = try await [first, second]
            #expect(browser.addresses.count <= 2)
            let record = try await manager.state().record
            #expect(Set(record.requestedScopes).isSuperset(of: ["tools", "admin", "billing"]))
        }
    }

    @Test("cancelling one of those who wait ends nobody else's sign-in")
    func cancelled() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            let asked = AsyncStream.makeStream(of: Void.self)
            let approved = AsyncStream.makeStream(of: Void.self)
            let browser = WaitingBrowser(asked: asked.continuation, approved: approved.stream)
            let first = Task { try await call(manager, scene, browser) }
            for await _ in asked.stream { break }
            let second = Task { try await call(manager, scene, browser) }
            let managed = try #require(await manager.managed("demo"))
            while await managed.sharing.waiting < 2 { await Task.yield() }
            first.cancel()
            await #expect(throws: (any Error).self) { _ = try await first.value }
            approved.continuation.yield()
            #expect(try await second.value)
            #expect(browser.inner.addresses.count == 1)
        }
    }

    @Test("an ordinary login is joined by calls that come meanwhile")
    func joinsLogin() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            let asked = AsyncStream.makeStream(of: Void.self)
            let approved = AsyncStream.makeStream(of: Void.self)
            let browser = WaitingBrowser(asked: asked.continuation, approved: approved.stream)
            let login = Task { try await scene.login(manager, browser: browser) }
            for await _ in asked.stream { break }
            let joining = Task { try await call(manager, scene, FollowingBrowser()) }
            let managed = try #require(await manager.managed("demo"))
            while await managed.sharing.waiting < 2 { await Task.yield() }
            approved.continuation.yield()
            #expect(try await !login.value.wasSignedIn)
            #expect(try await joining.value)
            #expect(server.state.tokenGrants["authorization_code"] == 1)
        }
    }

    // MARK: the sign-in that was replaced

    @Test("login --force takes the replaced tokens back, the log says so, and the new ones work")
    func replaced() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            try await scene.login(manager, "demo", .init(isForced: true))
            #expect(server.state.liveRefreshTokens == 1 && server.state.liveAccessTokens == 1)
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
            let events = try await StatusDatabase.open(path: scene.paths.database, mode: .readIfExists).events(
                server: "demo")
            #expect(events.contains { $0.kind == "revocation" && $0.outcome == "confirmed" })
        }
    }

    @Test("a step-up takes the narrower tokens back")
    func steppedUp() async throws {
        try await withHost({
            $0.protection.toolScopes = ["echo": "admin"]
            $0.metadata.scopesSupported = ["tools", "offline_access", "admin"]
        }) { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            _ = try await call(manager, scene, FollowingBrowser(), tool: "demo__echo")
            #expect(server.state.liveRefreshTokens == 1 && server.state.liveAccessTokens == 1)
        }
    }

    @Test("a provider that ends the new sign-in with the old one: found by the connection that follows, not done again")
    func endedTogether() async throws {
        try await withHost({ $0.revocation.endsAllGrants = true }) { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let forced = LoginOptions(isForced: true)
            let error = await scene.error { try await scene.login(manager, "demo", forced) }
            #expect(error?.code == .oauthTokenRefused)
            #expect(error?.message.contains("taking back the tokens of the earlier sign-in") == true)
            #expect(error?.step == "sign in to demo")
            try await scene.login(manager, "demo", forced)
            try await scene.login(manager, "demo", forced)
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
        }
    }

    // MARK: the last error

    @Test("status forgets the last error after a success: a call, a connection, a sign-in")
    func lastError() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            server.update { $0.authorization.consent = .deny }
            _ = await scene.code { try await scene.login(manager, "demo", .init(isForced: true)) }
            #expect(try await scene.row().lastError?.code == "OAUTH_ACCESS_DENIED")
            _ = try await scene.call(manager)
            #expect(try await manager.state().lastError == nil)
            await manager.stop()
            #expect(try await scene.row().lastError == nil)
            server.update { $0.mcp.overrides["initialize"] = .status(500) }
            let second = try await scene.host(server)
            await second.start()
            #expect(try await scene.row().lastError != nil)
            await second.stop()
            server.update { $0.mcp.overrides = [:] }
            await (try await scene.host(server)).start()
            #expect(try await scene.row().lastError == nil)
        }
    }
}

/// A browser whose person approves when the test says so.
private struct WaitingBrowser: BrowserOpening {
    let inner = FollowingBrowser()
    let asked: AsyncStream<Void>.Continuation
    let approved: AsyncStream<Void>

    func open(_ url: String) async -> Bool {
        asked.yield()
        for await _ in approved { break }
        return await inner.open(url)
    }
}
