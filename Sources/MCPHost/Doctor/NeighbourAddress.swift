// Addresses beside a configured one at which its server may be meant. Decisions only: nothing is asked here.

import OmlxHTTPClient
import OmlxMCPClient

/// An address that differs from the configured one as addresses copied from a page do.
struct NeighbourAddress: Sendable, Hashable {
    /// The address.
    var url: HTTPURL
    /// Whether the older transport is tried there first.
    var isSSE: Bool
    /// How it differs, as a clause that follows the configured address.
    var change: String

    /// The likeliest first. All are of the configured origin, but for https in place of http on the same host.
    /// - Parameter isSSE: whether the entry is configured for HTTP+SSE.
    static func all(of url: HTTPURL, isSSE: Bool) -> [NeighbourAddress] {
        var path = url.path
        while path.hasSuffix("/") { path.removeLast() }
        let query = url.query.map { "?" + $0 } ?? ""
        let last = path.split(separator: "/").last.map { $0.lowercased() }
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        var found: [NeighbourAddress] = []
        func add(_ path: String, _ change: String, at origin: String = url.origin, isSSE kind: Bool? = nil) {
            guard let other = try? HTTPURL(origin + path + query) else { return }
            found.append(NeighbourAddress(url: other, isSSE: kind ?? path.hasSuffix("/sse"), change: change))
        }
        if isSSE {
            add(url.path, "as streamable HTTP", isSSE: false)
        } else if last == "sse" {
            add(url.path, "as SSE", isSSE: true)
        }
        if !path.isEmpty {
            url.path.hasSuffix("/")
                ? add(path, "without the slash at its end") : add(path + "/", "with a slash at its end")
        }
        if last == "sse" { add(parent + "/mcp", "with /mcp in place of /sse") }
        if last == "mcp" { add(parent + "/sse", "with /sse in place of /mcp") }
        if last != "mcp", last != "sse" {
            add(path + "/mcp", "with /mcp at its end")
            add(path + "/sse", "with /sse at its end")
        }
        if !path.isEmpty {
            add("/mcp", "with the path /mcp")
            add("/sse", "with the path /sse")
            if last == "mcp" || last == "sse" {
                add(parent.isEmpty ? "/" : parent, "without /\(last ?? "")", isSSE: isSSE)
            }
        }
        add("/api/mcp", "with the path /api/mcp")
        if !url.isSecure {
            let host = url.host.contains(":") ? "[\(url.host)]" : url.host
            add(url.path, "with https", at: "https://\(host)" + (url.port == 80 ? "" : ":\(url.port)"), isSSE: isSSE)
        }
        var seen: Set<String> = [Self.key(url.withoutFragment, isSSE)]
        return found.filter { seen.insert(Self.key($0.url.text, $0.isSSE)).inserted }
    }

    private static func key(_ text: String, _ isSSE: Bool) -> String { (isSSE ? "sse " : "http ") + text }
}
