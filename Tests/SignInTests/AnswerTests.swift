// The person's answer and the token request, as sequences of events.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

@Suite("The person's answer and the token")
struct AnswerTests {
    private func asking(
        server patch: [String: JSON] = [:], _ configure: (inout SignInConfiguration) -> Void = { _ in }
    ) throws -> Course {
        var course = Course(server: patch, configure)
        course.send(.client(courseRecord(secret: "demo-cs-secret-4", method: "client_secret_post")))
        try course.listen()
        return course
    }

    @Test("C10.1, C9.1: the authorization request carries state, S256 challenge and resource")
    func authorizationRequest() throws {
        let request = try #require(try asking().asked)
        #expect(request.url.contains("state=the-state-of-this-one"))
        #expect(request.url.contains("code_challenge_method=S256"))
        #expect(request.url.contains("resource=https%3A%2F%2Fmcp.example.com%2Fmcp"))
        #expect(request.server.issuer == Course.issuer, "C9.5: recorded before the browser opens")
    }

    @Test("PKCE is left out only when switched off together with configured endpoints")
    func withoutPKCE() throws {
        let both: (inout SignInConfiguration) -> Void = {
            $0.usesPKCE = false
            $0.authorizationEndpoint = url("https://as.example/a")
            $0.tokenEndpoint = url("https://as.example/t")
        }
        #expect(try #require(try asking(both).asked).pkce == nil)
        #expect(try #require(try asking { $0.usesPKCE = false }.asked).pkce != nil)
    }

    @Test("C13.1: an authorization URL on http off loopback is not opened")
    func insecureAuthorizationURL() throws {
        let course = Course {
            $0.authorizationEndpoint = url("http://as.example/a")
            $0.tokenEndpoint = url("https://as.example/t")
        }
        #expect(course.error?.code == .oauthInsecureURL)
    }

    @Test(
        "The answer is refused with its own code, and no token request follows",
        arguments: [
            ("code=x&state=other", ErrorCode.oauthStateMismatch), ("code=x", .oauthStateMismatch),
            ("state=the-state-of-this-one&state=the-state-of-this-one&code=x", .oauthStateMismatch),
            ("code=x&state=the-state-of-this-one&iss=https%3A%2F%2Fevil.example", .oauthIssMismatch),
            ("code=x&state=the-state-of-this-one&iss=https%3A%2F%2Fas.example%2F", .oauthIssMismatch),
            ("error=access_denied&state=the-state-of-this-one", .oauthAccessDenied),
            ("error=server_error&state=the-state-of-this-one", .oauthAuthorizationError),
            ("state=the-state-of-this-one", .oauthCodeMissing),
            ("code=&state=the-state-of-this-one", .oauthCodeMissing),
        ])
    func refusedAnswer(query: String, code: ErrorCode) throws {
        var course = try asking()
        course.answer(query)
        #expect(course.error?.code == code)
        #expect(course.exchange == nil)
    }

    @Test("C9.6: iss missing although promised")
    func issMissing() throws {
        var course = Course(server: ["authorization_response_iss_parameter_supported": true])
        course.send(.client(courseRecord()))
        try course.listen()
        course.answer()
        #expect(course.error?.code == .oauthIssMissing)
    }

    @Test("C9.8: the error of an answer from another issuer is not shown")
    func hostileError() throws {
        var course = try asking()
        course.answer("error=x&error_description=HOSTILE&state=the-state-of-this-one&iss=https%3A%2F%2Fevil.example")
        #expect(course.error?.code == .oauthIssMismatch)
        #expect(course.error.map { "\($0)".contains("HOSTILE") } == false)
    }

    @Test("C9.10, C10.1: the token request")
    func tokenRequest() throws {
        var course = try asking()
        let asked = try #require(course.asked)
        course.answer()
        let request = try #require(course.exchange)
        let fields = form(request)
        #expect(request.url.text == Course.issuer + "/token")
        #expect(request.redirects == .never)
        #expect(fields["code"] == "the-code")
        #expect(fields["redirect_uri"] == Course.redirect)
        #expect(fields["resource"] == "https://mcp.example.com/mcp")
        #expect(fields["code_verifier"] == text(asked.pkce?.verifier))
        #expect(fields["client_id"] == "known")
    }

    @Test("What is stored: everything the tokens may be used with (C8.2, P25)")
    func credential() throws {
        var course = try asking()
        course.answer()
        course.fetched(
            reply(
                200,
                [
                    "access_token": "demo-at-1", "token_type": "bearer", "refresh_token": "demo-rt-1",
                    "expires_in": 3600, "scope": "tools", "unheard_of": 1,
                ]))
        let credential = try #require(course.result?.credential)
        #expect(credential.key == Course.key)
        #expect(credential.grant.issuer == Course.issuer)
        #expect(credential.grant.tokenEndpoint == Course.issuer + "/token")
        #expect(credential.client.id == "known")
        #expect(credential.client.authMethod == "client_secret_post")
        #expect(text(credential.client.secret) == "demo-cs-secret-4")
        #expect(credential.grant.resource == "https://mcp.example.com/mcp")
        #expect(credential.client.redirectURI == Course.redirect)
        #expect(credential.tokens.expiresAt == Course.moment.addingTimeInterval(3600))
        #expect(credential.grant.grantedScopes == ["tools"])
        #expect(credential.grant.obtainedAt == Course.moment)
    }

    @Test("P24, C11.7: no expires_in, no refresh token, no scope")
    func bareCredential() throws {
        var course = try asking()
        course.answer()
        course.fetched(reply(200, ["access_token": "demo-at-1", "token_type": "Bearer"]))
        let credential = try #require(course.result?.credential)
        #expect(
            credential.tokens.expiresAt == nil && credential.tokens.refresh == nil
                && credential.grant.grantedScopes == nil)
        #expect(course.result?.missingScopes == [])
    }

    @Test(
        "The token request is refused or unanswered",
        arguments: [
            (400, #"{"error":"invalid_grant"}"#, ErrorCode.oauthInvalidGrant),
            (200, #"{"error":"invalid_grant"}"#, .oauthInvalidGrant),
            (400, #"{"error":"invalid_target"}"#, .oauthTokenError), (500, "", .oauthTokenUnavailable),
            (429, "", .oauthTokenUnavailable), (200, "<html>", .oauthTokenUnavailable),
            (200, "", .oauthTokenUnavailable),
            (200, "{}", .oauthTokenReplyInvalid), (200, #"{"access_token":""}"#, .oauthTokenReplyInvalid),
            (200, #"{"access_token":"a","token_type":"mac"}"#, .oauthTokenReplyInvalid),
            (200, #"{"access_token":"a\r\nX: y"}"#, .oauthTokenReplyInvalid),
        ])
    func tokenRefused(status: Int, body: String, code: ErrorCode) throws {
        var course = try asking()
        course.answer()
        course.fetched(reply(status, body))
        #expect(course.error?.code == code)
    }

    @Test("RFC 6749 §5.2: unauthorized_client is about the grant: told so, and nothing is forgotten")
    func grantNotAllowed() throws {
        var course = try asking()
        course.answer()
        course.fetched(reply(400, ["error": "unauthorized_client"]))
        guard case .failed(let error) = course.action else { return #expect(Bool(false)) }
        #expect(error.code == .oauthTokenError)
        #expect(error.message.contains("does not allow the client this grant, authorization_code"))
        #expect(
            error.nextStep?.actions.contains {
                $0 == .setting(.resetClient) || $0 == .signIn(.init(resetsClient: true))
            } == true)
        var configured = Course { $0.clientID = "mine" }
        try configured.listen()
        configured.answer()
        configured.fetched(reply(400, ["error": "unauthorized_client"]))
        #expect(configured.error?.nextStep?.plainText.contains("client_id") == true)
        #expect(configured.error?.nextStep?.actions.contains(.signIn(.init(resetsClient: true))) == false)
    }

    @Test("invalid_client for a client omlx registered itself points to --reset-client, just registered or before")
    func ownClientRefused() throws {
        var fresh = Course()
        fresh.send(.client(nil))
        try fresh.listen()
        fresh.register()
        fresh.send(.kept)
        fresh.answer()
        for _ in 0..<4 where fresh.error == nil { fresh.fetched(reply(401, ["error": "invalid_client"])) }
        #expect(fresh.error?.code == .oauthInvalidClient)
        #expect(fresh.error?.nextStep == Remedy(.signIn(.init(resetsClient: true))))
        var before = try asking()
        before.answer()
        for _ in 0..<4 where before.error == nil { before.fetched(reply(401, ["error": "invalid_client"])) }
        #expect(before.error?.nextStep == Remedy(.signIn(.init(resetsClient: true))))
    }

    @Test("invalid_scope at the token endpoint lists what was asked for and what is supported")
    func invalidScope() throws {
        var course = try asking { $0.scopes = ["other"] }
        course.answer()
        course.fetched(reply(400, ["error": "invalid_scope"]))
        #expect(course.error?.compared.map(\.label) == ["asked for", "supported"])
        #expect(course.error?.compared.last?.value == "tools offline_access admin")
        #expect(course.error?.nextStep?.actions == [.setting(.scope)])
    }

    @Test("A refusal of the code in other words is a refusal, with these words")
    func otherWords() throws {
        var course = try asking()
        course.answer()
        course.fetched(reply(400, ["message": "code is unknown"]))
        #expect(course.error?.code == .oauthTokenError)
        #expect(course.error?.message.contains("HTTP 400, code is unknown") == true)
    }

    @Test("RFC 8414 §2: another method for the revocation endpoint is kept with the tokens, the same one is not")
    func revocationMethod() throws {
        for (listed, kept) in [(["client_secret_basic"], "client_secret_basic"), (["client_secret_post"], nil)] {
            var course = try asking(server: ["revocation_endpoint_auth_methods_supported": JSON(listed)])
            course.answer()
            course.fetched(reply(200, ["access_token": "demo-at-1", "token_type": "Bearer"]))
            #expect(course.result?.credential.grant.revocationAuthMethod == kept)
        }
    }

    @Test("A life of nothing is no end that is believed")
    func noLife() throws {
        var course = try asking()
        course.answer()
        course.fetched(
            reply(
                200,
                ["access_token": "demo-at-1", "token_type": "Bearer", "expires_in": 0, "refresh_token": "demo-rt-1"]))
        let credential = try #require(course.result?.credential)
        #expect(credential.tokens.end == nil && credential.tokens.expiresAt != nil)
    }

    @Test("P7: invalid_client for a registration used again: it is forgotten")
    func forgottenByServer() throws {
        var course = try asking()
        course.answer()
        // The same code goes in other forms first; a refused client comes before the code (RFC 6749 §5.2).
        for _ in 0..<4 where course.error == nil { course.fetched(reply(401, ["error": "invalid_client"])) }
        guard case .forget(let registration, let reason) = course.action else { return #expect(Bool(false)) }
        #expect(registration.clientID == "known")
        #expect(registration.generation == 3, "so that only this very record is removed")
        #expect(reason.code == .oauthInvalidClient)
    }

    @Test("invalid_client for a configured client: nothing is forgotten")
    func configuredClientRefused() throws {
        var course = Course { $0.clientID = "mine" }
        try course.listen()
        course.answer()
        course.fetched(reply(401, ["error": "invalid_client"]))
        guard case .failed(let error) = course.action else { return #expect(Bool(false)) }
        #expect(error.code == .oauthInvalidClient)
        #expect(error.nextStep?.plainText.contains("client_secret") == true)
    }

    @Test("A server that repeats code, verifier and secret in its error is shown without them")
    func echo() throws {
        var course = try asking()
        let verifier = try #require(text(course.asked?.pkce?.verifier))
        course.answer("code=demo-code-0123456789&state=the-state-of-this-one")
        let echo = "bad demo-code-0123456789 or \(verifier) or demo-cs-secret-4"
        course.fetched(reply(400, ["error": "invalid_grant", "error_description": JSON(echo)]))
        let error = try #require(course.error)
        #expect(error.message.contains("bad <redacted> or <redacted> or <redacted>"))
        #expect(!"\(error)".contains("demo-c") && !"\(error)".contains(verifier))
    }

    @Test("An event that does not fit ends the sign-in instead of going on")
    func strayEvent() throws {
        var course = try asking()
        course.send(.kept)
        #expect(course.error != nil)
        course.answer()
        #expect(course.exchange == nil)
    }
}
