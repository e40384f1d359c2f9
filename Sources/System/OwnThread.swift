// The one place where a thread begins: for loops of their own, and for calls that block.

import Glibc
import OmlxConcurrency

/// Threads beside the cooperative pool, which must not be blocked: its threads are as few as the processors.
package enum OwnThread {
    /// Runs a closure on a new thread, which ends with it. Signals are left to the program's other threads, and a write to a
    /// closed pipe is an error there rather than the end of the process.
    /// - Parameter name: what debuggers and `/proc` show; at most 15 bytes count.
    /// - Returns: false when there is no thread to be had; then nothing runs.
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let work = Unmanaged.passRetained(Work(name, body))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // The new thread begins with this one's mask: there is no moment in which it takes a signal.
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                OwnThread.take(work.name)
                work.body()
                return nil
            }, work.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard status == 0 else {
            work.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// Runs a call that may block on a thread of its own, and waits for it without blocking. The call is not cut off when the
    /// caller is cancelled. Where no thread is to be had it runs here.
    package static func run<Value: Sendable, Failure: Error>(
        _ name: String, _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let outcome = FirstResult<Value, Failure>()
        let work: @Sendable () -> Void = {
            do throws(Failure) {
                outcome.give(.success(try body()))
            } catch {
                outcome.give(.failure(error))
            }
        }
        if !start(name, work) { work() }
        return try await outcome.result.get()
    }

    private static func take(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, name, name.utf8.count)
        close(descriptor)
    }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
