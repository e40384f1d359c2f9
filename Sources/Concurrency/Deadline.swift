// Work with a time limit, so that what is slow delays only itself.

/// The time given to some work is over.
package struct DeadlinePassed: Error, Sendable, Hashable {
    package init() {}
}

/// Runs work for so many seconds at most.
///
/// The limit is a promise to the caller: it goes on when the time is over or it is cancelled, whatever the work does. The
/// work is cancelled then and its outcome dropped. It may go on to its end, as a token exchange does, which must not be cut
/// off, or a write to a process that does not read: what it opens it has to close by itself.
/// - Parameters:
///   - seconds: the limit, at least none and at most a year.
///   - overdue: the error to throw then.
/// - Throws: what the work throws, `overdue`, or `CancellationError` when the caller is cancelled.
package func withDeadline<Value: Sendable>(
    _ seconds: Double, overdue: any Error = DeadlinePassed(), _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let first = FirstResult<Value, any Error>()
    let task = Task {
        do { first.give(.success(try await work())) } catch { first.give(.failure(error)) }
    }
    let alarm = Alarm(after: seconds) { first.give(.failure(overdue)) }
    defer {
        alarm.cancel()
        task.cancel()
    }
    return try await withTaskCancellationHandler {
        try await first.result.get()
    } onCancel: {
        first.give(.failure(CancellationError()))
    }
}
