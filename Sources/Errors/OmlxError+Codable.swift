// An error as JSON: the `error` member of every document of omlx, and the same with its remedies as values.

extension OmlxError: Codable {
    private enum Key: String, CodingKey {
        case code, message, retryable, compared, refusal, reply
        case errorClass = "class"
        case httpStatus = "http_status"
        case retryAfter = "retry_after"
        case nextStep = "next_step"
        case serverWords = "server_words"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(code.text, forKey: .code)
        try container.encode(code.errorClass.rawValue, forKey: .errorClass)
        try container.encode(message, forKey: .message)
        try container.encode(isRetryable, forKey: .retryable)
        if !compared.isEmpty { try container.encode(compared, forKey: .compared) }
        try container.encodeIfPresent(httpStatus, forKey: .httpStatus)
        try container.encodeIfPresent(retryAfter, forKey: .retryAfter)
        try container.encodeIfPresent(nextStep, forKey: .nextStep)
        guard encoder.remedyWording == nil else { return }
        try container.encodeIfPresent(refusal, forKey: .refusal)
        try container.encodeIfPresent(serverWords, forKey: .serverWords)
        try container.encodeIfPresent(reply, forKey: .reply)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            try container.decode(ErrorCode.self, forKey: .code), try container.decode(String.self, forKey: .message),
            compared: try container.decodeIfPresent([Comparison].self, forKey: .compared) ?? [],
            httpStatus: try container.decodeIfPresent(Int.self, forKey: .httpStatus),
            retryAfter: try container.decodeIfPresent(Int.self, forKey: .retryAfter),
            nextStep: try container.decodeIfPresent(Remedy.self, forKey: .nextStep))
        refusal = try container.decodeIfPresent(Refusal.self, forKey: .refusal)
        serverWords = try container.decodeIfPresent(String.self, forKey: .serverWords)
        reply = try container.decodeIfPresent(Reply.self, forKey: .reply)
    }
}

extension OmlxError.Comparison: Codable {
    private enum Key: String, CodingKey { case label, value, remedy }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(label, forKey: .label)
        if let word = encoder.remedyWording {
            try container.encode(text(word), forKey: .value)
        } else {
            try container.encode(value, forKey: .value)
            try container.encodeIfPresent(remedy, forKey: .remedy)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            try container.decode(String.self, forKey: .label), try container.decode(String.self, forKey: .value),
            remedy: try container.decodeIfPresent(Remedy.self, forKey: .remedy))
    }

    /// The string, and what would mend it as `word` has it.
    public func text(_ word: (RemedyAction) -> String) -> String {
        [value, remedy?.text(word) ?? ""].filter { !$0.isEmpty }.joined(separator: " — ")
    }
}
