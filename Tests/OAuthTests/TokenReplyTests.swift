// RFC 6749 §5.1, §5.2: what the answer of a token endpoint means. Granted, error, unknown or unusable.

import ErrorCatalogue
import HTTPClient
import OAuth
import Testing

@Suite("Token reply")
struct TokenReplyTests {
    private static let form = "application/x-www-form-urlencoded"

    private func judge(
        _ body: String, status: Int = 200, type: String? = "application/json", headers: [(String, String)] = []
    ) throws -> TokenReply {
        TokenReply(try reply(body, status: status, type: type, headers: headers))
    }

    private func granted(_ body: String, status: Int = 200, type: String? = "application/json") throws -> TokenGrant {
        guard case .granted(let grant) = try judge(body, status: status, type: type) else { throw Unexpected() }
        return grant
    }

    private func token(_ members: String) -> String {
        #"{"access_token":"PLANTED-ACCESS","refresh_token":"PLANTED-REFRESH""# + members + "}"
    }

    // MARK: granted

    @Test("RFC 6749 §5.1: the example")
    func example() throws {
        let grant = try granted(
            #"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example-is-bearer","expires_in":3600}"#
                .replacing("example-is-bearer", with: "Bearer"))
        #expect(opened(grant.accessToken) == "2YotnFZFEjr1zCsicMWpAA")
        #expect(grant.refreshToken == nil)
        #expect(grant.lifetime == 3600)
        #expect(grant.scopes == nil)
    }

    @Test(
        "C10.7, pain 24: lifetime, scope, refresh token and type may be missing or null",
        arguments: [
            #"{"access_token":"x"}"#,
            #"{"access_token":"x","expires_in":null,"scope":null,"refresh_token":null,"token_type":null}"#,
        ])
    func small(body: String) throws {
        let grant = try granted(body, status: 201, type: "text/html")
        #expect(grant.lifetime == nil)
        #expect(grant.refreshToken == nil)
        #expect(grant.scopes == nil)
    }

    @Test("provider: GitHub: a form body")
    func formBody() throws {
        let grant = try granted(
            "access_token=PLANTED-ACCESS&expires_in=28800&refresh_token=PLANTED%2DREFRESH&scope=a+b&token_type=bearer",
            type: Self.form + "; charset=utf-8")
        #expect(opened(grant.accessToken) == "PLANTED-ACCESS")
        #expect(opened(grant.refreshToken) == "PLANTED-REFRESH")
        #expect(grant.lifetime == 28800)
        #expect(grant.scopes == ["a", "b"])
    }

    @Test(
        "the lifetime as number, fraction or text, bounded",
        arguments: [
            ("3600", 3600), ("0", 0), ("3599.9", 3599), ("\"3600\"", 3600), ("\"3600.5\"", 3600), ("1e3", 1000),
            ("1e300", 3_153_600_000), ("99999999999999999999", 3_153_600_000), ("\"1e300\"", 3_153_600_000),
            ("null", nil),
        ] as [(String, Int?)])
    func lifetime(value: String, expected: Int?) throws {
        #expect(try granted(token(",\"expires_in\":\(value)")).lifetime == expected)
    }

    @Test(
        "the scope as text or array",
        arguments: [
            ("\"a b\"", ["a", "b"]), ("\"b a b\"", ["b", "a"]), ("[\"a\",\"b\",\"a\"]", ["a", "b"]), ("\"\"", []),
            ("[]", []),
            ("null", nil),
        ] as [(String, [String]?)])
    func scope(value: String, expected: [String]?) throws {
        #expect(try granted(token(",\"scope\":\(value)")).scopes == expected)
    }

    @Test("RFC 6749 §7.1: the type in any case", arguments: ["bearer", "BEARER", "Bearer"])
    func type(type: String) throws {
        #expect(try granted(token(",\"token_type\":\"\(type)\"")).refreshToken != nil)
    }

    @Test("C9.14: unknown members are passed over; escapes are resolved; an id token is let go")
    func unknown() throws {
        let grant = try granted(
            #"{"id_token":"x.y.z","x":{"access_token":"no"},"access_token":"a\u002fb\/c","ok":true}"#)
        #expect(opened(grant.accessToken) == "a/b/c")
    }

    @Test("RFC 6750 §2.1: a long token is accepted")
    func long() throws {
        #expect(
            try granted("{\"access_token\":\"" + String(repeating: "x", count: 65_536) + "\"}").accessToken.count
                == 65_536)
    }

    @Test("pain 26: a grant printed shows no token")
    func printing() throws {
        let answer = try judge(token(#","id_token":"PLANTED-CODE""#))
        #expect(showsNoSecret("\(answer) \(String(reflecting: answer))"))
    }

    // MARK: error

    @Test(
        "RFC 6749 §5.2: an OAuth error in JSON, form or plain text, whatever the status",
        arguments: [
            (400, "application/json", #"{"error":"invalid_grant","error_description":"gone"}"#),
            (401, "application/json; charset=utf-8", #"{"error":"invalid_grant","error_description":"gone"}"#),
            (200, "application/json", #"{"error":"invalid_grant","error_description":"gone"}"#),
            (400, "text/html", #" {"error_description":"gone","error":"invalid_grant"}"#),
            (400, form, "error=invalid_grant&error_description=gone"),
            (200, form, "error_description=gone&error=invalid_grant"),
            (400, "text/plain", "error=invalid_grant&error_description=gone"),
            (403, "", #"{"error":"invalid_grant","error_description":"gone","access_token":"PLANTED-ACCESS"}"#),
        ])
    func error(status: Int, type: String, body: String) throws {
        guard case .error(let error, let told) = try judge(body, status: status, type: type) else { throw Unexpected() }
        #expect(error.error == "invalid_grant")
        #expect(error.text == "invalid_grant: gone")
        #expect(told == status)
    }

    @Test("provider: Slack: ok false with status 200")
    func slack() throws {
        guard case .error(let error, status: 200) = try judge(#"{"ok":false,"error":"invalid_code"}"#) else {
            throw Unexpected()
        }
        #expect(error == OAuthErrorReply(error: "invalid_code"))
    }

    @Test(
        "an error beside a token is an error; no error member is none",
        arguments: [
            (#","error":"x""#, true), (#","error":"""#, false), (#","error":null"#, false),
            (#","error":{"code":1}"#, false), (#","error":false"#, false),
        ])
    func errorBesideToken(members: String, isError: Bool) throws {
        switch try judge(token(members)) {
        case .error: #expect(isError)
        case .granted: #expect(!isError)
        default: throw Unexpected()
        }
    }

    @Test("pain 26: hostile words are cut and made safe, and no token beside them shows")
    func hostileWords() throws {
        let words = #"\u001b[2J\u202e\r\n\u0000\u009b"# + String(repeating: "A", count: 10_000)
        let body = #"{"error":"\#(words)","error_description":"\#(words)","access_token":"PLANTED-ACCESS"}"#
        guard case .error(let error, _) = try judge(body, status: 400) else { throw Unexpected() }
        #expect(isSafeToShow(error.text))
        #expect(error.text.count < 300)
        #expect(showsNoSecret("\(error)"))
    }

    // MARK: unknown

    @Test(
        "pain 2: 5xx, 429, pages, redirects and successes without a body say nothing about the grant",
        arguments: [
            (500, "application/json", #"{"error":"invalid_grant"}"#), (503, "text/html", "<html>"), (502, "", ""),
            (429, "application/json", #"{"error":"invalid_grant"}"#), (429, "text/plain", "slow down"),
            (200, "text/html", "<html>log in"),
            (200, "application/json", ""), (200, "application/json", "{"), (200, "application/json", "[]"),
            (200, "text/plain", "access_token=PLANTED-ACCESS"), (204, "", ""), (302, "", ""), (304, "", ""),
            (400, "text/html", "<html>"),
            (403, "text/html", "<title>Attention Required</title>"), (404, "application/json", #"{"message":"x"}"#),
            (200, "application/json", #"{"access_token":"PLANTED-ACCESS"#),
            (200, "application/json", #"{"access_token":"PLANTED-ACCESS\x"}"#),
            (202, "application/json", #"{"access_token":"PLANTED-ACCESS"}"#),
            (503, "application/json", #"{"access_token":"PLANTED-ACCESS"}"#),
        ])
    func unknownOutcome(status: Int, type: String, body: String) throws {
        guard case .unknown(let error) = try judge(body, status: status, type: type) else { throw Unexpected() }
        #expect(error.code == .oauthTokenUnavailable)
        #expect(error.isRetryable)
        #expect(error.httpStatus == status)
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test("Bad input: 429 and 503 with Retry-After hand the pause on", arguments: [429, 503])
    func retryAfter(status: Int) throws {
        guard case .unknown(let error) = try judge("", status: status, headers: [("Retry-After", "120")]) else {
            throw Unexpected()
        }
        #expect(error.retryAfter == 120)
    }

    // MARK: unusable

    @Test(
        "Bad input: a success that cannot be used has its own code and shows no token",
        arguments: [
            // missing, wrong type, empty
            "{}", #"{"ok":true}"#, #"{"ok":false}"#, #"{"access_token":null}"#, #"{"access_token":""}"#,
            #"{"access_token":1}"#,
            #"{"access_token":["PLANTED-ACCESS"]}"#, #"{"access_token":{"value":"PLANTED-ACCESS"}}"#,
            #"{"refresh_token":"PLANTED-REFRESH"}"#,
            #"{"error":{"message":"x"}}"#, #"{"authed_user":{"access_token":"PLANTED-ACCESS"}}"#,
            #"{"access_token":"PLANTED-ACCESS","refresh_token":1}"#,
            #"{"access_token":"PLANTED-ACCESS","refresh_token":""}"#,
            #"{"access_token":"PLANTED-ACCESS","refresh_token":["PLANTED-REFRESH"]}"#,
            // characters
            #"{"access_token":"PLANTED-ACCESS\n"}"#, #"{"access_token":"PLANTED-ACCESS\r\nX: y"}"#,
            #"{"access_token":"PLANTED ACCESS PLANTED-ACCESS"}"#,
            #"{"access_token":"PLANTED-ACCESS\u0000"}"#, #"{"access_token":"PLANTED-ACCESSé"}"#,
            #"{"access_token":"PLANTED-ACCESS\ud800"}"#,
            #"{"access_token":"PLANTED-ACCESS\u007f"}"#,
            // twice
            #"{"access_token":"PLANTED-ACCESS","access_token":"PLANTED-ACCESS"}"#,
            #"{"access_token":"PLANTED-ACCESS","scope":"a","scope":"b"}"#,
            #"{"access_token":"PLANTED-ACCESS","access\u005ftoken":"PLANTED-ACCESS"}"#,
            #"{"access_token":"PLANTED-ACCESS","refresh_token":"PLANTED-REFRESH","refresh_token":null}"#,
            // type
            #"{"access_token":"PLANTED-ACCESS","token_type":"mac"}"#,
            #"{"access_token":"PLANTED-ACCESS","token_type":"DPoP"}"#,
            #"{"access_token":"PLANTED-ACCESS","token_type":"N_A"}"#,
            #"{"access_token":"PLANTED-ACCESS","token_type":1}"#,
            #"{"access_token":"PLANTED-ACCESS","token_type":""}"#,
            #"{"access_token":"PLANTED-ACCESS","token_type":"bearer\u001b[2J"}"#,
            // lifetime
            #"{"access_token":"PLANTED-ACCESS","expires_in":-1}"#,
            #"{"access_token":"PLANTED-ACCESS","expires_in":"soon"}"#,
            #"{"access_token":"PLANTED-ACCESS","expires_in":"NaN"}"#,
            #"{"access_token":"PLANTED-ACCESS","expires_in":"inf"}"#,
            #"{"access_token":"PLANTED-ACCESS","expires_in":1e999}"#,
            #"{"access_token":"PLANTED-ACCESS","expires_in":true}"#,
            #"{"access_token":"PLANTED-ACCESS","expires_in":""}"#,
            #"{"access_token":"PLANTED-ACCESS","expires_in":[3600]}"#,
            #"{"access_token":"PLANTED-ACCESS","expires_in":"-0.5"}"#,
            #"{"access_token":"PLANTED-ACCESS","expires_in":{}}"#,
            // scope
            #"{"access_token":"PLANTED-ACCESS","scope":1}"#, #"{"access_token":"PLANTED-ACCESS","scope":{"a":1}}"#,
            #"{"access_token":"PLANTED-ACCESS","scope":["a",1]}"#, #"{"access_token":"PLANTED-ACCESS","scope":true}"#,
        ])
    func unusable(body: String) throws {
        guard case .unusable(let error) = try judge(body) else { throw Unexpected() }
        #expect(error.code == .oauthTokenReplyInvalid)
        #expect(showsNoSecret(everyText(of: error)))
        #expect(isSafeToShow(error.description))
    }

    @Test("Bad input: huge tokens are unusable", arguments: ["access_token", "refresh_token"])
    func huge(name: String) throws {
        let body = "{\"access_token\":\"x\",\"\(name)\":\"" + String(repeating: "x", count: 65_537) + "\"}"
        let single = name == "access_token" ? body.replacing("\"access_token\":\"x\",", with: "") : body
        guard case .unusable(let error) = try judge(single) else { throw Unexpected() }
        #expect(error.code == .oauthTokenReplyInvalid)
        #expect(everyText(of: error).utf8.count < 1000)
    }

    @Test(
        "Bad input: a form that lacks the token, or says it twice, is unusable",
        arguments: [
            "", "x", "access_token=", "access_token=PLANTED-ACCESS&access_token=PLANTED-ACCESS",
            "access_token=PLANTED-ACCESS%0A", "access_token=PLANTED-ACCESS&expires_in=-1",
        ])
    func unusableForm(body: String) throws {
        guard case .unusable(let error) = try judge(body, type: Self.form) else { throw Unexpected() }
        #expect(error.code == .oauthTokenReplyInvalid)
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test("Bad input: bytes that are not UTF-8 are no answer")
    func notUTF8() throws {
        let body = Array("{\"access_token\":\"PLANTED-ACCESS".utf8) + [0xFF] + Array("\"}".utf8)
        guard case .unknown(let error) = TokenReply(try reply(body)) else { throw Unexpected() }
        #expect(showsNoSecret(everyText(of: error)))
    }

    @Test("a hostile megabyte stays quick", arguments: ["[", "{\"a\":", "\"", "\\", "{", "}", "&", "a=", " "])
    func megabyte(piece: String) throws {
        let body = "{\"access_token\":" + String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        for type in ["application/json", Self.form] {
            let answer = try reply(body, type: type)
            #expect(ContinuousClock().measure { _ = TokenReply(answer) } < .seconds(20))
        }
    }
}
