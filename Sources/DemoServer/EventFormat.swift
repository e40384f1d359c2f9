// Server-sent events as bytes, in the shape the script wants.

import OmlxJSON

struct EventFormat: Sendable {
    let script: DemoScript.Events

    private var newLine: String { script.lineEnding.text }

    /// What stands before the first event.
    var opening: String {
        var text = script.byteOrderMark ? "\u{FEFF}" : ""
        if script.primingEvent { text += lines(["id: demo-event-0", "retry: 1000", "data: "]) }
        return text + comment
    }

    /// A comment between events, when the script wants one.
    var comment: String { script.comments ? ": keep-alive" + newLine + newLine : "" }

    func event(_ message: JSON) -> String {
        let text = message.text(pretty: script.multiLineData)
        return event(name: "message", data: text) + comment
    }

    func event(name: String, data: String) -> String {
        lines(["event: \(name)"] + data.split(separator: "\n", omittingEmptySubsequences: false).map { "data: \($0)" })
    }

    private func lines(_ lines: [String]) -> String { lines.joined(separator: newLine) + newLine + newLine }
}
