// Signing in by a code entered elsewhere (RFC 8628), against the demo server.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("The device grant")
struct DeviceGrantTests {
    /// A person who opens the address of the prompt in a browser of their own.
    private func person(_ scene: Scene, opens: Bool = true) -> Person {
        Person(scene.transcript) { prompt in
            guard opens, let url = prompt.completeURL else { return }
            _ = await TestBrowser().open(url)
        }
    }

    private func withDevice(
        _ configure: (inout DemoScript) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (Scene) async throws -> Void
    ) async throws {
        try await withScene(
            { script in
                script.device.enabled = true
                script.device.interval = 0
                configure(&script)
            }, sourceLocation: sourceLocation, body)
    }

    @Test("Registers for it, shows the code, and signs in once the code was entered; nothing listens, no browser opens")
    func signsIn() async throws {
        try await withDevice { scene in
            let person = person(scene)
            let outcome = try await scene.signIn(
                scene.request(flow: .device), browser: UnusedBrowser(), person: person)
            let prompt = try #require(person.prompt)
            #expect(prompt.url == scene.server.issuer + "/device")
            #expect(prompt.userCode?.count == 9 && !prompt.isListening && !prompt.opensBrowser)
            #expect(outcome.credential.grant.grantedScopes == ["tools", "offline_access"])
            #expect(outcome.client == .registeredNow)
            #expect(try await scene.call(scene.authorizer()).status == 200)
            #expect(scene.server.state.tokenGrants == [DeviceAuthorizationRequest.grantType: 1])
        }
    }

    @Test("C10.1: code and token are asked for with the resource; the tokens are refreshed with it as well")
    func resource() async throws {
        try await withDevice { scene in
            try await scene.signIn(scene.request(flow: .device), person: person(scene))
            let forms = scene.server.requests.filter { ["/device_authorization", "/token"].contains($0.path) }
            #expect(forms.count == 2 && forms.allSatisfy { $0.form["resource"] == scene.server.url })
            scene.server.expireTokens()
            #expect(try await scene.call(scene.authorizer()).status == 200)
            #expect(scene.refreshes() == 1)
        }
    }

    @Test("Chosen by itself only without a display, and where the server lists it")
    func automatic() async throws {
        try await withDevice { scene in
            let person = person(scene)
            try await scene.signIn(scene.request(flow: .automatic(hasDisplay: false)), person: person)
            #expect(person.prompt?.userCode != nil)
            try await scene.signIn(scene.request(flow: .automatic(hasDisplay: true)))
            #expect(scene.server.state.tokenGrants["authorization_code"] == 1)
        }
        try await withScene { scene async throws in
            try await scene.signIn(scene.request(flow: .automatic(hasDisplay: false)))
            #expect(scene.server.state.tokenGrants["authorization_code"] == 1)
        }
    }

    @Test("Asked for where there is none: a code of its own, nothing registered")
    func unsupported() async throws {
        try await withScene { scene async throws in
            let error = try await scene.refusal(scene.request(flow: .device))
            #expect(error?.code == .oauthDeviceUnsupported)
            #expect(scene.server.state.registrations == 0)
        }
    }

    @Test("RFC 8628 §3.5: slow_down makes every later pause five seconds longer")
    func slowDown() async throws {
        try await withDevice({ $0.device.slowDowns = 2 }) { scene in
            try await scene.signIn(scene.request(flow: .device), person: person(scene))
            #expect(scene.pauses.all == [5, 10, 15])
        }
    }

    @Test("Nobody enters the code: it ends with it, or with the person's time, whichever is first")
    func expires() async throws {
        try await withDevice({ $0.device.lifetime = 30 }) { scene in
            let error = try await scene.refusal(
                scene.request(flow: .device), person: person(scene, opens: false))
            #expect(error?.code == .oauthDeviceCodeExpired)
            #expect(!scene.pauses.all.isEmpty && scene.pauses.all.reduce(0, +) < 30)
        }
        try await withDevice { scene in
            let error = try await scene.refusal(
                scene.request(flow: .device, seconds: 12), person: person(scene, opens: false))
            #expect(error?.code == .oauthCallbackTimeout)
        }
    }

    @Test("The person refuses: told so, nothing stored")
    func denied() async throws {
        try await withDevice({ $0.device.consent = .deny }) { scene in
            let error = try await scene.refusal(scene.request(flow: .device), person: person(scene))
            #expect(error?.code == .oauthAccessDenied)
        }
    }

    @Test("A server that is away for a while only makes the pauses longer")
    func unavailable() async throws {
        try await withDevice({ script in
            var busy = DemoScript.Override.status(503)
            busy.times = 2
            script.token.overrides[DeviceAuthorizationRequest.grantType] = busy
        }) { scene in
            try await scene.signIn(scene.request(flow: .device), person: person(scene))
            #expect(scene.pauses.all == [5, 10, 20])
        }
    }

    @Test("P7: a client the server forgot is registered anew, once, before a code is shown")
    func forgottenClient() async throws {
        try await withDevice { scene in
            try await scene.signIn(scene.request(flow: .device), person: person(scene))
            scene.server.forgetClients()
            let outcome = try await scene.signIn(scene.request(flow: .device), person: person(scene))
            #expect(outcome.client == .registeredNow && outcome.replacedClient)
            #expect(scene.server.state.registrations == 2)
        }
    }

    @Test(
        "A client the grant is not allowed for: chosen by itself it gives way to the browser, asked for it is an error")
    func notAllowed() async throws {
        let refusal = DemoScript.Override.json(400, ["error": "unauthorized_client"])
        try await withDevice({ $0.device.override = refusal }) { scene in
            let outcome = try await scene.signIn(scene.request(flow: .automatic(hasDisplay: false)))
            #expect(outcome.credential.client.redirectURI != nil)
            #expect(scene.transcript.texts.contains { $0.contains("browser instead") })
        }
        try await withDevice({ $0.device.override = refusal }) { scene in
            let error = try await scene.refusal(scene.request(flow: .device))
            #expect(error?.code == .oauthDeviceRefused)
            #expect(error?.message.contains("does not allow the client this grant, device_code") == true)
        }
    }

    @Test(
        "Refused at the poll: chosen by itself the grant gives way to the browser, asked for it is an error",
        arguments: ["unauthorized_client", "unsupported_grant_type", "invalid_grant", "invalid_request"])
    func refusedAtPoll(word: String) async throws {
        let grant = DeviceAuthorizationRequest.grantType
        let refusal = DemoScript.Override.json(400, ["error": JSON(word)])
        try await withDevice({ $0.token.overrides[grant] = refusal }) { scene in
            let outcome = try await scene.signIn(
                scene.request(flow: .automatic(hasDisplay: false)), person: person(scene, opens: false))
            #expect(outcome.credential.client.redirectURI != nil)
            #expect(scene.transcript.texts.contains { $0.contains(word) && $0.contains("browser instead") })
        }
        try await withDevice({ $0.token.overrides[grant] = refusal }) { scene in
            let error = try await scene.refusal(scene.request(flow: .device), person: person(scene, opens: false))
            #expect([.oauthTokenError, .oauthInvalidGrant].contains(error?.code))
        }
    }

    @Test(
        "What the person decided at the poll stands: no browser instead", arguments: ["access_denied", "expired_token"])
    func personsWord(word: String) async throws {
        let refusal = DemoScript.Override.json(400, ["error": JSON(word)])
        try await withDevice({ $0.token.overrides[DeviceAuthorizationRequest.grantType] = refusal }) { scene in
            let error = try await scene.refusal(
                scene.request(flow: .automatic(hasDisplay: false)), browser: UnusedBrowser(),
                person: person(scene, opens: false))
            #expect([.oauthAccessDenied, .oauthDeviceCodeExpired].contains(error?.code))
        }
    }

    @Test("P12: offline_access that the server refuses is left out, once")
    func offlineAccess() async throws {
        try await withDevice({ script in
            var refusal = DemoScript.Override.json(400, ["error": "invalid_scope"])
            refusal.times = 1
            script.device.override = refusal
        }) { scene in
            let outcome = try await scene.signIn(scene.request(flow: .device), person: person(scene))
            #expect(outcome.credential.grant.requestedScopes == ["tools"])
        }
    }

    @Test(
        "invalid_scope lists what was asked for and what is supported, and names --scope: where the code is asked for and at the poll",
        arguments: ["code", "poll"])
    func invalidScope(place: String) async throws {
        let refusal = DemoScript.Override.json(400, ["error": "invalid_scope", "error_description": "no tools here"])
        try await withDevice({ script in
            if place == "code" {
                script.device.override = refusal
            } else {
                script.token.overrides[DeviceAuthorizationRequest.grantType] = refusal
            }
        }) { scene in
            var wanted = SignInConfiguration()
            wanted.scopes = ["tools"]
            let error = try await scene.refusal(
                scene.request(wanted, flow: .device), person: person(scene, opens: false))
            #expect(error?.code == (place == "code" ? .oauthDeviceRefused : .oauthTokenError))
            #expect(error?.message.contains("no tools here") == true)
            #expect(error?.compared.first == .init("asked for", "tools"))
            #expect(error?.compared.last?.label == "supported")
            #expect(error?.compared.last?.value.contains("tools") == true, "\(String(describing: error?.compared))")
            #expect(error?.nextStep?.actions == [.setting(.scope)])
        }
    }

    @Test("An answer that cannot be used is shown to nobody")
    func unusable() async throws {
        try await withDevice({ $0.device.patch = ["verification_uri": "javascript:alert(1)"] }) { scene in
            let person = person(scene, opens: false)
            let error = try await scene.refusal(scene.request(flow: .device), person: person)
            #expect(error?.code == .oauthDeviceReplyInvalid)
            #expect(person.prompt == nil)
        }
    }
}

/// A browser nobody may open.
struct UnusedBrowser: BrowserOpening {
    func open(_ url: String) async -> Bool {
        Issue.record("a browser was opened: \(url)")
        return false
    }
}
