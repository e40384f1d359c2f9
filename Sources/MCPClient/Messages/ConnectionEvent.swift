// What a connection tells its owner beside the answers to requests.

import OmlxCryptography
import OmlxErrors
import OmlxJSON

/// Something that happened on a connection. Texts are made fit to be shown.
package enum ConnectionEvent: Sendable, Hashable {
    /// The server gave its first HTTP answer of any kind, also 401; told once for each
    /// transport tried, and not of child processes.
    case reached(status: Int)
    /// The session stands.
    case connected(InitializeResult)
    /// The session is over: by `close()` when `nil`.
    case closed(OmlxError?)
    /// The server says its tools are others now.
    case toolsListChanged
    /// The server logs something. Not to be trusted.
    case logMessage(level: String, text: String)
    /// A child process wrote a line to its error stream, which need not be an error (MCP 2025-11-25, transports).
    case stderrLine(String)
    /// A child process wrote a line that is no message; how many so far, and what it was.
    case skippedLine(count: Int, text: String)
    /// A child process began a line, on its error stream or on its output, and has not ended it: a question, a progress bar.
    case unfinishedLine(isError: Bool, text: String)
    /// An answer came that belongs to no request under way; the id it names.
    case strayAnswer(id: String)
    /// The server asked for something omlx does not offer.
    case serverRequestRefused(method: String)
    /// Entries of the tool list were left out, so many for the same reason; some of their names.
    case toolsDropped(count: Int, names: [String], reason: String)
    /// The tool list was longer than what is taken: so many tools of it were read.
    case toolListCut(count: Int, reason: String)
    /// The server did not give the rest of its tool list: so many tools of it were read.
    case toolListUnfinished(count: Int, reason: String)
    /// The server says that it has no tools: what it names instead.
    case toolsNotOffered(capabilities: [String])
    /// The server refused a notification, which changes nothing.
    case notificationRefused(method: String, reason: String)
    /// A message that belongs to no request could not be understood.
    case invalidMessage(reason: String)
    /// The server forgot the session; a new one stands.
    case sessionRenewed
}

extension ConnectionEvent {
    /// How many names of tools that were left out are told.
    private static let namesTold = 3

    /// One event for each reason for which entries of a tool list were left out.
    static func dropped(_ entries: [Tool.Rejection]) -> [ConnectionEvent] {
        var reasons: [String] = []
        for entry in entries where !reasons.contains(entry.reason) { reasons.append(entry.reason) }
        return reasons.map { reason in
            let those = entries.lazy.filter { $0.reason == reason }
            return .toolsDropped(
                count: those.count, names: Array(those.compactMap(\.name).prefix(namesTold)), reason: reason)
        }
    }

    /// The event without secrets in its texts.
    func hiding(_ redactor: Redactor) -> ConnectionEvent {
        switch self {
        case .connected(let result): .connected(result.hiding(redactor))
        case .closed(let error?): .closed(redactor.hide(error))
        case .logMessage(let level, let text): .logMessage(level: redactor.hide(level), text: redactor.hide(text))
        case .stderrLine(let line): .stderrLine(redactor.hide(line))
        case .serverRequestRefused(let method): .serverRequestRefused(method: redactor.hide(method))
        case .toolsDropped(let count, let names, let reason):
            .toolsDropped(count: count, names: names.map { redactor.hide($0) }, reason: redactor.hide(reason))
        case .invalidMessage(let reason): .invalidMessage(reason: redactor.hide(reason))
        case .skippedLine(let count, let text): .skippedLine(count: count, text: redactor.hide(text))
        case .unfinishedLine(let isError, let text): .unfinishedLine(isError: isError, text: redactor.hide(text))
        case .strayAnswer(let id): .strayAnswer(id: redactor.hide(id))
        case .toolListUnfinished(let count, let reason):
            .toolListUnfinished(count: count, reason: redactor.hide(reason))
        case .toolsNotOffered(let names): .toolsNotOffered(capabilities: names.map { redactor.hide($0) })
        case .notificationRefused(let method, let reason):
            .notificationRefused(method: method, reason: redactor.hide(reason))
        case .reached, .closed(nil), .toolsListChanged, .toolListCut, .sessionRenewed: self
        }
    }
}

extension InitializeResult {
    /// What the server said about itself, without the secrets it was sent.
    func hiding(_ redactor: Redactor) -> InitializeResult {
        InitializeResult(
            protocolVersion: redactor.hide(protocolVersion), capabilities: capabilities.hiding(redactor),
            serverInfo: serverInfo.hiding(redactor), instructions: instructions.map { redactor.hide($0) })
    }
}

extension JSON {
    /// The value with no secret in its texts and names.
    func hiding(_ redactor: Redactor) -> JSON {
        switch self {
        case .string(let text): .string(redactor.hide(text, limit: .max))
        case .array(let elements): .array(elements.map { $0.hiding(redactor) })
        case .object(let object):
            .object(JSONObject(object.map { (redactor.hide($0.key, limit: .max), $0.value.hiding(redactor)) }))
        // To look into it would take the memory that was spared.
        case .unread(let unread): redactor.occurs(in: Array(unread.text)) ? .string(Redactor.mark) : self
        case .null, .bool, .number: self
        }
    }
}
