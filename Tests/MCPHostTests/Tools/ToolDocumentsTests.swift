// Tools and results as programs read them: nothing a server sent is lost.

import OmlxJSON
import Testing

@testable import OmlxMCPClient
@testable import OmlxMCPHost

@Suite("tools and results as documents")
struct ToolDocumentsTests {
    private static let raw: JSON = [
        "name": "t", "title": "Tool", "description": "does", "inputSchema": ["type": "object"],
        "outputSchema": ["type": "array"],
        "annotations": ["readOnlyHint": true], "icons": [["src": "https://example.com/i.png"]],
        "execution": ["taskSupport": "optional"], "_meta": ["k": 1], "x-own": [1.50],
    ]

    @Test("every member of a tool is there")
    func tool() throws {
        let tool = try Tool(Self.raw)
        let json = HostTool(server: "s", tool: tool).json
        for name in ["title", "outputSchema", "annotations", "icons", "execution", "_meta", "x-own"] {
            #expect(json[name] == Self.raw[name], "\(name)")
        }
        #expect(json["name"] == "s__t" && json["server"] == "s" && json["tool"] == "t" && json["as_sent"] == nil)
        #expect(json["description"] == "does" && json["parameters"] == ["type": "object"] && json["inputSchema"] == nil)
    }

    @Test("members whose names are omlx's own, or that were read otherwise, are kept apart")
    func shadowed() throws {
        var raw = Self.raw
        raw["server"] = "mine"
        raw["schema"] = "omlx/call/1"
        raw["description"] = 5
        raw["inputSchema"] = "none"
        let json = HostTool(server: "s", tool: try Tool(raw)).json
        #expect(json["server"] == "s" && json["description"] == .null && json["schema"] == nil)
        #expect(
            json["as_sent"] == ["description": 5, "inputSchema": "none", "server": "mine", "schema": "omlx/call/1"])
    }

    @Test("every member of a result is there")
    func result() {
        let raw: JSON = [
            "content": [["type": "text", "text": "x", "annotations": ["audience": ["user"]], "_meta": ["a": 1]]],
            "structuredContent": ["n": 1], "isError": false, "_meta": ["b": 2], "error": "theirs", "more": [1],
        ]
        let members = JSON.object(ToolResult(json: raw).members(of: "s__t"))
        #expect(members["content"] == raw["content"] && members["structured_content"] == ["n": 1])
        #expect(members["_meta"] == ["b": 2] && members["more"] == [1] && members["is_error"] == false)
        #expect(members["error"] == nil && members["as_sent"] == ["error": "theirs"])
    }

    @Test(
        "results in other forms lose nothing either",
        arguments: [
            ("text", nil), (.null, nil), (5, 5), (["content": "text"], ["content": "text"]),
            (["toolResult": ["x": 1]], nil), (["content": .null], nil), (["isError": "true"], ["isError": "true"]),
        ] as [(JSON, JSON?)])
    func otherForms(raw: JSON, asSent: JSON?) {
        let members = ToolResult(json: raw).members(of: "t")
        #expect(members["as_sent"] == asSent)
        #expect(members["toolResult"] == raw["toolResult"])
    }
}
