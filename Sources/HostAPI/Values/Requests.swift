// What a host is asked for.

import FoundationEssentials
import OmlxJSON
import OmlxMCPHost

/// Which statuses are wanted, and how new.
package struct StatusRequest: Sendable, Hashable, Codable {
    /// How new they are to be.
    package enum Look: String, Sendable, Hashable, CaseIterable, Codable {
        /// What is known: no server is asked, and nothing is waited for.
        case known
        /// As the host has it at this moment.
        case current
        /// Every server is asked.
        case asked
    }

    /// Whose; those of all servers when empty.
    package var servers: [String]
    /// How new.
    package var look: Look
    /// Whether the store is glanced at as well: a small file, and a keyring that is running.
    package var looksAtStore: Bool

    /// A request.
    package init(_ servers: [String] = [], look: Look = .known, looksAtStore: Bool = false) {
        self.servers = servers
        self.look = look
        self.looksAtStore = looksAtStore
    }

    /// Whether a server is among those asked about.
    func includes(_ name: String) -> Bool { servers.isEmpty || servers.holds(name) }
}

/// A call of a tool.
package struct ToolCall: Sendable, Hashable, Codable {
    /// `server__tool`, or a bare name that exactly one server has.
    package var tool: String
    /// The arguments.
    package var arguments: JSON
    /// The limit in seconds, in place of the server's.
    package var timeout: Double?

    /// A call.
    package init(_ tool: String, arguments: JSONObject = [:], timeout: Double? = nil) {
        self.tool = tool
        self.arguments = .object(arguments)
        self.timeout = timeout
    }
}

/// A sign-out.
package struct LogoutRequest: Sendable, Hashable, Codable {
    /// Whether no authorization server is asked.
    package var isLocalOnly: Bool
    /// Whether the client's registration is forgotten too.
    package var forgetsClient: Bool
    /// Whether every account is signed out.
    package var includesEveryAccount: Bool

    /// A sign-out of the account in use.
    package init(isLocalOnly: Bool = false, forgetsClient: Bool = false, includesEveryAccount: Bool = false) {
        self.isLocalOnly = isLocalOnly
        self.forgetsClient = forgetsClient
        self.includesEveryAccount = includesEveryAccount
    }
}

/// A part of the event log.
package struct LogRequest: Sendable, Hashable, Codable {
    /// The most events the log keeps.
    package static let greatestLimit = StatusDatabase.eventLimit

    /// Only this server's; all servers' when `nil`.
    package var server: String?
    /// Only what came after the event of this number.
    package var after: Int64
    /// At most so many, the last ones.
    package var limit: Int

    /// A request.
    package init(server: String? = nil, after: Int64 = 0, limit: Int = 200) {
        self.server = server
        self.after = after
        self.limit = limit
    }
}
