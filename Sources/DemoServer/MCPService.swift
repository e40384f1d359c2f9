// MCP itself, whatever the transport: initialize, ping, the tool list and tool calls (2024-11-05 … 2025-11-25).

import OmlxJSON

/// A JSON-RPC error.
struct RPCError: Error {
    let code: Int
    let message: String
}

/// What a request is answered from: who asks, and the protocol version in force.
struct MCPCaller: Sendable {
    let identity: AuthorizationServer.Identity?
    let protocolVersion: String
}

struct MCPService: Sendable {
    let stage: Stage

    /// Answers a JSON-RPC request by a JSON-RPC response.
    func respond(to request: JSON, from caller: MCPCaller) async -> JSON {
        let id = request["id"] ?? .null
        do {
            let method = request["method"]?.stringValue ?? ""
            let result = try await result(of: method, params: request["params"], caller: caller)
            let patch = stage.filled(stage.script.mcp.resultPatches[method] ?? .null)
            return ["jsonrpc": "2.0", "id": id, "result": result.merging(optionalPatch: patch)]
        } catch let error as RPCError {
            return Self.errorResponse(id: id, error)
        } catch {
            return Self.errorResponse(id: id, RPCError(code: -32603, message: "internal error"))
        }
    }

    static func errorResponse(id: JSON, _ error: RPCError) -> JSON {
        ["jsonrpc": "2.0", "id": id, "error": ["code": JSON(error.code), "message": JSON(error.message)]]
    }

    private func result(of method: String, params: JSON?, caller: MCPCaller) async throws -> JSON {
        switch method {
        case "initialize": return try initialize(params)
        case "ping": return .object([:])
        case "tools/list": return try toolList(cursor: params?["cursor"])
        case "tools/call": return try await call(params, caller: caller)
        default: throw RPCError(code: -32601, message: "method not found: \(method)")
        }
    }

    /// The version answered to an `initialize` that asks for one.
    func version(answering asked: String?) -> String {
        let supported = stage.script.mcp.protocolVersions
        return asked.flatMap { supported.contains($0) ? $0 : nil } ?? supported.first ?? "2025-11-25"
    }

    private func initialize(_ params: JSON?) throws -> JSON {
        guard let asked = params?["protocolVersion"]?.stringValue else {
            throw RPCError(code: -32602, message: "protocolVersion is missing")
        }
        if stage.script.mcp.strict {
            guard params?["capabilities"]?.objectValue != nil else {
                throw RPCError(code: -32602, message: "capabilities is missing")
            }
            let client = params?["clientInfo"]
            guard client?["name"]?.stringValue != nil, client?["version"]?.stringValue != nil else {
                throw RPCError(code: -32602, message: "clientInfo with name and version is missing")
            }
        }
        return [
            "protocolVersion": JSON(version(answering: asked)),
            "capabilities": ["tools": ["listChanged": true]],
            "serverInfo": ["name": "omlx-demo-server", "version": "1.0.0"],
            "instructions": "A demo server; no tool has a lasting effect.",
        ]
    }
}
