// Work with a time limit of its own, so that one slow server delays nobody.

import OmlxErrors
import Synchronization

/// Runs work and cancels it when the time is over or the caller is cancelled. Does not wait for work that goes on all
/// the same, such as one that waits for a token exchange that must not be cut off: its outcome is dropped.
/// - Parameters:
///   - seconds: the limit.
///   - overdue: the error to throw then.
/// - Throws: what the work throws, `overdue`, or `CancellationError`.
func withDeadline<Value: Sendable>(
    seconds: Double, overdue: OmlxError, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let race = Race<Value>()
    let task = Task {
        do { race.finish(.success(try await work())) } catch { race.finish(.failure(error)) }
    }
    let timer = Task {
        guard (try? await Task.sleep(for: .bounded(seconds))) != nil else { return }
        race.finish(.failure(overdue))
    }
    defer {
        timer.cancel()
        task.cancel()
    }
    return try await withTaskCancellationHandler {
        try await race.outcome()
    } onCancel: {
        race.finish(.failure(CancellationError()))
    }
}

/// The first outcome of several that may come.
private final class Race<Value: Sendable>: Sendable {
    private struct State {
        var outcome: Result<Value, any Error>?
        var waiter: CheckedContinuation<Value, any Error>?
    }

    private let state = Mutex(State())

    func finish(_ outcome: Result<Value, any Error>) {
        let waiter = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(with: outcome)
    }

    /// To be asked for once.
    func outcome() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let outcome = state.withLock { state in
                if state.outcome == nil { state.waiter = continuation }
                return state.outcome
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }
}

extension Duration {
    /// So many seconds, at least none and at most a year: a number a program gives may be anything.
    fileprivate static func bounded(_ seconds: Double) -> Duration {
        seconds.isNaN ? .zero : .seconds(min(max(seconds, 0), 31_536_000))
    }
}
