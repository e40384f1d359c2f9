// The answer at the redirect URI: state, then issuer, then error or code.

import OmlxErrors
import OmlxOAuth
import Testing

@Suite("Authorization response")
struct AuthorizationResponseTests {
    private func judge(
        _ query: String, issuer: String = "https://as.example", sendsIss: Bool = false, state: String = "the-state"
    ) throws -> AuthorizationResponse {
        try AuthorizationResponse(
            query: query,
            for: authorizationRequest(server: try server(issuer: issuer, sendsIss: sendsIss), state: state))
    }

    private func error(
        _ query: String, issuer: String = "https://as.example", sendsIss: Bool = false, state: String = "the-state"
    ) -> OmlxError? {
        #expect(throws: OmlxError.self) { try judge(query, issuer: issuer, sendsIss: sendsIss, state: state) }
    }

    @Test("RFC 6749 §4.1.2: a good answer, unknown parameters passed over (C9.14)")
    func good() throws {
        #expect(opened(try judge("code=a%2Fb+c&state=the-state&session_state=x&hd=y&hd=z").code) == "a/b c")
    }

    @Test(
        "C9.4: without our state, with another or with two, nothing else is looked at",
        arguments: [
            "", "code=PLANTED-CODE", "code=PLANTED-CODE&state=", "code=PLANTED-CODE&state",
            "code=PLANTED-CODE&state=other",
            "code=PLANTED-CODE&state=the-state%00", "code=PLANTED-CODE&state=THE-STATE",
            "code=PLANTED-CODE&state=the-stat",
            "code=PLANTED-CODE&state=the-state&state=the-state", "code=PLANTED-CODE&state=evil&state=the-state",
            "code=PLANTED-CODE&State=the-state", "error=evil_words&state=other", "iss=https://evil.example&state=other",
            "&&&===", "%%%", "code=PLANTED-CODE&state=the-state+", "\u{0}",
            "code=PLANTED-CODE&state=the-state%26state=x",
        ])
    func state(query: String) {
        let error = error(query, sendsIss: true)
        #expect(error?.code == .oauthStateMismatch)
        #expect(error?.compared == [])
        #expect(showsNoSecret(everyText(of: error)))
        #expect(!everyText(of: error).contains("evil"))
        #expect(!everyText(of: error).contains("the-state"))
    }

    @Test("C9.4: an empty state never fits, not even an empty one")
    func emptyState() { #expect(error("code=x&state=", state: "")?.code == .oauthStateMismatch) }

    @Test("C9.4: the state is compared as bytes, not as Unicode")
    func stateBytes() {
        #expect(error("code=x&state=%E2%84%AA", state: "K")?.code == .oauthStateMismatch)
    }

    @Test("C9.6 row 1: advertised and present is compared")
    func advertisedPresent() throws {
        let query = "code=c&state=the-state&iss=https%3A%2F%2Fas.example"
        #expect(opened(try judge(query, sendsIss: true).code) == "c")
        #expect(error("code=c&state=the-state&iss=https%3A%2F%2Fevil", sendsIss: true)?.code == .oauthIssMismatch)
    }

    @Test(
        "C9.6 row 2: advertised and absent is refused, with an error beside the code too",
        arguments: ["code=PLANTED-CODE&state=the-state", "code=PLANTED-CODE&error=evil_words&state=the-state"])
    func advertisedAbsent(query: String) {
        let error = error(query, sendsIss: true)
        #expect(error?.code == .oauthIssMissing)
        #expect(showsNoSecret(everyText(of: error)))
        #expect(!everyText(of: error).contains("evil_words"))
    }

    @Test("C9.6 row 2: an error without the iss that is promised ends nothing, and its words are given as unproven")
    func unprovenError() throws {
        let request = authorizationRequest(server: try server(sendsIss: true))
        let query = "error=access_denied&error_description=not+today&state=the-state"
        guard case .unproven(let reply) = try AuthorizationResponse.judge(query: query, for: request) else {
            throw Unexpected()
        }
        let error = AuthorizationResponse.unproven(reply, request)
        #expect(error.code == .oauthIssMissing)
        #expect(error.message.contains("unproven") && error.message.contains("access_denied: not today"))
        // Where none is promised, the state decides.
        let plain = authorizationRequest(server: try server(sendsIss: false))
        guard case .refused(let refusal) = try AuthorizationResponse.judge(query: query, for: plain) else {
            throw Unexpected()
        }
        #expect(refusal.error == "access_denied")
    }

    @Test("RFC 6749 §4.1.2.1: unauthorized_client is told as a grant that is not allowed")
    func grantNotAllowed() {
        let error = error("error=unauthorized_client&state=the-state")
        #expect(error?.code == .oauthAuthorizationError)
        #expect(error?.message.contains("does not allow the client this grant, authorization_code") == true)
    }

    @Test("invalid_scope lists what was asked for and what is supported")
    func invalidScope() throws {
        var server = try server()
        server.scopesSupported = ["tools", "admin"]
        let request = authorizationRequest(server: server, scopes: ["tools", "other"])
        let error = #expect(throws: OmlxError.self) {
            try AuthorizationResponse(query: "error=invalid_scope&state=the-state", for: request)
        }
        #expect(error?.compared == [.init("asked for", "tools other"), .init("supported", "tools admin")])
    }

    @Test("C9.6 row 3: not advertised and present is compared all the same")
    func notAdvertisedPresent() throws {
        #expect(opened(try judge("code=c&state=the-state&iss=https://as.example").code) == "c")
        #expect(error("code=c&state=the-state&iss=https://evil.example")?.code == .oauthIssMismatch)
    }

    @Test("an empty error beside a code says nothing; without a code it is a refusal")
    func emptyError() throws {
        #expect(opened(try judge("code=c&state=the-state&error=&error_description=").code) == "c")
        #expect(error("error=&state=the-state")?.code == .oauthAuthorizationError)
        #expect(error("error=&code=&state=the-state")?.code == .oauthAuthorizationError)
        #expect(error("code=c&error=&error=x&state=the-state")?.code == .oauthAuthorizationError)
    }

    @Test("C9.6 row 4: not advertised and absent goes on")
    func notAdvertisedAbsent() throws { #expect(opened(try judge("code=c&state=the-state").code) == "c") }

    @Test(
        "C9.7, G4: iss is never normalised before it is compared",
        arguments: [
            "https://as.example/", "https://AS.example", "HTTPS://as.example", "https://as.example:443",
            "http://as.example",
            "https://as.example/.", "https://as.example%2F", "https%253A%252F%252Fas.example", "",
            "https://as.example%00",
            "+https://as.example", "https://as.exampl%E2%84%AA",
        ])
    func normalisation(iss: String) {
        #expect(error("code=c&state=the-state&iss=\(iss)")?.code == .oauthIssMismatch)
    }

    @Test("C9.7: U+212A is no K, although Swift's strings say so")
    func canonicalEquivalence() {
        #expect(
            error("code=c&state=the-state&iss=https://%E2%84%AA.example", issuer: "https://K.example")?.code
                == .oauthIssMismatch)
    }

    @Test(
        "C9.6: iss twice is refused, even when one fits", arguments: ["https://as.example", "https://evil.example", ""])
    func issTwice(second: String) {
        #expect(error("code=c&state=the-state&iss=https://as.example&iss=\(second)")?.code == .oauthIssMismatch)
    }

    @Test(
        "C9.8, G14: with a foreign iss no word of the error is shown or acted on",
        arguments: ["access_denied", "EVILWORDS", "invalid_scope"])
    func errorWithForeignIss(code: String) {
        let error = error(
            "error=\(code)&error_description=EVILWORDS&error_uri=https://EVILWORDS/&state=the-state&iss=https://other.example"
        )
        #expect(error?.code == .oauthIssMismatch)
        #expect(!everyText(of: error).contains("EVILWORDS"))
        #expect(!everyText(of: error).contains(code))
    }

    @Test("RFC 6749 §4.1.2.1: a denial has its own code")
    func denied() {
        let error = error("error=access_denied&error_description=not+today&state=the-state")
        #expect(error?.code == .oauthAccessDenied)
        #expect(error?.message.contains("not today") == true)
    }

    @Test(
        "RFC 6749 §4.1.2.1: other errors, P12: invalid_scope says what to do",
        arguments: [
            ("invalid_scope", true), ("server_error", false), ("temporarily_unavailable", false), ("made_up", false),
        ])
    func errors(name: String, helps: Bool) {
        let error = error("error=\(name)&state=the-state")
        #expect(error?.code == .oauthAuthorizationError)
        #expect(error?.message.contains(name) == true)
        #expect((error?.nextStep != nil) == helps)
    }

    @Test(
        "an error beside a code wins, named once, twice or not at all",
        arguments: ["error=x", "error=x&error=y", "error=x&error=", "error=access_denied&error=access_denied"])
    func errorAndCode(fields: String) {
        let error = error("code=PLANTED-CODE&state=the-state&\(fields)")
        #expect(error?.code == .oauthAuthorizationError)
        #expect(error?.message.hasSuffix(" ") == false)
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test("P26: hostile words are cut and made safe")
    func hostileWords() {
        let words = "%1B%5D0;x%07%0D%0A%E2%80%AE%C2%9B31m" + String(repeating: "A", count: 100_000)
        let error = error("error=\(words)&error_description=\(words)&state=the-state")
        #expect(error?.code == .oauthAuthorizationError)
        #expect(isSafeToShow(error?.description ?? "\u{1B}"))
        #expect((error?.description.count ?? 1000) < 500)
    }

    @Test(
        "RFC 6749 §4.1.2: no code, an empty one or two are none",
        arguments: [
            "", "code=", "code", "code=PLANTED-CODE&code=PLANTED-CODE", "code=a&code=PLANTED-CODE", "Code=PLANTED-CODE",
            "access_token=PLANTED-ACCESS",
        ])
    func noCode(fields: String) {
        let error = error("state=the-state&\(fields)")
        #expect(error?.code == .oauthCodeMissing)
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test("P26: the answer printed shows no code")
    func printing() throws {
        let response = try judge("code=PLANTED-CODE&state=the-state")
        #expect(showsNoSecret("\(response) \(String(reflecting: response))"))
    }
}
