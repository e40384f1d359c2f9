// Writes what the authorizer does into status and event log. Holds no secret.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxSignIn

/// Translates an authorizer's events into changes of one server's status.
struct AuthorizationNotes: Sendable {
    let server: String
    let store: any CredentialStore
    let board: StatusBoard
    let recorder: StatusRecorder
    let now: @Sendable () -> Date

    func note(_ event: AuthorizationEvent) {
        if let event = StatusEvent(event, server: server, at: now()) { recorder.record(event) }
        switch event {
        case .signedIn(let credential): record(credential)
        case .refreshed(let credential): record(credential, isRenewed: true)
        case .refreshRejected: board.change { $0.record.hasRefreshToken = false }
        case .refreshFailed, .signInNeeded, .insufficientScope: break
        }
    }

    private func record(_ credential: Credential, isRenewed: Bool = false) {
        let storeName = store.name
        guard isRenewed else { return board.change { $0.take(credential, storeName: storeName) } }
        board.changeSignIn(at: now(), { $0.signedIn() }) { status in
            status.take(credential, storeName: storeName)
            status.noteSuccessOfSignIn()
        }
    }
}

extension StatusEvent {
    /// What the log says about a registration.
    init(_ event: RegistrationEvent, server: String, at moment: Date) {
        let (registration, outcome, error): (ClientRegistration, String, OmlxError?)
        switch event {
        case .made(let made): (registration, outcome, error) = (made, "made", nil)
        case .forgotten(let forgotten, let why): (registration, outcome, error) = (forgotten, "forgotten", why)
        }
        self.init(
            at: moment, server: server, kind: "registration", outcome: outcome, code: error?.code.text,
            message: error?.message ?? "at \(registration.key.issuer)")
    }

    /// What the log says about an authorizer's event; `nil` for what is no news.
    init?(_ event: AuthorizationEvent, server: String, at moment: Date) {
        let (kind, outcome, error): (String, String, OmlxError?)
        switch event {
        case .signedIn: return nil
        case .refreshed: (kind, outcome, error) = ("refresh", "granted", nil)
        case .refreshRejected(let why): (kind, outcome, error) = ("refresh", "rejected", why)
        case .refreshFailed(let why):
            let word =
                switch why.code {
                case .oauthRefreshRefused: "refused"
                case .oauthRefreshUnavailable: "unknown"
                default: "failed"
                }
            (kind, outcome, error) = ("refresh", word, why)
        case .signInNeeded(let why): (kind, outcome, error) = ("sign-in", "needed", why)
        case .insufficientScope(let why): (kind, outcome, error) = ("scope", "insufficient", why)
        }
        self.init(
            at: moment, server: server, kind: kind, outcome: outcome, code: error?.code.text,
            message: error?.message ?? "")
    }
}

extension SignInRecord {
    /// The scopes the sign-in asked for, else those it has.
    var soughtScopes: [String] { requestedScopes.isEmpty ? grantedScopes : requestedScopes }

    /// Takes over the public part of a credential.
    mutating func take(_ credential: Credential, storeName: String) {
        issuer = credential.grant.issuer
        grantedScopes = credential.grant.grantedScopes ?? credential.grant.requestedScopes
        requestedScopes = credential.grant.requestedScopes
        expiresAt = credential.tokens.end
        hasRefreshToken = credential.nextTokens.reason == nil
        self.storeName = storeName
        lastSignIn = credential.grant.obtainedAt
        lastRefresh = credential.tokens.refreshedAt
        if let name = credential.key.account { account = name }
    }
}

extension OmlxError {
    /// Code, sentence and remedy, for a log.
    func onOneLine(_ word: (RemedyAction) -> String) -> String {
        "\(code.text): \(message)" + (nextStep.map { "; next: \($0.text(word))" } ?? "")
    }
}
