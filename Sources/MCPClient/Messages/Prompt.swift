// Prompts as a server lists them, and what one of them gives. No I/O.

import OmlxErrors
import OmlxJSON

/// A prompt a server offers: messages it has ready, with places to fill (MCP 2025-11-25, prompts). All texts are the server's
/// own and not to be trusted.
public struct Prompt: Sendable, Hashable {
    /// A place to fill.
    public struct Argument: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// A name for people.
        public let title: String?
        /// What belongs there.
        public let description: String?
        /// Whether the server wants it.
        public let isRequired: Bool

        fileprivate init?(_ json: JSON) {
            guard let name = json.text(of: "name") ?? json.stringValue else { return nil }
            self.name = name
            title = json.text(of: "title")
            description = json.text(of: "description")
            isRequired = json["required"].map { $0.boolValue ?? ($0.stringValue?.lowercased() == "true") } ?? false
        }
    }

    /// The name to ask for it by.
    public let name: String
    /// A name for people.
    public let title: String?
    /// What it is for.
    public let description: String?
    /// What can be filled in.
    public let arguments: [Argument]
    /// The prompt as it came, unknown members too.
    public let raw: JSON

    package init(_ json: JSON) throws(ListRejection) {
        name = try ListRejection.key("name", of: json, limit: 1024)
        title = json.text(of: "title")
        description = json.text(of: "description")
        let list = json["arguments"]
        if let members = list?.objectValue {
            // Some write the arguments by their names.
            arguments = members.compactMap { name, value in
                var members = value.objectValue ?? [:]
                members["name"] = .string(name)
                return Argument(.object(members))
            }
        } else {
            arguments = (list?.arrayValue ?? []).compactMap(Argument.init)
        }
        raw = json
    }
}

extension Prompt: ListEntry {
    package static var list: ServerList { .prompts }
    package static var keyWord: String { "name" }
    package var key: String { name }

    package var oddity: String? {
        guard let list = raw["arguments"], !list.isNull else { return nil }
        guard list.typeName == "array" else { return "its arguments are no list" }
        return arguments.count == list.arrayValue?.count ? nil : "an argument of it has no name"
    }
}

extension Prompt: JSONRepresentable {
    /// The prompt object of MCP, as it came.
    public var json: JSON { raw }

    /// - Returns: `nil` for what is no prompt.
    public init?(json: JSON) {
        guard let prompt = try? Prompt(json) else { return nil }
        self = prompt
    }
}

/// What a prompt gives: messages for a model.
public struct PromptResult: Sendable, Hashable {
    /// A message.
    public struct Message: Sendable, Hashable {
        /// Whose it is: `user` or `assistant`.
        public let role: String
        /// What it says: one block, but for servers that put several into a message.
        public let content: [ContentBlock]

        /// All text in it.
        public var text: String { content.compactMap(\.text).joined(separator: "\n") }
    }

    /// What it is for.
    public private(set) var description: String?
    /// The messages, in their order.
    public private(set) var messages: [Message] = []
    /// What the server answered in place of messages.
    public private(set) var other: JSON?
    /// The whole result as it came.
    public let raw: JSON
    /// What is odd about the result, and was read all the same.
    package private(set) var oddities: [String] = []

    /// A result as a server sends it.
    public init(json: JSON) {
        raw = json
        description = json.text(of: "description")
        guard let list = json["messages"], !list.isNull else {
            if let text = json.stringValue {
                oddities.append("it is a text alone")
                messages = [Message(role: "user", content: [.text(text)])]
            } else if !json.isNull, json.objectValue?.isEmpty != true {
                oddities.append("it has no \"messages\"")
                other = json
            }
            return
        }
        guard let messages = list.arrayValue else {
            oddities.append("its messages are no list")
            take(list)
            return
        }
        for message in messages.prefix(Self.limit) { take(message) }
    }

    private mutating func take(_ message: JSON) {
        if let text = message.stringValue {
            oddities.append("a message of it is a text alone")
            return messages.append(Message(role: "user", content: [.text(text)]))
        }
        let role = message.text(of: "role")
        if role == nil { oddities.append("a message of it does not say whose it is") }
        let content = message["content"] ?? .null
        let blocks: [ContentBlock]
        if let text = content.stringValue {
            oddities.append("the content of a message is a text alone")
            blocks = [.text(text)]
        } else if let parts = content.arrayValue {
            blocks = parts.map { part in part.stringValue.map { .text($0) } ?? ContentBlock(json: part) }
        } else {
            if !content.isObject { oddities.append("a message of it has no content") }
            blocks = content.isObject ? [ContentBlock(json: content)] : []
        }
        messages.append(Message(role: role ?? "user", content: blocks))
    }

    private static let limit = 100_000
}

extension PromptResult: JSONRepresentable {
    /// The result object of MCP, as it came.
    public var json: JSON { raw }
}
