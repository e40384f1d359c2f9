// A stable error code: what programs match on, what docs/errors.md is indexed by.

/// The stage an error belongs to. Every code belongs to exactly one.
public enum ErrorClass: String, Sendable, Hashable, CaseIterable {
    /// The user's own files, variables and arguments.
    case configuration
    /// Reaching the server: processes, sockets, TLS, HTTP.
    case transport
    /// What the server says once it is reached: JSON-RPC and MCP.
    case `protocol`
    /// Finding out where to sign in (RFC 9728, RFC 8414, OpenID Connect Discovery).
    case discovery
    /// Getting a client id (RFC 7591).
    case registration
    /// The part with the person and the browser (RFC 6749 §4.1, RFC 9207).
    case authorization
    /// Code for token (RFC 6749 §4.1.3), and taking tokens back (RFC 7009).
    case tokenExchange = "token exchange"
    /// Keeping a sign-in alive (RFC 6749 §6).
    case refresh
    /// Keeping credentials and status.
    case storage
}

/// A stable error code such as `OAUTH_ISSUER_MISMATCH`. New codes may come, existing ones keep their meaning.
public struct ErrorCode: Sendable {
    /// The code's text, upper case with underscores.
    public let text: String
    /// The stage the code belongs to.
    public let errorClass: ErrorClass
    /// One sentence for the catalogue.
    public let summary: String
    /// Whether the same thing tried again later may succeed without anybody changing anything.
    public let isRetryable: Bool

    init(_ text: String, _ errorClass: ErrorClass, _ summary: String, retryable: Bool = false) {
        self.text = text
        self.errorClass = errorClass
        self.summary = summary
        isRetryable = retryable
    }

    /// The code of that text, or `nil` when the catalogue has none.
    public static func named(_ text: String) -> ErrorCode? { all.first { $0.text == text } }
}

extension ErrorCode: Hashable {
    /// Codes are the same when their texts are.
    public static func == (lhs: ErrorCode, rhs: ErrorCode) -> Bool { lhs.text == rhs.text }
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
    /// Lets a `catch` clause or a `switch` match an error by its code.
    public static func ~= (code: ErrorCode, error: any Error) -> Bool { (error as? OmlxError)?.code == code }
}

extension ErrorCode: CustomStringConvertible {
    public var description: String { text }
}
