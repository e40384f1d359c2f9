// What a person pastes.

import Synchronization

/// Lines that are kept until the sign-in asks for them: the page shows its field a moment before it does.
final class PastedLines: Sendable {
    private struct State {
        var kept: [String] = []
        var listener: (id: Int, continuation: AsyncStream<String>.Continuation)?
        var nextID = 0
    }

    private static let greatestCount = 16
    private let state = Mutex(State())

    func send(_ line: String) {
        state.withLock { state in
            if let listener = state.listener {
                listener.continuation.yield(line)
            } else {
                state.kept = (state.kept + [line]).suffix(Self.greatestCount)
            }
        }
    }

    /// What is kept, and what comes, as long as it is iterated; to one listener at a time.
    /// - Parameter onEnd: told when it is iterated no more.
    func stream(onEnd: @escaping @Sendable () -> Void = {}) -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingNewest(Self.greatestCount))
        let id = state.withLock { state in
            state.nextID += 1
            for line in state.kept { continuation.yield(line) }
            state.kept = []
            state.listener = (state.nextID, continuation)
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            onEnd()
            self?.state.withLock { if $0.listener?.id == id { $0.listener = nil } }
        }
        return stream
    }
}
