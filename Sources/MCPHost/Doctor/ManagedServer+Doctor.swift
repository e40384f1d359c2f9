// Examines one server: reaches it, follows what it says about signing in, and changes nothing.

import OmlxConcurrency
import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxMCPClient
import OmlxOAuth
import OmlxSignIn

/// What an attempt to connect came to.
struct DoctorAttempt {
    var observer: DoctorObserver
    var tools: Int?
    /// Why there is none, where there is none.
    var noTools: String?
    var version: String?
    var error: OmlxError?
}

extension ManagedServer {
    /// Goes through everything a connection and a sign-in need. Opens no browser, renews no token, registers nothing,
    /// writes nothing.
    func examine() async -> [DoctorStep] {
        await examined().map { step in
            var step = step
            step.title = redactor.hide(unexpanded(step.title))
            step.url = step.url.map { redactor.hide(unexpanded($0)) }
            step.facts = step.facts.map { $0.mapText { redactor.hide(unexpanded($0)) } }
            step.error = step.error.map { redactor.hide(unexpanded($0)) }
            return step
        }
    }

    private func examined() async -> [DoctorStep] {
        let history = DoctorStep.history(status).map { [$0] } ?? []
        guard let url, let context else { return history + (await examineProcess()) }
        return history + (await examined(url, context))
    }

    private func examined(_ url: HTTPURL, _ context: SignInContext) async -> [DoctorStep] {
        let first = await attempt()
        var steps = network(url, first) + first.observer.heard.map(heard)
        guard let refusal = refusal(first) else {
            // Without any answer the network's step has said why.
            if !first.observer.heard.isEmpty { steps += sessions(first, isSignedIn: false) }
            if let step = await neighbour(of: url, first) { steps.append(step) }
            return steps + (await stored(context, nil, mustHave: false))
        }
        let isExplained = wantsSignIn(refusal)
        let signIn = await examineSignIn(url, refusal, isExplained: isExplained, context)
        // A refusal that names no sign-in, where nothing is published either, is policy.
        guard isExplained || signIn?.problem?.code != .oauthNoAuthorizationServer else {
            steps += sessions(first, isSignedIn: false)
            if let step = await neighbour(of: url, first) { steps.append(step) }
            return steps + (await stored(context, nil, mustHave: false))
        }
        // What wants a sign-in says 401; another refusal may come from the wrong address.
        if !isExplained, let step = await neighbour(of: url, first) { steps.append(step) }
        var challenge = DoctorStep.challenge(refusal.head)
        if let words = first.error?.serverWords, !words.isEmpty {
            challenge.facts.append(.init("the server says", words))
        }
        steps.append(challenge)
        guard let signIn else {
            steps.append(DoctorStep(.session, judged(first.error ?? needed, isExamined: true)))
            return steps + (await stored(context, nil, mustHave: false))
        }
        steps += self.steps(of: signIn, url, context) + (await stored(context, signIn, mustHave: true))
        return steps + (await connectSignedIn(context))
    }

    private func steps(of signIn: SignInExamination, _ url: HTTPURL, _ context: SignInContext) -> [DoctorStep] {
        var steps = signIn.exchanges.map { DoctorStep.exchange($0, server: url) }
        steps += signIn.notices.map { DoctorStep(.server, .notice, $0) }
        let isTold = signIn.exchanges.contains { $0.problem == signIn.problem }
        if let problem = signIn.problem, !isTold {
            let isAboutResource = [.oauthResourceMetadataInvalid, .oauthResourceMismatch].contains(problem.code)
            let part: DoctorStep.Part = problem.code.errorClass == .registration ? .client : .server
            steps.append(DoctorStep(isAboutResource ? .resource : part, problem))
        }
        if let client = DoctorStep.client(signIn) { steps.append(client) }
        if let look = DoctorStep.look(signIn, login: configuration.signIn()) { steps.append(look) }
        if let trial = DoctorStep.trial(signIn) { steps.append(trial) }
        if signIn.judgesAddresses { steps.append(DoctorStep.policy(usesProxy: context.http.usesProxy(for: url))) }
        if let remembered = DoctorStep.remembered(status.sources, signIn.documents) { steps.append(remembered) }
        return steps
    }

    /// A connection with the stored token, if there is one that has not ended.
    private func connectSignedIn(_ context: SignInContext) async -> [DoctorStep] {
        guard let authorizer, let credential = try? await context.store.credential(for: authorizer.key),
            credential.isAlive(options.now())
        else { return [] }
        let attempt = await attempt(credential)
        return attempt.observer.heard.prefix(1).map(heard) + sessions(attempt, isSignedIn: true)
    }

    // MARK: connecting

    func attempt(
        _ credential: Credential? = nil, at other: OmlxMCPClient.ServerEndpoint? = nil, seconds: Double = .infinity
    ) async -> DoctorAttempt {
        let limit = min(askedLimit, seconds)
        let observer = DoctorObserver(credential)
        let limits = ConnectionLimits(request: limit, connect: min(limit, 10), shutdownGrace: 1)
        let voice = voice
        let connection = MCPConnection(
            endpoint: other ?? endpoint, client: ClientInfo(name: options.clientName, version: options.clientVersion),
            http: context?.http ?? HTTPClient(), authorizer: observer, limits: limits,
            environment: options.environment, fallsBackToSSE: configuration.transport.name == "streamable-http",
            era: other == nil ? eras.era(of: eraPlace) : nil, redactor: redactor,
            observer: { event in
                voice.say(event)
                observer.note(event)
            })
        var attempt = DoctorAttempt(observer: observer)
        let overdue = OmlxError(
            .transportTimeout, "\(name) was not ready within \(limit.text) s",
            nextStep: "look whether the server is busy, or give it more time: \(.setting(.timeout))")
        do {
            let found = try await withDeadline(limit, overdue: overdue) {
                let result = try await connection.connect()
                return (result.protocolVersion, try await connection.listTools())
            }
            let used = filtered(found.1)
            (attempt.version, attempt.tools) = (found.0, used.count)
            if used.isEmpty {
                attempt.noTools = noToolsProblem(listed: found.1.count, observer.words).message
            }
        } catch {
            let failure = error as? OmlxError ?? OmlxError(.transportCancelled, "connecting was cancelled")
            attempt.error = observer.chatter.explaining(failure, session: false)
        }
        let unclosed = OmlxError(.transportTimeout, "\(name) did not close")
        try? await withDeadline(6, overdue: unclosed) { await connection.close() }
        return attempt
    }

    private func network(_ url: HTTPURL, _ first: DoctorAttempt) -> [DoctorStep] {
        guard let head = first.observer.heard.first?.head else {
            let error = first.error ?? OmlxError(.transportNetwork, "\(url.origin) gave no answer")
            return [DoctorStep(.network, judged(error, isExamined: true), url: url.withoutQuery)]
        }
        var kind: AddressKind?
        if case .address(let address)? = head.peer { kind = NetworkAddress(address)?.kind }
        return [
            DoctorStep.network(
                url, peer: head.peer, usesProxy: context?.http.usesProxy(for: url) ?? false, kind: kind)
        ]
    }

    private nonisolated func heard(_ answer: DoctorObserver.Heard) -> DoctorStep {
        let type = answer.head.mediaType
        let isUsual = (200..<300).contains(answer.head.status) || answer.head.status == 401
        return DoctorStep(
            .mcp, isUsual ? .ok : .notice, "\(answer.method) \(answer.url.withoutQuery) → \(answer.head.status)",
            url: answer.url.withoutQuery, httpStatus: answer.head.status,
            facts: type.isEmpty ? [] : [.init("content type", type)])
    }

    /// How the session came out, and what is to be known of it besides.
    private func sessions(_ attempt: DoctorAttempt, isSignedIn: Bool) -> [DoctorStep] {
        [session(attempt, isSignedIn: isSignedIn)] + attempt.observer.warnings.map { DoctorStep(.session, .notice, $0) }
    }

    private func session(_ attempt: DoctorAttempt, isSignedIn: Bool) -> DoctorStep {
        if let error = attempt.error {
            let judged = judged(error, isExamined: true)
            guard isSignedIn, judged.code == .oauthSignInNeeded else { return DoctorStep(.session, judged) }
            return DoctorStep(
                .session,
                OmlxError(
                    .oauthTokenRefused, "the server refuses the access token that is stored", httpStatus: 401,
                    nextStep:
                        "\(.listTools(configuration.reference)) renews it once; if it is refused again: \(.signIn(configuration.signIn()))"
                ))
        }
        let count = attempt.tools ?? 0
        return DoctorStep(
            .session, .ok,
            "connected" + (isSignedIn ? " with the sign-in" : "") + ", \(count) \(count == 1 ? "tool" : "tools")",
            facts: (attempt.version.map { [.init("protocol revision", $0)] } ?? [])
                + (attempt.noTools.map { [.init("no tools", $0)] } ?? []))
    }

    // MARK: signing in

    private nonisolated var needed: OmlxError {
        OmlxError(
            .oauthSignInNeeded, "\(name) wants a sign-in", httpStatus: 401,
            nextStep: Remedy(.signIn(configuration.signIn())))
    }

    /// The answer that may want a sign-in: a 401; without a credential of the user's own also a 400, 403 or 405, which
    /// some servers send in its place.
    private func refusal(_ attempt: DoctorAttempt) -> DoctorObserver.Heard? {
        if let refusal = attempt.observer.heard.last(where: { $0.head.status == 401 }) { return refusal }
        // A server that speaks another revision is not reached by signing in.
        guard let error = attempt.error, error.code != .protocolVersionUnsupported, !hasStaticHeader else { return nil }
        // 405 to the GET of SSE says that there is no stream.
        let statuses = configuration.transport.name == "sse" ? [400, 403] : [400, 403, 405]
        // A refusal of the question what it speaks is about that question: the handshake followed.
        let first = attempt.observer.heard.first
        let isAsked = configuration.transport.name != "sse" && eras.era(of: eraPlace) != .initialize
        let isQuestion =
            isAsked && [400, 405].contains(first?.head.status) && first?.challenge.resourceMetadata == nil
        return attempt.observer.heard.dropFirst(isQuestion ? 1 : 0).last {
            statuses.contains($0.head.status) || $0.challenge.resourceMetadata != nil
        }
    }

    private nonisolated func wantsSignIn(_ refusal: DoctorObserver.Heard) -> Bool {
        refusal.head.status == 401 || refusal.challenge.resourceMetadata != nil
    }

    private func examineSignIn(
        _ url: HTTPURL, _ refusal: DoctorObserver.Heard, isExplained: Bool, _ context: SignInContext
    ) async -> SignInExamination? {
        guard let authorizer, configuration.auth?.mode != .disabled,
            !hasStaticHeader || configuration.auth != nil
        else { return nil }
        var settings = configuration.signInConfiguration
        if !isExplained { settings.usesDefaultEndpoints = false }
        var request = SignInRequest(
            key: authorizer.key, server: url, challenge: refusal.challenge, configuration: settings)
        request.peer = refusal.head.peer
        var patient = context
        patient.patience = limit
        return await SignInDriver.examine(request, context: patient)
    }

    /// Store, lock and stored sign-in.
    private func stored(
        _ context: SignInContext, _ examination: SignInExamination?, mustHave: Bool
    ) async -> [DoctorStep] {
        guard let authorizer else { return [] }
        var facts = [OmlxError.Comparison("store", context.store.summary)]
        if let holder = (try? authorizer.key.recordName())
            .flatMap({ CredentialLock.holderText(of: $0, in: context.lockFolder) })
        {
            facts.append(.init("lock held by", holder))
        }
        do {
            let credential = try await context.store.credential(for: authorizer.key)
            let store = DoctorStep(.store, .ok, "the credential store can be read", facts: facts)
            guard let credential else {
                guard mustHave else { return [store] }
                return [store, DoctorStep(.credential, needed)]
            }
            do throws(OmlxError) { try await context.refuseOlder(credential) } catch {
                return [store, DoctorStep(.credential, judged(error, isExamined: true))]
            }
            return [
                store,
                DoctorStep.credential(
                    credential, now: options.now(), examination: examination,
                    login: configuration.signIn()),
            ]
        } catch let error as OmlxError {
            return [DoctorStep(.store, error, facts: facts)]
        } catch {
            return []
        }
    }

    // MARK: stdio

    private func examineProcess() async -> [DoctorStep] {
        let attempt = await attempt()
        guard let stdio = configuration.transport.stdio else {
            if let error = attempt.error { return [DoctorStep(.process, judged(error, isExamined: true))] }
            return sessions(attempt, isSignedIn: false)
        }
        let command = ([stdio.command.shown] + stdio.arguments.map(\.shown)).joined(separator: " ")
        var facts = [OmlxError.Comparison("command", command)]
        if let folder = stdio.workingDirectory { facts.append(.init("working directory", folder.shown)) }
        let chatter = attempt.observer.chatter
        if chatter.skipped > 0 {
            facts.append(.init("lines on standard output that are no messages", String(chatter.skipped)))
        }
        facts += chatter.outputLines.suffix(5).map { .init("standard output", $0) }
        facts += attempt.observer.lines.map { .init("standard error", $0) }
        let mentioned = withheld?.mentioned(in: attempt.observer.lines) ?? []
        let passing = DoctorStep.variables(withheld, mentioned: mentioned)
        if let error = attempt.error {
            let explained = explained(error, mentioned: mentioned)
            return [DoctorStep(.process, judged(explained, isExamined: true), facts: facts)] + passing
        }
        return [DoctorStep(.process, .ok, "the command runs", facts: facts)] + passing
            + sessions(attempt, isSignedIn: false)
    }
}

extension Credential {
    /// Whether the access token can be used as it is.
    fileprivate func isAlive(_ now: Date) -> Bool { tokens.end.map { $0 > now } ?? true }
}

extension DoctorObserver.Heard {
    /// What the answer says about signing in.
    fileprivate var challenge: BearerChallenge {
        BearerChallenge(challenges: AuthenticationChallenge.parse(head.headers.values(of: "www-authenticate")))
    }
}
