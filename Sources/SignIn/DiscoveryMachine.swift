// From a 401 to the authorization server: which document is fetched next, and when that ends. No I/O.

import ErrorCatalogue
import HTTPClient
import OAuth

/// What discovery found.
public struct Discovery: Sendable {
    /// The resource's own document, if it publishes one.
    public var resourceMetadata: ProtectedResourceMetadata?
    /// The authorization server.
    public var server: AuthorizationServerMetadata
    /// The `resource` to send, or `nil` to send none (C10.1 to C10.4).
    public var resource: String?
    /// What a person should know, such as a fallback that was taken.
    public var notices: [String]
    /// What was found where.
    public var documents: [DiscoveredDocument]
    /// The provider's profile, if one is used.
    public var profile: ProviderProfile?
    /// The settings for the rest of the sign-in: the user's, completed by the profile's.
    public var configuration: SignInConfiguration

    /// The places that answered, asked first next time.
    public var places: [String] { documents.places }
    /// Whether nothing was published and the default endpoints of MCP 2025-03-26 stand in.
    public var usesDefaultEndpoints: Bool { documents.contains { $0.kind == .defaults } }
}

extension [DiscoveredDocument] {
    /// The places that answered, asked first next time.
    var places: [String] { compactMap { $0.kind == .defaults ? nil : $0.url } }
}

/// The course of a discovery: protected resource metadata, then authorization server metadata, each in its fixed order
/// of places.
struct DiscoveryMachine {
    enum Action {
        case fetch(HTTPRequest)
        case finished(Discovery)
        case failed(OmlxError)
    }

    private enum Stage {
        case resource(asked: HTTPURL, remaining: [HTTPURL])
        case server(AuthorizationServerMetadata.ExpectedIssuer, asked: HTTPURL, remaining: [HTTPURL])
        case over
    }

    private let server: HTTPURL
    private let challenge: BearerChallenge
    private let configuration: SignInConfiguration
    private let preferredIssuer: String?
    private let knownPlaces: [String]
    private let refusal: @Sendable (HTTPURL) -> OmlxError?
    private(set) var documents: [DiscoveredDocument] = []
    private var stage = Stage.over
    private var resourceMetadata: ProtectedResourceMetadata?
    private var unavailable: OmlxError?
    private var notices: [String] = []

    /// - Parameters:
    ///   - preferredIssuer: the issuer of an earlier sign-in, chosen again where the resource still lists it.
    ///   - knownPlaces: the places that answered earlier. They change only the order, never what may be asked.
    ///   - refusal: why the network policy keeps requests from a URL, judged before a person is bothered.
    init(
        server: HTTPURL, challenge: BearerChallenge, configuration: SignInConfiguration,
        preferredIssuer: String? = nil, knownPlaces: [String] = [],
        refusal: @escaping @Sendable (HTTPURL) -> OmlxError? = { _ in nil }
    ) {
        self.refusal = refusal
        self.knownPlaces = knownPlaces
        self.server = server
        self.challenge = challenge
        self.configuration = configuration
        self.preferredIssuer = preferredIssuer
    }

    mutating func start() -> Action {
        if configuration.hasEndpoints { return finishConfigured() }
        do throws(OmlxError) {
            if let text = challenge.resourceMetadata {
                let url = try OAuthURL.endpoint(
                    text, named: "resource_metadata", invalid: .oauthResourceMetadataInvalid)
                return fetchResource([url])
            }
            let base = configuration.discoveryBase ?? server
            // What plain http says about where to sign in, anybody on the way may have written (C5.2).
            _ = try OAuthURL.endpoint(base.withoutFragment, named: "server URL", invalid: .configAuthInvalid)
            return fetchResource(ordered(ProtectedResourceMetadata.wellKnownURLs(for: base)))
        } catch {
            return fail(error)
        }
    }

    /// Whether the resource's own document is being asked for.
    var asksResource: Bool {
        if case .resource = stage { return true }
        return false
    }

    private func ordered(_ places: [HTTPURL]) -> ArraySlice<HTTPURL> {
        let known = places.filter { knownPlaces.contains($0.text) }
        return (known + places.filter { !knownPlaces.contains($0.text) })[...]
    }

    mutating func received(_ result: Result<HTTPReply, HTTPFailure>) -> Action {
        switch (stage, result) {
        case (.over, _): return fail(OmlxError(.oauthDiscoveryUnavailable, "discovery was over"))
        case (_, .failure(let failure)): return fail(Self.unfetched(failure, from: server))
        case (.resource(let asked, let remaining), .success(let reply)): return judgeResource(reply, asked, remaining)
        case (.server(let issuer, let asked, let remaining), .success(let reply)):
            return judgeServer(reply, issuer, asked, remaining)
        }
    }

    // MARK: protected resource metadata

    private mutating func fetchResource(_ places: ArraySlice<HTTPURL>) -> Action {
        guard let place = places.first else { return resourceNotFound() }
        stage = .resource(asked: place, remaining: Array(places.dropFirst()))
        return .fetch(ProtectedResourceMetadata.request(at: place))
    }

    private mutating func judgeResource(_ reply: HTTPReply, _ asked: HTTPURL, _ remaining: [HTTPURL]) -> Action {
        do throws(OmlxError) {
            switch try ProtectedResourceMetadata.judge(reply, for: server) {
            case .notHere: return fetchResource(remaining[...])
            case .unavailable(let status):
                unavailable = Self.unavailable("protected resource metadata", reply, status)
                return fetchResource(remaining[...])
            case .found(let metadata):
                resourceMetadata = metadata
                documents.append(DiscoveredDocument(kind: .resource, url: asked.text, facts: metadata.facts))
                unavailable = nil
                return try findServer(among: metadata.authorizationServers)
            }
        } catch {
            return fail(error)
        }
    }

    /// Nothing published: a configured issuer, else the server's own origin as revision 2025-03-26 had it (C6.1).
    private mutating func resourceNotFound() -> Action {
        if let unavailable { return fail(unavailable) }
        if let issuer = configuration.issuer {
            do throws(OmlxError) { return try findServer(among: [issuer]) } catch { return fail(error) }
        }
        if challenge.resourceMetadata != nil {
            return fail(
                OmlxError(
                    .oauthNoAuthorizationServer,
                    "\(server.origin) names protected resource metadata, but nothing is published there",
                    nextStep: "ask whoever runs the server, or name the issuer in its auth block"))
        }
        let base = configuration.discoveryBase ?? server
        notices.append("\(server.origin) publishes no protected resource metadata; its own origin is asked instead")
        return fetchServer(
            issuer: .origin(base.origin),
            places: (try? HTTPURL(base.origin + "/.well-known/oauth-authorization-server")).map { [$0] } ?? [])
    }

    // MARK: authorization server metadata

    private mutating func findServer(among issuers: [String]) throws(OmlxError) -> Action {
        let chosen = issuers.first { $0 == (configuration.issuer ?? preferredIssuer) } ?? issuers[0]
        let url = try OAuthURL.endpoint(
            chosen, named: "authorization server", invalid: .oauthResourceMetadataInvalid)
        return fetchServer(
            issuer: .exactly(configuration.issuer ?? chosen),
            places: ordered(AuthorizationServerMetadata.wellKnownURLs(for: url)))
    }

    private mutating func fetchServer(
        issuer: AuthorizationServerMetadata.ExpectedIssuer, places: ArraySlice<HTTPURL>
    ) -> Action {
        guard let place = places.first else { return serverNotFound(issuer) }
        stage = .server(issuer, asked: place, remaining: Array(places.dropFirst()))
        return .fetch(AuthorizationServerMetadata.request(at: place))
    }

    private mutating func judgeServer(
        _ reply: HTTPReply, _ issuer: AuthorizationServerMetadata.ExpectedIssuer, _ asked: HTTPURL,
        _ remaining: [HTTPURL]
    ) -> Action {
        do throws(OmlxError) {
            let tolerance = settings(for: issuer.text).tolerance
            switch try AuthorizationServerMetadata.judge(reply, issuer: issuer, tolerating: tolerance) {
            case .notHere: return fetchServer(issuer: issuer, places: remaining[...])
            case .unavailable(let status):
                unavailable = Self.unavailable("authorization server metadata", reply, status)
                return fetchServer(issuer: issuer, places: remaining[...])
            case .found(var metadata):
                documents.append(DiscoveredDocument(kind: .server, url: asked.text, facts: metadata.facts))
                if let url = configuration.authorizationEndpoint { metadata.authorizationEndpoint = url }
                if let url = configuration.tokenEndpoint { metadata.tokenEndpoint = url }
                if let url = configuration.registrationEndpoint { metadata.registrationEndpoint = url }
                if let url = configuration.revocationEndpoint { metadata.revocationEndpoint = url }
                if let url = configuration.deviceAuthorizationEndpoint { metadata.deviceAuthorizationEndpoint = url }
                try checkConfiguredEndpoints()
                try checkAddresses(metadata)
                noteTolerated(metadata, issuer)
                return finish(metadata)
            }
        } catch {
            return fail(error)
        }
    }

    /// A configured endpoint gets code and secrets as a discovered one does (C5.1).
    private func checkConfiguredEndpoints() throws(OmlxError) {
        let endpoints = [
            ("auth_url", configuration.authorizationEndpoint), ("token_url", configuration.tokenEndpoint),
            ("registration_url", configuration.registrationEndpoint),
            ("revocation_url", configuration.revocationEndpoint),
            ("device_auth_url", configuration.deviceAuthorizationEndpoint),
        ]
        for case (let name, let url?) in endpoints {
            _ = try OAuthURL.endpoint(url.text, named: name, invalid: .configAuthInvalid)
        }
    }

    /// Endpoints where nothing may be sent end discovery, not the exchange after somebody has signed in (C13.4).
    private func checkAddresses(_ metadata: AuthorizationServerMetadata) throws(OmlxError) {
        let endpoints = [
            metadata.authorizationEndpoint, metadata.tokenEndpoint, metadata.registrationEndpoint,
            metadata.revocationEndpoint, metadata.deviceAuthorizationEndpoint,
        ]
        for case let url? in endpoints { if let error = refusal(url) { throw error } }
    }

    private mutating func serverNotFound(_ issuer: AuthorizationServerMetadata.ExpectedIssuer) -> Action {
        if let unavailable { return fail(unavailable) }
        guard case .exactly(let text) = issuer else {
            if configuration.usesDefaultEndpoints, let action = finishWithDefaults() { return action }
            return fail(Self.nobodySaysWhere(server))
        }
        return fail(
            OmlxError(
                .oauthServerMetadataNotFound, "the authorization server publishes no metadata at any well-known place",
                compared: [.init("issuer", text)],
                nextStep: "configure auth_url and token_url in the server's auth block"))
    }

    /// The error for a server that wants a sign-in and says nothing more: perhaps it takes keys.
    static func nobodySaysWhere(_ server: HTTPURL) -> OmlxError {
        OmlxError(
            .oauthNoAuthorizationServer, "\(server.origin) wants a sign-in but nothing says where",
            nextStep: "if it takes an API key, put it into the server's headers: "
                + "\"Authorization\": \"Bearer ${API_KEY}\"")
    }

    /// The last resort, said aloud: the endpoints every server of MCP 2025-03-26 had at its own origin (C6.2, G7).
    private mutating func finishWithDefaults() -> Action? {
        let origin = (configuration.discoveryBase ?? server).origin
        guard let authorization = try? HTTPURL(origin + "/authorize"), let token = try? HTTPURL(origin + "/token"),
            let registration = try? HTTPURL(origin + "/register")
        else { return nil }
        let metadata = AuthorizationServerMetadata(
            issuer: origin, authorizationEndpoint: configuration.authorizationEndpoint ?? authorization,
            tokenEndpoint: configuration.tokenEndpoint ?? token,
            registrationEndpoint: configuration.registrationEndpoint ?? registration,
            revocationEndpoint: configuration.revocationEndpoint)
        documents.append(DiscoveredDocument(kind: .defaults, url: origin, facts: metadata.facts))
        notices.append(
            "\(origin) publishes nothing about signing in; the default endpoints of MCP 2025-03-26 are tried: "
                + "\(origin)/authorize, /token and /register")
        do throws(OmlxError) {
            try checkConfiguredEndpoints()
            try checkAddresses(metadata)
        } catch {
            return fail(error)
        }
        return finish(metadata)
    }

    // MARK: ends

    private mutating func finish(_ metadata: AuthorizationServerMetadata) -> Action {
        stage = .over
        let profile = configuration.profile.profile(issuer: metadata.issuer)
        var settings = configuration.applying(profile)
        let published = resourceMetadata?.resource ?? ResourceIdentifier.canonical(of: server)
        if profile?.asksForAudience == true,
            !settings.authorizationParameters.contains(where: { $0.name == "audience" })
        {
            settings.authorizationParameters.append(("audience", published))
        }
        let resource: String? =
            switch configuration.resource {
            case .omit: nil
            case .value(let text): text
            case .automatic: published
            case nil: profile?.omitsResourceBesideScopes == true && asksForScopes(metadata) ? nil : published
            }
        return .finished(
            Discovery(
                resourceMetadata: resourceMetadata, server: metadata, resource: resource, notices: notices,
                documents: documents, profile: profile, configuration: settings))
    }

    /// Whether a scope is asked for that says something about the resource (not OpenID Connect Core §5.4, §11).
    private func asksForScopes(_ metadata: AuthorizationServerMetadata) -> Bool {
        let asked = Scopes.requested(
            configured: configuration.scopes, challenged: challenge.scopes,
            resource: resourceMetadata?.scopesSupported, serverSupports: metadata.scopesSupported)
        return !Set(asked).isSubset(of: ["openid", "profile", "email", "offline_access"])
    }

    private func settings(for issuer: String) -> SignInConfiguration {
        configuration.applying(configuration.profile.profile(issuer: issuer))
    }

    /// What was let pass is said.
    private mutating func noteTolerated(
        _ metadata: AuthorizationServerMetadata, _ expected: AuthorizationServerMetadata.ExpectedIssuer
    ) {
        if metadata.codeChallengeMethods == nil {
            notices.append("\(OmlxError.shown(metadata.issuer)) does not list PKCE; S256 is sent all the same")
        }
        if case .exactly(let issuer) = expected, issuer != metadata.issuer {
            notices.append(
                "the issuer \(OmlxError.shown(metadata.issuer)) is named with another end elsewhere; accepted")
        }
    }

    private mutating func finishConfigured() -> Action {
        guard let authorization = configuration.authorizationEndpoint, let token = configuration.tokenEndpoint else {
            return fail(OmlxError(.configAuthInvalid, "auth_url and token_url belong together"))
        }
        do throws(OmlxError) { try checkConfiguredEndpoints() } catch { return fail(error) }
        var metadata = AuthorizationServerMetadata(
            issuer: configuration.issuer ?? authorization.origin, authorizationEndpoint: authorization,
            tokenEndpoint: token, registrationEndpoint: configuration.registrationEndpoint,
            revocationEndpoint: configuration.revocationEndpoint)
        metadata.deviceAuthorizationEndpoint = configuration.deviceAuthorizationEndpoint
        // Nothing lists it; who configured a document's URL beside the endpoints means it.
        metadata.admitsClientIDMetadataDocuments = configuration.clientMetadataURL != nil
        return finish(metadata)
    }

    private mutating func fail(_ error: OmlxError) -> Action {
        stage = .over
        return .failed(error)
    }

    private static func unavailable(_ what: String, _ reply: HTTPReply, _ status: Int) -> OmlxError {
        OmlxError(
            .oauthDiscoveryUnavailable, "the \(what) at \(reply.head.url.withoutQuery) answered with HTTP \(status)",
            httpStatus: status, retryAfter: reply.head.retryAfter, nextStep: "try again later")
    }

    private static func unfetched(_ failure: HTTPFailure, from server: HTTPURL) -> OmlxError {
        let passed: [ErrorCode] = [
            .transportRedirectRefused, .transportRedirectLimit, .transportRedirectOrigin, .transportTooLarge,
            .transportAddressRefused, .transportCancelled, .configTLSInvalid,
        ]
        if passed.contains(failure.error.code) { return failure.error }
        return OmlxError(
            .oauthDiscoveryUnavailable,
            "the sign-in metadata for \(server.origin) could not be fetched: \(failure.error.message)",
            nextStep: failure.error.nextStep)
    }
}
