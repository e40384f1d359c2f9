// Whole sign-ins against a strict server: what is sent, how many requests it takes, where the answer comes from.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Synchronization
import Testing

@testable import OmlxSignIn

@Suite("Signing in")
struct SignInTests {
    @Test(
        "From a 401 to a retried request that is answered; registration and tokens are stored",
        arguments: [false, true])
    func whole(inFile: Bool) async throws {
        try await withScene(inFile: inFile) { scene async throws in
            let authorizer = scene.authorizer()
            let error = await omlxError { _ = try await scene.call(authorizer) }
            #expect(error?.code == .oauthSignInNeeded)
            #expect(error?.nextStep == Remedy(.signIn(.init(.named("demo")))))
            let browser = TestBrowser()
            let outcome = try await scene.signIn(
                scene.request(challenge: try #require(error?.refusal).challenge), browser: browser)
            #expect(outcome.missingScopes.isEmpty)
            #expect(outcome.resourceName == "omlx demo server")
            #expect(try await scene.call(authorizer).status == 200)
            #expect(try await scene.stored() == outcome.credential)
            #expect(
                try await scene.store.registration(for: scene.registrationKey)?.clientID == outcome.credential.client.id
            )
            let page = String(decoding: try #require(await browser.page?.body), as: UTF8.self)
            #expect(page.contains("Back to omlx"))
        }
    }

    @Test(
        "At most 7 requests from the first 401 to the retried answer with registration, 4 after it on the second login")
    func requestBudget() async throws {
        try await withScene { scene async throws in
            let authorizer = scene.authorizer()
            let refused = await omlxError { _ = try await scene.call(authorizer) }
            let outcome = try await scene.signIn(
                scene.request(challenge: try #require(refused?.refusal).challenge))
            try await authorizer.reload()
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(scene.clientRequests.count <= 7)
            #expect(
                scene.clientRequests.dropFirst() == [
                    "GET /.well-known/oauth-protected-resource/mcp", "GET /.well-known/oauth-authorization-server",
                    "POST /register", "POST /token", "POST /mcp",
                ])

            scene.server.revokeAll()
            let again = await omlxError { _ = try await scene.call(authorizer) }
            scene.server.clearRequests()
            try await scene.signIn(
                scene.request(challenge: try #require(again?.refusal).challenge, places: outcome.places))
            try await authorizer.reload()
            #expect(try await scene.call(authorizer) == (200, 1))
            #expect(
                scene.clientRequests == [
                    "GET /.well-known/oauth-protected-resource/mcp", "GET /.well-known/oauth-authorization-server",
                    "POST /token", "POST /revoke", "POST /mcp",
                ], "the tokens replaced are taken back before the new ones are used")
            #expect(scene.server.state.registrations == 1)
        }
    }

    @Test("Known places keep the second login at 4 requests also where metadata lies at the last places")
    func requestBudgetOfLatePlaces() async throws {
        try await withScene({
            $0.protection.challenge = .none
            $0.resourceMetadata.serving = .root
            $0.metadata.issuerPath = "/tenant"
            $0.metadata.documents = [.openIDAppended]
        }) { scene async throws in
            let outcome = try await scene.signIn(scene.request(challenge: .init()))
            #expect(scene.clientRequests.count == 7, "2 + 3 places, registration, token")
            scene.server.clearRequests()
            try await scene.signIn(scene.request(challenge: .init(), places: outcome.places))
            #expect(
                scene.clientRequests == [
                    "GET /.well-known/oauth-protected-resource", "GET /tenant/.well-known/openid-configuration",
                    "POST /tenant/token", "POST /tenant/revoke", "POST /tenant/revoke",
                ])
        }
    }

    @Test("C9.1, C9.4, C10.1: challenge, state and resource are really sent, the same in both requests")
    func parametersSent() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            // The look before it has a state and a challenge of its own.
            let asked = try #require(scene.server.requests.last { $0.path == "/authorize" }).queryItems
            let token = scene.server.state.lastTokenRequest
            let verifier = try #require(token["code_verifier"])
            #expect(asked["code_challenge_method"] == "S256")
            #expect(asked["code_challenge"] == Base64URL.encode(try SHA256.hash(Array(verifier.utf8))))
            #expect(asked["state"].map { $0.utf8.count >= 32 } == true)
            #expect(asked["resource"] == scene.server.url)
            #expect(token["resource"] == asked["resource"])
            #expect(token["redirect_uri"] == asked["redirect_uri"])
            #expect(asked["scope"] == "tools offline_access")
            #expect(asked["response_type"] == "code")
            #expect(scene.transcript.verifiers.filter { $0 == verifier }.count == 1)
            #expect(scene.transcript.verifiers.count == 2)
        }
    }

    @Test("C9.4, P7: every sign-in, and the look ahead of it, has a state and a verifier of its own")
    func freshSecrets() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            try await scene.signIn()
            let states = scene.server.requests.filter { $0.path == "/authorize" }.compactMap { $0.queryItems["state"] }
            #expect(Set(states).count == 4)
            #expect(Set(scene.transcript.verifiers).count == 4)
        }
    }

    @Test(
        "Client authentication as the server registered it (P9)",
        arguments: [
            DemoScript.AuthMethod.publicClient, .basic, .post,
        ])
    func authenticationMethods(method: DemoScript.AuthMethod) async throws {
        try await withScene({ $0.registration.method = method }) { scene async throws in
            let outcome = try await scene.signIn()
            #expect(outcome.credential.client.authMethod == method.rawValue)
            try await scene.signIn()
            #expect(scene.server.state.registrations == 1)
        }
    }

    @Test("P5: the port of the registration is used again; taken, it is registered anew")
    func portKept() async throws {
        try await withScene({ $0.authorization.anyLoopbackPort = false }) { scene async throws in
            let first = try await scene.signIn().credential.client.redirectURI
            let port = try #require(first.flatMap { try? HTTPURL($0) }?.port)
            try await waitUntilFree(port)
            #expect(try await scene.signIn().credential.client.redirectURI == first)
            #expect(scene.server.state.registrations == 1)
            try await waitUntilFree(port)
            let squatter = try CallbackListener(.init(), preferredPort: port)
            defer { squatter.stop() }
            try #require(squatter.port == port)
            #expect(try await scene.signIn().credential.client.redirectURI != first)
            #expect(scene.server.state.registrations == 2)
        }
    }

    @Test("P5: a fixed port that is taken: an error before registration and browser")
    func fixedPortTaken() async throws {
        try await withScene { scene async throws in
            let squatter = try CallbackListener(.init(), preferredPort: nil)
            defer { squatter.stop() }
            var configuration = SignInConfiguration()
            configuration.redirect = RedirectSettings(port: squatter.port)
            let browser = TestBrowser()
            let error = try await scene.refusal(scene.request(configuration), browser: browser)
            #expect(error?.code == .oauthCallbackPortTaken)
            #expect(browser.addresses.isEmpty)
            #expect(!scene.clientRequests.contains("POST /register"))
        }
    }

    @Test("P4: the pasted address is enough, without a listener here")
    func pastedAddress() async throws {
        try await withScene { scene async throws in
            var configuration = SignInConfiguration()
            configuration.redirect = RedirectSettings(foreignURI: scene.server.origin + "/landing")
            let person = Person(scene.transcript)
            let browser = TestBrowser { end in
                person.type("")
                person.type("what?")
                person.type(" " + end.head.url.text + " ")
            }
            let outcome = try await scene.signIn(scene.request(configuration), browser: browser, person: person)
            #expect(outcome.credential.client.redirectURI == scene.server.origin + "/landing")
            #expect(person.prompt?.isListening == false)
        }
    }

    @Test(
        "RFC 6749 §3.1.2: a redirect URI with a query of its own, even one that names the answer's parameters, signs in"
    )
    func redirectWithQuery() async throws {
        try await withScene { scene async throws in
            var configuration = SignInConfiguration()
            configuration.redirect = RedirectSettings(path: "/callback?tenant=a&state=mine")
            let outcome = try await scene.signIn(scene.request(configuration))
            #expect(outcome.credential.client.redirectURI?.hasSuffix("/callback?tenant=a&state=mine") == true)
        }
    }

    @Test("What is not the answer is told, and the sign-in goes on to its own (RFC 6749 §10.12)")
    func strays() async throws {
        try await withScene { scene async throws in
            let http = HTTPClient()
            let person = Person(scene.transcript) { prompt in
                guard let redirect = try? HTTPURL(prompt.redirectURI), let address = try? HTTPURL(prompt.url) else {
                    return
                }
                for query in ["code=evil&state=nope", "code=evil", "error=access_denied", ""] {
                    guard let stray = try? HTTPURL(redirect.text + "?" + query) else { return }
                    _ = try? await http.fetch(HTTPRequest("GET", stray))
                }
                Task { _ = try? await http.fetch(HTTPRequest("GET", address, redirects: .judged)) }
            }
            try await scene.signIn(browser: nil, person: person)
            for words in ["another state", "without the state", "access_denied", "behind #"] {
                #expect(scene.transcript.texts.contains { $0.contains(words) }, "\(words)")
            }
        }
    }

    @Test("After a while without an answer, and when given up, the person is told what to compare (RFC 6749 §4.1.2.1)")
    func hint() async throws {
        try await withScene { scene async throws in
            let scene = scene
            var context = scene.context
            context.hintAfter = 0.01
            let hinted = AsyncStream<SignInHint>.makeStream()
            let person = HintedPerson(hints: hinted.continuation)
            let driver = SignInDriver(context: context, interface: person, browser: nil)
            let request = try scene.request()
            let login = Task { try await driver.signIn(request) }
            var hints = hinted.stream.makeAsyncIterator()
            let waiting = try #require(await hints.next())
            #expect(waiting.moment == .waiting && waiting.client == .registeredNow)
            #expect(waiting.redirectURI.hasPrefix("http://127.0.0.1:") && !waiting.clientID.isEmpty)
            login.cancel()
            #expect(await hints.next()?.moment == .interrupted)
            await #expect(throws: CancellationError.self) { try await login.value }
            for words in [waiting.redirectURI, waiting.clientID, "resetClient"] {
                #expect(waiting.sentences().contains { $0.contains(words) }, "\(words)")
            }
        }
    }

    private struct HintedPerson: SignInInterface {
        let hints: AsyncStream<SignInHint>.Continuation

        func show(_ prompt: SignInPrompt) async {}
        func notice(_ text: String) async {}
        func hint(_ hint: SignInHint) async { hints.yield(hint) }
        func lines() -> AsyncStream<String> { AsyncStream { $0.finish() } }
    }

    @Test("P4: no browser here; the person opens the address elsewhere")
    func withoutBrowser() async throws {
        try await withScene { scene async throws in
            let elsewhere = TestBrowser()
            let person = Person(scene.transcript) { prompt in
                Task { await elsewhere.open(prompt.url) }
            }
            try await scene.signIn(browser: nil, person: person)
            #expect(person.prompt?.opensBrowser == false)
            #expect(person.prompt?.isListening == true)
        }
    }

    @Test("A browser that cannot be opened is said, and the sign-in goes on")
    func browserFails() async throws {
        try await withScene { scene async throws in
            let elsewhere = TestBrowser()
            let prompted = Mutex<String?>(nil)
            let person = Person(
                scene.transcript, onPrompt: { prompt in prompted.withLock { $0 = prompt.url } },
                onNotice: { text in
                    guard text.contains("No browser"), let url = prompted.withLock({ $0 }) else { return }
                    Task { await elsewhere.open(url) }
                })
            try await scene.signIn(browser: BrokenBrowser(), person: person)
        }
    }

    @Test("P21: the person's time ends with its own code, and the port is free")
    func timeout() async throws {
        try await withScene { scene async throws in
            let person = Person(scene.transcript)
            for seconds in [0, -5] {
                let error = try await scene.refusal(scene.request(seconds: seconds), browser: nil, person: person)
                #expect(error?.code == .oauthCallbackTimeout)
            }
            let redirect = try #require(person.prompt?.redirectURI)
            try await waitUntilFree(try HTTPURL(redirect).port)
        }
    }

    @Test("P21: cancelled, the port is free and nothing is stored")
    func cancelled() async throws {
        try await withScene { scene async throws in
            let (prompts, prompted) = AsyncStream.makeStream(of: SignInPrompt.self)
            let person = Person(scene.transcript) { prompt in prompted.yield(prompt) }
            let work = Task { try await scene.signIn(browser: nil, person: person) }
            var iterator = prompts.makeAsyncIterator()
            let prompt = try #require(await iterator.next())
            work.cancel()
            await #expect(throws: CancellationError.self) { try await work.value }
            try await waitUntilFree(try HTTPURL(prompt.redirectURI).port)
            #expect(try await scene.store.credential(for: scene.key) == nil)
        }
    }

    @Test("Cancelled while the code is exchanged: the tokens granted are stored, not lost")
    func cancelledDuringExchange() async throws {
        try await withScene({ $0.token.overrides["*"] = .delay(milliseconds: 200) }) { scene async throws in
            let work = Task { try await scene.signIn() }
            await scene.server.wait { $0.requests.contains { $0.path == "/token" } }
            work.cancel()
            _ = try await work.value
            #expect(try await scene.store.credential(for: scene.key) != nil)
        }
    }

    @Test("P35: a new sign-in takes the place of the old one when it is there")
    func replaces() async throws {
        try await withScene(inFile: true) { scene async throws in
            let first = try await scene.signIn().credential
            let second = try await scene.signIn().credential
            #expect(second.tokens.generation > first.tokens.generation)
            #expect(second.tokens.access != first.tokens.access)
        }
    }

    @Test("Scopes that were not granted are named")
    func missingScopes() async throws {
        try await withScene({
            $0.metadata.scopesSupported = ["tools", "admin"]
            $0.authorization.grantedScope = "tools"
        }) { scene async throws in
            var configuration = SignInConfiguration()
            configuration.scopes = ["tools", "admin"]
            #expect(try await scene.signIn(scene.request(configuration)).missingScopes == ["admin"])
        }
    }

    @Test("--reset-client registers anew (P7)")
    func resetClient() async throws {
        try await withScene { scene async throws in
            let first = try await scene.signIn().credential.client.id
            let second = try await scene.signIn(scene.request(resets: true)).credential.client.id
            #expect(first != second)
            #expect(scene.server.state.registrations == 2)
        }
    }

    @Test("P7: a registration the server forgot is dropped; the next sign-in registers anew")
    func forgottenRegistration() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            scene.server.update {
                $0.token.overrides["authorization_code"] = .json(401, ["error": "invalid_client"]).times(1)
            }
            #expect(try await scene.refusal()?.code == .oauthInvalidClient)
            #expect(try await scene.store.registration(for: scene.registrationKey) == nil)
            try await scene.signIn()
            #expect(scene.server.state.registrations == 2)
        }
    }
}

struct BrokenBrowser: BrowserOpening {
    func open(_ url: String) async -> Bool { false }
}
