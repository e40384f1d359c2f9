// Which server a tool's name leads to. Lists known from before are believed first, so that a bare name starts one server.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxSignIn

/// A tool's name that leads to one server.
struct FoundTool: Sendable {
    let server: ManagedServer
    let tool: String
}

extension MCPManager {
    /// Makes the offer of a person to sign in to the server of this name.
    public typealias OfferingSignIn = @Sendable (_ server: String) -> SignInOffer

    /// Finds a tool by its name and connects its server, which is tried once.
    /// - Parameters:
    ///   - name: `server__tool`, or a bare name that exactly one server has.
    ///   - offer: a person who may sign in where that is needed; `nil` for none.
    /// - Throws: `OmlxError`: `PROTOCOL_TOOL_UNKNOWN`, `PROTOCOL_TOOL_AMBIGUOUS`, `PROTOCOL_TOOL_UNREACHABLE`, and
    ///   whatever keeps the server from being ready.
    public func tool(_ name: String, signingIn offer: OfferingSignIn? = nil) async throws -> HostTool {
        follow()
        return try await whileRunning { try await reachedTool(name, offer) }
    }

    private func reachedTool(_ name: String, _ offer: OfferingSignIn?) async throws -> HostTool {
        let found: FoundTool
        if let addressed = try await addressed(name) {
            found = addressed
            if let problem = try await reach(found.server, offer) { throw problem }
        } else {
            found = try await search(name, offer)
        }
        guard let tool = await found.server.listed.first(where: { $0.tool.name.isIdentical(to: found.tool) }) else {
            throw await notFound(found.tool, of: found.server)
        }
        return tool
    }

    /// The server that has a tool of this name, connected.
    func search(_ name: String, _ offer: OfferingSignIn? = nil) async throws -> FoundTool {
        var lists = await lists()
        let had = lists.filter { $0.names.holds(name) }.map(\.server)
        if had.count == 1 {
            // It alone is asked: whatever the others are like, they are not waited for.
            if let problem = try await reach(had[0], offer) { throw try notReady(had[0], name, problem) }
            if await had[0].has(name) { return FoundTool(server: had[0], tool: name) }
        }
        if had.isEmpty, let error = misspelledServer(name, lists) { throw error }
        var marks: [String: SignInMark] = [:]
        // Then those of which nothing is known; last those whose lists would have to be out of date.
        let unknown = lists.filter { !$0.isKnown }.map(\.server)
        let rest = lists.filter { $0.isKnown && !$0.names.holds(name) }.map(\.server)
        for group in [had, unknown, rest] {
            for server in group where offer != nil { marks[server.name] = await server.signInMark() }
            try await connectUntried(group)
            var owners: [ManagedServer] = []
            for server in group {
                // One that had it, and is not there to say whether it still has, may be the one that is meant.
                let mayHave = await !server.isReady && had.contains { $0 === server }
                if await server.has(name) || mayHave { owners.append(server) }
            }
            guard owners.count < 2 else { throw ambiguous(name, owners) }
            guard let owner = owners.first else { continue }
            if let problem = await owner.hindrance { throw try notReady(owner, name, problem) }
            return FoundTool(server: owner, tool: name)
        }
        if let offer, let server = try await signedIn(marks, offer), await server.has(name) {
            return FoundTool(server: server, tool: name)
        }
        try Task.checkCancellation()
        if let error = await hidden(name) { throw error }
        lists = await self.lists()
        throw await notFound(name, lists)
    }

    /// Connects a server that is not ready yet.
    /// - Returns: what keeps it from being ready.
    private func reach(_ server: ManagedServer, _ offer: OfferingSignIn?) async throws -> OmlxError? {
        if let offer {
            try await start(server.name, signingIn: offer(server.name))
        } else {
            await start([server.name])
        }
        try Task.checkCancellation()
        return await server.hindrance
    }

    /// Servers that failed before are not tried at each search anew.
    private func connectUntried(_ servers: [ManagedServer]) async throws {
        var untried: [String] = []
        for server in servers where await !server.isReady {
            if await server.problem == nil { untried.append(server.name) }
        }
        if !untried.isEmpty { await connect(untried) }
        try Task.checkCancellation()
    }

    /// Signs in to the one server that wants it, when there is but one: the tool may be there.
    private func signedIn(_ marks: [String: SignInMark], _ offer: OfferingSignIn) async throws -> ManagedServer? {
        var wanting: [(server: ManagedServer, mark: SignInMark)] = []
        for entry in configuration.servers {
            guard let server = managed(entry.name), let mark = marks[entry.name],
                await server.problem?.isMendedBySigningIn == true
            else { continue }
            wanting.append((server, mark))
        }
        guard wanting.count == 1 else { return nil }
        let (server, mark) = wanting[0]
        try await recorder.flushing { try await server.signIn(wanting: nil, since: mark, offer(server.name)) }
        return server
    }

    // MARK: what is known

    /// The names of a server's tools: as it has them, or as it had them last.
    private struct ToolList {
        let server: ManagedServer
        let names: [String]
        let isKnown: Bool
    }

    private func lists() async -> [ToolList] {
        let recorded = await recorder.toolNames()
        var lists: [ToolList] = []
        for entry in configuration.servers {
            guard let server = managed(entry.name) else { continue }
            let listed = await server.listed
            if await server.isReady || !listed.isEmpty {
                lists.append(ToolList(server: server, names: listed.map(\.tool.name), isKnown: true))
            } else if server.status.toolList != nil {
                // A list of another URL or command is none of this server's.
                let names = server.allowed(recorded[entry.name] ?? [])
                lists.append(ToolList(server: server, names: names, isKnown: true))
            } else {
                lists.append(ToolList(server: server, names: [], isKnown: false))
            }
        }
        return lists
    }

    // MARK: what is said

    private func ambiguous(_ name: String, _ owners: [ManagedServer]) -> OmlxError {
        let names = owners.map { ToolName.joined($0.name, name) }.joined(separator: ", ")
        return OmlxError(
            .protocolToolAmbiguous, "several servers have a tool \"\(OmlxError.shown(name, limit: 80))\"",
            nextStep: "use one of \(names)")
    }

    /// The server the name leads to is not there: that the tool is unknown would be wrong to say.
    private func notReady(_ server: ManagedServer, _ name: String, _ problem: OmlxError) throws -> OmlxError {
        try Task.checkCancellation()
        guard problem.code != .transportCancelled else { return problem }
        var error = problem
        // What keeps its sign-in from being used is no fault of the server.
        let isDown = !problem.wantsSignIn && problem.code.errorClass != .storage
        if isDown { error.code = .protocolToolUnreachable }
        error.message =
            "\"\(OmlxError.shown(name, limit: 80))\" is a tool of \(server.name), which is not ready: "
            + (isDown ? "\(problem.code.text): " : "") + problem.message
        return error
    }

    /// Why a tool that a server had when it was there last is not offered: the server is disabled now.
    private func hidden(_ name: String) async -> OmlxError? {
        let recorded = await recorder.toolNames()
        let owner = configuration.servers.first { entry in
            !entry.isEnabled && recorded[entry.name]?.contains { $0.isIdentical(to: name) } == true
        }
        return owner.map { .disabledServer($0.name, having: name) }
    }

    private func notFound(_ name: String, of server: ManagedServer) async -> OmlxError {
        var close = CloseNames.of(name, among: await server.listed.map(\.tool.name))
            .map { ToolName.joined(server.name, $0) }
        if close.isEmpty {
            let others = await lists().filter { $0.names.holds(name) }
            close = others.prefix(3).map { ToolName.joined($0.server.name, name) }
        }
        return server.unknownTool(name, close: close)
    }

    private func notFound(_ name: String, _ lists: [ToolList]) async -> OmlxError {
        let question = CloseNames.question(Self.close(to: name, lists))
        let shown = "\"\(OmlxError.shown(name, limit: 80))\""
        var missing: [(name: String, problem: OmlxError)] = []
        for entry in configuration.servers where entry.isEnabled {
            let problem = await problem(of: entry.name)
            if let problem = await managed(entry.name)?.hindrance ?? problem { missing.append((entry.name, problem)) }
        }
        guard let first = missing.first else {
            let reason = lists.isEmpty ? "there is no server that could have a tool" : "no server has a tool"
            return OmlxError(
                .protocolToolUnknown, "\(reason) \(shown)\(question)",
                nextStep: Remedy(lists.isEmpty ? .listServers : .listAllTools))
        }
        let wantsSignIn = missing.allSatisfy(\.problem.wantsSignIn)
        let names = missing.map(\.name).joined(separator: ", ")
        let reason = wantsSignIn ? (missing.count == 1 ? "needs a sign-in" : "need a sign-in") : "not ready"
        let text = wantsSignIn ? "\(names) \(reason)" : "\(reason): \(names)"
        return OmlxError(
            wantsSignIn ? first.problem.code : .protocolToolUnreachable,
            "no server that is ready has a tool \(shown); \(text)\(question)",
            compared: missing.map { name, problem in
                .init(
                    name, "\(problem.code.text): \(problem.message)",
                    remedy: missing.count > 1 ? problem.nextStep : nil)
            },
            nextStep: missing.count == 1 || wantsSignIn ? first.problem.nextStep : Remedy(.showStatus(asking: true)))
    }

    /// `fils__read` where `files` has a tool `read`: no server need be asked to know what is wrong.
    private func misspelledServer(_ name: String, _ lists: [ToolList]) -> OmlxError? {
        guard let mark = name.firstRange(of: "__") else { return nil }
        let (left, right) = (String(name[..<mark.lowerBound]), String(name[mark.upperBound...]))
        let servers = CloseNames.of(left, among: lists.filter { $0.names.contains(right) }.map(\.server.name))
        guard let first = servers.first else { return nil }
        return OmlxError(
            .protocolToolUnknown,
            "no server \"\(OmlxError.shown(left, limit: 80))\" is configured, and none is known to have a tool \"\(OmlxError.shown(name, limit: 80))\""
                + CloseNames.question(servers.map { ToolName.joined($0, right) }),
            nextStep: managed(first).map { Remedy(.listTools($0.configuration.reference)) })
    }

    /// Names of tools like this one, with their servers.
    private static func close(to name: String, _ lists: [ToolList]) -> [String] {
        var bare: [String] = []
        var full: [String: [String]] = [:]
        for list in lists {
            for tool in list.names {
                if full[tool] == nil { bare.append(tool) }
                full[tool, default: []].append(ToolName.joined(list.server.name, tool))
            }
        }
        var close = CloseNames.of(name, among: full.values.flatMap { $0 }.sorted())
        close += CloseNames.of(name, among: bare).flatMap { full[$0] ?? [] }
        // A server's name that is not quite right may stand before it.
        if let mark = name.firstRange(of: "__") {
            let (left, right) = (String(name[..<mark.lowerBound]), String(name[mark.upperBound...]))
            let servers = CloseNames.of(left, among: lists.map(\.server.name))
            let meant = CloseNames.of(right, among: bare).flatMap { full[$0] ?? [] }
            close += meant.filter { tool in servers.contains { tool.hasPrefix($0 + "__") } } + meant
        }
        var seen: Set<String> = []
        return Array(close.filter { seen.insert($0).inserted }.prefix(3))
    }
}

extension ManagedServer {
    /// Whether it is connected and its tools are known.
    var isReady: Bool { life.isReady }

    /// What keeps it from being ready, after it was started: its problem, or that the one who asks waits no longer.
    var hindrance: OmlxError? {
        if let problem { return problem }
        return life.isStarting ? overdue(askedLimit) : nil
    }

    /// Whether it is being connected, or was not yet, so that it is to be waited for.
    var isUntried: Bool { life.isStarting || life.link == nil && problem == nil }

    func has(_ tool: String) -> Bool { isReady && listed.contains { $0.tool.name.isIdentical(to: tool) } }

    /// Those of its tools of before that its filter of today lets through.
    nonisolated func allowed(_ names: [String]) -> [String] { names.filter { configuration.toolFilter.allows($0) } }

    /// - Parameter close: names of tools that may be meant.
    nonisolated func unknownTool(_ tool: String, close: [String]) -> OmlxError {
        let shown = OmlxError.shown(tool, limit: 80)
        guard configuration.toolFilter.allows(tool) else {
            return OmlxError(
                .protocolToolUnknown, "the filter in the entry of \(name) leaves out the tool \"\(shown)\"",
                nextStep: "correct \(ToolFilter.keys.joined(separator: ", ")) in its entry")
        }
        return OmlxError(
            .protocolToolUnknown, "\(name) has no tool \"\(shown)\"" + CloseNames.question(close),
            nextStep: Remedy(.listTools(configuration.reference)))
    }
}

extension OmlxError {
    /// Whether a person has to see to the sign-in, or to the credential configured in its place.
    fileprivate var wantsSignIn: Bool { isMendedBySigningIn || code == .oauthStaticHeaderRefused }
}
