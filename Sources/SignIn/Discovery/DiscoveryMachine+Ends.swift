// How a discovery ends: with a document found, with endpoints of the configuration, or with the default ones.

import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

extension DiscoveryMachine {
    /// A configured endpoint gets code and secrets as a discovered one does (C5.1).
    func checkConfiguredEndpoints() throws(OmlxError) {
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

    mutating func noteForeignEndpoints(beside metadata: AuthorizationServerMetadata, isSaid: Bool = true) {
        foreignEndpoints = ForeignEndpoint.all(of: configuration, beside: metadata)
        // Who configured everything sees nothing else than what he wrote.
        if isSaid { notices += foreignEndpoints.map { $0.notice(issuer: metadata.issuer) } }
    }

    /// Endpoints where nothing may be sent end discovery, not the exchange after a person has signed in (C13.4).
    func checkAddresses(_ metadata: AuthorizationServerMetadata) throws(OmlxError) {
        let endpoints = [
            metadata.authorizationEndpoint, metadata.tokenEndpoint, metadata.registrationEndpoint,
            metadata.revocationEndpoint, metadata.deviceAuthorizationEndpoint,
        ]
        for case let url? in endpoints { if let error = refusal(url) { throw error } }
    }

    /// The error for a server that wants a sign-in and says nothing more: perhaps it takes keys.
    static func nothingSaid(by server: HTTPURL) -> OmlxError {
        OmlxError(
            .oauthNoAuthorizationServer, "\(server.origin) wants a sign-in but nothing says where",
            nextStep: "if it takes an API key, put it into the server's headers: "
                + "\"Authorization\": \"Bearer ${API_KEY}\"")
    }

    /// The last resort, said aloud: the endpoints every server of MCP 2025-03-26 had at its own origin (C6.2, G7).
    mutating func finishWithDefaults() -> Action? {
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
        noteForeignEndpoints(
            beside: AuthorizationServerMetadata(
                issuer: origin, authorizationEndpoint: authorization, tokenEndpoint: token))
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

    mutating func finish(_ metadata: AuthorizationServerMetadata) -> Action {
        stage = .over
        let profile = configuration.profile.profile(issuer: metadata.issuer)
        var settings = configuration.applying(profile)
        let published = resourceMetadata?.resource ?? ResourceIdentifier.canonical(of: server)
        if profile?.asksForAudience == true,
            !settings.authorizationParameters.contains(where: { $0.name == "audience" })
        {
            settings.authorizationParameters.append(ExtraParameter("audience", published))
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
                documents: documents, foreignEndpoints: foreignEndpoints, profile: profile, configuration: settings))
    }

    /// Whether a scope is asked for that says something about the resource (not OpenID Connect Core §5.4, §11).
    private func asksForScopes(_ metadata: AuthorizationServerMetadata) -> Bool {
        let asked = Scopes.requested(
            configured: configuration.scopes, challenged: challenge.scopes,
            resource: resourceMetadata?.scopesSupported, serverSupports: metadata.scopesSupported)
        return !Set(asked).isSubset(of: ["openid", "profile", "email", "offline_access"])
    }

    func settings(for issuer: String) -> SignInConfiguration {
        configuration.applying(configuration.profile.profile(issuer: issuer))
    }

    /// What was let pass is said.
    mutating func noteTolerated(
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

    mutating func finishConfigured() -> Action {
        guard let authorization = configuration.authorizationEndpoint, let token = configuration.tokenEndpoint else {
            return fail(OmlxError(.configAuthInvalid, "auth_url and token_url belong together"))
        }
        do throws(OmlxError) { try checkConfiguredEndpoints() } catch { return fail(error) }
        let issuer = configuration.issuer ?? authorization.origin
        noteForeignEndpoints(
            beside: AuthorizationServerMetadata(
                issuer: issuer, authorizationEndpoint: authorization,
                tokenEndpoint: (try? HTTPURL(issuer)) ?? authorization), isSaid: false)
        var metadata = AuthorizationServerMetadata(
            issuer: issuer, authorizationEndpoint: authorization, tokenEndpoint: token,
            registrationEndpoint: configuration.registrationEndpoint,
            revocationEndpoint: configuration.revocationEndpoint)
        metadata.deviceAuthorizationEndpoint = configuration.deviceAuthorizationEndpoint
        // Nothing lists it; who configured a document's URL beside the endpoints means it.
        metadata.admitsClientIDMetadataDocuments = configuration.clientMetadataURL != nil
        return finish(metadata)
    }
}
