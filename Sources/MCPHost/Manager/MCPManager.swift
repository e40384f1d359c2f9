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
import Synchronization

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
    /// What may be asked of the host at any time, without waiting for it.
    private struct Present {
        var configuration: HostConfiguration
        /// The one that servers share.
        var store: any CredentialStore
    }

    /// The configuration the host goes by now: the one it was made with, or the last one applied.
    public nonisolated var configuration: HostConfiguration { present.withLock { $0.configuration } }
    /// The store credentials are kept in, for people; servers may have their own.
    public nonisolated var storeSummary: String { present.withLock { $0.store }.summary }

    let options: HostOptions
    let recorder: StatusRecorder
    let exchanges = ExchangeRegistry()
    private nonisolated let present: Mutex<Present>
    private let maker: RosterMaker
    /// The servers as they run.
    private(set) var roster: Roster
    let gate: Gate
    /// One change of the configuration at a time.
    let applying = Gate(places: 1)
    let watchers = Broadcast<HostEvent>(buffer: 1000)
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
        self.options = options
        let recorder = StatusRecorder(
            path: options.paths.database, logger: options.logger, now: options.now, isReadOnly: !options.keepsStatus)
        self.recorder = recorder
        if let warning = options.paths.warning { options.logger.warning("\(warning)") }
        gate = Gate(places: configuration.maxToolCalls, sharers: configuration.enabledCount)
        let stores = try await HostStores(configuration, options)
        present = Mutex(Present(configuration: configuration, store: stores.shared))
        let watchers = watchers
        let (known, eras) = await recorder.knownWithEras()
        maker = RosterMaker(
            options: options, recorder: recorder, exchanges: exchanges, eras: eras,
            starts: Gate(places: configuration.maxStarts, patience: options.startPatience),
            publish: { watchers.send($0) })
        roster = maker.roster(of: stores, sharing: stores.shared, known: known)
    }

    /// Goes by another configuration, and its stores, from now on.
    /// - Parameters:
    ///   - store: the store that servers share from now on; the one they have when `nil`.
    ///   - kept: the names of servers that are taken over as they run.
    func replace(
        _ stores: HostStores, _ store: (any CredentialStore)?, known: ByName<ServerStatus>, keeping kept: [String]
    ) {
        let configuration = stores.configuration
        let store = present.withLock { present in
            present = Present(configuration: configuration, store: store ?? present.store)
            return present.store
        }
        let keeping = ByName(kept.compactMap { name in roster.servers[name].map { (name, $0) } })
        roster = maker.roster(of: stores, sharing: store, known: known, keeping: keeping)
        gate.change(places: configuration.maxToolCalls, sharers: configuration.enabledCount)
        maker.starts.change(places: configuration.maxStarts, sharers: 1)
        shadowed = []
    }

    /// Follows the stores of the servers there are now, if any were followed.
    /// - Returns: what followed those there were.
    func restartFollower() -> StoreFollower? {
        guard let former = follower else { return nil }
        follower = nil
        follow()
        return former
    }

    // MARK: life

    /// Connects servers and lists their tools, all at once. Returns when each is ready or has failed.
    /// - Parameters:
    ///   - names: which servers; all enabled ones when `nil`.
    ///   - each: told of every server as it is done, in the order they get done.
    public func start(_ names: [String]? = nil, each: (@Sendable (ServerStatus) async -> Void)? = nil) async {
        guard !isStopped else { return }
        let chosen = configuration.servers.map(\.name).filter { names?.holds($0) ?? true }
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
        if options.followsStore, follower == nil, !isStopped { follower = StoreFollower(roster.stores) }
    }

    func connect(_ chosen: [String], each: (@Sendable (ServerStatus) async -> Void)? = nil) async {
        await withTaskGroup(of: ServerStatus?.self) { group in
            for name in chosen {
                if let server = roster.servers[name] {
                    group.addTask {
                        await server.start()
                        return server.status
                    }
                } else if roster.broken[name] != nil {
                    group.addTask { await self.status(of: name) }
                }
            }
            for await status in group { if let status { await each?(status) } }
        }
    }

    func noteBroken(_ names: [String]) {
        let moment = options.now()
        for name in names {
            guard let error = roster.broken[name] else { continue }
            options.logger.info("\(name): configuration: \(error.description)")
            recorder.record(name) { $0.take(broken: error, at: moment) }
        }
    }

    /// One line about servers: how many are ready, how many tools they have, and what to type for those that want a
    /// sign-in.
    public func summary(_ names: [String]? = nil) async -> String {
        let statuses = await self.statuses().filter { names?.holds($0.name) ?? true }
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
            for server in roster.servers.values { group.addTask { await server.stop(because: Self.stopped) } }
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

    /// Tells those who watch.
    package nonisolated func tell(_ event: HostEvent) { watchers.send(event) }

    /// The machine was asleep, or the network is another one: servers that were lost are connected now, others are asked whether
    /// they are there.
    public func hurry() async {
        guard !isStopped else { return }
        await withTaskGroup(of: Void.self) { group in
            for server in roster.servers.values { group.addTask { await server.hurry() } }
        }
    }

    // MARK: looking

    /// Every configured server's status, in the configuration's order.
    public func statuses() async -> [ServerStatus] {
        var statuses: [ServerStatus] = []
        for entry in configuration.servers { if let status = await status(of: entry.name) { statuses.append(status) } }
        return statuses
    }

    /// One server's status; `nil` when it is not configured.
    public func status(of name: String) async -> ServerStatus? {
        if let server = roster.servers[name] { return server.status }
        guard let entry = configuration.server(named: name) else { return nil }
        var status = ServerStatus(name: name)
        if let error = roster.broken[name] {
            status.take(broken: error, at: options.now())
        } else if !entry.isEnabled {
            status.transport = StatusAnswer(.disabled)
        }
        return status
    }

    /// Why a server is not ready; `nil` when it is, or was not started.
    public func problem(of name: String) async -> OmlxError? {
        if let error = roster.broken[name] { return error }
        return await roster.servers[name]?.life.trouble
    }

    /// The tools of all servers that are connected, or were and are lost (`HostTool.problem`), in the configuration's order.
    public func tools() async -> [HostTool] {
        var tools: [HostTool] = []
        for entry in configuration.servers { tools += await self.tools(of: entry.name) }
        return tools
    }

    /// The tools of one server, if it is connected, or was and is lost.
    public func tools(of name: String) async -> [HostTool] {
        guard let server = roster.servers[name] else { return [] }
        return await callable(await server.tools, of: server.name)
    }

    /// How a server is for the one who asks and waits no longer: one that is being connected still is not ready in time.
    package func statusInTime(_ status: ServerStatus) async -> ServerStatus {
        guard let server = roster.servers[status.name], await server.life.isStarting, status.transport.problem == nil,
            let error = await server.hindrance
        else { return status }
        var status = status
        status.transport = StatusAnswer(.failed, at: status.transport.at, problem: StatusProblem(error))
        // The list is an earlier one's.
        status.discovery = StatusAnswer(.notTried)
        return status
    }

    /// What was found odd about a server since it was first connected, each once.
    package func warnings(of name: String) async -> [String] { await roster.servers[name]?.warned.sorted() ?? [] }

    // MARK: acting

    /// Looks whether a server is there: asks one that is connected for a sign of life, and connects one that is not.
    /// - Returns: Its status then.
    /// - Throws: `OmlxError`: `CONFIG_SERVER_UNKNOWN`, `CONFIG_SERVER_DISABLED`, what is wrong with its entry, `HOST_STOPPED`.
    ///   Whatever else is wrong is in the status.
    public func check(_ name: String) async throws -> ServerStatus {
        follow()
        return try await whileRunning {
            let server = try server(named: name)
            try await recorder.flushing { await server.check() }
            try Task.checkCancellation()
            return server.status
        }
    }

    /// Calls a tool, connecting its server first if need be.
    /// - Parameters:
    ///   - name: `server__tool`, or a bare name that exactly one server has.
    ///   - arguments: the arguments.
    ///   - timeout: in seconds, in place of the server's; while a person is asked it stands still.
    ///   - handler: answers what the server asks for this call; `HostOptions.elicitation` when `nil`.
    /// - Throws: `OmlxError`: `PROTOCOL_TOOL_UNKNOWN`, `PROTOCOL_TOOL_AMBIGUOUS`, `PROTOCOL_TOOL_UNREACHABLE`, and whatever
    ///   keeps the server from answering; `CancellationError`. A failure the tool itself reports is a result.
    public func call(
        _ name: String, arguments: JSONObject, timeout: Double? = nil,
        onProgress: (@Sendable (Progress) -> Void)? = nil, eliciting handler: ElicitationHandler? = nil
    ) async throws -> ToolResult {
        follow()
        return try await whileRunning {
            let found = try await resolve(name)
            return try await CallReport.of(found.tool, of: found.server.name, arguments, to: options.hearsCalls) {
                try await found.server.call(
                    found.tool, arguments: arguments, timeout: timeout, through: gate, eliciting: handler,
                    onProgress: onProgress)
            }
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
    func managed(_ name: String) -> ManagedServer? { roster.servers[name] }

    nonisolated func unknownServer(_ name: String) -> OmlxError { configuration.unknownServer(name) }

    func server(named name: String) throws(OmlxError) -> ManagedServer {
        if let server = roster.servers[name] { return server }
        if let error = roster.broken[name] { throw error }
        _ = try configuration.usableServer(named: name)
        throw OmlxError(.configServerUnknown, "the server \"\(OmlxError.shown(name, limit: 80))\" was not started")
    }
}

extension ServerStatus {
    /// The status of a server whose entry in the configuration cannot be used.
    mutating func take(broken error: OmlxError, at moment: Date) {
        transport = StatusAnswer(.failed, at: moment, problem: StatusProblem(error))
        lastError = StatusError(code: error.code.text, message: error.message, at: moment)
    }
}
