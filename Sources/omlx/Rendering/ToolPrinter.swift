// Tools as a person reads them, and as a program does.

import OmlxErrors
import OmlxJSON
import OmlxMCPHost

/// Prints tools.
struct ToolPrinter {
    let console: Console
    let schema: Bool

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
            let instead = problem == nil ? status.insteadOfTools : nil
            console.note(
                "\(status.name): 0 tools" + (instead ?? problem.map { ": \($0.message)" } ?? "") + step)
        }
        show(tools)
    }

    /// Tools of one server.
    func show(_ tools: [HostTool]) {
        let rows = tools.map { tool in
            (name: OmlxError.shown(tool.name, limit: 200), text: tool.tool.description ?? tool.tool.title ?? "")
        }
        console.entries(rows) { row, number in
            if !console.isTerminal { console.table([[row.name, row.text.firstLine(limit: 300)]]) }
            if schema { console.document(tools[number].tool.inputSchema) }
        }
    }
}
