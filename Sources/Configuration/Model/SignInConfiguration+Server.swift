// A server's `auth` block in the terms of the sign-in.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import OmlxSignIn

extension SignInConfiguration {
    /// The sign-in settings of a server; without an `auth` block discovery finds everything.
    /// - Throws: `OmlxError` with `CONFIG_AUTH_INVALID`, or `OAUTH_INSECURE_URL`, for URLs that cannot be used.
    package init(_ auth: AuthConfiguration?) throws(OmlxError) {
        self.init()
        usesDefaultEndpoints = auth?.usesDefaultEndpoints ?? true
        guard let auth else { return }
        clientID = auth.clientID?.value
        clientSecret = auth.clientSecret?.secret
        initialAccessToken = auth.initialAccessToken?.secret
        clientAuthMethod = auth.tokenEndpointAuthMethod.flatMap { ClientAuthMethod(rawValue: $0) }
        scopes = auth.scopes
        issuer = auth.issuer?.value
        authorizationEndpoint = try Self.url(auth.authorizationURL, "auth_url")
        tokenEndpoint = try Self.url(auth.tokenURL, "token_url")
        registrationEndpoint = try Self.url(auth.registrationURL, "registration_url")
        revocationEndpoint = try Self.url(auth.revocationURL, "revocation_url")
        deviceAuthorizationEndpoint = try Self.url(auth.deviceAuthorizationURL, "device_auth_url")
        clientMetadataURL = auth.clientMetadataURL?.value
        discoveryBase = try Self.url(auth.discoveryURL, "server_url")
        usesPKCE = auth.usesPKCE
        resource =
            switch auth.resource {
            case nil: nil
            case .automatic: .automatic
            case .omit: .omit
            case .value(let text): .value(text.value)
            }
        profile = auth.profile.choice
        scopeParameter = auth.scopeParameter
        refreshScope =
            switch auth.refreshScope {
            case nil: nil
            case .omit: .omit
            case .same: .same
            case .value(let scopes): .value(scopes)
            }
        acceptsIssuerSlash = auth.acceptsIssuerSlash
        acceptsMissingPKCEList = auth.acceptsMissingPKCEList
        tokenParameters = auth.extraTokenParameters.map { ($0.name, $0.value.value) }
        refreshParameters = auth.extraRefreshParameters.map { ($0.name, $0.value.value) }
        authorizationParameters = auth.extraAuthorizationParameters.map { ($0.name, $0.value.value) }
        if let audience = auth.audience { authorizationParameters.append(("audience", audience.value)) }
        redirect = Self.redirect(auth)
        readRegistration(auth.clientMetadata, auth)
    }

    private static func url(_ text: ConfiguredText?, _ name: String) throws(OmlxError) -> HTTPURL? {
        guard let text else { return nil }
        return try OAuthURL.endpoint(text.value, named: name, invalid: .configAuthInvalid)
    }

    private static func redirect(_ auth: AuthConfiguration) -> RedirectSettings {
        let settings = auth.redirect
        var host = settings.host ?? "127.0.0.1"
        if host.hasPrefix("[") { host = String(host.dropFirst().dropLast()) }
        return RedirectSettings(
            host: host, port: settings.port.map(Int.init), path: settings.path ?? "/callback",
            foreignURI: settings.foreignURI?.value, listens: auth.usesLoopback && settings.foreignURI == nil)
    }

    private mutating func readRegistration(_ metadata: ClientMetadataConfiguration, _ auth: AuthConfiguration) {
        if let name = metadata.clientName { clientName = name }
        if let types = metadata.grantTypes { registrationMetadata["grant_types"] = JSON(types) }
        if let types = metadata.responseTypes { registrationMetadata["response_types"] = JSON(types) }
        if let method = metadata.tokenEndpointAuthMethod ?? auth.tokenEndpointAuthMethod {
            registrationMetadata["token_endpoint_auth_method"] = .string(method)
        }
    }
}

extension AuthConfiguration.Profile {
    fileprivate var choice: ProfileChoice {
        switch self {
        case .automatic: .automatic
        case .none: .none
        case .named(let name): .named(name)
        }
    }
}

extension ServerConfiguration {
    /// Which provider profile its sign-in uses.
    package var profileChoice: ProfileChoice {
        auth?.mode == .disabled ? .none : auth?.profile.choice ?? .automatic
    }
}
