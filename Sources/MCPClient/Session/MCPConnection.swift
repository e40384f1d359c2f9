// The connection to one server: owns its session and its transport, hands requests out and answers back.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// A connection to one MCP server. All errors thrown are `OmlxError`.
///
/// The server is reached by `connect()`, which may be called again after it failed or after `close()`.
public actor MCPConnection {
    enum Phase: Sendable, Hashable { case idle, connecting, connected, closing }

    /// A request whose answer somebody waits for.
    struct Waiter {
        let method: String
        let continuation: CheckedContinuation<Answer, any Error>
        let limit: Double
        let hardDeadline: ContinuousClock.Instant
        var deadline: ContinuousClock.Instant
        let onProgress: (@Sendable (Progress) -> Void)?
        /// What the server had said when the request was sent.
        let before: ServerChatter.Mark
        /// Ends the request soon, because what seems to be its answer cannot be read.
        var doubt: Task<Void, Never>?
        var sending: Task<Void, Never>?
        var timer: Task<Void, Never>?
    }

    /// The result of a request, and how long the message was that brought it.
    struct Answer {
        let result: JSON
        let byteCount: Int
    }

    let client: ClientInfo
    let limits: ConnectionLimits
    let factory: TransportFactory
    let redactor: Redactor
    let observer: @Sendable (ConnectionEvent) -> Void
    let chatter: ChatterBox

    var phase = Phase.idle
    var session = JSONRPCSession()
    var waiters: [Int: Waiter] = [:]
    var transport: (any Transport)?
    /// Grows with each transport, so that the late words of an earlier one are not heard.
    var epoch = 0
    /// Why the transport there is cannot be used any more.
    var breakage: OmlxError?
    /// Transports being closed.
    var ending: Task<Void, Never>?
    /// A session being begun anew.
    var renewal: Task<Void, any Error>?
    var replies = 0
    var initializeResult: InitializeResult?

    /// A connection; nothing is started yet.
    /// - Parameters:
    ///   - endpoint: Where the server is.
    ///   - client: Who omlx says it is.
    ///   - http: Sends HTTP requests.
    ///   - authorizer: Signs HTTP requests; without one a 401 is `OAUTH_SIGN_IN_NEEDED`.
    ///   - limits: Times and sizes.
    ///   - environment: The host's variables, of which a child process gets a few.
    ///   - fallsBackToSSE: Whether a URL that answers `initialize` with 400, 404 or 405 is tried as HTTP+SSE (A6.4).
    ///   - opensServerStream: Whether a stream is kept open on which a server may speak unasked (A4.7).
    ///   - redactor: Keeps the server's secrets out of errors and events; it is told those of the endpoint.
    ///   - observer: Told what happens; called on any thread, must return at once.
    public init(
        endpoint: ServerEndpoint, client: ClientInfo, http: HTTPClient, authorizer: (any RequestAuthorizer)? = nil,
        limits: ConnectionLimits = .init(), environment: [String: String], fallsBackToSSE: Bool = false,
        opensServerStream: Bool = false, redactor: Redactor = Redactor(),
        observer: @escaping @Sendable (ConnectionEvent) -> Void = { _ in }
    ) {
        self.client = client
        self.limits = limits
        let chatter = ChatterBox()
        self.chatter = chatter
        self.observer = { event in
            let event = event.hiding(redactor)
            chatter.note(event)
            observer(event)
        }
        self.redactor = redactor
        redactor.learn(endpoint)
        factory = TransportFactory(
            endpoint: endpoint, http: http, authorizer: authorizer, limits: limits, environment: environment,
            fallsBackToSSE: fallsBackToSSE, opensServerStream: opensServerStream, redactor: redactor)
    }

    deinit { transport?.abandon() }

    /// What the server said about itself; `nil` while there is no session.
    public var serverDescription: InitializeResult? { initializeResult }

    // MARK: life

    /// Reaches the server and settles a session.
    /// - Throws: `OmlxError`: why there is no session.
    public func connect() async throws -> InitializeResult {
        if phase == .connected, let initializeResult { return initializeResult }
        guard phase == .idle else {
            throw OmlxError(.transportNotConnected, "the connection is being opened or closed already")
        }
        phase = .connecting
        do {
            let result = try await openAndInitialize()
            guard phase == .connecting else { throw OmlxError.cancelled("connecting") }
            if let breakage { throw breakage }
            phase = .connected
            initializeResult = result.hiding(redactor)
            observer(.connected(result))
            transport?.sessionStands()
            return result.hiding(redactor)
        } catch {
            let failure = hidden(error, during: "connecting")
            await discardTransport(because: failure)
            if phase == .connecting { phase = .idle }
            throw failure
        }
    }

    private func openAndInitialize() async throws -> InitializeResult {
        do {
            return try await open(factory.primary)
        } catch {
            guard factory.mayFallBack(after: error) else { throw error }
            await discardTransport(because: OmlxError(converting: error, during: "connecting"))
            return try await openFallback(insteadOf: error)
        }
    }

    /// When there is no stream either, what the URL first answered says more.
    private func openFallback(insteadOf first: any Error) async throws -> InitializeResult {
        do {
            return try await open(factory.fallback)
        } catch let second as OmlxError where Self.saysNoStream.contains(second.code) {
            throw first
        } catch is JSONRPCError {
            throw first
        }
    }

    private static let saysNoStream: Set<ErrorCode> = [
        .transportNotFound, .transportBadStatus, .protocolContentType, .protocolErrorResponse,
    ]

    private func open(_ make: (TransportSink, @escaping @Sendable (ConnectionEvent) -> Void) -> any Transport)
        async throws
        -> InitializeResult
    {
        // Whoever gave up has closed already and waits for nothing that begins now.
        try Task.checkCancellation()
        guard phase == .connecting else { throw OmlxError.cancelled("connecting") }
        epoch += 1
        let made = make(sink(epoch), observer)
        transport = made
        breakage = nil
        session.era = .initialize(nil)
        let current = epoch
        try await made.open()
        guard current == epoch else {
            made.abandon()
            throw OmlxError.cancelled("connecting")
        }
        try Task.checkCancellation()
        return try await initialize()
    }

    private func sink(_ epoch: Int) -> TransportSink {
        TransportSink(
            receive: { [weak self] message, id in
                await self?.receive(message, answering: id, epoch: epoch) ?? true
            },
            garbled: { [weak self] answer, id in await self?.doubt(answer, answering: id, epoch: epoch) },
            remark: { [chatter] _ in chatter.value.strays(since: .init()) },
            ended: { [weak self] error in await self?.transportEnded(error, epoch: epoch) },
            report: observer)
    }

    /// Ends the session: over HTTP with a DELETE of at most 2 s, a child process by closing its input, then SIGTERM,
    /// then SIGKILL to its group. Requests under way fail with `TRANSPORT_CANCELLED`.
    public func close() async {
        guard phase == .connected || phase == .connecting, let transport else {
            // What has not begun to open does not open any more.
            if phase == .connecting { phase = .idle }
            // A failed connection may still be ending its child process.
            await ending?.value
            return
        }
        let wasConnected = phase == .connected
        phase = .closing
        epoch += 1
        self.transport = nil
        initializeResult = nil
        failAll(with: OmlxError(.transportCancelled, "the connection was closed"))
        await end(transport, quickly: !wasConnected)
        phase = .idle
        if wasConnected { observer(.closed(nil)) }
    }

    private func discardTransport(because error: OmlxError) async {
        guard let transport else { return }
        epoch += 1
        self.transport = nil
        failAll(with: error)
        await end(transport, quickly: true)
    }

    /// Not a child of the caller's task: a cancelled caller leaves no process behind.
    private func end(_ transport: any Transport, quickly: Bool) async {
        let earlier = ending
        let task = Task {
            await transport.close(quickly: quickly)
            await earlier?.value
        }
        ending = task
        await task.value
    }

    /// Any error as one of the catalogue, without secrets.
    func hidden(_ error: any Error, during label: String) -> OmlxError {
        redactor.hide(OmlxError(converting: error, during: label))
    }

    /// The transport broke by itself.
    func transportEnded(_ error: OmlxError, epoch: Int) async {
        guard epoch == self.epoch, breakage == nil else { return }
        let error = redactor.hide(error)
        breakage = error
        failAll(with: error)
        guard phase == .connected, let transport else { return }
        self.epoch += 1
        self.transport = nil
        initializeResult = nil
        phase = .idle
        observer(.closed(error))
        await end(transport, quickly: true)
    }

    private func failAll(with error: OmlxError) {
        _ = session.end()
        for id in waiters.keys.sorted() { finish(id, .failure(error), endsSending: true) }
    }
}
