// What can be read before the server is asked, so that a sign-in after its refusal waits for less.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

/// What was read ahead of a sign-in.
public struct LookAhead: Sendable {
    /// Metadata documents by their place.
    var documents: [String: HTTPReply] = [:]
    /// Looks at the authorization URL, by client id.
    var clients: [String: Result<HTTPReply, HTTPFailure>] = [:]

    /// Nothing read.
    public init() {}
}

extension SignInDriver {
    /// Reads the authorization server's metadata again before the server is asked, where an earlier sign-in knows its
    /// place, and looks whether the client registered there is still known: the sign-in that follows a 401 then waits
    /// for the resource's document and the person only.
    public func lookAhead(_ request: SignInRequest) async -> LookAhead {
        await judging(request).readAhead(request)
    }

    private func readAhead(_ request: SignInRequest) async -> LookAhead {
        var ahead = LookAhead()
        let marks = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
        guard let place = request.knownPlaces.last(where: { place in marks.contains { place.contains($0) } }),
            let url = try? HTTPURL(place),
            case .success(let reply) = await context.fetch(AuthorizationServerMetadata.request(at: url))
        else { return ahead }
        ahead.documents[place] = reply
        guard let (id, look) = await lookAtClient(reply, request) else { return ahead }
        ahead.clients[id] = look
        return ahead
    }

    /// The look that `SignInMachine` will ask for, if it will.
    private func lookAtClient(
        _ reply: HTTPReply, _ request: SignInRequest
    ) async -> (String, Result<HTTPReply, HTTPFailure>)? {
        var configuration = request.configuration
        guard configuration.clientID == nil, !request.resetsClient, request.flow.mayUseBrowser,
            let issuer = AuthorizationServerMetadata.issuer(in: reply)
        else { return nil }
        configuration = configuration.applying(configuration.profile.profile(issuer: issuer))
        guard
            case .found(let server)? = try? AuthorizationServerMetadata.judge(
                reply, issuer: .exactly(issuer), tolerating: configuration.tolerance),
            server.registrationEndpoint != nil,
            configuration.clientMetadataURL == nil || !server.admitsClientIDMetadataDocuments,
            !(server.offersDeviceGrant && request.flow == .automatic(hasDisplay: false)),
            let record = try? await registration(issuer, request),
            record.secretExpiresAt.map({ $0 > context.now() }) ?? true
        else { return nil }
        let authorization = AuthorizationRequest(
            server: server,
            client: OAuthClient(id: record.clientID, secret: nil, authMethod: .none), redirectURI: record.redirectURI,
            scopes: Scopes.parse(Scopes.text(configuration.scopes ?? record.requestedScopes)),
            resource: (configuration.resource ?? .automatic).text(or: ResourceIdentifier.canonical(of: request.server)),
            scopeParameter: configuration.scopeParameter ?? "scope",
            extraParameters: configuration.authorizationParameters, state: "",
            pkce: try? PKCE(octets: context.random(32)))
        guard let look = try? await look(authorization) else { return nil }
        return (record.clientID, look)
    }

    /// Looks at the authorization URL with a state and a challenge made for this alone, without cookies.
    /// - Throws: when there is no randomness.
    func look(_ authorization: AuthorizationRequest) async throws -> Result<HTTPReply, HTTPFailure> {
        var own = authorization
        own.state = Base64URL.encode(try context.random(24))
        let pkce = try PKCE(octets: try context.random(32))
        if own.pkce != nil { own.pkce = pkce }
        if own.nonce != nil { own.nonce = pkce.nonce }
        guard let request = ClientLook.request(for: own) else {
            return .failure(
                HTTPFailure(OmlxError(.oauthAuthorizationURLRefused, "the authorization URL cannot be looked at")))
        }
        return await context.fetch(request)
    }
}

extension SignInFlow {
    fileprivate var mayUseBrowser: Bool { self != .device }
}

extension ResourceMode {
    /// What is sent, where `canonical` stands for what the server publishes.
    fileprivate func text(or canonical: String) -> String? {
        switch self {
        case .omit: nil
        case .value(let text): text
        case .automatic: canonical
        }
    }
}
