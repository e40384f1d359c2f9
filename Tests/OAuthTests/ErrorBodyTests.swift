// Error bodies as providers really send them, and replies that hold a person's tokens one level down.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth
import Testing

@Suite("Error bodies")
struct ErrorBodyTests {
    private func error(_ body: String, _ type: String, _ status: Int = 400) throws -> OAuthErrorReply? {
        guard case .error(let error, status) = TokenReply(try reply(body, status: status, type: type)) else {
            return nil
        }
        return error
    }

    @Test(
        "An error that is an object has the code in it, and its words",
        arguments: [
            (#"{"error":{"code":"invalid_grant","message":"gone"}}"#, "invalid_grant: gone"),
            (#"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"no"}}"#, "INVALID_ARGUMENT: no"),
            (#"{"error":{"message":"no","type":"OAuthException","code":190}}"#, "OAuthException: no"),
            (#"{"error":{"code":190}}"#, "190"),
            (#"{"error":{"error":"invalid_client","error_description":"who?"}}"#, "invalid_client: who?"),
        ])
    func nested(body: String, text: String) throws {
        for status in [200, 400] { #expect(try error(body, "application/json", status)?.text == text) }
    }

    @Test(
        "A form counts as one whatever it is called, and a code of the standard alone is one",
        arguments: [
            ("error=invalid_grant&error_description=gone", ""), ("error=invalid_grant", "text/html"),
            ("error=invalid_grant", "application/octet-stream"), ("invalid_grant", "text/plain"),
            (" invalid_grant\n", ""), ("invalid_grant", "application/json"),
        ])
    func unlabelled(body: String, type: String) throws { #expect(try error(body, type)?.error == "invalid_grant") }

    @Test(
        "What names no error says nothing about the grant, however it reads",
        arguments: [
            ("<html>invalid_grant</html>", "text/html"), ("invalid_grant", "text/html"), ("Forbidden", "text/plain"),
            ("the grant is invalid_grant", "text/plain"), (#"{"error":{}}"#, "application/json"),
            (#"{"error":{"message":"invalid_grant"}}"#, "application/json"), (#"{"error":[]}"#, "application/json"),
            (#"{"error_description":"invalid_grant"}"#, "application/json"),
            (#"["invalid_grant"]"#, "application/json"),
            (#""invalid_grant""#, "application/json"), ("", "text/plain"), ("error=", "text/plain"),
        ])
    func nameless(body: String, type: String) throws {
        #expect(try error(body, type) == nil)
        switch TokenReply(try reply(body, status: 400, type: type)) {
        case .unknown, .refused: break
        default: throw Unexpected()
        }
    }

    @Test("Words that are not UTF-8 are made safe, the code counts")
    func notUTF8() throws {
        let json = Array(#"{"error":"invalid_grant","error_description":""#.utf8) + [0xE9, 0xFF] + Array(#""}"#.utf8)
        let form = Array("error=invalid_grant&error_description=".utf8) + [0xFF]
        for (body, type) in [(json, "application/json"), (form, "text/plain")] {
            guard case .error(let error, 400) = TokenReply(try reply(body, status: 400, type: type)) else {
                throw Unexpected()
            }
            #expect(error.error == "invalid_grant")
            #expect(isSafeToShow(error.text))
        }
    }

    @Test("A huge body is looked at only as JSON", arguments: ["text/plain", "text/html", ""])
    func huge(type: String) throws {
        #expect(try error("error=invalid_grant&x=" + String(repeating: "x", count: 20_000), type) == nil)
        let json = #"{"error":"invalid_grant","x":""# + String(repeating: "x", count: 500_000) + "\"}"
        #expect(try error(json, type)?.error == "invalid_grant")
    }

    // MARK: a person's tokens (provider: Slack)

    private func granted(_ body: String) throws -> TokenGrant {
        guard case .granted(let grant) = TokenReply(try reply(body)) else { throw Unexpected() }
        return grant
    }

    @Test("provider: Slack: the tokens of the person where the reply has none of its own")
    func person() throws {
        let grant = try granted(
            #"{"ok":true,"team":{"name":"Team"},"authed_user":{"id":"U1","scope":"a,b","token_type":"user","access_token":"PLANTED-ACCESS","refresh_token":"PLANTED-REFRESH","expires_in":43200}}"#
        )
        #expect(opened(grant.accessToken) == "PLANTED-ACCESS" && opened(grant.refreshToken) == "PLANTED-REFRESH")
        #expect(grant.lifetime == 43_200 && grant.scopes == ["a,b"] && grant.accountName == "Team")
    }

    @Test("provider: Slack: the reply's own token counts; the person's scopes only when they are that token's")
    func ownToken() throws {
        let same =
            #"{"access_token":"t","token_type":"user","scope":"","authed_user":{"access_token":"t","scope":"a"}}"#
        #expect(try granted(same).scopes == ["a"])
        let silent = #"{"access_token":"t","authed_user":{"scope":"a"}}"#
        #expect(try granted(silent).scopes == ["a"])
        let bot = #"{"access_token":"bot","scope":"","authed_user":{"access_token":"t","scope":"a"}}"#
        #expect(try granted(bot).scopes == nil)
        #expect(opened(try granted(bot).accessToken) == "bot")
        #expect(try granted(#"{"access_token":"t","scope":"b","authed_user":{"scope":"a"}}"#).scopes == ["b"])
    }

    @Test("An empty token of the reply's own is none: the person's counts")
    func emptyOwnToken() throws {
        let body = #"{"ok":true,"access_token":"","authed_user":{"access_token":"PLANTED-ACCESS"}}"#
        #expect(opened(try granted(body).accessToken) == "PLANTED-ACCESS")
    }

    @Test(
        "Bad input: a person's tokens that cannot be used are unusable, and none shows",
        arguments: [
            #"{"ok":true,"authed_user":{"access_token":"","refresh_token":"PLANTED-REFRESH"}}"#,
            #"{"ok":true,"authed_user":{"access_token":1}}"#, #"{"ok":true,"authed_user":"PLANTED-ACCESS"}"#,
            #"{"ok":true,"authed_user":{"access_token":"PLANTED-ACCESS","token_type":"mac"}}"#,
            #"{"ok":true,"access_token":5,"authed_user":{"access_token":"PLANTED-ACCESS"}}"#,
        ])
    func unusable(body: String) throws {
        guard case .unusable(let error) = TokenReply(try reply(body)) else { throw Unexpected() }
        #expect(error.code == .oauthTokenReplyInvalid)
        #expect(showsNoSecret("\(error)"))
    }
}
