// What discovery found.

import OmlxOAuth

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
    /// Configured endpoints that get codes and secrets, on another origin than any of the issuer's own.
    var foreignEndpoints: [ForeignEndpoint] = []
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
