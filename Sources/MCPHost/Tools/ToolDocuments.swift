// Tools and results as programs read them: the tool object of omlx/tools/1, the members of omlx/call/1. Nothing a server
// sent is left out.

import OmlxJSON
import OmlxMCPClient

extension HostTool: JSONRepresentable {
    /// The tool object of `omlx/tools/1`.
    public var json: JSON {
        let members: JSONObject = [
            "name": .string(ToolName.joined(server, tool.name)), "server": .string(server), "tool": .string(tool.name),
            "description": JSON(optional: tool.description), "parameters": tool.inputSchema,
        ]
        var read: JSONObject = ["name": .string(tool.name), "inputSchema": tool.inputSchema]
        if let description = tool.description { read["description"] = .string(description) }
        var object = members.followed(by: tool.raw, beyond: read)
        if let problem { object["unavailable"] = try? JSON(encoding: problem) }
        return .object(object)
    }

    /// - Returns: `nil` for what is no tool object.
    public init?(json: JSON) {
        guard let server = json["server"]?.stringValue, let name = json["tool"]?.stringValue else { return nil }
        let own: Set<String> = [
            "name", "server", "tool", "description", "parameters", "as_sent", "unavailable",
        ]
        var sent = JSONObject((json.objectValue ?? [:]).filter { !own.contains($0.key) }.map { ($0.key, $0.value) })
        sent["name"] = .string(name)
        if let text = json["description"], !text.isNull { sent["description"] = text }
        sent["inputSchema"] = json["parameters"]
        for (name, value) in json["as_sent"]?.objectValue ?? [:] { sent[name] = value }
        guard let tool = try? Tool(.object(sent)) else { return nil }
        self.init(server: server, tool: tool, problem: json["unavailable"].flatMap { try? $0.decoded() })
    }
}

extension ToolResult: JSONRepresentable {
    /// The result object of MCP, as it came.
    public var json: JSON { raw }

    /// The members of `omlx/call/1` for a result.
    /// - Parameter tool: the name it was called by.
    public func members(of tool: String) -> JSONObject {
        let content = JSON.array(content.map(\.json))
        let members: JSONObject = [
            "tool": .string(tool), "is_error": .bool(isError), "content": content,
            "structured_content": structuredContent ?? .null,
        ]
        var read: JSONObject = ["content": content, "isError": .bool(isError)]
        read["structuredContent"] = structuredContent ?? .null
        return members.followed(by: raw, beyond: read)
    }
}

extension JSONObject {
    /// Names in a document of omlx that are not the server's to give.
    private static let reserved: Set<String> = ["schema", "error", "files", "as_sent", "unavailable"]

    /// These members, and those of what a server sent under the names it gives them. A member whose name stands for something
    /// else here, or that was read otherwise than it was sent, is in `as_sent`, as is a whole value that is no object.
    /// - Parameter read: what these members say already, as the server would have to say it.
    func followed(by raw: JSON, beyond read: JSONObject) -> JSONObject {
        var all = self
        guard let sent = raw.objectValue else {
            let isSaid = raw.isNull || read["content"] == [["type": "text", "text": raw]] || read["content"] == raw
            if !isSaid { all["as_sent"] = raw }
            return all
        }
        var shadowed = JSONObject()
        for (name, value) in sent where read[name] != value {
            if value.isNull, read[name] != nil { continue }
            if self[name] != nil || read[name] != nil || Self.reserved.contains(name) {
                shadowed[name] = value
            } else {
                all[name] = value
            }
        }
        if !shadowed.isEmpty { all["as_sent"] = .object(shadowed) }
        return all
    }
}
