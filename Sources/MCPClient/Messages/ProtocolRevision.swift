// The protocol revisions of the initialize era, and what differs between them.

import OmlxJSON

/// A dated revision of MCP that omlx speaks.
package enum ProtocolRevision: String, Sendable, Hashable, CaseIterable, Comparable {
    /// HTTP+SSE, no sign-in.
    case v2024_11_05 = "2024-11-05"
    /// Streamable HTTP, sign-in, batches.
    case v2025_03_26 = "2025-03-26"
    /// Structured results, the version header, no batches.
    case v2025_06_18 = "2025-06-18"
    /// The last revision with `initialize`.
    case v2025_11_25 = "2025-11-25"

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

    /// The newest one of the initialize era, which is offered first (MCP 2025-11-25, lifecycle).
    package static let latest = Self.v2025_11_25

    /// The revision in which each message speaks for itself, without a handshake.
    package static let modern = "2026-07-28"

    /// Whether a server may put several messages into an array (MCP 2025-03-26, basic).
    package var hasBatches: Bool { self == .v2025_03_26 }

    /// What a client that answers questions says of that (MCP 2025-06-18, 2025-11-25, elicitation).
    var elicitation: JSON {
        if self < .v2025_06_18 { return [:] }
        return ["elicitation": self < .v2025_11_25 ? [:] : ["form": [:], "url": [:]]]
    }

    /// Whether `MCP-Protocol-Version` goes with each request after `initialize` (MCP 2025-06-18, transports).
    var hasVersionHeader: Bool { self >= .v2025_06_18 }
}
