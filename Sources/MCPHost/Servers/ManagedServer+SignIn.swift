// Signing in to and out of one server.

import OmlxConcurrency
import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth
import OmlxSignIn

extension ManagedServer {
    /// Signs in, connects, lists the tools, while no other sign-in or sign-out does.
    /// - Throws: `OmlxError`. An earlier sign-in is kept until the new one is there.
    func loginAlone(
        _ login: LoginOptions, _ interface: any SignInInterface, _ browser: (any BrowserOpening)?
    ) async throws -> LoginReport {
        guard let context, let authorizer, let url else { throw notApplicable }
        await context.store.settle()
        let driver = SignInDriver(context: context, interface: interface, browser: browser)
        var request = try await signInRequest(login, url, authorizer)
        // The server's own refusal says best where to sign in. One that was heard already is not asked for again.
        let isTried = link != nil || problem != nil
        if login.isForced ? !isTried : !(await isJustRefused(authorizer)) { await start() }
        try Task.checkCancellation()
        if !login.isForced, await unexplainedRefusal(authorizer) == nil, try isReady(login) {
            return report(wasSignedIn: true, missing: [], context)
        }
        request.challenge = challenge
        request.peer = problem?.refusal?.answerer
        let refusal = await unexplainedRefusal(authorizer)
        if refusal != nil { request.configuration.usesDefaultEndpoints = false }
        var stepUp = StepUp(serverName: name, authorizations: 1)
        while true {
            let outcome: SignInOutcome
            do {
                outcome = try await driver.signIn(request)
            } catch let error as OmlxError where error.code == .oauthNoAuthorizationServer && refusal != nil {
                throw refusal ?? error
            } catch let error as OmlxError {
                noteFailedSignIn(error)
                throw about(error)
            }
            noteSignIn(outcome, context)
            try await authorizer.reload()
            await shutDown()
            forget()
            await start()
            guard let problem else { return report(wasSignedIn: false, missing: outcome.missingScopes, context) }
            if outcome.replaced == .confirmed, problem.code.wantsSignIn {
                throw await endedByRevocation(driver, authorizer)
            }
            guard problem.code == .oauthInsufficientScope else { throw problem }
            let scopes = try await scopes(for: problem, &stepUp)
            let wanted = redactor.hide(OmlxError.shown(Scopes.text(scopes)))
            await interface.notice("\(problem.message). Signing in again, for \(wanted).")
            request.configuration.scopes = scopes
        }
    }

    /// The connection that follows a sign-in looks whether the new tokens work after those they replaced were taken back.
    private func endedByRevocation(_ driver: SignInDriver, _ authorizer: ServerAuthorizer) async -> OmlxError {
        try? await driver.noteRevocationEndedGrant(authorizer.key)
        try? await authorizer.reload()
        let error = OmlxError.endedByRevocation(name, nextStep: Remedy(.signIn(login)))
        noteFailedSignIn(error)
        return error
    }

    /// The error of a sign-in with a remedy about this server.
    private nonisolated func about(_ error: OmlxError) -> OmlxError {
        error.suggesting(Remedy(.examine())).about(configuration.reference, account: options.account)
    }

    /// The scopes to sign in for after a refusal for want of them.
    /// - Throws: `OmlxError` when signing in has not helped, or nothing says what is wanted.
    func scopes(for refusal: OmlxError, _ stepUp: inout StepUp) async throws -> [String] {
        let record = status.record
        let action = stepUp.refused(
            refusal, requested: record.soughtScopes,
            granted: record.grantedScopes.isEmpty ? nil : record.grantedScopes)
        switch action {
        case .authorize(let scopes): return scopes
        case .end(let error):
            if error.code == .oauthStepUpFailed { noteFailedSignIn(error) }
            throw error
        }
    }

    /// Whether the last attempt to connect ended with a 401, without a sign-in since.
    private func isJustRefused(_ authorizer: ServerAuthorizer) async -> Bool {
        guard problem?.code == .oauthSignInNeeded, (try? await authorizer.reload()) != nil else { return false }
        return (try? await authorizer.authorization())?.tokenGeneration == nil
    }

    /// A refusal that names no sign-in, of a request without any token: some servers answer 400, 403 or 405 in place of
    /// 401. A person who asks to sign in gets the well-known places asked; when they say nothing it stands.
    private func unexplainedRefusal(_ authorizer: ServerAuthorizer) async -> OmlxError? {
        // 405 to the GET of SSE says that there is no stream.
        let statuses = configuration.transport.name == "sse" ? [400, 403] : [400, 403, 405]
        guard let problem, let status = problem.httpStatus, statuses.contains(status),
            problem.code.errorClass == .transport || problem.code.errorClass == .protocol, !hasStaticHeader,
            (try? await authorizer.authorization())?.tokenGeneration == nil
        else { return nil }
        return problem
    }

    var notApplicable: OmlxError {
        OmlxError(
            .oauthSignInNotApplicable,
            context == nil
                ? "\(name) is a stdio server; it takes its credentials from its environment"
                : "sign-in is switched off for \(name) in the configuration",
            nextStep: Remedy(.listTools(configuration.reference)))
    }

    /// Whether the server works as it is, so that no person needs asking.
    /// - Throws: the problem when a sign-in would not mend it.
    private func isReady(_ login: LoginOptions) throws -> Bool {
        if let problem {
            guard SignInState(problem: problem.code) != nil || problem.code.errorClass == .storage else {
                throw problem
            }
            if problem.code == .oauthRefreshUnavailable { throw problem }
            return false
        }
        if login.resetsClient { return false }
        switch board.signIn.state {
        case .signedIn: return Set(login.scopes ?? []).isSubset(of: status.record.grantedScopes)
        case .needed, .expired, .refreshFailed, .clientNeeded: return false
        // It answered without asking: a sign-in has a point only where the configuration wants one.
        default: return configuration.auth == nil ? try refuseNeedless() : false
        }
    }

    private func refuseNeedless() throws -> Bool {
        throw OmlxError(
            .oauthSignInNotApplicable, "\(name) answers without asking for a sign-in",
            nextStep:
                "\(.listTools(configuration.reference)); to sign in all the same: \(.signIn(.init(configuration.reference, isForced: true)))"
        )
    }

    private func signInRequest(
        _ login: LoginOptions, _ url: HTTPURL, _ authorizer: ServerAuthorizer
    ) async throws(OmlxError) -> SignInRequest {
        var settings = configuration.signInConfiguration
        if let heard = options.heardCallback, let port = settings.redirect.port, heard.ports.contains(port),
            settings.redirect.path == heard.path
        {
            settings.redirect.isHeardElsewhere = true
        }
        if let scopes = login.scopes { settings.scopes = scopes }
        if let url = login.clientMetadataURL { settings.clientMetadataURL = url }
        return SignInRequest(
            key: authorizer.key, server: url, challenge: BearerChallenge(), configuration: settings,
            knownPlaces: await recorder.places(of: name), resetsClient: login.resetsClient, flow: login.flow,
            seconds: personSeconds(login))
    }

    /// The person's time: the limit for each server shortens it.
    private func personSeconds(_ login: LoginOptions) -> Int {
        guard let limit = AskedLimit.seconds ?? options.timeout, limit < Double(login.seconds) else {
            return login.seconds
        }
        return max(1, Int(limit.rounded(.up)))
    }

    /// What the server's refusal said. Scopes asked for before are asked for again, or the new sign-in would lose them
    /// (C11.4).
    private var challenge: BearerChallenge {
        var challenge = problem?.refusal?.challenge ?? BearerChallenge()
        if challenge.error == "insufficient_scope", let wanted = challenge.scopes {
            challenge.scopes = Scopes.unique(status.record.soughtScopes + wanted)
        }
        return challenge
    }

    private func noteSignIn(_ outcome: SignInOutcome, _ context: SignInContext) {
        let moment = options.now()
        let storeName = context.store.name
        recorder.record(outcome.documents, of: name)
        recorder.record(
            StatusEvent(
                at: moment, server: name, kind: "sign-in", outcome: "granted", code: nil,
                message: Self.about(outcome.credential.key.account)))
        if let replaced = outcome.replaced { noteReplaced(replaced) }
        board.changeSignIn(at: moment, { $0.signedIn() }) {
            $0.noteSuccessOfSignIn()
            $0.sources = outcome.documents.map { DiscoverySource($0, at: moment) }
            $0.record = SignInRecord()
            $0.record.take(outcome.credential, storeName: storeName)
            $0.record.account = outcome.accountName ?? outcome.credential.key.account
            $0.noteAccount(outcome.credential.key.account)
        }
    }

    /// What became of the tokens of a sign-in that was replaced.
    private func noteReplaced(_ revocation: SignOutOutcome.Revocation) {
        var event = StatusEvent(
            at: options.now(), server: name, kind: "revocation", outcome: revocation.word, code: nil,
            message: "of the sign-in that was replaced")
        if case .unconfirmed(let reason) = revocation {
            event.code = ErrorCode.oauthRevocationFailed.text
            event.message += ": \(reason)"
        }
        recorder.record(event)
    }

    private func noteFailedSignIn(_ error: OmlxError) {
        let moment = options.now()
        recorder.record(
            StatusEvent(
                at: moment, server: name, kind: "sign-in", outcome: "failed", code: error.code.text,
                message: redactor.hide(error.message)))
        isErrorShown = true
        let last = StatusError(code: error.code.text, message: error.message, at: moment)
        guard error.code == .oauthClientNeeded else { return board.change { $0.lastError = last } }
        board.changeSignIn(at: moment, { $0.refused(.clientNeeded, StatusProblem(error), byCall: false) }) {
            $0.lastError = last
        }
    }

    func report(wasSignedIn: Bool, missing: [String], _ context: SignInContext) -> LoginReport {
        LoginReport(
            wasSignedIn: wasSignedIn, status: status, missingScopes: missing, storeSummary: context.store.summary,
            passedOver: context.store.passedOver)
    }

    /// What the log says about an account.
    private static func about(_ account: String?) -> String {
        account.map { "as \(OmlxError.shown($0, limit: 80))" } ?? ""
    }

    /// Disconnects and signs out.
    /// - Parameter everyAccount: of all accounts in the store, not of the one this host uses alone.
    /// - Throws: `OmlxError` of class storage, or when there is nothing to sign out of.
    func logout(localOnly: Bool, forgetsClient: Bool, everyAccount: Bool) async throws -> [AccountSignOut] {
        try await signInGate.run { try await self.logoutAlone(localOnly, forgetsClient, everyAccount) }
    }

    private func logoutAlone(
        _ localOnly: Bool, _ forgetsClient: Bool, _ everyAccount: Bool
    ) async throws -> [AccountSignOut] {
        guard let context, let authorizer else { throw notApplicable }
        // First, while the session can still be ended with the token it was made with.
        await shutDown()
        var keys = [authorizer.key]
        if everyAccount {
            let all = try await context.store.credentials().records.map(\.key)
            let others = all.filter { $0.serverURL == authorizer.key.serverURL && $0 != authorizer.key }
            keys += others.sorted { ($0.account ?? "") < ($1.account ?? "") }
        }
        var outcomes: [AccountSignOut] = []
        for key in keys {
            // An interruption ends the one under way here at once, and begins no other.
            if Task.isCancelled, !outcomes.isEmpty { break }
            let outcome = try await SignOut(context: context).signOut(
                key, localOnly: localOnly, forgetsClient: forgetsClient && key == keys.last,
                within: AskedLimit.seconds ?? options.timeout)
            outcomes.append(AccountSignOut(account: key.account, outcome: outcome))
            noteSignOut(outcome, key.account)
        }
        try await uncancelled { try await authorizer.reload() }
        if outcomes.contains(where: { $0.outcome.wasSignedIn }) || board.signIn.isHeld {
            forget(tools: true)
            let needed = StatusProblem(
                code: ErrorCode.oauthSignInNeeded.text, message: "signed out",
                nextStep: Remedy(.signIn(login)))
            for outcome in outcomes { noteSignedOut(outcome.account, needed) }
        }
        // Of accounts without a sign-in nothing is said, unless there is no other.
        let real = outcomes.filter { $0.outcome.wasSignedIn }
        return real.isEmpty ? Array(outcomes.prefix(1)) : real
    }

    private func noteSignOut(_ outcome: SignOutOutcome, _ account: String?) {
        let moment = options.now()
        if outcome.wasSignedIn {
            var event = StatusEvent(
                at: moment, server: name, kind: "sign-out", outcome: outcome.revocation.word, code: nil,
                message: Self.about(account))
            if case .unconfirmed(let reason) = outcome.revocation {
                event.code = ErrorCode.oauthRevocationFailed.text
                event.message = [event.message, reason].filter { !$0.isEmpty }.joined(separator: ": ")
            }
            recorder.record(event)
        }
        guard outcome.forgotClient else { return }
        recorder.record(
            StatusEvent(
                at: moment, server: name, kind: "registration", outcome: "forgotten", code: nil, message: "on request"))
    }

    /// There is no sign-in any more.
    func noteSignedOut(_ account: String?, _ needed: StatusProblem) {
        let moment = options.now()
        board.changeSignIn(at: moment, { $0.signedOut(needed) }) {
            $0.record = SignInRecord()
            $0.dropAccount(account)
            $0.discovery = StatusAnswer(.notTried, at: moment)
        }
    }
}

extension SignOutOutcome.Revocation {
    /// The answer in one word.
    public var word: String {
        switch self {
        case .notAsked: "not_asked"
        case .unsupported: "unsupported"
        case .needless: "needless"
        case .confirmed: "confirmed"
        case .unconfirmed: "unconfirmed"
        }
    }
}
