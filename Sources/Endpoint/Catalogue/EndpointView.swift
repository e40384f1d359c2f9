// What of a host an endpoint shows: by its address and by who asks, never by the connection.

import OmlxJSON
import OmlxMCPHost

/// What a client at an endpoint sees (MCP 2026-07-28, basic: lists may differ by authorization, not by connection).
package struct EndpointView: Sendable, Hashable {
    /// Which servers the address names.
    package enum Place: Sendable, Hashable {
        case all
        /// One, whose tools have their own names there.
        case server(String)
    }

    package var place: Place
    /// Of those, only these; all when `nil`.
    package var chosen: Set<String>?
    /// The servers that who asks may use; all when `nil`.
    package var permitted: Set<String>?
    /// Whether who asks may call only tools that say they change nothing.
    package var isReadOnly: Bool
    /// How the tools are shown.
    package var mode = EndpointMode.direct

    package init(
        _ place: Place = .all, chosen: Set<String>? = nil, permitted: Set<String>? = nil, isReadOnly: Bool = false
    ) {
        (self.place, self.chosen, self.permitted, self.isReadOnly) = (place, chosen, permitted, isReadOnly)
    }

    /// Whether a server is seen.
    package func shows(_ server: String) -> Bool {
        if case .server(let one) = place, !one.isIdentical(to: server) { return false }
        return chosen?.holds(server) ?? true && permitted?.holds(server) ?? true
    }

    func mayCall(_ tool: ShownTool) -> Bool { !isReadOnly || tool.isReadOnly }

    /// The one server, where there is one.
    var single: String? {
        if case .server(let one) = place { one } else { nil }
    }
}

/// How an endpoint shows its tools.
package enum EndpointMode: String, Sendable, Hashable, CaseIterable {
    /// All of them.
    case direct
    /// Four that lead to all others.
    case search
    /// By who the client says it is.
    case auto
}
