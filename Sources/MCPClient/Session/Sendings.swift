// What is being sent, each by a task of its own that ends with its link.

/// The tasks that send the messages of one connection. Each has a moment at which it is cut off, kept by the connection's one
/// timer; a task that sleeps beside it would stay until that moment, however early the sending ends.
struct Sendings: Sendable {
    typealias Instant = ContinuousClock.Instant

    private var running: [Int: (task: Task<Void, Never>, due: Instant?)] = [:]
    /// Those that belong to no request count downwards.
    private var last = 0

    /// An id for what belongs to no request.
    mutating func nextID() -> Int {
        last -= 1
        return last
    }

    mutating func add(_ id: Int, until due: Instant? = nil, _ task: Task<Void, Never>) { running[id] = (task, due) }

    /// It has ended.
    mutating func remove(_ id: Int) { running[id] = nil }

    func cancel(_ id: Int) { running[id]?.task.cancel() }

    /// It may go on until then.
    /// - Returns: Whether it is running.
    mutating func limit(_ id: Int, to due: Instant) -> Bool {
        running[id]?.due = due
        return running[id] != nil
    }

    /// When the next one is cut off.
    var nextDue: Instant? { running.values.lazy.compactMap(\.due).min() }

    /// Cuts off what has taken too long.
    mutating func cancelOverdue(at now: Instant) {
        for (id, sending) in running {
            guard let due = sending.due, due <= now else { continue }
            running[id]?.due = nil
            sending.task.cancel()
        }
    }

    func cancelAll() {
        for sending in running.values { sending.task.cancel() }
    }
}
