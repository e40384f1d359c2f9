// Redirect URIs: which may be registered, and which of a request match a registered one.

struct RedirectURI: Equatable {
    let scheme: String
    let host: String
    let port: String
    /// Path and query.
    let rest: String

    /// `nil` for a URI that is not absolute, or has a fragment, credentials, spaces or control characters.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#"),
            let separator = text.firstRange(of: "://")
        else { return nil }
        scheme = text[..<separator.lowerBound].lowercased()
        let afterScheme = text[separator.upperBound...]
        let authority = afterScheme.prefix { $0 != "/" && $0 != "?" }
        rest = String(afterScheme.dropFirst(authority.count))
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let hostEnd = authority.hasPrefix("[") ? authority.firstIndex(of: "]") : nil
        let portMark = authority[(hostEnd ?? authority.startIndex)...].firstIndex(of: ":")
        host = authority[..<(portMark ?? authority.endIndex)].lowercased()
        port = portMark.map { String(authority[authority.index(after: $0)...]) } ?? ""
        guard !host.isEmpty, port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    }

    var isLoopbackLiteral: Bool { host == "127.0.0.1" || host == "[::1]" }
    var isLoopback: Bool { isLoopbackLiteral || host == "localhost" }

    /// https, or http on loopback for a native client.
    func isAllowed(applicationType: String) -> Bool {
        scheme == "https" || (scheme == "http" && isLoopback && applicationType == "native")
    }

    /// Whether a requested URI is a registered one; an IP literal loopback may differ in its port (RFC 8252 §7.3).
    static func matches(_ requested: String, registered: [String], anyLoopbackPort: Bool) -> Bool {
        if registered.contains(requested) { return true }
        guard anyLoopbackPort, let uri = RedirectURI(requested), uri.isLoopbackLiteral else { return false }
        return registered.compactMap(RedirectURI.init).contains {
            $0.scheme == uri.scheme && $0.host == uri.host && $0.rest == uri.rest
        }
    }

    /// The URI with parameters appended to its query.
    static func appending(_ parameters: [(String, String)], to uri: String) -> String {
        guard !parameters.isEmpty else { return uri }
        let query = parameters.map { "\($0)=\(FormFields.encode($1))" }.joined(separator: "&")
        return uri + (uri.contains("?") ? "&" : "?") + query
    }
}
