// Word that something has happened, for those who wait for a condition instead of sleeping.

import Synchronization

final class Changes: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    func signal() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield() }
    }

    /// Returns when the condition holds; it is looked at now and after every change. Returns early when cancelled.
    func wait(until condition: () -> Bool) async {
        let (changes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        defer { state.withLock { $0.listeners[id] = nil } }
        if condition() { return }
        for await _ in changes where condition() { return }
    }
}
