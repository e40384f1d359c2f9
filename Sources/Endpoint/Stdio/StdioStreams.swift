// The two streams of a stdio server: each has a thread of its own, since reading and writing them blocks.

import Dispatch
import Glibc
import OmlxSystem
import Synchronization

/// Reads lines while there is room for what they ask.
final class LineSource: Sendable {
    /// So many messages may wait for their answer; a client that sends more is not read until some have gone out.
    static let places = 512

    let lines: AsyncStream<MessageLines.Line>
    private let hand: AsyncStream<MessageLines.Line>.Continuation
    private let room = DispatchSemaphore(value: LineSource.places)
    private let isOver = Mutex(false)
    private let pipe: WakePipe?

    init(_ descriptor: Int32) {
        (lines, hand) = AsyncStream.makeStream(of: MessageLines.Line.self)
        pipe = WakePipe()
        guard let pipe, OwnThread.start("omlx-stdin", { [self] in read(descriptor, pipe) }) else {
            hand.finish()
            return
        }
    }

    /// What a line asked for is done.
    func giveBack() { room.signal() }

    /// Reads no more.
    func end() {
        isOver.withLock { $0 = true }
        hand.finish()
        pipe?.wake()
        room.signal()
    }

    private func read(_ descriptor: Int32, _ pipe: WakePipe) {
        var lines = MessageLines()
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        defer { hand.finish() }
        while !isOver.withLock({ $0 }) {
            var polled = [
                pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0),
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&polled, 2, -1)
            guard polled[1].revents != 0 else { continue }
            let count = Glibc.read(descriptor, &bytes, bytes.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else {
                if let last = lines.finish() { give(last) }
                return
            }
            for line in lines.receive(bytes[..<count]) { give(line) }
        }
    }

    private func give(_ line: MessageLines.Line) {
        room.wait()
        guard !isOver.withLock({ $0 }) else { return }
        hand.yield(line)
    }
}

/// Writes lines in their order.
final class LineSink: Sendable {
    private struct State {
        var waiting: [(line: [UInt8], written: (@Sendable () -> Void)?)] = []
        var isEnding = false
        var isBroken = false
    }

    private let state = Mutex(State())
    private let news = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let isRunning = Mutex(false)

    init(_ descriptor: Int32) {
        let isRunning = OwnThread.start("omlx-stdout") { [self] in write(descriptor) }
        self.isRunning.withLock { $0 = isRunning }
    }

    /// Puts a message; it is on one line, since JSON is written without line ends.
    func put(_ message: [UInt8], written: (@Sendable () -> Void)? = nil) {
        let isTaken = state.withLock { state in
            guard !state.isBroken, !state.isEnding else { return false }
            state.waiting.append((message, written))
            return true
        }
        if isTaken { news.signal() } else { written?() }
    }

    /// Waits until all is written, or cannot be.
    func finish() async {
        state.withLock { $0.isEnding = true }
        news.signal()
        guard isRunning.withLock({ $0 }) else { return }
        let ended = ended
        // Told to end, it waits for no client that has stopped reading.
        let limit: DispatchTime = Task.isCancelled ? .now() + 2 : .distantFuture
        await OwnThread.run("omlx-stdout-end") { _ = ended.wait(timeout: limit) }
    }

    private func write(_ descriptor: Int32) {
        defer { ended.signal() }
        while true {
            news.wait()
            let (waiting, isEnding) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.isEnding)
            }
            if !waiting.isEmpty {
                var bytes: [UInt8] = []
                for (line, _) in waiting {
                    bytes += line
                    bytes.append(0x0A)
                }
                // The client may have put its end into another mode, which both ends share (fcntl(2)).
                if !Self.write(bytes, descriptor) { state.withLock { $0.isBroken = true } }
                for (_, written) in waiting { written?() }
            }
            if isEnding { return }
        }
    }

    private static func write(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EAGAIN {
                var polled = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
                _ = poll(&polled, 1, -1)
            } else if count < 0, errno == EINTR {
                continue
            } else if count <= 0 {
                return false
            } else {
                written += count
            }
        }
        return true
    }
}
