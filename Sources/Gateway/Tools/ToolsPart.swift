// /v1/mcp: the tools of all servers under one roof, in the shapes that users of the older omlx know.

import Hummingbird
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// The lists of tools and servers, and calls.
package struct ToolsPart: GatewayPart {
    private let shelf: ToolShelf
    private var host: any ServingHost { shelf.host }

    package init(_ shelf: ToolShelf) { self.shelf = shelf }

    package func add(to router: Router<GatewayContext>) {
        router.get("/v1/mcp/tools") { _, context in try await tools(context.caller) }
        router.get("/v1/mcp/servers") { _, context in try await servers(context.caller) }
        router.post("/v1/mcp/execute") { request, context in try await execute(request, context.caller) }
    }

    private func tools(_ caller: Caller?) async throws -> Response {
        let rights = ToolRights(caller)
        var listed: [JSON] = []
        for name in try await shelf.names() where rights.mayUse(name) {
            for tool in try await shelf.present(name)?.tools ?? [] where rights.mayCall(tool) {
                listed.append([
                    "name": .string(tool.tool.name), "description": JSON(optional: tool.description),
                    "server": .string(name), "parameters": tool.tool.tool.inputSchema,
                ])
            }
        }
        return .json(["tools": .array(listed), "count": JSON(listed.count)])
    }

    private func servers(_ caller: Caller?) async throws -> Response {
        let rights = ToolRights(caller)
        let configured = try await host.configuration()
        let servers = try await host.status(StatusRequest(look: .current)).servers
            .filter { rights.mayUse($0.name) }
            .map { $0.brief(configured.server(named: $0.name)?.transport) }
        return .json(["servers": .array(servers)])
    }

    // MARK: calls

    private func execute(_ request: Request, _ caller: Caller?) async throws -> Response {
        guard let bytes = try await RequestBody.bytes(of: request) else { return RequestBody.tooLarge }
        let body: JSON
        switch RequestBody.json(bytes, type: nil) {
        case .success(let value): body = value
        case .failure(let refusal): return refusal.response
        }
        let call: ExecuteRequest
        switch ExecuteRequest.read(body) {
        case .success(let read): call = read
        case .failure(let found): return RequestBody.Refusal.issues(found.issues).response
        }
        guard try await !shelf.names().isEmpty else {
            return OpenAPIAnswer.detail(
                .serviceUnavailable, "MCP not configured. Start server with --mcp-config")
        }
        do {
            let name = try await permitted(call.tool, caller)
            let result = try await host.call(ToolCall(name, arguments: call.arguments), signingIn: nil) { _ in }
            return .json(call.answer(result))
        } catch let error as OmlxError {
            return .json(call.answer(error))
        }
    }

    /// The name of a tool as the host knows it without doubt, for a key that may not use all.
    /// - Throws: `OmlxError`: `PROTOCOL_TOOL_UNKNOWN` for what the caller does not see; `HTTPError` 403 for what it may not call.
    private func permitted(_ name: String, _ caller: Caller?) async throws -> String {
        guard case .key(let rights)? = caller, rights.isReadOnly || rights.servers != nil else { return name }
        let limits = ToolRights(caller)
        var found: [PreparedTool] = []
        for server in try await shelf.names() where limits.mayUse(server) {
            let tools = try await shelf.present(server)?.tools ?? []
            found += tools.filter { $0.tool.name.isIdentical(to: name) || $0.name.isIdentical(to: name) }
        }
        if let whole = found.first(where: { $0.tool.name.isIdentical(to: name) }) { found = [whole] }
        guard let tool = found.first else {
            throw OmlxError(
                .protocolToolUnknown, "there is no tool \"\(OmlxError.shown(name, limit: 80))\" for this key")
        }
        guard found.count == 1 else {
            throw OmlxError(
                .protocolToolAmbiguous, "several servers have a tool \"\(OmlxError.shown(name, limit: 80))\"",
                nextStep: "use one of \(found.map(\.tool.name).joined(separator: ", "))")
        }
        guard limits.mayCall(tool) else {
            throw HTTPError(.forbidden, message: "this key may call only tools that say they change nothing")
        }
        return tool.tool.name
    }
}

/// The body of a call.
private struct ExecuteRequest {
    let tool: String
    let arguments: JSONObject

    static func read(_ body: JSON) -> Result<ExecuteRequest, FormIssues> {
        guard let members = body.objectValue else {
            return .failure(
                FormIssues(issues: [
                    FormIssue(
                        "model_attributes_type",
                        "Input should be a valid dictionary or object to extract fields from", body)
                ]))
        }
        var issues: [FormIssue] = []
        let name = members["tool_name"] ?? members["tool"]
        if name == nil { issues.append(FormIssue("missing", "Field required", body, way: ["tool_name"])) }
        if let name, name.stringValue == nil {
            issues.append(FormIssue("string_type", "Input should be a valid string", name, way: ["tool_name"]))
        }
        let given = members["arguments"].flatMap { $0.isNull ? nil : $0 } ?? [:]
        if !given.isObject {
            issues.append(FormIssue("dict_type", "Input should be a valid dictionary", given, way: ["arguments"]))
        }
        guard let tool = name?.stringValue, let arguments = given.objectValue, issues.isEmpty else {
            return .failure(FormIssues(issues: issues))
        }
        return .success(ExecuteRequest(tool: tool, arguments: arguments))
    }

    func answer(_ result: ToolResult) -> JSON {
        [
            "tool_name": .string(tool), "content": result.plainContent, "is_error": .bool(result.isError),
            "error_message": result.isError ? .string(result.text.isEmpty ? "the tool failed" : result.text) : .null,
        ]
    }

    /// A call that did not get through is a tool that failed, to who reads this shape.
    func answer(_ error: OmlxError) -> JSON {
        var members: JSONObject = [
            "tool_name": .string(tool), "content": .null, "is_error": true, "error_message": .string("\(error)"),
        ]
        if let form = try? JSON(encoding: error) { members["error"] = form }
        return .object(members)
    }
}

extension ServerStatus {
    /// The fields older clients know.
    fileprivate func brief(_ configuredTransport: String?) -> JSON {
        let whole = json()
        var brief = JSONObject()
        for key in ["name", "state", "transport", "tools_count", "error", "auth_state"] { brief[key] = whole[key] }
        if brief["transport"]?.isNull != false { brief["transport"] = JSON(optional: configuredTransport) }
        return .object(brief)
    }
}
