// The sign-in of programs that send their own requests: who is asked, and how often.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("ServerSignIn")
struct ServerSignInTests {
    /// Calls the tool as a program does that repeats a request as long as there is a newer header.
    private func call(
        _ scene: Scene, tool: String, _ interaction: ServerSignIn.Interaction
    ) async throws -> (status: Int, attempts: Int) {
        let signIn = try scene.serverSignIn()
        var authorization = try await signIn.authorization(interaction)
        for attempt in 1... {
            let head = try await scene.send(authorization.header, tool: tool)
            guard
                let newer = try await signIn.authorization(
                    after: authorization, status: head.status,
                    challenges: head.headers.values(of: "www-authenticate"), attempt: attempt, interaction)
            else { return (head.status, attempt) }
            authorization = newer
        }
        return (0, 0)
    }

    @Test("C11.3, C11.4, P15: a 403 that wants more scopes is signed in for where a person may be asked")
    func stepUp() async throws {
        try await withScene {
            $0.mcp.sessions = false
            $0.mcp.strict = false
            $0.protection.toolScopes = ["echo": "admin"]
            $0.metadata.scopesSupported = ["tools", "admin", "offline_access"]
        } _: { scene async throws in
            let browser = TestBrowser()
            let allowed = ServerSignIn.Interaction.allowed(Person(scene.transcript), browser: browser)
            #expect(try await call(scene, tool: "add", allowed) == (200, 1))
            let error = await omlxError { _ = try await call(scene, tool: "echo", .never) }
            #expect(error?.code == .oauthInsufficientScope && browser.addresses.count == 1)
            #expect(try await call(scene, tool: "echo", allowed) == (200, 2))
            #expect(browser.addresses.count == 2)
            #expect(try await scene.stored().grant.requestedScopes == ["tools", "offline_access", "admin"])
        }
    }

    @Test("C11.6, P15: scopes that were signed in for in vain are not asked for again")
    func inVain() async throws {
        try await withScene {
            $0.mcp.sessions = false
            $0.mcp.strict = false
            $0.protection.toolScopes = ["echo": "admin"]
            $0.authorization.grantedScope = "tools"
        } _: { scene async throws in
            let browser = TestBrowser()
            let allowed = ServerSignIn.Interaction.allowed(Person(scene.transcript), browser: browser)
            let error = await omlxError { _ = try await call(scene, tool: "echo", allowed) }
            #expect(error?.code == .oauthStepUpFailed)
            #expect(browser.addresses.count == 2, "the sign-in, and one for more")
            #expect(try await scene.call(scene.authorizer(), tool: "add").status == 200, "what was granted still works")
        }
    }

    @Test("Scopes, the device grant, the person's time and a new registration are the caller's to choose")
    func choices() async throws {
        try await withScene {
            $0.device.enabled = true
            $0.device.interval = 0
            $0.metadata.scopesSupported = ["tools", "admin", "offline_access"]
        } _: { scene async throws in
            let person = Person(scene.transcript) { prompt in
                guard prompt.userCode != nil else { return }
                _ = await TestBrowser().open(prompt.completeURL ?? prompt.url)
            }
            var offer = SignInOffer(interface: person, browser: UnusedBrowser(), flow: .device)
            offer.seconds = 90
            let signIn = try scene.serverSignIn()
            let outcome = try await signIn.signIn(offer, scopes: ["admin"])
            #expect(outcome.credential.grant.requestedScopes == ["admin"])
            #expect(person.prompt?.userCode != nil && person.prompt?.seconds == 90)
            try await signIn.signIn(offer, scopes: ["admin"], resetsClient: true)
            #expect(scene.server.state.registrations == 2)
            #expect(person.ends == ["signed in", "signed in"])
        }
    }

    @Test("The person hears the end of each sign-in, once, and of one that failed why")
    func ends() async throws {
        try await withScene {
            $0.authorization.consent = .deny
        } _: { scene async throws in
            let person = Person(scene.transcript)
            let error = await omlxError {
                _ = try await scene.serverSignIn().signIn(interface: person, browser: TestBrowser())
            }
            #expect(error?.code == .oauthAccessDenied)
            #expect(person.ends == ["OAUTH_ACCESS_DENIED"])
        }
    }

    @Test("Several accounts at one server: each signs in, is told of, and signs out by itself, its client too")
    func accounts() async throws {
        try await withScene { scene async throws in
            let signIn = try scene.serverSignIn()
            let ada = signIn.with(account: "ada")
            for one in [signIn, ada] {
                try await one.signIn(interface: Person(scene.transcript), browser: TestBrowser())
            }
            #expect(try await signIn.accounts() == [nil, "ada"])
            #expect(try await ada.authorization().header != nil)
            #expect(try await ada.signOut().wasSignedIn)
            #expect(try await signIn.accounts() == [nil])
            #expect(try await signIn.authorization().header != nil, "the other one stays")
            #expect(try await signIn.signOut(forgetsClient: true).forgotClient)
            #expect(try await scene.store.registrations().records.isEmpty)
        }
    }

    @Test("OAuth 2.1 §5.2: a request to another origin gets no header, and nothing is asked for it")
    func otherOrigin() async throws {
        try await withScene { scene async throws in
            let signIn = try scene.serverSignIn()
            let place = try HTTPURL("https://elsewhere.example/mcp")
            #expect(try await signIn.authorization(method: "GET", url: place).headers.isEmpty)
            #expect(scene.server.requests.isEmpty)
        }
    }

    @Test("an answer that is no matter of the sign-in changes nothing and asks nobody")
    func otherAnswers() async throws {
        try await withScene { scene async throws in
            let browser = TestBrowser()
            let allowed = ServerSignIn.Interaction.allowed(Person(scene.transcript), browser: browser)
            let signIn = try scene.serverSignIn()
            let authorization = try await signIn.authorization(allowed)
            for (status, challenges) in [(200, []), (403, ["Bearer"]), (404, ["Bearer scope=\"admin\""]), (500, [])] {
                let newer = try await signIn.authorization(
                    after: authorization, status: status, challenges: challenges, allowed)
                #expect(newer == nil, "\(status)")
            }
            #expect(browser.addresses.count == 1)
            #expect(scene.refreshes() == 0)
        }
    }
}

extension Scene {
    fileprivate func serverSignIn() throws -> ServerSignIn {
        ServerSignIn(
            try HTTPURL(server.url), account: nil, configuration: .init(), context: context, reference: nil,
            observer: { _ in })
    }
}
