// The server without its socket: which part answers which path.

import OmlxJSON

struct DemoCore: Sendable {
    let stage: Stage
    let journal: Journal
    let authorizationServer: AuthorizationServer
    let trust: Trust
    let resource: ProtectedResource
    let mcp: MCPEndpoint
    let sse: LegacySSE

    init(stage: Stage) {
        self.stage = stage
        journal = Journal(changes: stage.changes)
        authorizationServer = AuthorizationServer(stage: stage)
        trust = Trust(authorizationServer)
        resource = ProtectedResource(stage: stage, trust: trust)
        mcp = MCPEndpoint(stage: stage, resource: resource)
        sse = LegacySSE(stage: stage, resource: resource)
    }

    func reply(to request: RecordedRequest) async -> Reply {
        if request.path.hasPrefix("/demo/") { return control(request) }
        let ordinal = journal.note(request)
        let reply = await route(request)
        journal.note(status: reply.status, for: ordinal)
        return reply
    }

    private func route(_ request: RecordedRequest) async -> Reply {
        let path = request.path
        switch path {
        case "/mcp": return await mcp.reply(to: request)
        case "/sse" where stage.script.sse.enabled: return await sse.open(request)
        case "/messages" where stage.script.sse.enabled: return await sse.post(request)
        default: break
        }
        if request.method == "GET" {
            if let reply = await resource.metadata(path: path) { return reply }
            if let reply = await authorizationServer.metadata(path: path) { return reply }
        }
        if request.method == "GET", path.hasPrefix("/clients/"),
            let document = stage.script.clientDocuments[String(path.dropFirst("/clients/".count))]
        {
            return .json(200, stage.filled(document))
        }
        let issuerPath = stage.script.metadata.issuerPath
        if path.hasPrefix(issuerPath + "/") {
            let rest = String(path.dropFirst(issuerPath.count))
            if let reply = await authorizationServer.reply(to: request, path: rest) { return reply }
        }
        return .notFound
    }

    var state: DemoState {
        var state = authorizationServer.summary
        state.sessions = mcp.sessionCount
        state.awaitedPongs = mcp.streams.awaitedCount + sse.streams.awaitedCount
        state.openStreams = mcp.streams.count + sse.streams.count
        return state
    }

    func push(_ message: JSON) {
        mcp.streams.sendToAll(message)
        sse.streams.sendToAll(message)
    }
}
