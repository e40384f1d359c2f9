// Which answer is awaited, and which are over: what the callback listener does with each answer. No I/O.

import Cryptography
import OAuth

/// The authorization request whose answer is awaited, and those that have had theirs.
struct CallbackExpectation {
    private var awaited: [UInt8]?
    /// The states of requests that were answered or given up: each is good for one answer (C9.4).
    private var spent: [[UInt8]] = []

    /// Awaits the answer to the request with this state; the one awaited before is given up.
    mutating func expect(_ state: String) {
        if let awaited { spent.append(awaited) }
        awaited = Array(state.utf8)
    }

    /// Whether an answer is taken, and the page to show in place of the answer's own.
    ///
    /// A state that was never ours is taken, and ends the sign-in with `OAUTH_STATE_MISMATCH`: a browser was led here
    /// with it, so something is amiss.
    mutating func judge(_ query: String) -> (isTaken: Bool, page: CallbackPage?) {
        let states = FormEncoding.decode(query).filter { $0.name == "state" }.map { Array($0.value.utf8) }
        if let state = states.first, spent.contains(where: { constantTimeEquals($0, state) }) {
            return (false, .alreadyAnswered)
        }
        guard let awaited else { return (false, .notAwaited) }
        guard states.count == 1, constantTimeEquals(states[0], awaited) else { return (true, .otherSignIn) }
        spent.append(awaited)
        return (true, nil)
    }
}
