// Lines of a stream that several ask for one after the other, as the sign-ins of one process do.

import Glibc
import Synchronization

/// Reads lines while they are asked for, and only then. A reader that is cancelled takes nothing with it: what comes later
/// goes to the next one, and is left in the stream until there is one.
///
/// One thread reads: a call of `readLine` could not be called off, and would take the next line from the one who asks then.
package final class LineReader: Sendable {
    private struct State {
        /// Those that wait, in order.
        var waiting: [(id: Int, continuation: CheckedContinuation<String?, Never>)] = []
        var nextID = 0
        /// Cancelled before they waited.
        var gone: Set<Int> = []
        /// Read, and not asked for yet.
        var lines: [String] = []
        var rest: [UInt8] = []
        var isAtEnd = false
        var pipe: WakePipe?
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    /// A longer line is cut into several.
    private static let greatestCount = 1 << 20
    /// How long is waited until it is looked again whether this process has the terminal, in milliseconds.
    private static let pause: Int32 = 200

    /// Nothing is read yet.
    package init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// How many wait for a line; the tests look at it.
    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// The next line, without its end; `nil` at the end of the stream, and when the caller is cancelled.
    package func line() async -> String? {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let line = await withTaskCancellationHandler {
            await withCheckedContinuation { wait(id, $0) }
        } onCancel: {
            giveUp(id)
        }
        state.withLock { _ = $0.gone.remove(id) }
        return line
    }

    /// Lines as they are asked for.
    package func lines() -> AsyncStream<String> { AsyncStream { await self.line() } }

    /// Forgets what came before: it is no answer to the question that is asked now.
    package func forgetEarlier() {
        state.withLock { state in
            state.lines = []
            state.rest = []
            // Fails on what is no terminal.
            tcflush(descriptor, TCIFLUSH)
        }
    }

    private func wait(_ id: Int, _ continuation: CheckedContinuation<String?, Never>) {
        let outcome = state.withLock { state -> String?? in
            if state.gone.contains(id) { return .some(nil) }
            if !state.lines.isEmpty { return state.lines.removeFirst() }
            guard !state.isAtEnd, start(&state) else { return .some(nil) }
            state.waiting.append((id, continuation))
            state.pipe?.wake()
            return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
    }

    private func giveUp(_ id: Int) {
        let continuation = state.withLock { state -> CheckedContinuation<String?, Never>? in
            state.gone.insert(id)
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return nil }
            state.pipe?.wake()
            return state.waiting.remove(at: index).continuation
        }
        continuation?.resume(returning: nil)
    }

    /// Starts the thread, which stays as long as the reader.
    private func start(_ state: inout State) -> Bool {
        guard state.pipe == nil else { return true }
        guard let pipe = WakePipe() else { return false }
        let descriptor = descriptor
        guard OwnThread.start("omlx-lines", { [weak self] in Self.run(pipe, descriptor) { self } }) else {
            return false
        }
        state.pipe = pipe
        return true
    }

    deinit { state.withLock { $0.pipe }?.wake() }

    // MARK: on the thread

    private static func run(_ pipe: WakePipe, _ descriptor: Int32, _ reader: () -> LineReader?) {
        while let isWanted = reader()?.isWanted {
            var polled = [pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0)]
            // What is typed while another program has the terminal is that one's. Of a terminal that is not the process's own
            // there is none to know.
            let owner = tcgetpgrp(descriptor)
            let isAway = owner > 0 && owner != getpgrp()
            if isWanted, !isAway { polled.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
            _ = poll(&polled, nfds_t(polled.count), isWanted && isAway ? pause : -1)
            pipe.take()
            guard polled.count > 1, polled[1].revents != 0, let reader = reader() else { continue }
            reader.read()
            if reader.isAtEnd { return }
        }
    }

    private var isWanted: Bool { state.withLock { !$0.waiting.isEmpty } }
    private var isAtEnd: Bool { state.withLock { $0.isAtEnd } }

    private func read() {
        // Those that waited may have left since it was looked.
        guard isWanted else { return }
        var bytes = [UInt8](repeating: 0, count: 4096)
        // Not under the lock: another process may have been quicker, and this waits then.
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        let ready = state.withLock { state -> [(CheckedContinuation<String?, Never>, String?)] in
            if count > 0 {
                take(bytes[..<count], &state)
            } else {
                if !state.rest.isEmpty { finishLine(&state) }
                state.isAtEnd = true
            }
            var ready: [(CheckedContinuation<String?, Never>, String?)] = []
            while !state.waiting.isEmpty, !state.lines.isEmpty || state.isAtEnd {
                let line = state.lines.isEmpty ? nil : state.lines.removeFirst()
                ready.append((state.waiting.removeFirst().continuation, line))
            }
            return ready
        }
        for (continuation, line) in ready { continuation.resume(returning: line) }
    }

    private func take(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
        for byte in bytes {
            if byte == 0x0A || state.rest.count >= Self.greatestCount { finishLine(&state) }
            if byte != 0x0A { state.rest.append(byte) }
        }
    }

    private func finishLine(_ state: inout State) {
        if state.rest.last == 0x0D { state.rest.removeLast() }
        state.lines.append(String(decoding: state.rest, as: UTF8.self))
        state.rest = []
    }
}
