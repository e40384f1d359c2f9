// Requests on their way out, answers on their way back, time limits, cancellation, sessions begun anew.

import OmlxConcurrency
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

extension MCPConnection.Link {
    /// Sends a message of a session. What a refusal means is the era's to say.
    /// - Throws: `SessionLost`, and what transports throw.
    func send(_ message: OutgoingMessage, in session: MCPConnection.Life.Session) async throws {
        do {
            try await transport.send(message)
        } catch let refused as MessageRefused {
            if session.era.isLost(refused) { throw SessionLost(number: session.number) }
            throw refused.reason
        }
    }
}

extension MCPConnection {
    typealias Request = RequestTable<Waiter>.Request

    /// More answers to a server's requests than this are not kept waiting.
    private static let replyLimit = 64
    /// More often than this a server is not asked again for the same thing.
    private static let roundLimit = 16
    /// How long the answer to a request may still come after something that seemed to be it.
    private static let doubtPause = Duration.milliseconds(500)
    /// How long what follows an answer on its stream may take, so that the connection can be used again.
    private static let tailLimit = Duration.seconds(1)
    /// How long a server may take to hear that a request is given up, in seconds.
    private static let cancellationLimit = 5.0

    /// Sends a request of the session; one whose session the server forgot is repeated once in a new one (MCP 2025-11-25,
    /// session management).
    /// - Throws: `OmlxError`, `JSONRPCError`, `SessionLost`, `CancellationError`.
    func perform(
        _ call: Call, limit: Double?, onProgress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> Answer {
        var (call, isRepeated, isMended, rounds) = (call, false, false, 0)
        if call.mayWantInput { call.elicitor = call.elicitor ?? elicitor }
        while true {
            switch life.admit() {
            case .refuse: throw OmlxError(.transportNotConnected, "the server is not connected")
            case .wait:
                try await sessionStands()
                try Task.checkCancellation()
            case .send(let link):
                let era = try session(on: link).era
                do {
                    let answer = try await exchange(
                        call, on: link, limit: limit ?? limits.request, onProgress: onProgress)
                    guard let next = try era.next(after: answer.result, of: call) else { return answer }
                    rounds += 1
                    guard rounds <= Self.roundLimit else { throw OmlxError.endlessRounds(call.method, rounds) }
                    switch next {
                    case .request(let next): call = next
                    case .questions(let questions, let next):
                        call = next.answering(try await answers(to: questions, of: call))
                    }
                } catch let lost as SessionLost where !isRepeated {
                    isRepeated = true
                    if let link = life.lost(session: lost.number) { renew(link) }
                } catch let error as OmlxError where !isRepeated && era.repeats(call, after: error) {
                    isRepeated = true
                } catch let error as JSONRPCError where error.code == JSONRPCError.pagesRequired {
                    await showPages(error, call)
                    throw error
                } catch let error as JSONRPCError where !isMended && era.mistookSchema(call, error) {
                    isMended = true
                    guard let tool = try? await listTools().first(where: { $0.name == call.toolName }) else {
                        throw error
                    }
                    call.tool = tool
                }
            }
        }
    }

    /// Waits for the session that is being begun anew.
    private func sessionStands() async throws {
        try await withCheckedThrowingContinuation { if !life.wait($0) { $0.resume() } }
    }

    /// Begins a new session, once for all requests that lost the same one, and for none of them alone: who is cancelled does
    /// not take it from the others.
    private func renew(_ link: Link) {
        let id = sendings.nextID()
        sendings.add(id, Task { await settleAnew(link, id) })
    }

    private func settleAnew(_ link: Link, _ id: Int) async {
        defer { sendings.remove(id) }
        link.transport.stopListening()
        do {
            let result = try await initialize(link)
            guard let comers = life.settled(link.id, result.hiding(redactor)) else { return }
            listen(link)
            resubscribe(link)
            observer(.sessionRenewed)
            for comer in comers { comer.resume() }
        } catch {
            // Without a session there is no connection.
            broke(hidden(error, during: "initialize"), on: link.id)
        }
    }

    /// Sends one request and waits for its answer, its time limit or the caller's cancellation.
    func exchange(
        _ call: Call, on link: Link, limit: Double, onProgress: (@Sendable (Progress) -> Void)?,
        onAcknowledged: (@Sendable (JSON) -> Void)? = nil
    ) async throws -> Answer {
        let session = try session(on: link)
        let id = life.requests.nextID()
        let wantsProgress = onProgress != nil || call.method == "tools/call"
        let message = session.era.request(call, id: id, wantsProgress: wantsProgress)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let waiter = Waiter(
                    continuation: continuation, onProgress: onProgress, onAcknowledged: onAcknowledged,
                    elicitor: call.elicitor, before: chatter.mark)
                let request = life.requests.begin(id, call.method, limit: limit, at: .now, for: waiter)
                ring(by: request.deadline)
                if !link.transport.post(message) {
                    sendings.add(id, Task { await self.transmit(message, id, link, session) })
                }
            }
        } onCancel: {
            Task { await self.callerCancelled(id) }
        }
    }

    private func transmit(_ message: OutgoingMessage, _ id: Int, _ link: Link, _ session: Life.Session) async {
        do {
            try await link.send(message, in: session)
        } catch {
            guard let request = life.requests.abandon(id) else { return sendings.remove(id) }
            // What else is to be done about these depends on the request.
            let isForCaller = error is JSONRPCError || error is SessionLost || error is SpeaksSSE
            request.waiter.continuation.resume(
                throwing: isForCaller ? error : OmlxError(converting: error, during: message.label))
        }
        sendings.remove(id)
    }

    /// Ends the wait for a request, which the table has let go.
    func finish(_ request: Request, _ result: Result<Answer, any Error>, endsSending: Bool) {
        if endsSending {
            sendings.cancel(request.id)
        } else {
            let due = ContinuousClock.now + Self.tailLimit
            if sendings.limit(request.id, to: due) { ring(by: due) }
        }
        if !questions.isEmpty { withdrawQuestions { $0.request == request.id } }
        request.waiter.continuation.resume(with: result)
    }

    /// Sends what is not waited for.
    private func dispatch(
        _ message: OutgoingMessage, on link: Link, within limit: Double,
        then done: (@Sendable (isolated MCPConnection) -> Void)? = nil
    ) {
        let id = sendings.nextID()
        let due = ContinuousClock.now + .bounded(limit)
        let task = Task { [weak self] in
            try? await link.transport.send(message)
            await self?.dispatched(id, done)
        }
        sendings.add(id, until: due, task)
        ring(by: due)
    }

    private func dispatched(_ id: Int, _ done: (@Sendable (isolated MCPConnection) -> Void)?) {
        sendings.remove(id)
        done?(self)
    }

    // MARK: time limits and cancellation

    func ring(by due: ContinuousClock.Instant) {
        if let nextRing, nextRing <= due { return }
        nextRing = due
        let timer = timer ?? DeadlineTimer { [weak self] _ in await self?.rang() }
        self.timer = timer
        timer.set(0, at: due)
    }

    private func rang() {
        nextRing = nil
        let now = ContinuousClock.now
        for overdue in life.requests.takeOverdue(at: now) {
            switch overdue {
            case .silent(let request): timedOut(request, after: request.limit, "")
            case .endless(let request):
                let limit = request.limit * ConnectionLimits.hardMaximumFactor
                timedOut(request, after: limit, ", though it reported progress")
            case .unreadable(let request, let error): giveUp(request, reason: "the answer cannot be read", error)
            }
        }
        sendings.cancelOverdue(at: now)
        if let next = [life.requests.nextDue, sendings.nextDue].compactMap({ $0 }).min() { ring(by: next) }
    }

    private func timedOut(_ request: Request, after limit: Double, _ detail: String) {
        let method = OmlxError.shown(request.method, limit: 80)
        let said = chatter.value.meanwhile(since: request.waiter.before)
        var error = OmlxError(
            .transportTimeout, "the server did not answer \(method) within \(shownSeconds(limit))\(detail)\(said)",
            nextStep: "try again, or raise the server's timeout in mcp.json")
        error.serverWords = said
        giveUp(request, reason: "timeout", error)
    }

    private func callerCancelled(_ id: Int) {
        guard let request = life.requests.abandon(id) else { return }
        giveUp(request, reason: "cancelled", CancellationError())
    }

    /// Stops waiting, aborts the transfer and tells the server (MCP 2025-11-25, cancellation).
    private func giveUp(_ request: Request, reason: String, _ error: any Error) {
        if let link = life.link,
            let message = life.session?.era.cancellation(
                ofRequest: request.id, method: request.method, reason: reason),
            !link.transport.post(message)
        {
            dispatch(message, on: link, within: Self.cancellationLimit)
        }
        finish(request, .failure(error), endsSending: true)
    }

    // MARK: what comes

    /// Takes from the head of the answer to an opening message what names the session.
    func adopt(_ head: HTTPResponseHead, on id: Int) throws -> [HTTPRequestHeader] {
        var secret: String?
        try life.change(id) { era throws(OmlxError) in secret = try era.adopt(head) }
        if let secret { redactor.learn(secret, isPassing: true) }
        return life.session?.era.headers ?? []
    }

    /// What seems to be an answer cannot be read: the request it must be to fails, unless its answer comes after all.
    func doubt(_ answer: GarbledAnswer, answering: Int?, on id: Int) {
        guard case .on = life.going(id) else { return }
        let due = life.requests.doubt(answering, until: .now + Self.doubtPause) { request in
            let method = OmlxError.shown(request.method, limit: 80)
            return OmlxError(
                .protocolNotJSON,
                "the server's answer to \(method) cannot be read: \(answer.reason); it begins: \(answer.sample)",
                nextStep: "report it to the server's makers; on stdio, run the command by itself to see what it writes")
        }
        if let due { ring(by: due) }
    }

    /// Takes a message of the transport; tells whether the request it came in answer to is over.
    func receive(_ message: IncomingMessage, answering request: Int?, on id: Int) -> Bool {
        guard case .on(let session) = life.going(id) else { return true }
        let actions = life.requests.receive(
            message.json, answering: request, inBatches: session.era.hasBatches)
        for action in actions { carryOut(action, message) }
        return request.map { life.requests.pending[$0] == nil } ?? false
    }

    private func carryOut(_ action: RequestTable<Waiter>.Action, _ message: IncomingMessage) {
        switch action {
        case .resolve(let request, let result):
            let method = request.method
            let limit = limits.messageBytes(answering: method)
            guard message.byteCount <= limit else {
                return finish(request, .failure(OmlxError.tooLarge(method, limit)), endsSending: false)
            }
            guard !message.isCut else {
                return finish(request, .failure(OmlxError.tooDeep(method)), endsSending: false)
            }
            finish(request, .success(Answer(result: result, byteCount: message.byteCount)), endsSending: false)
        case .refuse(let request, var error):
            error.message = redactor.hide(error.message)
            error.pages = error.data?["elicitations"]?.arrayValue ?? []
            error.data = error.data?.hiding(redactor)
            finish(request, .failure(error), endsSending: false)
        case .fail(let request, let reason):
            let error = OmlxError(.protocolInvalidMessage, "the server's answer is no MCP message: \(reason)")
            finish(request, .failure(error), endsSending: false)
        case .progress(let request, var progress):
            progress.message = progress.message.map { redactor.hide($0) }
            request.waiter.onProgress?(progress)
        case .reply(let message): reply(message)
        case .ask(let id, let params, let request):
            // Where servers ask by their results, an answer to such a question has no form.
            guard life.session?.era.reply(.null) != nil else {
                return observer(.serverRequestRefused(method: Elicitation.method))
            }
            ask(id, params, of: request)
        case .refusedServerRequest(let method):
            observer(.serverRequestRefused(method: OmlxError.shown(method, limit: 80)))
        case .notification(let method, let params): take(method, params)
        case .stray(let id): observer(.strayAnswer(id: OmlxError.shown(id.text(), limit: 80)))
        case .invalid(let reason):
            observer(.invalidMessage(reason: OmlxError.shown(redactor.hide(reason))))
        }
    }

    /// Answers a request of the server without holding up what comes.
    func reply(_ json: JSON) {
        guard let link = life.link, let message = life.session?.era.reply(json), !link.transport.post(message),
            replies < Self.replyLimit
        else { return }
        replies += 1
        dispatch(message, on: link, within: limits.request) { $0.replies -= 1 }
    }

    /// Notifications omlx has no use for are accepted in silence.
    private func take(_ method: String, _ params: JSON?) {
        switch method {
        case "notifications/tools/list_changed": observer(.listChanged(.tools))
        case "notifications/prompts/list_changed": observer(.listChanged(.prompts))
        // Templates are told with them.
        case "notifications/resources/list_changed": observer(.listChanged(.resources))
        case "notifications/resources/updated":
            if let uri = params?["uri"]?.stringValue { observer(.resourceUpdated(uri: uri)) }
        case "notifications/subscriptions/acknowledged":
            // It names the request (MCP 2026-07-28, subscriptions).
            guard let id = params?["_meta"]?["io.modelcontextprotocol/subscriptionId"]?.requestID else { return }
            life.requests.pending[id]?.waiter.onAcknowledged?(params?["notifications"] ?? .null)
        case "notifications/message": tellLog(params)
        case "notifications/cancelled":
            if let id = params?["requestId"] { withdrawQuestions { $0.id == id } }
        default: break
        }
    }

    /// The most lines of one log message that are told.
    private static let logLines = 50

    /// A log message (MCP 2025-11-25, logging), line by line.
    private func tellLog(_ params: JSON?) {
        let data = (params?["data"] ?? .null).withoutTerminalControls
        let text = data.stringValue ?? data.text()
        let level = redactor.hide((params?["level"]?.stringValue ?? "info").withoutTerminalControls())
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        let told =
            lines.prefix(Self.logLines).map { redactor.hide(String($0)) } + (lines.count > Self.logLines ? ["…"] : [])
        for line in told {
            observer(.logMessage(level: OmlxError.shown(level, limit: 20), text: OmlxError.shown(line, limit: 1000)))
        }
    }
}

extension JSON {
    /// The value with its texts as a person would have read them on a terminal, line by line.
    fileprivate var withoutTerminalControls: JSON {
        switch self {
        case .string(let text):
            .string(
                text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
                    .map { String($0).withoutTerminalControls() }.joined(separator: "\n"))
        case .array(let elements): .array(elements.map(\.withoutTerminalControls))
        case .object(let object): .object(JSONObject(object.map { ($0.key, $0.value.withoutTerminalControls) }))
        case .null, .bool, .number, .unread: self
        }
    }
}
