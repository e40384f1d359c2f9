// Access tokens that end, refreshes that fail, and what is left of the sign-in then (house plan, "The refresh transaction").

import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct HostRefreshTests {
    /// A way to reach the demo server.
    enum Way: String, CaseIterable, Sendable {
        case json, events, legacy

        func script(_ script: inout DemoScript) {
            if self == .events { script.mcp.responseFormat = .sse }
        }

        func entry(_ server: DemoServer) -> JSON {
            self == .legacy ? ["url": JSON(server.sseURL), "transport": "sse"] : ["url": JSON(server.url)]
        }
    }

    @Test("an expired access token is refreshed before it is used", arguments: Way.allCases)
    func expired(way: Way) async throws {
        try await withHost(way.script) { scene, server async throws in
            try await scene.login(try await scene.host(["demo": way.entry(server)]))
            scene.advance(4000)
            server.advanceClock(seconds: 4000)
            server.clearRequests()
            let manager = try await scene.host(["demo": way.entry(server)])
            await manager.start()
            #expect(try await manager.state().signIn.state == .signedIn)
            #expect(try await manager.state().discovery.state == .succeeded(toolCount: 5))
            #expect(server.refreshes == 1)
            #expect(server.requests.allSatisfy { $0.status != 401 })
            let record = try await scene.row().record
            #expect(try #require(record.lastRefresh) > (try #require(record.lastSignIn)))
            #expect(try #require(record.expiresAt) > scene.now)
            #expect(try await manager.state().record == record)
        }
    }

    @Test("401 → refresh → the request once more", arguments: Way.allCases)
    func refused(way: Way) async throws {
        try await withHost(way.script) { scene, server async throws in
            let manager = try await scene.host(["demo": way.entry(server)])
            try await scene.login(manager)
            server.expireTokens()
            let streams = server.state.openStreams
            #expect(try await scene.call(manager)["content"] != nil)
            #expect(server.refreshes == 1)
            #expect(server.state.openStreams == streams, "the stream stayed open")
            #expect(try await manager.state().record.lastRefresh != nil)
            #expect(try await manager.state().signIn.state == .signedIn)
            // At connecting too: over HTTP+SSE the 401 comes on the GET.
            server.expireTokens()
            let next = try await scene.host(["demo": way.entry(server)])
            await next.start()
            #expect(try await next.state().discovery.state == .succeeded(toolCount: 5))
            #expect(server.refreshes == 2)
        }
    }

    @Test("a rejected refresh leaves sign-in needed, the record kept, and says why (P2)")
    func rejected() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            server.revokeAll()
            let error = await scene.error { _ = try await scene.call(manager) }
            #expect(error?.code == .oauthRefreshRejected)
            #expect(error?.step == "sign in to demo")
            for status in [try await manager.state(), try await freshRow(scene, manager)] {
                #expect(status.signIn.state == .needed)
                #expect(status.signIn.problem?.code == "OAUTH_REFRESH_REJECTED")
                #expect(status.lastError?.code == "OAUTH_REFRESH_REJECTED")
                #expect(!status.record.hasRefreshToken)
            }
            #expect(try scene.credentialFiles().count == 1)
            // At connecting.
            let next = try await scene.host(server)
            await next.start()
            let status = try await next.state()
            #expect(status.transport.state == .reached)
            #expect(status.signIn.state == .needed)
            #expect(status.discovery.state == .unauthorized)
            #expect(server.refreshes == 1, "a rejected refresh token is not sent again")
            #expect(scene.transcript.log.last == "0 of 1 server ready, 0 tools; 1 needs sign-in: sign in to demo")
            try await scene.login(next)
            #expect(try await next.state().signIn.state == .signedIn)
        }
    }

    private func freshRow(_ scene: HostScene, _ manager: MCPManager) async throws -> ServerStatus {
        await manager.drain()
        return try await scene.row()
    }

    @Test("no refresh token: expired, and the command that mends it")
    func impossible() async throws {
        try await withHost({ $0.token.refreshTokens = false }) { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            #expect(try await !manager.state().record.hasRefreshToken)
            server.expireTokens()
            let error = await scene.error { _ = try await scene.call(manager) }
            #expect(error?.code == .oauthRefreshImpossible)
            #expect(error?.step == "sign in to demo")
            #expect(try await manager.state().signIn.state == .expired)
        }
    }

    @Test("a token without a stated end is used until a 401 (P24)")
    func unstatedEnd() async throws {
        try await withHost({ $0.token.sendsExpiresIn = false }) { scene, server async throws in
            try await scene.login(try await scene.host(server))
            scene.advance(1_000_000)
            let manager = try await scene.host(server)
            await manager.start()
            #expect(try await manager.state().signIn.state == .signedIn)
            #expect(try await manager.state().record.expiresAt == nil)
            #expect(server.refreshes == 0)
        }
    }

    @Test(
        "a refresh without a usable answer: refresh failed, the record kept, and mended by the next that works (P2)",
        arguments: ["503", "html", "close", "not JSON"])
    func unknown(kind: String) async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let before = try await manager.state().record
            let override: DemoScript.Override =
                switch kind {
                case "503": .status(503)
                case "html": .html()
                case "close": .close
                default: .notJSON
                }
            server.update { $0.token.overrides["refresh_token"] = override }
            server.expireTokens()
            let error = await scene.error { _ = try await scene.call(manager) }
            #expect(error?.code == .oauthRefreshUnavailable)
            #expect(error?.step.contains("login") == false)
            #expect(try await manager.state().signIn.state == .refreshFailed)
            #expect(try await manager.state().transport.state == .connected)
            #expect(try await manager.state().record.lastSignIn == before.lastSignIn)
            #expect(try await manager.state().record.hasRefreshToken)
            #expect(try scene.credentialFiles().count == 1)
            #expect(
                await scene.code { try await scene.login(try await scene.host(server)) } == "OAUTH_REFRESH_UNAVAILABLE")
            server.update { $0.token.overrides = [:] }
            scene.advance(60)
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
            #expect(try await manager.state().signIn.state == .signedIn)
            #expect(try await manager.state().signIn.problem == nil)
        }
    }

    @Test("an expired token and no refresh: the server was not asked, so nothing is said of its transport")
    func unknownAhead() async throws {
        try await withHost { scene, server async throws in
            try await scene.login(try await scene.host(server))
            server.update { $0.token.overrides["refresh_token"] = .status(503) }
            scene.advance(4000)
            server.advanceClock(seconds: 4000)
            server.clearRequests()
            let manager = try await scene.host(server)
            await manager.start()
            let status = try await manager.state()
            #expect(server.requests.allSatisfy { $0.path != "/mcp" })
            #expect(status.transport.state == .idle)
            #expect(status.signIn.state == .refreshFailed)
            #expect(status.discovery.state == .failed)
            #expect(status.signIn.problem?.code == "OAUTH_REFRESH_UNAVAILABLE")
            #expect(scene.transcript.log.last == "0 of 1 server ready, 0 tools; 1 failed: demo")
            #expect(scene.transcript.log.contains { $0.hasPrefix("demo: refresh failed: OAUTH_REFRESH_UNAVAILABLE") })
        }
    }

    @Test("an answer lost on the way is asked for once more, and no sign-in is lost")
    func answerLost() async throws {
        try await withHost({ $0.token.reuseGrace = 30 }) { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            server.update { $0.token.overrides["refresh_token"] = .answerLost.times(1) }
            server.expireTokens()
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
            #expect(server.refreshes == 2)
        }
    }

    @Test("50 calls with an expired token make one refresh (P1, P36)")
    func parallelCalls() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url)]], top: ["max_tool_calls": 50])
            try await scene.login(manager)
            server.expireTokens()
            let answers = try await withThrowingTaskGroup(of: JSON.self) { group in
                for _ in 0..<50 { group.addTask { try await scene.call(manager) } }
                return try await group.reduce(into: [JSON]()) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0["structuredContent"]?["authenticated"] == true })
            #expect(server.refreshes == 1)
            #expect(server.state.reusesDetected == 0)
        }
    }

    @Test("two hosts on the same folders make one refresh (P1)")
    func twoHosts() async throws {
        try await withHost { scene, server async throws in
            let one = try await scene.host(server)
            try await scene.login(one)
            let two = try await scene.host(server)
            await two.start()
            server.expireTokens()
            async let first = scene.call(one)
            async let second = scene.call(two)
            #expect(try await [first, second].allSatisfy { $0["structuredContent"]?["authenticated"] == true })
            #expect(server.refreshes == 1)
            #expect(server.state.reusesDetected == 0)
        }
    }

    @Test("a token endpoint that hangs holds a server up no longer than its limit")
    func hangingRefresh() async throws {
        try await withHost { scene, server async throws in
            let first = try await scene.host(server)
            try await scene.login(first)
            await first.stop()
            server.update { $0.token.overrides["refresh_token"] = .hang }
            server.expireTokens()
            let manager = try await scene.host(server) { $0.timeout = 12 }
            await manager.start()
            #expect(try await manager.state().transport.problem?.code == "TRANSPORT_TIMEOUT")
            #expect(server.requests.contains { $0.path == "/token" && $0.form["grant_type"] == "refresh_token" })
            // Ends the exchange, which stop() would wait for.
            await server.stop()
        }
    }

    @Test("the end of a session is worth no refresh, however stale the token")
    func noRefreshAtTheEnd() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            server.expireTokens()
            server.update { $0.token.overrides["refresh_token"] = .hang }
            scene.advance(4000)
            await manager.stop()
            #expect(server.requests.last?.method == "DELETE")
            #expect(server.requests.last?.status == 401)
            #expect(server.requests.allSatisfy { $0.form["grant_type"] != "refresh_token" })
            #expect(try await scene.row().signIn.state == .signedIn)
        }
    }
}
