// The codes of a sign-in, from discovery to refresh. One line each, in one class each; listed in ErrorCode.all.

extension ErrorCode {
    // MARK: discovery
    /// Sign-in metadata could not be fetched.
    public static let oauthDiscoveryUnavailable = ErrorCode(
        "OAUTH_DISCOVERY_UNAVAILABLE", .discovery, "Sign-in metadata could not be fetched.", retryable: true)
    /// The protected resource metadata cannot be used.
    public static let oauthResourceMetadataInvalid = ErrorCode(
        "OAUTH_RESOURCE_METADATA_INVALID", .discovery, "The protected resource metadata cannot be used.")
    /// The protected resource metadata is for another resource.
    public static let oauthResourceMismatch = ErrorCode(
        "OAUTH_RESOURCE_MISMATCH", .discovery, "The protected resource metadata is for another resource.")
    /// Nothing says where to sign in.
    public static let oauthNoAuthorizationServer = ErrorCode(
        "OAUTH_NO_AUTHORIZATION_SERVER", .discovery, "Nothing says where to sign in.")
    /// The authorization server publishes no metadata.
    public static let oauthServerMetadataNotFound = ErrorCode(
        "OAUTH_SERVER_METADATA_NOT_FOUND", .discovery, "The authorization server publishes no metadata.")
    /// The authorization server's metadata cannot be used.
    public static let oauthServerMetadataInvalid = ErrorCode(
        "OAUTH_SERVER_METADATA_INVALID", .discovery, "The authorization server's metadata cannot be used.")
    /// The metadata names another issuer than the one asked.
    public static let oauthIssuerMismatch = ErrorCode(
        "OAUTH_ISSUER_MISMATCH", .discovery, "The metadata names another issuer than the one asked.")
    /// The authorization server does not list PKCE with S256.
    public static let oauthPKCEUnsupported = ErrorCode(
        "OAUTH_PKCE_UNSUPPORTED", .discovery, "The authorization server does not list PKCE with S256.")
    /// A sign-in URL is not https and not on loopback.
    public static let oauthInsecureURL = ErrorCode(
        "OAUTH_INSECURE_URL", .discovery, "A sign-in URL is not https and not on loopback.")

    // MARK: registration
    /// The authorization server registers no clients; a client id must be configured.
    public static let oauthClientNeeded = ErrorCode(
        "OAUTH_CLIENT_NEEDED", .registration,
        "The authorization server registers no clients; a client id must be configured.")
    /// The authorization server refused to register omlx.
    public static let oauthRegistrationRejected = ErrorCode(
        "OAUTH_REGISTRATION_REJECTED", .registration, "The authorization server refused to register omlx.")
    /// The answer to the registration cannot be used.
    public static let oauthRegistrationInvalid = ErrorCode(
        "OAUTH_REGISTRATION_INVALID", .registration, "The answer to the registration cannot be used.")
    /// The registration endpoint could not be reached.
    public static let oauthRegistrationUnavailable = ErrorCode(
        "OAUTH_REGISTRATION_UNAVAILABLE", .registration, "The registration endpoint could not be reached.",
        retryable: true)
    /// The client id metadata document at the configured URL is not one for omlx.
    public static let oauthClientMetadataInvalid = ErrorCode(
        "OAUTH_CLIENT_METADATA_INVALID", .registration,
        "The client id metadata document at the configured URL is not one for omlx.")
    /// The configured client belongs to another authorization server.
    public static let oauthClientIssuerMismatch = ErrorCode(
        "OAUTH_CLIENT_ISSUER_MISMATCH", .registration, "The configured client belongs to another authorization server.")

    // MARK: authorization
    /// The server wants a sign-in.
    public static let oauthSignInNeeded = ErrorCode(
        "OAUTH_SIGN_IN_NEEDED", .authorization, "The server wants a sign-in.")
    /// The server has nothing to sign in to.
    public static let oauthSignInNotApplicable = ErrorCode(
        "OAUTH_SIGN_IN_NOT_APPLICABLE", .authorization, "The server has nothing to sign in to.")
    /// The authorization URL must not be opened.
    public static let oauthAuthorizationURLRefused = ErrorCode(
        "OAUTH_AUTHORIZATION_URL_REFUSED", .authorization, "The authorization URL must not be opened.")
    /// The callback port fixed by configuration is in use.
    public static let oauthCallbackPortTaken = ErrorCode(
        "OAUTH_CALLBACK_PORT_TAKEN", .authorization, "The callback port fixed by configuration is in use.")
    /// The callback listener could not be opened.
    public static let oauthCallbackFailed = ErrorCode(
        "OAUTH_CALLBACK_FAILED", .authorization, "The callback listener could not be opened.")
    /// What was pasted is no callback address.
    public static let oauthCallbackInvalid = ErrorCode(
        "OAUTH_CALLBACK_INVALID", .authorization, "What was pasted is no callback address.")
    /// Nobody finished the sign-in in time.
    public static let oauthCallbackTimeout = ErrorCode(
        "OAUTH_CALLBACK_TIMEOUT", .authorization, "Nobody finished the sign-in in time.", retryable: true)
    /// The sign-in was cancelled.
    public static let oauthSignInCancelled = ErrorCode(
        "OAUTH_SIGN_IN_CANCELLED", .authorization, "The sign-in was cancelled.")
    /// The sign-in was denied.
    public static let oauthAccessDenied = ErrorCode(
        "OAUTH_ACCESS_DENIED", .authorization, "The sign-in was denied.")
    /// The authorization server answered with an error.
    public static let oauthAuthorizationError = ErrorCode(
        "OAUTH_AUTHORIZATION_ERROR", .authorization, "The authorization server answered with an error.")
    /// A callback came with another state than the one sent.
    public static let oauthStateMismatch = ErrorCode(
        "OAUTH_STATE_MISMATCH", .authorization, "A callback came with another state than the one sent.")
    /// The callback came from another issuer than the one asked.
    public static let oauthIssMismatch = ErrorCode(
        "OAUTH_ISS_MISMATCH", .authorization, "The callback came from another issuer than the one asked.")
    /// The callback names no issuer although the metadata promises one.
    public static let oauthIssMissing = ErrorCode(
        "OAUTH_ISS_MISSING", .authorization, "The callback names no issuer although the metadata promises one.")
    /// The callback carries no authorization code.
    public static let oauthCodeMissing = ErrorCode(
        "OAUTH_CODE_MISSING", .authorization, "The callback carries no authorization code.")
    /// The sign-in lacks a scope this operation needs.
    public static let oauthInsufficientScope = ErrorCode(
        "OAUTH_INSUFFICIENT_SCOPE", .authorization, "The sign-in lacks a scope this operation needs.")
    /// The authorization server has no device authorization endpoint.
    public static let oauthDeviceUnsupported = ErrorCode(
        "OAUTH_DEVICE_UNSUPPORTED", .authorization, "The authorization server has no device authorization endpoint.")
    /// The device authorization endpoint gave no usable answer.
    public static let oauthDeviceUnavailable = ErrorCode(
        "OAUTH_DEVICE_UNAVAILABLE", .authorization, "The device authorization endpoint gave no usable answer.",
        retryable: true)
    /// The device authorization endpoint refused.
    public static let oauthDeviceRefused = ErrorCode(
        "OAUTH_DEVICE_REFUSED", .authorization, "The device authorization endpoint refused.")
    /// The device authorization reply cannot be used.
    public static let oauthDeviceReplyInvalid = ErrorCode(
        "OAUTH_DEVICE_REPLY_INVALID", .authorization, "The device authorization reply cannot be used.")
    /// The code for the device ended before anybody entered it.
    public static let oauthDeviceCodeExpired = ErrorCode(
        "OAUTH_DEVICE_CODE_EXPIRED", .authorization, "The code for the device ended before anybody entered it.")
    /// Signing in for more scopes did not satisfy the server.
    public static let oauthStepUpFailed = ErrorCode(
        "OAUTH_STEP_UP_FAILED", .authorization, "Signing in for more scopes did not satisfy the server.")
    /// The configured header was refused.
    public static let oauthStaticHeaderRefused = ErrorCode(
        "OAUTH_STATIC_HEADER_REFUSED", .authorization, "The configured header was refused.")

    // MARK: token exchange
    /// The token endpoint does not accept the client.
    public static let oauthInvalidClient = ErrorCode(
        "OAUTH_INVALID_CLIENT", .tokenExchange, "The token endpoint does not accept the client.")
    /// The token endpoint does not accept the authorization code.
    public static let oauthInvalidGrant = ErrorCode(
        "OAUTH_INVALID_GRANT", .tokenExchange, "The token endpoint does not accept the authorization code.")
    /// The token endpoint answered with an error.
    public static let oauthTokenError = ErrorCode(
        "OAUTH_TOKEN_ERROR", .tokenExchange, "The token endpoint answered with an error.")
    /// The token endpoint's answer cannot be used.
    public static let oauthTokenReplyInvalid = ErrorCode(
        "OAUTH_TOKEN_REPLY_INVALID", .tokenExchange, "The token endpoint's answer cannot be used.")
    /// The ID token belongs to another sign-in.
    public static let oauthNonceMismatch = ErrorCode(
        "OAUTH_NONCE_MISMATCH", .tokenExchange, "The ID token belongs to another sign-in.")
    /// The token endpoint could not be reached.
    public static let oauthTokenUnavailable = ErrorCode(
        "OAUTH_TOKEN_UNAVAILABLE", .tokenExchange, "The token endpoint could not be reached.", retryable: true)
    /// The server refuses a token it was just given.
    public static let oauthTokenRefused = ErrorCode(
        "OAUTH_TOKEN_REFUSED", .tokenExchange, "The server refuses a token it was just given.")
    /// The authorization server did not confirm the sign-out (a warning).
    public static let oauthRevocationFailed = ErrorCode(
        "OAUTH_REVOCATION_FAILED", .tokenExchange, "The authorization server did not confirm the sign-out (a warning).")

    // MARK: refresh
    /// The authorization server rejected the refresh token.
    public static let oauthRefreshRejected = ErrorCode(
        "OAUTH_REFRESH_REJECTED", .refresh, "The authorization server rejected the refresh token.")
    /// The authorization server refused the refresh for another reason.
    public static let oauthRefreshRefused = ErrorCode(
        "OAUTH_REFRESH_REFUSED", .refresh, "The authorization server refused the refresh for another reason.")
    /// The refresh got no usable answer; the sign-in is kept.
    public static let oauthRefreshUnavailable = ErrorCode(
        "OAUTH_REFRESH_UNAVAILABLE", .refresh, "The refresh got no usable answer; the sign-in is kept.", retryable: true
    )
    /// The answer to the refresh cannot be used; the sign-in is kept.
    public static let oauthRefreshReplyInvalid = ErrorCode(
        "OAUTH_REFRESH_REPLY_INVALID", .refresh, "The answer to the refresh cannot be used; the sign-in is kept.",
        retryable: true)
    /// The access token ended and there is no refresh token.
    public static let oauthRefreshImpossible = ErrorCode(
        "OAUTH_REFRESH_IMPOSSIBLE", .refresh, "The access token ended and there is no refresh token.")
}
