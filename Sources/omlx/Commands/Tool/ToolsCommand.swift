// omlx mcp tools: connects and lists, each server as it arrives.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct ToolsCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "tools", _superCommandName: CommandPath.mcp, abstract: "List the tools of the servers.")
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
        let host = try await session.host(HostWish(Self.word, connect, servers: servers))
        let configuration = try await host.configuration()
        try configuration.require(servers)
        try configuration.requireEnabled(servers)
        if cached { return try await listCached(host, session) }
        return connect.login
            ? try await session.askingSignedIn(host) { try await list($0, session) }
            : try await session.asking(host) { try await list($0, session) }
    }

    private func list(_ host: any Host, _ session: Session) async throws -> ExitStatus {
        let printer = ToolPrinter(console: session.console, schema: schema)
        var statuses = try await host.connect(servers) { server in
            // In a JSON document and with --login, lists are printed at the end.
            guard !session.common.json, !connect.login else { return }
            // What is known of a server from before is no news of one whose start was broken off.
            guard !Task.isCancelled, !Interrupts.wasInterrupted else { return }
            printer.show(server.status, tools: server.tools)
        }
        if connect.login {
            try await signInWhereNeeded(statuses, host, session)
            statuses = try await host.status(StatusRequest(servers, look: .current)).servers
        }
        try Task.checkCancellation()
        try await connect.refuseUnusable(host)
        let tools = try await host.tools(servers)
        if session.common.json {
            session.document(Self.word, ToolPrinter.members(statuses, tools))
        } else if connect.login {
            for status in statuses { printer.show(status, tools: tools.filter { $0.server == status.name }) }
        }
        let summary = StatusSummary(statuses.filter { $0.transport.state != .disabled })
        session.progress(summary)
        return ExitStatus(summary)
    }

    private func signInWhereNeeded(
        _ statuses: [ServerStatus], _ host: any Host, _ session: Session
    ) async throws {
        let person = try await session.person(host)
        for status in statuses where status.discovery.state == .unauthorized {
            do {
                try await host.connect(status.name, signingIn: person)
            } catch let error as OmlxError {
                session.console.report(error)
            }
        }
    }

    private func listCached(_ host: any Host, _ session: Session) async throws -> ExitStatus {
        let listed = try await host.knownTools(servers)
        if session.common.json {
            let tools = listed.flatMap { $0.tools.map(\.json) }
            session.document(Self.word, ["cached": true, "tools": .array(tools), "count": JSON(tools.count)])
        } else {
            let printer = ToolPrinter(console: session.console, schema: schema)
            for server in listed { printer.show(server.tools) }
        }
        return .done
    }
}
