// Tools as a server gives them, and the pages of a tool list as a value. No I/O.

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
    package struct Rejection: Error, Sendable, Hashable {
        var name: String?
        var reason: String
    }

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
        guard json.isObject else { throw Rejection(reason: "it is of type \(json.typeName), not an object") }
        guard let name = json["name"]?.stringValue, !name.isEmpty else { throw Rejection(reason: "it has no name") }
        let hasControl = name.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        guard !hasControl, name.utf8.count <= Self.nameLimit else {
            let reason =
                hasControl ? "its name holds a control character" : "its name is longer than \(Self.nameLimit) bytes"
            throw Rejection(name: OmlxError.shown(name, limit: 80), reason: reason)
        }
        self.name = name
        title = json["title"]?.stringValue ?? json["annotations"]?["title"]?.stringValue
        description = json["description"]?.stringValue
        func object(_ name: String) -> JSON? { json[name].flatMap { $0.isObject ? $0 : nil } }
        inputSchema = object("inputSchema") ?? ["type": "object"]
        outputSchema = object("outputSchema")
        annotations = object("annotations")
        raw = json
    }

    /// The tool as it may be shown and kept: lists and the status database hold no secret. One that repeats what the server
    /// was signed in to with, or whose very name holds a secret, is none.
    func hiding(_ redactor: Redactor) throws(Rejection) -> Tool {
        guard redactor.occurs(in: raw.serialized()) else { return self }
        guard !redactor.occurs(in: raw.serialized(), only: .credential), redactor.hide(name) == name else {
            let shown = OmlxError.shown(redactor.hide(name), limit: 80)
            throw Rejection(name: shown, reason: "it repeats a secret that was sent to the server")
        }
        return try Tool(raw.hiding(redactor))
    }

    /// Well above the 128 characters the specification asks for (MCP 2025-11-25, tools).
    private static let nameLimit = 1024
}
