// What a server proposes for an argument that is being typed. No I/O.

import OmlxJSON

/// What is being filled in.
public enum CompletionSubject: Sendable, Hashable {
    /// A prompt, by its name.
    case prompt(String)
    /// A template of resources, as the server lists it.
    case template(String)

    /// As `completion/complete` names it (MCP 2025-11-25, completion).
    var reference: JSON {
        switch self {
        case .prompt(let name): ["type": "ref/prompt", "name": .string(name)]
        case .template(let template): ["type": "ref/resource", "uri": .string(template)]
        }
    }
}

/// Values a server proposes.
public struct Completion: Sendable, Hashable {
    /// The values, the best first.
    public let values: [String]
    /// How many there are in all, where the server says so.
    public let total: Int?
    /// Whether there are more than these.
    public let hasMore: Bool
    /// The whole result as it came.
    public let raw: JSON

    /// A result as a server sends it.
    public init(json: JSON) {
        raw = json
        let completion = json["completion"] ?? json
        let found = completion["values"]?.arrayValue ?? completion.arrayValue ?? []
        // More than a hundred are not to be sent (MCP 2025-11-25, completion).
        values = found.prefix(Self.limit).compactMap { $0.stringValue ?? ($0.doubleValue == nil ? nil : $0.text()) }
        total = completion["total"]?.intValue
        hasMore = completion["hasMore"]?.boolValue ?? (total.map { $0 > found.count } ?? (found.count > Self.limit))
    }

    private static let limit = 100
}

extension Completion: JSONRepresentable {
    /// The result object of MCP, as it came.
    public var json: JSON { raw }
}
