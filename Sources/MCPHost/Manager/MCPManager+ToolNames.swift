// Which server a tool's listed name is of: also where one server's name is the beginning of another's tools' names.

import OmlxErrors

extension MCPManager {
    /// The server and tool a listed name stands for; `nil` for a bare name. Where it could be of several servers, the one
    /// that has such a tool, the longest name first, as in the list.
    /// - Throws: `OmlxError`.
    func addressed(_ name: String) async throws -> FoundTool? {
        let splits = ToolName.splits(name, servers: configuration.servers.map(\.name))
        guard let first = splits.last else { return nil }
        let enabled = splits.filter { configuration.server(named: $0.server)?.isEnabled == true }
        guard enabled.count > 1 else {
            let (name, tool) = enabled.first ?? first
            return FoundTool(server: try server(named: name), tool: tool)
        }
        await connect(await untried(enabled.map(\.server)))
        for (name, tool) in enabled {
            // What cannot be looked at may be the one that is meant.
            let server = try self.server(named: name)
            if await server.listed.contains(where: { $0.tool.name.isIdentical(to: tool) }) {
                return FoundTool(server: server, tool: tool)
            }
            if let problem = await server.problem { throw problem }
        }
        return FoundTool(server: try server(named: first.server), tool: first.tool)
    }

    private func untried(_ names: [String]) async -> [String] {
        var untried: [String] = []
        for name in names {
            guard let server = roster.servers[name], await server.link == nil, await server.problem == nil else {
                continue
            }
            untried.append(name)
        }
        return untried
    }

    /// The tools of a server that are called by their listed names: one that another server's longer name takes is left
    /// out, and that is said once.
    func callable(_ tools: [HostTool], of name: String) async -> [HostTool] {
        var taken: Set<String> = []
        for other in configuration.servers where other.isEnabled {
            guard ToolName.beginnings(of: other.name).contains(where: { $0.isIdentical(to: name) }),
                let server = roster.servers[other.name]
            else { continue }
            await server.settled()
            taken.formUnion(await server.listed.map(\.name))
        }
        guard !taken.isEmpty else { return tools }
        for tool in tools where taken.contains(tool.name) && shadowed.insert(tool.name).inserted {
            options.logger.warning(
                "\(name): the tool \(OmlxError.shown(tool.tool.name, limit: 80)) is left out: \(OmlxError.shown(tool.name)) is a tool of another server; rename one of the two in mcp.json"
            )
        }
        return tools.filter { !taken.contains($0.name) }
    }
}
