// One server of the host: its connection, its three answers.

import OmlxConcurrency
import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import Logging
import OmlxMCPClient
import OmlxOAuth
import OmlxSignIn

/// A configured server while the host runs. Everything about it happens one step at a time; a slow server makes
/// nobody wait but those who asked for it.
actor ManagedServer {
    /// A connection and what it says. Late words of an earlier one are told apart by identity.
    final class Link: Sendable {
        let connection: MCPConnection
        let notes: ConnectionNotes

        init(_ connection: MCPConnection, _ notes: ConnectionNotes) {
            self.connection = connection
            self.notes = notes
        }
    }

    nonisolated let name: String
    nonisolated let configuration: ServerConfiguration
    nonisolated let board: StatusBoard
    let options: HostOptions
    let recorder: StatusRecorder
    /// Knows all secrets of this server, and keeps them out of whatever is said about it.
    let redactor = Redactor()
    let context: SignInContext?
    let authorizer: ServerAuthorizer?
    let url: HTTPURL?
    /// One sign-in or sign-out at a time.
    let signInGate = Gate(places: 1)
    /// One sign-in for all calls that need one.
    let sharing = SharedSignIn<LoginReport>()
    let endpoint: OmlxMCPClient.ServerEndpoint
    /// The variables of the host that the child process is not given; `nil` for a server that is none.
    let withheld: WithheldVariables?
    /// Bounds the starts of child processes.
    private let starts: Gate

    /// The tools read last over a connection of this host, which may have ended.
    private(set) var listed: [HostTool] = []
    private(set) var link: Link?
    /// Why the server is not ready, if it is not.
    private(set) var problem: OmlxError?
    private(set) var starting: Task<Void, Never>?
    /// How many wait for `starting` and still want it.
    private var waiting = 0
    private var shuttingDown = 0
    /// When the sign-in was made that the connection, or the last attempt at one, was made with.
    private(set) var seenSignIn: Date?
    /// What was said about the tool list.
    private var warned: Set<String> = []
    private var relisting: (task: Task<Void, Never>, isStale: Bool)?

    /// - Throws: `OmlxError` for settings that only turn out to be unusable now, such as a URL.
    init(
        _ configuration: ServerConfiguration, status: ServerStatus, options: HostOptions, http: HTTPClient,
        store: any CredentialStore, exchanges: ExchangeRegistry, recorder: StatusRecorder, starts: Gate,
        publish: @escaping @Sendable (HostEvent) -> Void
    ) throws(OmlxError) {
        name = configuration.name
        self.configuration = configuration
        self.options = options
        self.recorder = recorder
        let identity = EndpointIdentity(configuration.transport)
        var known = status.pointed(at: identity)
        known.profileChoice = configuration.profileChoice
        if configuration.transport.stdio != nil { known.signIn.state = .notNeeded }
        let board = StatusBoard(known, recorder: recorder, redactor: redactor, publish: publish)
        self.board = board
        recorder.record(configuration.name) { $0.point(at: identity) }
        endpoint = try OmlxMCPClient.ServerEndpoint(configuration.transport)
        self.starts = starts
        guard case .stdio(let command) = endpoint else {
            withheld = nil
            let url = try HTTPURL(configuration: configuration.transport.http?.url.value ?? "")
            var context = SignInContext(
                http: http.with(tls: TLSSettings(configuration.tls)),
                store: store, lockFolder: options.paths.locks, command: options.command, exchanges: exchanges,
                now: options.now)
            let (name, now) = (configuration.name, options.now)
            context.redactor = redactor
            redactor.learn(configuration.auth?.clientSecret?.secret)
            if store.name != "memory" { context.memory = recorder }
            let (logger, wording) = (options.logger, options.wording)
            context.stuck = { logger.warning("\(name) waits: \($0.message)") }
            context.warn = { logger.warning("\(name): \($0.onOneLine(wording))") }
            context.oddity = { logger.warning("\(name): \($0)") }
            context.observer = { recorder.record(StatusEvent($0, server: name, at: now())) }
            self.url = url
            self.context = context
            let notes = AuthorizationNotes(
                server: configuration.name, store: store, board: board, recorder: recorder, now: options.now)
            authorizer =
                configuration.auth?.mode == .disabled
                ? nil
                : ServerAuthorizer(
                    CredentialKey(serverURL: url.text, account: options.account ?? configuration.auth?.account),
                    server: configuration.reference, context: context,
                    observer: { notes.note($0) })
            return
        }
        withheld = WithheldVariables(command, host: options.environment)
        url = nil
        context = nil
        authorizer = nil
    }

    /// The sign-in to this server.
    nonisolated var login: SignInRemedy { configuration.signIn(account: options.account) }

    /// The three answers and the sign-in's record.
    nonisolated var status: ServerStatus { board.status }

    /// The tools, while the server is connected.
    var tools: [HostTool] { status.transport.state == .connected ? listed : [] }

    /// The limit for connecting and listing, in seconds.
    var limit: Double { options.timeout ?? configuration.timeout.inSeconds }

    nonisolated func log(_ level: Logger.Level = .info, _ text: String) {
        let shown = redactor.hide(text)
        options.logger.log(level: level, "\(name): \(shown)")
    }

    // MARK: connecting

    /// Connects and lists the tools, unless that has been done. Never throws: what is wrong is in `problem`. When all
    /// who wait for it are cancelled, so is the attempt.
    func start() async {
        guard shuttingDown == 0 else { return }
        if starting == nil {
            if link != nil, problem == nil { return }
            waiting = 0
            starting = Task {
                await connectAndList()
                starting = nil
            }
        }
        guard let task = starting else { return }
        waiting += 1
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            Task { await self.stopWaiting(for: task) }
        }
    }

    private func stopWaiting(for task: Task<Void, Never>) {
        guard starting == task else { return }
        waiting -= 1
        if waiting == 0 { task.cancel() }
    }

    /// - Parameter again: whether a session was opened before that the server did not know afterwards.
    private func connectAndList(again: Bool = false) async {
        await disconnect()
        problem = nil
        let moment = options.now()
        board.change { $0.transport = StatusAnswer(.connecting, at: moment) }
        let link = makeLink()
        self.link = link
        let overdue = OmlxError(
            .transportTimeout, "\(name) was not ready within \(limit.text) s",
            nextStep: "give the server a larger timeout in mcp.json, or \(.setting(.timeout))")
        do {
            // The limit counts from the server's own start, however many start before it.
            let place = withheld == nil ? nil : try await starts.enter()
            defer { place?.giveBack() }
            try await withDeadline(limit, overdue: overdue) {
                _ = try await link.connection.connect()
                place?.giveBack()
                await self.connected(link)
                await self.discovered(try await link.connection.listTools(), link)
            }
            tellWarnings(of: link)
        } catch let error as OmlxError where error.code == .protocolSessionLost && !again && link === self.link {
            // A server may bind a session to the credential it was opened with, which was renewed since.
            return await connectAndList(again: true)
        } catch let error as OmlxError {
            await failed(error, link)
        } catch {
            await failed(OmlxError(.transportCancelled, "connecting to \(name) was cancelled"), link)
        }
        seenSignIn = await authorizer?.current?.obtainedAt
    }

    private func makeLink() -> Link {
        let limits = ConnectionLimits(request: limit, connect: min(limit, 10), shutdownGrace: 1)
        let notes = ConnectionNotes(withheld: withheld)
        let voice = voice
        let connection = MCPConnection(
            endpoint: endpoint, client: ClientInfo(name: options.clientName, version: options.clientVersion),
            http: context?.http ?? HTTPClient(),
            authorizer: authorizer.flatMap { authorizer in
                url.map { SignInRequestAuthorizer(authorizer: authorizer, origin: $0.origin, notes: notes) }
            },
            limits: limits, environment: options.environment,
            fallsBackToSSE: configuration.transport.name == "streamable-http",
            opensServerStream: options.opensServerStreams, redactor: redactor,
            observer: { event in
                voice.pass(event)
                notes.note(event)
            })
        let link = Link(connection, notes)
        // One listener, so that events keep their order. It ends with the notes, and keeps neither server nor link.
        Task { [weak self, weak link] in
            for await event in notes.events {
                guard let self, let link else { return }
                await self.heard(event, link)
            }
        }
        return link
    }

    private func connected(_ link: Link) async {
        guard link === self.link else { return }
        let moment = options.now()
        log(.info, "transport connected")
        board.change { $0.transport = StatusAnswer(.connected, at: moment) }
        let signIn = await signInAnswer(at: moment)
        guard link === self.link else { return }
        board.change { $0.signIn = signIn }
    }

    /// The second answer while the server answers as it should.
    private func signInAnswer(at moment: Date) async -> StatusAnswer<SignInState> {
        if await holdsToken() { return StatusAnswer(.signedIn, at: moment) }
        if hasStaticHeader { return StatusAnswer(.staticHeaderSet, at: moment) }
        // A server that answered 401 to nothing but a call still connects without a sign-in.
        let known = status
        if known.signIn.state == .needed, known.discovery.state.toolCount != nil { return known.signIn }
        return StatusAnswer(.notNeeded, at: moment)
    }

    private func holdsToken() async -> Bool { (try? await authorizer?.authorization())?.tokenGeneration != nil }

    private func discovered(_ tools: [Tool], _ link: Link) {
        guard link === self.link, problem == nil else { return }
        let moment = options.now()
        let used = filtered(tools)
        let problem = used.isEmpty ? noToolsProblem(listed: tools.count, link.notes.words) : nil
        listed = used.map { HostTool(server: name, tool: $0) }
        let count = used.count
        log(.info, "tool discovery succeeded, \(count) \(count == 1 ? "tool" : "tools")")
        board.change {
            $0.discovery = StatusAnswer(.succeeded(toolCount: count), at: moment, problem: problem)
            $0.lastError = nil
        }
        recorder.record(name, tools: used)
        board.tell(.toolsChanged(server: name, tools: listed))
    }

    /// Ends the connection; the credential stays.
    func disconnect() async {
        guard let link else { return }
        self.link = nil
        // Before anything is waited for: a connection made meanwhile has its own say.
        if [.connected, .connecting].contains(status.transport.state) {
            let moment = options.now()
            board.change { $0.transport = StatusAnswer(.idle, at: moment) }
        }
        await close(link)
    }

    private func close(_ link: Link) async {
        link.notes.finish()
        let overdue = OmlxError(.transportTimeout, "\(name) did not close")
        // A cancelled caller leaves no process behind, and nothing a server does holds up the end for long.
        let seconds = min(6, options.timeout ?? 6)
        await Task {
            try? await withDeadline(seconds, overdue: overdue) { await link.connection.close() }
        }.value
    }

    /// Ends what is being started, then the connection.
    func shutDown() async {
        shuttingDown += 1
        defer { shuttingDown -= 1 }
        while let starting {
            starting.cancel()
            await starting.value
        }
        await disconnect()
    }

    // MARK: what the server says unasked

    private func heard(_ event: ConnectionEvent, _ link: Link) {
        guard link === self.link else { return }
        switch event {
        case .closed(let error?): lost(error, link)
        case .toolsListChanged: listAgain(link)
        case .toolsDropped, .toolListCut, .toolListUnfinished, .toolsNotOffered, .notificationRefused:
            tellWarnings(of: link)
        case .skippedLine(let count, let text):
            log(.debug, "line \(count) on standard output that is no message: \(text)")
        case .invalidMessage(let reason): log(.debug, "a message could not be understood: \(reason)")
        case .strayAnswer(let id): log(.debug, "an answer with the id \(id) belongs to no request under way")
        default: break
        }
    }

    private func tellWarnings(of link: Link) {
        for warning in link.notes.takeWarnings() { warnOnce(warning) }
    }

    /// A server that changes its list often has the same faults each time.
    func warnOnce(_ text: String) {
        if warned.count < 100, warned.insert(text).inserted { log(.warning, text) }
    }

    private func lost(_ error: OmlxError, _ link: Link) {
        guard status.transport.state == .connected else { return }
        let moment = options.now()
        let error = explained(error, link)
        problem = error
        log(.warning, "connection lost: \(error.description)")
        board.change {
            $0.transport = StatusAnswer(.failed, at: moment, problem: StatusProblem(error))
            $0.lastError = StatusError(code: error.code.text, message: error.message, at: moment)
        }
    }

    /// Lists the tools anew; however often the server says so meanwhile, once more afterwards.
    private func listAgain(_ link: Link) {
        if relisting != nil {
            relisting?.isStale = true
            return
        }
        relisting = (Task { await relist(link) }, false)
    }

    private func relist(_ link: Link) async {
        defer { relisting = nil }
        repeat {
            relisting?.isStale = false
            guard link === self.link, status.transport.state == .connected else { return }
            do {
                let tools = try await link.connection.listTools()
                if link === self.link, status.transport.state == .connected { problem = nil }
                discovered(tools, link)
            } catch {
                await failed(OmlxError(converting: error, name), link)
            }
        } while relisting?.isStale == true
    }

    // MARK: failing

    /// Sorts an error into the three answers.
    private func failed(_ error: OmlxError, _ link: Link) async {
        // A session that ended says why in its own words; the request that found it gone does not.
        let hasSession = await link.connection.serverDescription != nil
        guard link === self.link, problem == nil else { return }
        guard error.code != .transportCancelled else {
            problem = error
            return await disconnect()
        }
        let said = link.notes.chatter.explaining(hasSession ? error : link.notes.loss ?? error, session: hasSession)
        let cause = explained(said, link)
        let judgement = FailureJudgement(
            judged(cause), session: hasSession, reached: link.notes.firstStatus,
            at: options.now())
        guard link === self.link, problem == nil else { return }
        problem = judgement.error
        for line in judgement.log { log(.info, line) }
        board.change { judgement.apply(to: &$0) }
        guard !hasSession else { return }
        self.link = nil
        await close(link)
    }

    /// The sign-in is gone, by another's hand: disconnects, and says so until there is another.
    func end(because error: OmlxError) async {
        await shutDown()
        seenSignIn = nil
        listed = []
        problem = error
    }

    /// Waits for an attempt to connect under way.
    func settled() async { await starting?.value }

    /// Forgets why the server was not ready, as after a sign-in, and the tools, as after a sign-out.
    func forget(tools: Bool = false) {
        problem = nil
        seenSignIn = nil
        if tools { listed = [] }
    }
}

extension OmlxError {
    /// Any error as one of the catalogue.
    fileprivate init(converting error: any Error, _ server: String) {
        self = error as? OmlxError ?? OmlxError(.transportCancelled, "listing the tools of \(server) was cancelled")
    }
}
