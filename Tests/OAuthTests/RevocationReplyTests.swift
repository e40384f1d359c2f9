// RFC 7009 §2.2: what the answer to a revocation means.

import OmlxOAuth
import Testing

@Suite("Revocation reply")
struct RevocationReplyTests {
    @Test(
        "RFC 7009 §2.2: 200 confirms, whatever the body",
        arguments: ["", "{}", "<html>", "null", #"{"ok":true}"#, #"{"error":""}"#])
    func confirmed(body: String) throws {
        #expect(RevocationReply.problem(try reply(body, status: 200)) == nil)
        #expect(RevocationReply.problem(try reply(body, status: 204)) == nil)
    }

    @Test(
        "RFC 7009 §2.2.1: an error is told with status and words",
        arguments: [
            (
                400, #"{"error":"unsupported_token_type","error_description":"no"}"#,
                "HTTP 400, unsupported_token_type: no"
            ),
            (401, #"{"error":"invalid_client"}"#, "HTTP 401, invalid_client"), (503, "<html>", "HTTP 503"),
            (404, "", "HTTP 404"),
            (302, "", "HTTP 302"),
        ])
    func problem(status: Int, body: String, text: String) throws {
        #expect(RevocationReply.problem(try reply(body, status: status)) == text)
    }

    @Test("provider: Slack: an error with status 200 is no confirmation")
    func slack() throws {
        #expect(
            RevocationReply.problem(try reply(#"{"ok":false,"error":"token_revoked"}"#)) == "HTTP 200, token_revoked")
    }

    @Test("P2: a page for people with status 200 is no confirmation; an empty one is")
    func page() throws {
        let page = try reply("<!doctype html>", status: 200, type: "text/html; charset=utf-8")
        #expect(RevocationReply.problem(page) == "HTTP 200, a page for people")
        #expect(RevocationReply.problem(try reply("", status: 200, type: "text/html")) == nil)
    }

    @Test("P26: hostile words are cut and made safe")
    func hostile() throws {
        let words = #"\u001b[2J\u202e"# + String(repeating: "A", count: 10_000)
        let text = RevocationReply.problem(
            try reply(#"{"error":"\#(words)","error_description":"\#(words)"}"#, status: 400))
        #expect(isSafeToShow(text ?? "\u{1B}"))
        #expect((text?.count ?? 1000) < 400)
    }
}
