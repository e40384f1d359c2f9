// The part of a sign-in with the person: the address to open, or the code to enter.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

extension SignInMachine {
    /// Goes on to the person, now that the client is known.
    mutating func proceed(_ terms: Terms, _ client: ChosenClient, _ way: Way) -> Action {
        switch way {
        case .device(let endpoint): return requestDeviceCode(terms, client, at: endpoint)
        case .browser(let callback):
            let request = authorizationRequest(terms, client.client, callback)
            guard let url = try? HTTPURL(request.url), url.isSecure || url.isLoopback else {
                return fail(
                    OmlxError(
                        .oauthAuthorizationURLRefused, "the authorization URL cannot be opened safely",
                        compared: [.init("authorization_endpoint", request.server.authorizationEndpoint.withoutQuery)]))
            }
            stage = .looking(Question(terms: terms, client: client, request: request), callback)
            return .look(request)
        }
    }

    mutating func ask(_ question: Question) -> Action {
        stage = .asking(question)
        return .ask(question.request, client: question.client.origin, lookAnswer: question.lookAnswer)
    }

    private func authorizationRequest(
        _ terms: Terms, _ client: OAuthClient, _ callback: Callback
    ) -> AuthorizationRequest {
        let configuration = terms.configuration
        let leavesOutPKCE = !configuration.usesPKCE && configuration.hasEndpoints
        let scopes = scopes(terms)
        return AuthorizationRequest(
            server: terms.server, client: client, redirectURI: callback.redirectURI, scopes: scopes,
            resource: terms.discovery.resource, scopeParameter: configuration.scopeParameter ?? "scope",
            extraParameters: (configuration.authorizationParameters + consentPrompt(terms, scopes)).pairs,
            tokenParameters: configuration.tokenParameters.pairs, state: callback.state,
            pkce: leavesOutPKCE ? nil : callback.pkce,
            nonce: scopes.contains("openid") ? callback.pkce.nonce : nil)
    }

    /// An OpenID provider takes `offline_access` only together with a question for consent (OpenID Connect Core §11). A
    /// `prompt` the user or the provider's profile chose stays.
    private func consentPrompt(_ terms: Terms, _ scopes: [String]) -> [ExtraParameter] {
        guard scopes.contains("offline_access"), terms.server.isOpenIDProvider,
            terms.discovery.profile?.leavesOutConsentPrompt != true,
            !terms.configuration.authorizationParameters.contains(where: { $0.name == "prompt" })
        else { return [] }
        return [ExtraParameter("prompt", "consent")]
    }

    mutating func answered(_ query: String, _ question: Question) -> Action {
        let request = question.request
        do throws(OmlxError) {
            switch try AuthorizationResponse.judge(query: query, for: request) {
            case .granted(let response):
                return exchange(question, response.code, ClientAuthentication(request.client))
            case .refused(let reply):
                if let terms = dropsOfflineAccess(after: reply.error, question.terms) {
                    return renew(question, terms)
                }
                throw AuthorizationResponse.failure(reply, request)
            case .unproven(let reply): throw AuthorizationResponse.unproven(reply, request)
            }
        } catch {
            return fail(error)
        }
    }

    /// The next authorization request has a state and a verifier of its own: neither is used twice (OAuth 2.1 §7.5.1).
    mutating func renew(_ question: Question, _ terms: Terms) -> Action {
        var question = question
        question.terms = terms
        stage = .renewing(question)
        return .renew
    }

    mutating func renewed(_ state: String, _ pkce: PKCE, _ question: Question) -> Action {
        var question = question
        let callback = Callback(redirectURI: question.request.redirectURI, state: state, pkce: pkce)
        question.request = authorizationRequest(question.terms, question.client.client, callback)
        return ask(question)
    }

    // MARK: the device grant (RFC 8628)

    private mutating func requestDeviceCode(_ terms: Terms, _ client: ChosenClient, at endpoint: HTTPURL) -> Action {
        let request = DeviceAuthorizationRequest(
            server: terms.server, client: client.client, scopes: scopes(terms), resource: terms.discovery.resource,
            extraParameters: terms.configuration.authorizationParameters.pairs,
            tokenParameters: terms.configuration.tokenParameters.pairs)
        return requestDeviceCode(
            DeviceQuestion(terms: terms, client: client, endpoint: endpoint, request: request),
            ClientAuthentication(client.client))
    }

    private mutating func requestDeviceCode(
        _ question: DeviceQuestion, _ authentication: ClientAuthentication
    ) -> Action {
        var question = question
        question.request.client = authentication.client
        stage = .requestingDeviceCode(question, authentication)
        return .requestDeviceCode(question.request.request(to: question.endpoint))
    }

    mutating func gotDeviceCode(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ question: DeviceQuestion,
        _ authentication: ClientAuthentication
    ) -> Action {
        let reply: HTTPReply
        do throws(OmlxError) { reply = try result.get(or: .oauthDeviceUnavailable) } catch {
            return withoutDevice(error, question)
        }
        var (question, authentication) = (question, authentication)
        if authentication.next(after: reply) != nil { return requestDeviceCode(question, authentication) }
        learn(authentication, &question.client)
        switch DeviceAuthorization.judge(reply) {
        case .granted(let authorization):
            for oddity in authorization.oddities { note(oddity) }
            stage = .polling(question)
            return .poll(authorization, question.request)
        case .failed(let error): return withoutDevice(error, question)
        case .error(let error, let status): return refusedDeviceCode(error, status, reply.head.url.origin, question)
        }
    }

    private mutating func refusedDeviceCode(
        _ error: OAuthErrorReply, _ status: Int, _ origin: String, _ question: DeviceQuestion
    ) -> Action {
        if let terms = dropsOfflineAccess(after: error.error, question.terms) {
            return requestDeviceCode(terms, question.client, at: question.endpoint)
        }
        let isClient = error.error == "invalid_client"
        if isClient,
            let action = registerAnew(
                "\(origin) does not accept its client (\(error.text))", instead: question.client, question.terms,
                .device(question.endpoint))
        {
            return action
        }
        let request = question.request
        let text =
            error.error == "unauthorized_client"
            ? "\(origin) does not allow the client this grant, device_code (\(error.text))"
            : "\(origin) refused to give a code for this device (\(error.text))"
        return withoutDevice(
            OmlxError(
                isClient ? .oauthInvalidClient : .oauthDeviceRefused, text,
                compared: error.scopes(asked: request.scopes, supported: request.server.scopesSupported),
                httpStatus: status,
                nextStep: isClient && question.client.registration != nil
                    ? question.client.refusedStep
                    : error.error == "invalid_scope" ? OAuthErrorReply.scopeStep : Self.browserStep
            ).hiding([request.client.secret]), question)
    }

    private static let browserStep: Remedy = "sign in with a browser: leave out \(.setting(.device))"

    /// A device grant that was not asked for gives way to the browser.
    private mutating func withoutDevice(_ error: OmlxError, _ question: DeviceQuestion) -> Action {
        guard case .automatic = input.flow else { return fail(error) }
        note("\(error.message); the address is to be opened in a browser instead")
        let client = question.client
        switch client.source {
        case .configured: return listen(question.terms, .chosen(client))
        case .metadataDocument: return listen(question.terms, .document(url: client.client.id))
        case .registeredNow(_, isForDeviceAlone: true): return listen(question.terms, .none)
        case .registeredBefore(let record), .registeredNow(let record, isForDeviceAlone: false):
            return listen(question.terms, .registered(client, redirectURI: record.redirectURI))
        }
    }

    mutating func polled(
        _ result: Swift.Result<TokenGrant, OmlxError>, _ question: DeviceQuestion,
        _ authentication: ClientAuthentication
    ) -> Action {
        var question = question
        learn(authentication, &question.client)
        let request = question.request
        switch result {
        case .failure(var error):
            error = error.hiding([request.client.secret])
            // What the person decided, or left undone, stands.
            let isRefusal = [.oauthInvalidClient, .oauthInvalidGrant, .oauthTokenError].contains(error.code)
            guard isRefusal else { return fail(error) }
            let isOwn = error.code == .oauthInvalidClient && question.client.registration != nil
            error.nextStep = isOwn ? question.client.refusedStep : error.nextStep ?? Self.browserStep
            return withoutDevice(error, question)
        case .success(let grant):
            return finish(
                grant, question.terms, question.client,
                Asked(client: authentication.client, scopes: request.scopes, redirectURI: nil))
        }
    }
}
