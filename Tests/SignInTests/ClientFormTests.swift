// How a client shows itself, through whole courses: code, refresh, revocation and device alike, tried once more and remembered.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("How a client shows itself")
struct ClientFormTests {
    private static let readings: [DemoScript.BasicReading] = [.headerAlone, .needsID, .raw]
    private static let secret = "demo-cs-+/ %:&=special"

    /// A server with one client, whose secret has every character that needs encoding, and Basic alone.
    private func withClient(
        _ reading: DemoScript.BasicReading, methods: [String] = ["client_secret_basic"],
        _ body: (Scene, SignInConfiguration) async throws -> Void
    ) async throws {
        try await withScene({ script in
            script.metadata.authMethods = methods
            script.token.basic = reading
            script.device.enabled = true
            script.device.interval = 0
            script.clients = [
                .init(
                    id: "app", secret: Self.secret, method: .basic, redirectURIs: ["http://127.0.0.1/callback"])
            ]
        }) { scene async throws in
            var configuration = SignInConfiguration()
            configuration.clientID = "app"
            configuration.clientSecret = Secret(Self.secret)
            try await body(scene, configuration)
        }
    }

    private func requests(_ scene: Scene, _ path: String) -> Int {
        scene.server.requests.filter { $0.path.hasSuffix(path) }.count
    }

    @Test("RFC 6749 §2.3: code, refresh and revocation in the form the server reads", arguments: readings)
    func alike(reading: DemoScript.BasicReading) async throws {
        try await withClient(reading) { scene, configuration async throws in
            let first = try await scene.signIn(scene.request(configuration))
            #expect(first.credential.client.authMethod == "client_secret_basic")
            #expect(requests(scene, "/token") == (reading == .headerAlone ? 1 : 2), "the same code once more")
            scene.server.clearRequests()
            scene.server.expireTokens()
            #expect(try await scene.call(scene.authorizer()).status == 200)
            #expect(requests(scene, "/token") == 1, "what worked is remembered")
            try await scene.signIn(scene.request(configuration))
            #expect(requests(scene, "/token") == 2, "also for the next sign-in")
            #expect(requests(scene, "/revoke") == 2, "the tokens of the sign-in that was replaced")
            let outcome = try await SignOut(context: scene.context).signOut(scene.key)
            #expect(outcome.revocation == .confirmed)
            #expect(requests(scene, "/revoke") == 4)
        }
    }

    @Test("Refresh and revocation change the form by themselves, and lose no rotating token", arguments: readings)
    func changedSince(reading: DemoScript.BasicReading) async throws {
        try await withClient(.standard) { scene, configuration async throws in
            try await scene.signIn(scene.request(configuration))
            scene.server.update { $0.token.basic = reading }
            scene.server.expireTokens()
            scene.server.clearRequests()
            #expect(try await scene.call(scene.authorizer()).status == 200)
            #expect(requests(scene, "/token") == (reading == .headerAlone ? 1 : 2))
            #expect(scene.server.state.reusesDetected == 0)
            // And once more, at the revocation.
            scene.server.update { $0.token.basic = reading == .raw ? .standard : .raw }
            #expect(try await SignOut(context: scene.context).signOut(scene.key).revocation == .confirmed)
        }
    }

    @Test("The device grant: both its endpoints", arguments: readings)
    func device(reading: DemoScript.BasicReading) async throws {
        try await withClient(reading) { scene, configuration async throws in
            let person = Person(
                scene.transcript,
                onPrompt: { prompt in
                    guard let code = prompt.userCode else { return }
                    _ = await TestBrowser().open(prompt.url + "?user_code=" + FormEncoding.encode(code))
                })
            let outcome = try await scene.signIn(
                scene.request(configuration, flow: .device), browser: nil, person: person)
            #expect(outcome.credential.tokens.refresh != nil)
            scene.server.expireTokens()
            scene.server.clearRequests()
            #expect(try await scene.call(scene.authorizer()).status == 200)
            #expect(requests(scene, "/token") == 1)
        }
    }

    @Test("RFC 6749 §2.3.1: a secret that encoding would change goes in the form, where that is listed")
    func listedPost() async throws {
        try await withClient(.standard, methods: ["client_secret_basic", "client_secret_post"]) {
            scene, configuration async throws in
            scene.server.update { $0.clients[0].method = .post }
            let outcome = try await scene.signIn(scene.request(configuration))
            #expect(outcome.credential.client.authMethod == "client_secret_post")
            #expect(requests(scene, "/token") == 1)
        }
    }

    @Test("A wrong secret: four requests at most, the first reason is told, nothing is kept")
    func wrongSecret() async throws {
        try await withClient(.standard) { scene, configuration async throws in
            var configuration = configuration
            configuration.clientSecret = Secret("demo-cs-wrong/one")
            let error = try await scene.refusal(scene.request(configuration))
            #expect(error?.code == .oauthInvalidClient)
            #expect(error?.message.contains("wrong client secret") == true)
            #expect((2...4).contains(requests(scene, "/token")))
        }
    }

    // MARK: registered clients

    @Test(
        "RFC 7591 §3.2.1: answered none with a secret: without it first, with it once where that is refused, remembered"
    )
    func noneWithSecret() async throws {
        try await withScene({
            $0.registration.method = .post
            $0.registration.patch = ["token_endpoint_auth_method": "none"]
        }) { scene async throws in
            try await scene.signIn()
            #expect(requests(scene, "/token") == 2)
            let registration = try #require(try await scene.store.registration(for: scene.registrationKey))
            #expect(registration.tokenEndpointAuthMethod == "none", "as answered")
            #expect(registration.clientAuthForm == "client_secret_post", "as it worked")
            try await scene.store.removeCredential(for: scene.key, expecting: .any)
            scene.server.clearRequests()
            try await scene.signIn()
            #expect(requests(scene, "/token") == 1 && requests(scene, "/register") == 0)
        }
    }

    @Test("A registration answered without a method means the one asked for")
    func withoutMethod() async throws {
        try await withScene({
            $0.metadata.authMethods = ["client_secret_post", "client_secret_basic"]
            $0.registration.patch = ["token_endpoint_auth_method": .null]
        }) { scene async throws in
            let outcome = try await scene.signIn()
            #expect(outcome.credential.client.authMethod == "client_secret_post")
            #expect(requests(scene, "/token") == 1)
        }
    }

    @Test("The method configured counts for a registered client too, against what was answered")
    func configuredMethod() async throws {
        try await withScene({
            $0.registration.method = .post
            $0.registration.patch = ["token_endpoint_auth_method": "client_secret_basic"]
        }) { scene async throws in
            var configuration = SignInConfiguration()
            configuration.clientAuthMethod = .post
            let outcome = try await scene.signIn(scene.request(configuration))
            #expect(outcome.credential.client.authMethod == "client_secret_post")
            #expect(requests(scene, "/token") == 1)
        }
    }

    @Test("What was learned stays with the registration, although the code was spent by the refusal")
    func learnedFromFailure() throws {
        var course = Course(server: ["token_endpoint_auth_methods_supported": ["client_secret_basic"]])
        course.send(.client(courseRecord(secret: "a/b", method: "client_secret_basic")))
        try course.listen()
        course.answer()
        let code = try #require(course.exchange.map(form)?["code"])
        course.fetched(reply(401, ["error": "invalid_client"]))
        #expect(course.exchange.map(form)?["code"] == code)
        course.fetched(reply(400, ["error": "invalid_grant"]))
        #expect(course.error?.code == .oauthInvalidGrant)
        #expect(course.machine.learnedRegistration?.clientAuthForm == "client_secret_basic unencoded")
    }

    @Test("invalid_grant, or no answer, is never followed by the same code")
    func codeOnce() throws {
        for answer in [
            reply(400, ["error": "invalid_grant"]), reply(500, ""), reply(400, ["error": "invalid_request"]),
        ] {
            var course = Course {
                $0.clientID = "mine"; $0.clientSecret = Secret("a/b")
            }
            try course.listen()
            course.answer()
            course.fetched(answer)
            #expect(course.exchange == nil && course.error != nil)
        }
    }

    // MARK: records

    @Test("A stored method of a newer version is not taken for none: nothing is sent, nothing is lost")
    func newerMethod() async throws {
        try await withScene(inFile: true) { scene async throws in
            try await scene.signIn()
            var record = try await scene.stored()
            record.client.authMethod = "private_key_jwt"
            _ = try await scene.store.save(record, expecting: .generation(record.generation))
            scene.server.expireTokens()
            scene.server.clearRequests()
            let stored = try await scene.stored()
            let outcome = await RefreshTransaction(scene.key, context: scene.context)
                .run(replacing: stored.tokens.generation)
            guard case .failed(let error) = outcome else { return #expect(Bool(false), "\(outcome)") }
            #expect(error.code == .storeClientMethod && error.compared.first?.value == "private_key_jwt")
            #expect(requests(scene, "/token") == 0)
            #expect(try await scene.stored().tokens.refresh == stored.tokens.refresh)
            let signedOut = try await SignOut(context: scene.context).signOut(scene.key)
            guard case .unconfirmed = signedOut.revocation else { return #expect(Bool(false), "\(signedOut)") }
            #expect(requests(scene, "/revoke") == 0)
        }
    }

    @Test("A form or a method for revocation of a newer version is not taken for another either")
    func newerForms() throws {
        var client = Credential.Client(id: "c", secret: Secret("s"), authMethod: "client_secret_basic")
        #expect(try client.form() == ClientAuthForm(.basic))
        for form in ["client_secret_basic signed", "private_key_jwt", "client_secret_post", ""] {
            client.authForm = form
            #expect { try client.form() } throws: { ErrorCode.storeClientMethod ~= $0 }
            #expect { try client.known() } throws: { ErrorCode.storeClientMethod ~= $0 }
        }
        var course = Course()
        var record = courseRecord(secret: "demo-cs-5", method: "client_secret_basic")
        record.clientAuthForm = "client_secret_basic signed"
        course.send(.client(record))
        try course.listen()
        #expect(course.registration != nil && course.machine.notices.contains { $0.contains("registers anew") })
    }

    @Test("A registration with a method of a newer version is replaced, and it is said")
    func newerRegistration() throws {
        var course = Course()
        course.send(.client(courseRecord(secret: "demo-cs-5", method: "private_key_jwt")))
        try course.listen()
        #expect(course.registration != nil)
        #expect(course.machine.notices.contains { $0.contains("registers anew") })
    }

    @Test("Both records keep the form and what was configured, over a rewrite")
    func records() async throws {
        var credential = Credential(
            key: Course.key, client: .init(id: "c"),
            grant: .init(
                issuer: Course.issuer, tokenEndpoint: "https://as.example/token", obtainedAt: Course.moment),
            tokens: .init(access: Secret("a")))
        let form = ClientAuthForm(.basic, namesClient: true)
        credential.client.remember(form)
        let read = try Credential(serialized: try credential.serialized())
        #expect(try read.client.form() == form && read.client.authMethod == "client_secret_basic")
        var registration = courseRecord(secret: "s")
        registration.clientAuthForm = form.text
        registration.clientMetadata = ["client_name": "x"]
        #expect(try ClientRegistration(serialized: try registration.serialized()) == registration)
        credential.client.remember(ClientAuthForm(.post))
        #expect(try credential.client.authForm == nil && credential.client.form() == ClientAuthForm(.post))
    }

    // MARK: registering anew

    @Test("Another name, or other metadata, than the client was registered with: registered anew, and it is said")
    func changedMetadata() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            try await scene.signIn()
            #expect(scene.server.state.registrations == 1)
            var configuration = SignInConfiguration()
            configuration.clientName = "mine"
            try await scene.signIn(scene.request(configuration))
            #expect(scene.server.state.registrations == 2)
            configuration.registrationMetadata = ["token_endpoint_auth_method": "client_secret_post"]
            try await scene.signIn(scene.request(configuration))
            try await scene.signIn(scene.request(configuration))
            #expect(scene.server.state.registrations == 3)
            configuration.redirect.path = "/elsewhere"
            try await scene.signIn(scene.request(configuration))
            #expect(scene.server.state.registrations == 4)
            #expect(scene.transcript.texts.filter { $0.contains("registers anew") }.count == 2)
        }
    }

    @Test("A record that does not say what was configured serves on, as does one nobody could replace")
    func unknownMetadata() throws {
        var course = Course { $0.registrationMetadata = ["contacts": ["x@y"]] }
        course.send(.client(courseRecord()))
        try course.listen()
        #expect(course.asked?.client.id == "known")
        var record = courseRecord()
        record.clientMetadata = ["client_name": "other"]
        var fixed = Course(isRegistering: false)
        fixed.send(.client(record))
        try fixed.listen()
        #expect(fixed.asked?.client.id == "known")
    }

    @Test("RFC 7591 §3: the initial access token goes with the registration alone, and shows in no error")
    func initialAccessToken() throws {
        var course = Course { $0.initialAccessToken = Secret("demo-at-initial") }
        course.send(.client(nil))
        try course.listen()
        let header = course.registration?.headers.first { $0.name == "Authorization" }
        guard case .secret(let value) = header?.value else { return #expect(Bool(false)) }
        #expect(text(value) == "Bearer demo-at-initial")
        course.fetched(reply(401, ["error": "invalid_token", "error_description": "no demo-at-initial"]))
        #expect(course.error?.code == .oauthRegistrationRejected)
        #expect(course.error?.description.contains("demo-at-initial") == false)
    }

    @Test("A registration refused with 400 is tried once without scope, whatever the refusal says")
    func withoutScope() throws {
        var course = Course(challenge: .init(scopes: ["tools"]))
        course.send(.client(nil))
        try course.listen()
        func scope(_ request: HTTPRequest?) throws -> JSON? {
            guard case .bytes(let body)? = request?.body else { return nil }
            return try JSON(parsing: body)["scope"]
        }
        #expect(try scope(course.registration) != nil)
        course.fetched(reply(400, "no", type: "text/html"))
        #expect(course.registration != nil)
        #expect(try scope(course.registration) == nil)
        course.fetched(reply(400, "no", type: "text/html"))
        #expect(course.error?.code == .oauthRegistrationRejected)
    }
}
