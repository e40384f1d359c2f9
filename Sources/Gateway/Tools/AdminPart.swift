// /admin/api/mcp: servers, their sign-ins and the configuration, in the shapes of omlx's older fork. For the owner alone.

import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

/// What an owner's program asks and changes.
package struct AdminPart: GatewayPart {
    private let shelf: ToolShelf
    private let desk: SignInDesk
    private var host: any ServingHost { shelf.host }

    /// Where a browser comes back to; open to all, for the provider sends it there.
    package static let callback = "/admin/api/mcp/oauth/callback"

    package var openPaths: Set<String> { [Self.callback] }

    package init(_ shelf: ToolShelf, _ desk: SignInDesk) {
        self.shelf = shelf
        self.desk = desk
    }

    package func add(to router: Router<GatewayContext>) {
        let admin = router.group("/admin/api/mcp")
        admin.get("oauth/callback") { request, _ in cameBack(request) }
        admin.get("servers") { _, context in try await owned(context) { try await servers() } }
        admin.post("servers/:name/reconnect") { _, context in
            try await owned(context) { try await reconnect(try name(context)) }
        }
        admin.post("servers/:name/authenticate") { _, context in
            try await owned(context) { try await authenticate(try name(context)) }
        }
        admin.post("servers/:name/logout") { _, context in
            try await owned(context) {
                let server = try name(context)
                // A sign-in that still waits for its person would have the sign-out wait for it.
                desk.giveUp(server)
                _ = try await host.logout(server, LogoutRequest())
                return ["success": true]
            }
        }
        admin.post("reload") { _, context in try await owned(context) { try await reload() } }
        admin.get("config") { _, context in try await owned(context) { try await configuration() } }
        admin.post("config") { request, context in
            try context.requireOwner()
            return try await change(request)
        }
    }

    private func owned(_ context: GatewayContext, _ work: () async throws -> JSON) async throws -> Response {
        try context.requireOwner()
        return .json(try await work())
    }

    private func name(_ context: GatewayContext) throws -> String {
        try context.parameters.require("name")
    }

    // MARK: servers

    private func servers() async throws -> JSON {
        let configured = try await host.configuration()
        var listed: [JSON] = []
        for status in try await host.status(StatusRequest(look: .current)).servers {
            let entry = configured.server(named: status.name)
            let tools = try await host.tools([status.name])
            var members = status.json().objectValue ?? [:]
            if members["transport"]?.isNull != false { members["transport"] = JSON(optional: entry?.transport) }
            members["enabled"] = .bool(entry?.isEnabled ?? true)
            members["has_auth"] = .bool(entry?.auth != nil || status.compatibleAuthState != nil)
            members["auth_info"] = status.authInfo
            members["tools"] = .array(
                tools.map { tool in
                    [
                        "name": .string(tool.tool.name), "description": JSON(optional: tool.tool.description),
                        "param_count": JSON(tool.tool.inputSchema["properties"]?.objectValue?.count ?? 0),
                    ]
                })
            listed.append(.object(members))
        }
        return [
            "servers": .array(listed), "config_path": JSON(optional: configured.path),
            "available": .bool(!configured.servers.isEmpty), "max_tool_calls": JSON(configured.maxToolCalls),
        ]
    }

    private func reconnect(_ server: String) async throws -> JSON {
        let status = try await host.check(server)
        return [
            "success": .bool(status.transport.state == .connected), "state": .string(status.compatibleState),
            "error": status.json()["error"] ?? .null,
        ]
    }

    // MARK: sign-ins

    private func authenticate(_ server: String) async throws -> JSON {
        try await host.configuration().requireUsable(server)
        var wish = SignInWish()
        wish.options.isForced = true
        switch await desk.beginning(of: try desk.begin(server, wish)) {
        case .address(let prompt):
            var answer: JSONObject = ["auth_url": .string(prompt.completeURL ?? prompt.url)]
            if let code = prompt.userCode { answer["user_code"] = .string(code) }
            return .object(answer)
        case .done: return ["auth_url": .null]
        case .failed(let error): throw error
        }
    }

    private func cameBack(_ request: Request) -> Response {
        let state = request.uri.queryParameters.get("state") ?? ""
        let isTaken = desk.cameBack("http://127.0.0.1\(request.uri.string)", state: state)
        let text =
            isTaken
            ? "omlx has the answer. You can close this tab; what began the sign-in says how it ended."
            : "No sign-in is waiting for this answer. It may have ended already: begin it again."
        let page =
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>omlx</title></head><body><p>\(text)</p></body></html>\n"
        return Response(
            status: isTaken ? .ok : .badRequest,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                .contentSecurityPolicy:
                    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
                // The address holds the code.
                HTTPField.Name("Referrer-Policy") ?? .referer: "no-referrer",
            ], body: .init(byteBuffer: ByteBuffer(string: page)))
    }

    // MARK: the configuration

    /// Goes by the file as it is now, and connects what is new or changed there.
    /// - Throws: `OmlxError` that says why it is refused, with line and column; the servers of before stay.
    private func reload() async throws -> JSON {
        let change = try await host.reload()
        let wanted = change.added + change.changed
        if !wanted.isEmpty { _ = try await host.connect(wanted) { _ in } }
        let servers = try await host.configuration().servers.count
        return ["success": true, "servers": JSON(servers), "tools": JSON(try await host.tools([]).count)]
    }

    /// The entries without their secrets.
    private func configuration() async throws -> JSON {
        let configured = try await host.configuration()
        var entries = JSONObject()
        for server in configured.servers { entries[server.name] = try await host.entry(of: server.name).entry }
        return [
            "mcpServers": .object(entries), "config_path": JSON(optional: configured.path),
            "max_tool_calls": JSON(configured.maxToolCalls),
        ]
    }

    /// Writes entries that differ, adds and takes away; a secret that is left as it was shown stays what it is.
    private func change(_ request: Request) async throws -> Response {
        guard let bytes = try await RequestBody.bytes(of: request) else { return RequestBody.tooLarge }
        let body: JSON
        switch RequestBody.json(bytes, type: nil) {
        case .success(let value): body = value
        case .failure(let refusal): return refusal.response
        }
        guard let wanted = (body["servers"] ?? body["mcpServers"])?.objectValue else {
            let issue = FormIssue("missing", "Field required", body, way: ["mcpServers"])
            return RequestBody.Refusal.issues([issue]).response
        }
        let present = try await host.configuration().servers.map(\.name)
        var edits: [ServerEdit] = []
        for name in present where wanted[name] == nil { edits.append(ServerEdit(.remove, name)) }
        for (name, entry) in wanted {
            guard present.contains(name) else {
                edits.append(ServerEdit(.add, name, entry: entry))
                continue
            }
            if try await host.entry(of: name).entry != entry { edits.append(ServerEdit(.rewrite, name, entry: entry)) }
        }
        var backup: String?
        for edit in edits {
            let written = try await host.write(edit, try await host.preview(edit))
            backup = backup ?? written.backup
        }
        return .json(["success": true, "changes": JSON(edits.count), "backup": JSON(optional: backup)])
    }
}

extension ServerStatus {
    /// The sign-in as older clients know it; `null` without one.
    fileprivate var authInfo: JSON {
        switch signIn.state {
        case .signedIn, .expired, .refreshFailed: break
        default: return .null
        }
        let end = record.expiresAt
        return [
            "authenticated": .bool(signIn.state == .signedIn), "token_type": "Bearer",
            "scope": .string(record.grantedScopes.joined(separator: " ")),
            "expires_at": end.map { JSON(Int($0.timeIntervalSince1970)) } ?? .null,
            "is_expired": .bool(end.map { $0 <= Date() } ?? false), "has_refresh_token": .bool(record.hasRefreshToken),
        ]
    }
}
