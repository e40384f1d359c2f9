// The course of a sign-in as a value: events go in, the next action comes out. No I/O, no clock, no randomness.

import Credentials
import Cryptography
import ErrorCatalogue
import FoundationEssentials
import HTTPClient
import OAuth

/// A sign-in from the challenge to the credential.
struct SignInMachine {
    /// What the driver does next.
    enum Action {
        /// Fetch a metadata document; answer with `.fetched`.
        case fetch(HTTPRequest)
        /// Look for a registration at this issuer; answer with `.client`.
        case findRegistration(issuer: String)
        /// Open the listener, before any registration and browser (pain 5); answer with `.listening`.
        case listen(preferredPort: Int?)
        /// Register; answer with `.fetched`.
        case register(HTTPRequest)
        /// Keep this registration, then send `.kept`.
        case keep(ClientRegistration)
        /// Let the person sign in; answer with `.answered`.
        case ask(AuthorizationRequest)
        /// Exchange the code; answer with `.fetched`.
        case exchange(HTTPRequest)
        /// Forget a registration the server does not know any more, then fail with the error.
        case forget(ClientRegistration, OmlxError)
        case finished(Result)
        case failed(OmlxError)
    }

    /// What the driver reports.
    enum Event {
        case start
        case fetched(Swift.Result<HTTPReply, HTTPFailure>)
        case client(ClientRegistration?)
        case listening(redirectURI: String, state: String, pkce: PKCE)
        case kept
        case answered(query: String)
    }

    /// A finished sign-in.
    struct Result {
        var credential: Credential
        var missingScopes: [String]
        var server: AuthorizationServerMetadata
        var resourceName: String?
        /// The places that answered discovery, to be asked first next time.
        var places: [String]
        var accountName: String?
    }

    /// What the machine works from.
    struct Input {
        var key: CredentialKey
        var server: HTTPURL
        var challenge: BearerChallenge
        var configuration: SignInConfiguration
        /// The issuer of an earlier sign-in with this key, if there was one.
        var earlierIssuer: String?
        /// The client id of that sign-in.
        var earlierClientID: String?
        /// Whether that client was refused when the sign-in was last refreshed (pain 7).
        var isEarlierClientRefused = false
        /// The places that answered an earlier discovery.
        var knownPlaces: [String] = []
        /// Register anew even if a registration is there.
        var resetsClient: Bool
        /// Why the network policy keeps requests from a URL.
        var refusal: @Sendable (HTTPURL) -> OmlxError? = { _ in nil }
    }

    private enum Stage {
        case ready, discovering(DiscoveryMachine), findingClient, listening, registering(ClientRegistrationRequest)
        case keeping, asking(AuthorizationRequest), exchanging(AuthorizationRequest), over
    }

    private let input: Input
    private let now: @Sendable () -> Date
    private var stage = Stage.ready
    private var discovery: Discovery?
    private var registration: ClientRegistration?
    private var client: OAuthClient?
    private var isReusedRegistration = false
    private var answerParts: (redirectURI: String, state: String, pkce: PKCE)?
    private var code: Secret?

    /// What a person should know, in the order it came up.
    private(set) var notices: [String] = []

    init(_ input: Input, now: @escaping @Sendable () -> Date) {
        self.input = input
        self.now = now
    }

    mutating func handle(_ event: Event) -> Action {
        switch (stage, event) {
        case (.ready, .start): return begin()
        case (.discovering(var machine), .fetched(let result)):
            let action = machine.received(result)
            return follow(action, machine)
        case (.findingClient, .client(let found)): return foundClient(found)
        case (.listening, .listening(let uri, let state, let pkce)): return isListening(uri, state, pkce)
        case (.registering(let request), .fetched(let result)): return registered(result, request)
        case (.keeping, .kept): return ask()
        case (.asking(let request), .answered(let query)): return answered(query, request)
        case (.exchanging(let request), .fetched(let result)): return exchanged(result, request)
        default: return fail(OmlxError(.oauthSignInCancelled, "the sign-in was interrupted"))
        }
    }

    private mutating func fail(_ error: OmlxError) -> Action {
        stage = .over
        return .failed(error)
    }

    // MARK: discovery

    private mutating func begin() -> Action {
        var machine = DiscoveryMachine(
            server: input.server, challenge: input.challenge, configuration: input.configuration,
            preferredIssuer: input.earlierIssuer, knownPlaces: input.knownPlaces, refusal: input.refusal)
        return follow(machine.start(), machine)
    }

    private mutating func follow(_ action: DiscoveryMachine.Action, _ machine: DiscoveryMachine) -> Action {
        switch action {
        case .fetch(let request):
            stage = .discovering(machine)
            return .fetch(request)
        case .failed(let error): return fail(error)
        case .finished(let discovery):
            self.discovery = discovery
            notices += discovery.notices
            return chooseClient(discovery)
        }
    }

    // MARK: the client (C7.1)

    private mutating func chooseClient(_ discovery: Discovery) -> Action {
        let issuer = discovery.server.issuer
        if let id = input.configuration.clientID {
            // C8.5: a client registered at one authorization server is not shown to another.
            if let earlier = input.earlierIssuer, input.earlierClientID == id, earlier != issuer {
                return fail(
                    OmlxError(
                        .oauthClientIssuerMismatch,
                        "the configured client belongs to another authorization server than the one the server names now",
                        compared: [.init("issuer before", earlier), .init("issuer now", issuer)],
                        nextStep: "configure the client for the new issuer, or name the issuer in the auth block"))
            }
            var configured = OAuthClient(
                id: id, secret: input.configuration.clientSecret,
                serverMethods: discovery.server.tokenEndpointAuthMethods)
            if let method = input.configuration.clientAuthMethod { configured.authMethod = method }
            client = configured
            stage = .listening
            return .listen(preferredPort: nil)
        }
        stage = .findingClient
        return .findRegistration(issuer: issuer)
    }

    private mutating func foundClient(_ found: ClientRegistration?) -> Action {
        let usable = found.flatMap { record in
            let isOver = record.secretExpiresAt.map { $0 <= now() } ?? false
            let isRefused = input.isEarlierClientRefused && record.clientID == input.earlierClientID
            return input.resetsClient || isOver || isRefused ? nil : record
        }
        registration = usable
        if usable == nil, discovery?.server.registrationEndpoint == nil {
            return fail(
                OmlxError(
                    .oauthClientNeeded,
                    "\(discovery.map { OmlxError.shown($0.server.issuer) } ?? "the authorization server") registers no clients by itself",
                    nextStep: "register an application with the provider and put its id into mcp.json: "
                        + "\"auth\": {\"type\": \"oauth2\", \"client_id\": \"…\"}"))
        }
        stage = .listening
        return .listen(preferredPort: usable.flatMap { try? HTTPURL($0.redirectURI) }?.port)
    }

    private mutating func isListening(_ uri: String, _ state: String, _ pkce: PKCE) -> Action {
        answerParts = (uri, state, pkce)
        if client != nil { return ask() }
        if let registration, registration.redirectURI == uri {
            isReusedRegistration = true
            client = OAuthClient(
                id: registration.clientID, secret: registration.clientSecret,
                authMethod: ClientAuthMethod(rawValue: registration.tokenEndpointAuthMethod) ?? .none)
            return ask()
        }
        return register(redirectURI: uri)
    }

    private mutating func register(redirectURI: String) -> Action {
        guard let discovery, let endpoint = discovery.server.registrationEndpoint else {
            return fail(OmlxError(.oauthClientNeeded, "the authorization server registers no clients by itself"))
        }
        let request = ClientRegistrationRequest(
            redirectURIs: [redirectURI], clientName: input.configuration.clientName, scopes: requestedScopes,
            authMethod: ClientRegistrationRequest.preferredMethod(of: discovery.server),
            overrides: input.configuration.registrationMetadata)
        stage = .registering(request)
        return .register(request.request(to: endpoint))
    }

    private mutating func registered(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ asked: ClientRegistrationRequest
    ) -> Action {
        let reply: ClientRegistrationReply
        do throws(OmlxError) {
            reply = try ClientRegistrationReply(result.get(or: .oauthRegistrationUnavailable), asked: asked)
        } catch {
            return fail(error)
        }
        client = reply.client
        var record = ClientRegistration(
            key: RegistrationKey(issuer: discovery?.server.issuer ?? "", serverURL: input.key.serverURL),
            redirectURI: asked.redirectURIs[0], clientID: reply.client.id, clientSecret: reply.client.secret,
            tokenEndpointAuthMethod: reply.client.authMethod.rawValue)
        record.issuedAt = now()
        record.secretExpiresAt = reply.secretExpiresAt.map { Date(timeIntervalSince1970: Double($0)) }
        record.registrationAccessToken = reply.registrationAccessToken
        record.registrationClientURI = reply.registrationClientURI
        record.requestedScopes = asked.scopes
        record.clientName = asked.clientName
        stage = .keeping
        return .keep(record)
    }

    private var requestedScopes: [String] {
        Scopes.requested(
            configured: input.configuration.scopes, challenged: input.challenge.scopes,
            resource: discovery?.resourceMetadata?.scopesSupported, serverSupports: discovery?.server.scopesSupported)
    }

    // MARK: the person

    private mutating func ask() -> Action {
        guard let discovery, let client, let answerParts else {
            return fail(OmlxError(.oauthSignInCancelled, "the sign-in was interrupted"))
        }
        let leavesOutPKCE = !input.configuration.usesPKCE && input.configuration.hasEndpoints
        let request = AuthorizationRequest(
            server: discovery.server, client: client, redirectURI: answerParts.redirectURI, scopes: requestedScopes,
            resource: discovery.resource, extraParameters: input.configuration.authorizationParameters,
            state: answerParts.state, pkce: leavesOutPKCE ? nil : answerParts.pkce)
        guard let url = try? HTTPURL(request.url), url.isSecure || url.isLoopback else {
            return fail(
                OmlxError(
                    .oauthAuthorizationURLRefused, "the authorization URL cannot be opened safely",
                    compared: [.init("authorization_endpoint", discovery.server.authorizationEndpoint.withoutQuery)]))
        }
        stage = .asking(request)
        return .ask(request)
    }

    private mutating func answered(_ query: String, _ request: AuthorizationRequest) -> Action {
        do throws(OmlxError) {
            let response = try AuthorizationResponse(query: query, for: request)
            code = response.code
            stage = .exchanging(request)
            return .exchange(TokenRequest.exchange(response.code, for: request))
        } catch {
            return fail(error)
        }
    }

    // MARK: the token

    private mutating func exchanged(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ request: AuthorizationRequest
    ) -> Action {
        let reply: HTTPReply
        do throws(OmlxError) { reply = try result.get(or: .oauthTokenUnavailable) } catch { return fail(error) }
        switch TokenReply(reply) {
        case .granted(let grant): return finish(grant, request)
        case .unknown(let error), .unusable(let error): return fail(hidingSecrets(in: error, request))
        case .error(let error, let status): return refused(error, status, request)
        }
    }

    private func hidingSecrets(in error: OmlxError, _ request: AuthorizationRequest) -> OmlxError {
        error.hiding([code, request.pkce?.verifier, request.client.secret])
    }

    private mutating func refused(_ reply: OAuthErrorReply, _ status: Int, _ request: AuthorizationRequest) -> Action {
        let origin = request.server.tokenEndpoint.origin
        switch reply.error {
        case "invalid_client", "unauthorized_client":
            let error = OmlxError(
                .oauthInvalidClient, "\(origin) does not accept the client (\(reply.text))", httpStatus: status,
                nextStep: isReusedRegistration
                    ? "sign in again; omlx will register anew" : "check client_id and client_secret in the auth block")
            guard isReusedRegistration, let registration else { return fail(hidingSecrets(in: error, request)) }
            stage = .over
            return .forget(registration, hidingSecrets(in: error, request))
        case "invalid_grant":
            let error = OmlxError(
                .oauthInvalidGrant, "\(origin) does not accept the authorization code (\(reply.text))",
                httpStatus: status, nextStep: "sign in again")
            return fail(hidingSecrets(in: error, request))
        default:
            let error = OmlxError(
                .oauthTokenError, "\(origin) refused the token request (\(reply.text))", httpStatus: status)
            return fail(hidingSecrets(in: error, request))
        }
    }

    private mutating func finish(_ grant: TokenGrant, _ request: AuthorizationRequest) -> Action {
        let moment = now()
        var credential = Credential(
            key: input.key, issuer: request.server.issuer, tokenEndpoint: request.server.tokenEndpoint.text,
            clientID: request.client.id, tokenEndpointAuthMethod: request.client.authMethod.rawValue,
            accessToken: grant.accessToken, refreshToken: grant.refreshToken, obtainedAt: moment)
        credential.resource = request.resource
        credential.revocationEndpoint = request.server.revocationEndpoint?.text
        credential.clientSecret = request.client.secret
        credential.redirectURI = request.redirectURI
        credential.requestedScopes = request.scopes
        credential.grantedScopes = grant.scopes
        credential.lifetime = grant.lifetime
        credential.expiresAt = grant.lifetime.map { moment.addingTimeInterval(Double($0)) }
        stage = .over
        return .finished(
            Result(
                credential: credential,
                missingScopes: Scopes.missing(requested: request.scopes, granted: grant.scopes),
                server: request.server, resourceName: discovery?.resourceMetadata?.resourceName,
                places: discovery?.places ?? [], accountName: grant.accountName))
    }
}

extension Result where Success == HTTPReply, Failure == HTTPFailure {
    /// The reply, or the failure under a code of the sign-in.
    func get(or code: ErrorCode) throws(OmlxError) -> HTTPReply {
        switch self {
        case .success(let reply): return reply
        case .failure(let failure):
            let passed: [ErrorCode] = [
                .transportRedirectRefused, .transportRedirectOrigin, .transportRedirectLimit, .transportCancelled,
                .transportTooLarge, .transportAddressRefused, .configTLSInvalid,
            ]
            if passed.contains(failure.error.code) { throw failure.error }
            throw OmlxError(code, failure.error.message, nextStep: failure.error.nextStep)
        }
    }
}
