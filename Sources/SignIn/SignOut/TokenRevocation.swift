// Takes the tokens of a sign-in back at the authorization server (RFC 7009): of one that ends, and of one that was replaced.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

/// Takes back the tokens of one sign-in that may still be alive.
struct TokenRevocation {
    let context: SignInContext

    /// Asks for the refresh token, then for the access token; whatever is answered, it is over in time.
    /// - Parameter seconds: the limit for all of it. Cancelling the task ends it at once.
    func revoke(
        _ credential: Credential, within seconds: Double = TokenRequest.revocationLimit
    ) async -> SignOutOutcome.Revocation {
        guard let text = credential.grant.revocationEndpoint,
            let endpoint = try? OAuthURL.endpoint(
                text, named: "revocation endpoint", invalid: .oauthServerMetadataInvalid)
        else { return .unsupported }
        let tokens = credential.livingTokens(at: context.now())
        guard !tokens.isEmpty else { return .needless }
        context.redactor.learn(credential)
        var authentication: ClientAuthentication
        do throws(OmlxError) { authentication = ClientAuthentication(try credential.revokingClient()) } catch {
            return .unconfirmed(error.description)
        }
        // The list is the endpoint's; the client may be held to what it registered all the same.
        var registered = try? credential.client.known()
        let end = ContinuousClock.now + .seconds(seconds)
        let context = context.judging(credential.addresses)
        var problems: [String] = []
        for (token, hint) in tokens {
            let left = (end - .now).inSeconds
            guard left > 0, !Task.isCancelled else {
                problems.append("\(hint): not asked for, " + (left > 0 ? "interrupted" : "no time was left"))
                continue
            }
            let request = { (client: OAuthClient) in
                var request = TokenRequest.revoke(token, hint: hint, at: endpoint, as: client)
                let left = max((end - .now).inSeconds, 0)
                request.limits.firstByte = min(request.limits.firstByte, left)
                request.limits.total = min(request.limits.total ?? left, left)
                return request
            }
            var result = await context.fetch(as: &authentication, request)
            if case .success(let reply) = result, reply.head.status == 401, let client = registered,
                client.form.method != authentication.client.form.method
            {
                result.wipe()
                authentication = ClientAuthentication(client)
                registered = nil
                result = await context.fetch(as: &authentication, request)
            }
            switch result {
            case .success(let reply):
                if let problem = RevocationReply.problem(reply) { problems.append("\(hint): \(problem)") }
            case .failure(let failure): problems.append("\(hint): \(failure.error.message)")
            }
        }
        guard !problems.isEmpty else { return .confirmed }
        return .unconfirmed(context.redactor.hide(problems.joined(separator: "; ")))
    }
}

extension Credential {
    /// The tokens that are worth taking back, the refresh token first: the access token goes with it at most servers
    /// (RFC 7009 §2.1). A refresh token that was rejected is dead, unless its successor was lost on the way.
    func livingTokens(at now: Date) -> [(token: Secret, hint: String)] {
        var living: [(token: Secret, hint: String)] = []
        let rejection = isRefreshTokenRejected ? notes.rejection : nil
        let isDead = rejection.map { $0.code == "invalid_grant" && $0.interruption == nil } ?? false
        if let refresh = tokens.refresh, !isDead { living.append((refresh, "refresh_token")) }
        if tokens.end.map({ $0 > now }) ?? true { living.append((tokens.access, "access_token")) }
        return living
    }

    /// The client as it shows itself at the revocation endpoint.
    /// - Throws: as `Client.form()`.
    fileprivate func revokingClient() throws(OmlxError) -> OAuthClient {
        guard let name = grant.revocationAuthMethod else { return try client.known() }
        guard let method = ClientAuthMethod(rawValue: name) else { throw .unknownMethod(name) }
        return OAuthClient(id: client.id, secret: client.secret, method: method, serverMethods: [name])
    }
}
