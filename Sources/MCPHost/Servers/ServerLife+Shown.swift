// What is shown of a server's life: computed from it, never read back. No I/O.

import OmlxErrors

extension ServerLife {
    /// The connection there is.
    var link: Link? {
        switch state {
        case .starting(let attempt): attempt.link
        case .ready(let link, _), .degraded(let link, _, _): link
        case .idle, .resting, .returning, .failed, .stopped: nil
        }
    }

    /// What is wrong with the server, if anything is known to be.
    var trouble: OmlxError? {
        switch state {
        case .degraded(_, let trouble, _): trouble.error
        case .returning(let error, _), .failed(let error, _), .stopped(let error): error
        case .idle, .resting, .starting, .ready: nil
        }
    }

    /// Why the server is not ready, if it is not. One that a call did not reach may be reached by the next.
    var problem: OmlxError? { isReady ? nil : trouble }

    /// Whether it is connected and its tools are known.
    var isReady: Bool {
        switch state {
        case .ready, .degraded(_, .unreachable, _): true
        case .idle, .resting, .starting, .degraded, .returning, .failed, .stopped: false
        }
    }

    /// Whether it is being connected.
    var isStarting: Bool {
        if case .starting = state { true } else { false }
    }

    /// Whether its session stands, so that the tools listed are its own.
    var isConnected: Bool {
        switch state {
        case .ready, .degraded: true
        case .idle, .resting, .starting, .returning, .failed, .stopped: false
        }
    }

    /// Whether this is the connection there is.
    func holds(_ link: Link) -> Bool { self.link?.id == link.id }

    /// The first of the three answers, and what is wrong.
    var transport: (state: TransportState, problem: OmlxError?) {
        switch state {
        case .idle, .resting, .stopped: (.idle, nil)
        case .starting(let attempt): (attempt.hasSession ? .connected : .connecting, nil)
        case .ready, .degraded(_, .listing, _): (.connected, nil)
        case .degraded(_, .unreachable(let error, _), _), .returning(let error, _): (.failed, error)
        case .failed(let error, let state): (state, state == .failed ? error : nil)
        }
    }

    /// What of the tools listed last can be used.
    enum Tools: Sendable, Hashable {
        /// They are not this server's any more, or it is not connected on purpose.
        case none
        case usable
        case unavailable(OmlxError)
    }

    var tools: Tools {
        switch state {
        case .idle, .stopped: .none
        case .starting(let attempt):
            attempt.loss.map { .unavailable($0) } ?? (attempt.isWaking ? .usable : .none)
        case .ready, .resting, .degraded(_, .listing, _): .usable
        case .degraded(_, .unreachable(let error, _), _), .returning(let error, _), .failed(let error, _):
            .unavailable(error)
        }
    }
}
