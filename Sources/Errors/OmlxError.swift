// The one error type of omlx: a code, a sentence, the strings compared, the next thing to do.

/// What went wrong, for people and for programs. Its texts never hold a secret.
public struct OmlxError: Error, Sendable, Hashable {
    /// Two strings that should have been the same, or one that was looked at.
    public struct Comparison: Sendable, Hashable {
        /// What the string is, such as `issuer in metadata`.
        public var label: String
        /// The string itself, trimmed to a length that can be shown.
        public var value: String

        /// What would mend it, where the string is what is wrong with one of several things.
        public var remedy: Remedy?

        /// A labelled string.
        public init(_ label: String, _ value: String, remedy: Remedy? = nil) {
            self.label = label
            self.value = OmlxError.shown(value)
            self.remedy = remedy
        }

        /// The same with other words, what it is and what would mend it included.
        public func mapText(_ change: (String) -> String) -> Comparison {
            Comparison(change(label), change(value), remedy: remedy?.mapText(change))
        }
    }

    /// The answer that refused a request. It travels with the error, so that of two refusals at once neither is taken for
    /// the other's.
    public struct Refusal: Sendable, Hashable, Codable {
        /// The `WWW-Authenticate` headers (RFC 9110 §11.6.1), as they came.
        public var challenges: [String]
        /// The address that answered, where it is known.
        public var peer: String?
        /// Whether a proxy answered in the server's name, whose own address is not known then.
        public var isProxied = false

        /// A refusal.
        public init(challenges: [String], peer: String? = nil) {
            self.challenges = challenges
            self.peer = peer
        }
    }

    /// The error a server answered a request with, as it came (JSON-RPC 2.0 §5.1).
    public struct Reply: Sendable, Hashable, Codable {
        /// Its code.
        public var code: Int
        /// Its message.
        public var message: String
        /// Its `data` as JSON text, where it has any.
        public var data: String?

        /// An error as it came.
        public init(code: Int, message: String, data: String? = nil) {
            self.code = code
            self.message = message
            self.data = data
        }
    }

    /// The stable code.
    public var code: ErrorCode
    /// A sentence that says what happened to what, without a final full stop.
    public var message: String
    /// The strings that were compared, if any.
    public var compared: [Comparison]
    /// The HTTP status of the answer, if there was one.
    public var httpStatus: Int?
    /// The server's wish for a pause, in seconds (`Retry-After`, RFC 9110 §10.2.3).
    public var retryAfter: Int?
    /// What would mend it.
    public var nextStep: Remedy?
    /// What the refusal said that the error is about, where it is one.
    public var refusal: Refusal?
    /// The reason the server itself gave, where `message` is not about it alone. Fit to be shown.
    public var serverWords: String?
    /// The error the server answered with, where it is one: for who hands it on.
    public var reply: Reply?

    /// An error of the catalogue.
    public init(
        _ code: ErrorCode, _ message: String, compared: [Comparison] = [], httpStatus: Int? = nil,
        retryAfter: Int? = nil, nextStep: Remedy? = nil
    ) {
        self.code = code
        self.message = message
        self.compared = compared
        self.httpStatus = httpStatus
        self.retryAfter = retryAfter
        self.nextStep = nextStep
    }

    /// Whether the same thing tried again later may succeed.
    public var isRetryable: Bool { code.isRetryable }

    /// The same error with this next step, unless it has one already.
    public func suggesting(_ step: Remedy) -> OmlxError {
        var copy = self
        if copy.nextStep == nil { copy.nextStep = step }
        return copy
    }

    /// The same error with a remedy about this server, where it is about one and names none.
    public func about(_ server: ServerReference, account: String? = nil) -> OmlxError {
        var copy = self
        copy.nextStep = nextStep?.about(server, account: account)
        return copy
    }

    /// A text from elsewhere made fit to be shown: what steers a terminal or cannot be seen is replaced, tabs become
    /// blanks, at most `limit` characters.
    public static func shown(_ text: String, limit: Int = 300) -> String {
        text.harmless(keeping: .meaningful, limit: limit)
    }
}

extension OmlxError: CustomStringConvertible {
    /// `CODE: message (label: value; …)`.
    public var description: String {
        let strings = compared.map { "\($0.label): \($0.value)" }.joined(separator: "; ")
        return "\(code.text): \(message)" + (strings.isEmpty ? "" : " (\(strings))")
    }
}
