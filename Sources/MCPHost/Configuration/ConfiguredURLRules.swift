// Judges the URLs of a configuration by their text, which is kept byte for byte.

import ErrorCatalogue
import Glibc

/// The parts of an absolute http or https URL that the configuration has rules about.
struct ConfiguredURLParts {
    var scheme: String
    /// The host as spelled; an IPv6 address in its brackets.
    var host: String
    var port: UInt16?
    /// Path and query as spelled; may be empty.
    var path: String

    enum Fault: Error, Equatable {
        case webSocket
        case notAbsolute
        case scheme
        case userInfo
        case fragment
        case character
        case host
        case port

        /// What is wrong, to follow "the URL"; never quotes it.
        var sentence: String {
            switch self {
            case .webSocket: "has the scheme of a WebSocket, and MCP has no transport over WebSockets"
            case .notAbsolute: "is not absolute: it must begin with https:// or http://"
            case .scheme: "has a scheme other than http and https"
            case .userInfo: "holds a user name or password"
            case .fragment: "has a fragment (\"#\")"
            case .character:
                "holds a character that no URL may hold (a space, a control or non-ASCII character, a brace)"
            case .host: "has no valid host"
            case .port: "has no valid port: it must be 1 to 65535"
            }
        }

        var nextStep: String? {
            switch self {
            case .webSocket: "ask for the server's https:// address"
            case .notAbsolute: "write the whole address, such as https://mcp.example.com/mcp"
            case .scheme: "use the server's https:// address"
            case .userInfo: "send credentials with \"headers\" instead"
            case .fragment: "remove \"#\" and what follows"
            case .character: "percent-encode the character, write a host name in its ASCII form"
            case .host, .port: nil
            }
        }
    }

    init(_ text: String) throws(Fault) {
        let lowered = text.lowercased()
        if lowered.hasPrefix("ws://") || lowered.hasPrefix("wss://") { throw .webSocket }
        guard text.utf8.allSatisfy(Self.isURLByte) else { throw .character }
        guard let mark = text.firstIndex(of: ":"), text[mark...].hasPrefix("://"), mark > text.startIndex else {
            throw .notAbsolute
        }
        scheme = text[..<mark].lowercased()
        guard scheme == "http" || scheme == "https" else { throw .scheme }
        guard !text.contains("#") else { throw .fragment }
        let rest = text[text.index(mark, offsetBy: 3)...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        path = String(rest[authority.endIndex...])
        guard !authority.contains("@") else { throw .userInfo }
        (host, port) = try Self.hostAndPort(authority)
    }

    /// Whether the host is this machine: `localhost`, a name below it, 127.0.0.0/8 or `[::1]`.
    var isLoopback: Bool {
        let host = host.lowercased()
        if host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func hostAndPort(_ authority: Substring) throws(Fault) -> (String, UInt16?) {
        var host = authority
        var portText: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]"), isIPv6(authority[..<end].dropFirst()) else { throw .host }
            host = authority[...end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw .host }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, host.hasPrefix("[") || host.utf8.allSatisfy(isHostByte) else { throw .host }
        guard let portText else { return (String(host), nil) }
        guard portText.utf8.count <= 5, portText.utf8.allSatisfy(isDigit), let port = UInt16(portText), port > 0 else {
            throw .port
        }
        return (String(host), port)
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, String(text), &address) == 1
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// RFC 3986 §2, and the `|` that some servers' queries have.
    private static func isURLByte(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"\"<>\\^`{}".utf8.contains(byte)
    }
}

extension EntryReader {
    /// An absolute http or https URL.
    mutating func url(
        _ entry: ConfigurationEntry?, code: ErrorCode = .configURLInvalid
    ) -> (text: ConfiguredText, parts: ConfiguredURLParts)? {
        guard let entry, let text = text(entry, code: code == .configURLInvalid ? .configServerInvalid : code) else {
            return nil
        }
        do {
            return (ConfiguredText(shown: SecretMask.maskedURL(text.shown), value: text.value), try .init(text.value))
        } catch {
            // In a disabled server a variable that is not set stays as it is written, and that is no URL.
            if isLenient, text.value.contains("${") { return nil }
            fail(
                error == .webSocket ? .configURLWebSocket : code, entry,
                "the URL in \(Self.quoted(entry.path)) \(error.sentence)", nextStep: error.nextStep)
            return nil
        }
    }

    /// A URL of an authorization server: https, or http on loopback (checklist C5.1).
    mutating func endpoint(_ entry: ConfigurationEntry?) -> ConfiguredText? {
        guard let entry, let (text, parts) = url(entry, code: .configAuthInvalid) else { return nil }
        guard parts.scheme == "https" || parts.isLoopback else {
            fail(
                .oauthInsecureURL, entry,
                "the URL in \(Self.quoted(entry.path)) must be https: http is for this machine only",
                nextStep: "use the https:// address")
            return nil
        }
        return text
    }
}
