// Which client signs in: configured, known, registered anew, or none.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("Which client signs in")
struct ClientChoiceTests {
    @Test("C7.1: a configured client comes first; nothing is looked up or registered")
    func configuredClient() throws {
        var course = Course { $0.clientID = "mine" }
        #expect(course.port == .some(nil))
        try course.listen()
        #expect(course.asked?.client.id == "mine")
        #expect(course.asked?.client.authMethod == ClientAuthMethod.none)
    }

    @Test("A configured client with a secret authenticates as the server lists it (C9.11)")
    func configuredSecret() throws {
        var course = Course(server: ["token_endpoint_auth_methods_supported": ["client_secret_post"]]) {
            $0.clientID = "mine"
            $0.clientSecret = Secret("demo-cs-1")
        }
        try course.listen()
        course.answer()
        let request = try #require(course.exchange)
        #expect(form(request)["client_secret"] == "demo-cs-1")
        #expect(!request.headers.contains { $0.name == "Authorization" })
    }

    @Test("C8.5: a client used at another issuer before is not shown to this one")
    func clientOfAnotherIssuer() {
        let course = Course(earlierIssuer: "https://old.example", earlierClientID: "mine") { $0.clientID = "mine" }
        #expect(course.error?.code == .oauthClientIssuerMismatch)
        #expect(course.error?.compared.map(\.value) == ["https://old.example", Course.issuer])
    }

    @Test("C8.5: another client id, or the same issuer, is no mismatch")
    func clientIsFree() {
        #expect(
            Course(earlierIssuer: "https://old.example", earlierClientID: "other") { $0.clientID = "mine" }.error == nil
        )
        #expect(Course(earlierIssuer: Course.issuer, earlierClientID: "mine") { $0.clientID = "mine" }.error == nil)
        #expect(Course(earlierIssuer: "https://old.example", earlierClientID: "mine").error == nil)
    }

    @Test("A registration is looked up by issuer and used again at its port (P5)")
    func reusedRegistration() throws {
        var course = Course()
        guard case .findRegistration(issuer: let asked) = course.action else {
            Issue.record("no registration is looked for")
            return
        }
        #expect(asked == Course.issuer)
        course.send(.client(courseRecord(secret: "demo-cs-2", method: "client_secret_post")))
        #expect(course.port == .some(4711))
        try course.listen()
        #expect(course.asked?.client.id == "known")
        #expect(course.asked?.client.authMethod == .post)
    }

    @Test("Its port taken: registered anew with the port bound, and that kept before the person is asked")
    func anotherPort() throws {
        var course = Course()
        course.send(.client(courseRecord()))
        try course.listen("http://127.0.0.1:4712/callback")
        let request = try #require(course.registration)
        guard case .bytes(let body) = request.body else { return #expect(Bool(false)) }
        #expect(try JSON(parsing: body)["redirect_uris"] == ["http://127.0.0.1:4712/callback"])
        course.register()
        guard case .keep(let kept) = course.action else { return #expect(Bool(false)) }
        #expect(kept.redirectURI == "http://127.0.0.1:4712/callback")
        #expect(kept.clientID == "new")
        #expect(kept.key.issuer == Course.issuer)
        course.send(.kept)
        #expect(course.asked?.client.id == "new")
    }

    @Test("A secret that has expired: registered anew (P7)", arguments: [-1.0, 0])
    func expiredSecret(seconds: Double) throws {
        var course = Course()
        course.send(.client(courseRecord(secret: "demo-cs-3", expires: Course.moment.addingTimeInterval(seconds))))
        #expect(course.port == .some(nil))
        try course.listen()
        #expect(course.registration != nil)
    }

    @Test("A secret that has not expired is used")
    func livingSecret() throws {
        var course = Course()
        course.send(
            .client(courseRecord(secret: "demo-cs-3", method: "client_secret_basic", expires: Course.moment + 1)))
        try course.listen()
        #expect(course.asked?.client.id == "known")
    }

    @Test("--reset-client: registered anew although there is a registration")
    func reset() throws {
        var course = Course(resets: true)
        course.send(.client(courseRecord()))
        try course.listen()
        #expect(course.registration != nil)
    }

    @Test("P8: no client and no registration endpoint: client needed, before anything is opened")
    func clientNeeded() {
        var course = Course(isRegistering: false)
        course.send(.client(nil))
        #expect(course.error?.code == .oauthClientNeeded)
        #expect(course.error?.nextStep?.plainText.contains("client_id") == true)
    }

    @Test("P8: --reset-client where nobody registers is refused, not tried with the old client")
    func resetWithoutEndpoint() {
        var course = Course(isRegistering: false, resets: true)
        course.send(.client(courseRecord()))
        #expect(course.error?.code == .oauthClientNeeded)
    }

    @Test("A registration from before is used also where registration is closed now")
    func registrationClosed() throws {
        var course = Course(isRegistering: false)
        course.send(.client(courseRecord()))
        try course.listen()
        #expect(course.asked?.client.id == "known")
    }

    @Test("C7.12, C7.14: what is registered")
    func registrationDocument() throws {
        var course = Course(challenge: .init(scopes: ["tools"]))
        course.send(.client(nil))
        try course.listen()
        let request = try #require(course.registration)
        guard case .bytes(let body) = request.body else { return #expect(Bool(false)) }
        let document = try JSON(parsing: body)
        #expect(document["application_type"] == "native")
        #expect(document["grant_types"] == ["authorization_code", "refresh_token"])
        #expect(document["scope"] == "tools offline_access", "C11.2: added because the server lists it")
        #expect(request.redirects == .never)
    }

    @Test(
        "Registration refused, down or unusable",
        arguments: [
            (403, "only listed clients", "text/plain", ErrorCode.oauthRegistrationRejected),
            (400, #"{"error":"invalid_redirect_uri"}"#, "application/json", .oauthRegistrationRejected),
            (503, "", "text/html", .oauthRegistrationUnavailable),
            (429, "", "text/html", .oauthRegistrationUnavailable),
            (201, "{}", "application/json", .oauthRegistrationInvalid),
            (201, "<html>", "text/html", .oauthRegistrationInvalid),
            (
                201, #"{"client_id":"x","token_endpoint_auth_method":"private_key_jwt"}"#, "application/json",
                .oauthRegistrationInvalid
            ),
        ])
    func registrationFails(status: Int, body: String, type: String, code: ErrorCode) throws {
        var course = Course()
        course.send(.client(nil))
        try course.listen()
        // Once more without scopes after a 400.
        for _ in 0..<2 where course.error == nil { course.fetched(reply(status, body, type: type)) }
        #expect(course.error?.code == code)
    }

    @Test("A registration without an answer")
    func registrationUnanswered() throws {
        for (cause, code) in [
            (ErrorCode.transportConnectionRefused, ErrorCode.oauthRegistrationUnavailable),
            (.transportRedirectOrigin, .transportRedirectOrigin),
        ] {
            var course = Course()
            course.send(.client(nil))
            try course.listen()
            course.send(.fetched(.failure(failure(cause, sent: true))))
            #expect(course.error?.code == code)
        }
    }
}
