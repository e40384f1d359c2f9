// Names, order and visibility of tools at an endpoint, and what is relayed of them and of their answers.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import Testing

@testable import OmlxEndpoint

struct CatalogueStateTests {
    private func tool(_ server: String, _ name: String, reads: Bool = false) -> HostTool {
        HostTool(server: server, tool: Tool(name: name, annotations: reads ? ["readOnlyHint": true] : nil))
    }

    private func names(_ state: CatalogueState, _ view: EndpointView) -> [String] {
        state.entries(view, .perRequest).compactMap { $0["name"]?.stringValue }
    }

    @Test("names are the same and stand in the same order, whatever order lists come in")
    func order() {
        let tools = [
            tool("b", "two"), tool("a", "one"),
            tool("a", "a tool with a very long name that no model takes as it is, at all"),
            tool("b", "one"),
        ]
        let state = CatalogueState(tools)
        let shown = names(state, EndpointView())
        #expect(shown == names(CatalogueState(tools.reversed()), EndpointView()))
        #expect(shown == shown.sorted() && shown.count == 4)
        #expect(shown.allSatisfy { $0.wholeMatch(of: /[A-Za-z0-9_-]{1,64}/) != nil }, "\(shown)")
        #expect(shown.contains("b__two"))
    }

    @Test("where a server stands alone its tools have their own names, and the long ones lead there too")
    func alone() {
        let state = CatalogueState([tool("a", "one"), tool("b", "one"), tool("a", "två")])
        let view = EndpointView(.server("a"))
        #expect(names(state, view).contains("one"))
        #expect(names(state, view).allSatisfy { $0.wholeMatch(of: /[A-Za-z0-9_-]{1,64}/) != nil })
        #expect(state.tool("one", view)?.tool.server == "a")
        #expect(state.tool("a__one", view)?.tool.server == "a")
        #expect(state.tool("b__one", view) == nil)
        #expect(state.tool("one", EndpointView()) == nil)
    }

    @Test("who asks and the address decide what is seen")
    func rights() {
        let state = CatalogueState([tool("a", "r", reads: true), tool("a", "w"), tool("b", "w")])
        #expect(names(state, EndpointView(permitted: ["a"])) == ["a__r", "a__w"])
        #expect(names(state, EndpointView(chosen: ["b"])) == ["b__w"])
        #expect(names(state, EndpointView(isReadOnly: true)) == ["a__r"])
        #expect(names(state, EndpointView(.server("b"), permitted: ["a"])) == [])
        #expect(state.tool("b__w", EndpointView(permitted: ["a"])) == nil)
        #expect(state.tool("a__w", EndpointView(isReadOnly: true)) != nil)
        #expect(!EndpointView(isReadOnly: true).mayCall(state.tools[1]))
    }

    @Test("all that a server says of a tool is handed on, but for what belongs to one hop")
    func entry() throws {
        let raw: JSON = [
            "name": "t", "title": "T", "icons": [["src": "x"]], "odd": 1.50,
            "inputSchema": [
                "properties": [
                    "q": ["type": "string", "x-mcp-header": "Q"], "x-mcp-header": ["type": "string"],
                ]
            ],
            "outputSchema": ["type": "array"],
            "_meta": ["io.modelcontextprotocol/x": 1, "ui": ["resourceUri": "ui://a"]],
        ]
        let shown = ShownTool(HostTool(server: "s", tool: try Tool(raw)), name: "s__t")
        let entry = shown.entry(named: "s__t", in: .perRequest)
        #expect(entry["title"] == "T" && entry["icons"] == [["src": "x"]] && entry["odd"]?.text() == "1.5")
        #expect(entry["_meta"] == ["ui": ["resourceUri": "ui://a"]])
        #expect(entry["inputSchema"]?["properties"]?["q"] == ["type": "string"])
        #expect(entry["inputSchema"]?["properties"]?["x-mcp-header"] == ["type": "string"])
        #expect(entry["inputSchema"]?["type"] == "object")
        #expect(entry["outputSchema"] == ["type": "array"])
        #expect(shown.entry(named: "s__t", in: .handshake(.v2025_11_25))["outputSchema"] == nil)
    }

    @Test("a result is handed on as it came; what clients would refuse is put into the form they know")
    func results() {
        let raw: JSON = [
            "content": [["type": "text", "text": "a", "odd": 1]], "structuredContent": [1], "resultType": "complete",
            "_meta": ["io.modelcontextprotocol/serverInfo": [:], "x": 1],
        ]
        let modern = ToolAnswer.result(ToolResult(json: raw), in: .perRequest)
        #expect(modern["content"] == raw["content"] && modern["structuredContent"] == [1])
        #expect(modern["_meta"] == ["x": 1] && modern["resultType"] == nil)
        let earlier = ToolAnswer.result(ToolResult(json: raw), in: .handshake(.v2025_11_25))
        #expect(earlier["structuredContent"] == nil)
        for odd: JSON in ["text", ["content": "text"], ["content": ["type": "text", "text": "text"]]] {
            let result = ToolAnswer.result(ToolResult(json: odd), in: .perRequest)
            #expect(result["content"] == [["type": "text", "text": "text"]], "\(odd)")
        }
    }

    @Test(
        "a server's refusal is handed on, a missing tool is a fault of the request, and of the rest the model is told")
    func failures() throws {
        var refused = OmlxError(.protocolErrorResponse, "the server answered with error -32050")
        refused.reply = OmlxError.Reply(code: -32050, message: "no", data: #"{"a":1}"#)
        #expect(
            ToolAnswer.failure(refused, wording: { $0.plainWords }) == .failure(RPCFault(-32050, "no", data: ["a": 1])))
        refused.reply?.code = -32022
        guard case .failure(let mapped) = ToolAnswer.failure(refused, wording: { $0.plainWords }) else {
            Issue.record("a code of the other hop is no result")
            return
        }
        #expect(mapped.code == -32603)
        let unknown = ToolAnswer.failure(OmlxError(.protocolToolUnknown, "none"), wording: { $0.plainWords })
        #expect(unknown == .failure(RPCFault(-32602, "none", data: ["code": "PROTOCOL_TOOL_UNKNOWN"])))
        let silent = OmlxError(.transportTimeout, "no answer", nextStep: "try again")
        let told = try ToolAnswer.failure(silent, wording: { $0.plainWords }).get()
        #expect(told["isError"] == true)
        #expect(told["content"]?[0]?["text"] == "TRANSPORT_TIMEOUT: no answer. Next: try again")
    }
}
