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
