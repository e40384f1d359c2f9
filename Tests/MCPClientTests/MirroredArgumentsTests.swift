// Arguments that go with a call as headers: which schemas may ask for it, and what is sent.

import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("Arguments mirrored into headers (MCP 2026-07-28, tools)")
struct MirroredArgumentsTests {
    private func schema(_ properties: JSON) -> JSON { ["type": "object", "properties": properties] }

    private func sent(_ schema: JSON, _ arguments: JSON) throws -> [String] {
        try MirroredArguments(schema).headers(of: arguments).map { header in
            guard case .plain(let value) = header.value else { return "secret" }
            return "\(header.name): \(value)"
        }
    }

    @Test("A3.7, A3.8, A3.11: texts, integers and truth values, also of objects within")
    func values() throws {
        let schema = schema([
            "region": ["type": "string", "x-mcp-header": "Region"],
            "count": ["type": "integer", "x-mcp-header": "Count"],
            "where": ["type": "object", "properties": ["dry": ["type": "boolean", "x-mcp-header": "Dry-Run"]]],
            "plain": ["type": "string"],
        ])
        let arguments: JSON = ["region": "eu west", "count": -3, "where": ["dry": false], "plain": "x"]
        #expect(
            try sent(schema, arguments).sorted() == [
                "Mcp-Param-Count: -3", "Mcp-Param-Dry-Run: false", "Mcp-Param-Region: eu west",
            ])
    }

    @Test("A3.10: what is absent or null has no header, an empty text has an empty one")
    func absent() throws {
        let schema = schema(["a": ["type": "string", "x-mcp-header": "A"]])
        #expect(try sent(schema, [:]).isEmpty)
        #expect(try sent(schema, ["a": .null]).isEmpty)
        #expect(try sent(schema, ["a": ""]) == ["Mcp-Param-A: "])
        #expect(try sent(schema, ["a": ["x"]]).isEmpty, "what does not fit the schema is the server's to refuse")
    }

    @Test("A3.12: integers beyond what a double holds are not sent as headers")
    func largeIntegers() throws {
        let schema = schema(["n": ["type": "integer", "x-mcp-header": "N"]])
        #expect(try sent(schema, ["n": 9_007_199_254_740_991]) == ["Mcp-Param-N: 9007199254740991"])
        #expect(try sent(schema, ["n": 9_007_199_254_740_992]).isEmpty)
    }

    @Test(
        "A3.9: what would not come through a header as it is goes as base64 between marks",
        arguments: [
            ("Zürich", "=?base64?WsO8cmljaA==?="), (" x", "=?base64?IHg=?="), ("x\t", "=?base64?eAk=?="),
            ("a\r\nB: c", "=?base64?YQ0KQjogYw==?="), ("=?base64?eA==?=", "=?base64?PT9iYXNlNjQ/ZUE9PT89?="),
            ("plain text", "plain text"), ("=?base64?", "=?base64?"), ("", ""),
        ])
    func encoding(text: String, expected: String) { #expect(MirroredArguments.encoded(text) == expected) }

    @Test(
        "A3.12: a tool whose schema asks for what must not be sent cannot be used",
        arguments: [
            ["a": ["type": "string", "x-mcp-header": ""]], ["a": ["type": "string", "x-mcp-header": "a b"]],
            ["a": ["type": "string", "x-mcp-header": "a\r\nb"]], ["a": ["type": "string", "x-mcp-header": 3]],
            ["a": ["type": "number", "x-mcp-header": "A"]], ["a": ["type": "object", "x-mcp-header": "A"]],
            ["a": ["x-mcp-header": "A"]],
            ["a": ["type": "string", "x-mcp-header": "A"], "b": ["type": "string", "x-mcp-header": "a"]],
            ["a": ["type": "array", "items": ["type": "string", "x-mcp-header": "A"]]],
            ["a": ["anyOf": [["type": "string", "x-mcp-header": "A"]]]],
            ["a": ["type": "string", "$ref": "#/$defs/x", "x-mcp-header": "A"]],
        ] as [JSON])
    func faults(properties: JSON) {
        #expect(throws: MirroredArguments.Fault.self) { try MirroredArguments(schema(properties)) }
    }

    @Test("a schema that only mentions the word in an example, or nests without end, is as any other")
    func unharmed() throws {
        #expect(try MirroredArguments(schema(["a": ["type": "string", "description": "x-mcp-header"]])).places.isEmpty)
        var deep: JSON = ["type": "string", "x-mcp-header": "A"]
        for _ in 0..<500 { deep = schema(["a": deep]) }
        #expect(try MirroredArguments(deep).places.isEmpty)
    }
}
