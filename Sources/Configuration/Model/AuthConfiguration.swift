// How to sign in to one server: one model for the `auth` block and for the `oauth` blocks of other products.

/// What the configuration says about signing in to a server. What it does not say is found out from the server.
public struct AuthConfiguration: Sendable, Equatable {
    /// Whether to sign in at all.
    public enum Mode: String, Sendable, Hashable {
        /// OAuth 2.
        case oauth2
        /// Never sign in: a 401 is an error.
        case disabled
    }

    /// Where this server's sign-in is kept.
    public enum Store: Sendable, Hashable {
        /// In the store chosen for all servers.
        case shared
        /// In an encrypted store of its own, in this folder (absolute).
        case folder(ConfiguredText)
        /// In memory only.
        case memory
    }

    /// The `resource` parameter (RFC 8707).
    public enum Resource: Sendable, Hashable {
        /// What the server's metadata publishes.
        case automatic
        /// Not sent.
        case omit
        /// This value, byte for byte.
        case value(ConfiguredText)
    }

    /// The scopes a refresh names.
    public enum RefreshScope: Sendable, Hashable {
        /// None, which means "as granted" (RFC 6749 §6).
        case omit
        /// Those granted at the sign-in.
        case same
        /// These.
        case value([String])
    }

    /// A provider's profile: what a provider is known to want otherwise.
    public enum Profile: Sendable, Hashable {
        /// The one of the issuer, if there is one.
        case automatic
        /// None.
        case none
        /// The one of this name.
        case named(String)
    }

    /// Whether to sign in at all.
    public var mode: Mode = .oauth2
    /// The client id registered by the user; `nil` when one is to be found or registered.
    public var clientID: ConfiguredText?
    /// That client's secret.
    public var clientSecret: ConfiguredSecret?
    /// The token a registration needs at a provider that gives clients out to its holders only (RFC 7591 §3).
    public var initialAccessToken: ConfiguredSecret?
    /// `none`, `client_secret_basic` or `client_secret_post` (RFC 7591 §2); `nil` leaves it to the metadata.
    public var tokenEndpointAuthMethod: String?
    /// The scopes to ask for; `nil` when the entry says nothing, empty when it wants none asked for.
    public var scopes: [String]?
    /// The `audience` parameter, for providers that want one.
    public var audience: ConfiguredText?
    /// The `resource` parameter; `nil` when the entry says nothing, so that a provider's profile may.
    public var resource: Resource?
    /// The name of the parameter the scopes go into; `nil` is `scope`, unless a provider's profile knows another.
    public var scopeParameter: String?
    /// The scopes a refresh names; `nil` names none.
    public var refreshScope: RefreshScope?
    /// Which provider profile fills in what the entry does not say.
    public var profile: Profile = .automatic
    /// Whether metadata may name the issuer with a slash at its end more or less (G4); never so for `iss`.
    public var acceptsIssuerSlash: Bool?
    /// Whether metadata may do without a list of PKCE methods (G2); S256 is sent all the same.
    public var acceptsMissingPKCEList: Bool?
    /// The authorization server's issuer, trusted by the user; byte for byte.
    public var issuer: ConfiguredText?
    /// The base URL to discover from when the server sends no challenge.
    public var discoveryURL: ConfiguredText?
    /// The authorization endpoint.
    public var authorizationURL: ConfiguredText?
    /// The token endpoint.
    public var tokenURL: ConfiguredText?
    /// The device authorization endpoint (RFC 8628).
    public var deviceAuthorizationURL: ConfiguredText?
    /// The registration endpoint (RFC 7591).
    public var registrationURL: ConfiguredText?
    /// The revocation endpoint (RFC 7009).
    public var revocationURL: ConfiguredText?
    /// Whether the default endpoints of MCP 2025-03-26 are tried where the server publishes nothing (C6.2).
    public var usesDefaultEndpoints = true
    /// Whose sign-in is used when none is named; `nil` for the one made without a name.
    public var account: String?
    /// Whether PKCE is used. `false` only together with `authorizationURL` and `tokenURL`; where metadata lists S256 it
    /// is sent all the same.
    public var usesPKCE = true
    /// Further parameters of the authorization request, in the file's order; no reserved names.
    public var extraAuthorizationParameters: [AuthorizationParameter] = []
    /// Further parameters of the request that makes a code a token; no reserved names.
    public var extraTokenParameters: [AuthorizationParameter] = []
    /// Further parameters of a refresh, kept with the sign-in; no reserved names.
    public var extraRefreshParameters: [AuthorizationParameter] = []
    /// Where the browser comes back to.
    public var redirect = RedirectConfiguration()
    /// Whether to listen for the browser; `false` means that the person pastes the address.
    public var usesLoopback = true
    /// Where this server's sign-in is kept.
    public var store: Store = .shared
    /// What to say of ourselves when registering (RFC 7591 §2).
    public var clientMetadata = ClientMetadataConfiguration()
    /// The https URL of our client id metadata document.
    public var clientMetadataURL: ConfiguredText?

    /// Sign-in by discovery, as a bare `{"type": "oauth2"}` means it.
    public init() {}

    /// Whether both endpoints that a sign-in needs are configured.
    public var hasConfiguredEndpoints: Bool { authorizationURL != nil && tokenURL != nil }
}

/// A parameter added to a request of the sign-in.
public struct AuthorizationParameter: Sendable, Hashable {
    /// The name; never one that the sign-in itself uses.
    public var name: String
    /// The value.
    public var value: ConfiguredText

    /// A parameter.
    public init(name: String, value: ConfiguredText) {
        self.name = name
        self.value = value
    }
}

/// The redirect URI: the parts that are fixed. What is `nil` is ours to choose.
public struct RedirectConfiguration: Sendable, Hashable {
    /// The loopback host, as spelled: `127.0.0.1`, `localhost` or `[::1]`.
    public var host: String?
    /// The port. When set, a busy port is an error, never a silent change.
    public var port: UInt16?
    /// The path with its query, exactly as written; may be empty.
    public var path: String?
    /// A redirect URI that does not lead to this machine: the person pastes the address the browser ends at.
    public var foreignURI: ConfiguredText?

    /// Nothing fixed.
    public init(
        host: String? = nil, port: UInt16? = nil, path: String? = nil, foreignURI: ConfiguredText? = nil
    ) {
        self.host = host
        self.port = port
        self.path = path
        self.foreignURI = foreignURI
    }
}

/// What to say of ourselves when registering (RFC 7591 §2); `nil` is ours to choose.
public struct ClientMetadataConfiguration: Sendable, Hashable {
    /// The name a person sees at consent.
    public var clientName: String?
    /// Redirect URIs to register; the one used is `AuthConfiguration.redirect`.
    public var redirectURIs: [String]?
    /// Grant types to register.
    public var grantTypes: [String]?
    /// Response types to register.
    public var responseTypes: [String]?
    /// How to authenticate at the token endpoint: `none`, `client_secret_basic` or `client_secret_post`.
    public var tokenEndpointAuthMethod: String?

    /// Nothing said.
    public init() {}
}
