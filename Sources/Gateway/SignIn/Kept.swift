// What is kept of the newest things, and how work is given up that another request began.

import Synchronization

/// The newest values, by their ids.
struct Kept<Value: Sendable>: Sendable {
    private var values: [String: Value] = [:]
    private var order: [String] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    subscript(id: String) -> Value? {
        get { values[id] }
        set {
            if values[id] == nil, newValue != nil {
                order.append(id)
                if order.count > limit { values[order.removeFirst()] = nil }
            }
            values[id] = newValue
            if newValue == nil { order.removeAll { $0 == id } }
        }
    }

    /// The newest one that is so.
    func last(where isWanted: (Value) -> Bool) -> Value? {
        order.reversed().lazy.compactMap { values[$0] }.first(where: isWanted)
    }

    /// All, the newest first.
    var newestFirst: [Value] { order.reversed().compactMap { values[$0] } }
}

/// Work that can be given up from elsewhere.
final class StopSignal: Sendable {
    private let stream: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation
    private let stopped = Mutex(false)

    init() { (stream, continuation) = AsyncStream.makeStream(of: Never.self) }

    var isStopped: Bool { stopped.withLock { $0 } }

    func stop() {
        stopped.withLock { $0 = true }
        continuation.finish()
    }

    /// Does the work, cancelled by the signal; work that was cancelled still has an end of its own.
    func around<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask { [stream] in
                for await _ in stream {}
                return nil
            }
            defer { group.cancelAll() }
            while let first = try await group.next() {
                if let first { return first }
                group.cancelAll()
            }
            throw CancellationError()
        }
    }
}
