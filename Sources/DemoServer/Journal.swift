// The list of requests received.

import Synchronization

final class Journal: Sendable {
    private struct State {
        var requests: [RecordedRequest] = []
        var count = 0
    }

    /// Older requests are forgotten above this number.
    private static let capacity = 20_000

    private let state = Mutex(State())
    private let changes: Changes

    init(changes: Changes) { self.changes = changes }

    var requests: [RecordedRequest] { state.withLock { $0.requests } }

    func clear() { state.withLock { $0.requests = [] } }

    /// Notes a request; the result is its number.
    func note(_ request: RecordedRequest) -> Int {
        defer { changes.signal() }
        return state.withLock { state in
            state.count += 1
            var request = request
            request.ordinal = state.count
            if state.requests.count >= Self.capacity { state.requests.removeFirst(Self.capacity / 2) }
            state.requests.append(request)
            return state.count
        }
    }

    func note(status: Int?, for ordinal: Int) {
        defer { changes.signal() }
        state.withLock { state in
            guard let place = state.requests.lastIndex(where: { $0.ordinal == ordinal }) else { return }
            state.requests[place].status = status
        }
    }
}
