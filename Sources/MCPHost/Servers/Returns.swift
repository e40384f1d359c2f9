// When a server that was lost is tried again, and when a silent one is asked whether it is there: values. No I/O.

import OmlxMCPClient

/// When a server that was lost is connected again: after growing pauses, 1 s at first and 5 min at most; a child process no more
/// often than it may be started.
struct Returns: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// So many starts of a child process in so much time are enough.
    static let limit = 5
    static let window = Duration.seconds(600)
    /// A connection that stood for so long was a good one: the next pause is the first again.
    static let goodTime = Duration.seconds(30)

    private let isChild: Bool
    private var moments: [Instant] = []
    private var backoff = Backoff()
    /// Since when the connection stands.
    private var since: Instant?

    /// - Parameter isChild: Whether the server is a child process.
    init(isChild: Bool) { self.isChild = isChild }

    /// - Parameter jitter: From 0 up to 1.
    /// - Returns: The pause before it is connected again, in seconds; `nil` when it was, too often.
    mutating func next(at now: Instant, jitter: Double) -> Double? {
        if let since, since + Self.goodTime <= now { backoff.succeeded() }
        since = nil
        guard isChild else { return backoff.failed(jitter: jitter) }
        moments.removeAll { $0 <= now - Self.window }
        guard moments.count < Self.limit else { return nil }
        moments.append(now)
        return backoff.failed(jitter: jitter)
    }

    /// The connection stands.
    mutating func succeeded(at now: Instant) { since = now }

    /// What kept the server away may be over, so that long pauses have no reason any more.
    mutating func forgive() { backoff.succeeded() }
}

/// When a server that has nothing to do is closed: after so long without a call.
struct Idleness: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How long it is kept without a call; `nil` for ever.
    let limit: Duration?
    private var used: Instant?
    private var calls = 0

    init(limit: Duration?) { self.limit = limit }

    /// A call is sent.
    mutating func began() { calls += 1 }

    /// A call has ended.
    mutating func ended(at now: Instant) {
        calls -= 1
        used = now
    }

    /// It was opened.
    mutating func opened(at now: Instant) { used = now }

    enum Look: Sendable, Hashable {
        /// Look again at this moment.
        case later(Instant)
        /// Close it now.
        case rest
    }

    /// - Returns: `nil` where it is never closed.
    func look(at now: Instant) -> Look? {
        guard let limit else { return nil }
        if calls > 0 { return .later(now + limit) }
        let due = (used ?? now) + limit
        return due <= now ? .rest : .later(due)
    }
}

/// When a server that is connected and says nothing is asked for a sign of life. One that has work to do is not asked.
struct Pulse: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How long it may be silent; `nil` for ever.
    let interval: Duration?
    private var heard: Instant?
    private var calls = 0

    /// - Parameter interval: In seconds, at least one.
    init(interval: Double?) { self.interval = interval.map { max(.bounded($0), .seconds(1)) } }

    /// A call is sent.
    mutating func began() { calls += 1 }

    /// A call has ended.
    mutating func ended() { calls -= 1 }

    /// The server said something.
    mutating func heard(at now: Instant) { heard = now }

    enum Look: Sendable, Hashable {
        /// Look again at this moment.
        case later(Instant)
        /// Ask it now.
        case ask
    }

    /// - Returns: `nil` where it is never asked.
    func look(at now: Instant) -> Look? {
        guard let interval else { return nil }
        if calls > 0 { return .later(now + interval) }
        let due = (heard ?? now) + interval
        return due <= now && heard != nil ? .ask : .later(due)
    }
}
