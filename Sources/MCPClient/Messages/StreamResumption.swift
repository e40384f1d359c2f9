// Whether and when a broken event stream is taken up again, as a value (MCP 2025-11-25, resumability). No I/O.

/// The life of one logical stream over several HTTP exchanges.
struct StreamResumption: Sendable {
    /// What the driver does after the stream ended without the answer.
    enum Step: Sendable, Hashable {
        /// Wait, then GET with `Last-Event-ID`.
        case reconnect(lastEventID: String, afterMilliseconds: Int)
        /// The server named no event id: the stream cannot be taken up again.
        case notResumable
        /// It was tried often enough.
        case exhausted
    }

    /// How often it is tried without any event coming in between.
    static let tryLimit = 3
    /// The pause when the server names none, in milliseconds.
    static let defaultPause = 500
    /// The longest pause a server can ask for, in milliseconds.
    static let longestPause = 60_000

    private(set) var lastEventID: String?
    /// The pause the server asks for, in milliseconds, within bounds.
    private(set) var wishedPause: Int?
    /// Whether anything came since the last wait.
    private(set) var hasHeard = false
    private var tries = 0
    private var isPossible = true

    /// One that is never taken up again (MCP 2026-07-28, streamable HTTP).
    static let never: StreamResumption = {
        var resumption = StreamResumption()
        resumption.isPossible = false
        return resumption
    }()

    /// Something came on the stream.
    mutating func received(eventID: String?, retryMilliseconds: Int?) {
        hasHeard = true
        if let eventID, eventID != lastEventID {
            lastEventID = Self.isHeaderValue(eventID) ? eventID : nil
            tries = 0
        }
        if let retryMilliseconds { wishedPause = min(max(retryMilliseconds, 0), Self.longestPause) }
    }

    /// The stream is waited for.
    mutating func beginWait() { hasHeard = false }

    /// The stream, or an attempt to take it up, ended.
    mutating func ended() -> Step {
        guard isPossible, let lastEventID else { return .notResumable }
        guard tries < Self.tryLimit else { return .exhausted }
        tries += 1
        return .reconnect(lastEventID: lastEventID, afterMilliseconds: wishedPause ?? Self.defaultPause)
    }

    /// An empty id resets it (WHATWG HTML §9.2.6); one with control characters cannot be sent back.
    private static func isHeaderValue(_ id: String) -> Bool {
        !id.isEmpty && id.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
