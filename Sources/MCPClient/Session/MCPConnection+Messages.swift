// Requests on their way out, answers on their way back, timeouts, cancellation, sessions begun anew.

import OmlxConcurrency
import OmlxErrors
import OmlxJSON

extension MCPConnection {
    /// More answers to a server's requests than this are not kept waiting.
    private static let replyLimit = 64
    /// How long the answer to a request may still come after something that seemed to be it.
    private static let doubtPause = Duration.milliseconds(500)

    /// Sends a request of the session; one whose session the server forgot is repeated once in a new one (A4.4).
    /// - Throws: `OmlxError`, `JSONRPCError`, `SessionLost`.
    func perform(
        _ method: String, _ params: JSONObject?, limit: Double?, onProgress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> Answer {
        guard phase == .connected else {
            throw OmlxError(.transportNotConnected, "the server is not connected")
        }
        if let renewal { try await renewal.value }
        let limit = limit ?? limits.request
        do {
            return try await exchange(method, params, limit: limit, onProgress: onProgress)
        } catch let lost as SessionLost {
            try await renewSession(after: lost)
            return try await exchange(method, params, limit: limit, onProgress: onProgress)
        }
    }

    /// Begins a new session, once for all requests that lost the same one.
    private func renewSession(after lost: SessionLost) async throws {
        if let renewal { return try await renewal.value }
        guard let transport, transport.sessionGeneration == lost.generation else { return }
        let task = Task {
            transport.forgetSession()
            session.era = .initialize(nil)
            initializeResult = try await initialize()
            transport.sessionStands()
            observer(.sessionRenewed)
        }
        renewal = task
        defer { renewal = nil }
        do {
            try await task.value
        } catch {
            // Without a session there is no connection.
            let failure = hidden(error, during: "initialize")
            await transportEnded(failure, epoch: epoch)
            throw failure
        }
    }

    /// Sends one request and waits for its answer, its time limit or the caller's cancellation.
    func exchange(
        _ method: String, _ params: JSONObject?, limit: Double, onProgress: (@Sendable (Progress) -> Void)?
    ) async throws -> Answer {
        if let breakage { throw breakage }
        guard let transport else { throw OmlxError(.transportNotConnected, "the server is not connected") }
        let wantsProgress = onProgress != nil || method == "tools/call"
        let (id, message) = session.begin(method, params, wantsProgress: wantsProgress)
        let outgoing = OutgoingMessage(.request(id: id), label: method, message)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let now = ContinuousClock.now
                waiters[id] = Waiter(
                    method: method, continuation: continuation, limit: limit,
                    hardDeadline: now + .bounded(limit * ConnectionLimits.hardMaximumFactor),
                    deadline: now + .bounded(limit), onProgress: onProgress, before: chatter.value.mark)
                waiters[id]?.sending = Task { await self.transmit(outgoing, id, transport) }
                waiters[id]?.timer = Task { [weak self] in await self?.watch(id) }
            }
        } onCancel: {
            Task { await self.callerCancelled(id) }
        }
    }

    private func transmit(_ message: OutgoingMessage, _ id: Int, _ transport: any Transport) async {
        do {
            try await transport.send(message)
        } catch {
            session.abandon(id)
            // What else is to be done about these depends on the request.
            let isForCaller = error is JSONRPCError || error is SessionLost || error is SpeaksSSE
            let failure: any Error = isForCaller ? error : OmlxError(converting: error, during: message.label)
            finish(id, .failure(failure), endsSending: false)
        }
    }

    /// Ends a waiter; a late second end finds none.
    func finish(_ id: Int, _ result: Result<Answer, any Error>, endsSending: Bool) {
        guard let waiter = waiters.removeValue(forKey: id) else { return }
        waiter.timer?.cancel()
        waiter.doubt?.cancel()
        if endsSending { waiter.sending?.cancel() }
        waiter.continuation.resume(with: result)
    }

    // MARK: time limits and cancellation

    /// Waits for the deadline, which progress may move (A7.2).
    private func watch(_ id: Int) async {
        while let waiter = waiters[id] {
            guard waiter.deadline > .now else {
                let isHard = waiter.deadline == waiter.hardDeadline
                let limit = waiter.limit * (isHard ? ConnectionLimits.hardMaximumFactor : 1)
                let method = OmlxError.shown(waiter.method, limit: 80)
                let said = chatter.value.meanwhile(since: waiter.before)
                let text =
                    "the server did not answer \(method) within \(shownSeconds(limit))"
                    + (isHard ? ", though it reported progress" : "") + said
                var error = OmlxError(
                    .transportTimeout, text, nextStep: "try again, or raise the server's timeout in mcp.json")
                error.serverWords = said
                return cancel(id, reason: "timeout", error)
            }
            try? await Task.sleep(until: waiter.deadline)
            if Task.isCancelled { return }
        }
    }

    private func callerCancelled(_ id: Int) {
        guard let method = waiters[id]?.method else { return }
        cancel(id, reason: "cancelled", .cancelled(method))
    }

    /// Stops waiting, aborts the transfer and tells the server (A7.1), but never for `initialize` (A7.3).
    private func cancel(_ id: Int, reason: String, _ error: OmlxError) {
        if let notification = session.cancel(id, reason: reason), let transport {
            let message = OutgoingMessage(.notification, label: "notifications/cancelled", notification)
            Task { _ = try? await withDeadline(5) { try await transport.send(message) } }
        }
        finish(id, .failure(error), endsSending: true)
    }

    // MARK: what comes

    /// What seems to be an answer cannot be read: the request it must be to fails, unless its answer comes after all in a
    /// moment, as when a log was mistaken for it.
    func doubt(_ answer: GarbledAnswer, answering: Int?, epoch: Int) {
        guard epoch == self.epoch, let id = answering ?? session.onlyPending, let waiter = waiters[id],
            waiter.doubt == nil
        else { return }
        let method = OmlxError.shown(waiter.method, limit: 80)
        let error = OmlxError(
            .protocolNotJSON,
            "the server's answer to \(method) cannot be read: \(answer.reason); it begins: \(answer.sample)",
            nextStep: "report it to the server's makers; on stdio, run the command by itself to see what it writes")
        waiters[id]?.doubt = Task { [weak self] in
            try? await Task.sleep(for: Self.doubtPause)
            if !Task.isCancelled { await self?.giveUp(id, error) }
        }
    }

    private func giveUp(_ id: Int, _ error: OmlxError) {
        guard waiters[id] != nil else { return }
        cancel(id, reason: "the answer cannot be read", error)
    }

    /// Takes a message of the transport; tells whether the request it came in answer to is over.
    func receive(_ message: IncomingMessage, answering id: Int?, epoch: Int) -> Bool {
        guard epoch == self.epoch else { return true }
        for action in session.receive(message.json, answering: id) { carryOut(action, message) }
        return id.map { session.pending[$0] == nil } ?? false
    }

    private func carryOut(_ action: JSONRPCSession.Action, _ message: IncomingMessage) {
        switch action {
        case .resolve(let id, let result):
            let method = waiters[id]?.method ?? ""
            let limit = limits.messageBytes(answering: method)
            guard message.byteCount <= limit else {
                return finish(id, .failure(OmlxError.tooLarge(method, limit)), endsSending: false)
            }
            guard !message.isCut else { return finish(id, .failure(OmlxError.tooDeep(method)), endsSending: false) }
            finish(id, .success(Answer(result: result, byteCount: message.byteCount)), endsSending: false)
        case .refuse(let id, var error):
            error.message = redactor.hide(error.message)
            error.data = error.data?.hiding(redactor)
            finish(id, .failure(error), endsSending: false)
        case .fail(let id, let reason):
            let error = OmlxError(.protocolInvalidMessage, "the server's answer is no MCP message: \(reason)")
            finish(id, .failure(error), endsSending: false)
        case .progress(let id, let progress): take(progress, of: id)
        case .reply(let message): reply(message)
        case .refusedServerRequest(let method):
            observer(.serverRequestRefused(method: OmlxError.shown(method, limit: 80)))
        case .notification(let method, let params): take(method, params)
        case .stray(let id): observer(.strayAnswer(id: OmlxError.shown(id.text(), limit: 80)))
        case .invalid(let reason):
            observer(.invalidMessage(reason: OmlxError.shown(redactor.hide(reason))))
        }
    }

    private func take(_ progress: Progress, of id: Int) {
        guard var waiter = waiters[id] else { return }
        waiter.deadline = min(.now + .bounded(waiter.limit), waiter.hardDeadline)
        waiters[id] = waiter
        var progress = progress
        progress.message = progress.message.map { redactor.hide($0) }
        waiter.onProgress?(progress)
    }

    /// Answers a request of the server (E3.1) without holding up what comes.
    private func reply(_ message: JSON) {
        guard let transport, replies < Self.replyLimit else { return }
        replies += 1
        let outgoing = OutgoingMessage(.reply, label: "the answer to the server's request", message)
        Task {
            _ = try? await withDeadline(limits.request) { try await transport.send(outgoing) }
            replies -= 1
        }
    }

    /// Notifications omlx has no use for are accepted in silence (E3.7).
    private func take(_ method: String, _ params: JSON?) {
        switch method {
        case "notifications/tools/list_changed": observer(.toolsListChanged)
        case "notifications/message": tellLog(params)
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
