// Servers, their tools and their sign-ins, by the manager.

import OmlxCredentials
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import OmlxSignIn

extension LocalHost {
    package func status(_ request: StatusRequest) async throws -> HostStatus {
        var status = HostStatus(configuration: content.sourcePath, servers: [])
        switch request.look {
        case .known:
            (status.servers, status.problem) = await knownStatuses(request)
        case .current:
            status.servers = try await statuses(request)
        case .asked:
            try await ask(request)
            try Task.checkCancellation()
            status.servers = try await statuses(request)
            status.warnings = try await warnings(of: status.servers)
        }
        guard request.looksAtStore else { return status }
        let isKept = status.servers.contains { $0.record.storeName == StoreKind.secretService.rawValue }
        status.store = await (try? stores)?.glance(asksKeyring: isKept) ?? StoreGlance()
        return status
    }

    private func warnings(of servers: [ServerStatus]) async throws -> [String: [String]]? {
        let manager = try await manager()
        var warnings: [String: [String]] = [:]
        for server in servers {
            let texts = await manager.warnings(of: server.name)
            if !texts.isEmpty { warnings[server.name] = texts }
        }
        return warnings.isEmpty ? nil : warnings
    }

    /// Connects what is not connected, and has the others show that they are there.
    private func ask(_ request: StatusRequest) async throws {
        let manager = try await manager()
        let chosen = try await statuses(request)
        let connected = chosen.filter { $0.transport.state == .connected }.map(\.name)
        let others = chosen.map(\.name).filter { !connected.contains($0) }
        await withTaskGroup(of: Void.self) { group in
            if !others.isEmpty { group.addTask { await manager.start(others) } }
            for name in connected { group.addTask { _ = try? await manager.check(name) } }
        }
    }

    private func statuses(_ request: StatusRequest) async throws -> [ServerStatus] {
        try await manager().statuses().filter { request.includes($0.name) }
    }

    /// What the database knows, for the servers the configuration has.
    private func knownStatuses(_ request: StatusRequest) async -> ([ServerStatus], OmlxError?) {
        var rows: [ServerStatus] = []
        var problem: OmlxError?
        do throws(OmlxError) { rows = try await known().read() } catch { problem = error }
        var statuses = content.statuses(known: rows).filter { request.includes($0.name) }
        // A host that runs knows better how its servers are. What they listed, and the accounts, are in the database alone.
        for var current in await (try? making?.value)?.statuses() ?? [] where current.transport.state != .disabled {
            guard let index = statuses.firstIndex(where: { $0.name == current.name }) else { continue }
            (current.toolList, current.accounts) = (statuses[index].toolList, statuses[index].accounts)
            statuses[index] = current
        }
        guard let account = options.account else { return (statuses, problem) }
        let viewed = statuses.map { status in
            guard content.server(named: status.name)?.isSignInPossible == true else { return status }
            return status.viewed(as: account, next: SignInRemedy(.named(status.name), account: account))
        }
        return (viewed, problem)
    }

    package func connect(
        _ servers: [String], each: @escaping @Sendable (ServerTools) async -> Void
    ) async throws -> [ServerStatus] {
        let manager = try await manager()
        await manager.start(servers.isEmpty ? nil : servers) { reached in
            let status = await manager.statusInTime(reached)
            let warnings = await manager.warnings(of: status.name)
            await each(
                ServerTools(
                    status: status, tools: await manager.tools(of: status.name),
                    warnings: warnings.isEmpty ? nil : warnings))
        }
        try Task.checkCancellation()
        var statuses = try await statuses(StatusRequest(servers))
        for index in statuses.indices { statuses[index] = await manager.statusInTime(statuses[index]) }
        return statuses
    }

    package func check(_ server: String) async throws -> ServerStatus { try await manager().check(server) }

    package func tools(_ servers: [String]) async throws -> [HostTool] {
        let request = StatusRequest(servers)
        return try await manager().tools().filter { request.includes($0.server) }
    }

    package func knownTools(_ servers: [String]) async throws -> [ServerTools] {
        let request = StatusRequest(servers)
        let database = try await known()
        var lists: [ServerTools] = []
        for status in content.statuses(known: try await database.read()) {
            // The list is the one read last, the filter is today's.
            let filter = try? content.server(named: status.name)?.result.get().toolFilter
            let tools = (status.toolList == nil ? [] : try await database.tools(of: status.name))
                .filter { filter?.allows($0.name) ?? true }
            lists.append(ServerTools(status: status, tools: tools.map { HostTool(server: status.name, tool: $0) }))
        }
        let enabled = lists.filter { $0.status.transport.state != .disabled }
        return lists.filter { request.includes($0.status.name) }.map { list in
            var callable = CallableTools(list.tools)
            for other in CallableTools.rivals(of: list.status.name, among: enabled.map(\.status.name)) {
                guard let rival = enabled.first(where: { $0.status.name == other }) else { continue }
                callable.leave(to: other, having: rival.status.toolList.map { _ in rival.tools.map(\.tool.name) })
            }
            return ServerTools(status: list.status, tools: callable.tools)
        }
    }

    package func tool(_ name: String, signingIn person: LoginOffer?) async throws -> HostTool {
        guard let person else { return try await manager().tool(name) }
        return try await manager().tool(name) { person.offer($0) }
    }

    package func call(
        _ call: ToolCall, signingIn person: LoginOffer?, eliciting handler: ElicitationHandler?,
        hear: @escaping @Sendable (Progress) -> Void
    ) async throws -> ToolResult {
        let (manager, arguments) = (try await manager(), call.arguments.objectValue ?? [:])
        guard let person else {
            return try await manager.call(
                call.tool, arguments: arguments, timeout: call.timeout, onProgress: hear, eliciting: handler)
        }
        return try await manager.call(
            call.tool, arguments: arguments, timeout: call.timeout, offering: { person.offer($0) }, onProgress: hear,
            eliciting: handler)
    }

    package func problem(of server: String) async throws -> OmlxError? { try await manager().problem(of: server) }

    // MARK: sign-ins

    package func login(_ server: String, _ options: LoginOptions, _ person: LoginOffer) async throws -> LoginReport {
        let offer = person.offer(server)
        var options = options
        (options.flow, options.seconds) = (offer.flow, offer.seconds)
        return try await manager().login(server, options, interface: offer.interface, browser: offer.browser)
    }

    package func connect(_ server: String, signingIn person: LoginOffer) async throws {
        try await manager().start(server, signingIn: person.offer(server))
    }

    package func logout(_ server: String, _ request: LogoutRequest) async throws -> [AccountSignOut] {
        let manager = try await manager()
        if request.includesEveryAccount {
            return try await manager.logoutEveryAccount(
                server, localOnly: request.isLocalOnly, forgetsClient: request.forgetsClient)
        }
        let outcome = try await manager.logout(
            server, localOnly: request.isLocalOnly, forgetsClient: request.forgetsClient)
        return [AccountSignOut(account: options.account, outcome: outcome)]
    }

    package func header(of server: String) async throws -> ServerHeader {
        let source = try await HeaderSource(server, configuration: content, options: options)
        do {
            let header = try await source.header()
            await source.finish()
            return header
        } catch {
            await source.finish()
            throw error
        }
    }

    package func clientMetadata(url: String?, server: String?) throws -> JSON {
        try content.clientMetadataDocument(url: url, server: server)
    }
}
