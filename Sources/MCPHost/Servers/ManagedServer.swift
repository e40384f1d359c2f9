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
/// only those wait who asked for it.
actor ManagedServer {
    /// A connection and what it says. Late words of an earlier one are told apart by identity.
    final class Link: Identifiable, Sendable {
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
    /// What servers were found to speak, and under which place this one is remembered there.
    let eras: EraMemory
    nonisolated let eraPlace: EraPlace
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
    var listed: [HostTool] = []
    /// What it has beside tools, as far as it was listed over the present connection.
    var catalogue = Catalogue()
    /// One listing of these at a time: who wants the same meanwhile finds it done.
    let catalogueGate = Gate(places: 1)
    var looking = CatalogueLook.none
    /// The resources of which changes are wanted, and by how many.
    var wanted: [String: Int] = [:]
    var life: ServerLife<Link>
    var pulse: Pulse
    var idleness: Idleness
    /// Connects and lists; the latest attempt, which may be over.
    var attempt: Task<Void, Never>?
    /// Waits to connect a server again that was lost, or to ask one that was not reached.
    var comeback: Task<Void, Never>?
    /// Asks a silent server for a sign of life.
    var watch: Task<Void, Never>?
    /// Closes the server when it has nothing to do.
    var rest: Task<Void, Never>?
    /// Listens to connections, lists anew and closes what was lost.
    let tasks = OwnedTasks()
    /// What was shown last of the transport and said last of the tools.
    private var shown: StatusAnswer<TransportState>
    private var said = ServerLife<Link>.Tools.none
    /// Whether it was told that the server is lost, and not yet that it is back.
    var isToldLost = false
    /// Whether the last error that is shown is not over yet.
    var isErrorShown: Bool
    /// What was said about the tool list.
    var warned: Set<String> = []
    /// Until when the tools are as the server has them, if it said so.
    private var freshUntil: ContinuousClock.Instant?

    /// - Throws: `OmlxError` for settings that only turn out to be unusable now, such as a URL.
    init(
        _ configuration: ServerConfiguration, status: ServerStatus, options: HostOptions, http: HTTPClient,
        store: any CredentialStore, exchanges: ExchangeRegistry, recorder: StatusRecorder, eras: EraMemory,
        starts: Gate,
        publish: @escaping @Sendable (HostEvent) -> Void
    ) throws(OmlxError) {
        name = configuration.name
        self.configuration = configuration
        self.options = options
        self.recorder = recorder
        self.eras = eras
        let identity = EndpointIdentity(configuration.transport)
        let origin = configuration.transport.http.flatMap { try? HTTPURL(configuration: $0.url.value).origin }
        eraPlace = EraPlace(identity, origin: origin)
        var known = status.pointed(at: identity)
        known.profileChoice = configuration.profileChoice
        if configuration.transport.http == nil { known.signIn.state = .notNeeded }
        let board = StatusBoard(known, recorder: recorder, redactor: redactor, publish: publish)
        self.board = board
        shown = board.status.transport
        isErrorShown = known.lastError != nil
        life = ServerLife(isChild: configuration.transport.http == nil, isKept: options.keepsTrying)
        pulse = Pulse(interval: options.pingInterval)
        idleness = Idleness(limit: configuration.idleTimeout)
        recorder.record(configuration.name) { $0.point(at: identity) }
        endpoint = try OmlxMCPClient.ServerEndpoint(
            configuration.transport, childrenInherit: options.childrenInherit)
        self.starts = starts
        if case .stdio(let command) = endpoint {
            withheld = WithheldVariables(command, host: options.environment)
        } else {
            withheld = nil
        }
        if let settings = configuration.transport.http {
            let url = try HTTPURL(configuration: settings.url.value)
            var context = SignInContext(
                http: http.with(tls: TLSSettings(configuration.tls)),
                store: store, lockFolder: options.paths.locks, command: options.command, exchanges: exchanges,
                now: options.now)
            let (name, now) = (configuration.name, options.now)
            context.redactor = redactor
            redactor.learn(configuration.signInConfiguration.clientSecret)
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
        url = nil
        context = nil
        authorizer = nil
    }

    /// The sign-in to this server.
    nonisolated var login: SignInRemedy { configuration.signIn(account: options.account) }

    /// The three answers and the sign-in's record.
    nonisolated var status: ServerStatus { board.status }

    /// The tools: those of a server that was lost stay, with the reason why they cannot be called.
    var tools: [HostTool] {
        switch life.tools {
        case .none: []
        case .usable: listed
        case .unavailable(let error):
            listed.map { tool in
                var tool = tool
                tool.problem = StatusProblem(error)
                return tool
            }
        }
    }

    var link: Link? { life.link }

    /// Why the server is not ready, if it is not.
    var problem: OmlxError? { life.problem }

    /// The limit for connecting and listing, in seconds.
    var limit: Double { options.timeout ?? configuration.timeout.inSeconds }

    /// The same for what is asked now.
    var askedLimit: Double { AskedLimit.seconds ?? limit }

    nonisolated func log(_ level: Logger.Level = .info, _ text: String) {
        let shown = redactor.hide(text)
        options.logger.log(level: level, "\(name): \(shown)")
    }

    deinit {
        comeback?.cancel()
        watch?.cancel()
        rest?.cancel()
    }

    /// Shows what the life is now, with what else is to be said at once, and tells when the tools come or go.
    /// - Parameter signIn: what changes of what is known of the sign-in.
    func show(_ more: @escaping StatusChange = { _ in }, signIn: ((inout SignInStanding) -> Void)? = nil) {
        let (state, problem) = life.transport
        let answer = StatusAnswer(state, at: options.now(), problem: problem.map { StatusProblem($0) })
        if answer.state != shown.state || answer.problem != shown.problem { shown = answer }
        let transport = shown
        let all: StatusChange = { status in
            status.transport = transport
            more(&status)
        }
        if let signIn { board.changeSignIn(at: options.now(), signIn, all) } else { board.change(all) }
        guard life.tools != said else { return }
        said = life.tools
        if !listed.isEmpty, said != .none { board.tell(.toolsChanged(server: name, tools: tools)) }
    }

    // MARK: connecting

    /// Connects and lists the tools, unless that has been done. Never throws: what is wrong is in `problem`. When all
    /// who wait for it are cancelled, so is the attempt.
    func start() async {
        switch life.start() {
        case .ready: listAnewWhenOld()
        case .refuse: return
        case .join(let running): await join(running)
        case .run(let begun, let former):
            run(begun, leaving: former)
            await wait(for: begun)
        }
    }

    /// What was begun for another question keeps its limit; this one waits no longer than its own.
    private func join(_ number: Int) async {
        guard let seconds = AskedLimit.seconds else { return await wait(for: number) }
        try? await withDeadline(seconds, overdue: overdue(seconds)) { await self.wait(for: number) }
    }

    /// That it was not ready in time.
    func overdue(_ seconds: Double) -> OmlxError {
        OmlxError(
            .transportTimeout, "\(name) was not ready within \(seconds.text) s",
            nextStep: "give the server a larger timeout in mcp.json, or \(.setting(.timeout))")
    }

    /// One attempt after the other, however soon the next one is wanted.
    func run(_ number: Int, leaving former: Link? = nil) {
        let earlier = attempt
        attempt = Task {
            await earlier?.value
            if let former { await close(former) }
            await connectAndList(number)
            board.noteUsed(await authorizer?.current?.grant.obtainedAt)
            life.ended(number)
            show()
        }
    }

    private func wait(for number: Int) async {
        guard let attempt else { return }
        life.joined(number)
        let over = FirstResult<Void, Never>()
        tasks.start {
            await attempt.value
            over.give(.success(()))
        }
        await withTaskCancellationHandler {
            await over.result.get()
        } onCancel: {
            Task { await self.stopWaiting(for: number, over) }
        }
    }

    /// An attempt that is made for others too, or in any case, is not waited for any longer; another is ended, and that is.
    private func stopWaiting(for number: Int, _ over: FirstResult<Void, Never>) {
        if life.left(number) { attempt?.cancel() } else { over.give(.success(())) }
    }

    /// - Parameter again: whether a session was opened before that the server did not know afterwards.
    private func connectAndList(_ number: Int, again: Bool = false) async {
        let link = makeLink()
        life.opened(number, link)
        show()
        let overdue = overdue(askedLimit)
        do {
            // The limit counts from the server's own start, however many start before it.
            let place = withheld == nil ? nil : try await starts.enter()
            defer { place?.giveBack() }
            try await withDeadline(askedLimit, overdue: overdue) {
                await self.heard(try await link.connection.connect())
                place?.giveBack()
                await self.connected(link)
                try await self.discover(link)
            }
            tellWarnings(of: link)
            if !wanted.isEmpty { subscribeAnew(link) }
            if options.listsCatalogue, link.notes.words.hasOthers { lookSoon(link) }
        } catch let error as OmlxError where error.code == .protocolSessionLost && !again && life.holds(link) {
            // A server may bind a session to the credential it was opened with, which was renewed since.
            if life.leave(link) != nil { await close(link) }
            return await connectAndList(number, again: true)
        } catch let error as OmlxError {
            if let era = await link.connection.era { eras.suppose(era, of: eraPlace) }
            await failed(error, link)
        } catch {
            await failed(OmlxError(.transportCancelled, "connecting to \(name) was cancelled"), link)
        }
    }

    private func heard(_ result: InitializeResult) { eras.note(result.isModern ? .modern : .initialize, of: eraPlace) }

    /// Tools whose time is over are listed anew when the server is wanted, and used meanwhile (MCP 2026-07-28, caching).
    private func listAnewWhenOld() {
        guard let until = freshUntil, let link, until <= options.clock.now() else { return }
        freshUntil = nil
        if life.toolsChanged(link) { relistSoon(link) }
    }

    private func makeLink() -> Link {
        let limits = ConnectionLimits(request: limit, connect: min(limit, 10), shutdownGrace: 1)
        let notes = ConnectionNotes(withheld: withheld)
        let voice = voice
        let connection = MCPConnection(
            endpoint: endpoint, client: ClientInfo(name: options.clientName, version: options.clientVersion),
            http: context?.http ?? HTTPClient(),
            authorizer: authorizer.flatMap { authorizer in
                url.map { _ in SignInRequestAuthorizer(authorizer: authorizer, notes: notes) }
            },
            limits: limits, environment: options.environment,
            fallsBackToSSE: configuration.transport.name == "streamable-http",
            opensServerStream: options.opensServerStreams, era: eras.era(of: eraPlace),
            elicitor: elicitor(options.elicitation), elicits: options.declaresElicitation, redactor: redactor,
            observer: { event in
                voice.pass(event)
                notes.note(event)
            })
        let link = Link(connection, notes)
        // One listener, so that events keep their order. It ends with the notes, and keeps neither server nor link.
        tasks.start { [weak self, weak link] in
            for await event in notes.events {
                guard let self, let link else { return }
                await self.heard(event, link)
            }
        }
        return link
    }

    private func connected(_ link: Link) async {
        guard life.connected(link) else { return }
        catalogue = Catalogue()
        let moment = options.now()
        log(.info, "transport connected")
        show()
        isToldLost = false
        board.tell(.connected(server: name))
        watch(link)
        let hasToken = await holdsToken()
        guard life.holds(link) else { return }
        board.changeSignIn(at: moment) { $0.connected(hasToken: hasToken, hasStaticHeader: hasStaticHeader) }
    }

    func holdsToken() async -> Bool { (try? await authorizer?.authorization())?.tokenGeneration != nil }

    /// Lists the tools; of a server that has none, what it has instead.
    func discover(_ link: Link) async throws {
        let tools = try await link.connection.listTools()
        freshUntil = await link.connection.toolsFreshUntil
        if tools.isEmpty, link.notes.words.hasOthers { await look(beside: link) }
        discovered(tools, link)
    }

    func discovered(_ tools: [Tool], _ link: Link) {
        switch life.listed(link, at: options.clock.now()) {
        case .late: return
        case .taken: break
        case .stale: relistSoon(link)
        }
        let moment = options.now()
        let used = filtered(tools)
        let isGood = !used.isEmpty || tools.isEmpty && catalogue.hasAny
        let problem = isGood ? nil : noToolsProblem(listed: tools.count, link.notes.words)
        listed = used.map { HostTool(server: name, tool: $0) }
        let count = used.count
        log(.info, "tool discovery succeeded, \(count) \(count == 1 ? "tool" : "tools")")
        isErrorShown = false
        said = life.tools
        show {
            $0.discovery = StatusAnswer(.succeeded(toolCount: count), at: moment, problem: problem)
            $0.lastError = nil
        }
        recorder.record(name, tools: used)
        board.tell(.toolsChanged(server: name, tools: listed))
    }
}
