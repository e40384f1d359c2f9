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
            let server = try self.server(named: name)
            // What cannot be looked at, and is not known from before, may be the one that is meant.
            guard let names = await decidingNames(server) else {
                guard var problem = await server.hindrance else { continue }
                problem.message =
                    "\"\(OmlxError.shown(ToolName.joined(name, tool), limit: 160))\" may be a tool of \(name), which is not ready: \(problem.message)"
                throw problem
            }
            if names.contains(where: { $0.isIdentical(to: tool) }) { return FoundTool(server: server, tool: tool) }
        }
        return FoundTool(server: try server(named: first.server), tool: first.tool)
    }

    /// The names of a server's tools, as it has them or had them last; `nil` when nothing is known of them.
    private func decidingNames(_ server: ManagedServer) async -> [String]? {
        let listed = await server.listed
        if await server.isReady || !listed.isEmpty { return listed.map(\.tool.name) }
        guard server.status.toolList != nil else { return nil }
        return server.allowed(await recorder.toolNames()[server.name] ?? [])
    }

    private func untried(_ names: [String]) async -> [String] {
        var untried: [String] = []
        for name in names {
            guard let server = roster.servers[name], await server.isUntried else { continue }
            untried.append(name)
        }
        return untried
    }

    /// The tools of a server that are called by their listed names: one that another server's longer name takes is left
    /// out, and that is said once. Where such names meet, that other server is connected if it was not yet.
    func callable(_ tools: [HostTool], of name: String) async -> [HostTool] {
        var list = CallableTools(tools)
        for other in CallableTools.rivals(of: name, among: configuration.servers.filter(\.isEnabled).map(\.name)) {
            guard list.meets(other), let server = roster.servers[other] else { continue }
            await connect(await untried([other]))
            list.leave(to: other, having: await decidingNames(server))
        }
        for left in list.leftOut where shadowed.insert(left.words).inserted { options.logger.warning("\(left.words)") }
        return list.tools
    }
}
