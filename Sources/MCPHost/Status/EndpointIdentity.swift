// What a status row is about: the URL or the command, so that a changed one does not inherit the old one's answers.

/// The address of a server as status remembers it. Holds no query, argument or fragment, which may be secret: only a
/// short mark that tells when they changed.
public struct EndpointIdentity: Sendable, Hashable {
    /// The transport by its name in the configuration: `stdio`, `sse` or `streamable-http`.
    public let transportKind: String
    /// The URL without query and fragment, or the command's name.
    public let shown: String
    /// `shown`, and the mark when something was left out. Two endpoints are the same when this and the kind are.
    public let fingerprint: String

    /// The endpoint of an HTTP server.
    /// - Parameters:
    ///   - url: The URL as configured, fit to be shown.
    ///   - transportKind: `sse` or `streamable-http`.
    ///   - expanded: The URL with its variables expanded, where it has any. Only the mark tells when it changed.
    public init(url: String, transportKind: String, expanded: String? = nil) {
        let shown = Self.withoutCredentials(url.prefix { $0 != "?" && $0 != "#" })
        self.init(
            transportKind: transportKind, shown: shown, hidden: shown == (expanded ?? url) ? nil : [expanded ?? url])
    }

    /// The endpoint of a stdio server.
    public init(command: String, arguments: [String]) {
        self.init(transportKind: "stdio", shown: command, hidden: arguments.isEmpty ? nil : arguments)
    }

    private init(transportKind: String, shown: String, hidden: [String]?) {
        self.transportKind = transportKind
        self.shown = shown
        fingerprint = hidden.map { "\(shown) #\(Self.mark(of: $0))" } ?? shown
    }

    init(transportKind: String, fingerprint: String) {
        self.transportKind = transportKind
        self.fingerprint = fingerprint
        shown = fingerprint.lastRange(of: " #").map { String(fingerprint[..<$0]) } ?? fingerprint
    }

    private static func withoutCredentials(_ url: Substring) -> String {
        guard let scheme = url.firstRange(of: "://") else { return String(url) }
        let rest = url[scheme.upperBound...]
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let at = rest[..<end].lastIndex(of: "@") else { return String(url) }
        return String(url[..<scheme.upperBound]) + rest[rest.index(after: at)...]
    }

    /// A 32-bit FNV-1a hash in hexadecimal: enough to see a change, too short to find out what was hashed.
    private static func mark(of texts: [String]) -> String {
        var hash: UInt32 = 0x811C_9DC5
        for text in texts {
            for byte in Array(text.utf8) + [0] { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension StringProtocol {
    fileprivate func firstRange(of pattern: String) -> (lowerBound: Index, upperBound: Index)? {
        var start = startIndex
        while start != endIndex {
            if self[start...].hasPrefix(pattern) { return (start, index(start, offsetBy: pattern.count)) }
            start = index(after: start)
        }
        return nil
    }

    fileprivate func lastRange(of pattern: String) -> Index? {
        indices.last { self[$0...].hasPrefix(pattern) }
    }
}
