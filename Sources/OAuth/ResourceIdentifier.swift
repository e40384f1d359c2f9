// The resource a token is for (RFC 8707), and which published identifier belongs to which server (C3.5, C10.2).

import OmlxHTTPClient

/// Resource identifiers of MCP servers.
package enum ResourceIdentifier {
    /// The canonical URI of a server: scheme and host in lower case, no fragment, no trailing slash on an empty path
    /// (C10.2). Sent when the server publishes none.
    package static func canonical(of server: HTTPURL) -> String {
        let target =
            server.path == "/" && server.query == nil ? "" : server.path + (server.query.map { "?" + $0 } ?? "")
        return server.origin + target
    }

    /// Whether a published identifier covers a server's URL: same origin, and its path a prefix by whole segments; a
    /// trailing slash does not matter (C3.5, G1).
    package static func covers(_ resource: HTTPURL, server: HTTPURL) -> Bool {
        guard resource.origin == server.origin, resource.fragment == nil else { return false }
        if let query = resource.query, query != server.query { return false }
        let prefix = segments(resource.path)
        return segments(server.path).starts(with: prefix)
    }

    private static func segments(_ path: String) -> [Substring] {
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if segments.last == "" { segments = segments.dropLast() }
        return Array(segments)
    }
}
