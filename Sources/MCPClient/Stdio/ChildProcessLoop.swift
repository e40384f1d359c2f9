// The one thread that serves all child processes: it moves their bytes, notices their end and ends them.

import OmlxCProcess
import Glibc
import Synchronization

/// A thread with `poll` over the pipes of all children. Started by the first child.
final class ChildProcessLoop: Sendable {
    /// The loop of this process.
    static let shared = ChildProcessLoop()

    private struct Shared {
        var fresh: [ChildProcess] = []
        /// The writing end of the pipe that wakes the thread; -1 before it runs.
        var wakeDescriptor: Int32 = -1
        var isWoken = false
    }

    private let shared = Mutex(Shared())

    /// How often the end of children is looked for where the kernel has no descriptor for it, in milliseconds.
    private static let tick: Int32 = 100

    /// Takes a child over.
    func add(_ child: ChildProcess) {
        shared.withLock { shared in
            shared.fresh.append(child)
            if shared.wakeDescriptor < 0 { shared.wakeDescriptor = startThread() }
            wake(&shared)
        }
    }

    /// Makes the thread look at its children again.
    func wake() { shared.withLock { wake(&$0) } }

    private func wake(_ shared: inout Shared) {
        guard !shared.isWoken, shared.wakeDescriptor >= 0 else { return }
        shared.isWoken = true
        var byte: UInt8 = 0
        // The pipe is read by a thread that never ends, so this can neither block for long nor raise SIGPIPE.
        _ = write(shared.wakeDescriptor, &byte, 1)
    }

    /// - Returns: The descriptor that wakes it, or -1 when no thread could be started.
    private func startThread() -> Int32 {
        var ends: (reading: Int32, writing: Int32) = (-1, -1)
        guard cprocess_pipe(&ends.reading, &ends.writing, true) == 0 else { return -1 }
        let context = Unmanaged.passRetained(ThreadStart(loop: self, wakeDescriptor: ends.reading))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<ThreadStart>.fromOpaque(context).takeRetainedValue()
                start.loop.run(start.wakeDescriptor)
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            context.release()
            close(ends.reading)
            close(ends.writing)
            return -1
        }
        pthread_detach(thread)
        return ends.writing
    }

    private final class ThreadStart {
        let loop: ChildProcessLoop
        let wakeDescriptor: Int32

        init(loop: ChildProcessLoop, wakeDescriptor: Int32) {
            self.loop = loop
            self.wakeDescriptor = wakeDescriptor
        }
    }

    // MARK: on the loop's thread

    private func run(_ wakeDescriptor: Int32) {
        // A write to a child that is gone raises SIGPIPE in this thread alone; the host's handlers run elsewhere.
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var children: [ServedChild] = []
        while true {
            let fresh = shared.withLock { shared in
                defer { shared.fresh = [] }
                return shared.fresh
            }
            children.append(contentsOf: fresh.map { ServedChild($0) })
            let now = ContinuousClock.now
            for child in children { child.advanceShutdown(now) }
            children.removeAll { $0.isOver }
            poll(wakeDescriptor, children, now)
        }
    }

    private func poll(_ wakeDescriptor: Int32, _ children: [ServedChild], _ now: ContinuousClock.Instant) {
        var descriptors = [pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)]
        for child in children { descriptors.append(contentsOf: child.pollDescriptors()) }
        var timeout: Int32 = children.contains { $0.needsTick } ? Self.tick : -1
        for case let deadline? in children.map(\.deadline) {
            let left = max(.zero, deadline - now)
            let milliseconds = Int32(
                clamping: left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
            timeout = timeout < 0 ? milliseconds : min(timeout, milliseconds)
        }
        _ = Glibc.poll(&descriptors, nfds_t(descriptors.count), timeout)
        if descriptors[0].revents != 0 { takeWakeUp(wakeDescriptor) }
        for (index, child) in children.enumerated() {
            let start = 1 + index * ServedChild.descriptorCount
            child.serve(descriptors[start..<(start + ServedChild.descriptorCount)].map(\.revents))
        }
    }

    private func takeWakeUp(_ wakeDescriptor: Int32) {
        shared.withLock { shared in
            shared.isWoken = false
            var bytes = [UInt8](repeating: 0, count: 16)
            _ = read(wakeDescriptor, &bytes, bytes.count)
        }
    }
}
