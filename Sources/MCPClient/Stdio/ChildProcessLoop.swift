// The one thread that serves all child processes: it moves their bytes, notices their end and ends them.

import Glibc
import OmlxSystem
import Synchronization

/// A thread with `poll` over the pipes of all children. Started by the first child.
final class ChildProcessLoop: Sendable {
    /// The loop of this process.
    static let shared = ChildProcessLoop()

    private struct Shared {
        var fresh: [ChildProcess] = []
        /// What wakes the thread; `nil` before it runs.
        var pipe: WakePipe?
        var isWoken = false
    }

    private let shared = Mutex(Shared())

    /// How often the end of children is looked for where the kernel has no descriptor for it, in milliseconds.
    private static let tick: Int32 = 100

    /// Takes a child over.
    func add(_ child: ChildProcess) {
        shared.withLock { shared in
            shared.fresh.append(child)
            if shared.pipe == nil { shared.pipe = startThread() }
            wake(&shared)
        }
    }

    /// Makes the thread look at its children again.
    func wake() { shared.withLock { wake(&$0) } }

    private func wake(_ shared: inout Shared) {
        guard !shared.isWoken, let pipe = shared.pipe else { return }
        shared.isWoken = true
        pipe.wake()
    }

    /// - Returns: What wakes it; `nil` when no thread could be started.
    private func startThread() -> WakePipe? {
        guard let pipe = WakePipe() else { return nil }
        if OwnThread.start("omlx-children", { self.run(pipe) }) { return pipe }
        return nil
    }

    // MARK: on the loop's thread

    private func run(_ pipe: WakePipe) {
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
            poll(pipe, children, now)
        }
    }

    private func poll(_ pipe: WakePipe, _ children: [ServedChild], _ now: ContinuousClock.Instant) {
        var descriptors = [pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0)]
        for child in children { descriptors.append(contentsOf: child.pollDescriptors()) }
        var timeout: Int32 = children.contains { $0.needsTick } ? Self.tick : -1
        for case let deadline? in children.map(\.deadline) {
            let left = max(.zero, deadline - now)
            let milliseconds = Int32(
                clamping: left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
            timeout = timeout < 0 ? milliseconds : min(timeout, milliseconds)
        }
        _ = Glibc.poll(&descriptors, nfds_t(descriptors.count), timeout)
        if descriptors[0].revents != 0 { takeWakeUp(pipe) }
        for (index, child) in children.enumerated() {
            let start = 1 + index * ServedChild.descriptorCount
            child.serve(descriptors[start..<(start + ServedChild.descriptorCount)].map(\.revents))
        }
    }

    private func takeWakeUp(_ pipe: WakePipe) {
        shared.withLock { shared in
            shared.isWoken = false
            pipe.take()
        }
    }
}
