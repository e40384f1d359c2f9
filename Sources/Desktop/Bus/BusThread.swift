// The thread of a bus: GIO tells there what happens, and there the bus's actor runs.

import Glibc
import OmlxCGIO
import OmlxSystem
import Synchronization

/// A thread with GIO's loop on it: the executor of the one bus it belongs to. It ends when that is let go of.
final class BusThread: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isOver = false
        var thread: pthread_t?
        weak var bus: SessionBus?
    }

    private let state = Mutex(State())
    private let address: UInt

    private init?() {
        guard cgio_is_there(), let loop = cgio_open() else { return nil }
        address = UInt(bitPattern: loop)
    }

    /// - Returns: `nil` when GIO is not there, or no thread is to be had.
    static func start() -> BusThread? {
        guard let thread = BusThread(), OwnThread.start("omlx-bus", { thread.run() }) else { return nil }
        return thread
    }

    /// GIO's side of it, for use on the thread.
    var loop: OpaquePointer? { OpaquePointer(bitPattern: address) }

    /// Whom it tells.
    func tell(_ bus: SessionBus) { state.withLock { $0.bus = bus } }

    /// Nothing more is asked for: leaves the bus.
    func end() {
        state.withLock { $0.isOver = true }
        cgio_wake(loop)
    }

    // MARK: the executor

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        cgio_wake(loop)
    }

    func checkIsolated() { precondition(isIsolatingCurrentContext() == true, "off the thread of the bus") }

    func isIsolatingCurrentContext() -> Bool? {
        state.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    private func run() {
        state.withLock { $0.thread = pthread_self() }
        var listener = Self.listener
        cgio_begin(loop, &listener, Unmanaged.passUnretained(self).toOpaque())
        while true {
            while let job = nextJob() { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if state.withLock({ $0.isOver && $0.jobs.isEmpty }) { break }
            cgio_turn(loop)
            if cgio_is_closed(loop) { withBus { $0.closed() } }
        }
        cgio_close(loop)
    }

    private func nextJob() -> UnownedJob? {
        state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
    }

    // MARK: what GIO tells

    @discardableResult
    private func withBus<Value: Sendable>(_ body: (isolated SessionBus) -> Value) -> Value? {
        guard let bus = state.withLock({ $0.bus }) else { return nil }
        return bus.assumeIsolated(body)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> BusThread? {
        context.map { Unmanaged<BusThread>.fromOpaque($0).takeUnretainedValue() }
    }

    private static var listener: cgio_listener {
        cgio_listener(
            answered: { context, number, value, error, message in
                let answer: SessionBus.Answer =
                    value.map { .success(BusValue.arguments($0)) }
                    ?? .failure(BusError(name: text(error), message: text(message)))
                BusThread.from(context)?.withBus { $0.answered(number, answer) }
            },
            called: { context, call, path, interface, method, arguments in
                guard let call else { return }
                let arguments = arguments.map { BusValue.arguments($0) } ?? []
                let (path, method) = (text(path), text(method))
                let answer = BusThread.from(context)?.withBus { $0.called(path, method, arguments) }
                switch answer ?? .failure(.gone) {
                case .success(let values): cgio_answer(call, BusValue.tuple(values))
                case .failure(let error): cgio_refuse(call, error.name, error.message)
                }
            },
            asked: { context, path, interface, property in
                let (path, property) = (text(path), text(property))
                let value = BusThread.from(context)?.withBus { $0.property(path, property) }
                return value.flatMap(\.self)?.made
            },
            heard: { context, subscription, sender, arguments in
                let signal = BusSignal(
                    sender: text(sender), arguments: arguments.map { BusValue.arguments($0) } ?? [])
                BusThread.from(context)?.withBus { $0.heard(subscription, signal) }
            })
    }
}

private func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
