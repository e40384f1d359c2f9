// 401 → sign-in → retry, and what the status says at each step.

import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import Testing

@testable import OmlxMCPHost
@testable import OmlxSignIn

@Suite struct SigningInTests {
    @Test("a 401 without a sign-in is reached, sign-in needed, unauthorized; nothing opens by itself (P22)")
    func needed() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            let status = try await manager.state()
            #expect(status.transport.state == .reached)
            #expect(status.signIn.state == .needed)
            #expect(status.discovery.state == .unauthorized)
            #expect(status.signIn.problem?.code == "OAUTH_SIGN_IN_NEEDED")
            #expect(status.signIn.problem?.nextStep == Remedy(.signIn(.init(.named("demo")))))
            #expect(status.transport.problem == nil)
            #expect(status.lastError == nil)
            #expect(
                scene.transcript.log == [
                    "demo: transport reached (401)", "demo: sign-in needed",
                    "0 of 1 server ready, 0 tools; 1 needs sign-in: sign in to demo",
                ])
            #expect(server.oauthRequests == [])
            #expect(server.requests.count == 1)
            #expect(try await scene.row().transport.state == .reached)
            #expect(await scene.code { _ = try await scene.call(manager) } == "OAUTH_SIGN_IN_NEEDED")
        }
    }

    @Test("login signs in, connects, lists the tools, and keeps the record's public part in the database")
    func login() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            let report = try await scene.login(manager)
            #expect(!report.wasSignedIn)
            #expect(report.missingScopes == [])
            #expect(report.status.transport.state == .connected)
            #expect(report.status.signIn.state == .signedIn)
            #expect(report.status.discovery.state == .succeeded(toolCount: 5))
            #expect(report.storeSummary.contains(scene.paths.credentials))
            #expect(
                scene.transcript.log.suffix(2) == [
                    "demo: transport connected", "demo: tool discovery succeeded, 5 tools",
                ])
            let row = try await scene.row()
            for record in [row.record, report.status.record] {
                #expect(record.issuer == server.issuer)
                #expect(record.provider == "127.0.0.1")
                #expect(record.grantedScopes.contains("tools"))
                #expect(record.hasRefreshToken)
                #expect(record.storeName == "file")
                let life = try #require(record.expiresAt).timeIntervalSince(scene.now)
                #expect((3500...3600).contains(life))
                #expect(abs(try #require(record.lastSignIn).timeIntervalSince(scene.now)) < 60)
                #expect(record.lastRefresh == nil)
            }
            #expect(row.signIn.state == .signedIn)
            #expect(row.lastError == nil)
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
            #expect(server.state.registrations == 1)
        }
    }

    @Test("from the first 401 to the retried request, both counted: 6 with registration, 5 at the next login")
    func requestCount() async throws {
        try await withHost { scene, server async throws in
            func counted() -> Int {
                let own = server.requests.filter { !["/authorize", "/consent", "/landing"].contains($0.path) }
                let first = own.firstIndex { $0.status == 401 } ?? 0
                // The request that got the 401 is the question what the server speaks, where that is not known.
                let isAsked = own[first].rpcMethod == "server/discover"
                let retried =
                    own.lastIndex {
                        isAsked
                            ? $0.rpcMethod == "server/discover" && $0.status != 401
                            : $0.rpcMethod == "initialize" && $0.status == 200
                    } ?? 0
                return retried - first + 1
            }
            let manager = try await scene.host(server)
            await manager.start()
            try await scene.login(manager)
            #expect(counted() <= 6)
            await manager.stop()
            server.clearRequests()
            server.revokeAll()
            let second = try await scene.host(server)
            _ = try await second.logout("demo", localOnly: true)
            try await scene.login(second)
            #expect(server.state.registrations == 1)
            #expect(counted() <= 5)
        }
    }

    @Test("a new process uses the stored token without any OAuth request, and knows the record without the database")
    func secondProcess() async throws {
        try await withHost { scene, server async throws in
            let first = try await scene.host(server)
            try await scene.login(first)
            await first.stop()
            server.clearRequests()
            try FileManager.default.removeItem(atPath: scene.folder + "/state")
            let second = try await scene.host(server)
            await second.start()
            let status = try await second.state()
            #expect(status.signIn.state == .signedIn)
            #expect(status.record.grantedScopes.contains("tools"))
            #expect(status.record.expiresAt != nil)
            #expect(try await scene.row().record == status.record)
            #expect(server.oauthRequests == [])
            #expect(server.requests.allSatisfy { $0.header("authorization")?.hasPrefix("Bearer ") == true })
        }
    }

    @Test("a sign-in made by another process is used by a running one at the next 401 (P23)")
    func adopted() async throws {
        try await withHost { scene, server async throws in
            let running = try await scene.host(server)
            await running.start()
            #expect(try await running.state().signIn.state == .needed)
            try await scene.login(try await scene.host(server))
            #expect(try await scene.call(running)["structuredContent"]?["authenticated"] == true)
            #expect(try await running.state().signIn.state == .signedIn)
        }
    }

    @Test("login over HTTP+SSE with 401 on the GET, and with 401 on the POST alone", arguments: [true, false])
    func legacy(onGet: Bool) async throws {
        try await withHost({
            $0.protection.sseGet = onGet
            $0.protection.ssePost = true
        }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.sseURL), "transport": "sse"]])
            await manager.start()
            #expect(try await manager.state().transport.state == .reached)
            #expect(try await manager.state().signIn.state == .needed)
            try await scene.login(manager)
            #expect(try await manager.state().discovery.state == .succeeded(toolCount: 5))
            #expect(try await scene.call(manager)["content"] != nil)
        }
    }

    @Test("a sign-in that exists asks nobody; --force asks again")
    func already() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let browser = FollowingBrowser()
            #expect(try await scene.login(manager, browser: browser).wasSignedIn)
            #expect(browser.addresses.isEmpty)
            #expect(try await scene.login(try await scene.host(server), browser: browser).wasSignedIn)
            #expect(browser.addresses.isEmpty)
            let before = try scene.credentialFiles()
            #expect(try await !scene.login(manager, "demo", .init(isForced: true), browser: browser).wasSignedIn)
            #expect(browser.addresses.count == 1)
            #expect(server.state.registrations == 1, "the registration is used again")
            #expect(try scene.credentialFiles() != before)
            #expect(try await manager.state().signIn.state == .signedIn)
        }
    }

    @Test("two logins at once: one asks, the other finds the sign-in")
    func twoLogins() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            let browser = FollowingBrowser()
            async let first = scene.login(manager, browser: browser)
            async let second = scene.login(manager, browser: browser)
            let reports = try await [first, second]
            #expect(reports.filter(\.wasSignedIn).count == 1)
            #expect(browser.addresses.count == 1)
        }
    }

    @Test("a failed new login keeps the earlier credential byte for byte (P35)")
    func failedLogin() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let before = try scene.credentialFiles()
            server.update { $0.authorization.consent = .deny }
            let forced = LoginOptions(isForced: true)
            #expect(await scene.code { try await scene.login(manager, "demo", forced) } == "OAUTH_ACCESS_DENIED")
            server.update {
                $0.authorization.consent = .auto
                $0.authorization.state = .wrong
            }
            let refused = await scene.code {
                try await scene.login(manager, "demo", LoginOptions(isForced: true, seconds: 1))
            }
            #expect(refused == "OAUTH_CALLBACK_TIMEOUT", "an answer with another state ends nothing")
            server.update {
                $0.authorization.state = .correct
                $0.authorization.iss = .wrong
            }
            #expect(await scene.code { try await scene.login(manager, "demo", forced) } == "OAUTH_ISS_MISMATCH")
            #expect(try scene.credentialFiles() == before)
            #expect(try await scene.row().lastError?.code == "OAUTH_ISS_MISMATCH")
            #expect(try await manager.state().signIn.state == .signedIn)
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
        }
    }

    @Test("a sign-in at a stdio server, and at one that asks for nothing, does not apply")
    func notApplicable() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url)], "child": ["command": "/bin/cat"]])
            let browser = FollowingBrowser()
            for name in ["demo", "child"] {
                let error = await scene.error { try await scene.login(manager, name, browser: browser) }
                #expect(error?.code == .oauthSignInNotApplicable)
                #expect(error?.step.contains("list the tools of \(name)") == true)
            }
            #expect(browser.addresses.isEmpty)
            #expect(server.oauthRequests == [])
        }
    }

    @Test("a server that is down is no case for a browser")
    func loginDown() async throws {
        try await withHostScene { scene async throws in
            let port = try await RawServer.closedPort()
            let manager = try await scene.host(["demo": ["url": JSON("http://127.0.0.1:\(port)/mcp")]])
            let browser = FollowingBrowser()
            #expect(
                await scene.code { try await scene.login(manager, browser: browser) } == "TRANSPORT_CONNECTION_REFUSED")
            #expect(browser.addresses.isEmpty)
        }
    }

    @Test("no way to register: client id needed, with its own state")
    func clientNeeded() async throws {
        try await withHost({ $0.registration.enabled = false }) { scene, server async throws in
            let manager = try await scene.host(server)
            #expect(await scene.code { try await scene.login(manager) } == "OAUTH_CLIENT_NEEDED")
            #expect(try await manager.state().signIn.state == .clientNeeded)
            #expect(try await scene.row().signIn.problem?.code == "OAUTH_CLIENT_NEEDED")
        }
    }

    // MARK: tools/call alone

    @Test(
        "only tools/call is protected: tools are listed, the call says sign-in needed, login mends it (provider: Google)"
    )
    func callsOnly() async throws {
        try await withHost({ $0.protection.mode = .toolsCall }) { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            #expect(try await manager.state().signIn.state == .notNeeded)
            #expect(try await manager.state().discovery.state == .succeeded(toolCount: 5))
            let error = await scene.error { _ = try await scene.call(manager) }
            #expect(error?.code == .oauthSignInNeeded)
            #expect(error?.step == "sign in to demo")
            #expect(try await manager.state().signIn.state == .needed)
            try await scene.login(manager)
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
            #expect(try await manager.state().signIn.state == .signedIn)
        }
    }

    @Test("the call that wanted a sign-in is remembered by the next process, so that its login is not refused")
    func callsOnlyNextProcess() async throws {
        try await withHost({ $0.protection.mode = .toolsCall }) { scene, server async throws in
            let first = try await scene.host(server)
            #expect(await scene.code { _ = try await scene.call(first) } == "OAUTH_SIGN_IN_NEEDED")
            await first.stop()
            let second = try await scene.host(server)
            #expect(try await !scene.login(second).wasSignedIn)
            #expect(try await scene.call(second)["structuredContent"]?["authenticated"] == true)
        }
    }

    @Test("403 insufficient_scope names the scopes to ask for with those granted (P15), and that login gets them")
    func insufficientScope() async throws {
        try await withHost({
            $0.protection.toolScopes = ["whoami": "admin"]
            $0.metadata.scopesSupported = ["tools", "offline_access", "admin"]
        }) { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let error = try #require(await scene.error { _ = try await scene.call(manager) })
            #expect(error.code == .oauthInsufficientScope)
            guard case .signIn(let remedy)? = error.nextStep?.actions.first else { return #expect(Bool(false)) }
            #expect(remedy.server == .named("demo"))
            let scopes = remedy.scopes
            #expect(scopes.contains("admin") && scopes.contains("tools"))
            let status = try await manager.state()
            #expect(status.signIn.state == .signedIn)
            #expect(status.signIn.problem?.code == "OAUTH_INSUFFICIENT_SCOPE")
            #expect(try await !scene.login(manager, "demo", .init(scopes: scopes)).wasSignedIn)
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
        }
    }

    // MARK: logout

    @Test("logout disconnects, takes the tokens back, deletes, and leaves the server in need of a sign-in")
    func logout() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let outcome = try await manager.logout("demo")
            #expect(outcome.wasSignedIn)
            #expect(outcome.revocation == .confirmed)
            #expect(server.state.liveAccessTokens == 0)
            #expect(server.state.liveRefreshTokens == 0)
            #expect(server.state.sessions == 0, "the session was ended while the token was still good")
            #expect(try scene.credentialFiles().isEmpty)
            for status in [try await scene.row(), try await manager.state()] {
                #expect(status.transport.state == .idle)
                #expect(status.signIn.state == .needed)
                #expect(status.signIn.problem?.nextStep == Remedy(.signIn(.init(.named("demo")))))
                #expect(status.discovery.state == .notTried)
                #expect(status.record == SignInRecord())
            }
            #expect(await manager.tools().isEmpty)
            #expect(await scene.code { _ = try await scene.call(manager) } == "OAUTH_SIGN_IN_NEEDED")
            try await scene.login(manager)
            #expect(server.state.registrations == 1)
        }
    }

    @Test("logout deletes here even when the authorization server refuses, and says so")
    func logoutRefused() async throws {
        try await withHost({ $0.revocation.override = .status(503) }) { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            let outcome = try await manager.logout("demo", forgetsClient: true)
            guard case .unconfirmed = outcome.revocation else {
                Issue.record("\(outcome.revocation)")
                return
            }
            #expect(outcome.forgotClient)
            #expect(try scene.credentialFiles().isEmpty)
        }
    }

    @Test("logout without a sign-in changes nothing; at a stdio server it does not apply")
    func logoutWithout() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url)], "child": ["command": "/bin/cat"]])
            #expect(try await !manager.logout("demo").wasSignedIn)
            #expect(try await manager.state().signIn.state == .unknown)
            #expect(await scene.code { _ = try await manager.logout("child") } == "OAUTH_SIGN_IN_NOT_APPLICABLE")
            #expect(server.requests.isEmpty)
        }
    }
}
