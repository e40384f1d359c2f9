// Refusals in words of the server's own: an answer to the request, but no OAuth error.

import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth
import Testing

@Suite("Refusals in other words")
struct UnnamedRefusalTests {
    private func refusal(_ body: String, _ status: Int, _ type: String = "application/json") throws -> UnnamedRefusal? {
        guard case .refused(let refusal) = TokenReply(try reply(body, status: status, type: type)) else { return nil }
        #expect(refusal.status == status)
        return refusal
    }

    @Test(
        "JSON that is no OAuth error is a refusal, and its words are kept whatever members they stand in",
        arguments: [
            (
                #"{"code":400,"error_code":"refresh_token_not_found","msg":"Invalid Refresh Token"}"#,
                "refresh_token_not_found: Invalid Refresh Token"
            ),
            (
                #"{"errorCode":"invalid_grant","errorSummary":"The refresh token is invalid."}"#,
                "invalid_grant: The refresh token is invalid."
            ),
            (#"{"code":"invalid_grant","message":"expired"}"#, "invalid_grant: expired"),
            (#"{"message":"Refresh token expired"}"#, "Refresh token expired"),
            (#"{"detail":"Token has been revoked"}"#, "Token has been revoked"),
            (#"{"errors":[{"code":"invalid_grant","message":"x"}]}"#, "invalid_grant: x"),
            (#"{"errors":["gone"]}"#, "gone"), (#"{"detail":[{"msg":"field required"}]}"#, "field required"),
            (#"{"error":{"message":"dead"}}"#, "dead"), (#"{"title":"Bad","detail":"dead"}"#, "Bad: dead"),
            (#"{"code":40030}"#, "40030"), (#"[{"message":"dead"}]"#, "dead"), (#"["dead"]"#, "dead"),
            (#"{"error_description":"dead"}"#, "dead"),
        ])
    func words(body: String, words: String) throws {
        for status in [400, 401, 403, 410, 422] { #expect(try refusal(body, status)?.words == words) }
        #expect(try refusal(body, 400)?.text == "HTTP 400, \(words)")
    }

    @Test(
        "JSON without any words is a refusal without any", arguments: ["{}", "[]", #"{"x":{"y":1}}"#, #"{"error":[]}"#])
    func wordless(body: String) throws {
        let refusal = try #require(try refusal(body, 400))
        #expect(refusal.words == nil && refusal.text == "HTTP 400")
    }

    @Test("400 and 401 refuse with plain text and with nothing as well", arguments: [400, 401])
    func plain(status: Int) throws {
        #expect(try refusal("refresh token\n expired", status, "text/plain")?.words == "refresh token expired")
        #expect(try refusal("", status, "text/plain")?.text == "HTTP \(status)")
        #expect(try refusal("", status, "text/html") != nil)
    }

    @Test(
        "A page for people, and what means not now, or says nothing about the request, is no refusal",
        arguments: [
            (400, "<html>Bad Request</html>", "text/html"), (401, "<!doctype html>", ""),
            (400, " <html>", "text/plain"),
            (404, #"{"message":"no route"}"#, "application/json"), (405, "{}", "application/json"),
            (404, "no", "text/plain"), (404, "", ""), (403, "<html>", "text/html"), (403, "Forbidden", "text/plain"),
            (407, "{}", "application/json"), (408, "{}", "application/json"), (425, "{}", "application/json"),
            (429, "{}", "application/json"), (500, #"{"message":"dead"}"#, "application/json"), (302, "{}", ""),
        ])
    func none(status: Int, body: String, type: String) throws {
        #expect(try refusal(body, status, type) == nil)
        guard case .unknown = TokenReply(try reply(body, status: status, type: type)) else { throw Unexpected() }
    }

    @Test("P26: hostile words are cut and made safe, in JSON and in plain text")
    func hostile() throws {
        let json = #"{"message":"\u001b[2J\u202e\#(String(repeating: "A", count: 10_000))"}"#
        let plain = "\u{1B}[2J\u{202E}" + String(repeating: "A", count: 10_000)
        for (body, type) in [(json, "application/json"), (plain, "text/plain")] {
            let text = try #require(try refusal(body, 400, type)).text
            #expect(isSafeToShow(text) && text.count < 300)
        }
        let deep = String(repeating: #"{"error":"#, count: 400) + "1" + String(repeating: "}", count: 400)
        _ = try refusal(deep, 400)
    }

    @Test("RFC 7009: a success that says it is none is no confirmation", arguments: ["ok", "success", "revoked"])
    func revocation(member: String) throws {
        let answer = try reply(#"{"\#(member)":false}"#)
        #expect(RevocationReply.problem(answer) == "HTTP 200, \"\(member)\": false")
        #expect(RevocationReply.problem(try reply(#"{"\#(member)":true}"#)) == nil)
    }
}

@Suite("Who one is at the revocation endpoint")
struct RevocationMethodTests {
    @Test(
        "RFC 8414 §2: the method of the token endpoint where it is listed or no list is there, else one that is listed",
        arguments: [
            (ClientAuthMethod.basic, nil, nil), (.basic, ["client_secret_basic", "none"], nil),
            (.basic, ["client_secret_post"], ClientAuthMethod.post), (.post, ["client_secret_basic"], .basic),
            (.basic, ["none"], ClientAuthMethod.none), (.basic, ["private_key_jwt"], nil), (.basic, [], nil),
        ] as [(ClientAuthMethod, [String]?, ClientAuthMethod?)])
    func method(own: ClientAuthMethod, listed: [String]?, chosen: ClientAuthMethod?) {
        let client = OAuthClient(id: "c", secret: .init("PLANTED-CLIENT-SECRET"), authMethod: own)
        #expect(client.revocationMethod(among: listed) == chosen)
    }

    @Test("A public client has nothing else to show")
    func publicClient() {
        let client = OAuthClient(id: "c", authMethod: .none)
        #expect(client.revocationMethod(among: ["client_secret_basic"]) == nil)
        #expect(client.revocationMethod(among: ["none"]) == nil)
    }
}
