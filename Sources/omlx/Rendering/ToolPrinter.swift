// Tools as a person reads them, and as a program does.

import OmlxErrors
import OmlxJSON
import OmlxMCPHost

/// Prints tools.
struct ToolPrinter {
    let console: Console
    let schema: Bool

    /// A terminal that does not say how wide it is.
    private static let usualColumns = 80
    /// The longest description on a terminal, in characters.
    private static let textLimit = 2000
    private static let gap = 2

    static func members(_ statuses: [ServerStatus], _ tools: [HostTool]) -> JSONObject {
        [
            "servers": .array(statuses.map { $0.json { $0.typed } }),
            "tools": .array(tools.map(\.json)), "count": JSON(tools.count),
        ]
    }

    /// A server's tools, or a line about why there are none.
    func show(_ status: ServerStatus, tools: [HostTool]) {
        let problem = status.transport.problem ?? status.signIn.problem ?? status.discovery.problem
        if let problem, status.discovery.state.toolCount == nil {
            let step = problem.nextStep.map { " — \($0.typed)" } ?? ""
            let state = status.discovery.state == .unauthorized ? status.signIn.state.text : nil
            // That there was no sign-in yet is no error; that a sign-in ended is, and has a cause.
            let cause = problem.saysOnlySignInNeeded ? nil : "\(problem.code): \(problem.message)"
            let text = [state, cause].compactMap { $0 }.joined(separator: ": ")
            console.note("\(status.name): \(text)\(step)")
        }
        guard let count = status.discovery.state.toolCount else { return }
        if count == 0 {
            let step = problem?.nextStep.map { " — \($0.typed)" } ?? ""
            console.note("\(status.name): 0 tools" + (problem.map { ": \($0.message)" } ?? "") + step)
        }
        show(tools)
    }

    /// Tools of one server.
    func show(_ tools: [HostTool]) {
        let columns = console.columns ?? Self.usualColumns
        // A name that leaves its description less than half the terminal stands on a line of its own.
        let names = tools.map { OmlxError.shown($0.name, limit: 200) }
        let widths = names.map(\.cellWidth)
        let start = (widths.filter { $0 <= columns / 2 }.max() ?? 0) + Self.gap
        for (index, tool) in tools.enumerated() {
            let description = tool.tool.description ?? tool.tool.title ?? ""
            if console.isTerminal {
                let text = description.firstParagraph(limit: Self.textLimit).folded(toCells: columns - start)
                let isAlone = widths[index] > columns / 2
                if isAlone || text.isEmpty { console.line(names[index]) }
                for (number, line) in text.enumerated() {
                    let name = number == 0 && !isAlone ? names[index] : ""
                    console.line(name.padded(toCells: start) + line)
                }
            } else {
                console.table([[names[index], description.firstLine(limit: 300)]])
            }
            if schema { console.document(tool.tool.inputSchema) }
        }
    }
}
