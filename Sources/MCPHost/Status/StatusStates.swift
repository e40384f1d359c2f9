// The three answers about a server: was it reached, is one signed in, are its tools known. Each word is stable.

/// How far the transport to a server got.
@nonexhaustive
public enum TransportState: String, Sendable, Hashable, CaseIterable {
    /// The configuration switches the server off.
    case disabled
    /// Nothing is being tried: no connection was asked for, or one was ended on purpose.
    case idle
    /// A connection is being made.
    case connecting
    /// The server answered, but there is no MCP session, as after a 401.
    case reached
    /// An MCP session stands.
    case connected
    /// The server could not be reached, or it broke off.
    case failed
}

/// Whether the host is signed in at a server.
@nonexhaustive
public enum SignInState: String, Sendable, Hashable, CaseIterable {
    /// The server was never reached, so what it wants is unknown.
    case unknown
    /// The server answers without any credential.
    case notNeeded = "not_needed"
    /// The configuration has an `Authorization` header, and the server took it or has not been asked.
    case staticHeaderSet = "static_header_set"
    /// The configuration has an `Authorization` header, and the server refused it.
    case staticHeaderRefused = "static_header_refused"
    /// The server wants a sign-in and there is none.
    case needed
    /// There is a sign-in.
    case signedIn = "signed_in"
    /// The access token is over and cannot be renewed.
    case expired
    /// The access token could not be renewed; the sign-in is kept.
    case refreshFailed = "refresh_failed"
    /// The authorization server registers no clients: the user must supply a client id.
    case clientNeeded = "client_needed"
}

/// Whether the tools of a server are known.
@nonexhaustive
public enum DiscoveryState: Sendable, Hashable {
    /// The tools were never asked for.
    case notTried
    /// The server listed this many tools.
    case succeeded(toolCount: Int)
    /// The server wants a sign-in before it lists its tools.
    case unauthorized
    /// The list could not be read.
    case failed
}

extension TransportState {
    /// The state in a person's words, such as `connected`.
    public var text: String { rawValue }
}

extension SignInState {
    /// The state in a person's words, such as `sign-in needed`.
    public var text: String {
        switch self {
        case .unknown: "unknown"
        case .notNeeded: "not needed"
        case .staticHeaderSet: "static header set"
        case .staticHeaderRefused: "static header refused"
        case .needed: "sign-in needed"
        case .signedIn: "signed in"
        case .expired: "expired"
        case .refreshFailed: "refresh failed"
        case .clientNeeded: "client id needed"
        }
    }
}

extension DiscoveryState {
    /// The state's word in JSON: `not_tried`, `succeeded`, `unauthorized` or `failed`.
    public var word: String {
        switch self {
        case .notTried: "not_tried"
        case .succeeded: "succeeded"
        case .unauthorized: "unauthorized"
        case .failed: "failed"
        }
    }

    /// The state in a person's words, such as `14 tools`.
    public var text: String {
        switch self {
        case .notTried: "not tried"
        case .succeeded(let count): count == 1 ? "1 tool" : "\(count) tools"
        case .unauthorized: "sign-in needed first"
        case .failed: "failed"
        }
    }

    /// How many tools the server listed, when it did.
    public var toolCount: Int? {
        if case .succeeded(let count) = self { return count }
        return nil
    }

    /// - Returns: `nil` for a word that is not known.
    init?(word: String, toolCount: Int?) {
        switch word {
        case "not_tried": self = .notTried
        case "succeeded": self = .succeeded(toolCount: toolCount ?? 0)
        case "unauthorized": self = .unauthorized
        case "failed": self = .failed
        default: return nil
        }
    }
}
