// What a person has to know of an address before they open it (MCP 2025-11-25, elicitation, URL mode).

/// The address of a question.
public enum PageAddress {
    /// Whether a browser may be asked to open it: what other programs would be started with may do anything.
    static func isPage(_ url: String) -> Bool {
        let scheme = url.prefix { $0 != ":" }.lowercased()
        return ["http", "https"].contains(scheme) && url.dropFirst(scheme.count).hasPrefix("://")
            && ElicitedField.Format.uri.fits(url) && !host(of: url).isEmpty
    }

    /// The host it leads to: what stands before an `@` is no part of it (RFC 3986 §3.2).
    public static func host(of url: String) -> String {
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return url }
        let authority = url[colon...].dropFirst(3).prefix { !"/?#".contains($0) }
        let mark = authority.lastIndex(of: "@")
        let place = mark.map { authority[authority.index(after: $0)...] } ?? authority
        if place.hasPrefix("[") { return String(place.prefix { $0 != "]" }) + "]" }
        return String(place.prefix { $0 != ":" }).lowercased()
    }

    /// Whether the name is written in letters that may look like others (RFC 3492).
    public static func mayMislead(_ host: String) -> Bool {
        host.split(separator: ".").contains { $0.hasPrefix("xn--") } || host.utf8.contains { $0 >= 0x80 }
    }
}
