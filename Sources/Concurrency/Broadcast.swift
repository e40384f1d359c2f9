// What happens, told to all who listen.

import Synchronization

/// Tells every listener of what happens from the moment on it asked for a stream.
package final class Broadcast<Element: Sendable>: Sendable {
    private let buffer: Int
    /// `nil` once all is told.
    private let streams = Mutex<[Int: AsyncStream<Element>.Continuation]?>([:])

    /// - Parameter buffer: so many elements wait for a listener who is slow; older ones are lost to it.
    package init(buffer: Int) { self.buffer = buffer }

    /// A new listener's stream; it listens as long as it is iterated. After `finish` it has ended.
    package func stream() -> AsyncStream<Element> {
        let (stream, continuation) = AsyncStream.makeStream(of: Element.self, bufferingPolicy: .bufferingNewest(buffer))
        let id = streams.withLock { streams -> Int? in
            guard let id = streams.map({ ($0.keys.max() ?? 0) + 1 }) else { return nil }
            streams?[id] = continuation
            return id
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.streams.withLock { $0?[id] = nil } }
        return stream
    }

    /// Tells all.
    package func send(_ element: Element) {
        for stream in streams.withLock({ Array(($0 ?? [:]).values) }) { stream.yield(element) }
    }

    /// Ends every stream, for good.
    package func finish() {
        let ended = streams.withLock { streams in
            defer { streams = nil }
            return streams ?? [:]
        }
        for stream in ended.values { stream.finish() }
    }
}
