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
        var mentioned: [String] = []
        var lastLine: String?
        var authorization = RequestAuthorization()
        var isFinished = false
    }

    /// The events in their order; the oldest are dropped when nobody reads them for long.
    let events: AsyncStream<ConnectionEvent>
    private let continuation: AsyncStream<ConnectionEvent>.Continuation
    private let state = Mutex(State())
    private let withheld: WithheldVariables?

    /// - Parameter withheld: the variables a child process is not given, to be noticed when it names one.
    init(withheld: WithheldVariables? = nil) {
        self.withheld = withheld
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(10_000))
    }

    /// The status of the server's first answer, if it gave one.
    var firstStatus: Int? { state.withLock { $0.firstStatus } }
    /// Why the session ended by itself, if it did.
    var loss: OmlxError? { state.withLock { $0.loss } }

    /// How many lines were no messages.
    var skippedLines: Int { state.withLock { $0.skippedLines } }

    /// The variables the child process named on its error stream and is not given.
    var mentioned: [String] { state.withLock { $0.mentioned } }

    /// What the child process last wrote to its error stream.
    var lastLine: String? { state.withLock { $0.lastLine } }

    func note(_ event: ConnectionEvent) {
        var named: [String] = []
        if case .stderrLine(let line) = event { named = withheld?.named(in: line) ?? [] }
        state.withLock { state in
            if case .stderrLine(let line) = event { state.lastLine = line }
            state.mentioned += named.filter { !state.mentioned.contains($0) }
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
