// Lets only so many things happen at once.

import Synchronization

/// Has a limited number of places; who finds none free waits, and gets the next one in the order of asking.
package final class Gate: Sendable {
    private enum Waiter {
        /// Asked, and does not wait yet.
        case coming
        case waiting(CheckedContinuation<Void, any Error>)
        /// Cancelled before it waited.
        case gone
    }

    private struct State {
        var free: Int
        var nextID = 0
        var waiters: [Int: Waiter] = [:]
        /// Who waits, in order; those that gave up are passed over.
        var queue: [Int] = []
        var first = 0
    }

    private let state: Mutex<State>
    private let patience: Double?

    /// - Parameters:
    ///   - places: how many at once, at least one.
    ///   - patience: how long a place is kept, in seconds; `nil` until it is given back.
    package init(places: Int, patience: Double? = nil) {
        state = Mutex(State(free: max(1, places)))
        self.patience = patience
    }

    /// How many wait for a place.
    package var waitingCount: Int {
        state.withLock { state in
            state.waiters.values.count { if case .waiting = $0 { true } else { false } }
        }
    }

    /// Waits for a place and works in it.
    /// - Throws: what the work throws; `CancellationError` when the task is cancelled while it waits.
    package func run<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        let place = try await enter()
        defer { place.giveBack() }
        return try await work()
    }

    /// Waits for a place.
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    package func enter() async throws -> Place {
        let id = state.withLock { state in
            state.nextID += 1
            state.waiters[state.nextID] = .coming
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(id, $0) }
        } onCancel: {
            giveUp(id)
        }
        let place = Place(self, patience)
        if Task.isCancelled {
            place.giveBack()
            throw CancellationError()
        }
        return place
    }

    private func wait(_ id: Int, _ continuation: CheckedContinuation<Void, any Error>) {
        let outcome = state.withLock { state -> Result<Void, any Error>? in
            if case .gone? = state.waiters[id] {
                state.waiters[id] = nil
                return .failure(CancellationError())
            }
            guard state.free > 0 else {
                state.waiters[id] = .waiting(continuation)
                state.queue.append(id)
                return nil
            }
            state.waiters[id] = nil
            state.free -= 1
            return .success(())
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func giveUp(_ id: Int) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            switch state.waiters[id] {
            case .coming?: state.waiters[id] = .gone
            case .waiting(let continuation)?:
                state.waiters[id] = nil
                return continuation
            // It has its place already.
            case .gone?, nil: break
            }
            return nil
        }
        continuation?.resume(throwing: CancellationError())
    }

    /// Hands the place on to the one that waits longest.
    fileprivate func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            while state.first < state.queue.count {
                let id = state.queue[state.first]
                state.first += 1
                if case .waiting(let continuation)? = state.waiters.removeValue(forKey: id) { return continuation }
            }
            state.queue = []
            state.first = 0
            state.free += 1
            return nil
        }
        next?.resume()
    }

    /// A place; given back once, however often and by whichever hand, and at the latest when it is let go.
    package final class Place: Sendable {
        private let gate: Mutex<Gate?>
        private let alarm = Mutex<Alarm?>(nil)

        fileprivate init(_ gate: Gate, _ patience: Double?) {
            self.gate = Mutex(gate)
            guard let patience else { return }
            alarm.withLock { $0 = Alarm(after: patience) { [weak self] in self?.giveBack() } }
        }

        package func giveBack() {
            let gate = gate.withLock { gate in
                defer { gate = nil }
                return gate
            }
            alarm.withLock { alarm in
                defer { alarm = nil }
                return alarm
            }?.cancel()
            gate?.leave()
        }

        deinit { giveBack() }
    }
}
