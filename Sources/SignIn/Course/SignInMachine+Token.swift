// The end of a sign-in: the code becomes tokens, and those a credential.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

extension SignInMachine {
    /// What tokens were asked for with.
    struct Asked {
        let client: OAuthClient
        let scopes: [String]
        let redirectURI: String?
    }

    mutating func exchange(_ question: Question, _ code: Secret, _ authentication: ClientAuthentication) -> Action {
        var question = question
        question.request.client = authentication.client
        stage = .exchanging(question, code: code, authentication)
        return .exchange(TokenRequest.exchange(code, for: question.request))
    }

    mutating func exchanged(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ question: Question, _ code: Secret,
        _ authentication: ClientAuthentication
    ) -> Action {
        let reply: HTTPReply
        do throws(OmlxError) { reply = try result.get(or: .oauthTokenUnavailable) } catch { return fail(error) }
        var (question, authentication) = (question, authentication)
        // A refused client comes before the code is looked at: it is good for another try.
        if authentication.next(after: reply) != nil { return exchange(question, code, authentication) }
        learn(authentication, &question.client)
        let request = question.request
        let secrets = [code, request.pkce?.verifier, request.client.secret]
        switch TokenReply(reply) {
        case .granted(let grant):
            if let error = nonceMismatch(grant, request) { return fail(error) }
            return finish(
                grant, question.terms, question.client,
                Asked(client: request.client, scopes: request.scopes, redirectURI: request.redirectURI))
        case .unknown(let error), .unusable(let error): return fail(error.hiding(secrets))
        case .error(let error, let status):
            let isClient = ["invalid_client", "invalid_request"].contains(error.error)
            return refused(isClient ? authentication.refusal ?? error : error, status, question, secrets)
        case .refused(let refusal):
            let error = OmlxError(
                .oauthTokenError,
                "\(request.server.tokenEndpoint.origin) refused the token request (\(refusal.text))",
                httpStatus: refusal.status)
            return fail(error.hiding(secrets))
        }
    }

    /// An ID token of another sign-in ends this one (OpenID Connect Core §3.1.3.7). One without a nonce proves nothing
    /// either way: it is said, and nothing is taken from it but a name to show.
    private mutating func nonceMismatch(_ grant: TokenGrant, _ request: AuthorizationRequest) -> OmlxError? {
        guard let sent = request.nonce, let came = grant.idTokenNonce else { return nil }
        switch came {
        case .none:
            note("the ID token that came carries no nonce although one was sent; it proves nothing here")
            return nil
        case .value(let value):
            guard !constantTimeEquals(value.utf8, sent.utf8) else { return nil }
            return OmlxError(
                .oauthNonceMismatch,
                "the ID token from \(request.server.tokenEndpoint.origin) belongs to another sign-in: its nonce is not the one sent",
                nextStep: "\(.signIn()); if it happens again, tell the provider")
        }
    }

    private mutating func refused(
        _ reply: OAuthErrorReply, _ status: Int, _ question: Question, _ secrets: [Secret?]
    ) -> Action {
        if let terms = dropsOfflineAccess(after: reply.error, question.terms) { return renew(question, terms) }
        let (request, client) = (question.request, question.client)
        let origin = request.server.tokenEndpoint.origin
        var error: OmlxError
        switch reply.error {
        case "invalid_client":
            error = OmlxError(
                .oauthInvalidClient, "\(origin) does not accept the client (\(reply.text))", httpStatus: status,
                nextStep: client.refusedStep)
            if case .registeredBefore(let record) = client.source {
                stage = .over
                return .forget(record, error.hiding(secrets))
            }
        case "unauthorized_client":
            // The client is known, and may not do this (RFC 6749 §5.2): no reason to forget it.
            error = OmlxError(
                .oauthTokenError,
                "\(origin) does not allow the client this grant, authorization_code (\(reply.text))",
                httpStatus: status,
                nextStep: client.registration == nil ? OAuthErrorReply.grantStep : client.refusedStep)
        case "invalid_grant":
            error = OmlxError(
                .oauthInvalidGrant, "\(origin) does not accept the authorization code (\(reply.text))",
                httpStatus: status, nextStep: "\(.signIn())")
        default:
            error = OmlxError(
                .oauthTokenError, "\(origin) refused the token request (\(reply.text))",
                compared: reply.scopes(asked: request.scopes, supported: request.server.scopesSupported),
                httpStatus: status, nextStep: reply.error == "invalid_scope" ? OAuthErrorReply.scopeStep : nil)
        }
        return fail(error.hiding(secrets))
    }

    mutating func finish(_ grant: TokenGrant, _ terms: Terms, _ chosen: ChosenClient, _ asked: Asked) -> Action {
        for oddity in grant.oddities { note(oddity) }
        let (moment, server, client) = (now(), terms.server, asked.client)
        var kept = Credential.Grant(
            // A device grant comes back to no redirect URI (RFC 8628 §3.1).
            asked.redirectURI == nil ? .deviceCode : .authorizationCode, issuer: server.issuer,
            tokenEndpoint: server.tokenEndpoint.text, obtainedAt: moment)
        kept.revocationEndpoint = server.revocationEndpoint?.text
        kept.revocationAuthMethod = client.revocationMethod(among: server.revocationEndpointAuthMethods)?.rawValue
        kept.resource = terms.discovery.resource
        kept.requestedScopes = asked.scopes
        kept.grantedScopes = grant.scopes
        kept.refreshParameters = terms.configuration.refreshParameters(
            requested: asked.scopes, granted: grant.scopes
        ).map { Credential.Grant.Parameter($0.name, $0.value) }
        var tokens = Credential.Tokens(access: grant.accessToken, refresh: grant.refreshToken)
        tokens.lifetime = grant.lifetime
        tokens.expiresAt = grant.lifetime.map { moment.addingTimeInterval(Double($0)) }
        var credential = Credential(
            key: input.key,
            client: Credential.Client(id: client.id, secret: client.secret, redirectURI: asked.redirectURI),
            grant: kept, tokens: tokens)
        credential.client.remember(client.form)
        stage = .over
        return .finished(
            Result(
                credential: credential,
                missingScopes: Scopes.missing(requested: asked.scopes, granted: grant.scopes),
                server: server, resourceName: terms.discovery.resourceMetadata?.resourceName,
                documents: trace.documents, accountName: grant.accountName, client: chosen.origin,
                replacedClient: terms.hasRegisteredAnew))
    }
}

extension ChosenClient {
    /// What to do about it when it is not accepted.
    var refusedStep: Remedy {
        switch source {
        case .registeredBefore, .registeredNow: SignInMachine.resetStep
        case .metadataDocument: "check the client metadata document at \(OmlxError.shown(client.id)), or leave it out"
        case .configured: "check client_id and client_secret in the auth block"
        }
    }
}
