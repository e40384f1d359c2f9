// The event streams that stay open, and the answers the server waits for on behalf of its own requests.

import OmlxJSON
import Synchronization

/// Open streams by a name: a legacy session's id, or that of a GET stream.
final class EventStreams: Sendable {
    private struct Stream {
        let continuation: AsyncStream<JSON?>.Continuation
        var sent = 0
        var tasks: [Task<Void, Never>] = []
    }

    private struct State {
        var streams: [String: Stream] = [:]
        var awaited: [String: AsyncStream<Void>.Continuation] = [:]
        var nextPing = 1
    }

    private let state = Mutex(State())
    private let changes: Changes

    init(changes: Changes) { self.changes = changes }

    var count: Int { state.withLock { $0.streams.count } }

    var names: [String] { state.withLock { $0.streams.keys.sorted() } }

    func isOpen(_ name: String) -> Bool { state.withLock { $0.streams[name] != nil } }

    /// Writes messages to the sink until the stream is closed or the client goes away. The opening goes out only when
    /// the stream is known, so that what the client does next finds it.
    func run(_ name: String, format: EventFormat, sink: StreamSink, opening: String) async {
        let (messages, continuation) = AsyncStream<JSON?>.makeStream()
        state.withLock { $0.streams[name] = Stream(continuation: continuation) }
        sink.send(opening)
        changes.signal()
        for await message in messages {
            guard let message else { break }
            sink.send(format.event(message))
        }
        let tasks = state.withLock { $0.streams.removeValue(forKey: name)?.tasks ?? [] }
        for task in tasks { task.cancel() }
        changes.signal()
    }

    /// Cancels the task when the stream ends; at once when it has ended already.
    func attach(_ task: Task<Void, Never>, to name: String) {
        let isOpen = state.withLock { state in
            state.streams[name]?.tasks.append(task)
            return state.streams[name] != nil
        }
        if !isOpen { task.cancel() }
    }

    /// Sends a message; after the given number of messages the stream is closed.
    func send(_ message: JSON, to name: String, closingAfter limit: Int? = nil) {
        state.withLock { state in
            guard var stream = state.streams[name] else { return }
            stream.continuation.yield(message)
            stream.sent += 1
            state.streams[name] = stream
            if let limit, stream.sent >= limit { stream.continuation.yield(nil) }
        }
    }

    func close(_ name: String) {
        state.withLock { state in
            _ = state.streams[name]?.continuation.yield(nil)
        }
    }

    func sendToAll(_ message: JSON) {
        state.withLock { state in
            for stream in state.streams.values { stream.continuation.yield(message) }
        }
    }

    // MARK: Requests of the server

    /// How many answers of clients are waited for.
    var awaitedCount: Int { state.withLock { $0.awaited.count } }

    /// A `ping` request of the server, and a stream that ends when the client has answered it.
    func ping() -> (request: JSON, answered: AsyncStream<Void>) {
        let (answered, continuation) = AsyncStream<Void>.makeStream()
        let id = state.withLock { state in
            let id = "demo-ping-\(state.nextPing)"
            state.nextPing += 1
            state.awaited[id] = continuation
            return id
        }
        changes.signal()
        return (["jsonrpc": "2.0", "id": JSON(id), "method": "ping"], answered)
    }

    /// Takes a client's response; `false` when nothing waits for it.
    func take(response: JSON) -> Bool {
        guard let id = response["id"]?.stringValue else { return false }
        guard let continuation = state.withLock({ $0.awaited.removeValue(forKey: id) }) else { return false }
        continuation.finish()
        return true
    }
}
