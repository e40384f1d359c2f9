// What a provider is known to want otherwise than the standards have it: the type, the matching, the applying.

import OmlxHTTPClient
import OmlxOAuth

/// What one provider wants otherwise. Profiles are data (`ProviderProfile.all`); what the user configures always wins
/// over them, and `"profile": "none"` switches them off.
package struct ProviderProfile: Sendable {
    /// Which issuers a provider has. Only https, only the standard port: a profile belongs to a public provider.
    struct Issuers: Sendable {
        /// The host, in lower case.
        var host: String
        /// Whether hosts below it count too.
        var includesSubdomains = false

        /// Whether this issuer is one of the provider's.
        func contain(_ issuer: HTTPURL) -> Bool {
            guard issuer.isSecure, issuer.port == 443 else { return false }
            let host = issuer.host.lowercased()
            return host == self.host || (includesSubdomains && host.hasSuffix("." + self.host))
        }
    }

    /// The name in `"profile"`.
    package let name: String
    /// The provider's name for people.
    package let title: String
    /// Why there is a profile, and since when what is known.
    package let reason: String
    /// The issuers it is chosen for by itself.
    let issuers: [Issuers]
    /// Parameters added to the authorization request.
    var authorizationParameters: [ExtraParameter] = []
    /// The name of the parameter the scopes go into.
    var scopeParameter: String?
    /// Whether `resource` is left out when scopes are asked for that name a resource themselves.
    var omitsResourceBesideScopes = false
    /// Whether `offline_access` is asked for without `prompt=consent` (OpenID Connect Core §11).
    var leavesOutConsentPrompt = false
    /// Whether `audience` is the resource's identifier when none is configured.
    var asksForAudience = false
    /// What is let pass in the metadata.
    var tolerance = AuthorizationServerMetadata.Tolerance()
    /// Whether taking back one token ends all that the person granted the client (RFC 7009 §2.1), a newer sign-in
    /// included: then the tokens of a replaced sign-in are left alone.
    var revocationEndsGrant = false
    /// How a person gets a client there, to follow "OAUTH_CLIENT_NEEDED".
    var clientAdvice: String?

    /// A profile that changes nothing yet.
    init(_ name: String, _ title: String, issuers: [Issuers], reason: String) {
        self.name = name
        self.title = title
        self.issuers = issuers
        self.reason = reason
    }

    /// The profile of that name.
    package static func named(_ name: String) -> ProviderProfile? { all.first { $0.name == name } }

    /// The profile for an issuer, or for the origin of configured endpoints. Entra's `{tenantid}` counts as a word.
    package static func matching(issuer: String) -> ProviderProfile? {
        guard let url = try? HTTPURL(issuer.replacing("{tenantid}", with: "tenantid")) else { return nil }
        return all.first { profile in profile.issuers.contains { $0.contain(url) } }
    }

    /// What it changes, in a few words each, for `status`.
    package var changes: [String] {
        var changes = authorizationParameters.map { "\($0.name)=\($0.value)" }
        if let scopeParameter { changes.append("scopes in \(scopeParameter)") }
        if omitsResourceBesideScopes { changes.append("no resource beside scopes") }
        if leavesOutConsentPrompt { changes.append("no prompt=consent beside offline_access") }
        if asksForAudience { changes.append("audience is the resource") }
        if tolerance.missingPKCEList { changes.append("metadata without a PKCE list") }
        if tolerance.issuerSlash { changes.append("a slash at the issuer's end") }
        if revocationEndsGrant { changes.append("replaced tokens are left alone") }
        return changes
    }
}

/// Which provider profile is used.
public enum ProfileChoice: Sendable, Hashable, Codable {
    /// The one of the issuer, if there is one.
    case automatic
    /// None.
    case none
    /// This one, whatever the issuer is. A name no provider has is no profile.
    case named(String)

    /// The profile chosen for an issuer.
    package func profile(issuer: String?) -> ProviderProfile? {
        switch self {
        case .automatic: issuer.flatMap(ProviderProfile.matching(issuer:))
        case .none: nil
        case .named(let name): ProviderProfile.named(name)
        }
    }
}

extension SignInConfiguration {
    /// The settings with a profile's in the places the user left open.
    func applying(_ profile: ProviderProfile?) -> SignInConfiguration {
        guard let profile else { return self }
        var settings = self
        let own = Set(authorizationParameters.map(\.name))
        settings.authorizationParameters =
            profile.authorizationParameters.filter { !own.contains($0.name) } + authorizationParameters
        settings.scopeParameter = scopeParameter ?? profile.scopeParameter
        settings.acceptsIssuerSlash = acceptsIssuerSlash ?? profile.tolerance.issuerSlash
        settings.acceptsMissingPKCEList = acceptsMissingPKCEList ?? profile.tolerance.missingPKCEList
        return settings
    }

    /// What is let pass in the metadata.
    var tolerance: AuthorizationServerMetadata.Tolerance {
        .init(issuerSlash: acceptsIssuerSlash ?? false, missingPKCEList: acceptsMissingPKCEList ?? false)
    }

    /// What belongs into each refresh of a sign-in: the scopes, as configured, and the extra parameters.
    /// - Parameters:
    ///   - requested: the scopes asked for.
    ///   - granted: the scopes granted, where the authorization server says so.
    func refreshParameters(requested: [String], granted: [String]?) -> [ExtraParameter] {
        let scopes: [String] =
            switch refreshScope ?? .omit {
            case .omit: []
            case .same: granted ?? requested
            case .value(let scopes): scopes
            }
        let scope = scopes.isEmpty ? [] : [ExtraParameter("scope", Scopes.text(scopes))]
        return scope + refreshParameters
    }
}
