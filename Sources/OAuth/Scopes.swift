// Scope lists (RFC 6749 §3.3).

/// Operations on lists of scopes. Order is kept, because some servers show it to people.
package enum Scopes {
    /// The scopes of a space-separated text, each once. What holds a character that no scope may hold is left out.
    package static func parse(_ text: String) -> [String] {
        unique(text.unicodeScalars.split { " \t\r\n".unicodeScalars.contains($0) }.map { String($0) }.filter(isScope))
    }

    /// `scope-token` of RFC 6749 §3.3: printable ASCII without quotation mark and backslash.
    private static func isScope(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }

    /// The text of a list.
    package static func text(_ scopes: [String]) -> String { scopes.joined(separator: " ") }

    /// Each scope once, in the order of first mention.
    package static func unique(_ scopes: [String]) -> [String] {
        var seen: Set<String> = []
        return scopes.filter { seen.insert($0).inserted }
    }

    /// What to ask for: the user's own choice, else the challenge's, else the resource's, else nothing (C11.1,
    /// P14); `offline_access` is added only when the authorization server lists it (C11.2).
    package static func requested(
        configured: [String]?, challenged: [String]?, resource: [String]?, serverSupports: [String]?
    ) -> [String] {
        // One element may hold several scopes: some servers publish `["read write"]`.
        if let configured { return parse(text(configured)) }
        var scopes = challenged ?? resource ?? []
        if serverSupports?.contains("offline_access") == true { scopes.append("offline_access") }
        return parse(text(scopes))
    }

    /// Requested scopes that were not granted. A reply without a scope granted what was asked (RFC 6749 §5.1).
    package static func missing(requested: [String], granted: [String]?) -> [String] {
        guard let granted else { return [] }
        // GitHub and Slack answer `repo,gist`.
        let known = Set(granted + granted.flatMap { $0.split(separator: ",").map(String.init) })
        // `offline_access` is answered by a refresh token, not by being listed.
        return requested.filter { $0 != "offline_access" && !known.contains($0) }
    }
}
