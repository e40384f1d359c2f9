// What discovery found.

import OmlxOAuth

/// What discovery found.
package struct Discovery: Sendable {
    /// The resource's own document, if it publishes one.
    package var resourceMetadata: ProtectedResourceMetadata?
    /// The authorization server.
    package var server: AuthorizationServerMetadata
    /// The `resource` to send, or `nil` to send none (C10.1 to C10.4).
    package var resource: String?
    /// What a person should know, such as a fallback that was taken.
    package var notices: [String]
    /// What was found where.
    package var documents: [DiscoveredDocument]
    /// Configured endpoints that get codes and secrets, on another origin than any of the issuer's own.
    var foreignEndpoints: [ForeignEndpoint] = []
    /// The provider's profile, if one is used.
    package var profile: ProviderProfile?
    /// The settings for the rest of the sign-in: the user's, completed by the profile's.
    package var configuration: SignInConfiguration

    /// The places that answered, asked first next time.
    package var places: [String] { documents.places }
    /// Whether nothing was published and the default endpoints of MCP 2025-03-26 stand in.
    package var usesDefaultEndpoints: Bool { documents.contains { $0.kind == .defaults } }
}

extension [DiscoveredDocument] {
    /// The places that answered, asked first next time.
    var places: [String] { compactMap { $0.kind == .defaults ? nil : $0.url } }
}
