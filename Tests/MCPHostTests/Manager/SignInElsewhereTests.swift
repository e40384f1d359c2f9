// What a host that stays up makes of sign-ins and sign-outs by other processes, as they happen (P23, P35).

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPHost
@testable import OmlxSignIn

extension HostScene {
    /// Waits until a host's status is so, or until the host has nothing more to say.
    func waits(_ manager: MCPManager, _ name: String = "demo", for holds: @Sendable (ServerStatus) -> Bool) async {
        let events = manager.events()
        if let status = await manager.status(of: name), holds(status) { return }
        for await case .statusChanged(let status) in events where status.name == name && holds(status) { return }
    }

    /// A host as a command makes one: it looks at the store only when it needs to.
    func command(_ server: DemoServer, account: String? = nil) async throws -> MCPManager {
        try await host(server) {
            $0.followsStore = false
            $0.account = account
        }
    }
}

@Suite struct SignInElsewhereTests {
    @Test("a sign-out by another process disconnects the server at once: sign-in needed, the session ended (P35)")
    func signOut() async throws {
        try await withHost { scene, server async throws in
            let running = try await scene.host(server)
            try await scene.login(running)
            #expect(try await running.state().transport.state == .connected)
            let outcome = try await scene.command(server).logout("demo")
            #expect(outcome.revocation == .confirmed)
            await scene.waits(running) { $0.signIn.state == .needed && $0.transport.state == .idle }
            let status = try await running.state()
            #expect(status.signIn.problem?.message == "another process signed out of demo")
            #expect(status.signIn.problem?.nextStep == Remedy(.signIn(.init(.named("demo")))))
            #expect(await running.tools().isEmpty)
            #expect(await running.problem(of: "demo")?.code == .oauthSignInNeeded)
            #expect(server.refreshes == 0, "nothing is refreshed for a sign-in that is gone")
        }
    }

    @Test("a sign-in by another process connects the one server that waited for it, and no other (P23)")
    func signIn() async throws {
        try await withHost { scene, server async throws in
            try await withServer { other async throws in
                let running = try await scene.host([
                    "demo": ["url": JSON(server.url)], "other": ["url": JSON(other.url)],
                ])
                await running.start()
                #expect(try await running.state().signIn.state == .needed)
                other.clearRequests()
                try await scene.login(try await scene.command(server))
                await scene.waits(running) { $0.discovery.state == .succeeded(toolCount: 5) }
                #expect(try await running.state().signIn.state == .signedIn)
                #expect(await running.status(of: "other")?.signIn.state == .needed)
                #expect(other.requests.isEmpty)
            }
        }
    }

    @Test("a new sign-in over the old one connects the server anew, with the new tokens; a refresh does not")
    func replaced() async throws {
        try await withHost { scene, server async throws in
            let running = try await scene.host(server)
            try await scene.login(running)
            // Refreshed elsewhere: the same sign-in, the same session.
            scene.advance(4000)
            server.advanceClock(seconds: 4000)
            let second = try await scene.command(server)
            await second.start()
            #expect(server.refreshes == 1)
            #expect(try await scene.call(running)["structuredContent"]?["authenticated"] == true)
            #expect(server.refreshes == 1, "the other's tokens are used")
            let connections = { scene.transcript.log.filter { $0 == "demo: transport connected" }.count }
            let before = connections()
            try await scene.login(second, "demo", LoginOptions(isForced: true))
            let anew = "demo: another process signed in; connecting anew"
            while !scene.transcript.log.contains(anew) || connections() < before + 2 { await Task.yield() }
            #expect(try await running.state().signIn.state == .signedIn)
            #expect(try await scene.call(running)["structuredContent"]?["authenticated"] == true)
            #expect(scene.transcript.log.filter { $0 == anew }.count == 1)
        }
    }

    @Test("the store's folder need not exist when the watch begins")
    func noFolderYet() async throws {
        try await withHost { scene, server async throws in
            let running = try await scene.host(server)
            await running.start()
            #expect(try scene.credentialFiles().isEmpty)
            try await scene.login(try await scene.command(server))
            await scene.waits(running) { $0.transport.state == .connected }
        }
    }

    // MARK: accounts

    @Test("two accounts at one server have a sign-in each; what is not named is not used, and is told of (P34)")
    func accounts() async throws {
        try await withHost { scene, server async throws in
            let work = try await scene.command(server, account: "work")
            try await scene.login(work)
            let plain = try await scene.command(server)
            await plain.start()
            let problem = try #require(await plain.problem(of: "demo"))
            #expect(problem.code == .oauthSignInNeeded && problem.message.contains("signed in only as work"))
            #expect(problem.nextStep?.actions.contains(.setting(.account, "work")) == true)
            try await scene.login(plain)
            #expect(try scene.credentialFiles().count == 2)
            for manager in [work, plain] { #expect(try await scene.call(manager)["content"] != nil) }
            await plain.drain()
            #expect(try await scene.row().accounts.map(\.name) == [nil, "work"])
            let home = try await scene.command(server, account: "home")
            await home.start()
            let missing = try #require(await home.problem(of: "demo"))
            #expect(missing.nextStep == Remedy(.signIn(.init(.named("demo"), account: "home"))))
            _ = try await work.logout("demo")
            #expect(try await scene.row().accounts.map(\.name) == [nil])
            #expect(try await scene.call(plain)["content"] != nil, "the other account stays signed in")
        }
    }

    @Test("signing out of every account takes each back and leaves none")
    func everyAccount() async throws {
        try await withHost { scene, server async throws in
            for account in ["work", nil, "home"] as [String?] {
                try await scene.login(try await scene.command(server, account: account))
            }
            let manager = try await scene.command(server)
            let outcomes = try await manager.logoutEveryAccount("demo")
            #expect(outcomes.map(\.account) == [nil, "home", "work"])
            #expect(outcomes.allSatisfy { $0.outcome.wasSignedIn && $0.outcome.revocation == .confirmed })
            #expect(try scene.credentialFiles().isEmpty)
            #expect(try await scene.row().accounts.isEmpty)
            #expect(server.state.liveRefreshTokens == 0)
            let again = try await manager.logoutEveryAccount("demo")
            #expect(again.count == 1 && again[0].outcome.wasSignedIn == false)
        }
    }

    // MARK: the log

    @Test("sign-in, registration, refresh, rejection, scopes and sign-out are in the log with outcome and code")
    func log() async throws {
        try await withHost({ $0.protection.toolScopes = ["add": "admin"] }) { scene, server async throws in
            let manager = try await scene.host(server)
            server.update { $0.authorization.consent = .deny }
            _ = await scene.code { try await scene.login(manager) }
            server.update { $0.authorization.consent = .auto }
            try await scene.login(manager)
            _ = await scene.code { _ = try await scene.call(manager, "demo__add", ["a": 1, "b": 2]) }
            server.expireTokens()
            _ = try await scene.call(manager)
            server.update { $0.token.overrides["refresh_token"] = .status(503) }
            server.expireTokens()
            _ = await scene.code { _ = try await scene.call(manager) }
            server.update { $0.token.overrides = [:] }
            server.revokeAll()
            _ = await scene.code { _ = try await scene.call(manager) }
            _ = try await manager.logout("demo")
            let events = try await StatusDatabase.open(path: scene.paths.database, mode: .readIfExists).events()
            let shown = events.map { "\($0.kind) \($0.outcome)" + ($0.code.map { " \($0)" } ?? "") }
            let expected = [
                "sign-in needed OAUTH_SIGN_IN_NEEDED", "registration made", "sign-in failed OAUTH_ACCESS_DENIED",
                "sign-in granted", "scope insufficient OAUTH_INSUFFICIENT_SCOPE", "refresh granted",
                "refresh unknown OAUTH_REFRESH_UNAVAILABLE", "refresh rejected OAUTH_REFRESH_REJECTED",
                "sign-in needed OAUTH_REFRESH_REJECTED", "sign-out confirmed",
            ]
            #expect(shown.filter { expected.contains($0) } == shown, "nothing else")
            var rest = shown[...]
            for event in expected {
                let place = try #require(rest.firstIndex(of: event), "no \(event) in its order in \(shown)")
                rest = rest[(place + 1)...]
            }
            #expect(zip(events, events.dropFirst()).allSatisfy { $0.id < $1.id })
        }
    }
}
