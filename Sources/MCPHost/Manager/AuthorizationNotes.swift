// Writes what the authorizer does into status and event log. Holds no secret.

import Credentials
import FoundationEssentials
import HTTPClient
import SignIn

/// Translates an authorizer's events into changes of one server's status.
struct AuthorizationNotes: Sendable {
    let server: String
    let storeName: String
    let board: StatusBoard
    let recorder: StatusRecorder
    let now: @Sendable () -> Date

    func note(_ event: AuthorizationEvent) {
        switch event {
        case .signedIn(let credential): record(credential)
        case .refreshed(let credential):
            record(credential, isRenewed: true)
            append("refresh", "granted")
        case .refreshRejected(let error):
            board.change { $0.record.hasRefreshToken = false }
            append("refresh", "rejected", error.code.text, error.message)
        case .refreshFailed(let error): append("refresh", "unknown", error.code.text, error.message)
        case .signInNeeded(let error): append("sign-in", "needed", error.code.text, error.message)
        case .insufficientScope(let error): append("scope", "insufficient", error.code.text, error.message)
        }
    }

    private func record(_ credential: Credential, isRenewed: Bool = false) {
        let storeName = storeName
        let moment = now()
        board.change { status in
            status.record.take(credential, storeName: storeName)
            if isRenewed { status.signIn = StatusAnswer(.signedIn, at: moment) }
        }
    }

    private func append(_ kind: String, _ outcome: String, _ code: String? = nil, _ message: String = "") {
        recorder.record(
            StatusEvent(at: now(), server: server, kind: kind, outcome: outcome, code: code, message: message))
    }
}

extension SignInRecord {
    /// The scopes the sign-in asked for, else those it has.
    var soughtScopes: [String] { requestedScopes.isEmpty ? grantedScopes : requestedScopes }

    /// Takes over the public part of a credential.
    mutating func take(_ credential: Credential, storeName: String) {
        issuer = credential.issuer
        provider = (try? HTTPURL(credential.issuer))?.host ?? credential.issuer
        grantedScopes = credential.grantedScopes ?? credential.requestedScopes
        requestedScopes = credential.requestedScopes
        expiresAt = credential.expiresAt
        hasRefreshToken = credential.refreshToken != nil && !credential.isRefreshTokenRejected
        self.storeName = storeName
        lastSignIn = credential.obtainedAt
        lastRefresh = credential.refreshedAt
        if let name = credential.key.account { account = name }
    }
}
