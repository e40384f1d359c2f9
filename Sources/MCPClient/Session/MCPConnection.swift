// The connection to one server: drives its life, hands requests out and answers back.

import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// A connection to one MCP server. All errors thrown are `OmlxError`, but for `CancellationError` where the caller's own task
/// was cancelled.
///
/// The server is reached by `connect()`, which may be called again after it failed or after `close()`.
package actor MCPConnection {
    /// One way to the server, from its opening to its end.
    struct Link: Identifiable, Sendable {
        let id: Int
        let transport: any Transport
        /// What is to be done about an error of its opening.
        let isFallback: Bool
    }

    /// Who waits for the answer to a request.
    struct Waiter: Sendable {
        let continuation: CheckedContinuation<Answer, any Error>
        let onProgress: (@Sendable (Progress) -> Void)?
        /// Told what the server will tell of, where the request asks for that.
        let onAcknowledged: (@Sendable (JSON) -> Void)?
        /// Who answers what the server asks meanwhile.
        let elicitor: Elicitor?
        /// What the server had said when the request was sent.
        let before: ServerChatter.Mark
    }

    /// The result of a request, and how long the message was that brought it.
    struct Answer: Sendable {
        let result: JSON
        let byteCount: Int
    }

    typealias Life = ConnectionLife<Link, Waiter, CheckedContinuation<Void, any Error>>

    let client: ClientInfo
    let limits: ConnectionLimits
    let factory: TransportFactory
    let redactor: Redactor
    let observer: @Sendable (ConnectionEvent) -> Void
    let chatter: ChatterBox

    var life = Life()
    /// What the server speaks, as far as is known.
    package internal(set) var era: SpokenEra?
    /// Until when the tools that were listed last are as the server has them, if it said so (MCP 2026-07-28, caching).
    package internal(set) var toolsFreshUntil: ContinuousClock.Instant?
    var sendings = Sendings()
    /// Who answers what no call can be asked; whether servers are told that questions are answered at all.
    let elicitor: Elicitor?
    let elicits: Bool
    /// Questions the person has not answered yet, by what asks them.
    var questions: [Int: AskedQuestion] = [:]
    /// Keeps all time limits: one sleep, however many requests are under way.
    var timer: DeadlineTimer<Int, ContinuousClock>?
    /// When it rings next.
    var nextRing: ContinuousClock.Instant?
    var replies = 0
    /// The resources of which changes are to be told, over new sessions too.
    var subscribed: Set<String> = []
    /// The sending whose answer tells of them, in the modern era.
    var hearing: Int?
    /// One change of what is heard at a time.
    let subscribing = Gate(places: 1)
    /// The end of the link that is being left. A cancelled caller does not cut it off, and leaves no process behind.
    private var ending: Task<Void, Never>?

    /// A connection; nothing is started yet.
    /// - Parameters:
    ///   - endpoint: Where the server is.
    ///   - client: Who omlx says it is.
    ///   - http: Sends HTTP requests.
    ///   - authorizer: Signs HTTP requests; without one a 401 is `OAUTH_SIGN_IN_NEEDED`.
    ///   - limits: Times and sizes.
    ///   - environment: The host's variables, of which a child process gets a few.
    ///   - fallsBackToSSE: Whether a URL that answers `initialize` with 400, 404 or 405 is tried as HTTP+SSE (MCP 2025-11-25,
    ///     backwards compatibility).
    ///   - opensServerStream: Whether a stream is kept open on which a server may speak unasked.
    ///   - era: What the server is known to speak: one that speaks the handshake is not asked.
    ///   - elicitor: Answers what the server asks, where the call itself has none who does.
    ///   - elicits: Whether there may be such a one with a call.
    ///   - redactor: Keeps the server's secrets out of errors and events; it is told those of the endpoint.
    ///   - observer: Told what happens; called on any thread, must return at once.
    package init(
        endpoint: ServerEndpoint, client: ClientInfo, http: HTTPClient, authorizer: (any RequestAuthorizer)? = nil,
        limits: ConnectionLimits = .init(), environment: [String: String], fallsBackToSSE: Bool = false,
        opensServerStream: Bool = false, era: SpokenEra? = nil, elicitor: Elicitor? = nil, elicits: Bool = false,
        redactor: Redactor = Redactor(),
        observer: @escaping @Sendable (ConnectionEvent) -> Void = { _ in }
    ) {
        self.client = client
        self.limits = limits
        self.era = era
        self.elicitor = elicitor
        self.elicits = elicits || elicitor != nil
        life.requests.takesQuestions = self.elicits
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

    deinit {
        sendings.cancelAll()
        life.link?.transport.abandon()
    }

    /// What the server said about itself; `nil` while there is no session.
    package var serverDescription: InitializeResult? { life.description }

    // MARK: opening

    /// Reaches the server and settles a session.
    /// - Throws: `OmlxError`: why there is no session; `CancellationError`.
    package func connect() async throws -> InitializeResult {
        while true {
            switch life.connect({ link($0, isFallback: false) }) {
            case .stands(let result): return result
            case .refuse: throw OmlxError(.transportNotConnected, "the connection is being opened already")
            case .wait(let link): await goodbye(to: link)
            case .open(let link): return try await open(link)
            }
        }
    }

    private func link(_ id: Int, isFallback: Bool) -> Link {
        let make = isFallback ? factory.fallback : factory.primary
        return Link(id: id, transport: make(sink(id), observer), isFallback: isFallback)
    }

    private func open(_ link: Link) async throws -> InitializeResult {
        do {
            let result = try await openAndSettle(link)
            guard life.settled(link.id, result.hiding(redactor)) != nil else { throw OmlxError.cancelled("connecting") }
            observer(.connected(result))
            listen(link)
            return result.hiding(redactor)
        } catch {
            let fallsBack = !link.isFallback && !Task.isCancelled && factory.mayFallBack(after: error)
            guard let ending = life.failed(link.id, fallsBack: fallsBack) else {
                throw OmlxError.cancelled("connecting")
            }
            let failure = hidden(error, during: "connecting")
            let next = await end(ending, because: failure, quickly: true)
            if fallsBack {
                guard let next else { throw OmlxError.cancelled("connecting") }
                return try await openFallback(next, insteadOf: error)
            }
            if Task.isCancelled { throw CancellationError() }
            throw failure
        }
    }

    /// When there is no stream either, what the URL first answered says more.
    private func openFallback(_ link: Link, insteadOf first: any Error) async throws -> InitializeResult {
        do {
            return try await open(link)
        } catch let second as OmlxError where Self.saysNoStream.contains(second.code) {
            throw hidden(first, during: "connecting")
        }
    }

    private static let saysNoStream: Set<ErrorCode> = [
        .transportNotFound, .transportBadStatus, .protocolContentType, .protocolErrorResponse,
    ]

    private func openAndSettle(_ link: Link) async throws -> InitializeResult {
        try Task.checkCancellation()
        try await owned { try await link.transport.open() }
        _ = try session(on: link)
        try Task.checkCancellation()
        let result = try await initialize(link)
        _ = try session(on: link)
        return result
    }

    /// Work of the opening that the end of the link cuts off, as the caller's cancellation does.
    private func owned(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let id = sendings.nextID()
        defer { sendings.remove(id) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let task = Task {
                    do { continuation.resume(returning: try await work()) } catch {
                        continuation.resume(throwing: error)
                    }
                }
                sendings.add(id, task)
            }
        } onCancel: {
            Task { await self.cutOff(id) }
        }
    }

    private func cutOff(_ id: Int) { sendings.cancel(id) }

    /// What is spoken on the link.
    /// - Throws: `OmlxError`: that the link broke, or was ended meanwhile.
    func session(on link: Link) throws(OmlxError) -> Life.Session {
        switch life.going(link.id) {
        case .on(let session): return session
        case .broken(let error): throw error
        case .over: throw OmlxError.cancelled("connecting")
        }
    }

    private func sink(_ id: Int) -> TransportSink {
        TransportSink(
            receive: { [weak self] message, request in
                await self?.receive(message, answering: request, on: id) ?? true
            },
            garbled: { [weak self] answer, request in await self?.doubt(answer, answering: request, on: id) },
            opens: { [weak self] head in try await self?.adopt(head, on: id) ?? [] },
            remark: { [chatter] _ in chatter.value.strays(since: .init()) },
            ended: { [weak self] error in await self?.broke(error, on: id) },
            report: observer)
    }

    // MARK: ends

    /// Ends the session: over HTTP with a DELETE of at most 2 s, a child process by closing its input, then SIGTERM,
    /// then SIGKILL to its group. Requests under way fail with `TRANSPORT_CANCELLED`.
    package func close() async {
        switch life.close() {
        case .nothing: return
        case .wait(let link): await goodbye(to: link)
        case .end(let ending):
            let error = OmlxError(.transportCancelled, "the connection was closed")
            await end(ending, because: error, quickly: !ending.wasConnected)
            if ending.wasConnected { observer(.closed(nil)) }
        }
    }

    /// The transport broke by itself.
    func broke(_ error: OmlxError, on id: Int) {
        let error = redactor.hide(error)
        switch life.ended(id, error) {
        case .whileOpening(let requests): fail(requests, with: error)
        case .end(let ending):
            observer(.closed(error))
            begin(ending, because: error, quickly: true)
        case nil: break
        }
    }

    private func fail(_ requests: [RequestTable<Waiter>.Request], with error: OmlxError) {
        for request in requests { finish(request, .failure(error), endsSending: true) }
    }

    /// - Returns: The link that follows where one was to.
    @discardableResult
    private func end(
        _ ending: Life.Ending, because error: OmlxError, quickly: Bool
    ) async -> Link? {
        begin(ending, because: error, quickly: quickly)
        return await goodbye(to: ending.link)
    }

    /// Waits until a link that is being ended is gone.
    /// - Returns: The link that follows where one was to.
    @discardableResult
    private func goodbye(to link: Link) async -> Link? {
        await ending?.value
        return life.gone(link.id) { self.link($0, isFallback: true) }
    }

    private func begin(_ ending: Life.Ending, because error: OmlxError, quickly: Bool) {
        fail(ending.requests, with: error)
        for comer in ending.comers { comer.resume(throwing: error) }
        questions = [:]
        sendings.cancelAll()
        timer = nil
        nextRing = nil
        (subscribed, hearing) = ([], nil)
        let link = ending.link
        self.ending = Task { await link.transport.close(farewell: ending.farewell, quickly: quickly) }
    }

    /// Any error as one of the catalogue, without secrets.
    func hidden(_ error: any Error, during label: String) -> OmlxError {
        redactor.hide(OmlxError(converting: error, during: label))
    }
}
