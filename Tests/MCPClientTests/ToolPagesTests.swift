// The pages of a tool list as sequences of events.

import ErrorCatalogue
import JSON
import Testing

@testable import MCPClient

@Suite("Tool list")
struct ToolPagesTests {
    private func page(_ names: [String], next: JSON? = nil) -> JSON {
        var object: JSONObject = ["tools": .array(names.map { ["name": .string($0), "inputSchema": [:]] })]
        object["nextCursor"] = next
        return .object(object)
    }

    private func names(_ action: ToolPages.Action) -> [String]? {
        guard case .finished(let tools, _) = action else { return nil }
        return tools.map(\.name)
    }

    private func code(_ action: ToolPages.Action) -> ErrorCode? {
        guard case .fail(let error) = action else { return nil }
        return error.code
    }

    @Test("E1.1: pages are joined until no cursor comes, also when it is null", arguments: [nil, .null] as [JSON?])
    func joined(last: JSON?) {
        var pages = ToolPages()
        #expect(pages.received(page(["a", "b"], next: "x y")) == .request(cursor: "x y"))
        #expect(names(pages.received(page(["c"], next: last))) == ["a", "b", "c"])
    }

    @Test("E1.1: the empty string is a cursor")
    func emptyCursor() {
        var pages = ToolPages()
        #expect(pages.received(page(["a"], next: "")) == .request(cursor: ""))
        #expect(names(pages.received(page(["b"]))) == ["a", "b"])
    }

    @Test("a list of nothing but what is no tool ends as a list of too many tools does")
    func nothingButFaults() throws {
        var pages = ToolPages()
        let entries = JSON.array([JSON](repeating: ["no": "name"], count: ToolPages.toolLimit + 5))
        guard case .finished(let tools, let dropped) = pages.received(["tools": entries, "nextCursor": "more"]) else {
            return #expect(Bool(false), "it goes on")
        }
        #expect(tools.isEmpty && dropped.count == ToolPages.toolLimit + 1)
        #expect(pages.cut?.contains("10000") == true)
    }

    @Test("E1.2: a cursor that comes again is an endless list")
    func circle() {
        var pages = ToolPages()
        _ = pages.received(page(["a"], next: "1"))
        _ = pages.received(page(["b"], next: "2"))
        #expect(code(pages.received(page(["c"], next: "1"))) == .protocolEndlessPages)
    }

    @Test("E1.2: ever new cursors are an endless list")
    func endless() {
        var pages = ToolPages()
        for number in 1..<ToolPages.pageLimit {
            #expect(pages.received(page([], next: JSON(String(number)))) == .request(cursor: String(number)))
        }
        #expect(code(pages.received(page([], next: "last"))) == .protocolEndlessPages)
    }

    @Test("E1.2: an invalid cursor begins the list anew, once")
    func restart() {
        let invalid = JSONRPCError(code: -32602, message: "Invalid cursor")
        var pages = ToolPages()
        _ = pages.received(page(["old"], next: "1"))
        #expect(pages.refused(invalid) == .request(cursor: nil))
        #expect(pages.received(page(["new"], next: "1")) == .request(cursor: "1"))
        #expect(code(pages.refused(invalid)) == .protocolErrorResponse)
    }

    @Test("an error on the first page is the server's own, also -32602")
    func firstPage() {
        var pages = ToolPages()
        #expect(code(pages.refused(JSONRPCError(code: -32602, message: "no"))) == .protocolErrorResponse)
    }

    @Test("a page without a list, or with a cursor of another type, is no page")
    func malformed() {
        var pages = ToolPages()
        #expect(code(pages.received([:])) == .protocolInvalidMessage)
        #expect(code(pages.received(["tools": [:]])) == .protocolInvalidMessage)
        #expect(code(pages.received(page([], next: 3))) == .protocolInvalidMessage)
    }

    @Test("E1.7: entries without a usable name are left out and the others kept")
    func dropped() {
        var pages = ToolPages()
        let tools: JSON = [
            ["name": ""], ["name": 3], "text", ["name": "good.name-1"], ["name": "a\u{0}b"], ["name": "good.name-1"],
            ["name": "möglich"], ["name": .string(String(repeating: "x", count: 2000))],
        ]
        guard case .finished(let kept, let dropped) = pages.received(["tools": tools]) else {
            Issue.record("not finished")
            return
        }
        #expect(kept.map(\.name) == ["good.name-1", "möglich"])
        #expect(dropped.count == 6)
        #expect(dropped.first { $0.reason.contains("same name") }?.name == "good.name-1")
    }

    @Test("of more tools and longer pages than are taken the first ones are kept, and it is said why")
    func cut() {
        var many = ToolPages()
        let names = (0..<ToolPages.toolLimit).map { "t\($0)" }
        #expect(many.received(page(names, next: "1")) == .request(cursor: "1"))
        #expect(self.names(many.received(page(["more"], next: "2")))?.count == ToolPages.toolLimit)
        #expect(many.cut?.contains("\(ToolPages.toolLimit)") == true)

        var long = ToolPages()
        _ = long.received(page(["a"], next: "1"), byteCount: ToolPages.byteLimit - 1)
        #expect(self.names(long.received(page(["b"], next: "2"), byteCount: 2)) == ["a"])
        #expect(long.cut?.contains("32 MiB") == true)

        var refused = ToolPages()
        let tooLong = OmlxError(.transportTooLarge, "too long")
        #expect(code(refused.failed(tooLong)) == .transportTooLarge, "a first page is all there is")
        _ = refused.received(page(["a"], next: "1"))
        #expect(self.names(refused.failed(tooLong)) == ["a"])
        #expect(code(refused.failed(OmlxError(.transportTimeout, "late"))) == .transportTimeout)
    }

    @Test("entries left out are told once for each reason, with some of their names")
    func told() {
        var pages = ToolPages()
        guard case .finished(_, let dropped) = pages.received(page(["a", "a", "a", "a", "a", "", ""])) else { return }
        #expect(
            ConnectionEvent.dropped(dropped) == [
                .toolsDropped(count: 4, names: ["a", "a", "a"], reason: "another tool has the same name"),
                .toolsDropped(count: 2, names: [], reason: "it has no name"),
            ])
    }

    @Test("E1.8: a tool keeps what is not known of it")
    func raw() throws {
        let json: JSON = [
            "name": "t", "title": "T", "description": "d", "inputSchema": ["type": "object", "x-own": 1],
            "outputSchema": ["type": "array"], "annotations": ["readOnlyHint": true], "_meta": ["a.b/c": 1.50],
        ]
        let tool = try Tool(json)
        #expect(tool.raw == json)
        #expect(tool.title == "T")
        #expect(tool.inputSchema["x-own"] == 1)
        #expect(tool.outputSchema == ["type": "array"])
        #expect(tool.annotations == ["readOnlyHint": true])
    }

    @Test("a tool without a schema takes any object")
    func noSchema() throws { #expect(try Tool(["name": "t"]).inputSchema == ["type": "object"]) }

    @Test("E1.8, E1.13: a result keeps any content and any structured value")
    func result() {
        let json: JSON = ["content": [["type": "hologram"]], "structuredContent": [1, 2], "isError": true, "x": 1]
        let result = ToolResult(json)
        #expect(result.content == [["type": "hologram"]])
        #expect(result.structuredContent == [1, 2])
        #expect(result.isError)
        #expect(result.raw == json && result.other == nil && !result.isEmpty)
    }
}
