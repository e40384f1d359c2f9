// What a server said about itself, for the question why it has no tools. Pure: events in, words out.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient

/// The words of one connection that may say why there are no tools.
struct EmptyListWords: Sendable {
    private var capabilities: JSON = .null
    private var instructions: String?
    private var complaint: String?
    private var lastLine: String?
    private var lastComplaint: String?
    private var dropped: (count: Int, reason: String)?

    private static let complaints: Set = ["warning", "error", "critical", "alert", "emergency"]

    mutating func note(_ event: ConnectionEvent) {
        switch event {
        case .connected(let result): (capabilities, instructions) = (result.capabilities, result.instructions)
        case .logMessage(let level, let text) where Self.complaints.contains(level): complaint = text
        case .stderrLine(let line) where line.contains { !$0.isWhitespace }:
            lastLine = line
            if LastWords.namesError(line) { lastComplaint = line }
        case .entriesDropped(.tools, let count, _, let reason): dropped = (count, reason)
        default: break
        }
    }

    /// Whether the server says that it has other things than tools.
    var hasOthers: Bool { capabilities["prompts"] != nil || capabilities["resources"] != nil }

    /// Why the list is empty, to follow "0 tools: ".
    var noTools: String {
        var text = "the server lists none"
        if let dropped {
            text = "\(dropped.count) left out: \(dropped.reason)"
        } else if let offers = capabilities.objectValue, offers["tools"] == nil {
            let others = offers.keys.prefix(8).map { OmlxError.shown($0, limit: 40) }.joined(separator: ", ")
            text = "the server offers none" + (others.isEmpty ? "" : ", only \(others)")
        }
        if let complaint { return text + "; it reports: \(Self.quoted(complaint))" }
        if let lastComplaint { return text + "; on standard error: \(Self.quoted(lastComplaint))" }
        if let lastLine { return text + "; its last line on standard error: \(Self.quoted(lastLine))" }
        return text + (instructions.map { "; its instructions: \(Self.quoted(Self.withoutHeadings($0)))" } ?? "")
    }

    /// Without what names the whole: the headings before the first sentence.
    private static func withoutHeadings(_ text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).filter { $0.contains { !$0.isWhitespace } }
        let rest = lines.drop { $0.hasPrefix("#") }
        return (rest.isEmpty ? lines[...] : rest).joined(separator: "\n")
    }

    private static func quoted(_ text: String) -> String {
        "\"\(OmlxError.shown(text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "", limit: 200))\""
    }
}
