// What a host answers, where that is no value of the host's own.

import OmlxCredentials
import OmlxErrors
import OmlxMCPClient
import OmlxMCPHost

/// The three answers of servers, and what is known of the store without waiting for it.
public struct HostStatus: Sendable, Hashable, Codable {
    /// The file the host was configured by; `nil` when there is none.
    public var configuration: String?
    /// In the configuration's order.
    public var servers: [ServerStatus]
    /// The store, where it was to be looked at.
    public var store = StoreGlance()
    /// Why what was known before could not be read.
    public var problem: OmlxError?
}

/// A server and its tools.
public struct ServerTools: Sendable, Hashable, Codable {
    /// The three answers.
    public var status: ServerStatus
    /// Its tools.
    public var tools: [HostTool]

    /// A server.
    public init(status: ServerStatus, tools: [HostTool]) {
        self.status = status
        self.tools = tools
    }
}

/// What is in a store.
public struct StoredRecords: Sendable, Hashable, Codable {
    /// Sign-ins before registrations, each by server.
    public var records: [StoreReport.Record]
    /// What cannot be used.
    public var damaged: [DamagedRecord]
}

/// What became of a record that was to be taken away.
public struct TakenRecord: Sendable, Hashable, Codable {
    /// The record.
    public var record: DamagedRecord
    /// What was done with it; `nil` when it is still there.
    public var outcome: String?
    /// Why it is still there.
    public var error: OmlxError?
}

/// What a fix would change.
public struct FixPreview: Sendable, Hashable, Codable {
    /// The file that is written; where a link leads.
    public var file: String
    /// What changes, with the values left out that may be secret.
    public var diff: String
    /// SHA-256 of the file as it was when this was worked out, in hexadecimal.
    public var digest: String
}
