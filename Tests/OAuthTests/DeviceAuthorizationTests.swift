// RFC 8628: what is asked, what may come back, and when the token is asked for again.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxOAuth

@Suite("Device authorization")
struct DeviceAuthorizationTests {
    private static let good: JSON = [
        "device_code": "PLANTED-CODE", "user_code": "WDJB-MJHT", "verification_uri": "https://as.example/device",
        "verification_uri_complete": "https://as.example/device?user_code=WDJB-MJHT", "expires_in": 1800, "interval": 7,
    ]

    private func granted(_ body: JSON = good) throws -> DeviceAuthorization {
        guard case .granted(let authorization) = DeviceAuthorization.judge(try reply(body.text())) else {
            throw Unexpected()
        }
        return authorization
    }

    private func failed(_ body: String, status: Int = 200) throws -> OmlxError {
        guard case .failed(let error) = DeviceAuthorization.judge(try reply(body, status: status)) else {
            throw Unexpected()
        }
        return error
    }

    // MARK: asking

    @Test(
        "RFC 8628 §3.1, C10.1: the request carries scope, resource, extras and the client's proof, never a reserved name"
    )
    func request() throws {
        let request = DeviceAuthorizationRequest(
            server: try server(),
            client: OAuthClient(id: "client", secret: Secret("PLANTED-CLIENT-SECRET"), authMethod: .post),
            scopes: ["read", "write"], resource: "https://mcp.example/mcp",
            extraParameters: [("audience", "x"), ("client_id", "other")])
        let sent = request.request(to: try HTTPURL("https://as.example/device_authorization"))
        let fields = Dictionary(form(of: sent).map { ($0.name, $0.value) }) { first, _ in first }
        #expect(
            fields == [
                "scope": "read write", "resource": "https://mcp.example/mcp", "audience": "x", "client_id": "client",
                "client_secret": "PLANTED-CLIENT-SECRET",
            ])
        #expect(sent.redirects == .never)
    }

    @Test("RFC 8628 §3.4: the token is asked for with the device code, at the token endpoint")
    func tokenRequest() throws {
        let request = DeviceAuthorizationRequest(
            server: try server(), client: OAuthClient(id: "client", authMethod: .none), scopes: [], resource: nil)
        let sent = request.tokenRequest(Secret("PLANTED-CODE"), as: request.client)
        #expect(sent.url.text == "https://as.example/token")
        #expect(
            form(of: sent).map(\.name) == ["grant_type", "device_code", "client_id"]
                && form(of: sent).first?.value == "urn:ietf:params:oauth:grant-type:device_code")
    }

    // MARK: the reply

    @Test("RFC 8628 §3.2: the example")
    func example() throws {
        let authorization = try granted()
        #expect(opened(authorization.deviceCode) == "PLANTED-CODE")
        #expect(authorization.userCode == "WDJB-MJHT")
        #expect(authorization.verificationURI.text == "https://as.example/device")
        #expect(authorization.verificationURIComplete?.query == "user_code=WDJB-MJHT")
        #expect(authorization.lifetime == 1800)
        #expect(authorization.interval == 7)
    }

    @Test("What is left out: interval 5 s (RFC 8628 §3.2), ten minutes, no complete address; Google's verification_url")
    func defaults() throws {
        let body: JSON = ["device_code": "d", "user_code": "U", "verification_url": "https://as.example/d"]
        let authorization = try granted(body)
        #expect(authorization.interval == 5 && authorization.lifetime == 600)
        #expect(authorization.verificationURIComplete == nil)
        #expect(authorization.verificationURI.text == "https://as.example/d")
    }

    @Test("Times in quotes count; an interval is held between 1 and 60 s")
    func times() throws {
        var body = Self.good
        body["interval"] = "0"
        body["expires_in"] = "90"
        #expect(try granted(body).interval == 1)
        #expect(try granted(body).lifetime == 90)
        body["interval"] = 86_400
        #expect(try granted(body).interval == 60)
    }

    @Test(
        "Each member missing, empty, of the wrong type, huge or hostile: refused with one code, nothing shown",
        arguments: [
            ("device_code", "null"), ("device_code", "\"\""), ("device_code", "7"), ("device_code", "huge"),
            ("user_code", "null"), ("user_code", "\"\""), ("user_code", "[]"), ("user_code", "huge"),
            ("user_code", "\"\\u001b[31mRED\""), ("user_code", "\"\u{202E}evil\""),
            ("verification_uri", "null"), ("verification_uri", "\"\""), ("verification_uri", "7"),
            ("verification_uri", "\"not a url\""), ("verification_uri", "\"javascript:alert(1)\""),
            ("verification_uri", "\"file:///etc/passwd\""), ("verification_uri", "\"https://a@b.example/\""),
            ("verification_uri", "huge"),
        ])
    func badMember(_ name: String, _ value: String) throws {
        let text = value == "huge" ? "\"" + String(repeating: "x", count: 70_000) + "\"" : value
        var body = Self.good
        body[name] = try JSON(parsing: text)
        let error = try failed(body.text())
        #expect(error.code == .oauthDeviceReplyInvalid)
        #expect(!error.description.contains("PLANTED") && !error.description.contains("\u{1B}"))
    }

    @Test(
        "Times that cannot be read are those of a server that names none, and that is said",
        arguments: ["\"soon\"", "-1", "{}", "true", "\"5s\""])
    func oddTimes(value: String) throws {
        var body = Self.good
        body["expires_in"] = try JSON(parsing: value)
        body["interval"] = try JSON(parsing: value)
        let authorization = try granted(body)
        #expect(authorization.lifetime == 600 && authorization.interval == 5)
        #expect(authorization.oddities.count == 2)
    }

    @Test("An empty verification_uri is none: Google's verification_url counts")
    func emptyAddress() throws {
        var body = Self.good
        body["verification_uri"] = ""
        body["verification_url"] = "https://as.example/d"
        #expect(try granted(body).verificationURI.text == "https://as.example/d")
    }

    @Test("A verification address that is neither https nor on loopback is not shown (C13.1)")
    func insecureAddress() throws {
        var body = Self.good
        body["verification_uri"] = "http://as.example/device"
        #expect(try failed(body.text()).code == .oauthInsecureURL)
        body["verification_uri"] = "http://127.0.0.1:8000/device"
        #expect(try granted(body).verificationURI.port == 8000)
    }

    @Test("A complete address that cannot be used is only left out")
    func badCompleteAddress() throws {
        var body = Self.good
        body["verification_uri_complete"] = "http://as.example/device?x"
        #expect(try granted(body).verificationURIComplete == nil)
    }

    @Test(
        "No JSON object, a member twice, another status: each its code",
        arguments: [
            ("", 200, ErrorCode.oauthDeviceReplyInvalid), ("<html>", 201, .oauthDeviceReplyInvalid),
            ("[]", 200, .oauthDeviceReplyInvalid),
            (
                #"{"device_code":"a","user_code":"b","user_code":"c","verification_uri":"https://a.example/"}"#, 200,
                .oauthDeviceReplyInvalid
            ),
            ("", 404, .oauthDeviceUnavailable), ("oops", 500, .oauthDeviceUnavailable),
            (#"{"error":"slow"}"#, 503, .oauthDeviceUnavailable), ("", 429, .oauthDeviceUnavailable),
        ])
    func unusable(_ body: String, _ status: Int, _ code: ErrorCode) throws {
        #expect(try failed(body, status: status).code == code)
    }

    @Test("P2: a page for people with status 200 is no answer")
    func page() throws {
        let page = try reply("<!doctype html>", status: 200, type: "text/html; charset=utf-8")
        guard case .failed(let error) = DeviceAuthorization.judge(page) else { throw Unexpected() }
        #expect(error.code == .oauthDeviceUnavailable && error.isRetryable)
    }

    @Test("An OAuth error is one, also with HTTP 200 (provider: Slack)", arguments: [400, 401, 200])
    func oauthError(_ status: Int) throws {
        let answer = try reply(#"{"error":"unauthorized_client","error_description":"no"}"#, status: status)
        guard case .error(let error, let seen) = DeviceAuthorization.judge(answer) else { throw Unexpected() }
        #expect(error.error == "unauthorized_client" && seen == status)
    }

    // MARK: asking for the token

    private func polling(as client: OAuthClient = .init(id: "client", authMethod: .none)) throws -> DevicePolling {
        let request = DeviceAuthorizationRequest(server: try server(), client: client, scopes: [], resource: nil)
        return DevicePolling(try granted(), for: request)
    }

    private func pause(_ action: DevicePolling.Action) -> Int? {
        if case .ask(let seconds) = action { seconds } else { nil }
    }

    private func answer(_ error: String, status: Int = 400) throws -> Result<HTTPReply, HTTPFailure> {
        .success(try reply(#"{"error":"\#(error)"}"#, status: status))
    }

    @Test("RFC 8628 §3.5: pending asks again after the interval; slow_down adds five seconds for good")
    func slowDown() throws {
        var polling = try polling()
        #expect(pause(polling.first) == 7)
        #expect(pause(polling.received(try answer("authorization_pending"))) == 7)
        #expect(pause(polling.received(try answer("slow_down"))) == 12)
        #expect(pause(polling.received(try answer("authorization_pending"))) == 12)
        #expect(pause(polling.received(try answer("slow_down"))) == 17)
    }

    @Test("RFC 8628 §3.5: without an answer the pause doubles up to a minute, and is as before after an answer")
    func backOff() throws {
        var polling = try polling()
        let lost = Result<HTTPReply, HTTPFailure>.failure(HTTPFailure(OmlxError(.transportTimeout, "slow")))
        #expect(pause(polling.received(lost)) == 14)
        #expect(pause(polling.received(lost)) == 28)
        #expect(pause(polling.received(.success(try reply("busy", status: 503)))) == 56)
        #expect(pause(polling.received(lost)) == 60)
        #expect(pause(polling.received(try answer("authorization_pending"))) == 7)
    }

    @Test("Retry-After is honoured up to a minute")
    func retryAfter() throws {
        var polling = try polling()
        let busy = try reply("", status: 429, headers: [("Retry-After", "40")])
        #expect(pause(polling.received(.success(busy))) == 40)
        let busier = try reply("", status: 429, headers: [("Retry-After", "4000")])
        #expect(pause(polling.received(.success(busier))) == 60)
    }

    @Test("An answer from where nothing may be sent ends the asking")
    func refusedAddress() throws {
        var polling = try polling()
        let refused = HTTPFailure(OmlxError(.transportAddressRefused, "no"))
        guard case .failed(let error) = polling.received(.failure(refused)) else { throw Unexpected() }
        #expect(error.code == .transportAddressRefused)
    }

    @Test(
        "Ends: refused by the person, too late, refused by the server",
        arguments: [
            ("access_denied", ErrorCode.oauthAccessDenied), ("expired_token", .oauthDeviceCodeExpired),
            ("invalid_grant", .oauthInvalidGrant), ("invalid_client", .oauthInvalidClient),
            ("unauthorized_client", .oauthTokenError), ("unsupported_grant_type", .oauthTokenError),
        ])
    func ends(_ word: String, _ code: ErrorCode) throws {
        var polling = try polling()
        guard case .failed(let error) = polling.received(try answer(word)) else { throw Unexpected() }
        #expect(error.code == code)
    }

    @Test("A refusal in other words: RFC 8628's own are understood in it, three others in a row end the asking")
    func otherWords() throws {
        var polling = try polling()
        let pending = try reply(#"{"code":"authorization_pending"}"#, status: 400)
        #expect(pause(polling.received(.success(pending))) == 7)
        let refusal = try reply(#"{"message":"unknown code"}"#, status: 400)
        #expect(pause(polling.received(.success(refusal))) == 14)
        #expect(pause(polling.received(.success(refusal))) == 28)
        guard case .failed(let error) = polling.received(.success(refusal)) else { throw Unexpected() }
        #expect(error.code == .oauthTokenError && error.message.contains("unknown code"))
    }

    @Test("RFC 6749 §5.2: a refused client asks once more in another form, no sooner than the interval")
    func otherForm() throws {
        let client = OAuthClient(id: "c", secret: Secret("a/b"), serverMethods: ["client_secret_basic"])
        var polling = try polling(as: client)
        #expect(polling.authentication.client.form == ClientAuthForm(.basic))
        #expect(pause(polling.received(try answer("invalid_client", status: 401))) == 7)
        #expect(polling.authentication.client.form == ClientAuthForm(.basic, isRaw: true))
        #expect(pause(polling.received(try answer("authorization_pending"))) == 7)
        #expect(polling.authentication.learned == ClientAuthForm(.basic, isRaw: true))
    }

    @Test("Tokens end it; a token reply that cannot be used is an error")
    func tokens() throws {
        var polling = try polling()
        let good = try reply(#"{"access_token":"PLANTED-ACCESS","token_type":"Bearer"}"#)
        guard case .granted(let grant) = polling.received(.success(good)) else { throw Unexpected() }
        #expect(opened(grant.accessToken) == "PLANTED-ACCESS")
        guard case .failed(let error) = polling.received(.success(try reply("{}"))) else { throw Unexpected() }
        #expect(error.code == .oauthTokenReplyInvalid)
    }
}
