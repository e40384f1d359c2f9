// An MCP server in front of a host: answers each request by itself, in the era it speaks, whatever it came by.

import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// Answers the requests of clients with what a host's servers offer.
package final class Endpoint: Sendable {
    /// What it answers in the later era.
    package static let modernMethods: Set = ["tools/list", "tools/call", "server/discover", "subscriptions/listen"]

    package let catalogue: Catalogue
    private let wording: @Sendable (RemedyAction) -> String

    var host: any Host { catalogue.host }

    /// An endpoint of what a catalogue has.
    /// - Parameter wording: a remedy's action in words for the person at the client.
    package init(
        _ catalogue: Catalogue, wording: @escaping @Sendable (RemedyAction) -> String = { $0.plainWords }
    ) {
        (self.catalogue, self.wording) = (catalogue, wording)
    }

    /// The answer to a request. Work that the caller's task no longer wants is cancelled at the server too.
    /// - Parameter tell: told what comes before the answer, for a client that hears it.
    /// - Throws: `CancellationError`: then there is no answer (MCP 2025-11-25, cancellation).
    package func reply(
        to request: ClientRequest, _ asking: Asking, tell: @escaping MessageSink = { _ in }
    ) async throws -> Reply {
        do {
            var result = try await result(of: request, asking, tell)
            if asking.dialect.isModern { Self.complete(&result) }
            return Reply(to: request.id, .success(result))
        } catch let fault as RPCFault {
            return Reply(to: request.id, .failure(fault))
        } catch let error as OmlxError {
            return Reply(to: request.id, .failure(.host(error)))
        }
    }

    /// The answers to the requests of a batch, in their order.
    package func replies(
        to messages: [ClientMessage], _ view: EndpointView, _ headers: MessageHeaders
    ) async throws -> [Reply] {
        try await withThrowingTaskGroup(of: (Int, Reply?).self) { group in
            for (place, message) in messages.enumerated() {
                group.addTask { (place, try await self.reply(to: message, view, headers)) }
            }
            var replies: [(place: Int, reply: Reply)] = []
            for try await (place, reply) in group { if let reply { replies.append((place, reply)) } }
            return replies.sorted { $0.place < $1.place }.map(\.reply)
        }
    }

    private func reply(
        to message: ClientMessage, _ view: EndpointView, _ headers: MessageHeaders
    ) async throws -> Reply? {
        switch message {
        case .notification, .answer: return nil
        case .malformed(let id, let fault): return Reply(to: id, .failure(fault))
        case .request(let request):
            let dialect: Dialect
            do throws(RPCFault) { dialect = try Dialect.of(request, headers) } catch {
                return Reply(to: request.id, .failure(error))
            }
            guard !dialect.isModern, request.method != "initialize" else {
                return Reply(to: request.id, .failure(.invalid("a request of this kind comes by itself")))
            }
            return try await self.reply(to: request, Asking(view, dialect))
        }
    }

    private func result(
        of request: ClientRequest, _ asking: Asking, _ tell: @escaping MessageSink
    ) async throws -> JSONObject {
        switch (request.method, asking.dialect) {
        case ("tools/list", _): return try await tools(request, asking)
        case ("tools/call", _): return try await call(request, asking, tell)
        case ("initialize", .handshake): return try await greeting(request, asking)
        case ("ping", .handshake): return [:]
        case ("logging/setLevel", .handshake): return try Self.setLevel(request)
        case (Dialect.discovery, .perRequest): return try await discovery(asking)
        case ("subscriptions/listen", .perRequest): return try await listen(request, asking, tell)
        default: throw RPCFault.method(request.method)
        }
    }

    /// What every result of the later era says (MCP 2026-07-28, basic).
    private static func complete(_ result: inout JSONObject) {
        if result["resultType"] == nil { result["resultType"] = "complete" }
        var meta = result["_meta"]?.objectValue ?? [:]
        meta[ReservedMeta.serverInfo] = Introduction.serverInfo
        result["_meta"] = .object(meta)
    }

    /// The servers there are to be seen, whoever asks.
    package func configuredServers() async throws -> Set<String> {
        Set(try await host.configuration().servers.filter(\.isEnabled).map(\.name))
    }

    // MARK: opening

    /// The answer to `initialize` (MCP 2025-11-25, lifecycle): the revision that is asked for where it is known, else the newest
    /// of that era.
    private func greeting(_ request: ClientRequest, _ asking: Asking) async throws -> JSONObject {
        guard let version = request.params["protocolVersion"]?.stringValue else {
            throw RPCFault.params("initialize names a protocolVersion")
        }
        var result: JSONObject = [
            "protocolVersion": .string((ProtocolRevision(rawValue: version) ?? .latest).rawValue),
            "capabilities": Introduction.capabilities(in: asking.dialect), "serverInfo": Introduction.serverInfo,
        ]
        if let text = try await instructions(asking.view) { result["instructions"] = .string(text) }
        return result
    }

    /// MCP 2026-07-28, server/discover.
    private func discovery(_ asking: Asking) async throws -> JSONObject {
        var result: JSONObject = [
            "supportedVersions": JSON(Dialect.revisions), "capabilities": Introduction.capabilities(in: asking.dialect),
        ]
        if let text = try await instructions(asking.view) { result["instructions"] = .string(text) }
        // What servers say of their use may change with each of their connections.
        Self.setCaching(&result, milliseconds: 0)
        return result
    }

    private func instructions(_ view: EndpointView) async throws -> String? {
        guard let serving = host as? any ServingHost else { return nil }
        var said: [(server: String, text: String)] = []
        for server in try await host.configuration().servers where server.isEnabled && view.shows(server.name) {
            if let text = try await serving.introduction(of: server.name)?.instructions, !text.isEmpty {
                said.append((server.name, text))
            }
        }
        return Introduction.instructions(said, isAlone: view.single != nil)
    }

    private static func setLevel(_ request: ClientRequest) throws -> JSONObject {
        guard let level = request.params["level"]?.stringValue, Introduction.logLevels.contains(level) else {
            throw RPCFault.params("level is one of \(Introduction.logLevels.joined(separator: ", "))")
        }
        return [:]
    }

    // MARK: tools

    /// How long a list may be kept, in milliseconds: a client that wants to know sooner listens.
    private static let listLife = 60_000

    /// The list differs by who asks, so none may be kept for others (MCP 2026-07-28, caching).
    private static func setCaching(_ result: inout JSONObject, milliseconds: Int) {
        result["ttlMs"] = JSON(milliseconds)
        result["cacheScope"] = "private"
    }

    private func tools(_ request: ClientRequest, _ asking: Asking) async throws -> JSONObject {
        // All is on one page: there is no cursor that could be right.
        guard request.params["cursor"]?.isNull ?? true else { throw RPCFault.params("there is no such cursor") }
        let state = try await catalogue.settled(asking.view)
        let entries =
            asking.searches(request)
            ? SearchTool.allCases.map(\.entry) : state.entries(asking.view, asking.dialect)
        var result: JSONObject = ["tools": .array(entries)]
        if asking.dialect.isModern {
            Self.setCaching(&result, milliseconds: state.isPending(asking.view) ? 0 : Self.listLife)
        }
        return result
    }

    private func call(
        _ request: ClientRequest, _ asking: Asking, _ tell: @escaping MessageSink
    ) async throws -> JSONObject {
        guard let name = request.params["name"]?.stringValue else { throw RPCFault.params("name is a string") }
        let arguments: JSONObject
        switch request.params["arguments"] {
        case nil, .null?: arguments = [:]
        case let value?:
            guard let object = value.objectValue else { throw RPCFault.params("arguments are an object") }
            arguments = object
        }
        if asking.searches(request), let search = SearchTool(rawValue: name) {
            return try await answer(search, arguments, request, asking, tell)
        }
        return try await call(try await tool(name, asking.view), arguments, request, asking, tell)
    }

    /// The answer of a server to a call.
    func call(
        _ tool: ShownTool, _ arguments: JSONObject, _ request: ClientRequest, _ asking: Asking,
        _ tell: @escaping MessageSink
    ) async throws -> JSONObject {
        let told = ToldProgress(request.progressToken, tell)
        do {
            let result = try await host.call(ToolCall(tool.tool.name, arguments: arguments), signingIn: nil) {
                told.tell($0)
            }
            return ToolAnswer.result(result, in: asking.dialect)
        } catch let error as OmlxError {
            try Task.checkCancellation()
            return try ToolAnswer.failure(error, wording: wording).get()
        }
    }

    private func tool(_ name: String, _ view: EndpointView) async throws -> ShownTool {
        let known = try await catalogue.current().tool(name, view)
        let found = if let known { known } else { try await catalogue.settled(view).tool(name, view) }
        guard let found else {
            throw RPCFault.host(
                OmlxError(.protocolToolUnknown, "there is no tool \"\(OmlxError.shown(name, limit: 80))\" here"),
                RPCFault.badParams)
        }
        guard view.mayCall(found) else {
            throw RPCFault.notForThisKey
        }
        return found
    }

    // MARK: changes

    /// Tells of other lists until the task is cancelled or the host is gone (MCP 2026-07-28, subscriptions).
    private func listen(
        _ request: ClientRequest, _ asking: Asking, _ tell: @escaping MessageSink
    ) async throws -> JSONObject {
        guard let wanted = request.params["notifications"]?.objectValue else {
            throw RPCFault.params("notifications is an object")
        }
        let meta: JSON = [ReservedMeta.subscriptionID: request.id]
        let hearsTools = wanted["toolsListChanged"]?.boolValue == true
        let changes = catalogue.changes.stream()
        let accepted: JSONObject = hearsTools ? ["toolsListChanged": true] : [:]
        tell(
            .notification(
                "notifications/subscriptions/acknowledged", ["notifications": .object(accepted), "_meta": meta]))
        await follow(asking, changes, hearsTools: hearsTools) { tell(.notification($0, ["_meta": meta])) }
        return ["_meta": meta]
    }

    /// Tells a client of the era before, on a stream of its own.
    package func follow(_ asking: Asking, tell: @escaping MessageSink) async {
        await follow(asking, catalogue.changes.stream(), hearsTools: true) { tell(.notification($0)) }
    }

    /// Tells when the list of a view is another one than before.
    private func follow(
        _ asking: Asking, _ changes: AsyncStream<Void>, hearsTools: Bool, _ tell: (String) -> Void
    ) async {
        var last = hearsTools ? try? await catalogue.current().entries(asking.view, asking.dialect) : nil
        for await _ in changes {
            guard hearsTools, let now = try? await catalogue.current().entries(asking.view, asking.dialect), now != last
            else { continue }
            last = now
            tell("notifications/tools/list_changed")
        }
    }
}
