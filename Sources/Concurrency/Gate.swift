// Lets only so many things happen at once.

import Synchronization

/// Has a limited number of places; who finds none free waits until it is its turn (`Turns`).
package final class Gate: Sendable {
    /// Those that share the places, told apart.
    package typealias Sharer = ObjectIdentifier

    private enum Waiter {
        case waiting(CheckedContinuation<Void, any Error>)
        /// It was its turn, or was over, before it waited.
        case done(Result<Void, any Error>)
    }

    private struct State {
        var turns: Turns<Sharer>
        var lastID = 0
        var waiters: [Int: Waiter] = [:]
    }

    /// The one sharer of a gate that is not shared.
    package static let alone = ObjectIdentifier(Gate.self)

    private let state: Mutex<State>
    private let patience: Double?

    /// - Parameters:
    ///   - places: how many at once, at least one.
    ///   - sharers: how many share them.
    ///   - patience: how long a place is kept, in seconds; `nil` until it is given back.
    package init(places: Int, sharers: Int = 1, patience: Double? = nil) {
        state = Mutex(State(turns: Turns(places: places, sharers: sharers)))
        self.patience = patience
    }

    /// How many wait for a place.
    package var waitingCount: Int {
        state.withLock { state in
            state.waiters.values.count { if case .waiting = $0 { true } else { false } }
        }
    }

    /// There are other numbers of places and of those that share them from now on.
    package func change(places: Int, sharers: Int) {
        settle { $0.change(places: places, sharers: sharers) }
    }

    /// Waits for a place and works in it.
    /// - Throws: what the work throws; `CancellationError` when the task is cancelled while it waits.
    package func run<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        let place = try await enter()
        defer { place.giveBack() }
        return try await work()
    }

    /// Waits for a place.
    /// - Parameter limit: how long, in seconds; `nil` for as long as it takes.
    /// - Throws: `CancellationError` when the task is cancelled while it waits; `DeadlinePassed`.
    package func enter(for sharer: Sharer = alone, within limit: Double? = nil) async throws -> Place {
        try Task.checkCancellation()
        let (id, isIn) = state.withLock { state in
            state.lastID += 1
            return (state.lastID, state.turns.ask(state.lastID, for: sharer))
        }
        if !isIn { try await wait(id, sharer, limit) }
        let place = Place(self, sharer, patience, hasWaited: !isIn)
        if !isIn, Task.isCancelled {
            place.giveBack()
            throw CancellationError()
        }
        return place
    }

    private func wait(_ id: Int, _ sharer: Sharer, _ limit: Double?) async throws {
        let alarm = limit.map { seconds in
            Alarm(after: seconds) { [weak self] in self?.giveUp(id, sharer, DeadlinePassed()) }
        }
        defer { alarm?.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if case .done(let result)? = state.waiters.removeValue(forKey: id) { return result }
                    state.waiters[id] = .waiting(continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            giveUp(id, sharer, CancellationError())
        }
    }

    private func giveUp(_ id: Int, _ sharer: Sharer, _ error: any Error) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            // Otherwise it has its place already.
            guard state.turns.withdraw(id, for: sharer) else { return nil }
            return Self.end(id, .failure(error), &state)
        }
        continuation?.resume(throwing: error)
    }

    fileprivate func leave(_ sharer: Sharer) { settle { $0.leave(sharer) } }

    /// Changes who has a place, and lets those in whose turn it is.
    private func settle(_ change: (inout Turns<Sharer>) -> [Int]) {
        let next = state.withLock { state in
            change(&state.turns).compactMap { Self.end($0, .success(()), &state) }
        }
        for continuation in next { continuation.resume() }
    }

    private static func end(
        _ id: Int, _ result: Result<Void, any Error>, _ state: inout State
    ) -> CheckedContinuation<Void, any Error>? {
        if case .waiting(let continuation)? = state.waiters.removeValue(forKey: id) { return continuation }
        state.waiters[id] = .done(result)
        return nil
    }

    /// A place; given back once, however often and by whichever hand, and at the latest when it is let go.
    package final class Place: Sendable {
        /// Whether none was free at first.
        package let hasWaited: Bool
        private let sharer: Sharer
        private let gate: Mutex<Gate?>
        private let alarm = Mutex<Alarm?>(nil)

        fileprivate init(_ gate: Gate, _ sharer: Sharer, _ patience: Double?, hasWaited: Bool) {
            self.hasWaited = hasWaited
            self.sharer = sharer
            self.gate = Mutex(gate)
            guard let patience else { return }
            alarm.withLock { $0 = Alarm(after: patience) { [weak self] in self?.giveBack() } }
        }

        package func giveBack() {
            let gate = gate.withLock { gate in
                defer { gate = nil }
                return gate
            }
            guard let gate else { return }
            alarm.withLock { alarm in
                defer { alarm = nil }
                return alarm
            }?.cancel()
            gate.leave(sharer)
        }

        deinit { giveBack() }
    }
}
