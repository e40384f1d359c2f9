// What a connection said, kept for the moment when it is judged, and handed on in order.

import OmlxErrors
import OmlxMCPClient
import Synchronization

/// The events of one connection.
final class ConnectionNotes: Sendable {
    private struct State {
        var firstStatus: Int?
        var loss: OmlxError?
        var chatter = ServerChatter()
        var warnings: [Warning] = []
        var mentioned: [String] = []
        var words = EmptyListWords()
        var authorization = RequestAuthorization()
        var isFinished = false
    }

    /// What a person should know though nothing failed.
    struct Warning: Sendable, Hashable {
        let text: String
        /// Whether it is no fault: how the server is.
        let isFact: Bool
    }

    private static let warningLimit = 100

    /// The events in their order; the oldest are dropped when they are not read for long.
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

    /// What the server said beside its answers.
    var chatter: ServerChatter { state.withLock { $0.chatter } }

    /// The warnings since this was asked for last. They are here before the request they are about is over.
    func takeWarnings() -> [Warning] {
        state.withLock { state in
            defer { state.warnings = [] }
            return state.warnings
        }
    }

    /// The variables the child process named on its error stream and is not given.
    var mentioned: [String] { state.withLock { $0.mentioned } }

    /// What the server said beside its answers that may say why it has no tools.
    var words: EmptyListWords { state.withLock { $0.words } }

    func note(_ event: ConnectionEvent) {
        var named: [String] = []
        if case .stderrLine(let line) = event { named = withheld?.named(in: line) ?? [] }
        state.withLock { state in
            state.mentioned += named.filter { !state.mentioned.contains($0) }
            state.words.note(event)
            switch event {
            case .reached(let status): state.firstStatus = state.firstStatus ?? status
            case .closed(let error?): state.loss = error
            default: state.chatter.note(event)
            }
            if let warning = event.warning, state.warnings.count < Self.warningLimit {
                state.warnings.append(Warning(text: warning, isFact: event.isFact))
            }
        }
        continuation.yield(event)
    }

    /// The connection is being closed: nothing reads any more.
    func finish() {
        state.withLock { $0.isFinished = true }
        continuation.finish()
    }

    // MARK: what requests were signed with

    func note(_ authorization: RequestAuthorization) { state.withLock { $0.authorization = authorization } }

    /// Once the connection is being closed, what its last request was signed with.
    var farewell: RequestAuthorization? { state.withLock { $0.isFinished ? $0.authorization : nil } }
}

extension ConnectionEvent {
    /// Whether a warning tells of no fault: a server may have other things than tools.
    fileprivate var isFact: Bool {
        guard case .listNotOffered(.tools, let capabilities) = self else { return false }
        return capabilities.contains("prompts") || capabilities.contains("resources")
    }

    /// What a person should know though nothing failed.
    var warning: String? {
        switch self {
        case .entriesDropped(let list, let count, let names, let reason):
            return "\(list.counted(count)) left out: \(reason)" + Self.some(names, of: count)
        case .entriesOdd(let list, let count, let names, let reason):
            return "\(list.counted(count)) used although \(reason)" + Self.some(names, of: count)
        case .listCut(let list, let count, let reason):
            return "the \(list.one) list is cut after \(list.counted(count)): \(reason)"
        case .listUnfinished(let list, let count, let reason):
            let read = "\(list.counted(count)) \(count == 1 ? "was" : "were") read"
            return "the \(list.one) list may not be whole, \(read): \(reason)"
        case .listNotOffered(let list, let capabilities):
            let named = capabilities.isEmpty ? "names none" : "names " + capabilities.joined(separator: ", ") + " only"
            return list == .tools
                ? "the server says that it has no tools: its list of capabilities \(named)"
                : "the server does not know \(list.method), as one without \(list.many) does"
        case .answerOdd(let method, let reason):
            return "the server's answer to \(method) is odd, and was read all the same: \(reason)"
        case .notificationRefused(let method, let reason):
            return "the server did not accept \(method), which changes nothing: \(reason)"
        default: return nil
        }
    }

    private static func some(_ names: [String], of count: Int) -> String {
        guard !names.isEmpty else { return "" }
        let some = names.map { "\"\($0)\"" }.joined(separator: ", ") + (count > names.count ? ", …" : "")
        return " (\(some))"
    }
}

extension ServerChatter {
    /// An error that says that a server was too slow, with what it said meanwhile. A child process that writes, but never a
    /// message, is not slow: it speaks something else.
    func explaining(_ error: OmlxError, session: Bool) -> OmlxError {
        guard error.code == .transportTimeout else { return error }
        var error = error
        if error.serverWords == nil {
            error.message += meanwhile
            error.serverWords = meanwhile
        }
        if hasStrays { error.nextStep = "report it to the server's makers: an answer carries the id of its request" }
        guard !session, skipped > 0 else { return error }
        error.code = .protocolNotJSON
        error.nextStep =
            "run the command by itself to see what it writes: it must write MCP messages only; if it is merely slow: \(.setting(.timeout))"
        return error
    }
}
