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
