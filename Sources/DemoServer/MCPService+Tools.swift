// The demo's tools: their list, page by page, and what they do.

import OmlxJSON

extension MCPService {
    // MARK: The list

    func toolList(cursor: JSON?) throws -> JSON {
        let script = stage.script.mcp.tools
        let page = try pageNumber(of: cursor, emptyCursor: script.emptyCursor)
        if script.endlessCursor != .no { return endlessPage(page, script) }
        let tools = allTools
        let size = max(1, script.pageSize ?? max(1, tools.count))
        let start = page * size
        guard page == 0 || start < tools.count else { throw RPCError(code: -32602, message: "invalid cursor") }
        var result: JSON = ["tools": .array(Array(tools[min(start, tools.count)..<min(start + size, tools.count)]))]
        if start + size < tools.count { result["nextCursor"] = JSON(name(ofPage: page + 1, script.emptyCursor)) }
        return result
    }

    private func endlessPage(_ page: Int, _ script: DemoScript.Tools) -> JSON {
        switch script.endlessCursor {
        case .sameCursor: ["tools": .array(allTools), "nextCursor": "demo-page-1"]
        case .newCursors, .no:
            [
                "tools": .array([plainTool("endless_\(page + 1)")]),
                "nextCursor": JSON(name(ofPage: page + 1, script.emptyCursor)),
            ]
        }
    }

    private func name(ofPage page: Int, _ emptyCursor: Bool) -> String {
        page == 1 && emptyCursor ? "" : "demo-page-\(page)"
    }

    private func pageNumber(of cursor: JSON?, emptyCursor: Bool) throws -> Int {
        guard let cursor, !cursor.isNull else { return 0 }
        if emptyCursor, cursor == "" { return 1 }
        let text = cursor.stringValue ?? ""
        guard text.hasPrefix("demo-page-"), let page = Int(text.dropFirst("demo-page-".count)),
            (1...1_000_000).contains(page)
        else { throw RPCError(code: -32602, message: "invalid cursor") }
        return page
    }

    private var allTools: [JSON] {
        let script = stage.script.mcp.tools
        let generated = (0..<max(0, script.generated)).map { plainTool("generated_\($0 + 1)") }
        return script.builtIn.map(builtInTool) + generated + script.custom
    }

    private func builtInTool(_ name: String) -> JSON {
        switch name {
        case "whoami":
            tool(name, "Tells who the server thinks is calling.", readOnly: true)
        case "echo":
            tool(name, "Returns its arguments.", properties: ["text": ["type": "string"]], readOnly: true)
        case "add":
            tool(
                name, "Adds two numbers.", properties: ["a": ["type": "number"], "b": ["type": "number"]],
                required: ["a", "b"], readOnly: true)
        case "fail":
            tool(name, "Always fails, with the text given.", properties: ["text": ["type": "string"]])
        case "slow":
            tool(
                name, "Answers after so many milliseconds; without a number, never.",
                properties: ["milliseconds": ["type": "integer"]])
        default: plainTool(name)
        }
    }

    private func plainTool(_ name: String) -> JSON { tool(name, "Says that it was called.") }

    private func tool(
        _ name: String, _ description: String, properties: JSONObject = [:], required: [String] = [],
        readOnly: Bool = false
    ) -> JSON {
        var schema: JSON = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { schema["required"] = JSON(required) }
        var tool: JSON = ["name": JSON(name), "description": JSON(description), "inputSchema": schema]
        if readOnly { tool["annotations"] = ["readOnlyHint": true] }
        return tool
    }

    // MARK: Calls

    func call(_ params: JSON?, caller: MCPCaller) async throws -> JSON {
        guard let name = params?["name"]?.stringValue else { throw RPCError(code: -32602, message: "name is missing") }
        guard allTools.contains(where: { $0["name"]?.stringValue == name }) || isEndlessTool(name) else {
            throw RPCError(code: -32602, message: "unknown tool: \(name)")
        }
        let arguments = params?["arguments"] ?? .object([:])
        guard arguments.objectValue != nil else {
            throw RPCError(code: -32602, message: "arguments must be an object")
        }
        switch name {
        case "whoami": return whoami(caller)
        case "echo": return content(arguments.text(), structured: arguments, caller: caller)
        case "add": return add(arguments)
        case "fail": return failure(arguments["text"]?.stringValue ?? "this tool always fails")
        case "slow": return await wait(arguments["milliseconds"]?.intValue)
        default: return content("\(name) was called")
        }
    }

    private func isEndlessTool(_ name: String) -> Bool {
        stage.script.mcp.tools.endlessCursor == .newCursors && name.hasPrefix("endless_")
    }

    private func whoami(_ caller: MCPCaller) -> JSON {
        let identity = caller.identity
        let answer: JSON = [
            "authenticated": .bool(identity != nil),
            "client_id": JSON(optional: identity?.clientID),
            "scopes": JSON(identity?.scopes.sorted() ?? []),
            "resource": JSON(optional: identity?.resource),
        ]
        return content(answer.text(), structured: answer, caller: caller)
    }

    private func add(_ arguments: JSON) -> JSON {
        guard let a = arguments["a"]?.doubleValue, let b = arguments["b"]?.doubleValue else {
            return failure("add needs two numbers, a and b")
        }
        return content(JSON(a + b).text())
    }

    private func wait(_ milliseconds: Int?) async -> JSON {
        if let milliseconds {
            try? await Task.sleep(for: .milliseconds(max(0, milliseconds)))
            return content("waited \(milliseconds) ms")
        }
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        return failure("the client went away")
    }

    /// Structured content came with 2025-06-18; versions compare as text.
    private func content(_ text: String, structured: JSON? = nil, caller: MCPCaller? = nil) -> JSON {
        var result: JSON = ["content": [["type": "text", "text": JSON(text)]], "isError": false]
        if let structured, let caller, caller.protocolVersion >= "2025-06-18" {
            result["structuredContent"] = structured
        }
        return result
    }

    private func failure(_ text: String) -> JSON {
        ["content": [["type": "text", "text": JSON(text)]], "isError": true]
    }
}
