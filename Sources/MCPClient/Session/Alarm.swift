// One timer for all deadlines of a connection.

/// A task that sleeps until the earliest moment asked for. A later moment changes nothing: when it rings, its owner asks for
/// the next one. So a request that is answered in time costs no timer of its own.
struct Alarm: Sendable {
    private var pending: (due: ContinuousClock.Instant, task: Task<Void, Never>)?

    /// Whether it rings at this moment or before.
    func rings(by due: ContinuousClock.Instant) -> Bool { pending.map { $0.due <= due } ?? false }

    /// Sees to it that it rings at this moment, in place of a later one.
    mutating func set(_ due: ContinuousClock.Instant, _ ring: @escaping @Sendable () async -> Void) {
        pending?.task.cancel()
        let task = Task {
            try? await Task.sleep(until: due)
            if !Task.isCancelled { await ring() }
        }
        pending = (due, task)
    }

    /// It rang.
    mutating func rang() { pending = nil }

    mutating func cancel() {
        pending?.task.cancel()
        pending = nil
    }
}
