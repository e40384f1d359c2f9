// The token endpoint: code exchange and refresh, and revocation (RFC 7009).

import OmlxJSON

extension AuthorizationServer {
    func token(_ request: RecordedRequest) async -> Reply {
        let fields = form(of: request)
        let grantType = fields?["grant_type"] ?? ""
        state.withLock { state in
            state.counts.tokenRequests[grantType, default: 0] += 1
            state.counts.lastTokenRequest = fields?.dictionary ?? [:]
        }
        let override =
            stage.takeOverride(\.token.overrides[grantType]) ?? stage.takeOverride(\.token.overrides["*"])
        return await stage.reply(under: override) { self.worded(self.grant(request, fields: fields)) }
    }

    func form(of request: RecordedRequest) -> FormFields? {
        let type = request.header("content-type")?.lowercased() ?? ""
        guard type.hasPrefix("application/x-www-form-urlencoded"),
            let text = String(validating: request.body, as: UTF8.self)
        else { return nil }
        return FormFields(text)
    }

    private func grant(_ request: RecordedRequest, fields: FormFields?) -> Reply {
        guard let fields else { return .oauthError("invalid_request", "the body is not a form") }
        guard fields.repeatedName == nil else { return .oauthError("invalid_request", "a parameter is repeated") }
        guard request.query.isEmpty else { return .oauthError("invalid_request", "parameters belong in the body") }
        let client: Client
        switch authenticate(request, fields: fields) {
        case .client(let known): client = known
        case .refused(let reply): return reply
        }
        switch fields["grant_type"] {
        case "authorization_code": return exchange(fields, client: client)
        case "refresh_token": return refresh(fields, client: client)
        case Self.deviceGrantType where stage.script.device.enabled: return exchangeDeviceCode(fields, client: client)
        case nil: return .oauthError("invalid_request", "grant_type is missing")
        default: return .oauthError("unsupported_grant_type", "only authorization_code and refresh_token")
        }
    }

    private func exchange(_ fields: FormFields, client: Client) -> Reply {
        guard let code = fields["code"], let verifier = fields["code_verifier"], PKCE.isVerifier(verifier) else {
            return .oauthError("invalid_request", "code or code_verifier is missing or malformed")
        }
        let provider = stage.script.provider
        let needsResource = stage.script.authorization.requiresResource && !provider.refusesResource
        let now = stage.now
        return state.withLock { state in
            guard let known = state.codes[code], known.grant.client.id == client.id else {
                return .oauthError("invalid_grant", "unknown code")
            }
            if let family = known.family {
                state.families[family]?.isRevoked = true
                state.counts.reusesDetected += 1
                return .oauthError("invalid_grant", "the code was used before")
            }
            guard known.expiresAt > now else { return .oauthError("invalid_grant", "the code has expired") }
            guard fields["redirect_uri"] == known.grant.redirectURI else {
                return .oauthError("invalid_grant", "redirect_uri is not that of the authorization request")
            }
            guard PKCE.challenge(of: verifier) == known.grant.challenge else {
                return .oauthError("invalid_grant", "code_verifier does not match")
            }
            guard !needsResource || fields["resource"] == known.grant.resource else {
                return .oauthError("invalid_target", "resource is not that of the authorization request")
            }
            guard !provider.refusesResource || fields["resource"] == nil else {
                return .oauthError("invalid_request", "the resource parameter is not supported")
            }
            let id = Identifier.tokenFamily.random()
            state.codes[code]?.family = id
            state.families[id] = family(of: known.grant, provider, now: now)
            state.counts.tokenGrants["authorization_code", default: 0] += 1
            return issue(id, scope: known.grant.scope, withRefreshToken: true, in: &state, now: now)
        }
    }

    private func family(of grant: Grant, _ provider: DemoScript.Provider, now: Double) -> Family {
        let scopes = grant.scope.split(separator: " ").map(String.init)
        let hasParameters = provider.refreshTokenNeeds.allSatisfy { grant.parameters[$0.key] == $0.value }
        let hasScope = provider.refreshTokenScope.map(scopes.contains) ?? true
        return Family(
            clientID: grant.client.id, resource: grant.resource, scope: grant.scope, startedAt: now,
            hasRefreshToken: hasParameters && hasScope,
            isForResource: provider.audience.map { grant.parameters["audience"] == stage.filled($0) } ?? true)
    }

    /// Why the provider refuses a refresh that is otherwise right.
    private func refusal(of family: Family, _ id: String, _ fields: FormFields, in state: State, now: Double) -> Reply?
    {
        let provider = stage.script.provider
        if provider.refusesResource, fields["resource"] != nil {
            return .oauthError("invalid_request", "the resource parameter is not supported")
        }
        if let lifetime = provider.refreshLifetime, family.startedAt + Double(lifetime) <= now {
            return .oauthError("invalid_grant", "the refresh token has expired")
        }
        let isAccepted = state.accessTokens.values.contains { $0.family == id && !$0.isRevoked && $0.expiresAt > now }
        if let error = provider.earlyRefreshError, isAccepted {
            return .oauthError(error, "the access token is still valid")
        }
        return nil
    }

    private func refresh(_ fields: FormFields, client: Client) -> Reply {
        guard let token = fields["refresh_token"] else {
            return .oauthError("invalid_request", "refresh_token is missing")
        }
        let script = stage.script
        let now = stage.now
        return state.withLock { state in
            guard let id = state.refreshTokens[token], let family = state.families[id],
                family.clientID == client.id, !family.isRevoked
            else { return .oauthError("invalid_grant", "unknown or revoked refresh token") }
            let isInGrace =
                token == family.previousRefreshToken && now - family.rotatedAt < Double(script.token.reuseGrace)
            guard token == family.currentRefreshToken || isInGrace else {
                if script.token.reuseDetection {
                    state.families[id]?.isRevoked = true
                    state.counts.reusesDetected += 1
                }
                return .oauthError("invalid_grant", "the refresh token was used before")
            }
            if let refusal = refusal(of: family, id, fields, in: state, now: now) { return refusal }
            let needsResource = script.authorization.requiresResource && !script.provider.refusesResource
            guard !needsResource || fields["resource"] == family.resource else {
                return .oauthError("invalid_target", "resource is not that of the grant")
            }
            let scope = fields["scope"] ?? family.scope
            let granted = Set(family.scope.split(separator: " "))
            guard granted.isSuperset(of: scope.split(separator: " ")) else {
                return .oauthError("invalid_scope", "a refresh cannot widen the scope")
            }
            state.counts.tokenGrants["refresh_token", default: 0] += 1
            return issue(id, scope: scope, withRefreshToken: script.token.rotates, in: &state, now: now)
        }
    }

    func issue(
        _ familyID: String, scope: String, withRefreshToken: Bool, in state: inout State, now: Double
    ) -> Reply {
        let script = stage.script.token
        let access = Identifier.accessToken.random()
        state.accessTokens[access] = AccessToken(
            family: familyID, scope: scope, expiresAt: now + Double(script.accessLifetime))
        var reply: JSON = ["access_token": JSON(access), "token_type": "Bearer"]
        if script.sendsExpiresIn { reply["expires_in"] = JSON(script.expiresIn ?? script.accessLifetime) }
        if script.refreshTokens, withRefreshToken, state.families[familyID]?.hasRefreshToken == true {
            let refresh = Identifier.refreshToken.random()
            state.refreshTokens[refresh] = familyID
            state.families[familyID]?.rotate(to: refresh, now: now)
            reply["refresh_token"] = JSON(refresh)
        }
        if script.sendsScope { reply["scope"] = JSON(scope) }
        return .json(
            200, reply.merging(optionalPatch: stage.filled(script.patch)),
            headers: [HeaderField("Cache-Control", "no-store")])
    }

    /// Revoking either token ends the whole family; an unknown token is no error (RFC 7009 §2.2).
    func revoke(_ request: RecordedRequest) -> Reply {
        guard let fields = form(of: request), fields.repeatedName == nil, let token = fields["token"] else {
            return .oauthError("invalid_request", "token is missing")
        }
        let client: Client
        switch authenticate(request, fields: fields) {
        case .client(let known): client = known
        case .refused(let reply): return reply
        }
        let endsAll = stage.script.revocation.endsAllGrants
        state.withLock { state in
            guard let id = state.refreshTokens[token] ?? state.accessTokens[token]?.family,
                state.families[id]?.clientID == client.id
            else { return }
            let ended = endsAll ? state.families.filter { $0.value.clientID == client.id }.map(\.key) : [id]
            for family in ended { state.families[family]?.isRevoked = true }
            state.counts.revocations += 1
        }
        return .status(200, headers: [HeaderField("Cache-Control", "no-store")])
    }
}
