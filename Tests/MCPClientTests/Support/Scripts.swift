// Shared pieces of the tests: answers of an ordinary server, connections with short limits, errors caught.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

let initializeAnswer: JSON = [
    "protocolVersion": "2025-11-25", "capabilities": ["tools": ["listChanged": true]],
    "serverInfo": ["name": "scripted", "version": "1"],
]

let oneTool: JSON = [
    "tools": [["name": "echo", "description": "says it again", "inputSchema": ["type": "object"]]]
]

/// The ordinary answers of a streamable HTTP server.
func answerOrdinarily(_ request: ScriptedRequest, _ answerer: Answerer, session: String? = nil) {
    let headers = session.map { [("Mcp-Session-Id", $0)] } ?? []
    switch request.call {
    case "initialize": answerer.result(request, initializeAnswer, headers)
    case "tools/list": answerer.result(request, oneTool)
    case "tools/call":
        answerer.result(request, ["content": [["type": "text", "text": "hello"]], "isError": false])
    case "ping": answerer.result(request, [:])
    case "GET": answerer.answer(405)
    case "DELETE": answerer.answer(204)
    default: answerer.answer(202)
    }
}

let testClient = ClientInfo(name: "omlx", version: "1.0.0")

extension ConnectionLimits {
    /// No test waits for the limits of a request.
    static let short = ConnectionLimits(request: 120, connect: 60, shutdownGrace: 1)
}

/// A connection to a server that is known to speak the handshake, unless the test is about another one.
func connection(
    _ endpoint: ServerEndpoint, authorizer: (any RequestAuthorizer)? = nil, limits: ConnectionLimits = .short,
    environment: [String: String] = ["PATH": "/usr/local/bin:/usr/bin:/bin"], fallsBackToSSE: Bool = false,
    opensServerStream: Bool = false, era: SpokenEra? = .initialize, events: Recorder<ConnectionEvent> = .init()
) -> MCPConnection {
    MCPConnection(
        endpoint: endpoint, client: testClient, http: HTTPClient(), authorizer: authorizer, limits: limits,
        environment: environment, fallsBackToSSE: fallsBackToSSE, opensServerStream: opensServerStream,
        era: era, observer: { events.record($0) })
}

/// The catalogue's error an operation throws.
func failure(_ operation: () async throws -> some Sendable) async -> OmlxError? {
    do {
        _ = try await operation()
        Issue.record("no error was thrown")
        return nil
    } catch let error as OmlxError {
        return error
    } catch {
        Issue.record("thrown was \(error), not an OmlxError")
        return nil
    }
}
