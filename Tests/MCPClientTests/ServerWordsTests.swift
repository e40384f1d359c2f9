// The reason a server gives, in the bodies servers and gateways write.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("the server's own words")
struct ServerWordsTests {
    private func words(
        _ status: Int, _ type: String?, _ body: String, headers: [(String, String)] = [], secret: String? = nil
    ) throws -> OmlxError {
        var fields = HTTPHeaders()
        if let type { fields.append("Content-Type", type) }
        for (name, value) in headers { fields.append(name, value) }
        let head = HTTPResponseHead(status: status, headers: fields, url: try HTTPURL("http://127.0.0.1:1/mcp"))
        let redactor = Redactor()
        if let secret { redactor.learn(secret) }
        let judgement = StatusJudgement(head: head, body: Array(body.utf8), label: "initialize", redactor: redactor)
        return OmlxError(converting: judgement.error(), during: "initialize")
    }

    @Test(
        "the reason stands in the message, whatever shape it comes in",
        arguments: [
            ("text/plain; charset=utf-8", "missing header X-Api-Key\n", "missing header X-Api-Key"),
            (nil, "missing header X-Api-Key", "missing header X-Api-Key"),
            ("application/json", #"{"detail": "Workspace acme is suspended"}"#, "Workspace acme is suspended"),
            ("application/json", #"{"message": "Over quota", "statusCode": 400}"#, "Over quota"),
            ("application/json", #"{"Message": "Over quota"}"#, "Over quota"),
            ("application/json", #"{"error": "Over quota"}"#, "Over quota"),
            (
                "application/json", #"{"error": "quota_exceeded", "error_description": "Over quota"}"#,
                "quota_exceeded: Over quota"
            ),
            ("application/json", #"{"error": {"code": "FORBIDDEN", "message": "IP refused"}}"#, "IP refused"),
            ("application/json", #"{"error": {"code": "FORBIDDEN"}}"#, "FORBIDDEN"),
            ("application/json", #"{"errors": [{"message": "one"}, {"detail": "two"}]}"#, "one; two"),
            (
                "application/json", #"{"detail": [{"loc": ["body", "method"], "msg": "Field required"}]}"#,
                "body.method: Field required"
            ),
            ("application/json", #"{"fault": {"faultstring": "Invalid ApiKey"}}"#, "Invalid ApiKey"),
            ("application/json", #""no such workspace""#, "no such workspace"),
            ("application/json", #"{"ok": false, "why": "closed"}"#, #"{"ok":false,"why":"closed"}"#),
            (
                "application/problem+json", #"{"type": "about:blank", "title": "Suspended", "detail": "Until May"}"#,
                "Suspended: Until May"
            ),
            ("text/html", #"{"detail": "wrongly named"}"#, "wrongly named"),
            (
                "text/html; charset=utf-8",
                "<!doctype html><html><head><title>403 Forbidden</title></head><body><h1>Blocked by Acme WAF</h1></body>",
                "403 Forbidden: Blocked by Acme WAF"
            ),
            ("text/html", "<HTML><HEAD><TITLE>Down &amp; out</TITLE></HEAD>", "Down & out"),
            ("text/html", "<h1 class='x'>Not <b>here</b></h1>", "Not here"),
            (
                "text/html", "<html><style>p{}</style><body><script>x()</script><p>Only\n&#116;ext</p></body></html>",
                "Only text"
            ),
            ("application/xml", "<Error><Code>AccessDenied</Code><Message>No entry</Message></Error>", "No entry"),
            ("text/event-stream", "event: error\ndata: {\"message\": \"Over quota\"}\n", "Over quota"),
            ("text/plain", "one\n\n  two\n", "one two"),
        ] as [(String?, String, String)])
    func shapes(type: String?, body: String, expected: String) throws {
        for status in [400, 403, 404, 405, 410, 422, 500, 503] {
            let error = try words(status, type, body)
            #expect(error.message.hasSuffix(": " + expected), "\(status): \(error.message)")
            #expect(error.serverWords == expected)
        }
    }

    @Test(
        "what says nothing adds nothing",
        arguments: [
            (nil, ""), ("text/plain", " \n"), ("application/json", "{}"),
            ("application/json", "[]"), ("image/png", "\u{0}\u{1}"), ("text/html", "<html></html>"),
        ] as [(String?, String)])
    func nothing(type: String?, body: String) throws {
        let error = try words(400, type, body)
        #expect(error.message == "the server answered initialize with 400")
        #expect(error.serverWords == nil)
    }

    @Test("a long reason is cut, one that steers a terminal made harmless, a secret hidden")
    func harmless() throws {
        let long = try words(500, "text/plain", String(repeating: "long ", count: 10_000))
        #expect(long.message.count < 400 && long.message.hasSuffix("…"))
        #expect(try words(400, "text/plain", "a\u{1B}[31mb\u{202E}").serverWords == "a\u{FFFD}[31mb\u{FFFD}")
        let told = try words(
            400, "application/json", #"{"detail": "bad key sk-123456-very-secret"}"#, secret: "sk-123456-very-secret")
        #expect(told.message.hasSuffix("bad key <redacted>"))
        let cut = try words(
            400, "text/plain", String(repeating: "x", count: 290) + " sk-123456-very-secret",
            secret: "sk-123456-very-secret")
        #expect(!cut.message.contains("sk-"))
    }

    @Test("a body in another charset, and one that is no UTF-8, are shown as well as can be")
    func charset() {
        #expect(ServerWords.reason(in: [0x6E, 0xE9], type: "text/plain", charset: "iso-8859-1") == "né")
        #expect(ServerWords.reason(in: [0x6E, 0xE9], type: "text/plain") == "n\u{FFFD}")
    }

    @Test("JSON nested without end has no reason, and hurts nothing")
    func deep() throws {
        let depth = 150
        let body = String(repeating: #"{"error":"#, count: depth) + "1" + String(repeating: "}", count: depth)
        #expect(try words(400, "application/json", body).httpStatus == 400)
    }

    @Test(
        "429 and 503 tell how long to wait: seconds or a date",
        arguments: [
            ("30", "again after 30 s"), ("Wed, 21 Oct 2026 07:28:00 GMT", "again after Wed, 21 Oct 2026 07:28:00 GMT"),
            ("100000", "again after 100000 s"),
        ])
    func retryAfter(value: String, expected: String) throws {
        for status in [429, 503] {
            let error = try words(
                status, "application/json", #"{"message": "slow"}"#, headers: [("Retry-After", value)])
            #expect(error.message.contains(expected) && error.message.hasSuffix(": slow"), "\(error.message)")
        }
        #expect(try words(429, nil, "").message == "the server asks to slow down (429)")
    }

    @Test("a JSON-RPC error is told with what its data says beyond the message")
    func data() throws {
        let body = #"{"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "Internal error", "data": DATA}}"#
        for (data, expected) in [
            (#""API key expired""#, "Internal error: API key expired"),
            (#"{"details": "API key expired"}"#, "Internal error: API key expired"),
            ("null", "Internal error"), ("{}", "Internal error"), (#"{"reason": "internal error"}"#, "Internal error"),
        ] {
            let error = try words(400, "application/json", body.replacing("DATA", with: data))
            #expect(error.message == "the server answered initialize with error -32603: \(expected)")
        }
    }
}
