// The life of one server of the host as a value: connected or not, being connected, and what is wrong with it. No I/O.

import OmlxErrors
import OmlxMCPClient

/// What happens to a server, and what its driver does then. A link is one connection with what it says; what an earlier one
/// says comes late and changes nothing.
struct ServerLife<Link: Identifiable & Sendable>: Sendable where Link.ID: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The server is being connected and its tools listed, for all who wait for it.
    struct Attempt: Sendable {
        /// Grows with each attempt.
        let number: Int
        /// Why the server was lost, or could not be connected before: it is not known yet to be better.
        let loss: OmlxError?
        /// Whether it is made in any case, as for a server that was lost: when it fails, there is another one.
        let isReturn: Bool
        /// How many still want it.
        var waiting = 0
        var link: Link?
        /// Whether the server was closed because it had nothing to do, so that the tools listed last are its own.
        var isWaking = false
        /// Whether the session stands, so that only the tools are missing.
        var hasSession = false
        /// Whether the server said meanwhile that its tools are others now.
        var isStale = false
    }

    /// Something to be done after a pause, in seconds, unless something else happens before.
    struct Return: Sendable, Hashable {
        let number: Int
        let pause: Double
    }

    /// Whether the tools of a server that is connected are being listed anew.
    enum Listing: Sendable, Hashable {
        case current
        case underWay
        /// The server said so again meanwhile: once more afterwards, however often it did.
        case stale
    }

    /// What a server whose session stands does not do as it should.
    enum Trouble: Sendable, Hashable {
        /// It does not list its tools.
        case listing(OmlxError)
        /// A call did not reach it. It is asked again after a pause; a call that gets through before will do.
        case unreachable(OmlxError, Int)

        var error: OmlxError {
            switch self {
            case .listing(let error), .unreachable(let error, _): error
            }
        }
    }

    enum State: Sendable {
        /// Not connected, and nothing is known against it.
        case idle
        case starting(Attempt)
        /// The session stands and the tools are listed.
        case ready(Link, Listing)
        /// The session stands, but the server does not do what it should.
        case degraded(Link, Trouble, Listing)
        /// Closed because it had nothing to do, and opened when it is wanted.
        case resting
        /// Lost, and connected again after a pause.
        case returning(OmlxError, Int)
        /// Not connected, why, and how far it got.
        case failed(OmlxError, TransportState)
        /// The host was stopped: nothing more happens.
        case stopped(OmlxError)
    }

    private(set) var state = State.idle
    private var attempts = 0
    /// How many are ending whatever goes on: nothing is begun meanwhile.
    private var halts = 0
    private var returns: Returns

    /// Whether an attempt that fails is followed by another one, whoever wanted it.
    private let isKept: Bool

    /// - Parameters:
    ///   - isChild: Whether the server is a child process.
    ///   - isKept: Whether an attempt that fails is followed by another one, also where the server was not lost.
    init(isChild: Bool, isKept: Bool = false) {
        returns = Returns(isChild: isChild)
        self.isKept = isKept
    }

    // MARK: starting

    enum Start {
        /// Make this attempt; end the connection there was first.
        case run(Int, leaving: Link?)
        /// Wait for the attempt under way.
        case join(Int)
        case ready
        /// Everything is being ended.
        case refuse
    }

    /// The server is wanted.
    mutating func start() -> Start {
        guard halts == 0 else { return .refuse }
        switch state {
        case .starting(let attempt): return .join(attempt.number)
        case .ready, .degraded(_, .unreachable, _): return .ready
        case .stopped: return .refuse
        case .idle, .failed, .degraded, .returning, .resting:
            let former = link
            return .run(begin(isReturn: isKept), leaving: former)
        }
    }

    private mutating func begin(isReturn: Bool) -> Int {
        attempts += 1
        var loss: OmlxError?
        if case .unavailable(let error) = tools { loss = error }
        var attempt = Attempt(number: attempts, loss: loss, isReturn: isReturn)
        if case .resting = state { attempt.isWaking = true }
        state = .starting(attempt)
        return attempts
    }

    /// The pause before a return is over.
    /// - Returns: The attempt to make; `nil` where something else happened meanwhile.
    mutating func returned(_ number: Int) -> Int? {
        guard halts == 0, case .returning(_, number) = state else { return nil }
        return begin(isReturn: true)
    }

    /// What kept the server away may be over: the network is another one, or the machine was asleep.
    /// - Returns: The attempt to make now, in place of the one that was to come; `nil` where none was to.
    mutating func hurried() -> Int? {
        guard halts == 0, case .returning = state else { return nil }
        returns.forgive()
        return begin(isReturn: true)
    }

    /// Another one waits for the attempt.
    mutating func joined(_ number: Int) {
        guard case .starting(var attempt) = state, attempt.number == number else { return }
        attempt.waiting += 1
        state = .starting(attempt)
    }

    /// One of those who wait gives up.
    /// - Returns: Whether it was the last one: the attempt is cancelled then, unless it is made in any case.
    mutating func left(_ number: Int) -> Bool {
        guard case .starting(var attempt) = state, attempt.number == number else { return false }
        attempt.waiting -= 1
        state = .starting(attempt)
        return attempt.waiting <= 0 && !attempt.isReturn
    }

    /// The attempt has a connection.
    mutating func opened(_ number: Int, _ link: Link) {
        guard case .starting(var attempt) = state, attempt.number == number else { return }
        attempt.link = link
        state = .starting(attempt)
    }

    /// The session stands.
    mutating func connected(_ link: Link) -> Bool {
        guard case .starting(var attempt) = state, holds(link) else { return false }
        attempt.hasSession = true
        state = .starting(attempt)
        return true
    }

    /// The attempt is over.
    mutating func ended(_ number: Int) {
        if case .starting(let attempt) = state, attempt.number == number { state = .idle }
    }

    // MARK: tools

    enum Listed {
        case late
        case taken
        /// They are to be listed once more.
        case stale
    }

    /// The tools came.
    mutating func listed(_ link: Link, at now: Instant) -> Listed {
        guard holds(link) else { return .late }
        switch state {
        case .starting(let attempt):
            state = .ready(link, attempt.isStale ? .underWay : .current)
            returns.succeeded(at: now)
            return attempt.isStale ? .stale : .taken
        case .ready: return .taken
        case .degraded(_, _, let listing):
            state = .ready(link, listing)
            return .taken
        case .idle, .resting, .returning, .failed, .stopped: return .late
        }
    }

    /// The server says that its tools are others now.
    /// - Returns: Whether they are to be listed; `false` where that is under way.
    mutating func toolsChanged(_ link: Link) -> Bool {
        guard holds(link) else { return false }
        switch state {
        case .starting(var attempt):
            attempt.isStale = true
            state = .starting(attempt)
            return false
        case .ready(_, let listing):
            state = .ready(link, listing == .current ? .underWay : .stale)
            return listing == .current
        case .degraded(_, let trouble, let listing):
            state = .degraded(link, trouble, listing == .current ? .underWay : .stale)
            return listing == .current
        case .idle, .resting, .returning, .failed, .stopped: return false
        }
    }

    /// A listing has ended, one way or the other.
    /// - Returns: Whether they are to be listed once more.
    mutating func listingEnded(_ link: Link) -> Bool {
        guard holds(link) else { return false }
        switch state {
        case .ready(_, let listing):
            state = .ready(link, listing == .stale ? .underWay : .current)
            return listing == .stale
        case .degraded(_, let trouble, let listing):
            state = .degraded(link, trouble, listing == .stale ? .underWay : .current)
            return listing == .stale
        case .idle, .resting, .starting, .returning, .failed, .stopped: return false
        }
    }
}

// MARK: failures and ends

extension ServerLife {
    enum Failure: Sendable, Hashable {
        /// Something else is known already, or it is about an earlier connection.
        case late
        /// The connection stays.
        case stays
        /// The connection is to be closed, and the server connected again where it is to be.
        case close(Return?)
    }

    /// What was asked of the server failed.
    /// - Parameters:
    ///   - session: Whether its session stands all the same.
    ///   - transport: How far it got, where there is no session.
    ///   - jitter: From 0 up to 1.
    mutating func failed(
        _ link: Link, _ error: OmlxError, session: Bool, transport: TransportState = .failed, at now: Instant,
        jitter: Double
    ) -> Failure {
        guard holds(link) else { return .late }
        let listing: Listing
        var isReturn = false
        switch state {
        case .starting(let attempt): (listing, isReturn) = (.current, attempt.isReturn)
        case .ready(_, let present): listing = present
        case .degraded, .idle, .resting, .returning, .failed, .stopped: return .late
        }
        if session {
            state = .degraded(link, .listing(error), listing)
            return .stays
        }
        // What a person has to mend is not tried again.
        return .close(
            isReturn && error.mayPass ? comeBack(error, at: now, jitter) : giveUp(error, transport))
    }

    private mutating func giveUp(_ error: OmlxError, _ transport: TransportState = .failed) -> Return? {
        state = .failed(error, transport)
        return nil
    }

    private mutating func comeBack(_ error: OmlxError, at now: Instant, _ jitter: Double) -> Return? {
        guard let pause = returns.next(at: now, jitter: jitter) else {
            var error = error
            error.message += "; it was started again \(Returns.limit) times in 10 minutes, and is left alone now"
            return giveUp(error)
        }
        attempts += 1
        state = .returning(error, attempts)
        return Return(number: attempts, pause: pause)
    }

    /// What was under way on the connection was cancelled.
    /// - Returns: Whether the connection is to be closed.
    mutating func cancelled(_ link: Link, _ error: OmlxError) -> Bool {
        guard holds(link) else { return false }
        state = .failed(error, .idle)
        return true
    }

    /// The connection ended by itself, or says nothing any more. An attempt under way learns so from what it asked.
    /// - Parameter jitter: From 0 up to 1.
    /// - Returns: `late` for what is no news.
    mutating func lost(_ link: Link, _ error: OmlxError, at now: Instant, jitter: Double) -> Failure {
        guard holds(link), isConnected else { return .late }
        return .close(halts == 0 ? comeBack(error, at: now, jitter) : giveUp(error))
    }

    /// A call did not reach the server.
    /// - Parameter jitter: From 0 up to 1.
    /// - Returns: Whether that is news, and when the server is to be asked whether it is there; `nil` where it will be.
    mutating func unreached(
        _ link: Link, _ error: OmlxError, at now: Instant, jitter: Double
    ) -> (isNews: Bool, ask: Return?) {
        guard holds(link) else { return (false, nil) }
        switch state {
        case .ready(_, let listing):
            var backoff = Backoff()
            attempts += 1
            state = .degraded(link, .unreachable(error, attempts), listing)
            return (true, Return(number: attempts, pause: backoff.failed(jitter: jitter)))
        case .degraded(_, .unreachable(_, let number), let listing):
            state = .degraded(link, .unreachable(error, number), listing)
            return (true, nil)
        case .degraded, .idle, .resting, .starting, .returning, .failed, .stopped: return (false, nil)
        }
    }

    /// Whether a server that a call did not reach is still to be asked.
    func isUnreached(_ link: Link, _ number: Int) -> Bool {
        guard holds(link), case .degraded(_, .unreachable(_, number), _) = state else { return false }
        return true
    }

    /// The server answered.
    /// - Returns: Whether that is news.
    mutating func answered(_ link: Link) -> Bool {
        guard holds(link), case .degraded(_, .unreachable, let listing) = state else { return false }
        state = .ready(link, listing)
        return true
    }

    /// The server had nothing to do for long.
    /// - Returns: Whether the connection is to be closed; one that lists its tools, or does not do as it should, is left alone.
    mutating func rest(_ link: Link) -> Bool {
        guard holds(link), halts == 0, case .ready(_, .current) = state else { return false }
        state = .resting
        return true
    }

    /// Lets the connection go; what was wrong with the server stays.
    /// - Parameter link: Only this one.
    /// - Returns: The connection to close.
    mutating func leave(_ link: Link? = nil) -> Link? {
        guard let present = self.link, link == nil || link?.id == present.id else { return nil }
        switch state {
        case .starting(var attempt):
            attempt.link = nil
            attempt.hasSession = false
            state = .starting(attempt)
        case .degraded(_, .listing(let error), _): state = .failed(error, .idle)
        case .degraded(_, .unreachable(let error, _), _): state = .failed(error, .failed)
        case .ready, .idle, .resting, .returning, .failed, .stopped: state = .idle
        }
        return present
    }

    /// Nothing is begun until as many `resume` as `halt`.
    mutating func halt() {
        halts += 1
        if case .returning(let error, _) = state { state = .failed(error, .failed) }
    }

    mutating func resume() { halts -= 1 }

    /// The server is not to be connected before something changes: after a sign-out, say.
    mutating func end(_ error: OmlxError) {
        if case .stopped = state { return }
        state = .failed(error, .idle)
    }

    /// The host is stopped, after everything was ended.
    mutating func stop(_ error: OmlxError) { state = .stopped(error) }

    /// What was wrong is mended, as after a sign-in.
    mutating func forget() {
        switch state {
        case .failed, .returning: state = .idle
        case .degraded(let link, .listing, let listing): state = .ready(link, listing)
        case .idle, .resting, .starting, .ready, .degraded, .stopped: break
        }
    }
}

extension OmlxError {
    /// Whether it may be over by itself, so that the same may be tried again.
    fileprivate var mayPass: Bool {
        code.isRetryable || code.errorClass == .transport || code.errorClass == .protocol
    }
}
