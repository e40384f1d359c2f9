// The end of a sign-in: the code becomes tokens, and those a credential.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

extension SignInMachine {
    /// What tokens were asked for with.
    struct Granted {
        let server: AuthorizationServerMetadata
        let client: OAuthClient
        let scopes: [String]
        let resource: String?
        let redirectURI: String?

        init(
            _ server: AuthorizationServerMetadata, _ client: OAuthClient, _ scopes: [String], _ resource: String?,
            _ redirectURI: String?
        ) {
            self.server = server
            self.client = client
            self.scopes = scopes
            self.resource = resource
            self.redirectURI = redirectURI
        }
    }

    mutating func exchange(_ request: AuthorizationRequest, _ authentication: ClientAuthentication) -> Action {
        guard let code else { return interrupted() }
        var request = request
        request.client = authentication.client
        stage = .exchanging(request, authentication)
        return .exchange(TokenRequest.exchange(code, for: request))
    }

    mutating func exchanged(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ request: AuthorizationRequest,
        _ authentication: ClientAuthentication
    ) -> Action {
        let reply: HTTPReply
        do throws(OmlxError) { reply = try result.get(or: .oauthTokenUnavailable) } catch { return fail(error) }
        var authentication = authentication
        // A refused client comes before the code is looked at: it is good for another try.
        if authentication.next(after: reply) != nil { return exchange(request, authentication) }
        learn(authentication)
        switch TokenReply(reply) {
        case .granted(let grant):
            if let error = nonceMismatch(grant, request) { return fail(error) }
            return finish(
                grant,
                Granted(request.server, request.client, request.scopes, request.resource, request.redirectURI))
        case .unknown(let error), .unusable(let error): return fail(hidingSecrets(in: error, request))
        case .error(let error, let status):
            let isClient = ["invalid_client", "invalid_request"].contains(error.error)
            return refused(isClient ? authentication.refusal ?? error : error, status, request)
        case .refused(let refusal):
            let origin = request.server.tokenEndpoint.origin
            let error = OmlxError(
                .oauthTokenError, "\(origin) refused the token request (\(refusal.text))",
                httpStatus: refusal.status)
            return fail(hidingSecrets(in: error, request))
        }
    }

    /// An ID token of another sign-in ends this one (OpenID Connect Core §3.1.3.7). One without a nonce proves nothing
    /// either way: it is said, and nothing is taken from it but a name to show.
    private mutating func nonceMismatch(_ grant: TokenGrant, _ request: AuthorizationRequest) -> OmlxError? {
        guard let sent = request.nonce, let came = grant.idTokenNonce else { return nil }
        switch came {
        case .none:
            notices.append("the ID token that came carries no nonce although one was sent; it proves nothing here")
            return nil
        case .value(let value):
            guard !constantTimeEquals(value.utf8, sent.utf8) else { return nil }
            return OmlxError(
                .oauthNonceMismatch,
                "the ID token from \(request.server.tokenEndpoint.origin) belongs to another sign-in: its nonce is not the one sent",
                nextStep: "\(.signIn()); if it happens again, tell the provider")
        }
    }

    private func hidingSecrets(in error: OmlxError, _ request: AuthorizationRequest) -> OmlxError {
        error.hiding([code, request.pkce?.verifier, request.client.secret])
    }

    private mutating func refused(_ reply: OAuthErrorReply, _ status: Int, _ request: AuthorizationRequest) -> Action {
        if dropsOfflineAccess(after: reply.error) { return renew() }
        let origin = request.server.tokenEndpoint.origin
        switch reply.error {
        case "invalid_client":
            let error = OmlxError(
                .oauthInvalidClient, "\(origin) does not accept the client (\(reply.text))", httpStatus: status,
                nextStep: clientStep)
            guard clientOrigin == .registeredBefore, let registration else {
                return fail(hidingSecrets(in: error, request))
            }
            stage = .over
            return .forget(registration, hidingSecrets(in: error, request))
        case "unauthorized_client":
            // The client is known, and may not do this (RFC 6749 §5.2): no reason to forget it.
            let error = OmlxError(
                .oauthTokenError,
                "\(origin) does not allow the client this grant, authorization_code (\(reply.text))",
                httpStatus: status,
                nextStep: isOwnRegistration ? clientStep : OAuthErrorReply.grantStep)
            return fail(hidingSecrets(in: error, request))
        case "invalid_grant":
            let error = OmlxError(
                .oauthInvalidGrant, "\(origin) does not accept the authorization code (\(reply.text))",
                httpStatus: status, nextStep: "\(.signIn())")
            return fail(hidingSecrets(in: error, request))
        default:
            let error = OmlxError(
                .oauthTokenError, "\(origin) refused the token request (\(reply.text))",
                compared: reply.scopes(asked: request.scopes, supported: request.server.scopesSupported),
                httpStatus: status, nextStep: reply.error == "invalid_scope" ? OAuthErrorReply.scopeStep : nil)
            return fail(hidingSecrets(in: error, request))
        }
    }

    /// Whether omlx registered the client itself.
    var isOwnRegistration: Bool { [.registeredBefore, .registeredNow].contains(clientOrigin) }

    /// What to do about a client that is not accepted.
    var clientStep: Remedy {
        switch clientOrigin {
        case .registeredBefore, .registeredNow: SignInMachine.resetStep
        case .metadataDocument:
            "check the client metadata document at \(OmlxError.shown(client?.id ?? "its URL")), or leave it out"
        case .configured: "check client_id and client_secret in the auth block"
        }
    }

    mutating func finish(_ grant: TokenGrant, _ granted: Granted) -> Action {
        notices += grant.oddities
        let moment = now()
        var credential = Credential(
            key: input.key, issuer: granted.server.issuer, tokenEndpoint: granted.server.tokenEndpoint.text,
            clientID: granted.client.id, accessToken: grant.accessToken, refreshToken: grant.refreshToken,
            obtainedAt: moment)
        credential.remember(granted.client.form)
        credential.resource = granted.resource
        credential.revocationEndpoint = granted.server.revocationEndpoint?.text
        credential.revocationEndpointAuthMethod =
            granted.client.revocationMethod(among: granted.server.revocationEndpointAuthMethods)?.rawValue
        credential.clientSecret = granted.client.secret
        credential.redirectURI = granted.redirectURI
        credential.requestedScopes = granted.scopes
        credential.refreshParameters = input.configuration.refreshParameters(
            requested: granted.scopes, granted: grant.scopes
        ).map { Credential.Parameter($0.name, $0.value) }
        credential.grantedScopes = grant.scopes
        credential.lifetime = grant.lifetime
        credential.expiresAt = grant.lifetime.map { moment.addingTimeInterval(Double($0)) }
        stage = .over
        return .finished(
            Result(
                credential: credential,
                missingScopes: Scopes.missing(requested: granted.scopes, granted: grant.scopes),
                server: granted.server, resourceName: discovery?.resourceMetadata?.resourceName,
                documents: documents, accountName: grant.accountName, client: clientOrigin))
    }
}
