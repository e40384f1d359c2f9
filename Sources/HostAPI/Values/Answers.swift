// What a host answers, where that is no value of the host's own.

import OmlxCredentials
import OmlxErrors
import OmlxMCPClient
import OmlxMCPHost

/// The three answers of servers, and what is known of the store without waiting for it.
package struct HostStatus: Sendable, Hashable, Codable {
    /// The file the host was configured by; `nil` when there is none.
    package var configuration: String?
    /// In the configuration's order.
    package var servers: [ServerStatus]
    /// The store, where it was to be looked at.
    package var store = StoreGlance()
    /// Why what was known before could not be read.
    package var problem: OmlxError?
    /// What was found odd about servers that were asked, by their names.
    package var warnings: [String: [String]]?
}

/// A server and its tools.
package struct ServerTools: Sendable, Hashable, Codable {
    /// The three answers.
    package var status: ServerStatus
    /// Its tools.
    package var tools: [HostTool]
    /// What was found odd about it since the host began; a host in the process of the command has said so itself.
    package var warnings: [String]?

    /// A server.
    package init(status: ServerStatus, tools: [HostTool], warnings: [String]? = nil) {
        self.status = status
        self.tools = tools
        self.warnings = warnings
    }
}

/// What is in a store.
package struct StoredRecords: Sendable, Hashable, Codable {
    /// Sign-ins before registrations, each by server.
    package var records: [StoreReport.Record]
    /// What cannot be used.
    package var damaged: [DamagedRecord]
}

/// What became of a record that was to be taken away.
package struct TakenRecord: Sendable, Hashable, Codable {
    /// The record.
    package var record: DamagedRecord
    /// What was done with it; `nil` when it is still there.
    package var outcome: String?
    /// Why it is still there.
    package var error: OmlxError?
}

/// What a fix would change.
package struct FixPreview: Sendable, Hashable, Codable {
    /// The file that is written; where a link leads.
    package var file: String
    /// What changes, with the values left out that may be secret.
    package var diff: String
    /// SHA-256 of the file as it was when this was worked out, in hexadecimal.
    package var digest: String
}
