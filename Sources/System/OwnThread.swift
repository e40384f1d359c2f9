// The one place where a thread begins: for loops of their own, and for calls that block.

import Dispatch
import Glibc
import OmlxConcurrency
import Synchronization

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

    /// Runs a call that may block on a thread beside the pool, and waits for it without blocking. The call is not cut off when
    /// the caller is cancelled. Where no thread is to be had it runs here.
    package static func run<Value: Sendable, Failure: Error>(
        _ name: String, _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let outcome = FirstResult<Value, Failure>()
        let call = Call(name: name) {
            let result = Result { () throws(Failure) in try body() }
            return { outcome.give(result) }
        }
        workers.make(call)
        return try await outcome.result.get()
    }

    private static let workers = Workers()

    fileprivate static func take(_ name: String) {
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

/// A call that may block, and the name its thread has meanwhile.
private struct Call: Sendable {
    let name: String
    /// Makes the call; what it returns tells the outcome.
    let body: @Sendable () -> () -> Void
}

/// Threads for calls that block: as many as there are calls at a time. One that is done waits a moment for the next call, for
/// many come one after the other, and beginning a thread costs more than most of them.
private final class Workers: Sendable {
    private static let patience = DispatchTimeInterval.seconds(2)

    private struct State {
        var calls: [Call] = []
        /// Those that wait and are promised to no call.
        var idle = 0
    }

    private let state = Mutex(State())
    private let wakeups = DispatchSemaphore(value: 0)

    /// Makes a call on a thread that waits, or on a new one; where there is none to be had, here.
    func make(_ call: Call) {
        let isWaitedFor = state.withLock { state in
            state.calls.append(call)
            guard state.idle > 0 else { return false }
            state.idle -= 1
            return true
        }
        if isWaitedFor {
            wakeups.signal()
        } else if !OwnThread.start(call.name, { self.work(named: call.name) }) {
            makeNext(as: call.name, staying: false)
        }
    }

    private func work(named first: String) {
        var name = first
        repeat { name = makeNext(as: name, staying: true) } while isWanted()
    }

    /// Makes the call that waits longest. Nothing of it is kept on the thread: what it gave may be let go by then.
    /// - Parameter name: the thread's.
    /// - Returns: its new one.
    @discardableResult
    private func makeNext(as name: String, staying: Bool) -> String {
        let call = state.withLock { $0.calls.removeFirst() }
        if call.name != name, staying { OwnThread.take(call.name) }
        let tell = call.body()
        // Before it is told: the one that is told may have the next call.
        if staying { state.withLock { $0.idle += 1 } }
        tell()
        return call.name
    }

    /// Waits for the next call; false when there is none for a while.
    private func isWanted() -> Bool {
        while wakeups.wait(timeout: .now() + Self.patience) == .timedOut {
            let isOver = state.withLock { state in
                // Promised to a call, it stays.
                guard state.idle > 0 else { return false }
                state.idle -= 1
                return true
            }
            if isOver { return false }
        }
        return true
    }
}
