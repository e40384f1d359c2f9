// Work with a time limit of its own, so that one slow server delays nobody.

import ErrorCatalogue

/// Runs work and cancels it when the time is over.
/// - Parameters:
///   - seconds: the limit.
///   - overdue: the error to throw then.
/// - Throws: what the work throws, or `overdue`.
func withDeadline<Value: Sendable>(
    seconds: Double, overdue: OmlxError, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: .seconds(seconds))
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else { throw overdue }
        return value
    }
}

/// Lets a limited number of calls run at once; the rest wait in order (`max_tool_calls`).
actor CallGate {
    private let limit: Int
    private var running = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(limit: Int) { self.limit = max(1, limit) }

    func run<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        await enter()
        defer { leave() }
        return try await work()
    }

    private func enter() async {
        if running < limit {
            running += 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().resume() }
    }
}
