// What a tool answered, in whatever form a server of any revision gives it. No I/O.

import OmlxJSON

/// What a tool answered.
public struct ToolResult: Sendable, Hashable {
    /// The content blocks as they came, unknown types too. A server that puts one block, or a text, where the list
    /// belongs means a list of it.
    public private(set) var content: [ContentBlock]
    /// The structured result: any JSON value.
    public private(set) var structuredContent: JSON?
    /// What the server answered in place of content and structured result: `toolResult` of revision 2024-10-07, members
    /// MCP does not know, or a value that is no object.
    public private(set) var other: JSON?
    /// Whether the tool itself reports a failure (MCP 2025-11-25, tools).
    public private(set) var isError: Bool
    /// The whole result as it came.
    public let raw: JSON

    /// Whether there is nothing in it to show.
    public var isEmpty: Bool { content.isEmpty && structuredContent == nil && other == nil }

    /// All text in it: of texts and of resources that are texts, each on lines of its own.
    public var text: String { content.compactMap(\.text).joined(separator: "\n") }

    /// A result, for programs whose tools these are.
    public init(content: [ContentBlock] = [], structuredContent: JSON? = nil, isError: Bool = false) {
        var result: JSONObject = ["content": .array(content.map(\.json))]
        if let structuredContent { result["structuredContent"] = structuredContent }
        if isError { result["isError"] = true }
        self.init(json: .object(result))
    }

    /// A result that is one text.
    public init(text: String, isError: Bool = false) { self.init(content: [.text(text)], isError: isError) }

    /// A result as a server sends it. Takes any value: the tool has run, and what it said is not to be lost.
    public init(json: JSON) {
        raw = json
        isError = json["isError"].map { $0.boolValue ?? ($0.stringValue?.lowercased() == "true") } ?? false
        structuredContent = json["structuredContent"].flatMap { $0.isNull ? nil : $0 }
        content = []
        guard let object = json.objectValue else {
            take(json)
            return
        }
        if let value = object["content"] {
            if let blocks = Self.blocks(of: value) { content = blocks } else { take(value) }
        }
        guard content.isEmpty, other == nil, structuredContent == nil else { return }
        if let legacy = object["toolResult"], !legacy.isNull {
            take(legacy)
        } else {
            let rest = JSONObject(object.filter { !Self.known.contains($0.key) && !$0.value.isNull }.map { ($0, $1) })
            if rest.count == 1 && rest["text"]?.stringValue != nil
                || Self.types.contains(json["type"]?.stringValue ?? "")
            {
                content = [ContentBlock(json: .object(rest))]
            } else if !rest.isEmpty {
                other = .object(rest)
            }
        }
    }

    /// More blocks of content are a value that is told as a whole: each block by itself takes memory.
    private static let contentLimit = 100_000

    private static func blocks(of list: JSON) -> [ContentBlock]? {
        var blocks: [ContentBlock] = []
        let isList = list.forEachElement { block in
            blocks.append(block.asBlock)
            return blocks.count <= contentLimit
        }
        return isList && blocks.count <= contentLimit ? blocks : nil
    }

    private mutating func take(_ value: JSON) {
        switch value {
        case .null: break
        case .string(let text): content = [.text(text)]
        case .array(let elements):
            // A list of other values is a value of its own; texts and blocks are what a list of content means.
            if elements.allSatisfy({ $0.isBlock || $0.stringValue != nil }) {
                content = elements.map(\.asBlock)
            } else {
                other = value
            }
        case _ where value.isObject && value.isBlock: content = [ContentBlock(json: value)]
        default: other = value
        }
    }

    private static let types: Set<String> = ["text", "image", "audio", "resource", "resource_link"]

    /// Members that say nothing of their own when there is no content.
    private static let known: Set<String> = ["content", "structuredContent", "isError", "_meta", "toolResult"]
}

extension JSON {
    /// The block that a text alone stands for, or the value as one.
    fileprivate var asBlock: ContentBlock { stringValue.map { .text($0) } ?? ContentBlock(json: self) }

    /// Whether the value is a content block: it says its type, or has the text of one.
    fileprivate var isBlock: Bool { self["type"]?.stringValue != nil || self["text"]?.stringValue != nil }
}
