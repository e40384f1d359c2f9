// Which of a server's tools are used, and what is said when there is none.

import OmlxErrors
import OmlxMCPClient

extension ManagedServer {
    /// The tools that the filters of the entry let through.
    func filtered(_ tools: [Tool]) -> [Tool] {
        let filter = configuration.toolFilter
        guard !filter.isOpen else { return tools }
        let strangers = filter.strangers(among: tools.map(\.name))
        if !strangers.isEmpty, !tools.isEmpty {
            let shown = strangers.prefix(3).map { OmlxError.shown($0, limit: 80) }.joined(separator: ", ")
            warnOnce(
                "the filter in its entry names \(strangers.count == 1 ? "a tool" : "tools") the server does not have: "
                    + shown + (strangers.count > 3 ? ", …" : ""))
        }
        return tools.filter { filter.allows($0.name) }
    }

    /// Why a server that is connected has no tools.
    func noToolsProblem(listed count: Int, _ words: EmptyListWords) -> StatusProblem {
        if count > 0 {
            return StatusProblem(
                code: ErrorCode.protocolNoTools.text,
                message: count == 1
                    ? "the filter in its entry leaves out the one it lists"
                    : "the filter in its entry leaves out all \(count) it lists",
                nextStep: "correct \(ToolFilter.keys.joined(separator: ", ")) in its entry")
        }
        return StatusProblem(
            code: ErrorCode.protocolNoTools.text, message: words.noTools,
            nextStep: Remedy(.examine(configuration.reference)))
    }
}
