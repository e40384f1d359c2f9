// Examines one server: reaches it, follows what it says about signing in, and changes nothing.

import Credentials
import Cryptography
import ErrorCatalogue
import FoundationEssentials
import HTTPClient
import MCPClient
import OAuth
import SignIn

/// What an attempt to connect came to.
private struct Attempt {
    var observer: DoctorObserver
    var tools: Int?
    var version: String?
    var error: OmlxError?
}

extension ManagedServer {
    /// Goes through everything a connection and a sign-in need. Opens no browser, renews no token, registers nothing,
    /// writes nothing.
    func examine() async -> [DoctorStep] {
        await examined().map { step in
            var step = step
            step.title = unexpanded(step.title)
            step.url = step.url.map { unexpanded($0) }
            step.facts = step.facts.map { .init($0.label, unexpanded($0.value)) }
            step.error = step.error.map { unexpanded($0) }
            return step
        }
    }

    private func examined() async -> [DoctorStep] {
        guard let url, let context else { return await examineProcess() }
        let first = await attempt(header: nil)
        var steps = network(url, first)
        steps += first.observer.heard.map(heard)
        let refusal = first.observer.heard.last { $0.head.status == 401 } ?? refused(first)
        let signIn = refusal == nil ? nil : await examineSignIn(url, refusal, first, context)
        if let refusal { steps.append(DoctorStep.challenge(refusal.head)) }
        if refusal == nil {
            // Without any answer the network's step has said why.
            if !first.observer.heard.isEmpty { steps.append(session(first, isSignedIn: false)) }
        } else if hasStaticHeader || configuration.auth?.mode == .disabled {
            steps.append(DoctorStep(.session, judged(first.error ?? needed, nil)))
        }
        guard let authorizer, let signIn else { return steps + (await stored(context, nil, mustHave: false)) }
        steps += signIn.exchanges.map { DoctorStep.exchange($0, server: url) }
        steps += signIn.notices.map { DoctorStep(.server, .notice, $0) }
        let told = signIn.exchanges.contains { $0.problem == signIn.problem }
        if let problem = signIn.problem, !told {
            steps.append(DoctorStep(problem.code.errorClass == .registration ? .client : .server, problem))
        }
        if let client = DoctorStep.client(signIn, nil) { steps.append(client) }
        if signIn.judgesAddresses {
            steps.append(
                DoctorStep(
                    .network, .notice,
                    "the server is on the public internet: what it names for the sign-in must be so too"
                        + (context.http.usesProxy(for: url) ? "; behind a proxy, judged by names" : "")))
        }
        if let remembered = DoctorStep.remembered(status.sources, signIn.documents) { steps.append(remembered) }
        steps += await stored(context, signIn, mustHave: true)
        if let credential = try? await context.store.credential(for: authorizer.key), credential.isAlive(options.now())
        {
            let second = await attempt(header: credential.accessToken.concatenating(prefix: "Bearer "))
            steps += second.observer.heard.prefix(1).map(heard)
            steps.append(session(second, isSignedIn: true))
        }
        return steps
    }

    // MARK: connecting

    private func attempt(header: Secret?) async -> Attempt {
        let observer = DoctorObserver(header: header, origin: url?.origin)
        let limits = ConnectionLimits(request: limit, connect: min(limit, 10), shutdownGrace: 1)
        let connection = MCPConnection(
            endpoint: endpoint, client: ClientInfo(name: options.clientName, version: options.clientVersion),
            http: context?.http ?? HTTPClient(), authorizer: observer, limits: limits,
            environment: options.environment, fallsBackToSSE: configuration.transport.name == "streamable-http",
            observer: { observer.note($0) })
        var attempt = Attempt(observer: observer)
        let overdue = OmlxError(
            .transportTimeout, "\(name) was not ready within \(limit.text) s",
            nextStep: "look whether the server is busy, or give it more time: --timeout")
        do {
            let found = try await withDeadline(seconds: limit, overdue: overdue) {
                let result = try await connection.connect()
                return (result.protocolVersion, try await connection.listTools().count)
            }
            (attempt.version, attempt.tools) = (found.0, found.1)
        } catch {
            attempt.error = error as? OmlxError ?? OmlxError(.transportCancelled, "connecting was cancelled")
        }
        let unclosed = OmlxError(.transportTimeout, "\(name) did not close")
        try? await withDeadline(seconds: 6, overdue: unclosed) { await connection.close() }
        return attempt
    }

    private func network(_ url: HTTPURL, _ first: Attempt) -> [DoctorStep] {
        guard let head = first.observer.heard.first?.head else {
            let error = first.error ?? OmlxError(.transportNetwork, "\(url.origin) gave no answer")
            return [DoctorStep(.network, judged(error, nil), url: url.withoutQuery)]
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

    private func session(_ attempt: Attempt, isSignedIn: Bool) -> DoctorStep {
        if let error = attempt.error {
            let judged = judged(error, nil)
            guard isSignedIn, judged.code == .oauthSignInNeeded else { return DoctorStep(.session, judged) }
            return DoctorStep(
                .session,
                OmlxError(
                    .oauthTokenRefused, "the server refuses the access token that is stored", httpStatus: 401,
                    nextStep: "omlx mcp tools \(name.shellWord) renews it once; if it is refused again: "
                        + "omlx mcp login \(name.shellWord)"))
        }
        let count = attempt.tools ?? 0
        return DoctorStep(
            .session, .ok,
            "connected" + (isSignedIn ? " with the sign-in" : "") + ", \(count) \(count == 1 ? "tool" : "tools")",
            facts: attempt.version.map { [.init("protocol revision", $0)] } ?? [])
    }

    // MARK: signing in

    private nonisolated var needed: OmlxError {
        OmlxError(
            .oauthSignInNeeded, "\(name) wants a sign-in", httpStatus: 401,
            nextStep: "omlx mcp login \(name.shellWord)")
    }

    /// A refusal other than 401 that may want a sign-in all the same (pain 18).
    private func refused(_ attempt: Attempt) -> DoctorObserver.Heard? {
        guard attempt.error != nil, !hasStaticHeader else { return nil }
        return attempt.observer.heard.last { answer in
            guard [400, 403, 405].contains(answer.head.status) else { return false }
            let lines = answer.head.headers.values(of: "www-authenticate")
            return BearerChallenge(challenges: AuthenticationChallenge.parse(lines)).resourceMetadata != nil
        }
    }

    private func examineSignIn(
        _ url: HTTPURL, _ refusal: DoctorObserver.Heard?, _ first: Attempt, _ context: SignInContext
    ) async -> SignInExamination? {
        guard let refusal, let authorizer, configuration.auth?.mode != .disabled,
            !hasStaticHeader || configuration.auth != nil
        else { return nil }
        let settings: SignInConfiguration
        do throws(OmlxError) { settings = try SignInConfiguration(configuration.auth) } catch {
            return SignInExamination(problem: error)
        }
        let lines = refusal.head.headers.values(of: "www-authenticate")
        var request = SignInRequest(
            key: authorizer.key, server: url,
            challenge: BearerChallenge(challenges: AuthenticationChallenge.parse(lines)), configuration: settings)
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
            let login = "omlx mcp login \(name.shellWord)"
            return [
                store,
                DoctorStep.credential(credential, now: options.now(), examination: examination, login: login),
            ]
        } catch let error as OmlxError {
            return [DoctorStep(.store, error, facts: facts)]
        } catch {
            return []
        }
    }

    // MARK: stdio

    private func examineProcess() async -> [DoctorStep] {
        guard let stdio = configuration.transport.stdio else { return [] }
        let attempt = await attempt(header: nil)
        let command = ([stdio.command.shown] + stdio.arguments.map(\.shown)).joined(separator: " ")
        var facts = [OmlxError.Comparison("command", command)]
        if let folder = stdio.workingDirectory { facts.append(.init("working directory", folder.shown)) }
        if attempt.observer.skipped > 0 {
            facts.append(.init("lines on standard output that are no messages", String(attempt.observer.skipped)))
        }
        facts += attempt.observer.lines.map { .init("standard error", $0) }
        if let error = attempt.error {
            return [DoctorStep(.process, judged(error, nil), facts: facts)]
        }
        return [DoctorStep(.process, .ok, "the command runs", facts: facts), session(attempt, isSignedIn: false)]
    }
}

extension Credential {
    /// Whether the access token can be used as it is.
    fileprivate func isAlive(_ now: Date) -> Bool { expiresAt.map { $0 > now } ?? true }
}
