// The streamable HTTP endpoint: POST, GET and DELETE of /mcp, sessions, and the checks of a strict server.

import OmlxJSON
import Synchronization

final class MCPEndpoint: Sendable {
    private struct Session {
        let version: String
        var isInitialized = false
        var usedIDs: Set<JSON> = []
    }

    private let stage: Stage
    private let resource: ProtectedResource
    private let service: MCPService
    let streams: EventStreams
    private let sessions = Mutex<[String: Session]>([:])

    init(stage: Stage, resource: ProtectedResource) {
        self.stage = stage
        self.resource = resource
        service = MCPService(stage: stage)
        streams = EventStreams(changes: stage.changes)
    }

    var sessionCount: Int { sessions.withLock { $0.count } }

    func forgetSessions() { sessions.withLock { $0 = [:] } }

    func reply(to request: RecordedRequest) async -> Reply {
        guard ["POST", "GET", "DELETE"].contains(request.method) else { return .methodNotAllowed("POST, GET, DELETE") }
        let message = request.method == "POST" ? request.json : nil
        let method = message.map { $0["method"]?.stringValue ?? "response" } ?? request.method
        let tool = method == "tools/call" ? message?["params"]?["name"]?.stringValue : nil
        let identity: AuthorizationServer.Identity?
        switch resource.admit(request, to: .streamable, method: method, tool: tool) {
        case .refused(let reply): return reply
        case .admitted(let known): identity = known
        }
        let override =
            stage.takeOverride(\.mcp.overrides[method]) ?? stage.takeOverride(\.mcp.overrides["*"])
        return await stage.reply(under: override) { await self.ordinary(request, message, identity) }
    }

    private func ordinary(
        _ request: RecordedRequest, _ message: JSON?, _ identity: AuthorizationServer.Identity?
    ) async -> Reply {
        if let refusal = refusalOfHeaders(request) { return refusal }
        switch request.method {
        case "GET": return getStream(request)
        case "DELETE": return delete(request)
        default: break
        }
        guard let message, message["jsonrpc"] == "2.0" else {
            let code = message == nil ? -32700 : -32600
            return rpcError(400, RPCError(code: code, message: "the body is not one JSON-RPC message"))
        }
        guard let method = message["method"]?.stringValue else {
            return streams.take(response: message) || !stage.script.mcp.strict
                ? .status(202) : rpcError(400, RPCError(code: -32600, message: "nobody waits for this response"))
        }
        if let refusal = refusalOfMessage(message, method: method, request: request) { return refusal }
        guard message["id"] != nil else { return .status(202) }
        let caller = MCPCaller(identity: identity, protocolVersion: version(of: request))
        var headers: [HeaderField] = []
        if method == "initialize", stage.script.mcp.sessions {
            headers = [HeaderField("Mcp-Session-Id", open(message))]
        }
        if stage.script.mcp.responseFormat == .sse { return stream(message, caller: caller, headers: headers) }
        return .json(200, await service.respond(to: message, from: caller), headers: headers)
    }

    // MARK: Event streams

    private func stream(_ message: JSON, caller: MCPCaller, headers: [HeaderField]) -> Reply {
        let script = stage.script.mcp.events
        let format = EventFormat(script: script)
        return .stream(headers: headers) { [service, streams] sink in
            sink.send(format.opening)
            for number in 0..<max(0, script.notificationsBeforeResult) {
                sink.send(format.event(Self.notification(number, about: message)))
            }
            if script.pingBeforeResult != .none {
                let (ping, answered) = streams.ping()
                sink.send(format.event(ping))
                if script.pingBeforeResult == .awaitAnswer { for await _ in answered {} }
            }
            if script.endsBeforeResult { return }
            sink.send(format.event(await service.respond(to: message, from: caller)))
        }
    }

    private static func notification(_ number: Int, about request: JSON) -> JSON {
        guard let token = request["params"]?["_meta"]?["progressToken"] else {
            return [
                "jsonrpc": "2.0", "method": "notifications/message",
                "params": ["level": "info", "data": JSON("step \(number + 1)")],
            ]
        }
        return [
            "jsonrpc": "2.0", "method": "notifications/progress",
            "params": ["progressToken": token, "progress": JSON(number + 1)],
        ]
    }

    private func getStream(_ request: RecordedRequest) -> Reply {
        guard stage.script.mcp.getStream == .open else { return .methodNotAllowed("POST, DELETE") }
        if let refusal = takeSession(of: request) { return refusal }
        let format = EventFormat(script: stage.script.mcp.events)
        let name = Identifier.session.random()
        return .stream(headers: []) { [streams] sink in
            await streams.run(name, format: format, sink: sink, opening: format.opening)
        }
    }

    // MARK: Sessions

    private func open(_ initialize: JSON) -> String {
        let version = service.version(answering: initialize["params"]?["protocolVersion"]?.stringValue)
        let name = Identifier.session.random()
        let ids: Set<JSON> = [initialize["id"] ?? .null]
        sessions.withLock { $0[name] = Session(version: version, usedIDs: ids) }
        return name
    }

    private func delete(_ request: RecordedRequest) -> Reply {
        guard stage.script.mcp.deletesSessions else { return .methodNotAllowed("POST, GET") }
        if let refusal = takeSession(of: request) { return refusal }
        sessions.withLock { sessions in sessions[request.header("mcp-session-id") ?? ""] = nil }
        return .status(204)
    }

    private func version(of request: RecordedRequest) -> String {
        let session = request.header("mcp-session-id").flatMap { id in sessions.withLock { $0[id] } }
        return session?.version ?? request.header("mcp-protocol-version") ?? "2025-03-26"
    }

    /// `nil` when the request names a session that lives, or there are none at all.
    private func takeSession(of request: RecordedRequest) -> Reply? {
        guard stage.script.mcp.sessions else { return nil }
        guard let id = request.header("mcp-session-id") else {
            return rpcError(400, RPCError(code: -32600, message: "Mcp-Session-Id is missing"))
        }
        let expires = stage.exchange { script in
            defer { script.mcp.expireSession = false }
            return script.mcp.expireSession
        }
        let lives = sessions.withLock { sessions in
            if expires { sessions[id] = nil }
            return sessions[id] != nil
        }
        return lives ? nil : rpcError(404, RPCError(code: -32600, message: "session not found"))
    }

    // MARK: Checks

    private func refusalOfHeaders(_ request: RecordedRequest) -> Reply? {
        guard stage.script.mcp.strict else { return nil }
        if let origin = request.header("origin"), origin != stage.origin {
            return .status(403, text: "foreign origin\n")
        }
        let accepted = request.headers(named: "accept").joined(separator: ",").lowercased()
        let acceptsEvents = accepted.contains("text/event-stream")
        switch request.method {
        case "POST":
            guard acceptsEvents, accepted.contains("application/json") else {
                return .status(406, text: "Accept must name application/json and text/event-stream\n")
            }
            let type = request.header("content-type")?.lowercased() ?? ""
            guard type == "application/json" || type.hasPrefix("application/json;") else {
                return .status(415, text: "Content-Type must be application/json\n")
            }
        case "GET":
            guard acceptsEvents else { return .status(406, text: "Accept must name text/event-stream\n") }
        default: break
        }
        return nil
    }

    private func refusalOfMessage(_ message: JSON, method: String, request: RecordedRequest) -> Reply? {
        if let id = message["id"], id.stringValue == nil, id.intValue == nil {
            return rpcError(400, RPCError(code: -32600, message: "an id is a string or an integer"))
        }
        guard method != "initialize" else { return nil }
        if let refusal = takeSession(of: request) { return refusal }
        guard stage.script.mcp.strict else { return nil }
        if let refusal = refusalOfVersion(request) { return refusal }
        guard stage.script.mcp.sessions, let session = request.header("mcp-session-id") else { return nil }
        return sessions.withLock { sessions in
            if method == "notifications/initialized" { sessions[session]?.isInitialized = true }
            guard let id = message["id"] else { return nil }
            guard sessions[session]?.isInitialized == true || method == "ping" else {
                return rpcError(400, RPCError(code: -32600, message: "notifications/initialized has not been sent"))
            }
            guard sessions[session]?.usedIDs.insert(id).inserted == true else {
                return rpcError(400, RPCError(code: -32600, message: "the request id was used before"))
            }
            return nil
        }
    }

    /// The header came with 2025-06-18 and must then name the version agreed on.
    private func refusalOfVersion(_ request: RecordedRequest) -> Reply? {
        let sent = request.header("mcp-protocol-version")
        if let sent, !stage.script.mcp.protocolVersions.contains(sent) {
            return rpcError(400, RPCError(code: -32600, message: "unsupported MCP-Protocol-Version"))
        }
        guard stage.script.mcp.sessions else { return nil }
        let agreed = version(of: request)
        guard agreed < "2025-06-18" || sent == agreed else {
            return rpcError(400, RPCError(code: -32600, message: "MCP-Protocol-Version must be \(agreed)"))
        }
        return nil
    }

    private func rpcError(_ status: Int, _ error: RPCError) -> Reply {
        .json(status, MCPService.errorResponse(id: .null, error))
    }
}
