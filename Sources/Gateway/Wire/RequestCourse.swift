// How far the requests of a connection are, and until when a client has time for what comes next.

import NIOCore

/// The times a connection is given, in seconds.
package struct ConnectionTimes: Sendable, Hashable {
    /// From the connection to the end of the first request's head.
    package var head: Int64 = 20
    /// From the end of an answer to the end of the next request's head.
    package var idle: Int64 = 120
    /// From one piece of a body to the next.
    package var piece: Int64 = 20
    /// For a whole body.
    package var body: Int64 = 120
    /// For what is left of a body once it is answered, as one that was too large; and for leaving, once all is said.
    package var rest: Int64 = 5
    /// For taking what waits to be sent.
    package var stall: Int64 = 60

    package init(head: Int64 = 20, piece: Int64 = 20, body: Int64 = 120) {
        (self.head, self.piece, self.body) = (head, piece, body)
    }
}

/// The requests of one connection (RFC 9112 §9.3): they may come while others are answered.
struct RequestCourse: Sendable, Hashable {
    /// What of a request comes next.
    enum Reading: Sendable, Hashable {
        case head
        /// The next piece of a body, and the end of it.
        case body(until: NIODeadline, atMost: NIODeadline)
    }

    enum Event: Sendable, Hashable {
        /// A request's head came.
        case head
        /// A piece of its body came.
        case piece
        /// Its end came.
        case end
        /// An answer was given as a whole.
        case answered
        /// The last answer was given: nothing more is read.
        case ended
        /// The client does not take what waits to be sent.
        case stalled
        /// It does again.
        case flows
    }

    private let times: ConnectionTimes
    private var reading = Reading.head
    private var unanswered = 0
    /// Until when a request has to be there, as long as none is answered.
    private var waits: NIODeadline
    private var stalls: NIODeadline?

    init(_ times: ConnectionTimes, at now: NIODeadline) {
        self.times = times
        waits = now + .seconds(times.head)
    }

    /// Whether a request is under way: a connection without one may be closed at any time.
    var isBusy: Bool { unanswered > 0 }

    mutating func take(_ event: Event, at now: NIODeadline) {
        switch event {
        case .head:
            unanswered += 1
            reading = .body(until: now + .seconds(times.piece), atMost: now + .seconds(times.body))
        case .piece:
            if case .body(_, let most) = reading { reading = .body(until: now + .seconds(times.piece), atMost: most) }
        case .end: reading = .head
        case .answered:
            unanswered = max(0, unanswered - 1)
            waits = now + .seconds(times.idle)
            if unanswered == 0, case .body(let until, let most) = reading {
                reading = .body(until: until, atMost: min(most, now + .seconds(times.rest)))
            }
        case .ended:
            unanswered = 0
            reading = .head
            waits = now + .seconds(times.rest)
        case .stalled: stalls = stalls ?? now + .seconds(times.stall)
        case .flows: stalls = nil
        }
    }

    /// When the connection is closed unless something comes; `nil` as long as the client has nothing to do.
    var deadline: NIODeadline? {
        let read: NIODeadline? =
            switch reading {
            case .head: isBusy ? nil : waits
            case .body(let until, let most): min(until, most)
            }
        guard let stalls else { return read }
        return read.map { min($0, stalls) } ?? stalls
    }
}
