// Edits of a configuration file's text: one value changes, every other byte stays.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxConfiguration

@Suite struct ConfigurationEditTests {
    private func edited(_ text: String, _ path: [String], _ value: JSON) throws -> String {
        let bytes = try ConfigurationEdit(path: path, value: value).applied(to: Array(text.utf8))
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("a value is replaced where it stands; comments, order and spacing stay")
    func replaces() throws {
        let text =
            "{ // a\n  \"servers\": { /* b */\n    \"x\" : { \"url\":\"old\" /* c */ , \"z\": [1,{\"url\":2}] },\n  },\n}\n"
        let result = try edited(text, ["servers", "x", "url"], "new")
        #expect(result == text.replacing("\"old\"", with: "\"new\""))
    }

    @Test("a member is added behind the last one, before a comment at its line's end")
    func adds() throws {
        let text = "{\n\t\"x\": {\n\t\t\"a\": 1 // one\n\t}\n}"
        #expect(try edited(text, ["x", "b"], true) == "{\n\t\"x\": {\n\t\t\"a\": 1, // one\n\t\t\"b\": true\n\t}\n}")
    }

    @Test("a trailing comma is no reason for two")
    func trailingComma() throws {
        let text = "{\n  \"a\": 1,\n}"
        #expect(try edited(text, ["b"], 2) == "{\n  \"a\": 1,\n  \"b\": 2\n}")
        #expect(try edited("{\"a\": 1,}", ["b"], 2) == "{\"a\": 1, \"b\": 2}")
    }

    @Test("objects that are not there yet are made; an empty one is filled")
    func nests() throws {
        #expect(
            try edited("{\"x\": {\"a\": 1}}", ["x", "auth", "issuer"], "i")
                == "{\"x\": {\"a\": 1, \"auth\": {\"issuer\": \"i\"}}}".replacing(
                    "\"issuer\": \"i\"", with: "\"issuer\":\"i\""))
        #expect(try edited("{\n  \"x\": {}\n}", ["x", "a"], 1) == "{\n  \"x\": {\n    \"a\": 1\n  }\n}")
        #expect(try edited("{ /* nothing */ }", ["a"], 1) == "{ /* nothing */\n  \"a\": 1\n}")
    }

    @Test("of a name that stands twice the last one is changed, as it is the one that counts")
    func duplicates() throws {
        #expect(try edited("{\"a\": 1, \"a\": 2}", ["a"], 3) == "{\"a\": 1, \"a\": 3}")
    }

    @Test("texts with quotes, braces and comment marks in them confuse nothing")
    func awkward() throws {
        let text = #"{"a\"}": "// } \\", "b": {"c": "/*"}, "d": "*/"}"#
        #expect(try edited(text, ["b", "c"], "x") == text.replacing("\"/*\"", with: "\"x\""))
    }

    @Test("a byte order mark and Windows line ends stay")
    func marks() throws {
        let text = "\u{FEFF}{\r\n  \"a\": 1\r\n}"
        let result = try edited(text, ["a"], 2)
        #expect(Array(result.utf8) == Array("\u{FEFF}{\r\n  \"a\": 2\r\n}".utf8))
    }

    @Test("what is no object cannot be edited", arguments: ["[]", "1", "{", "", "{\"a\": 1}", "{\"a\": []}"])
    func refused(text: String) {
        #expect(throws: OmlxError.self) { _ = try edited(text, ["a", "b"], 1) }
    }

    @Test("whatever is edited reads as it was but for the edit", arguments: 0..<200)
    func property(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let text = Self.anyObject(depth: 3, &random)
        let before = try JSON.parseLocated(Array(text.utf8)).value
        let key = ["a", "b", "c d", "e\\\"f"].randomElement(using: &random) ?? "a"
        let name = try #require(JSON(parsing: "\"\(key)\"").stringValue)
        let result = try edited(text, [name], "set")
        let after = try JSON.parseLocated(Array(result.utf8)).value
        var expected = try #require(before.objectValue)
        expected[name] = "set"
        #expect(after == .object(expected), "\(text)\n→\n\(result)")
    }

    private static func anyObject(depth: Int, _ random: inout SeededGenerator) -> String {
        let spaces = ["", " ", "\n", "\n  ", " // x\n", " /* } */ "]
        func space(_ random: inout SeededGenerator) -> String { spaces.randomElement(using: &random) ?? "" }
        var text = "{" + space(&random)
        let keys = ["a", "b", "c d", "e\\\"f"].shuffled(using: &random).prefix(Int.random(in: 0...4, using: &random))
        for (index, key) in keys.enumerated() {
            let inner =
                depth > 0 && Bool.random(using: &random)
                ? anyObject(depth: depth - 1, &random)
                : ["1", "\"}\"", "[1, {\"a\": 2}]", "null"].randomElement(using: &random) ?? "1"
            let isLast = index == keys.count - 1
            let comma = isLast && Bool.random(using: &random) ? "" : ","
            text +=
                "\"\(key)\"" + space(&random) + ":" + space(&random) + inner + space(&random) + comma + space(&random)
        }
        return text + "}"
    }
}

/// Random numbers that are the same each time.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

@Suite struct ConfigurationDiffTests {
    @Test("the lines that differ and two around them, without values that may be secret (P26)")
    func diff() {
        let old =
            "{\n  \"s\": {\n    \"x\": {\n      \"url\": \"https://a\", // token=hunter2\n      \"headers\": {\"K\": \"hunter2\"}\n    }\n  }\n}\n"
        let new = old.replacing("https://a", with: "https://b")
        let text = ConfigurationDiff.text(from: Array(old.utf8), to: Array(new.utf8), file: "mcp.json")
        #expect(
            text == """
                --- mcp.json
                +++ mcp.json
                @@ -2,5 +2,5 @@
                   "s": {
                     "x": {
                -      "url": "https://a", // …
                +      "url": "https://b", // …
                       "headers": {"K": "…"}
                     }
                """)
    }

    @Test("no difference, no text")
    func same() { #expect(ConfigurationDiff.text(from: [1], to: [1], file: "f").isEmpty) }

    @Test(
        "what a line shows",
        arguments: [
            (#""args": ["--token", "abc"],"#, #""args": ["…", "…"],"#),
            (#""url": "https://a/?key=abc""#, #""url": "…""#), (#"  secret in a comment"#, "…"),
            (#""a": "x\"y", "url": "u""#, #""a": "…", "url": "u""#),
            (#""n": 12.5, "b": true"#, #""n": 12.5, "b": true"#),
            (#""unfinished"#, #""…""#),
        ])
    func masked(line: String, shown: String) { #expect(ConfigurationDiff.masked(line) == shown) }
}
