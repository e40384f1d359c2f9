// The host: every configured server, their tools under one roof, their sign-ins, their status.

import OmlxCredentials
import OmlxConcurrency
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import Logging
import OmlxMCPClient
import OmlxSignIn

/// Connects the servers of a configuration, signs in where asked to, and calls their tools.
///
/// ```swift
/// let manager = try await MCPManager(configuration: configuration, options: options)
/// await manager.start()
/// let result = try await manager.call("files__read", arguments: ["path": "notes.txt"])
/// await manager.stop()
/// ```
///
/// Servers are connected all at once, each with a deadline of its own; a broken one stops none of the others. Of child
/// processes only so many start at the same time (`max_starts`), and the time of each counts from its own start. Nothing
/// opens a browser or asks a person but `login`.
public actor MCPManager {
    /// The configuration the manager was made with.
    public nonisolated let configuration: HostConfiguration
    /// The store credentials are kept in, for people; servers may have their own.
    public nonisolated var storeSummary: String { sharedStore.summary }

    let options: HostOptions
    let recorder: StatusRecorder
    let exchanges = ExchangeRegistry()
    private let sharedStore: any CredentialStore
    let servers: ByName<ManagedServer>
    private let broken: ByName<OmlxError>
    let gate: Gate
    private let watchers = Broadcast<HostEvent>(buffer: 1000)
    private let stores: [(store: any CredentialStore, servers: [ManagedServer])]
    private var follower: StoreFollower?
    /// Whether `stop()` was called: nothing is begun any more.
    private var isStopped = false
    /// Tools that were said to be left out.
    var shadowed: Set<String> = []

    /// A host of these servers. Reads the status database; starts, connects and loads nothing else.
    /// - Throws: `OmlxError` with `CONFIG_UNTRUSTED` for a file that was found in the working folder and is not approved,
    ///   `CONFIG_PERMISSIONS` for one others may change,
    ///   `CONFIG_STORE_UNSUPPORTED` when the store `options` name does not exist. A store of
    ///   that kind in the configuration fails the servers that need a credential, and no others.
    public init(configuration: HostConfiguration, options: HostOptions) async throws(OmlxError) {
        self.configuration = configuration
        self.options = options
        let recorder = StatusRecorder(
            path: options.paths.database, logger: options.logger, now: options.now, isReadOnly: !options.keepsStatus)
        self.recorder = recorder
        if let warning = options.paths.warning { options.logger.warning("\(warning)") }
        gate = Gate(places: configuration.maxToolCalls, sharers: configuration.servers.count(where: \.isEnabled))
        let credentialStores = try await HostStores(configuration, options)
        let store = credentialStores.shared
        sharedStore = store
        let http = HTTPClient(
            environment: HTTPEnvironment(variables: options.environment),
            userAgent: "\(options.clientName)/\(options.clientVersion)")
        let known = await recorder.known()
        var servers = ByName<ManagedServer>()
        var stores: [(store: any CredentialStore, servers: [ManagedServer])] = []
        var sharing: [ManagedServer] = []
        var broken = ByName<OmlxError>()
        let watchers = watchers
        let starts = Gate(places: configuration.maxStarts, patience: options.startPatience)
        for entry in configuration.servers {
            do throws(OmlxError) {
                let server = try entry.result.get()
                guard server.isEnabled else { continue }
                let own = credentialStores.own(server)
                let managed = try ManagedServer(
                    server, status: known[entry.name] ?? ServerStatus(name: entry.name), options: options, http: http,
                    store: own ?? store, exchanges: exchanges, recorder: recorder, starts: starts,
                    publish: { watchers.send($0) })
                servers[entry.name] = managed
                guard managed.authorizer != nil else { continue }
                if let own { stores.append((own, [managed])) } else { sharing.append(managed) }
            } catch {
                if entry.isEnabled { broken[entry.name] = error }
            }
        }
        stores.append((store, sharing))
        self.stores = stores
        self.servers = servers
        self.broken = broken
    }

    // MARK: life

    /// Connects servers and lists their tools, all at once. Returns when each is ready or has failed.
    /// - Parameters:
    ///   - names: which servers; all enabled ones when `nil`.
    ///   - each: told of every server as it is done, in the order they get done.
    public func start(_ names: [String]? = nil, each: (@Sendable (ServerStatus) async -> Void)? = nil) async {
        guard !isStopped else { return }
        let chosen = configuration.servers.map(\.name).filter { names?.contains($0) ?? true }
        follow()
        noteBroken(chosen)
        await connect(chosen, each: each)
        // What was broken off says nothing new of a server.
        guard !Task.isCancelled else { return await recorder.flush() }
        let line = await summary(chosen)
        options.logger.info("\(line)")
        await recorder.flush()
    }

    /// From the first use on.
    func follow() {
        if options.followsStore, follower == nil, !isStopped { follower = StoreFollower(stores) }
    }

    func connect(_ chosen: [String], each: (@Sendable (ServerStatus) async -> Void)? = nil) async {
        await withTaskGroup(of: ServerStatus?.self) { group in
            for name in chosen {
                if let server = servers[name] {
                    group.addTask {
                        await server.start()
                        return server.status
                    }
                } else if broken[name] != nil {
                    group.addTask { await self.status(of: name) }
                }
            }
            for await status in group { if let status { await each?(status) } }
        }
    }

    private func noteBroken(_ names: [String]) {
        let moment = options.now()
        for name in names {
            guard let error = broken[name] else { continue }
            options.logger.info("\(name): configuration: \(error.description)")
            recorder.record(name) { $0.take(broken: error, at: moment) }
        }
    }

    /// One line about servers: how many are ready, how many tools they have, and what to type for those that want a
    /// sign-in.
    public func summary(_ names: [String]? = nil) async -> String {
        let statuses = await self.statuses().filter { names?.contains($0.name) ?? true }
            .filter { $0.transport.state != .disabled }
        return StatusSummary(statuses).text(options.wording)
    }

    /// Ends the host for good: waits for token exchanges under way, ends sign-ins and calls, disconnects every server, and
    /// writes what is waiting. A child process gets a second to end by itself. What was under way, and whatever is asked for
    /// afterwards, ends with `HOST_STOPPED`; streams of events end.
    public func stop() async {
        isStopped = true
        await exchanges.drain()
        await follower?.stop()
        follower = nil
        await withTaskGroup(of: Void.self) { group in
            for server in servers.values { group.addTask { await server.stop(because: Self.stopped) } }
        }
        await recorder.flush()
        watchers.finish()
    }

    /// Waits for token exchanges under way, as before a process ends on a signal; 10 s at most.
    public func drain() async {
        await exchanges.drain()
        await recorder.flush()
    }

    /// What happens from now on, until the host is stopped.
    public nonisolated func events() -> AsyncStream<HostEvent> { watchers.stream() }

    // MARK: looking

    /// Every configured server's status, in the configuration's order.
    public func statuses() async -> [ServerStatus] {
        var statuses: [ServerStatus] = []
        for entry in configuration.servers { if let status = await status(of: entry.name) { statuses.append(status) } }
        return statuses
    }

    /// One server's status; `nil` when it is not configured.
    public func status(of name: String) async -> ServerStatus? {
        if let server = servers[name] { return server.status }
        guard let entry = configuration.server(named: name) else { return nil }
        var status = ServerStatus(name: name)
        if let error = broken[name] {
            status.take(broken: error, at: options.now())
        } else if !entry.isEnabled {
            status.transport = StatusAnswer(.disabled)
        }
        return status
    }

    /// Why a server is not ready; `nil` when it is, or was not started.
    public func problem(of name: String) async -> OmlxError? {
        if let error = broken[name] { return error }
        return await servers[name]?.problem
    }

    /// The tools of all connected servers, in the configuration's order.
    public func tools() async -> [HostTool] {
        var tools: [HostTool] = []
        for entry in configuration.servers { tools += await self.tools(of: entry.name) }
        return tools
    }

    /// The tools of one server, if it is connected.
    public func tools(of name: String) async -> [HostTool] {
        guard let server = servers[name] else { return [] }
        return await callable(await server.tools, of: server.name)
    }

    // MARK: acting

    /// Calls a tool, connecting its server first if need be.
    /// - Parameters:
    ///   - name: `server__tool`, or a bare name that exactly one server has.
    ///   - arguments: the arguments.
    ///   - timeout: in seconds, in place of the server's.
    /// - Throws: `OmlxError`: `PROTOCOL_TOOL_UNKNOWN`, `PROTOCOL_TOOL_AMBIGUOUS`, `PROTOCOL_TOOL_UNREACHABLE`, and whatever
    ///   keeps the server from answering; `CancellationError`. A failure the tool itself reports is a result.
    public func call(
        _ name: String, arguments: JSONObject, timeout: Double? = nil,
        onProgress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> ToolResult {
        follow()
        return try await whileRunning {
            let found = try await resolve(name)
            return try await found.server.call(
                found.tool, arguments: arguments, timeout: timeout, through: gate, onProgress: onProgress)
        }
    }

    /// The configured server a tool's name leads to.
    /// - Throws: `OmlxError`: `PROTOCOL_TOOL_UNKNOWN`, `PROTOCOL_TOOL_AMBIGUOUS`, `PROTOCOL_TOOL_UNREACHABLE`.
    public func server(ofTool name: String) async throws -> String {
        try await whileRunning { try await resolve(name).server.name }
    }

    func resolve(_ name: String, _ offer: OfferingSignIn? = nil) async throws -> FoundTool {
        if let addressed = try await addressed(name) { return addressed }
        return try await search(name, offer)
    }

    /// Signs in to a server, connects and lists its tools. The only method that may open a browser or ask a person.
    /// - Parameters:
    ///   - browser: opens the address; `nil` opens nothing.
    /// - Throws: `OmlxError`.
    public func login(
        _ name: String, _ login: LoginOptions = .init(), interface: any SignInInterface,
        browser: (any BrowserOpening)?
    ) async throws -> LoginReport {
        follow()
        return try await whileRunning {
            try await recorder.flushing {
                try await server(named: name).login(login, interface: interface, browser: browser)
            }
        }
    }

    /// Signs out of a server and disconnects it.
    /// - Throws: `OmlxError`.
    public func logout(
        _ name: String, localOnly: Bool = false, forgetsClient: Bool = false
    ) async throws -> SignOutOutcome {
        let outcomes = try await signOut(name, localOnly, forgetsClient, everyAccount: false)
        return outcomes.first?.outcome
            ?? SignOutOutcome(wasSignedIn: false, revocation: .notAsked, forgotClient: false)
    }

    /// Signs out of a server with all accounts there are, and disconnects it.
    /// - Returns: what was done for each account; one element when there was none.
    /// - Throws: `OmlxError`.
    public func logoutEveryAccount(
        _ name: String, localOnly: Bool = false, forgetsClient: Bool = false
    ) async throws -> [AccountSignOut] {
        try await signOut(name, localOnly, forgetsClient, everyAccount: true)
    }

    private func signOut(
        _ name: String, _ localOnly: Bool, _ forgetsClient: Bool, everyAccount: Bool
    ) async throws -> [AccountSignOut] {
        try await whileRunning {
            try await recorder.flushing {
                try await server(named: name).logout(
                    localOnly: localOnly, forgetsClient: forgetsClient, everyAccount: everyAccount)
            }
        }
    }

    private static var stopped: OmlxError { OmlxError(.hostStopped, "the host was stopped") }

    /// Does what only a host can that was not stopped. What `stop()` cuts off says so.
    /// - Throws: `HOST_STOPPED`, and what the work throws.
    func whileRunning<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        guard !isStopped else { throw Self.stopped }
        do {
            return try await work()
        } catch  where isStopped && !Task.isCancelled && Self.isEnd(error) {
            throw Self.stopped
        }
    }

    private static func isEnd(_ error: any Error) -> Bool {
        let ends: Set<ErrorCode> = [.transportCancelled, .transportNotConnected, .oauthSignInCancelled]
        return error is CancellationError || (error as? OmlxError).map { ends.contains($0.code) } ?? false
    }

    /// The running side of a server; `nil` when its entry cannot be used or is switched off.
    func managed(_ name: String) -> ManagedServer? { servers[name] }

    nonisolated func unknownServer(_ name: String) -> OmlxError { configuration.unknownServer(name) }

    func server(named name: String) throws(OmlxError) -> ManagedServer {
        if let server = servers[name] { return server }
        if let error = broken[name] { throw error }
        _ = try configuration.usableServer(named: name)
        throw OmlxError(.configServerUnknown, "the server \"\(OmlxError.shown(name, limit: 80))\" was not started")
    }
}

extension HostConfiguration {
    /// That no server of this name is configured, with those that are, and those that may be meant.
    public func unknownServer(_ name: String) -> OmlxError { .unknownServer(name, among: servers.map(\.name)) }

    /// Enabled servers that can have a sign-in.
    public var signInServers: [String] { servers.filter(\.isSignInPossible).map(\.name) }

    /// The settings of a server that is configured, enabled and in order.
    /// - Throws: `OmlxError`: `CONFIG_SERVER_UNKNOWN`, `CONFIG_SERVER_DISABLED`, or what is wrong with its entry.
    func usableServer(named name: String) throws(OmlxError) -> ServerConfiguration {
        guard let entry = server(named: name) else { throw unknownServer(name) }
        guard entry.isEnabled else { throw .disabledServer(name) }
        return try entry.result.get()
    }
}

extension ConfiguredServer {
    /// Whether the server is enabled and can have a sign-in.
    public var isSignInPossible: Bool {
        guard case .success(let server) = result else { return false }
        return server.isEnabled && server.transport.http != nil && server.auth?.mode != .disabled
    }
}

extension OmlxError {
    /// That no server of this name is configured, with those that are, and those that may be meant.
    package static func unknownServer(_ name: String, among names: [String]) -> OmlxError {
        let close = CloseNames.of(name, among: names)
        let some = names.prefix(20).map { shown($0, limit: 80) }.joined(separator: ", ")
        return OmlxError(
            .configServerUnknown,
            "no server \"\(shown(name, limit: 80))\" is configured" + CloseNames.question(close),
            nextStep: names.isEmpty ? Remedy(.listServers) : "use one of \(some)\(names.count > 20 ? ", …" : "")")
    }

    /// That the configuration switches a server off.
    /// - Parameter name: `nil` where it is clear which server is spoken of.
    package static func disabledServer(_ name: String?) -> OmlxError {
        OmlxError(
            .configServerDisabled,
            "the server \(name.map { "\"\(shown($0, limit: 80))\" " } ?? "")is disabled in the configuration",
            nextStep: "take \"enabled\": false (or \"disabled\": true) out of its entry in mcp.json")
    }
}

extension ServerStatus {
    /// The status of a server whose entry in the configuration cannot be used.
    mutating func take(broken error: OmlxError, at moment: Date) {
        transport = StatusAnswer(.failed, at: moment, problem: StatusProblem(error))
        lastError = StatusError(code: error.code.text, message: error.message, at: moment)
    }
}
