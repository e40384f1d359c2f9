// Signing in to and out of one server.

import Credentials
import ErrorCatalogue
import FoundationEssentials
import HTTPClient
import OAuth
import SignIn

extension ManagedServer {
    /// Signs in, connects, lists the tools.
    /// - Throws: `OmlxError`. An earlier sign-in is kept until the new one is there.
    func login(
        _ login: LoginOptions, interface: any SignInInterface, browser: (any BrowserOpening)?
    ) async throws -> LoginReport {
        guard let context, let authorizer, let url else { throw notApplicable }
        let driver = SignInDriver(context: context, interface: interface, browser: browser)
        let places = recorder.places(of: name)
        var lookedUp: [String: HTTPReply] = [:]
        if !login.isForced {
            let isSignedOut = try? await context.store.credential(for: authorizer.key) == nil
            if isSignedOut == true { lookedUp = await driver.lookAhead(places) }
            await start()
            if try await isReady(authorizer) { return await report(wasSignedIn: true, missing: [], context) }
        }
        let outcome: SignInOutcome
        do {
            var request = try await signInRequest(login, url, authorizer)
            request.knownPlaces = places
            request.lookedUp = lookedUp
            outcome = try await driver.signIn(request)
        } catch let error as OmlxError {
            noteFailedSignIn(error)
            throw error
        }
        await noteSignIn(outcome, context)
        try await authorizer.reload()
        clearProblem()
        await disconnect()
        await start()
        if let problem { throw problem }
        return await report(wasSignedIn: false, missing: outcome.missingScopes, context)
    }

    private var notApplicable: OmlxError {
        OmlxError(
            .oauthSignInNotApplicable,
            context == nil
                ? "\(name) is a stdio server; it takes its credentials from its environment"
                : "sign-in is switched off for \(name) in the configuration",
            nextStep: "omlx mcp tools \(name.shellWord)")
    }

    /// Whether the server works as it is, so that nobody needs asking.
    /// - Throws: the problem when a sign-in would not mend it.
    private func isReady(_ authorizer: ServerAuthorizer) async throws -> Bool {
        if let problem {
            guard SignInState(problem: problem.code) != nil || problem.code.errorClass == .storage else {
                throw problem
            }
            if problem.code == .oauthRefreshUnavailable { throw problem }
            return false
        }
        if status.signIn.state == .signedIn { return true }
        // It answered without asking: a sign-in has a point only where the configuration or the server's tools want one.
        return configuration.auth == nil ? try refuseNeedless() : false
    }

    private func refuseNeedless() throws -> Bool {
        throw OmlxError(
            .oauthSignInNotApplicable, "\(name) answers without asking for a sign-in",
            nextStep: "omlx mcp tools \(name.shellWord); to sign in all the same: omlx mcp login \(name.shellWord) --force")
    }

    private func signInRequest(
        _ login: LoginOptions, _ url: HTTPURL, _ authorizer: ServerAuthorizer
    ) async throws -> SignInRequest {
        var settings = try SignInConfiguration(configuration.auth)
        if let scopes = login.scopes { settings.scopes = scopes }
        return SignInRequest(
            key: authorizer.key, server: url, challenge: await authorizer.lastChallenge, configuration: settings,
            resetsClient: login.resetsClient, seconds: login.seconds)
    }

    private func noteSignIn(_ outcome: SignInOutcome, _ context: SignInContext) async {
        let moment = options.now()
        let storeName = context.store.name
        recorder.record(places: outcome.places, of: name)
        recorder.record(
            StatusEvent(at: moment, server: name, kind: "sign-in", outcome: "granted", code: nil, message: ""))
        change {
            $0.record = SignInRecord()
            $0.record.take(outcome.credential, storeName: storeName)
            $0.record.account = outcome.accountName ?? outcome.credential.key.account
            $0.signIn = StatusAnswer(.signedIn, at: moment)
        }
    }

    private func noteFailedSignIn(_ error: OmlxError) {
        let moment = options.now()
        recorder.record(
            StatusEvent(
                at: moment, server: name, kind: "sign-in", outcome: "failed", code: error.code.text,
                message: error.message))
        change { status in
            status.lastError = StatusError(code: error.code.text, message: error.message, at: moment)
            if error.code == .oauthClientNeeded {
                status.signIn = StatusAnswer(.clientNeeded, at: moment, problem: StatusProblem(error))
            }
        }
    }

    private func report(wasSignedIn: Bool, missing: [String], _ context: SignInContext) async -> LoginReport {
        LoginReport(
            wasSignedIn: wasSignedIn, status: status, missingScopes: missing, storeSummary: context.store.summary)
    }

    /// Signs out and disconnects.
    /// - Throws: `OmlxError` of class storage, or when there is nothing to sign out of.
    func logout(localOnly: Bool, forgetsClient: Bool) async throws -> SignOutOutcome {
        guard let context, let authorizer else { throw notApplicable }
        let outcome = try await SignOut(context: context).signOut(
            authorizer.key, localOnly: localOnly, forgetsClient: forgetsClient)
        await disconnect()
        try await authorizer.reload()
        guard outcome.wasSignedIn else { return outcome }
        let moment = options.now()
        recorder.record(
            StatusEvent(at: moment, server: name, kind: "sign-out", outcome: "done", code: nil, message: ""))
        let needed = StatusProblem(
            code: ErrorCode.oauthSignInNeeded.text, message: "signed out", nextStep: "omlx mcp login \(name.shellWord)")
        change {
            $0.record = SignInRecord()
            $0.signIn = StatusAnswer(.needed, at: moment, problem: needed)
            $0.discovery = StatusAnswer(.notTried, at: moment)
        }
        return outcome
    }
}
