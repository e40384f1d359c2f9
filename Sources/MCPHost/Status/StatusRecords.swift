// What the status database keeps beside a server's status: its tools, the event log, documents fetched.

import FoundationEssentials
import OmlxJSON

/// A tool of a server's last list.
public struct CachedTool: Sendable, Hashable {
    /// The tool's name, without the server's.
    public var name: String
    /// The title for people.
    public var title: String?
    /// What it does.
    public var description: String?
    /// The JSON Schema of its arguments.
    public var inputSchema: JSON
    /// The whole tool object as the server sent it.
    public var raw: String

    /// A tool.
    public init(name: String, title: String? = nil, description: String? = nil, inputSchema: JSON, raw: String) {
        self.name = name
        self.title = title
        self.description = description
        self.inputSchema = inputSchema
        self.raw = raw
    }
}

/// Something that happened, for the log people read. Its texts never hold a secret.
public struct StatusEvent: Sendable, Hashable, Codable {
    /// Its number in the log, which grows; 0 for one that is not in it yet.
    public internal(set) var id: Int64 = 0
    /// When.
    public var at: Date
    /// The server it is about, if one.
    public var server: String?
    /// What was being done, such as `transport`, `sign_in`, `refresh`, `discovery`, `call`.
    public var kind: String
    /// How it went, such as `reached`, `succeeded`, `failed`.
    public var outcome: String
    /// The stable code when it failed.
    public var code: String?
    /// A sentence.
    public var message: String

    /// An event.
    public init(
        at: Date, server: String? = nil, kind: String, outcome: String, code: String? = nil, message: String
    ) {
        self.at = at
        self.server = server
        self.kind = kind
        self.outcome = outcome
        self.code = code
        self.message = message
    }
}

/// A document fetched on behalf of a server, such as authorization server metadata, with its source and age.
public struct CachedDocument: Sendable, Hashable {
    /// The server it was fetched for.
    public var server: String
    /// Where it came from.
    public var url: String
    /// Its text.
    public var document: String
    /// When it was fetched.
    public var fetchedAt: Date

    /// What kind of document it is: `resource`, `server`, or `defaults` for endpoints that were not published; `nil` when an
    /// earlier omlx kept the place alone.
    public var kind: String? { (try? JSON(parsing: document))?["kind"]?.stringValue }
    /// What omlx read from it.
    public var facts: JSON? { (try? JSON(parsing: document))?["facts"] }

    /// A document.
    public init(server: String, url: String, document: String, fetchedAt: Date) {
        self.server = server
        self.url = url
        self.document = document
        self.fetchedAt = fetchedAt
    }
}
