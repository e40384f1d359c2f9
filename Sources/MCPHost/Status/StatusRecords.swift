// What happened, as the event log of the status database keeps it.

import FoundationEssentials

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
