// omlx mcp tools: connects and lists, each server as it arrives.

import ArgumentParser
import OmlxErrors
import OmlxJSON
import OmlxMCPHost

struct ToolsCommand: Action {
    static let configuration = CommandConfiguration(commandName: "tools", abstract: "List the tools of the servers.")
    static let word = "tools"

    @Argument(help: "Servers; all when none is named.")
    var servers: [String] = []

    @Flag(help: "Show the lists read last, without connecting.")
    var cached = false

    @Flag(help: "Show each tool's arguments as JSON Schema.")
    var schema = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let configuration = try await session.usable(connect, about: servers)
        try configuration.require(servers)
        try configuration.requireEnabled(servers)
        if cached { return try await listCached(configuration, session) }
        return try await session.withManager(configuration, connect, command: "tools") { manager in
            try await list(manager, session)
        }
    }

    private func list(_ manager: MCPManager, _ session: Session) async throws -> ExitStatus {
        let chosen = servers.isEmpty ? nil : servers
        let printer = ToolPrinter(session: session, schema: schema)
        await manager.start(chosen) { status in
            // In a JSON document and with --login, lists are printed at the end.
            guard !session.common.json, !connect.login else { return }
            // What is known of a server from before is no news of one whose start was broken off.
            guard !Task.isCancelled, !Interrupts.wasInterrupted else { return }
            await printer.show(status, tools: await manager.tools(of: status.name))
        }
        try Task.checkCancellation()
        if connect.login { try await signInWhereNeeded(manager, chosen, session) }
        try Task.checkCancellation()
        try await connect.refuseUnusable(manager)
        let statuses = await manager.statuses().filter { chosen?.contains($0.name) ?? true }
        let tools = await manager.tools().filter { chosen?.contains($0.server) ?? true }
        if session.common.json {
            session.document(Self.word, ToolPrinter.members(statuses, tools))
        } else if connect.login {
            for status in statuses { await printer.show(status, tools: tools.filter { $0.server == status.name }) }
        }
        let summary = StatusSummary(statuses.filter { $0.transport.state != .disabled })
        session.progress(summary)
        return ExitStatus(summary)
    }

    private func signInWhereNeeded(_ manager: MCPManager, _ chosen: [String]?, _ session: Session) async throws {
        for status in await manager.statuses() where chosen?.contains(status.name) ?? true {
            guard status.discovery.state == .unauthorized else { continue }
            let offer = TerminalSignIn(server: status.name, manager.configuration, session: session).offer
            do {
                try await manager.start(status.name, signingIn: offer)
            } catch let error as OmlxError {
                session.console.report(error)
            }
        }
    }

    private func listCached(_ configuration: HostConfiguration, _ session: Session) async throws -> ExitStatus {
        let database = try await StatusDatabase.open(path: session.paths.database, mode: .readIfExists)
        let known = try await database.read()
        let printer = ToolPrinter(session: session, schema: schema)
        var listed: [JSON] = []
        for status in configuration.statuses(known: known) where servers.isEmpty || servers.contains(status.name) {
            // The list is the one read last, the filter is today's.
            let filter = try? configuration.server(named: status.name)?.result.get().toolFilter
            let tools = (status.toolList == nil ? [] : try await database.tools(of: status.name))
                .filter { filter?.allows($0.name) ?? true }
            if session.common.json {
                listed += tools.map { HostTool(server: status.name, tool: $0).json }
            } else {
                printer.show(
                    tools.map { tool in
                        ToolPrinter.Entry(
                            name: ToolName.joined(status.name, tool.name), text: tool.description ?? tool.title,
                            schema: tool.inputSchema)
                    })
            }
        }
        if session.common.json {
            let count = listed.count
            session.document(Self.word, ["cached": true, "tools": .array(listed), "count": JSON(count)])
        }
        return .done
    }
}

/// Prints tools.
struct ToolPrinter {
    let session: Session
    let schema: Bool

    /// What is shown of a tool.
    struct Entry {
        let name: String
        let text: String?
        let schema: JSON
    }

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
    func show(_ status: ServerStatus, tools: [HostTool]) async {
        let problem = status.transport.problem ?? status.signIn.problem ?? status.discovery.problem
        if let problem, status.discovery.state.toolCount == nil {
            let step = problem.nextStep.map { " — \($0.typed)" } ?? ""
            let state = status.discovery.state == .unauthorized ? status.signIn.state.text : nil
            // That there was no sign-in yet is no error; that a sign-in ended is, and has a cause.
            let cause = problem.saysOnlySignInNeeded ? nil : "\(problem.code): \(problem.message)"
            let text = [state, cause].compactMap { $0 }.joined(separator: ": ")
            session.console.note("\(status.name): \(text)\(step)")
        }
        guard let count = status.discovery.state.toolCount else { return }
        if count == 0 {
            let step = problem?.nextStep.map { " — \($0.typed)" } ?? ""
            session.console.note("\(status.name): 0 tools" + (problem.map { ": \($0.message)" } ?? "") + step)
        }
        show(
            tools.map { tool in
                Entry(name: tool.name, text: tool.tool.description ?? tool.tool.title, schema: tool.tool.inputSchema)
            })
    }

    /// Tools of one server.
    func show(_ entries: [Entry]) {
        let console = session.console
        let columns = console.columns ?? Self.usualColumns
        // A name that leaves its description less than half the terminal stands on a line of its own.
        let names = entries.map { OmlxError.shown($0.name, limit: 200) }
        let widths = names.map(\.cellWidth)
        let start = (widths.filter { $0 <= columns / 2 }.max() ?? 0) + Self.gap
        for (index, entry) in entries.enumerated() {
            if console.isTerminal {
                let text = (entry.text ?? "").firstParagraph(limit: Self.textLimit).folded(toCells: columns - start)
                let isAlone = widths[index] > columns / 2
                if isAlone || text.isEmpty { console.line(names[index]) }
                for (number, line) in text.enumerated() {
                    let name = number == 0 && !isAlone ? names[index] : ""
                    console.line(name.padded(toCells: start) + line)
                }
            } else {
                console.table([[names[index], (entry.text ?? "").firstLine(limit: 300)]])
            }
            if schema { console.document(entry.schema) }
        }
    }
}
