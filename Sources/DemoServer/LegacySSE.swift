// The legacy HTTP+SSE transport (2024-11-05): a stream at GET /sse, requests at POST /messages.

import OmlxJSON
import Synchronization

final class LegacySSE: Sendable {
    private let stage: Stage
    private let resource: ProtectedResource
    private let service: MCPService
    private let versions = Mutex<[String: String]>([:])
    let streams: EventStreams

    init(stage: Stage, resource: ProtectedResource) {
        self.stage = stage
        self.resource = resource
        service = MCPService(stage: stage)
        streams = EventStreams(changes: stage.changes)
    }

    /// Answers GET of `/sse`.
    func open(_ request: RecordedRequest) async -> Reply {
        guard request.method == "GET" else { return .methodNotAllowed("GET") }
        if case .refused(let reply) = resource.admit(request, to: .sse, method: "GET", tool: nil) { return reply }
        let override = stage.takeOverride(\.sse.overrides["GET"]) ?? stage.takeOverride(\.sse.overrides["*"])
        return await stage.reply(under: override) { self.stream(request) }
    }

    private func stream(_ request: RecordedRequest) -> Reply {
        if stage.script.mcp.strict, request.header("accept")?.contains("text/event-stream") != true {
            return .status(406, text: "Accept must name text/event-stream\n")
        }
        let format = EventFormat(script: stage.script.mcp.events)
        let session = Identifier.session.random()
        let endpoint = format.event(name: "endpoint", data: endpointData(session))
        return .stream(headers: []) { [streams] sink in
            await streams.run(session, format: format, sink: sink, opening: format.opening + endpoint)
        }
    }

    private func endpointData(_ session: String) -> String {
        let script = stage.script.sse
        if let data = script.endpointData { return stage.filled(data, also: ["session": session]) }
        let path = "/messages?sessionId=" + session
        return switch script.endpoint {
        case .relative: path
        case .absolute: stage.origin + path
        case .otherOrigin: script.otherOrigin + path
        }
    }

    /// Answers POST of `/messages`.
    func post(_ request: RecordedRequest) async -> Reply {
        guard request.method == "POST" else { return .methodNotAllowed("POST") }
        let message = request.json
        let method = message?["method"]?.stringValue ?? "response"
        let tool = method == "tools/call" ? message?["params"]?["name"]?.stringValue : nil
        let identity: AuthorizationServer.Identity?
        switch resource.admit(request, to: .sse, method: method, tool: tool) {
        case .refused(let reply): return reply
        case .admitted(let known): identity = known
        }
        let override = stage.takeOverride(\.sse.overrides[method]) ?? stage.takeOverride(\.sse.overrides["*"])
        return await stage.reply(under: override) { self.accept(request, message, identity) }
    }

    private func accept(
        _ request: RecordedRequest, _ message: JSON?, _ identity: AuthorizationServer.Identity?
    ) -> Reply {
        guard let session = FormFields(request.query)?["sessionId"], streams.isOpen(session) else {
            return .status(404, text: "session not found\n")
        }
        let type = request.header("content-type")?.lowercased() ?? ""
        guard !stage.script.mcp.strict || type.hasPrefix("application/json") else {
            return .status(415, text: "Content-Type must be application/json\n")
        }
        guard let message, message["jsonrpc"] == "2.0" else {
            return .status(400, text: "the body is not one JSON-RPC message\n")
        }
        guard let method = message["method"]?.stringValue else {
            return streams.take(response: message) || !stage.script.mcp.strict
                ? .status(202) : .status(400, text: "nobody waits for this response\n")
        }
        guard message["id"] != nil else { return .status(202, text: "Accepted") }
        if method == "initialize" {
            let version = service.version(answering: message["params"]?["protocolVersion"]?.stringValue)
            versions.withLock { $0[session] = version }
        }
        let caller = MCPCaller(
            identity: identity, protocolVersion: versions.withLock { $0[session] } ?? "2024-11-05")
        streams.attach(Task { await answer(message, caller: caller, on: session) }, to: session)
        return .status(202, text: "Accepted")
    }

    private func answer(_ message: JSON, caller: MCPCaller, on session: String) async {
        let events = stage.script.mcp.events
        if events.pingBeforeResult != .none {
            let (ping, answered) = streams.ping()
            streams.send(ping, to: session)
            if events.pingBeforeResult == .awaitAnswer { for await _ in answered {} }
        }
        if events.endsBeforeResult { return streams.close(session) }
        let response = await service.respond(to: message, from: caller)
        streams.send(response, to: session, closingAfter: stage.script.sse.closeAfterMessages)
    }
}
