// What happens to the authorization of a server, told without secrets.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors

/// What an authorizer tells those who keep the status.
@nonexhaustive
public enum AuthorizationEvent: Sendable {
    /// A credential is in use.
    case signedIn(Credential)
    /// Tokens were refreshed.
    case refreshed(Credential)
    /// The refresh token was rejected; the access token may still work.
    case refreshRejected(OmlxError)
    /// A refresh got no usable answer or was refused.
    case refreshFailed(OmlxError)
    /// The server wants a sign-in.
    case signInNeeded(OmlxError)
    /// The server answered with 403 and `insufficient_scope`.
    case insufficientScope(OmlxError)
}

extension AuthorizationEvent {
    /// The event without secrets in its error.
    func hiding(_ redactor: Redactor) -> AuthorizationEvent {
        switch self {
        case .signedIn, .refreshed: self
        case .refreshRejected(let error): .refreshRejected(redactor.hide(error))
        case .refreshFailed(let error): .refreshFailed(redactor.hide(error))
        case .signInNeeded(let error): .signInNeeded(redactor.hide(error))
        case .insufficientScope(let error): .insufficientScope(redactor.hide(error))
        }
    }
}

extension RefreshOutcome {
    /// The outcome without secrets in its error.
    func hiding(_ redactor: Redactor) -> RefreshOutcome {
        switch self {
        case .current, .impossible, .gone: self
        case .rejected(let credential, let error): .rejected(credential, redactor.hide(error))
        case .refused(let credential, let error): .refused(credential, redactor.hide(error))
        case .unknown(let credential, let error): .unknown(credential, redactor.hide(error))
        case .failed(let error): .failed(redactor.hide(error))
        }
    }
}
