// What the reading of a resource gave, in whatever form a server gives it. No I/O.

import OmlxJSON

/// What is in a resource that was read (MCP 2025-11-25, resources).
public struct ResourceContents: Sendable, Hashable {
    /// What is in it, as it came. Several where it has parts, as a folder has files; none may mean that it is empty, or that it is
    /// not there.
    public private(set) var content: [ContentBlock] = []
    /// What the server answered in place of that.
    public private(set) var other: JSON?
    /// The whole result as it came.
    public let raw: JSON
    /// What is odd about the result, and was read all the same.
    package private(set) var oddities: [String] = []

    /// Its parts: texts, or bytes.
    public var resources: [EmbeddedResource] { content.compactMap { EmbeddedResource($0.json) } }

    /// All text in it, each part on lines of its own.
    public var text: String { content.compactMap(\.text).joined(separator: "\n") }

    /// Whether there is nothing in it.
    public var isEmpty: Bool { content.isEmpty && other == nil }

    /// A result as a server sends it.
    /// - Parameter uri: What was asked for: it stands for a URI that is missing.
    public init(json: JSON, asked uri: String) {
        raw = json
        let value = json["contents"] ?? json["content"] ?? json["resource"]
        if json.isObject, json["contents"] == nil, value != nil { oddities.append("it has no \"contents\"") }
        if let value, !value.isNull {
            take(value, uri)
        } else if json.text(of: "text") != nil || json.text(of: "blob") != nil {
            oddities.append("it has no \"contents\"")
            take(json, uri)
        } else if !json.isObject, !json.isNull {
            take(json, uri)
        }
    }

    private mutating func take(_ value: JSON, _ uri: String) {
        if value.typeName == "array" {
            value.forEachElement { part in
                takePart(part, uri)
                return content.count < Self.limit
            }
        } else {
            oddities.append("its contents are no list")
            takePart(value, uri)
        }
        if content.isEmpty, value.arrayValue?.isEmpty == false || value.typeName != "array" { other = value }
    }

    private mutating func takePart(_ part: JSON, _ uri: String) {
        if let text = part.stringValue {
            oddities.append("a part of it is a text alone")
            return content.append(.resource(uri: uri, text: text))
        }
        // Some servers answer with content blocks, as tools do.
        let inner = part["resource"].flatMap { $0.isObject ? $0 : nil } ?? part
        guard inner["text"]?.stringValue != nil || inner["blob"]?.stringValue != nil || inner["data"] != nil else {
            if part.isObject { content.append(ContentBlock(json: ["type": "resource", "resource": part])) }
            oddities.append("a part of it has neither text nor bytes")
            return
        }
        var resource = inner.objectValue ?? [:]
        if resource["uri"]?.stringValue == nil {
            oddities.append("a part of it has no URI")
            resource["uri"] = .string(uri)
        }
        if resource["mimeType"] != nil, resource["mimeType"]?.stringValue == nil {
            oddities.append("its media type is no text")
            resource["mimeType"] = nil
        }
        content.append(ContentBlock(json: ["type": "resource", "resource": .object(resource)]))
    }

    /// More parts are not taken one by one: each takes memory by itself.
    private static let limit = 100_000
}

extension ResourceContents: JSONRepresentable {
    /// The result object of MCP as it came; one of another form as one, with what came in `as_sent`.
    public var json: JSON {
        guard !oddities.isEmpty else { return raw }
        return ["contents": .array(content.compactMap { $0.json["resource"] }), "as_sent": raw]
    }

    public init?(json: JSON) {
        guard let sent = json["as_sent"] else {
            self.init(json: json, asked: "")
            return
        }
        let uris = (json["contents"]?.arrayValue ?? []).lazy.compactMap { $0["uri"]?.stringValue }
        self.init(json: sent, asked: uris.first ?? "")
    }
}
