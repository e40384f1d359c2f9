// RFC 6749 §5.1, §5.2: what the answer of a token endpoint means. Granted, error, unknown or unusable.

import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth
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
        "C10.7, P24: lifetime, scope, refresh token and type may be missing or null",
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
            ("1e300", nil), ("99999999999999999999", nil), ("\"1e300\"", nil), ("315360000", 315_360_000),
            ("null", nil), ("\" 3600 \"", 3600), ("\"3600.0\"", 3600), ("3.6e3", 3600), ("\"\"", nil),
            ("1e18", nil), ("1893456000000", nil), ("1893456000", nil),
        ] as [(String, Int?)])
    func lifetime(value: String, expected: Int?) throws {
        #expect(try granted(token(",\"expires_in\":\(value)")).lifetime == expected)
    }

    @Test(
        "the scope as text or array",
        arguments: [
            ("\"a b\"", ["a", "b"]), ("\"b a b\"", ["b", "a"]), ("[\"a\",\"b\",\"a\"]", ["a", "b"]), ("\"\"", nil),
            ("\" \"", nil),
            ("[]", []),
            ("null", nil),
        ] as [(String, [String]?)])
    func scope(value: String, expected: [String]?) throws {
        #expect(try granted(token(",\"scope\":\(value)")).scopes == expected)
    }

    @Test(
        "RFC 6749 §7.1: the type in any case",
        arguments: ["bearer", "BEARER", "Bearer", "Bearer ", "BearerToken", "bearer token", "user", "", " "])
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

    @Test("P26: a grant printed shows no token")
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

    @Test("P26: hostile words are cut and made safe, and no token beside them shows")
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
        "P2: 5xx, 429, pages, redirects and successes without a body say nothing about the grant",
        arguments: [
            (500, "application/json", #"{"error":"invalid_grant"}"#), (503, "text/html", "<html>"), (502, "", ""),
            (429, "application/json", #"{"error":"invalid_grant"}"#), (429, "text/plain", "slow down"),
            (200, "text/html", "<html>log in"),
            (200, "application/json", ""), (200, "application/json", "{"), (200, "application/json", "[]"),
            (200, "text/plain", "access_token="), (200, "text/html", "<p>access_token=PLANTED-ACCESS"), (204, "", ""),
            (302, "", ""), (304, "", ""),
            (400, "text/html", "<html>"),
            (403, "text/html", "<title>Attention Required</title>"), (404, "application/json", #"{"message":"x"}"#),
            (200, "application/json", #"{"access_token":"PLANTED-ACCESS"#),
            (200, "application/json", #"{"access_token":"PLANTED-ACCESS\x"}"#),
            (302, "application/json", #"{"access_token":"PLANTED-ACCESS"}"#),
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
            // characters
            #"{"access_token":"PLANTED-ACCESS\n"}"#, #"{"access_token":"PLANTED-ACCESS\r\nX: y"}"#,
            #"{"access_token":"PLANTED ACCESS PLANTED-ACCESS"}"#,
            #"{"access_token":"PLANTED-ACCESS\u0000"}"#, #"{"access_token":"PLANTED-ACCESSé"}"#,
            #"{"access_token":"PLANTED-ACCESS\ud800"}"#,
            #"{"access_token":"PLANTED-ACCESS\u007f"}"#,
            // type
            #"{"access_token":"PLANTED-ACCESS","token_type":"mac"}"#,
            #"{"access_token":"PLANTED-ACCESS","token_type":"DPoP"}"#,
            #"{"access_token":"PLANTED-ACCESS","token_type":"N_A"}"#,
            #"{"access_token":"PLANTED-ACCESS","token_type":"bearer\u001b[2J"}"#,
        ])
    func unusable(body: String) throws {
        guard case .unusable(let error) = try judge(body) else { throw Unexpected() }
        #expect(error.code == .oauthTokenReplyInvalid)
        #expect(showsNoSecret(everyText(of: error)))
        #expect(isSafeToShow(error.description))
    }

    @Test("Bad input: a huge access token is unusable")
    func huge() throws {
        let body = "{\"access_token\":\"" + String(repeating: "x", count: 65_537) + "\"}"
        guard case .unusable(let error) = try judge(body) else { throw Unexpected() }
        #expect(error.code == .oauthTokenReplyInvalid)
        #expect(everyText(of: error).utf8.count < 1000)
    }

    // MARK: odd neighbours of good tokens

    @Test(
        "RFC 6749 §5.1: an odd optional member loses no token: it is left out, and that is said",
        arguments: [
            #""expires_in":-1"#, #""expires_in":"soon""#, #""expires_in":"NaN""#, #""expires_in":"inf""#,
            #""expires_in":"0x10""#, #""expires_in":1e999"#, #""expires_in":true"#, #""expires_in":[3600]"#,
            #""expires_in":"-0.5""#, #""expires_in":{}"#, #""expires_in":"2030-01-01T00:00:00Z""#,
            #""scope":1"#, #""scope":{"a":1}"#, #""scope":true"#, #""scope":[1]"#, #""scope":[["a"]]"#,
            #""token_type":1"#, #""token_type":["Bearer"]"#, #""token_type":{}"#, #""token_type":true"#,
        ])
    func oddNeighbour(member: String) throws {
        let grant = try granted(token("," + member))
        #expect(opened(grant.accessToken) == "PLANTED-ACCESS" && opened(grant.refreshToken) == "PLANTED-REFRESH")
        #expect(grant.lifetime == nil && grant.scopes == nil)
        let name = member.split(separator: "\"")[0]
        #expect(grant.oddities.count == 1 && grant.oddities[0].hasPrefix(name), "\(grant.oddities)")
        #expect(showsNoSecret(grant.oddities.joined()) && isSafeToShow(grant.oddities.joined()))
    }

    @Test("Scopes among other things are kept")
    func mixedScopes() throws {
        let grant = try granted(token(#","scope":["a",1,null,"b",""]"#))
        #expect(grant.scopes == ["a", "b"] && grant.oddities.count == 1)
    }

    @Test(
        "An odd refresh token is left out and the access token kept; digits are what they are",
        arguments: [
            ("\"\"", nil, 0), ("null", nil, 0), ("12345", "12345", 1), ("[\"PLANTED-REFRESH\"]", nil, 1),
            ("true", nil, 1),
            ("{\"value\":\"PLANTED-REFRESH\"}", nil, 1), ("1.5", nil, 1),
            ("\"" + String(repeating: "x", count: 65_537) + "\"", nil, 1),
        ] as [(String, String?, Int)])
    func oddRefreshToken(value: String, expected: String?, notes: Int) throws {
        let grant = try granted("{\"access_token\":\"PLANTED-ACCESS\",\"refresh_token\":\(value)}")
        #expect(opened(grant.refreshToken) == expected)
        #expect(grant.oddities.count == notes && showsNoSecret(grant.oddities.joined()))
        #expect(grant.oddities.joined().utf8.count < 300)
    }

    @Test(
        "A member that stands twice: the last one counts, since what the tokens replaced is gone; it is said where they differ",
        arguments: [
            (#"{"access_token":"x","access_token":"PLANTED-ACCESS"}"#, 0),
            (#"{"access_token":"x","access\u005ftoken":"PLANTED-ACCESS"}"#, 0),
            (#"{"access_token":"PLANTED-ACCESS","scope":"a","scope":"b"}"#, 1),
            (#"{"access_token":"PLANTED-ACCESS","scope":"b","scope":"b"}"#, 0),
            (#"{"access_token":"PLANTED-ACCESS","expires_in":1,"expires_in":"x"}"#, 2),
        ])
    func twice(body: String, notes: Int) throws {
        let grant = try granted(body)
        #expect(opened(grant.accessToken) == "PLANTED-ACCESS")
        #expect(grant.scopes == nil || grant.scopes == ["b"])
        #expect(grant.oddities.count == notes, "\(grant.oddities)")
    }

    @Test("expires_in 0 counts beside a refresh token; without one nothing could follow, so it is left out")
    func zero() throws {
        #expect(try granted(token(#","expires_in":0"#)).lifetime == 0)
        let grant = try granted(#"{"access_token":"x","expires_in":0}"#)
        #expect(grant.lifetime == nil && grant.oddities.count == 1)
    }

    @Test(
        "A form that is called something else, and any 2xx, are answers too",
        arguments: [
            (200, "text/plain; charset=utf-8", "access_token=PLANTED-ACCESS&token_type=bearer&scope="),
            (200, "", "token_type=bearer&access_token=PLANTED-ACCESS"),
            (202, "application/json", #"{"access_token":"PLANTED-ACCESS"}"#),
            (203, "text/html", #"{"access_token":"PLANTED-ACCESS","error":"","error_description":null}"#),
            (200, "application/json", "\u{FEFF}{\"access_token\":\"PLANTED-ACCESS\",\"error\":false}"),
        ])
    func unlabelled(status: Int, type: String, body: String) throws {
        let grant = try granted(body, status: status, type: type)
        #expect(opened(grant.accessToken) == "PLANTED-ACCESS" && grant.scopes == nil)
    }

    @Test(
        "RFC 6749 §6: beside an access token that cannot be used, the refresh token is still the newest one",
        arguments: [
            (#"{"refresh_token":"PLANTED-REFRESH"}"#, true),
            (#"{"access_token":1,"refresh_token":"PLANTED-REFRESH"}"#, true),
            (#"{"access_token":"a b","refresh_token":"PLANTED-REFRESH"}"#, true),
            (#"{"access_token":"a","token_type":"mac","refresh_token":"PLANTED-REFRESH"}"#, true),
            (#"{"access_token":"a","refresh_token":"PLANTED-REFRESH"}"#, false), ("{}", false), ("", false),
            (#"{"error":"invalid_grant","refresh_token":"PLANTED-REFRESH"}"#, false),
        ])
    func spare(body: String, isThere: Bool) throws {
        let spare = TokenReply.refreshToken(besideUnusable: try reply(body))
        #expect(opened(spare) == (isThere ? "PLANTED-REFRESH" : nil))
    }

    @Test(
        "Bad input: a form that lacks a usable token is unusable",
        arguments: [
            "", "x", "access_token=", "access_token=PLANTED-ACCESS%0A", "access_token=PLANTED-ACCESS&token_type=mac",
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

    @Test(
        "a hostile megabyte keeps nobody", .timeLimit(.minutes(5)),
        arguments: ["[", "{\"a\":", "\"", "\\", "{", "}", "&", "a=", " "])
    func megabyte(piece: String) throws {
        let body = "{\"access_token\":" + String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        for type in ["application/json", Self.form] {
            let answer = try reply(body, type: type)
            _ = TokenReply(answer)
        }
    }
}
