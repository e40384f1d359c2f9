// The authorization endpoint and the consent that follows it.

import OmlxJSON

extension AuthorizationServer {
    func authorize(_ request: RecordedRequest) -> Reply {
        guard let fields = FormFields(request.query), fields.repeatedName == nil else {
            return .oauthError("invalid_request", "a parameter is repeated or broken")
        }
        let script = stage.script.authorization
        guard let client = fields["client_id"].flatMap(client) else {
            return .oauthError("invalid_client", "unknown client_id", status: script.unknownClientStatus)
        }
        guard let redirectURI = fields["redirect_uri"],
            RedirectURI.matches(
                redirectURI, registered: client.redirectURIs, anyLoopbackPort: script.anyLoopbackPort)
        else {
            return .oauthError(
                "invalid_request", "redirect_uri is not registered for this client",
                status: script.unknownClientStatus)
        }
        let grant = Grant(
            client: client, redirectURI: redirectURI, state: fields["state"],
            challenge: fields["code_challenge"] ?? "", resource: fields["resource"],
            scope: fields[stage.script.provider.scopeParameter] ?? stage.script.protection.scope ?? "",
            parameters: fields.dictionary)
        if let (code, description) = refusal(of: grant, fields: fields) {
            return respond(to: grant, status: 302, [("error", code), ("error_description", description)])
        }
        let id = Identifier.consentRequest.random()
        state.withLock { state in
            state.pending[id] = grant
            state.counts.authorizations += 1
        }
        return redirect(302, to: stage.issuer + "/consent?request=" + id)
    }

    private func refusal(of grant: Grant, fields: FormFields) -> (code: String, description: String)? {
        guard fields["response_type"] == "code" else {
            return ("unsupported_response_type", "response_type must be code")
        }
        guard fields["code_challenge_method"] == "S256", grant.challenge.utf8.count == 43,
            grant.challenge.utf8.allSatisfy(FormFields.isUnreserved)
        else { return ("invalid_request", "a code_challenge with S256 is required") }
        if stage.script.provider.refusesResource {
            if grant.resource != nil { return ("invalid_request", "the resource parameter is not supported") }
        } else if stage.script.authorization.requiresResource {
            guard let resource = grant.resource, resources.contains(resource) else {
                return ("invalid_target", "resource is missing or unknown")
            }
        }
        let asked = grant.scope.split(separator: " ").map(String.init)
        guard scopes.isSuperset(of: asked), !asked.contains(where: { $0 == stage.script.provider.refusedScope }) else {
            return ("invalid_scope", "scope is not supported")
        }
        return nil
    }

    /// What GET of `/consent` does depends on the script: a page, or an answer at once.
    func consent(_ request: RecordedRequest) -> Reply {
        guard let id = FormFields(request.query)?["request"], let grant = state.withLock({ $0.pending[id] }) else {
            return .oauthError("invalid_request", "unknown or finished authorization request")
        }
        switch stage.script.authorization.consent {
        case .page: return consentPage(id: id, grant: grant)
        case .auto: return finish(id, isAllowed: true, status: 302)
        case .deny: return finish(id, isAllowed: false, status: 302)
        }
    }

    /// The page's form.
    func decideConsent(_ request: RecordedRequest) -> Reply {
        guard request.header("origin").map({ $0 == stage.origin || $0 == "null" }) ?? true,
            let fields = FormFields(request.bodyText), fields.repeatedName == nil,
            let id = fields["request"], let decision = fields["decision"], decision == "allow" || decision == "deny"
        else { return .oauthError("invalid_request", "not the consent form") }
        return finish(id, isAllowed: decision == "allow", status: 303)
    }

    private func finish(_ id: String, isAllowed: Bool, status: Int) -> Reply {
        let script = stage.script.authorization
        guard let grant = state.withLock({ $0.pending.removeValue(forKey: id) }) else {
            return .oauthError("invalid_request", "unknown or finished authorization request")
        }
        var parameters: [(String, String)] = []
        if !isAllowed || script.error != nil {
            parameters.append(("error", isAllowed ? script.error ?? "" : "access_denied"))
            if let description = script.errorDescription { parameters.append(("error_description", description)) }
            if let uri = script.errorURI { parameters.append(("error_uri", uri)) }
        } else if script.sendsCode {
            parameters.append(("code", newCode(for: grant)))
        }
        return respond(to: grant, status: status, parameters)
    }

    private func newCode(for grant: Grant) -> String {
        let script = stage.script.authorization
        let granted = Grant(
            client: grant.client, redirectURI: grant.redirectURI, state: grant.state, challenge: grant.challenge,
            resource: grant.resource, scope: script.grantedScope ?? grant.scope, parameters: grant.parameters)
        let code = Identifier.code.random()
        let expiresAt = stage.now + Double(script.codeLifetime)
        state.withLock { state in
            state.codes[code] = Code(grant: granted, expiresAt: expiresAt)
            state.counts.consents += 1
        }
        return code
    }

    /// Redirects to the client with the parameters and, as scripted, `state` and `iss`.
    private func respond(to grant: Grant, status: Int, _ parameters: [(String, String)]) -> Reply {
        let script = stage.script.authorization
        var parameters = parameters
        switch script.state {
        case .correct: if let state = grant.state { parameters.append(("state", state)) }
        case .wrong: parameters.append(("state", "not-the-state-that-was-sent"))
        case .absent: break
        }
        if let value = script.issValue {
            parameters.append(("iss", stage.filled(value)))
        } else {
            switch script.iss {
            case .correct: parameters.append(("iss", stage.issuer))
            case .wrong: parameters.append(("iss", "https://attacker.example"))
            case .absent: break
            }
        }
        return redirect(status, to: RedirectURI.appending(parameters, to: grant.redirectURI))
    }

    private func redirect(_ status: Int, to location: String) -> Reply {
        .status(
            status,
            headers: [
                HeaderField("Location", location), HeaderField("Cache-Control", "no-store"),
                HeaderField("Referrer-Policy", "no-referrer"),
            ])
    }
}
