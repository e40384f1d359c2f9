// What the server does in place of its ordinary answer to a request.

import FoundationEssentials
import OmlxJSON

extension DemoScript {
    /// Replaces the ordinary answer to a request: by a fixed answer, by silence, by a broken connection.
    public struct Override: Sendable, Equatable {
        /// What happens instead.
        public enum Outcome: String, Sendable, CaseIterable {
            /// `status`, `headers` and `body` are sent.
            case answer
            /// Nothing is ever sent; the connection stays open.
            case hang
            /// The connection is closed without a byte of answer.
            case close
            /// The ordinary answer is begun and broken off after `cutAfter` body bytes.
            case cut
            /// The ordinary answer (for a delay alone).
            case pass
        }

        /// What happens.
        public var outcome = Outcome.answer
        /// Wait before anything is sent, in milliseconds.
        public var delayMilliseconds = 0
        /// Status of `answer`, 200…599.
        public var status = 200
        /// Header lines of `answer`. `{origin}`, `{issuer}` and `{url}` in values are replaced by the server's own.
        public var headers: [HeaderField] = []
        /// Body of `answer`. In JSON: `body` (text) or `bodyBase64`.
        public var body: [UInt8] = []
        /// Bytes of filler (`x`) sent after `body`.
        public var fillerLength = 0
        /// Body bytes sent before a `cut`; `nil` is half of a plain body, or 10 bytes of a stream.
        public var cutAfter: Int?
        /// The request is processed as usual first, only its answer is replaced: a rotated token whose answer is lost.
        public var takesEffect = false
        /// So many matching requests are answered as usual first.
        public var after = 0
        /// How many requests it holds for; counted down by the server, `nil` is for ever.
        public var times: Int?

        /// An answer 200 without a body.
        public init() {}
    }
}

extension DemoScript.Override {
    /// A fixed answer.
    public static func status(_ status: Int, headers: [HeaderField] = [], body: String = "") -> Self {
        var override = Self()
        override.status = status
        override.headers = headers
        override.body = Array(body.utf8)
        return override
    }

    /// A fixed answer of type `application/json`.
    public static func json(_ status: Int, _ value: JSON) -> Self {
        .status(status, headers: [HeaderField("Content-Type", "application/json")], body: value.text())
    }

    /// An HTML page.
    public static func html(_ status: Int = 200, _ page: String = "<!doctype html><title>Sign in</title>") -> Self {
        .status(status, headers: [HeaderField("Content-Type", "text/html; charset=utf-8")], body: page)
    }

    /// A body that says it is JSON and is not.
    public static var notJSON: Self {
        .status(200, headers: [HeaderField("Content-Type", "application/json")], body: "{\"jsonrpc\": oops")
    }

    /// A body of that many bytes, said to be JSON.
    public static func huge(bytes: Int) -> Self {
        var override = Self.status(200, headers: [HeaderField("Content-Type", "application/json")])
        override.fillerLength = bytes
        return override
    }

    /// A redirect.
    public static func redirect(_ status: Int = 307, to location: String) -> Self {
        .status(status, headers: [HeaderField("Location", location)])
    }

    /// No answer, ever.
    public static var hang: Self { .init(outcome: .hang) }

    /// The connection closes without an answer.
    public static var close: Self { .init(outcome: .close) }

    /// The connection closes within the ordinary answer's body.
    public static func cut(after bytes: Int? = nil) -> Self {
        var override = Self(outcome: .cut)
        override.cutAfter = bytes
        return override
    }

    /// The ordinary answer, later.
    public static func delay(milliseconds: Int) -> Self { .init(outcome: .pass).delayed(milliseconds: milliseconds) }

    /// The request is carried out, then the connection closes without an answer.
    public static var answerLost: Self { .close.withEffect }

    /// The same, for the first `count` matching requests only.
    public func times(_ count: Int) -> Self { with { $0.times = count } }

    /// The same, beginning after `count` ordinary answers.
    public func after(_ count: Int) -> Self { with { $0.after = count } }

    /// The same, after a wait.
    public func delayed(milliseconds: Int) -> Self { with { $0.delayMilliseconds = milliseconds } }

    /// The same, but the request is carried out first.
    public var withEffect: Self { with { $0.takesEffect = true } }

    private init(outcome: Outcome) {
        self.init()
        self.outcome = outcome
    }

    private func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }
}

extension DemoScript.Override.Outcome: ScriptChoice {}

extension DemoScript.Override: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("outcome", \.outcome), .init("delayMilliseconds", \.delayMilliseconds), .init("status", \.status),
            .init("headers", \.headers), .init("body", \.bodyText), .init("bodyBase64", \.bodyBase64),
            .init("fillerLength", \.fillerLength), .init("cutAfter", \.cutAfter), .init("takesEffect", \.takesEffect),
            .init("after", \.after), .init("times", \.times),
        ]
    }

    private var bodyText: String? {
        get { String(validating: body, as: UTF8.self) }
        set { body = Array((newValue ?? "").utf8) }
    }

    private var bodyBase64: String? {
        get { bodyText == nil ? Data(body).base64EncodedString() : nil }
        set { body = newValue.flatMap { Data(base64Encoded: $0) }.map { Array($0) } ?? [] }
    }
}
