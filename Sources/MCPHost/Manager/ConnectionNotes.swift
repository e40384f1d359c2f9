// What a connection said, kept for the moment when it is judged, and handed on in order.

import ErrorCatalogue
import MCPClient
import Synchronization

/// The events of one connection.
final class ConnectionNotes: Sendable {
    private struct State {
        var firstStatus: Int?
        var loss: OmlxError?
        var skippedLines = 0
        var authorization = RequestAuthorization()
        var isFinished = false
    }

    /// The events in their order; the oldest are dropped when nobody reads them for long.
    let events: AsyncStream<ConnectionEvent>
    private let continuation: AsyncStream<ConnectionEvent>.Continuation
    private let state = Mutex(State())

    init() {
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(10_000))
    }

    /// The status of the server's first answer, if it gave one.
    var firstStatus: Int? { state.withLock { $0.firstStatus } }
    /// Why the session ended by itself, if it did.
    var loss: OmlxError? { state.withLock { $0.loss } }

    /// How many lines were no messages.
    var skippedLines: Int { state.withLock { $0.skippedLines } }

    func note(_ event: ConnectionEvent) {
        state.withLock { state in
            switch event {
            case .reached(let status): state.firstStatus = state.firstStatus ?? status
            case .closed(let error?): state.loss = error
            case .skippedLine(let count): state.skippedLines = count
            default: break
            }
        }
        continuation.yield(event)
    }

    /// The connection is being closed: nobody reads any more.
    func finish() {
        state.withLock { $0.isFinished = true }
        continuation.finish()
    }

    // MARK: what requests were signed with

    func note(_ authorization: RequestAuthorization) { state.withLock { $0.authorization = authorization } }

    /// Once the connection is being closed, what its last request was signed with.
    var farewell: RequestAuthorization? { state.withLock { $0.isFinished ? $0.authorization : nil } }
}
