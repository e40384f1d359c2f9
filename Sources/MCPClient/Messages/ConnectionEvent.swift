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
    /// The server says that a list of its is another one now; that of the templates comes with the resources.
    case listChanged(ServerList)
    /// The server says that a resource is another one now, or a part of it.
    case resourceUpdated(uri: String)
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
    /// Entries of a list were left out, so many for the same reason; some of their names.
    case entriesDropped(ServerList, count: Int, names: [String], reason: String)
    /// Entries of a list are odd in the same way, and were taken all the same; some of their names.
    case entriesOdd(ServerList, count: Int, names: [String], reason: String)
    /// A list was longer than what is taken: so many entries of it were read.
    case listCut(ServerList, count: Int, reason: String)
    /// The server did not give the rest of a list: so many entries of it were read.
    case listUnfinished(ServerList, count: Int, reason: String)
    /// The server says that it has no such list: which capabilities it names instead.
    case listNotOffered(ServerList, capabilities: [String])
    /// What a server answered to the request was not as it should be, and was read all the same.
    case answerOdd(method: String, reason: String)
    /// The server refused a notification, which changes nothing.
    case notificationRefused(method: String, reason: String)
    /// A message that belongs to no request could not be understood.
    case invalidMessage(reason: String)
    /// The server forgot the session; a new one stands.
    case sessionRenewed
}

extension ConnectionEvent {
    /// How many names of entries that were left out are told.
    private static let namesTold = 3

    /// One event for each reason for which entries of a list were left out.
    static func dropped(_ entries: [ListRejection], from list: ServerList) -> [ConnectionEvent] {
        grouped(entries.map { ($0.name, $0.reason) }).map {
            .entriesDropped(list, count: $0.count, names: $0.names, reason: $0.reason)
        }
    }

    /// One event for each way in which entries of a list are odd.
    static func odd<Entry: ListEntry>(_ entries: [Entry]) -> [ConnectionEvent] {
        let odd = entries.compactMap { entry in
            entry.oddity.map { (Optional(OmlxError.shown(entry.key, limit: 80)), $0) }
        }
        return grouped(odd).map { .entriesOdd(Entry.list, count: $0.count, names: $0.names, reason: $0.reason) }
    }

    private static func grouped(
        _ entries: [(name: String?, reason: String)]
    ) -> [(reason: String, count: Int, names: [String])] {
        var reasons: [String] = []
        for entry in entries where !reasons.contains(entry.reason) { reasons.append(entry.reason) }
        return reasons.map { reason in
            let those = entries.lazy.filter { $0.reason == reason }
            return (reason, those.count, Array(those.compactMap(\.name).prefix(namesTold)))
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
        case .entriesDropped(let list, let count, let names, let reason):
            .entriesDropped(
                list, count: count, names: names.map { redactor.hide($0) }, reason: redactor.hide(reason))
        case .entriesOdd(let list, let count, let names, let reason):
            .entriesOdd(list, count: count, names: names.map { redactor.hide($0) }, reason: reason)
        case .resourceUpdated(let uri): .resourceUpdated(uri: redactor.hide(uri, limit: .max))
        case .invalidMessage(let reason): .invalidMessage(reason: redactor.hide(reason))
        case .skippedLine(let count, let text): .skippedLine(count: count, text: redactor.hide(text))
        case .unfinishedLine(let isError, let text): .unfinishedLine(isError: isError, text: redactor.hide(text))
        case .strayAnswer(let id): .strayAnswer(id: redactor.hide(id))
        case .listUnfinished(let list, let count, let reason):
            .listUnfinished(list, count: count, reason: redactor.hide(reason))
        case .listNotOffered(let list, let names):
            .listNotOffered(list, capabilities: names.map { redactor.hide($0) })
        case .notificationRefused(let method, let reason):
            .notificationRefused(method: method, reason: redactor.hide(reason))
        case .reached, .closed(nil), .listChanged, .listCut, .answerOdd, .sessionRenewed: self
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
