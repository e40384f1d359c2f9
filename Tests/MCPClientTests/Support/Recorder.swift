// Remembers what happened and lets a test wait for it without sleeping.

import Synchronization

@testable import OmlxMCPClient

/// Values in the order they came.
final class Recorder<Value: Sendable>: Sendable {
    private struct Waiter {
        let isMet: @Sendable ([Value]) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var values: [Value] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    var values: [Value] { state.withLock { $0.values } }

    func record(_ value: Value) {
        let met = state.withLock { state in
            state.values.append(value)
            let values = state.values
            let met = state.waiters.filter { $0.isMet(values) }
            state.waiters.removeAll { $0.isMet(values) }
            return met
        }
        for waiter in met { waiter.continuation.resume() }
    }

    /// Waits until the values recorded meet a condition.
    func wait(until isMet: @escaping @Sendable ([Value]) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if isMet(state.values) { return true }
                state.waiters.append(Waiter(isMet: isMet, continuation: continuation))
                return false
            }
            if isDone { continuation.resume() }
        }
    }
}
