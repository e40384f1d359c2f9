// An http or https URL that keeps its text byte for byte, because OAuth compares URLs as text.

import OmlxErrors

/// An absolute `http` or `https` URL (RFC 3986, RFC 9110 §4.2). `text` is exactly what was read; the parts are for
/// decisions. There is no user information and no character outside printable ASCII.
public struct HTTPURL: Sendable, Hashable {
    /// The URL as it was written.
    public let text: String
    /// `http` or `https`.
    public let scheme: String
    /// The host in lower case; an IPv6 address without its brackets.
    public let host: String
    /// The port, the scheme's own when none is written.
    public let port: Int
    /// The path as written; empty when there is none.
    public let path: String
    /// The query as written without its question mark, if any.
    public let query: String?
    /// The fragment as written without its number sign, if any.
    public let fragment: String?

    /// Why a text is no usable URL.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong, for decisions.
        public var fault: Fault
        /// What is wrong, without the URL itself.
        public var reason: String
        public var description: String { reason }

        init(_ fault: Fault, reason: String) {
            self.fault = fault
            self.reason = reason
        }
    }

    /// Which part of a text keeps it from being a usable URL.
    public enum Fault: Sendable, Hashable {
        /// A character that no URL may hold.
        case character
        /// It is relative.
        case notAbsolute
        /// A scheme other than http and https.
        case scheme
        /// A user name or password.
        case userInformation
        /// No host, or none that can be looked up.
        case host
        /// An IPv4 address in another form than four decimal parts; what it would mean, where it means something.
        case number(meaning: String?)
        /// A port that is none.
        case port
    }

    /// Reads a URL.
    /// - Throws: `Failure` when it is relative, of another scheme, has user information, a bad port or characters
    ///   that no URL may hold.
    public init(_ text: String) throws(Failure) {
        for byte in text.utf8 where byte <= 0x20 || byte >= 0x7F || Self.forbidden.contains(byte) {
            throw Failure(.character, reason: "it holds a character that no URL may hold")
        }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw Failure(.notAbsolute, reason: "it has no scheme")
        }
        let scheme = text[..<colon].lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw Failure(
                .scheme, reason: "its scheme is \(OmlxError.shown(scheme, limit: 32)), not http or https")
        }
        let rest = text[text.index(after: colon)...]
        guard rest.hasPrefix("//") else { throw Failure(.notAbsolute, reason: "it has no host") }
        let (authority, tail) = Self.split(rest.dropFirst(2), atFirstOf: "/?#")
        (host, port) = try Self.parseAuthority(authority, defaultPort: scheme == "https" ? 443 : 80)
        let (beforeFragment, fragmentPart) = Self.split(tail, atFirstOf: "#")
        let (pathPart, queryPart) = Self.split(beforeFragment, atFirstOf: "?")
        guard !pathPart.contains("|"), !fragmentPart.contains("|") else {
            throw Failure(.character, reason: "it holds a character that no URL may hold")
        }
        self.text = text
        self.scheme = scheme
        path = String(pathPart)
        query = queryPart.isEmpty ? nil : String(queryPart.dropFirst())
        fragment = fragmentPart.isEmpty ? nil : String(fragmentPart.dropFirst())
    }

    /// RFC 3986 §2; but for `|`, which queries of some servers have.
    private static let forbidden: Set<UInt8> = Set("\"<>\\^`{}".utf8)

    private static func split(_ text: Substring, atFirstOf marks: String) -> (Substring, Substring) {
        guard let index = text.firstIndex(where: { marks.contains($0) }) else { return (text, text[text.endIndex...]) }
        return (text[..<index], text[index...])
    }

    private static func parseAuthority(
        _ authority: Substring, defaultPort: Int
    ) throws(Failure) -> (host: String, port: Int) {
        guard !authority.contains("@") else {
            throw Failure(.userInformation, reason: "it carries a user name or password")
        }
        var hostPart = authority
        var portPart: Substring = ""
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw Failure(.host, reason: "its host is no address")
            }
            hostPart = authority[authority.index(after: authority.startIndex)..<end]
            guard ipv6Bytes(hostPart) != nil else { throw Failure(.host, reason: "its host is no IPv6 address") }
            portPart = authority[authority.index(after: end)...]
        } else {
            if let colon = authority.firstIndex(of: ":") {
                hostPart = authority[..<colon]
                portPart = authority[colon...]
            }
            try checkName(hostPart)
        }
        guard portPart.isEmpty || portPart.hasPrefix(":") else {
            throw Failure(.host, reason: "its host is no address")
        }
        let digits = portPart.dropFirst()
        if digits.isEmpty { return (hostPart.lowercased(), defaultPort) }
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = Int(digits), (1...65535).contains(port)
        else { throw Failure(.port, reason: "its port is no number from 1 to 65535") }
        return (hostPart.lowercased(), port)
    }

    private static func checkName(_ host: Substring) throws(Failure) {
        guard !host.isEmpty else { throw Failure(.host, reason: "it has no host") }
        guard host.utf8.allSatisfy(isHostByte) else { throw Failure(.host, reason: "its host is no host name") }
        guard endsInNumber(host), ipv4Bytes(host) == nil else { return }
        let meaning = ipv4Meaning(host)
        throw Failure(
            .number(meaning: meaning),
            reason: "its host ends in a number but is no IPv4 address of four decimal parts"
                + (meaning.map { "; some programs take it for \($0)" } ?? ""))
    }
}

extension HTTPURL {
    /// Whether the scheme is `https`.
    public var isSecure: Bool { scheme == "https" }

    /// Scheme, host and port in their canonical spelling, such as `https://mcp.notion.com` (RFC 6454 §6.2).
    public var origin: String {
        let shownHost = host.contains(":") ? "[\(host)]" : host
        let isDefault = port == (isSecure ? 443 : 80)
        return "\(scheme)://\(shownHost)" + (isDefault ? "" : ":\(port)")
    }

    /// Whether the host is this machine by name or literal: `localhost`, 127.0.0.0/8, `::1` (RFC 8252 §7.3), and a name
    /// below `localhost`, which stands for the same (RFC 6761 §6.3) and which libcurl looks up nowhere else.
    public var isLoopback: Bool {
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        if let bytes = Self.ipv4Bytes(host[...]) { return bytes[0] == 127 }
        return Self.ipv6Bytes(host[...]) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    }

    /// Path and query, at least `/`: what stands in a request line.
    public var requestTarget: String { (path.isEmpty ? "/" : path) + (query.map { "?" + $0 } ?? "") }

    /// The URL without its fragment.
    public var withoutFragment: String {
        guard let mark = text.firstIndex(of: "#") else { return text }
        return String(text[..<mark])
    }

    /// The URL a reference means when it is found at this URL (RFC 3986 §5.2).
    /// - Throws: `Failure` when the result is no usable URL.
    public func resolving(_ reference: String) throws(Failure) -> HTTPURL {
        if Self.hasScheme(reference) { return try HTTPURL(reference) }
        if reference.hasPrefix("//") { return try HTTPURL("\(scheme):\(reference)") }
        let (beforeFragment, fragmentPart) = Self.split(reference[...], atFirstOf: "#")
        let (pathPart, queryPart) = Self.split(beforeFragment, atFirstOf: "?")
        let newPath: String
        var newQuery = String(queryPart)
        if pathPart.isEmpty {
            newPath = path
            if queryPart.isEmpty { newQuery = query.map { "?" + $0 } ?? "" }
        } else if pathPart.hasPrefix("/") {
            newPath = Self.removingDotSegments(String(pathPart))
        } else {
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "/"
            newPath = Self.removingDotSegments(folder + String(pathPart))
        }
        return try HTTPURL(origin + newPath + newQuery + fragmentPart)
    }

    private static func hasScheme(_ reference: String) -> Bool {
        guard let colon = reference.firstIndex(of: ":"), colon != reference.startIndex else { return false }
        let name = reference[..<colon]
        return name.first?.isLetter == true
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }

    private static func removingDotSegments(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in zip(segments.indices, segments) {
            let isLast = index == segments.index(before: segments.endIndex)
            switch segment {
            case ".", "%2e", "%2E":
                if isLast { kept.append("") }
            case "..", "%2e%2e", "%2E%2E", ".%2e", "%2e.", ".%2E", "%2E.":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}

extension HTTPURL: CustomStringConvertible {
    public var description: String { text }
}
