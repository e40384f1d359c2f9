// Tools as a server gives them. No I/O.

import OmlxCryptography
import OmlxErrors
import OmlxJSON

/// A tool a server offers. All texts are the server's own and not to be trusted (MCP 2025-11-25, tools).
public struct Tool: Sendable, Hashable {
    /// The name to call it by.
    public let name: String
    /// A name for people.
    public let title: String?
    /// What it does.
    public let description: String?
    /// The JSON Schema of its arguments.
    public let inputSchema: JSON
    /// The JSON Schema of its structured result.
    public let outputSchema: JSON?
    /// Hints on its behaviour.
    public let annotations: JSON?
    /// The tool as it came, unknown members too.
    public let raw: JSON

    /// Why an entry of a tool list is no tool.
    package typealias Rejection = ListRejection

    /// A tool, for programs whose tools these are.
    public init(
        name: String, title: String? = nil, description: String? = nil, inputSchema: JSON = ["type": "object"],
        outputSchema: JSON? = nil, annotations: JSON? = nil
    ) {
        self.name = name
        self.title = title
        self.description = description
        self.inputSchema = inputSchema
        self.outputSchema = outputSchema
        self.annotations = annotations
        var raw: JSONObject = ["name": .string(name)]
        if let title { raw["title"] = .string(title) }
        if let description { raw["description"] = .string(description) }
        raw["inputSchema"] = inputSchema
        if let outputSchema { raw["outputSchema"] = outputSchema }
        if let annotations { raw["annotations"] = annotations }
        self.raw = .object(raw)
    }

    package init(_ json: JSON) throws(Rejection) {
        // Well above the 128 characters the specification asks for (MCP 2025-11-25, tools).
        name = try ListRejection.key("name", of: json, limit: 1024)
        title = json["title"]?.stringValue ?? json["annotations"]?["title"]?.stringValue
        description = json["description"]?.stringValue
        func object(_ name: String) -> JSON? { json[name].flatMap { $0.isObject ? $0 : nil } }
        inputSchema = object("inputSchema") ?? ["type": "object"]
        outputSchema = object("outputSchema")
        annotations = object("annotations")
        raw = json
    }
}

extension Tool: ListEntry {
    package static var list: ServerList { .tools }
    package static var keyWord: String { "name" }
    package var key: String { name }
}
