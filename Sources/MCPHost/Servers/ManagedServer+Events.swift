// What a server says unasked, how its connection ends, and what its failures mean.

import FoundationEssentials
import OmlxErrors
import OmlxMCPClient

extension ManagedServer {
    func heard(_ event: ConnectionEvent, _ link: Link) async {
        guard life.holds(link) else { return }
        switch event {
        case .closed(let error?): await lost(error, link)
        case .toolsListChanged: if life.toolsChanged(link) { relisting = Task { await relist(link) } }
        case .toolsDropped, .toolListCut, .toolListUnfinished, .toolsNotOffered, .notificationRefused:
            tellWarnings(of: link)
        case .skippedLine(let count, let text):
            log(.debug, "line \(count) on standard output that is no message: \(text)")
        case .invalidMessage(let reason): log(.debug, "a message could not be understood: \(reason)")
        case .strayAnswer(let id): log(.debug, "an answer with the id \(id) belongs to no request under way")
        default: break
        }
    }

    func tellWarnings(of link: Link) {
        for warning in link.notes.takeWarnings() { warnOnce(warning) }
    }

    /// A server that changes its list often has the same faults each time.
    func warnOnce(_ text: String) {
        if warned.count < 100, warned.insert(text).inserted { log(.warning, text) }
    }

    private func lost(_ error: OmlxError, _ link: Link) async {
        let moment = options.now()
        let error = explained(error, link)
        // A server at a URL is reached again by the next call; any other is there for who keeps it.
        let loss = life.lost(link, error, returns: url == nil, jitter: .random(in: 0..<1))
        guard case .close(let next) = loss, let problem else { return }
        log(.warning, "connection lost: \(problem.description)")
        board.change {
            $0.transport = StatusAnswer(.failed, at: moment, problem: StatusProblem(problem))
            $0.lastError = StatusError(code: problem.code.text, message: problem.message, at: moment)
        }
        board.tell(.toolsChanged(server: name, tools: []))
        if let next { comeBack(next) }
        await close(link)
    }

    private func comeBack(_ next: ServerLife<Link>.Return) {
        comeback?.cancel()
        comeback = Task { [weak self] in
            guard (try? await Task.sleep(for: .seconds(next.pause))) != nil else { return }
            await self?.returned(next.number)
        }
    }

    private func returned(_ number: Int) {
        guard let begun = life.returned(number) else { return }
        log(.info, "starting it again")
        run(begun)
    }

    func relist(_ link: Link) async {
        repeat {
            do {
                discovered(try await link.connection.listTools(), link)
            } catch {
                await failed(OmlxError(converting: error, name), link)
            }
        } while life.listingEnded(link)
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
        let failure = life.failed(link, judgement.error, session: hasSession, jitter: .random(in: 0..<1))
        if case .late = failure { return }
        for line in judgement.log { log(.info, line) }
        board.change { judgement.apply(to: &$0) }
        guard case .close(let next) = failure else { return }
        if let next { comeBack(next) }
        await close(link)
    }
}

extension OmlxError {
    /// Any error as one of the catalogue.
    fileprivate init(converting error: any Error, _ server: String) {
        self = error as? OmlxError ?? OmlxError(.transportCancelled, "listing the tools of \(server) was cancelled")
    }
}
