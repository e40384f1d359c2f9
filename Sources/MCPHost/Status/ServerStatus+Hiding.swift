// A status without the secrets of its server: what servers say goes into it, and they may say what they were sent.

import OmlxCryptography

extension ServerStatus {
    /// The same status with none of the secrets in its texts.
    func hiding(_ redactor: Redactor) -> ServerStatus {
        var copy = self
        copy.transport.problem = transport.problem?.hiding(redactor)
        copy.signIn.problem = signIn.problem?.hiding(redactor)
        copy.discovery.problem = discovery.problem?.hiding(redactor)
        copy.record = record.hiding(redactor)
        copy.accounts = accounts.map { AccountStatus(name: $0.name, record: $0.record.hiding(redactor)) }
        copy.sources = sources.map { DiscoverySource(kind: $0.kind, url: redactor.hide($0.url), at: $0.at) }
        copy.lastError?.message = redactor.hide(lastError?.message ?? "")
        return copy
    }
}

extension StatusProblem {
    fileprivate func hiding(_ redactor: Redactor) -> StatusProblem {
        StatusProblem(code: code, message: redactor.hide(message), nextStep: nextStep?.mapText { redactor.hide($0) })
    }
}

extension SignInRecord {
    fileprivate func hiding(_ redactor: Redactor) -> SignInRecord {
        var copy = self
        copy.issuer = issuer.map { redactor.hide($0) }
        copy.account = account.map { redactor.hide($0) }
        copy.grantedScopes = grantedScopes.map { redactor.hide($0) }
        copy.requestedScopes = requestedScopes.map { redactor.hide($0) }
        return copy
    }
}
