// A tool as clients of an endpoint see it.

import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// A tool with its names at the endpoint.
struct ShownTool: Sendable {
    let tool: HostTool
    /// Among the tools of all servers.
    let name: String
    /// Where its server stands alone: its own name, if that is one that all clients take.
    let ownName: String
    /// Whether it says that it changes nothing (MCP 2025-11-25, tools: annotations are hints of the server).
    let isReadOnly: Bool
    private let members: JSONObject

    init(_ tool: HostTool, name: String) {
        self.tool = tool
        self.name = name
        ownName = Self.isUsable(tool.tool.name) ? tool.tool.name : name
        isReadOnly = tool.tool.annotations?["readOnlyHint"]?.boolValue == true
        members = Self.members(of: tool.tool)
    }

    /// Its name in a view.
    func name(in view: EndpointView) -> String { view.single == nil ? name : ownName }

    /// The entry of a list: all that the server says of it, under the name it has here.
    func entry(named name: String, in dialect: Dialect) -> JSON {
        var entry = members
        entry["name"] = .string(name)
        // Results that are no objects came with the era of 2026-07-28: to clients of the one before such a schema is a fault.
        if !dialect.isModern, let schema = entry["outputSchema"], schema["type"] != "object" {
            entry["outputSchema"] = nil
        }
        return .object(entry)
    }

    private static func isUsable(_ name: String) -> Bool {
        (1...FunctionNames.limit).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func members(of tool: Tool) -> JSONObject {
        var members = tool.raw.objectValue ?? [:]
        if let meta = members["_meta"] { members["_meta"] = ReservedMeta.stripped(meta).map { .object($0) } }
        var schema = tool.inputSchema
        if schema["type"] == nil { schema["type"] = "object" }
        members["inputSchema"] = schema.withoutMirroring
        return members
    }
}

extension JSON {
    private static let mirroring = "x-mcp-header"

    /// A schema that asks for no headers: those are between omlx and the server (MCP 2026-07-28, streamable HTTP).
    fileprivate var withoutMirroring: JSON {
        guard text().contains(Self.mirroring) else { return self }
        return strippedOfMirroring
    }

    private var strippedOfMirroring: JSON {
        if let elements = arrayValue { return .array(elements.map(\.strippedOfMirroring)) }
        guard let members = objectValue else { return self }
        // A member of `properties` may have that name itself: it is an argument's, and its value is a schema.
        return .object(
            JSONObject(
                members.filter { $0.key != Self.mirroring || $0.value.isObject }
                    .map { ($0.key, $0.value.strippedOfMirroring) }))
    }
}
