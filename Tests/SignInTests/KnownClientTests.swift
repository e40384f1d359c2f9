// Clients across sign-ins: metadata documents, registrations that are still known, and those that are not.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Known clients")
struct KnownClientTests {
    // MARK: registrations

    @Test("P7: a registration used again is looked at once, before the browser; one that is known is kept")
    func look() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            let before = scene.server.requests.count { $0.path == "/authorize" }
            let outcome = try await scene.signIn()
            #expect(scene.server.requests.count { $0.path == "/authorize" } == before + 2)
            #expect(outcome.client == .registeredBefore && !outcome.replacedClient)
            #expect(scene.server.state.registrations == 1)
        }
    }

    @Test("The address is looked at for every client: registered just now, configured, a metadata document")
    func everyClient() async throws {
        try await withScene { scene async throws in
            try await scene.signIn()
            #expect(scene.server.requests.count { $0.path == "/authorize" } == 2)
        }
        for configure: (inout SignInConfiguration) -> Void in [
            { $0.clientID = "mine" },
            {
                $0.clientID = "mine"; $0.usesPKCE = false
            },
            { $0.clientMetadataURL = "https://example.com/c.json" },
        ] {
            var course = Course(server: ["client_id_metadata_document_supported": true], configure)
            try course.listen(looks: false)
            if case .fetch = course.action { course.fetched(reply(404)) }
            guard case .look(let authorization) = course.action else {
                Issue.record("no look: \(course.action)")
                continue
            }
            #expect(["mine", "https://example.com/c.json"].contains(authorization.client.id))
            course.look()
            #expect(course.asked?.client.id == authorization.client.id && course.lookAnswer == nil)
        }
    }

    @Test(
        "What the look is answered is told before the browser opens, and ends nothing (RFC 6749 §4.1.2.1)",
        arguments: [
            (400, "<title>Error</title><h1>Invalid parameter: redirect_uri</h1>", "redirect_uri"),
            (400, "<p>The client_id in the request was not found</p>", "client_id"),
            (401, #"{"error":"invalid_client","error_description":"no such app"}"#, "invalid_client: no such app"),
            (404, "<h1>Not Found</h1>", "HTTP 404"), (500, "", "HTTP 500"),
            (
                200, "<title>Sign in</title><p>AADSTS700016: Application with identifier mine was not found</p>",
                "AADSTS700016"
            ),
        ])
    func told(status: Int, body: String, words: String) throws {
        var course = Course { $0.clientID = "mine" }
        try course.listen(looks: false)
        course.look(reply(status, body, type: body.hasPrefix("{") ? "application/json" : "text/html"))
        #expect(course.asked?.client.id == "mine")
        #expect(course.machine.notices.last?.contains(words) == true, "\(course.machine.notices)")
        #expect(course.machine.notices.last?.contains("HTTP \(status)") == true)
    }

    @Test(
        "P7, provider: Supabase: a client the server forgot is registered anew before the browser opens",
        arguments: [400, 401, 422])
    func forgotten(_ status: Int) async throws {
        try await withScene({ $0.authorization.unknownClientStatus = status }) { scene in
            try await scene.signIn()
            scene.server.forgetClients()
            let browser = TestBrowser()
            let outcome = try await scene.signIn(browser: browser)
            #expect(outcome.client == .registeredNow && outcome.replacedClient)
            #expect(browser.addresses.count == 1)
            #expect(scene.server.state.registrations == 2)
            let kept = try await scene.store.registration(for: scene.registrationKey)
            #expect(kept?.clientID == outcome.credential.client.id)
            #expect(scene.transcript.texts.contains { $0.contains("does not know its client any more") })
        }
    }

    @Test("P7: registered anew once, not again and again")
    func once() throws {
        var course = Course()
        course.send(.client(courseRecord()))
        try course.listen(looks: false)
        course.look(reply(400, ["error": "invalid_client"]))
        #expect(course.registration != nil)
        course.register()
        course.send(.kept, looks: false)
        course.look(reply(400, ["error": "invalid_client"]))
        #expect(course.asked?.client.id == "new", "told, and no more: it is not registered a third time")
    }

    @Test(
        "Whatever else the look is answered, the browser opens with the client that is there",
        arguments: [302, 200, 404, 403, 429, 500])
    func unclear(_ status: Int) throws {
        var course = Course()
        course.send(.client(courseRecord()))
        try course.listen(looks: false)
        course.look(reply(status, "<p>something</p>", type: "text/html"))
        #expect(course.asked?.client.id == "known")
    }

    @Test("A look that gets no answer does not keep anybody from signing in")
    func lost() throws {
        var course = Course()
        course.send(.client(courseRecord()))
        try course.listen(looks: false)
        course.send(.fetched(.failure(failure(.transportTimeout))))
        #expect(course.asked?.client.id == "known")
    }

    @Test(
        "C7.14: client_secret_expires_at is honoured: a secret that has ended is not used, the client registered anew")
    func expiredSecret() async throws {
        try await withScene({ script in
            script.registration.secretLifetime = 3600
            script.registration.method = .basic
        }) { scene in
            try await scene.signIn()
            scene.clock.advance(4000)
            let outcome = try await scene.signIn()
            #expect(outcome.client == .registeredNow)
            #expect(scene.server.state.registrations == 2)
        }
    }

    @Test("Provider: Keycloak: scopes refused at registration are left out of it, once; they are still asked for")
    func refusedScopes() throws {
        var course = Course(challenge: BearerChallenge(scopes: ["tools"]))
        course.send(.client(nil))
        try course.listen()
        course.fetched(reply(403, ["error": "insufficient_scope"]))
        guard case .bytes(let body)? = course.registration?.body else { return #expect(Bool(false)) }
        #expect(try JSON(parsing: body)["scope"] == nil)
        course.register()
        course.send(.kept)
        #expect(course.asked?.scopes == ["tools", "offline_access"])
        var other = Course(challenge: BearerChallenge(scopes: ["tools"]))
        other.send(.client(nil))
        try other.listen()
        other.fetched(reply(403, "only listed clients", type: "text/plain"))
        #expect(other.error?.code == .oauthRegistrationRejected)
    }

    // MARK: metadata documents

    private func withDocument(
        _ document: JSON? = nil, admits: Bool = true, _ body: (Scene, SignInRequest) async throws -> Void
    ) async throws {
        try await withScene({ script in
            script.metadata.admitsClientDocuments = admits
            script.clientDocuments["omlx.json"] =
                document ?? [
                    "client_id": "{origin}/clients/omlx.json", "client_name": "omlx",
                    "redirect_uris": ["http://127.0.0.1/callback", "http://localhost/callback"],
                    "token_endpoint_auth_method": "none",
                ]
        }) { scene in
            var settings = SignInConfiguration()
            settings.clientMetadataURL = scene.server.origin + "/clients/omlx.json"
            try await body(scene, try scene.request(settings))
        }
    }

    @Test("C7.1, C7.3: where the server takes them, the document's URL is the client id; nothing is registered")
    func documentIsClient() async throws {
        try await withDocument { scene, request in
            let outcome = try await scene.signIn(request)
            #expect(outcome.client == .metadataDocument)
            #expect(outcome.credential.client.id == scene.server.origin + "/clients/omlx.json")
            #expect(outcome.credential.client.authMethod == "none")
            #expect(scene.server.state.registrations == 0)
            #expect(try await scene.store.registrations().records.isEmpty)
            scene.server.expireTokens()
            #expect(try await scene.call(scene.authorizer()).status == 200)
        }
    }

    @Test("The document is looked at on the first sign-in only")
    func documentIsCheckedOnce() async throws {
        try await withDocument { scene, request in
            var request = request
            request.knownPlaces = try await scene.signIn(request).places
            try await scene.signIn(request)
            #expect(scene.server.requests.count { $0.path == "/clients/omlx.json" } == 1)
        }
    }

    @Test("C7.1: a configured client comes before the document, the document before a registration")
    func order() async throws {
        try await withDocument { scene, request in
            var request = request
            try await scene.signIn()
            #expect(scene.server.state.registrations == 1)
            let outcome = try await scene.signIn(request)
            #expect(outcome.client == .metadataDocument)
            request.configuration.clientID = "mine"
            var course = Course {
                $0.clientID = "mine"; $0.clientMetadataURL = "https://example.com/c.json"
            }
            try course.listen()
            #expect(course.asked?.client.id == "mine")
        }
    }

    @Test("A server that takes no documents: said so, and registered with instead")
    func notTaken() async throws {
        try await withDocument(admits: false) { scene, request in
            let outcome = try await scene.signIn(request)
            #expect(outcome.client == .registeredNow)
            #expect(scene.transcript.texts.contains { $0.contains("takes no client id metadata documents") })
        }
    }

    @Test("C7.5: a document that names another client id is refused before the browser opens")
    func foreignDocument() async throws {
        try await withDocument(["client_id": "https://other.example/c", "redirect_uris": ["http://127.0.0.1/callback"]])
        {
            scene, request in
            let error = try await scene.refusal(request, browser: UnusedBrowser())
            #expect(error?.code == .oauthClientMetadataInvalid)
        }
    }

    @Test(
        "C7.4, P8: no registration and no document: one sentence with what to configure, both ways where both exist"
    )
    func nothingLeft() {
        var course = Course(isRegistering: false)
        course.send(.client(nil))
        #expect(course.error?.code == .oauthClientNeeded)
        #expect(course.error?.nextStep?.plainText.contains("client_id") == true)
        #expect(course.error?.nextStep?.plainText.contains("client_metadata_url") == false)
        var both = Course(isRegistering: false, server: ["client_id_metadata_document_supported": true])
        both.send(.client(nil))
        #expect(both.error?.nextStep?.actions.isEmpty == false)
    }
}
