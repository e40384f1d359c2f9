// Several may answer; the first one counts.

import Synchronization

/// One result, given by whichever comes first. Every later one is dropped, and its giver is told.
package final class FirstResult<Value: Sendable, Failure: Error>: Sendable {
    private struct State {
        var result: Result<Value, Failure>?
        var waiters: [CheckedContinuation<Result<Value, Failure>, Never>] = []
    }

    private let state = Mutex(State())

    /// No result yet.
    package init() {}

    /// Waits for the result. A cancelled caller waits too: its canceller gives a result.
    package var result: Result<Value, Failure> {
        get async {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state in
                    if state.result == nil { state.waiters.append(continuation) }
                    return state.result
                }
                if let result { continuation.resume(returning: result) }
            }
        }
    }

    /// Gives a result.
    /// - Parameter whenFirst: called under the lock when this is the first: what a later giver does waits for it.
    /// - Returns: whether it was the first.
    @discardableResult
    package func give(_ result: Result<Value, Failure>, whenFirst: () -> Void = {}) -> Bool {
        let waiters = state.withLock { state -> [CheckedContinuation<Result<Value, Failure>, Never>]? in
            guard state.result == nil else { return nil }
            state.result = result
            whenFirst()
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters ?? [] { waiter.resume(returning: result) }
        return waiters != nil
    }
}
