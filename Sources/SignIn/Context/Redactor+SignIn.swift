// What a sign-in's redactor learns from requests, replies and records, and where it hides what it knows.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

extension Redactor {
    /// Remembers the secrets a request carries.
    func learn(_ request: HTTPRequest) {
        for header in request.headers {
            if case .secret(let value) = header.value { learn(header: header.name, value, isPassing: true) }
        }
        if case .secret(let form) = request.body { learn(form: form) }
    }

    /// Remembers what an authorization server granted.
    func learn(_ reply: HTTPReply) {
        learn(reply: reply.body)
        if reply.head.mediaType == "application/x-www-form-urlencoded" { learn(form: Secret(reply.body)) }
    }

    /// Remembers the tokens and the client secret of a record.
    func learn(_ credential: Credential) {
        learn(credential.tokens.access, isPassing: true)
        learn(credential.tokens.refresh, isPassing: true)
        learn(credential.client.secret, isPassing: true)
    }

    /// What the browser's answer carries (RFC 6749 §4.1.2).
    func learn(answer query: String) { learn(form: Secret(query)) }

    /// Runs work whose errors hold no secret.
    func hidingErrors<Value>(
        isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Value
    ) async throws -> Value {
        do { return try await work() } catch let error as OmlxError { throw hide(error) }
    }
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

/// A person's interface that is told nothing secret on the side. The address to open is shown as it is.
struct HidingInterface: SignInInterface {
    let interface: any SignInInterface
    let redactor: Redactor

    func show(_ prompt: SignInPrompt) async { await interface.show(prompt) }
    func notice(_ text: String) async { await interface.notice(redactor.hide(text)) }
    func hint(_ hint: SignInHint) async {
        var hint = hint
        hint.reasons = hint.reasons.map { redactor.hide($0) }
        await interface.hint(hint)
    }
    func lines() -> AsyncStream<String> { interface.lines() }
    func ended(_ end: SignInEnd) async { await interface.ended(end) }
}
