// What a server says unasked, how its connection ends, and what its failures mean.

import FoundationEssentials
import Logging
import OmlxConcurrency
import OmlxErrors
import OmlxMCPClient

extension ManagedServer {
    func heard(_ event: ConnectionEvent, _ link: Link) {
        guard life.holds(link) else { return }
        pulse.heard(at: options.clock.now())
        switch event {
        case .closed(let error?): lost(error, link)
        case .listChanged(.tools): if life.toolsChanged(link) { relistSoon(link) }
        case .listChanged(let list): changed(list, link)
        case .resourceUpdated(let uri): board.tell(.resourceUpdated(server: name, uri: uri))
        case .entriesDropped, .entriesOdd, .listCut, .listUnfinished, .listNotOffered, .answerOdd,
            .notificationRefused:
            tellWarnings(of: link)
        case .skippedLine(let count, let text):
            log(.debug, "line \(count) on standard output that is no message: \(text)")
        case .invalidMessage(let reason): log(.debug, "a message could not be understood: \(reason)")
        case .strayAnswer(let id): log(.debug, "an answer with the id \(id) belongs to no request under way")
        default: break
        }
    }

    func tellWarnings(of link: Link) {
        for warning in link.notes.takeWarnings() { warnOnce(warning.text, warning.isFact ? .info : .warning) }
    }

    /// A server that changes its list often has the same faults each time.
    func warnOnce(_ text: String, _ level: Logger.Level = .warning) {
        if warned.count < 100, warned.insert(text).inserted { log(level, text) }
    }

    func relistSoon(_ link: Link) {
        tasks.start { [weak self] in await self?.relist(link) }
    }

    private func relist(_ link: Link) async {
        repeat {
            do {
                try await discover(link)
            } catch {
                await failed(OmlxError(converting: error, name), link)
            }
        } while life.listingEnded(link)
    }

    // MARK: lost and back

    /// The connection ended, or the server says nothing any more.
    func lost(_ error: OmlxError, _ link: Link) {
        let clock = options.clock
        let loss = life.lost(link, judged(explained(error, link)), at: clock.now(), jitter: clock.jitter())
        guard case .close(let next) = loss, let trouble = life.trouble else { return }
        log(.warning, "connection lost: \(trouble.description)")
        tellLost(trouble)
        if let next { comeBack(next) }
        closeSoon(link)
    }

    private func tellLost(_ error: OmlxError) {
        let last = StatusError(code: error.code.text, message: error.message, at: options.now())
        isErrorShown = true
        show { $0.lastError = last }
        guard !isToldLost else { return }
        isToldLost = true
        board.tell(.lost(server: name, error: error))
    }

    private func comeBack(_ next: ServerLife<Link>.Return) {
        later(next.pause) { await $0.returned(next.number) }
    }

    /// Does something after a pause, in place of what was to be done before.
    private func later(_ pause: Double, _ work: @escaping @Sendable (ManagedServer) async -> Void) {
        comeback?.cancel()
        let clock = options.clock
        let due = clock.now() + .bounded(pause)
        comeback = Task { [weak self] in
            guard (try? await clock.sleep(due)) != nil, let self else { return }
            await work(self)
        }
    }

    private func returned(_ number: Int) {
        guard let begun = life.returned(number) else { return }
        log(.info, withheld == nil ? "connecting it again" : "starting it again")
        run(begun)
    }

    /// The machine was asleep, or the network is another one: a server that was lost is connected now, and one that is reached
    /// over the network is asked whether it is there, for its connections may be dead without a word.
    func hurry() async {
        if let begun = life.hurried() {
            comeback?.cancel()
            log(.info, "connecting it again")
            run(begun)
        } else if withheld == nil, let link = life.link, life.isReady {
            await ask(link)
        }
    }

    // MARK: calls that fail, and signs of life

    /// What the failure of a call says about the server: its connection ended, or it was not reached.
    func noteFailedCall(_ error: OmlxError, _ link: Link) {
        if let loss = link.notes.loss { return lost(loss, link) }
        // Another session is had by another connection alone.
        if error.code == .protocolSessionLost { return lost(error, link) }
        guard error.saysUnreached else { return }
        let clock = options.clock
        let (isNews, ask) = life.unreached(link, error, at: clock.now(), jitter: clock.jitter())
        guard isNews else { return }
        log(.info, "not reached: \(error)")
        tellLost(error)
        guard let ask else { return }
        later(ask.pause) { server in
            guard await server.life.isUnreached(link, ask.number) else { return }
            await server.ask(link)
        }
    }

    /// The server answered: whatever kept calls from reaching it is over.
    func noteAnswer(_ link: Link) {
        pulse.heard(at: options.clock.now())
        guard life.answered(link) else { return }
        comeback?.cancel()
        log(.info, "reached again")
        show()
        isToldLost = false
        board.tell(.connected(server: name))
    }

    /// Looks whether the server is there: asks one that is connected for a sign of life, and connects one that is not.
    func check() async {
        if let link = life.link, life.isReady {
            await ask(link)
        } else {
            await start()
        }
    }

    /// Asks for a sign of life. A server that does not know how to give one may list its tools.
    private func ask(_ link: Link) async {
        do {
            try await link.connection.ping(timeout: limit)
            noteAnswer(link)
        } catch let error as OmlxError where error.code == .transportTimeout {
            do {
                try await discover(link)
                noteAnswer(link)
            } catch { noteFailedAsking(error, link) }
        } catch { noteFailedAsking(error, link) }
    }

    private func noteFailedAsking(_ error: any Error, _ link: Link) {
        guard let error = (error as? OmlxError).map({ judged($0) }) else { return }
        noteSignInProblem(error)
        if SignInState(problem: error.code) != nil || error.isAnswer { return noteAnswer(link) }
        lost(link.notes.loss ?? error, link)
    }

    /// Begins to look whether the server has been silent for too long.
    func watch(_ link: Link) {
        watchIdleness(link)
        pulse.heard(at: options.clock.now())
        watch?.cancel()
        guard pulse.interval != nil else { return }
        let clock = options.clock
        watch = Task { [weak self, weak link] in
            while let link, let look = await self?.look(link) {
                switch look {
                case .later(let moment): guard (try? await clock.sleep(moment)) != nil else { return }
                case .ask: await self?.ask(link)
                }
            }
        }
    }

    /// Begins to look whether the server has had nothing to do for too long.
    private func watchIdleness(_ link: Link) {
        let clock = options.clock
        idleness.opened(at: clock.now())
        rest?.cancel()
        guard idleness.limit != nil else { return }
        rest = Task { [weak self, weak link] in
            while let link, let look = await self?.lookAtIdleness(link) {
                guard case .later(let moment) = look, (try? await clock.sleep(moment)) != nil else { return }
            }
        }
    }

    /// Closes the server when its time is over.
    private func lookAtIdleness(_ link: Link) -> Idleness.Look? {
        guard life.holds(link), let look = idleness.look(at: options.clock.now()) else { return nil }
        guard look == .rest else { return look }
        guard life.rest(link) else { return idleness.limit.map { .later(options.clock.now() + $0) } }
        log(.info, "closed, since it had nothing to do; the next call opens it")
        watch?.cancel()
        show()
        closeSoon(link)
        return look
    }

    private func look(_ link: Link) -> Pulse.Look? {
        guard life.holds(link) else { return nil }
        return pulse.look(at: options.clock.now())
    }

    // MARK: failing

    /// Sorts an error into the three answers.
    func failed(_ error: OmlxError, _ link: Link) async {
        // A session that ended says why in its own words; the request that found it gone does not.
        let hasSession = await link.connection.serverDescription != nil
        guard error.code != .transportCancelled else {
            if life.cancelled(link, error) { await left(link) }
            return
        }
        let said = link.notes.chatter.explaining(hasSession ? error : link.notes.loss ?? error, session: hasSession)
        let judgement = FailureJudgement(
            judged(explained(said, link)), session: hasSession, reached: link.notes.firstStatus, at: options.now())
        let failure = life.failed(
            link, judgement.error, session: hasSession, transport: judgement.transport, at: options.clock.now(),
            jitter: options.clock.jitter())
        if case .late = failure { return }
        for line in judgement.log { log(.info, line) }
        isErrorShown = true
        let before = board.signIn
        if judgement.isAboutSignIn {
            show({ judgement.apply(to: &$0) }, signIn: { judgement.apply(to: &$0) })
        } else {
            show { judgement.apply(to: &$0) }
        }
        tellSignInNeeded(judgement.error, since: before)
        guard case .close(let next) = failure else { return }
        if let next { comeBack(next) }
        await close(link)
    }

    /// Tells those who watch that a person has to sign in, and for what, where that is news.
    func tellSignInNeeded(_ error: OmlxError, since before: SignInStanding) {
        guard error.isMendedBySigningIn, board.signIn != before else { return }
        var scopes = error.refusal?.challenge.scopes ?? []
        if case .signIn(let login)? = error.nextStep?.actions.first, !login.scopes.isEmpty { scopes = login.scopes }
        board.tell(.signInNeeded(server: name, scopes: scopes, error: error))
    }
}

extension OmlxError {
    /// Any error as one of the catalogue.
    fileprivate init(converting error: any Error, _ server: String) {
        self = error as? OmlxError ?? OmlxError(.transportCancelled, "listing the tools of \(server) was cancelled")
    }

    /// Whether nothing of the server answered: no connection, one that broke off, or a gateway before it that says so.
    fileprivate var saysUnreached: Bool {
        switch code {
        case .transportConnectionRefused, .transportDNS, .transportTLS, .transportConnectTimeout, .transportClosed,
            .transportNetwork, .transportProxy, .protocolStreamBroken:
            true
        case .transportServerError: httpStatus.map { [502, 503, 504].contains($0) } ?? false
        default: false
        }
    }

    /// Whether it is the server's own answer, though not the one that was hoped for.
    fileprivate var isAnswer: Bool { code == .protocolErrorResponse || httpStatus.map { $0 < 500 } ?? false }
}
