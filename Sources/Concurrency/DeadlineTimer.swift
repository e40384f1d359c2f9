// One sleep for all deadlines of an owner, such as the requests of a connection.

import Synchronization

/// Tells its owner which deadlines have passed. One task sleeps for all of them: a sleep of its own for each would, even
/// cancelled, be kept by the runtime until it is due.
///
/// A sleep is never cut short while there is an owner: it ends, and the timer looks what is next. A deadline earlier than
/// every sleep under way gets another sleep.
package final class DeadlineTimer<Key: Hashable & Sendable, Time: Clock>: Sendable where Time.Duration == Duration {
    private struct State {
        var deadlines = Deadlines<Key, Time.Instant>()
        var sleeps: [Int: (end: Time.Instant, task: Task<Void, Never>)] = [:]
        var sleepCount = 0
        var isOver = false
    }

    private let clock: Time
    private let due: @Sendable (Key) async -> Void
    private let state = Mutex(State())

    /// A timer without deadlines.
    /// - Parameter due: called for each that passed, one after the other; it does not keep the timer's owner.
    package init(clock: Time, due: @escaping @Sendable (Key) async -> Void) {
        self.clock = clock
        self.due = due
    }

    deinit { end() }

    /// How many tasks sleep now; the tests look at it.
    package var sleepCount: Int { state.withLock { $0.sleeps.count } }

    /// Sets a key's deadline, or moves it.
    package func set(_ key: Key, at moment: Time.Instant) {
        state.withLock { state in
            guard !state.isOver else { return }
            state.deadlines.set(key, at: moment)
            sleep(&state)
        }
    }

    /// Sets a key's deadline so many seconds from now.
    package func set(_ key: Key, after seconds: Double) { set(key, at: clock.now.advanced(by: .bounded(seconds))) }

    /// Takes a key's deadline away.
    /// - Returns: whether it was there: `false` when it passed, and is told or being told.
    @discardableResult
    package func clear(_ key: Key) -> Bool { state.withLock { $0.deadlines.clear(key) } }

    /// Ends the timer: nothing is told any more but what is being told.
    package func end() {
        let sleeps = state.withLock { state in
            state.isOver = true
            state.deadlines = .init()
            defer { state.sleeps = [:] }
            return state.sleeps
        }
        for sleep in sleeps.values { sleep.task.cancel() }
    }

    /// Sees to it that a sleep ends when the next deadline passes.
    private func sleep(_ state: inout State) {
        guard let next = state.deadlines.next(), !state.sleeps.values.contains(where: { $0.end <= next }) else {
            return
        }
        state.sleepCount += 1
        let (number, clock) = (state.sleepCount, clock)
        // Owned: kept in `sleeps`, and cancelled when the timer ends.
        let task = Task { [weak self] in
            guard (try? await clock.sleep(until: next, tolerance: nil)) != nil else { return }
            await self?.woke(number)
        }
        state.sleeps[number] = (next, task)
    }

    private func woke(_ number: Int) async {
        while let key = state.withLock({ $0.deadlines.takeDue(at: clock.now) }) { await due(key) }
        state.withLock { state in
            state.sleeps[number] = nil
            if !state.isOver { sleep(&state) }
        }
    }
}

extension DeadlineTimer where Time == ContinuousClock {
    /// A timer by the clock that goes on while the machine sleeps.
    package convenience init(due: @escaping @Sendable (Key) async -> Void) {
        self.init(clock: ContinuousClock(), due: due)
    }
}

extension Duration {
    /// So many seconds, at least none and at most a year: a configured number may be anything.
    package static func bounded(_ seconds: Double) -> Duration {
        seconds.isNaN ? .zero : .seconds(min(max(seconds, 0), 31_536_000))
    }
}
