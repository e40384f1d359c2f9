// omlx mcp tools: connects and lists, each server as it arrives.

import ArgumentParser
import ErrorCatalogue
import JSON
import MCPHost

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
        if cached { return try listCached(configuration, session) }
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

    private func listCached(_ configuration: HostConfiguration, _ session: Session) throws -> ExitStatus {
        let database = try StatusDatabase.open(path: session.paths.database, mode: .readIfExists)
        var known: [String: ServerStatus] = [:]
        for status in try database.read() { known[status.name] = status }
        let printer = ToolPrinter(session: session, schema: schema)
        var listed: [JSON] = []
        for status in configuration.statuses(known: known) where servers.isEmpty || servers.contains(status.name) {
            for tool in status.toolList == nil ? [] : try database.tools(of: status.name) {
                let name = ToolName.joined(status.name, tool.name)
                if session.common.json {
                    listed.append(
                        [
                            "name": .string(name), "server": .string(status.name), "tool": .string(tool.name),
                            "description": JSON(optional: tool.description), "parameters": tool.inputSchema,
                        ])
                } else {
                    printer.line(name, tool.description, tool.inputSchema)
                }
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

    /// Where descriptions begin on a terminal, unless a name is longer.
    private static let nameCells = 32
    private static let usualColumns = 112

    static func members(_ statuses: [ServerStatus], _ tools: [HostTool]) -> JSONObject {
        [
            "servers": .array(statuses.map(\.json)),
            "tools": .array(
                tools.map { tool in
                    [
                        "name": .string(tool.name), "server": .string(tool.server), "tool": .string(tool.tool.name),
                        "description": JSON(optional: tool.tool.description), "parameters": tool.tool.inputSchema,
                    ]
                }),
            "count": JSON(tools.count),
        ]
    }

    /// A server's tools, or a line about why there are none.
    func show(_ status: ServerStatus, tools: [HostTool]) async {
        let problem = status.transport.problem ?? status.signIn.problem ?? status.discovery.problem
        if let problem, status.discovery.state.toolCount == nil {
            let step = problem.nextStep.map { " — \($0)" } ?? ""
            let state = status.discovery.state == .unauthorized ? status.signIn.state.text : nil
            // That nobody signed in yet is no error; that a sign-in ended is, and has a cause.
            let cause = problem.saysOnlySignInNeeded ? nil : "\(problem.code): \(problem.message)"
            let text = [state, cause].compactMap { $0 }.joined(separator: ": ")
            session.console.note("\(status.name): \(text)\(step)")
        }
        guard status.discovery.state.toolCount != nil else { return }
        for tool in tools { line(tool.name, tool.tool.description, tool.tool.inputSchema) }
    }

    func line(_ name: String, _ description: String?, _ inputSchema: JSON) {
        let console = session.console
        let text = (description ?? "").firstLine(limit: 300)
        let shown = OmlxError.shown(name, limit: 200)
        if console.isTerminal {
            let columns = console.columns ?? Self.usualColumns
            let start = shown.padded(toCells: Self.nameCells) + (shown.cellWidth < Self.nameCells ? "" : "  ")
            console.line((start + text).cut(toCells: columns))
        } else {
            console.table([[shown, text]])
        }
        if schema { console.document(inputSchema) }
    }
}
