// The pages of a tool list as sequences of events.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPClient

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

    @Test("the empty cursor is followed once; that it comes again ends the list, which is kept and told of")
    func emptyCursor() {
        var pages = ToolPages()
        #expect(pages.received(page(["a"], next: "")) == .request(cursor: ""))
        #expect(names(pages.received(page(["b"]))) == ["a", "b"])
        #expect(pages.unfinished == nil)

        var same = ToolPages()
        _ = same.received(page(["a", "b"], next: ""))
        guard case .finished(let tools, let dropped) = same.received(page(["a", "b"], next: "")) else {
            Issue.record("not finished")
            return
        }
        #expect(tools.map(\.name) == ["a", "b"])
        #expect(dropped.isEmpty, "a page that came twice has no second tools")
        #expect(same.unfinished?.contains("a second time") == true)
    }

    @Test("a list of nothing but what is no tool ends as a list of too many tools does")
    func nothingButFaults() throws {
        var pages = ToolPages()
        let entries = JSON.array([JSON](repeating: ["no": "name"], count: ToolPages.entryLimit + 5))
        guard case .finished(let tools, let dropped) = pages.received(["tools": entries, "nextCursor": "more"]) else {
            return #expect(Bool(false), "it goes on")
        }
        #expect(tools.isEmpty && dropped.count == ToolPages.entryLimit + 1)
        #expect(pages.cut?.contains("10000") == true)
    }

    @Test("the empty cursor that is refused ends the list, whatever the error", arguments: [-32602, -32603, 0])
    func emptyCursorRefused(code: Int) {
        var pages = ToolPages()
        _ = pages.received(page(["a", "b"], next: ""))
        #expect(names(pages.refused(JSONRPCError(code: code, message: "Invalid cursor"))) == ["a", "b"])
        #expect(pages.unfinished?.contains("Invalid cursor") == true)
    }

    @Test("a cursor that comes again ends the list, which is kept and told of")
    func circle() {
        var pages = ToolPages()
        _ = pages.received(page(["a"], next: "1"))
        _ = pages.received(page(["b"], next: "2"))
        #expect(names(pages.received(page(["c"], next: "1"))) == ["a", "b", "c"])
        #expect(pages.unfinished?.contains("\"1\" a second time") == true)
    }

    @Test("a page that comes again under ever new cursors ends the list")
    func samePage() {
        var pages = ToolPages()
        _ = pages.received(page(["a", "b"], next: "1"))
        #expect(names(pages.received(page(["a", "b"], next: "2"))) == ["a", "b"])
        #expect(pages.unfinished != nil)
    }

    @Test("ever new cursors end after a thousand pages: with the tools there are, or with an error when there are none")
    func endless() {
        for hasTools in [true, false] {
            var pages = ToolPages()
            for number in 1..<ToolPages.pageLimit {
                let names = hasTools ? ["t\(number)"] : []
                #expect(
                    pages.received(page(names, next: JSON(String(number)))) == .request(cursor: .string(String(number)))
                )
            }
            let last = pages.received(page(hasTools ? ["last"] : [], next: "last"))
            #expect(hasTools ? names(last)?.count == ToolPages.pageLimit : code(last) == .protocolEndlessPages)
        }
    }

    @Test("a number is a cursor as it came", arguments: [2, 0, 1.5, -1] as [JSON])
    func number(cursor: JSON) {
        var pages = ToolPages()
        #expect(pages.received(page(["a"], next: cursor)) == .request(cursor: cursor))
        #expect(names(pages.received(page(["b"]))) == ["a", "b"])
        var again = ToolPages()
        _ = again.received(page(["a"], next: cursor))
        #expect(names(again.received(page(["a"], next: cursor))) == ["a"])
        #expect(again.unfinished != nil)
    }

    @Test("a cursor that is neither text nor number ends the list", arguments: [false, true, [:], ["x"]] as [JSON])
    func otherCursor(cursor: JSON) {
        var pages = ToolPages()
        #expect(names(pages.received(page(["a", "b"], next: cursor))) == ["a", "b"])
        #expect(pages.unfinished?.contains("not a text") == true)
    }

    @Test("E1.2: an invalid cursor begins the list anew, once; what was read is never lost")
    func restart() {
        let invalid = JSONRPCError(code: -32602, message: "Invalid cursor")
        var pages = ToolPages()
        _ = pages.received(page(["old", "older"], next: "1"))
        #expect(pages.refused(invalid) == .request(cursor: nil))
        var refusedAtOnce = pages
        #expect(names(refusedAtOnce.refused(invalid)) == ["old", "older"])
        var broken = pages
        #expect(names(broken.received(["tools": 3])) == ["old", "older"])
        #expect(pages.received(page(["new", "newer", "newest"], next: "1")) == .request(cursor: "1"))
        #expect(names(pages.refused(invalid)) == ["new", "newer", "newest"])
    }

    @Test("any other error on a later page ends the list, which is kept", arguments: [-32603, -32000, 0, 500])
    func laterError(code: Int) {
        var pages = ToolPages()
        _ = pages.received(page(["a"], next: "1"))
        #expect(names(pages.refused(JSONRPCError(code: code, message: "no"))) == ["a"])
        #expect(pages.unfinished?.contains("error \(code): no") == true)
    }

    @Test(
        "so does a refusal in words of HTTP, and an answer that cannot be read; not a missing sign-in or the network",
        arguments: [
            (ErrorCode.transportBadStatus, 400, true), (.transportNotFound, 404, true),
            (.transportServerError, 500, true),
            (.transportServerError, 503, false), (.protocolNotJSON, 200, true), (.protocolContentType, 200, true),
            (.oauthSignInNeeded, 401, false), (.transportForbidden, 403, false), (.transportClosed, nil, false),
            (.transportTimeout, nil, false),
        ] as [(ErrorCode, Int?, Bool)])
    func failedPage(code: ErrorCode, status: Int?, keeps: Bool) {
        var pages = ToolPages()
        let error = OmlxError(code, "why", httpStatus: status)
        #expect(self.code(pages.failed(error)) == code, "a first page is all there is")
        _ = pages.received(page(["a"], next: "1"))
        let action = pages.failed(error)
        #expect(keeps ? names(action) == ["a"] : self.code(action) == code)
        #expect(pages.unfinished == (keeps ? "why" : nil))
    }

    @Test("an error on the first page is the server's own, also -32602")
    func firstPage() {
        var pages = ToolPages()
        #expect(code(pages.refused(JSONRPCError(code: -32602, message: "no"))) == .protocolErrorResponse)
    }

    @Test("a first page without a list is no page, a later one ends the list; null is a list without tools")
    func malformed() {
        var pages = ToolPages()
        #expect(code(pages.received([:])) == .protocolInvalidMessage)
        #expect(code(pages.received(["tools": [:]])) == .protocolInvalidMessage)
        #expect(names(pages.received(["tools": .null])) == [])
        _ = pages.received(page(["a"], next: "1"))
        #expect(names(pages.received([:])) == ["a"])
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

    @Test("text is bytes: names that differ by the form of their characters are two")
    func forms() {
        var pages = ToolPages()
        let schema: JSON = ["type": "object"]
        let tools: JSON = [
            ["name": "caf\u{E9}", "inputSchema": schema], ["name": "cafe\u{301}", "inputSchema": schema],
        ]
        guard case .finished(let kept, let dropped) = pages.received(["tools": tools]) else {
            Issue.record("not finished")
            return
        }
        #expect(kept.count == 2 && dropped.isEmpty)
    }

    @Test("of more tools and longer pages than are taken the first ones are kept, and it is said why")
    func cut() {
        var many = ToolPages()
        let names = (0..<ToolPages.entryLimit).map { "t\($0)" }
        #expect(many.received(page(names, next: "1")) == .request(cursor: "1"))
        #expect(self.names(many.received(page(["more"], next: "2")))?.count == ToolPages.entryLimit)
        #expect(many.cut?.contains("\(ToolPages.entryLimit)") == true)

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
            ConnectionEvent.dropped(dropped, from: .tools) == [
                .entriesDropped(.tools, count: 4, names: ["a", "a", "a"], reason: "another tool has the same name"),
                .entriesDropped(.tools, count: 2, names: [], reason: "it has no name"),
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
        let result = ToolResult(json: json)
        #expect(result.content.map(\.json) == [["type": "hologram"]])
        #expect(result.structuredContent == [1, 2])
        #expect(result.isError)
        #expect(result.raw == json && result.other == nil && !result.isEmpty)
    }
}
