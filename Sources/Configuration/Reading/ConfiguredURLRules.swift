// Judges the URLs of a configuration by their text, which is kept byte for byte. What passes here is a URL everywhere
// else: the parser is the one that requests are made with.

import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

/// The parts of an absolute http or https URL that the configuration has rules about.
struct ConfiguredURLParts {
    /// The URL as requests know it.
    let url: HTTPURL
    var scheme: String { url.scheme }
    /// The host as spelled; an IPv6 address in its brackets.
    let host: String
    /// The port, where one is written.
    let port: UInt16?
    /// Path and query as spelled; may be empty.
    var path: String { url.path + (url.query.map { "?" + $0 } ?? "") }
    /// Whether the host is this machine.
    var isLoopback: Bool { url.isLoopback }
    /// Whether a request would reach this machine, as its spelling has it.
    var meansThisMachine: Bool { url.meansThisMachine }

    enum Fault: Error, Equatable {
        case webSocket
        case notAbsolute
        case scheme
        case userInfo
        case fragment
        case character
        case host
        case number(meaning: String?)
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
            case .number(let meaning):
                "has a host that ends in a number and is no IPv4 address of four decimal parts"
                    + (meaning.map { "; browsers take it for \($0)" } ?? "")
            case .port: "has no valid port: it must be 1 to 65535"
            }
        }

        var nextStep: Remedy? {
            switch self {
            case .webSocket: "ask for the server's https:// address"
            case .notAbsolute: "write the whole address, such as https://mcp.example.com/mcp"
            case .scheme: "use the server's https:// address"
            case .userInfo: "send credentials with \"headers\" instead"
            case .fragment: "remove \"#\" and what follows"
            case .character: "percent-encode the character, write a host name in its ASCII form"
            case .number(let meaning): meaning.map { "write \($0)" }
            case .host, .port: nil
            }
        }

        fileprivate init(_ fault: HTTPURL.Fault) {
            self =
                switch fault {
                case .character: .character
                case .notAbsolute: .notAbsolute
                case .scheme: .scheme
                case .userInformation: .userInfo
                case .host: .host
                case .number(let meaning): .number(meaning: meaning)
                case .port: .port
                }
        }
    }

    init(_ text: String) throws(Fault) {
        let lowered = text.lowercased()
        if lowered.hasPrefix("ws://") || lowered.hasPrefix("wss://") { throw .webSocket }
        do throws(HTTPURL.Failure) { url = try HTTPURL(text) } catch { throw Fault(error.fault) }
        guard url.fragment == nil else { throw .fragment }
        let authority = text.dropFirst(url.scheme.utf8.count + 3).prefix { !"/?".contains($0) }
        let end = authority.hasPrefix("[") ? authority.firstIndex(of: "]").map(authority.index(after:)) : nil
        let rest = authority[(end ?? authority.firstIndex(of: ":") ?? authority.endIndex)...]
        host = String(authority[..<rest.startIndex])
        port = rest.isEmpty ? nil : UInt16(rest.dropFirst())
        // Elsewhere an empty port is the scheme's own; who writes one by hand has left something out.
        guard rest.isEmpty || port != nil else { throw .port }
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

    /// A URL of an authorization server: https, or http on loopback (C5.1).
    mutating func endpoint(_ entry: ConfigurationEntry?) -> HTTPURL? {
        guard let entry, let (text, parts) = url(entry, code: .configAuthInvalid) else { return nil }
        guard parts.scheme == "https" || parts.isLoopback else {
            fail(
                .oauthInsecureURL, entry,
                "the URL in \(Self.quoted(entry.path)) must be https: http is for this machine only",
                nextStep: "use the https:// address")
            return nil
        }
        do throws(OmlxError) {
            return try OAuthURL.endpoint(text.value, named: Self.quoted(entry.path), invalid: .configAuthInvalid)
        } catch {
            fail(error.code, entry, error.message, nextStep: error.nextStep)
            return nil
        }
    }

    /// Warns of a sign-in that could not be made: metadata is asked for over https, or on this machine (C5.1). The server
    /// itself may do without one.
    mutating func warnOfInsecureSignIn(_ address: ConfigurationEntry?, _ settings: HTTPSettings, _ auth: AuthSettings?)
    {
        // Without a word of a sign-in, a server elsewhere is taken to need none; an address of this machine that is not written as
        // one is a mistake.
        guard auth?.mode != .disabled, auth?.signIn.discoveryBase == nil, auth?.signIn.hasEndpoints != true,
            let parts = try? ConfiguredURLParts(settings.url.value), parts.scheme == "http", !parts.isLoopback,
            auth != nil || parts.meansThisMachine, let address
        else { return }
        warn(
            .oauthInsecureURL, address,
            "a sign-in at the URL in \(Self.quoted(address.path)) would be refused: it is neither https nor "
                + (parts.meansThisMachine ? "written as an address of this machine" : "on this machine"),
            nextStep: parts.meansThisMachine ? "write 127.0.0.1 or localhost as its host" : "use the https:// address")
    }

    /// Whether a value passes the check of what will use it.
    mutating func isLawful(_ entry: ConfigurationEntry, _ check: () throws(OmlxError) -> Void) -> Bool {
        do throws(OmlxError) {
            try check()
            return true
        } catch {
            fail(error.code, entry, error.message, nextStep: error.nextStep)
            return false
        }
    }
}
