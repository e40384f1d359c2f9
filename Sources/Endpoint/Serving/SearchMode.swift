// Search in place of lists: four tools that find, describe and call all others, so that a model need not read them all.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

extension EndpointMode {
    /// Clients that read names alone, and look tools up when they want one: to them a search would hide what they search.
    private static let searching = ["claude-code", "claude code", "claude-ai", "claude"]

    /// Whether the client gets the four.
    /// - Parameter client: what it says of itself; `nil` where that is not known.
    func searches(for client: JSON?) -> Bool {
        switch self {
        case .direct: return false
        case .search: return true
        case .auto:
            guard let name = client?["name"]?.stringValue?.lowercased() else { return false }
            return !Self.searching.contains(name)
        }
    }
}

/// The four tools.
enum SearchTool: String, CaseIterable {
    case search = "search_tools"
    case describe = "describe_tool"
    case read = "call_read_tool"
    case write = "call_write_tool"

    static let greatestLimit = 50
    static let greatestCount = 10

    /// Read and write are told apart, so that a client's own permissions can be (MCP 2025-11-25, tool annotations).
    var entry: JSON {
        let name: JSON = ["type": "string", "description": "A tool's name, as search_tools gives it."]
        let call: JSON = [
            "type": "object", "required": ["name"],
            "properties": [
                "name": name, "arguments": ["type": "object", "description": "As its input schema wants."],
            ],
        ]
        switch self {
        case .search:
            return entry(
                "Finds tools by words about what they do. Gives their names, what they do, and which of call_read_tool and call_write_tool calls each.",
                [
                    "type": "object", "required": ["query"],
                    "properties": [
                        "query": ["type": "string", "description": "A few words."],
                        "limit": ["type": "integer", "minimum": 1, "maximum": JSON(Self.greatestLimit), "default": 10],
                    ],
                ], readsOnly: true)
        case .describe:
            return entry(
                "Gives the whole of up to \(Self.greatestCount) tools: their input schemas, and all they say of themselves.",
                [
                    "type": "object", "required": ["names"],
                    "properties": [
                        "names": ["type": "array", "items": name, "maxItems": JSON(Self.greatestCount)]
                    ],
                ], readsOnly: true)
        case .read: return entry("Calls a tool that says it changes nothing.", call, readsOnly: true)
        case .write: return entry("Calls a tool that may change something.", call, readsOnly: false)
        }
    }

    private func entry(_ description: String, _ schema: JSON, readsOnly: Bool) -> JSON {
        [
            "name": .string(rawValue), "description": .string(description), "inputSchema": schema,
            "annotations": ["readOnlyHint": .bool(readsOnly), "destructiveHint": .bool(!readsOnly)],
        ]
    }
}

extension Endpoint {
    /// What one of the four answers.
    func answer(
        _ search: SearchTool, _ arguments: JSONObject, _ request: ClientRequest, _ asking: Asking,
        _ tell: @escaping MessageSink
    ) async throws -> JSONObject {
        switch search {
        case .search: return try await found(arguments, asking)
        case .describe: return try await described(arguments, asking)
        case .read, .write:
            guard let name = arguments["name"]?.stringValue else { return Self.told("name is a string") }
            guard let tool = try await catalogue.settled(asking.view).tool(name, asking.view) else {
                return Self.told(
                    "there is no tool \"\(OmlxError.shown(name, limit: 80))\"; search_tools finds those there are")
            }
            guard tool.isReadOnly == (search == .read) else {
                let other = search == .read ? SearchTool.write : .read
                return Self.told("\(name) is called by \(other.rawValue)")
            }
            guard asking.view.mayCall(tool) else { throw RPCFault.notForThisKey }
            let given = arguments["arguments"] ?? .object([:])
            guard let inner = given.isNull ? [:] : given.objectValue else {
                return Self.told("arguments are an object")
            }
            return try await call(tool, inner, request, asking, tell)
        }
    }

    private func found(_ arguments: JSONObject, _ asking: Asking) async throws -> JSONObject {
        guard let query = arguments["query"]?.stringValue else { return Self.told("query is a string") }
        let limit = max(1, min(arguments["limit"]?.intValue ?? 10, SearchTool.greatestLimit))
        let state = try await catalogue.settled(asking.view)
        let view = asking.view
        let places = try await state.index().places(query, limit: limit) { place in
            view.shows(state.tools[place].tool.server) && view.mayCall(state.tools[place])
        }
        let tools = places.map { state.tools[$0] }.map { tool -> JSON in
            [
                "name": .string(tool.name(in: view)), "server": .string(tool.tool.server),
                "description": JSON(optional: tool.tool.tool.description),
                "call": .string((tool.isReadOnly ? SearchTool.read : .write).rawValue),
            ]
        }
        return Self.told(["tools": .array(tools), "of": JSON(state.tools(view).count)])
    }

    private func described(_ arguments: JSONObject, _ asking: Asking) async throws -> JSONObject {
        guard let names = arguments["names"]?.stringArrayValue, names.count <= SearchTool.greatestCount else {
            return Self.told("names are up to \(SearchTool.greatestCount) strings")
        }
        let state = try await catalogue.settled(asking.view)
        var tools: [JSON] = []
        var missing: [String] = []
        for name in names {
            if let tool = state.tool(name, asking.view), asking.view.mayCall(tool) {
                tools.append(tool.entry(named: tool.name(in: asking.view), in: asking.dialect))
            } else {
                missing.append(name)
            }
        }
        return Self.told(["tools": .array(tools), "unknown": JSON(missing)])
    }

    private static func told(_ value: JSON) -> JSONObject {
        ["content": [["type": "text", "text": .string(value.text())]], "structuredContent": value]
    }

    private static func told(_ fault: String) -> JSONObject {
        ["content": [["type": "text", "text": .string(fault)]], "isError": true]
    }
}
