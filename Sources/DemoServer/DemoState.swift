// Counts of what has happened at the server.

import OmlxJSON

/// What has happened at the server, in numbers.
public struct DemoState: Sendable, Equatable {
    /// Clients registered.
    public internal(set) var registrations = 0
    /// Valid authorization requests.
    public internal(set) var authorizations = 0
    /// Codes given out.
    public internal(set) var consents = 0
    /// Token requests by `grant_type`, refused ones too.
    public internal(set) var tokenRequests: [String: Int] = [:]
    /// Token requests granted, by `grant_type`.
    public internal(set) var tokenGrants: [String: Int] = [:]
    /// Revocation requests carried out.
    public internal(set) var revocations = 0
    /// Token families ended because a code or a refresh token came twice.
    public internal(set) var reusesDetected = 0
    /// Access tokens that are accepted.
    public internal(set) var liveAccessTokens = 0
    /// Access tokens that are expired or revoked.
    public internal(set) var deadAccessTokens = 0
    /// Refresh tokens that are accepted.
    public internal(set) var liveRefreshTokens = 0
    /// Refresh tokens that are used up or revoked.
    public internal(set) var deadRefreshTokens = 0
    /// The parameters of the last token request, by name; client credentials of an `Authorization` header are not
    /// among them.
    public internal(set) var lastTokenRequest: [String: String] = [:]
    /// Sessions of the streamable HTTP endpoint that are open.
    public internal(set) var sessions = 0
    /// Open event streams of `/sse` and of GET `/mcp`.
    public internal(set) var openStreams = 0
    /// `ping` requests of the server that the client has not answered.
    public internal(set) var awaitedPongs = 0

    init() {}

    /// The same as JSON; the members have the names of the properties.
    public var json: JSON {
        [
            "registrations": JSON(registrations), "authorizations": JSON(authorizations), "consents": JSON(consents),
            "tokenRequests": tokenRequests.scriptJSON, "tokenGrants": tokenGrants.scriptJSON,
            "revocations": JSON(revocations), "reusesDetected": JSON(reusesDetected),
            "liveAccessTokens": JSON(liveAccessTokens), "deadAccessTokens": JSON(deadAccessTokens),
            "liveRefreshTokens": JSON(liveRefreshTokens), "deadRefreshTokens": JSON(deadRefreshTokens),
            "lastTokenRequest": lastTokenRequest.scriptJSON, "sessions": JSON(sessions),
            "openStreams": JSON(openStreams), "awaitedPongs": JSON(awaitedPongs),
        ]
    }
}
