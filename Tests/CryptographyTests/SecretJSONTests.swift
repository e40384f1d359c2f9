// Secrets are taken out of JSON text before a parser sees it.

import OmlxCryptography
import Testing

@Suite struct SecretJSONTests {
    private func take(_ text: String, _ names: Set<String>) -> (secrets: [String: Secret], rest: String) {
        var bytes = Array(text.utf8)
        let secrets = Secret.take(names, from: &bytes)
        return (secrets, String(decoding: bytes, as: UTF8.self))
    }

    @Test("RFC 6749 §5.1: the tokens of a reply are taken, the rest stays as it was")
    func tokenReply() {
        let (secrets, rest) = take(
            #"{ "access_token" : "at\/1", "expires_in":3600,"refresh_token":"rt","scope":"a b" }"#,
            ["access_token", "refresh_token", "id_token"])
        #expect(secrets == ["access_token": Secret("at/1"), "refresh_token": Secret("rt")])
        #expect(rest == #"{ "access_token" : "", "expires_in":3600,"refresh_token":"","scope":"a b" }"#)
    }

    @Test("an escaped member name is the same name (RFC 8259 §8.3)")
    func escapedName() {
        let (secrets, rest) = take(#"{"access_\u0074oken":"x"}"#, ["access_token"])
        #expect(secrets == ["access_token": Secret("x")])
        #expect(!rest.contains("x\""))
    }

    @Test("members of inner objects, array elements and other types are not the top level's members")
    func onlyTopLevel() {
        let text = #"{"a":{"t":"1"},"b":["t","2",{"t":"3"}],"t":5,"c":"t"}"#
        let (secrets, rest) = take(text, ["t"])
        #expect(secrets.isEmpty)
        #expect(rest == text)
    }

    @Test("an inner member is taken by its path")
    func innerPath() {
        var bytes = Array(#"{"authed_user":{"access_token":"u","id":"U1"},"access_token":"b"}"#.utf8)
        let secrets = Secret.take(from: &bytes) { $0.last == "access_token" }
        #expect(secrets == [["authed_user", "access_token"]: Secret("u"), ["access_token"]: Secret("b")])
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"authed_user":{"access_token":"","id":"U1"},"access_token":""}"#)
    }

    @Test("of a member written twice the last one counts, and neither stays")
    func duplicate() {
        let (secrets, rest) = take(#"{"t":"first","t":"second"}"#, ["t"])
        #expect(secrets == ["t": Secret("second")])
        #expect(rest == #"{"t":"","t":""}"#)
    }

    @Test(
        "what is no JSON is left for the parser to refuse, without a trap",
        arguments: [
            "", "{", "}", "]]}}", "\"", "{\"", "{\"t", "{\"t\"", "{\"t\":", "{\"t\":\"", "{\"t\":\"x", "{\"t\":\"x\\",
            "[\"t\":\"x\"]", "{\"t\":\"\\u12\"}", "{\"t\":\"\\uD83D\\u\"}", ":,:,", "{,:\"x\"}", "\"t\":\"x\"",
            "{\"t\":\"a\u{1}\"}", "{\"\\x\":\"y\"}",
        ])
    func malformed(text: String) {
        let (_, rest) = take(text, ["t"])
        #expect(rest.utf8.count <= text.utf8.count)
    }

    @Test("deep nesting needs no stack")
    func deep() {
        let text = String(repeating: "{\"a\":", count: 100_000) + "\"x\""
        let (secrets, _) = take(text, ["t"])
        #expect(secrets.isEmpty)
    }

    @Test(
        "RFC 8259 §7: escapes are resolved",
        arguments: [
            (#"a\"b\\c\/d"#, "a\"b\\c/d"), (#"\b\f\n\r\t"#, "\u{8}\u{C}\n\r\t"), (#"\u00e9\u20AC"#, "é€"),
            (#"\ud83d\ude00"#, "😀"), (#"\ud83dx"#, "\u{FFFD}x"), (#"\ud83d\u0041"#, "\u{FFFD}A"), ("é", "é"),
        ])
    func escapes(content: String, text: String) {
        #expect(Secret(jsonString: Array(content.utf8)) == Secret(text))
    }

    @Test(
        "what is no content of a JSON string is refused",
        arguments: ["\"", "\\", "\\q", "\\u12", "\\u12G4", "a\nb", "\\u-123"])
    func refusedContent(content: String) { #expect(Secret(jsonString: Array(content.utf8)) == nil) }

    @Test("bytes that are not UTF-8 are refused both ways")
    func notUTF8() {
        #expect(Secret(jsonString: [0x61, 0xFF]) == nil)
        var output: [UInt8] = [1]
        #expect(!Secret([0xC3]).appendJSONString(to: &output))
        #expect(output == [1])
    }

    @Test("a secret written as a JSON string reads back as itself")
    func writing() {
        let secret = Secret("quote\" backslash\\ line\n null\u{0} delete\u{7F} é 😀")
        var output: [UInt8] = []
        #expect(secret.appendJSONString(to: &output))
        #expect(output.count <= secret.maximumJSONCount)
        #expect(Secret(jsonString: output.dropFirst().dropLast()) == secret)
    }
}
