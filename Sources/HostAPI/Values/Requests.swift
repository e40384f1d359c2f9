// What a host is asked for.

import FoundationEssentials
import OmlxJSON
import OmlxMCPHost

/// Which statuses are wanted, and how new.
public struct StatusRequest: Sendable, Hashable, Codable {
    /// How new they are to be.
    public enum Look: String, Sendable, Hashable, Codable {
        /// What is known: no server is asked, and nothing is waited for.
        case known
        /// As the host has it at this moment.
        case current
        /// Every server is asked.
        case asked
    }

    /// Whose; those of all servers when empty.
    public var servers: [String]
    /// How new.
    public var look: Look
    /// Whether the store is glanced at as well: a small file, and a keyring that is running.
    public var looksAtStore: Bool

    /// A request.
    public init(_ servers: [String] = [], look: Look = .known, looksAtStore: Bool = false) {
        self.servers = servers
        self.look = look
        self.looksAtStore = looksAtStore
    }

    /// Whether a server is among those asked about.
    func includes(_ name: String) -> Bool { servers.isEmpty || servers.contains(name) }
}

/// A call of a tool.
public struct ToolCall: Sendable, Hashable, Codable {
    /// `server__tool`, or a bare name that exactly one server has.
    public var tool: String
    /// The arguments.
    public var arguments: JSON
    /// The limit in seconds, in place of the server's.
    public var timeout: Double?

    /// A call.
    public init(_ tool: String, arguments: JSONObject = [:], timeout: Double? = nil) {
        self.tool = tool
        self.arguments = .object(arguments)
        self.timeout = timeout
    }
}

/// A sign-out.
public struct LogoutRequest: Sendable, Hashable, Codable {
    /// Whether no authorization server is asked.
    public var isLocalOnly: Bool
    /// Whether the client's registration is forgotten too.
    public var forgetsClient: Bool
    /// Whether every account is signed out.
    public var includesEveryAccount: Bool

    /// A sign-out of the account in use.
    public init(isLocalOnly: Bool = false, forgetsClient: Bool = false, includesEveryAccount: Bool = false) {
        self.isLocalOnly = isLocalOnly
        self.forgetsClient = forgetsClient
        self.includesEveryAccount = includesEveryAccount
    }
}

/// A part of the event log.
public struct LogRequest: Sendable, Hashable, Codable {
    /// The most events the log keeps.
    public static let greatestLimit = StatusDatabase.eventLimit

    /// Only this server's; all servers' when `nil`.
    public var server: String?
    /// Only what came after the event of this number.
    public var after: Int64
    /// At most so many, the last ones.
    public var limit: Int

    /// A request.
    public init(server: String? = nil, after: Int64 = 0, limit: Int = 200) {
        self.server = server
        self.after = after
        self.limit = limit
    }
}
