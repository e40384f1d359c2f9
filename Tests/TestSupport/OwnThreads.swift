// Threads for tests that wait for programs. Tests run on as many threads as the machine has cores; one that held its thread
// up would keep the servers of all other tests in the process from answering in time.

import Foundation

/// Runs each piece of a task on a thread of its own, which may block.
public final class OwnThreads: TaskExecutor {
    /// The one there is.
    public static let shared = OwnThreads()

    private init() {}

    /// Runs a piece of a task.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Does work that blocks, on a thread of its own.
/// - Throws: what the work throws.
public func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}
