// Scopes: offline_access that is refused, and stepping up after a 403.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Scopes and step-up")
struct ScopeTests {
    @Test("P12: offline_access refused at authorization is left out, once, with a new state and verifier")
    func offlineAccessRefused() throws {
        var course = Course(challenge: BearerChallenge(scopes: ["tools"]))
        course.send(.client(nil))
        try course.listen()
        course.register()
        course.send(.kept)
        #expect(course.asked?.scopes == ["tools", "offline_access"])
        course.answer("error=invalid_scope&state=the-state-of-this-one")
        guard case .renew = course.action else { return #expect(Bool(false), "no new state is made") }
        course.send(.renewed(state: "the-second-state", pkce: try PKCE(octets: Array(repeating: 9, count: 32))))
        #expect(course.asked?.scopes == ["tools"])
        #expect(course.asked?.state == "the-second-state")
        #expect(course.machine.notices.contains { $0.contains("offline_access") })
        course.answer("error=invalid_scope&state=the-second-state")
        #expect(course.error?.code == .oauthAuthorizationError)
    }

    @Test("C9.4: the first state does not count for the second request")
    func stateIsSingleUse() throws {
        var course = Course(challenge: BearerChallenge(scopes: ["tools"]))
        course.send(.client(nil))
        try course.listen()
        course.register()
        course.send(.kept)
        course.answer("error=invalid_scope&state=the-state-of-this-one")
        course.send(.renewed(state: "the-second-state", pkce: try PKCE(octets: Array(repeating: 9, count: 32))))
        course.answer("code=x&state=the-state-of-this-one")
        #expect(course.error?.code == .oauthStateMismatch)
    }

    @Test("P12: so it is when the token endpoint refuses it, and the whole sign-in goes through")
    func offlineAccessRefusedLater() async throws {
        try await withScene({ script in
            var refusal = DemoScript.Override.json(400, ["error": "invalid_scope"])
            refusal.times = 1
            script.token.overrides["authorization_code"] = refusal
        }) { scene in
            let browser = TestBrowser()
            let outcome = try await scene.signIn(browser: browser)
            #expect(outcome.credential.grant.requestedScopes == ["tools"])
            #expect(browser.addresses.count == 2)
        }
    }

    @Test("C11.2: offline_access the user asked for is not dropped behind their back")
    func offlineAccessOfTheUser() throws {
        var course = Course { $0.scopes = ["tools", "offline_access"] }
        course.send(.client(nil))
        try course.listen()
        course.register()
        course.send(.kept)
        course.answer("error=invalid_scope&state=the-state-of-this-one")
        #expect(course.error?.code == .oauthAuthorizationError)
    }

    // MARK: step-up

    private func refusal(_ scopes: [String]?) -> OmlxError {
        var error = OmlxError(.oauthInsufficientScope, "more")
        let scope = scopes.map { ", scope=\"\($0.joined(separator: " "))\"" } ?? ""
        error.refusal = .init(challenges: ["Bearer error=\"insufficient_scope\"\(scope)"])
        return error
    }

    @Test("C11.4, G11: the next sign-in asks for what was asked for before and what is wanted now")
    func union() {
        var stepUp = StepUp(serverName: "demo")
        let action = stepUp.refused(
            refusal(["admin", "read"]), requested: ["read", "offline_access"], granted: ["read"])
        #expect(action == .authorize(["read", "offline_access", "admin"]))
    }

    @Test("C11.6, P15: three authorizations at most, then an end that says what was asked for and granted")
    func limit() {
        var stepUp = StepUp(serverName: "demo")
        var asked = ["a"]
        for scope in ["b", "c", "d"] {
            guard
                case .authorize(let scopes) = stepUp.refused(
                    refusal([scope]), requested: asked, granted: ["a"])
            else { return #expect(Bool(false)) }
            asked = scopes
        }
        guard case .end(let error) = stepUp.refused(refusal(["e"]), requested: asked, granted: ["a"]) else {
            return #expect(Bool(false))
        }
        #expect(error.code == .oauthStepUpFailed)
        #expect(error.message.contains("3 times"))
        #expect(error.compared.map(\.value) == ["e", "a b c d", "a"])
    }

    @Test("P15: scopes that were asked for in vain are not asked for again: no loop")
    func loop() {
        var stepUp = StepUp(serverName: "demo")
        let first = stepUp.refused(refusal(["admin"]), requested: ["read"], granted: nil)
        #expect(first == .authorize(["read", "admin"]))
        guard
            case .end(let error) = stepUp.refused(
                refusal(["admin"]), requested: ["read", "admin"], granted: ["read"])
        else { return #expect(Bool(false)) }
        #expect(error.code == .oauthStepUpFailed && error.message.contains("once"))
    }

    @Test("A login counts as the first of the three")
    func loginCounts() {
        var stepUp = StepUp(serverName: "demo", authorizations: 1)
        for scope in ["b", "c"] {
            guard case .authorize = stepUp.refused(refusal([scope]), requested: [], granted: nil) else {
                return #expect(Bool(false))
            }
        }
        guard case .end = stepUp.refused(refusal(["d"]), requested: [], granted: nil) else {
            return #expect(Bool(false))
        }
    }

    @Test("A refusal that does not say what is wanted ends at once")
    func nothingWanted() {
        var stepUp = StepUp(serverName: "demo")
        #expect(stepUp.refused(refusal(nil), requested: ["read"], granted: nil) == .end(refusal(nil)))
        #expect(stepUp.refused(refusal([]), requested: ["read"], granted: nil) == .end(refusal([])))
    }
}
