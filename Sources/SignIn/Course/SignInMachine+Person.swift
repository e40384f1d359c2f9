// The part of a sign-in with the person: the address to open, or the code to enter.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

extension SignInMachine {
    /// Goes on to the person, now that the client is known.
    mutating func proceed() -> Action {
        if usesDevice { return requestDeviceCode() }
        guard let answerParts, let request = authorizationRequest(answerParts) else { return interrupted() }
        guard let url = try? HTTPURL(request.url), url.isSecure || url.isLoopback else {
            return fail(
                OmlxError(
                    .oauthAuthorizationURLRefused, "the authorization URL cannot be opened safely",
                    compared: [.init("authorization_endpoint", request.server.authorizationEndpoint.withoutQuery)]))
        }
        if !hasLooked {
            hasLooked = true
            stage = .looking
            return .look(request)
        }
        stage = .asking(request)
        return .ask(request)
    }

    private func authorizationRequest(
        _ parts: (redirectURI: String, state: String, pkce: PKCE)
    ) -> AuthorizationRequest? {
        guard let discovery, let client else { return nil }
        let leavesOutPKCE = !input.configuration.usesPKCE && input.configuration.hasEndpoints
        return AuthorizationRequest(
            server: discovery.server, client: client, redirectURI: parts.redirectURI, scopes: requestedScopes,
            resource: discovery.resource, scopeParameter: input.configuration.scopeParameter ?? "scope",
            extraParameters: input.configuration.authorizationParameters + consentPrompt(discovery),
            tokenParameters: input.configuration.tokenParameters, state: parts.state,
            pkce: leavesOutPKCE ? nil : parts.pkce,
            nonce: requestedScopes.contains("openid") ? parts.pkce.nonce : nil)
    }

    /// An OpenID provider takes `offline_access` only together with a question for consent (OpenID Connect Core §11). A
    /// `prompt` the user or the provider's profile chose stays.
    private func consentPrompt(_ discovery: Discovery) -> [(name: String, value: String)] {
        guard requestedScopes.contains("offline_access"), discovery.server.isOpenIDProvider,
            discovery.profile?.leavesOutConsentPrompt != true,
            !input.configuration.authorizationParameters.contains(where: { $0.name == "prompt" })
        else { return [] }
        return [("prompt", "consent")]
    }

    mutating func answered(_ query: String, _ request: AuthorizationRequest) -> Action {
        do throws(OmlxError) {
            switch try AuthorizationResponse.judge(query: query, for: request) {
            case .granted(let response):
                code = response.code
                return exchange(request, ClientAuthentication(request.client))
            case .refused(let reply):
                if dropsOfflineAccess(after: reply.error) { return renew() }
                throw AuthorizationResponse.failure(reply, request)
            case .unproven(let reply): throw AuthorizationResponse.unproven(reply, request)
            }
        } catch {
            return fail(error)
        }
    }

    /// The next authorization request has a state and a verifier of its own: neither is used twice (C9.4).
    mutating func renew() -> Action {
        stage = .renewing
        return .renew
    }

    mutating func renewed(_ state: String, _ pkce: PKCE) -> Action {
        guard let answerParts else { return interrupted() }
        self.answerParts = (answerParts.redirectURI, state, pkce)
        return proceed()
    }

    // MARK: the device grant (RFC 8628)

    private mutating func requestDeviceCode() -> Action {
        guard let discovery, let client, let endpoint = discovery.server.deviceAuthorizationEndpoint else {
            return interrupted()
        }
        let request = DeviceAuthorizationRequest(
            server: discovery.server, client: client, scopes: requestedScopes, resource: discovery.resource,
            extraParameters: input.configuration.authorizationParameters,
            tokenParameters: input.configuration.tokenParameters)
        return requestDeviceCode(request, ClientAuthentication(client), at: endpoint)
    }

    private mutating func requestDeviceCode(
        _ request: DeviceAuthorizationRequest, _ authentication: ClientAuthentication, at endpoint: HTTPURL
    ) -> Action {
        var request = request
        request.client = authentication.client
        stage = .requestingDeviceCode(request, authentication)
        return .requestDeviceCode(request.request(to: endpoint))
    }

    mutating func gotDeviceCode(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ request: DeviceAuthorizationRequest,
        _ authentication: ClientAuthentication
    ) -> Action {
        let reply: HTTPReply
        do throws(OmlxError) { reply = try result.get(or: .oauthDeviceUnavailable) } catch {
            return withoutDevice(error)
        }
        var authentication = authentication
        if authentication.next(after: reply) != nil, let endpoint = request.server.deviceAuthorizationEndpoint {
            return requestDeviceCode(request, authentication, at: endpoint)
        }
        learn(authentication)
        switch DeviceAuthorization.judge(reply) {
        case .granted(let authorization):
            notices += authorization.oddities
            stage = .polling(request)
            return .poll(authorization, request)
        case .failed(let error): return withoutDevice(error)
        case .error(let error, let status):
            if dropsOfflineAccess(after: error.error) { return requestDeviceCode() }
            let isClient = error.error == "invalid_client"
            let origin = reply.head.url.origin
            if isClient, let action = registerAnew("\(origin) does not accept its client (\(error.text))") {
                return action
            }
            let text =
                error.error == "unauthorized_client"
                ? "\(origin) does not allow the client this grant, device_code (\(error.text))"
                : "\(origin) refused to give a code for this device (\(error.text))"
            return withoutDevice(
                OmlxError(
                    isClient ? .oauthInvalidClient : .oauthDeviceRefused, text,
                    compared: error.scopes(asked: request.scopes, supported: request.server.scopesSupported),
                    httpStatus: status,
                    nextStep: isClient && isOwnRegistration
                        ? clientStep : error.error == "invalid_scope" ? OAuthErrorReply.scopeStep : Self.browserStep
                ).hiding([request.client.secret]))
        }
    }

    private static let browserStep: Remedy = "sign in with a browser: leave out \(.setting(.device))"

    /// A device grant nobody asked for gives way to the browser.
    private mutating func withoutDevice(_ error: OmlxError) -> Action {
        guard case .automatic = input.flow else { return fail(error) }
        notices.append("\(error.message); the address is to be opened in a browser instead")
        usesDevice = false
        if isForDeviceAlone {
            registration = nil
            client = nil
        }
        stage = .listening
        return .listen(preferredPort: registration.flatMap { try? HTTPURL($0.redirectURI) }?.port)
    }

    mutating func polled(
        _ result: Swift.Result<TokenGrant, OmlxError>, _ request: DeviceAuthorizationRequest,
        _ authentication: ClientAuthentication
    ) -> Action {
        learn(authentication)
        switch result {
        case .failure(var error):
            error = error.hiding([request.client.secret])
            // What the person decided, or left undone, stands.
            let isRefusal = [.oauthInvalidClient, .oauthInvalidGrant, .oauthTokenError].contains(error.code)
            guard isRefusal else { return fail(error) }
            let isOwn = error.code == .oauthInvalidClient && isOwnRegistration
            error.nextStep = isOwn ? clientStep : error.nextStep ?? Self.browserStep
            return withoutDevice(error)
        case .success(let grant):
            return finish(grant, Granted(request.server, authentication.client, request.scopes, request.resource, nil))
        }
    }
}
