// One server of the host: its connection, its sign-in, its three answers.

import Credentials
import ErrorCatalogue
import FoundationEssentials
import HTTPClient
import JSON
import Logging
import MCPClient
import OAuth
import SignIn
import Synchronization

/// A configured server while the host runs. Everything about it happens one step at a time; a slow server makes
/// nobody wait but those who asked for it.
actor ManagedServer {
    nonisolated let name: String
    nonisolated let configuration: ServerConfiguration
    let options: HostOptions
    let recorder: StatusRecorder
    let publish: @Sendable (HostEvent) -> Void
    let context: SignInContext?
    let authorizer: ServerAuthorizer?
    let url: HTTPURL?
    private let endpoint: MCPClient.ServerEndpoint

    private(set) var status: ServerStatus
    private(set) var tools: [HostTool] = []
    private var connection: MCPConnection?
    private var starting: Task<Void, Never>?
    /// Why the server is not ready, if it is not.
    private(set) var problem: OmlxError?

    /// - Throws: `OmlxError` for settings that only turn out to be unusable now, such as a URL.
    init(
        _ configuration: ServerConfiguration, status: ServerStatus, options: HostOptions, http: HTTPClient,
        store: any CredentialStore, exchanges: ExchangeRegistry, recorder: StatusRecorder,
        publish: @escaping @Sendable (HostEvent) -> Void
    ) throws(OmlxError) {
        name = configuration.name
        self.configuration = configuration
        self.options = options
        self.recorder = recorder
        self.publish = publish
        let identity = EndpointIdentity(configuration.transport)
        self.status = status.pointed(at: identity)
        recorder.record(configuration.name) { $0.point(at: identity) }
        endpoint = try MCPClient.ServerEndpoint(configuration.transport)
        guard case .stdio = configuration.transport else {
            let url = try HTTPURL(configuration: configuration.transport.http?.url.value ?? "")
            let tls = configuration.tls
            let context = SignInContext(
                http: http.with(
                    tls: TLSSettings(
                        certificateAuthorities: tls.authorities?.value, clientCertificate: tls.certificate?.value,
                        clientKey: tls.key?.value)),
                store: store, lockFolder: options.paths.locks, command: options.command, exchanges: exchanges,
                now: options.now)
            self.url = url
            self.context = context
            let notes = AuthorizationNotes(
                server: configuration.name, storeName: store.name, recorder: recorder, now: options.now)
            authorizer =
                configuration.auth?.mode == .disabled
                ? nil
                : ServerAuthorizer(
                    CredentialKey(serverURL: url.text, account: options.account), serverName: configuration.name,
                    context: context, observer: { notes.note($0) })
            return
        }
        url = nil
        context = nil
        authorizer = nil
    }

    /// The limit for connecting and listing, in seconds.
    var limit: Double { options.timeout ?? configuration.timeout.inSeconds }

    /// Whether the configuration gives the server a credential of its own.
    nonisolated var hasStaticHeader: Bool {
        let names = ["authorization", "x-api-key", "api-key", "x-auth-token", "cookie"]
        return configuration.transport.http?.headers.contains { names.contains($0.name.lowercased()) } ?? false
    }

    // MARK: status

    /// Changes status here, in the database, and for those who watch.
    func change(_ change: @escaping StatusChange) {
        change(&status)
        recorder.record(name, change)
        publish(.statusChanged(status))
    }

    func log(_ level: Logger.Level = .info, _ text: String) { options.logger.log(level: level, "\(name): \(text)") }

    // MARK: connecting

    /// Connects and lists the tools, unless that has been done. Never throws: what is wrong is in `problem`.
    func start() async {
        if let starting { return await starting.value }
        if connection != nil, problem == nil { return }
        let task = Task { await connectAndList() }
        starting = task
        await task.value
        starting = nil
    }

    private func connectAndList() async {
        await disconnect()
        problem = nil
        let now = options.now
        change { $0.transport = StatusAnswer(.connecting, at: now()) }
        let notes = ConnectionNotes()
        let connection = makeConnection(notes)
        self.connection = connection
        let overdue = OmlxError(
            .transportTimeout, "\(name) was not ready within \(limit.text) s",
            nextStep: "give the server a larger timeout in mcp.json, or --timeout")
        do {
            try await withDeadline(seconds: limit, overdue: overdue) {
                let result = try await connection.connect()
                await self.connected(result)
                await self.discovered(try await connection.listTools())
            }
        } catch let error as OmlxError {
            await failed(error, notes)
        } catch {
            await failed(OmlxError(.transportCancelled, "connecting to \(name) was cancelled"), notes)
        }
    }

    private func makeConnection(_ notes: ConnectionNotes) -> MCPConnection {
        let limits = ConnectionLimits(request: limit, connect: min(limit, 10), shutdownGrace: 1)
        return MCPConnection(
            endpoint: endpoint, client: ClientInfo(name: options.clientName, version: options.clientVersion),
            http: context?.http ?? HTTPClient(),
            authorizer: authorizer.flatMap { authorizer in
                url.map { SignInRequestAuthorizer(authorizer: authorizer, origin: $0.origin) }
            },
            limits: limits, environment: options.environment,
            fallsBackToSSE: configuration.transport.name == "streamable-http",
            observer: { [weak self] event in
                notes.note(event)
                guard let self else { return }
                Task { await self.heard(event) }
            })
    }

    private func connected(_ result: InitializeResult) async {
        let moment = options.now()
        log(text: "transport connected")
        let signIn = await signInAnswer(at: moment)
        change {
            $0.transport = StatusAnswer(.connected, at: moment)
            $0.signIn = signIn
        }
    }

    /// The second answer while the server answers as it should.
    private func signInAnswer(at moment: Date) async -> StatusAnswer<SignInState> {
        if let authorization = try? await authorizer?.authorization(), authorization.tokenGeneration != nil {
            return StatusAnswer(.signedIn, at: moment)
        }
        return StatusAnswer(hasStaticHeader ? .staticHeaderSet : .notNeeded, at: moment)
    }

    private func discovered(_ tools: [Tool]) async {
        let moment = options.now()
        self.tools = tools.map { HostTool(server: name, tool: $0) }
        let count = tools.count
        log(text: "tool discovery succeeded, \(count) \(count == 1 ? "tool" : "tools")")
        change { $0.discovery = StatusAnswer(.succeeded(toolCount: count), at: moment) }
        recorder.record(name, tools: tools)
        publish(.toolsChanged(server: name, tools: self.tools))
    }

    private func log(text: String) { log(.info, text) }

    /// Ends the connection; the credential stays.
    func disconnect() async {
        guard let connection else { return }
        self.connection = nil
        await connection.close()
        guard [.connected, .connecting].contains(status.transport.state) else { return }
        let moment = options.now()
        change { $0.transport = StatusAnswer(.idle, at: moment) }
    }

    /// What the server says unasked.
    private func heard(_ event: ConnectionEvent) async {
        switch event {
        case .closed(let error?): await lost(error)
        case .toolsListChanged: await listAgain()
        case .stderrLine(let text): publish(.output(server: name, text: text))
        case .logMessage(let level, let text): publish(.output(server: name, text: "[\(level)] \(text)"))
        case .toolDropped(let tool, let reason): log(.warning, "tool \(tool ?? "without a name") left out: \(reason)")
        case .skippedLine(let count): log(.debug, "\(count) lines on standard output were no messages")
        default: break
        }
    }

    private func lost(_ error: OmlxError) async {
        guard connection != nil, status.transport.state == .connected else { return }
        let moment = options.now()
        problem = error
        log(.warning, "connection lost: \(error.description)")
        change {
            $0.transport = StatusAnswer(.failed, at: moment, problem: StatusProblem(error))
            $0.lastError = StatusError(code: error.code.text, message: error.message, at: moment)
        }
    }

    private func listAgain() async {
        guard let connection, status.transport.state == .connected else { return }
        if let tools = try? await connection.listTools() { await discovered(tools) }
    }

    // MARK: calling

    /// Calls a tool of this server, connecting first if need be.
    /// - Throws: `OmlxError`.
    func call(
        _ tool: String, arguments: JSONObject, timeout: Double?, onProgress: (@Sendable (Progress) -> Void)?
    ) async throws -> ToolResult {
        await start()
        guard let connection, problem == nil else {
            throw problem ?? OmlxError(.transportNotConnected, "\(name) is not connected")
        }
        guard tools.contains(where: { $0.tool.name == tool }) else {
            throw OmlxError(
                .protocolToolUnknown, "\(name) has no tool \"\(OmlxError.shown(tool, limit: 80))\"",
                nextStep: "omlx mcp tools \(name.shellWord)")
        }
        do {
            return try await connection.callTool(tool, arguments: arguments, timeout: timeout, onProgress: onProgress)
        } catch let error as OmlxError {
            noteSignInProblem(error)
            throw error
        }
    }

    private func noteSignInProblem(_ error: OmlxError) {
        guard let state = SignInState(problem: error.code) else { return }
        let moment = options.now()
        change { $0.signIn = StatusAnswer(state, at: moment, problem: StatusProblem(error)) }
        log(text: state.text)
    }

    // MARK: failing

    /// Sorts an error into the three answers.
    private func failed(_ error: OmlxError, _ notes: ConnectionNotes) async {
        let error = named(error)
        problem = error
        let judgement = FailureJudgement(
            error, session: status.transport.state == .connected, reached: notes.firstStatus, at: options.now(),
            hasStaticHeader: hasStaticHeader && configuration.auth == nil)
        problem = judgement.error
        for line in judgement.log { log(text: line) }
        change { judgement.apply(to: &$0) }
        if status.transport.state != .connected, let connection {
            self.connection = nil
            await connection.close()
        }
    }

    /// The same error with the server's own next step where it has none.
    private func named(_ error: OmlxError) -> OmlxError {
        error.suggesting("omlx mcp status \(name.shellWord) --check --verbose")
    }

    /// Forgets the problem, as after a sign-in.
    func clearProblem() { problem = nil }
}

/// What the connection's events say about a start that failed.
final class ConnectionNotes: Sendable {
    private let status = Mutex<Int?>(nil)

    /// The status of the server's first answer, if it gave one.
    var firstStatus: Int? { status.withLock { $0 } }

    func note(_ event: ConnectionEvent) {
        guard case .reached(let first) = event else { return }
        status.withLock { $0 = $0 ?? first }
    }
}

extension Duration {
    /// The length in seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Double {
    /// Without a fraction where there is none.
    var text: String { self == rounded() && abs(self) < 1e15 ? String(Int(self)) : String(self) }
}
