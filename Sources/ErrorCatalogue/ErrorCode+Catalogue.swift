// The catalogue of every error code: one line each, in one class each. docs/errors.md has an entry for every one.

extension ErrorCode {
    // MARK: configuration
    /// The configuration file named does not exist.
    public static let configNotFound = ErrorCode(
        "CONFIG_NOT_FOUND", .configuration, "The configuration file named does not exist.")
    /// The configuration file exists but cannot be read.
    public static let configUnreadable = ErrorCode(
        "CONFIG_UNREADABLE", .configuration, "The configuration file exists but cannot be read.")
    /// The configuration file, or a file it names, is not approved.
    public static let configUntrusted = ErrorCode(
        "CONFIG_UNTRUSTED", .configuration, "The configuration file is not approved.")
    /// Others may change the configuration file, or a file it names.
    public static let configPermissions = ErrorCode(
        "CONFIG_PERMISSIONS", .configuration, "Others may change the configuration file.")
    /// The configuration file is not JSON.
    public static let configInvalidJSON = ErrorCode(
        "CONFIG_INVALID_JSON", .configuration, "The configuration file is not JSON.")
    /// The configuration file is not YAML.
    public static let configInvalidYAML = ErrorCode(
        "CONFIG_INVALID_YAML", .configuration, "The configuration file is not YAML.")
    /// The configuration's top level has a value of the wrong type.
    public static let configInvalidRoot = ErrorCode(
        "CONFIG_INVALID_ROOT", .configuration, "The configuration's top level has a value of the wrong type.")
    /// A key is not known and was passed over (a warning).
    public static let configUnknownKey = ErrorCode(
        "CONFIG_UNKNOWN_KEY", .configuration, "A key is not known and was passed over (a warning).")
    /// A key stands twice; the last one counts (a warning).
    public static let configDuplicateKey = ErrorCode(
        "CONFIG_DUPLICATE_KEY", .configuration, "A key stands twice; the last one counts (a warning).")
    /// A known key has no meaning where it stands (a warning).
    public static let configIgnoredKey = ErrorCode(
        "CONFIG_IGNORED_KEY", .configuration, "A known key has no meaning where it stands (a warning).")
    /// Something is written as another program has it, and was read all the same (a warning).
    public static let configOtherForm = ErrorCode(
        "CONFIG_OTHER_FORM", .configuration,
        "Something is written as another program has it, and was read all the same (a warning).")
    /// A value may not mean what was meant (a warning).
    public static let configDoubtful = ErrorCode(
        "CONFIG_DOUBTFUL", .configuration, "A value may not mean what was meant (a warning).")
    /// The configuration names no server (a warning).
    public static let configNoServers = ErrorCode(
        "CONFIG_NO_SERVERS", .configuration, "The configuration names no server (a warning).")
    /// A server's entry has a value of the wrong type or out of range.
    public static let configServerInvalid = ErrorCode(
        "CONFIG_SERVER_INVALID", .configuration, "A server's entry has a value of the wrong type or out of range.")
    /// A server's name cannot be used.
    public static let configServerName = ErrorCode(
        "CONFIG_SERVER_NAME", .configuration, "A server's name cannot be used.")
    /// A stdio server has no command.
    public static let configCommandMissing = ErrorCode(
        "CONFIG_COMMAND_MISSING", .configuration, "A stdio server has no command.")
    /// An HTTP server has no URL.
    public static let configURLMissing = ErrorCode(
        "CONFIG_URL_MISSING", .configuration, "An HTTP server has no URL.")
    /// A URL cannot be used.
    public static let configURLInvalid = ErrorCode(
        "CONFIG_URL_INVALID", .configuration, "A URL cannot be used.")
    /// No MCP transport exists for ws:// and wss:// URLs.
    public static let configURLWebSocket = ErrorCode(
        "CONFIG_URL_WEBSOCKET", .configuration, "No MCP transport exists for ws:// and wss:// URLs.")
    /// The transport's name is not known.
    public static let configTransportUnknown = ErrorCode(
        "CONFIG_TRANSPORT_UNKNOWN", .configuration, "The transport's name is not known.")
    /// An environment variable the entry needs is not set.
    public static let configVariableUnset = ErrorCode(
        "CONFIG_VARIABLE_UNSET", .configuration, "An environment variable the entry needs is not set.")
    /// An input the entry needs is not set.
    public static let configInputUnset = ErrorCode(
        "CONFIG_INPUT_UNSET", .configuration, "An input the entry needs is not set.")
    /// A `${…}` of a form that is not known was left as it stands (a warning).
    public static let configVariableForm = ErrorCode(
        "CONFIG_VARIABLE_FORM", .configuration, "A ${…} of a form that is not known was left as it stands (a warning).")
    /// The sign-in settings of a server cannot be used.
    public static let configAuthInvalid = ErrorCode(
        "CONFIG_AUTH_INVALID", .configuration, "The sign-in settings of a server cannot be used.")
    /// A setting makes the sign-in weaker than it could be (a warning).
    public static let configWeakened = ErrorCode(
        "CONFIG_WEAKENED", .configuration, "A setting makes the sign-in weaker than it could be (a warning).")
    /// A header's name or value cannot be sent.
    public static let configHeaderInvalid = ErrorCode(
        "CONFIG_HEADER_INVALID", .configuration, "A header's name or value cannot be sent.")
    /// A certificate or key file cannot be used.
    public static let configTLSInvalid = ErrorCode(
        "CONFIG_TLS_INVALID", .configuration, "A certificate or key file cannot be used.")
    /// An extra parameter has a name that the sign-in itself uses.
    public static let configReservedParameter = ErrorCode(
        "CONFIG_RESERVED_PARAMETER", .configuration, "An extra parameter has a name that the sign-in itself uses.")
    /// The credential store named does not exist here.
    public static let configStoreUnsupported = ErrorCode(
        "CONFIG_STORE_UNSUPPORTED", .configuration, "The credential store named does not exist here.")
    /// No server of that name is configured.
    public static let configServerUnknown = ErrorCode(
        "CONFIG_SERVER_UNKNOWN", .configuration, "No server of that name is configured.")
    /// The server is disabled in the configuration.
    public static let configServerDisabled = ErrorCode(
        "CONFIG_SERVER_DISABLED", .configuration, "The server is disabled in the configuration.")
    /// The command line cannot be understood.
    public static let configUsage = ErrorCode(
        "CONFIG_USAGE", .configuration, "The command line cannot be understood.")

    // MARK: transport
    /// A stdio server's command was not found.
    public static let transportCommandNotFound = ErrorCode(
        "TRANSPORT_COMMAND_NOT_FOUND", .transport, "A stdio server's command was not found.")
    /// A stdio server's command could not be started.
    public static let transportCommandFailed = ErrorCode(
        "TRANSPORT_COMMAND_FAILED", .transport, "A stdio server's command could not be started.")
    /// A stdio server's process ended.
    public static let transportProcessExited = ErrorCode(
        "TRANSPORT_PROCESS_EXITED", .transport, "A stdio server's process ended.", retryable: true)
    /// Nothing listens at the server's address.
    public static let transportConnectionRefused = ErrorCode(
        "TRANSPORT_CONNECTION_REFUSED", .transport, "Nothing listens at the server's address.", retryable: true)
    /// The server's host name has no address.
    public static let transportDNS = ErrorCode(
        "TRANSPORT_DNS", .transport, "The server's host name has no address.", retryable: true)
    /// No trusted TLS connection could be made.
    public static let transportTLS = ErrorCode(
        "TRANSPORT_TLS", .transport, "No trusted TLS connection could be made.")
    /// No connection within the connect limit.
    public static let transportConnectTimeout = ErrorCode(
        "TRANSPORT_CONNECT_TIMEOUT", .transport, "No connection within the connect limit.", retryable: true)
    /// Connected, but no answer began within the limit.
    public static let transportFirstByteTimeout = ErrorCode(
        "TRANSPORT_FIRST_BYTE_TIMEOUT", .transport, "Connected, but no answer began within the limit.", retryable: true)
    /// An answer began and then stopped for longer than the limit.
    public static let transportIdleTimeout = ErrorCode(
        "TRANSPORT_IDLE_TIMEOUT", .transport, "An answer began and then stopped for longer than the limit.",
        retryable: true)
    /// The server was not ready within its time limit.
    public static let transportTimeout = ErrorCode(
        "TRANSPORT_TIMEOUT", .transport, "The server was not ready within its time limit.", retryable: true)
    /// The server closed the connection without a whole answer.
    public static let transportClosed = ErrorCode(
        "TRANSPORT_CLOSED", .transport, "The server closed the connection without a whole answer.", retryable: true)
    /// What listens at the server's address does not speak HTTP.
    public static let transportNotHTTP = ErrorCode(
        "TRANSPORT_NOT_HTTP", .transport, "What listens at the server's address does not speak HTTP.")
    /// The server answered with an HTTP status that makes no sense here.
    public static let transportBadStatus = ErrorCode(
        "TRANSPORT_BAD_STATUS", .transport, "The server answered with an HTTP status that makes no sense here.")
    /// The server answered with an HTTP status of 500 or above.
    public static let transportServerError = ErrorCode(
        "TRANSPORT_SERVER_ERROR", .transport, "The server answered with an HTTP status of 500 or above.",
        retryable: true)
    /// The server asked to slow down (HTTP 429).
    public static let transportRateLimited = ErrorCode(
        "TRANSPORT_RATE_LIMITED", .transport, "The server asked to slow down (HTTP 429).", retryable: true)
    /// There is no MCP endpoint at this URL (HTTP 404 or 405).
    public static let transportNotFound = ErrorCode(
        "TRANSPORT_NOT_FOUND", .transport, "There is no MCP endpoint at this URL (HTTP 404 or 405).")
    /// The server refused the request by policy (HTTP 403).
    public static let transportForbidden = ErrorCode(
        "TRANSPORT_FORBIDDEN", .transport, "The server refused the request by policy (HTTP 403).")
    /// The server redirects to another origin.
    public static let transportRedirectOrigin = ErrorCode(
        "TRANSPORT_REDIRECT_ORIGIN", .transport, "The server redirects to another origin.")
    /// The server redirects more often than is followed.
    public static let transportRedirectLimit = ErrorCode(
        "TRANSPORT_REDIRECT_LIMIT", .transport, "The server redirects more often than is followed.")
    /// A redirect that must not be followed.
    public static let transportRedirectRefused = ErrorCode(
        "TRANSPORT_REDIRECT_REFUSED", .transport, "A redirect that must not be followed.")
    /// The answer is larger than the limit.
    public static let transportTooLarge = ErrorCode(
        "TRANSPORT_TOO_LARGE", .transport, "The answer is larger than the limit.")
    /// The answer is in a content encoding that cannot be decoded.
    public static let transportEncoding = ErrorCode(
        "TRANSPORT_ENCODING", .transport, "The answer is in a content encoding that cannot be decoded.")
    /// The proxy could not be used.
    public static let transportProxy = ErrorCode(
        "TRANSPORT_PROXY", .transport, "The proxy could not be used.", retryable: true)
    /// The network failed in another way.
    public static let transportNetwork = ErrorCode(
        "TRANSPORT_NETWORK", .transport, "The network failed in another way.", retryable: true)
    /// The address is in a network where nothing on the public internet may lead.
    public static let transportAddressRefused = ErrorCode(
        "TRANSPORT_ADDRESS_REFUSED", .transport,
        "The address is in a network where nothing on the public internet may lead.")
    /// Only http and https URLs are requested.
    public static let transportURLRefused = ErrorCode(
        "TRANSPORT_URL_REFUSED", .transport, "Only http and https URLs are requested.")
    /// libcurl is not installed or too old.
    public static let transportHTTPLibrary = ErrorCode(
        "TRANSPORT_HTTP_LIBRARY", .transport, "libcurl is not installed or too old.")
    /// An SSE server names an endpoint at another origin.
    public static let transportEndpointOrigin = ErrorCode(
        "TRANSPORT_ENDPOINT_ORIGIN", .transport, "An SSE server names an endpoint at another origin.")
    /// The request was cancelled.
    public static let transportCancelled = ErrorCode(
        "TRANSPORT_CANCELLED", .transport, "The request was cancelled.")
    /// The server is not connected.
    public static let transportNotConnected = ErrorCode(
        "TRANSPORT_NOT_CONNECTED", .transport, "The server is not connected.", retryable: true)

    // MARK: protocol
    /// The server's answer is not JSON.
    public static let protocolNotJSON = ErrorCode(
        "PROTOCOL_NOT_JSON", .protocol, "The server's answer is not JSON.")
    /// The server's answer is of a type MCP does not use.
    public static let protocolContentType = ErrorCode(
        "PROTOCOL_CONTENT_TYPE", .protocol, "The server's answer is of a type MCP does not use.")
    /// The server's answer is JSON but no MCP message.
    public static let protocolInvalidMessage = ErrorCode(
        "PROTOCOL_INVALID_MESSAGE", .protocol, "The server's answer is JSON but no MCP message.")
    /// The server speaks no protocol revision that omlx speaks.
    public static let protocolVersionUnsupported = ErrorCode(
        "PROTOCOL_VERSION_UNSUPPORTED", .protocol, "The server speaks no protocol revision that omlx speaks.")
    /// The server answered with a JSON-RPC error.
    public static let protocolErrorResponse = ErrorCode(
        "PROTOCOL_ERROR_RESPONSE", .protocol, "The server answered with a JSON-RPC error.")
    /// The stream ended before the answer came.
    public static let protocolStreamBroken = ErrorCode(
        "PROTOCOL_STREAM_BROKEN", .protocol, "The stream ended before the answer came.", retryable: true)
    /// The server forgot the session.
    public static let protocolSessionLost = ErrorCode(
        "PROTOCOL_SESSION_LOST", .protocol, "The server forgot the session.", retryable: true)
    /// A message is longer than the limit.
    public static let protocolLineTooLong = ErrorCode(
        "PROTOCOL_LINE_TOO_LONG", .protocol, "A message is longer than the limit.")
    /// An SSE server named no endpoint.
    public static let protocolNoEndpoint = ErrorCode(
        "PROTOCOL_NO_ENDPOINT", .protocol, "An SSE server named no endpoint.")
    /// A paged list does not end.
    public static let protocolEndlessPages = ErrorCode(
        "PROTOCOL_ENDLESS_PAGES", .protocol, "A paged list does not end.")
    /// The server is connected, and there is no tool of it to use.
    public static let protocolNoTools = ErrorCode(
        "PROTOCOL_NO_TOOLS", .protocol, "The server is connected, and there is no tool of it to use.")
    /// No server has a tool of that name.
    public static let protocolToolUnknown = ErrorCode(
        "PROTOCOL_TOOL_UNKNOWN", .protocol, "No server has a tool of that name.")
    /// Several servers have a tool of that name.
    public static let protocolToolAmbiguous = ErrorCode(
        "PROTOCOL_TOOL_AMBIGUOUS", .protocol, "Several servers have a tool of that name.")
    /// The tool may be that of a server that is not ready.
    public static let protocolToolUnreachable = ErrorCode(
        "PROTOCOL_TOOL_UNREACHABLE", .protocol, "The tool may be that of a server that is not ready.", retryable: true)
    /// The tool's arguments cannot be understood.
    public static let protocolArguments = ErrorCode(
        "PROTOCOL_ARGUMENTS", .protocol, "The tool's arguments cannot be understood.")
    /// The tool ran and reported a failure.
    public static let protocolToolFailed = ErrorCode(
        "PROTOCOL_TOOL_FAILED", .protocol, "The tool ran and reported a failure.")

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

    // MARK: storage
    /// The credential store cannot be read.
    public static let storeUnreadable = ErrorCode(
        "STORE_UNREADABLE", .storage, "The credential store cannot be read.")
    /// A credential file or its folder is open to others.
    public static let storePermissions = ErrorCode(
        "STORE_PERMISSIONS", .storage, "A credential file or its folder is open to others.")
    /// The file is not a credential file of omlx.
    public static let storeForeign = ErrorCode(
        "STORE_FOREIGN", .storage, "The file is not a credential file of omlx.")
    /// The credential file was written by a newer omlx.
    public static let storeVersion = ErrorCode(
        "STORE_VERSION", .storage, "The credential file was written by a newer omlx.")
    /// The credential file is damaged.
    public static let storeDamaged = ErrorCode(
        "STORE_DAMAGED", .storage, "The credential file is damaged.")
    /// Credentials are there, but the key file is not.
    public static let storeKeyMissing = ErrorCode(
        "STORE_KEY_MISSING", .storage, "Credentials are there, but the key file is not.")
    /// The credential store is locked with a password.
    public static let storePasswordNeeded = ErrorCode(
        "STORE_PASSWORD_NEEDED", .storage, "The credential store is locked with a password.")
    /// The password does not open the credential store.
    public static let storePasswordWrong = ErrorCode(
        "STORE_PASSWORD_WRONG", .storage, "The password does not open the credential store.")
    /// The credential could not be written.
    public static let storeWriteFailed = ErrorCode(
        "STORE_WRITE_FAILED", .storage, "The credential could not be written.")
    /// Another program changed the credential meanwhile.
    public static let storeConflict = ErrorCode(
        "STORE_CONFLICT", .storage, "Another program changed the credential meanwhile.", retryable: true)
    /// Another program holds the credential's lock.
    public static let storeLockTimeout = ErrorCode(
        "STORE_LOCK_TIMEOUT", .storage, "Another program holds the credential's lock.", retryable: true)
    /// The credential's lock could not be made.
    public static let storeLockFailed = ErrorCode(
        "STORE_LOCK_FAILED", .storage, "The credential's lock could not be made.")
    /// The keyring, or whatever else keeps the credentials, cannot be reached.
    public static let storeUnavailable = ErrorCode(
        "STORE_UNAVAILABLE", .storage, "The credential store cannot be reached.", retryable: true)
    /// The keyring is locked.
    public static let storeLocked = ErrorCode(
        "STORE_LOCKED", .storage, "The desktop's keyring is locked.", retryable: true)
    /// The credential store did not answer in time.
    public static let storeTimeout = ErrorCode(
        "STORE_TIMEOUT", .storage, "The credential store did not answer in time.", retryable: true)
    /// Vault is sealed.
    public static let storeSealed = ErrorCode(
        "STORE_SEALED", .storage, "Vault is sealed.", retryable: true)
    /// Vault's token may not do this.
    public static let storeForbidden = ErrorCode(
        "STORE_FORBIDDEN", .storage, "Vault's token may not do this.")
    /// Vault wants a token, and there is none.
    public static let storeTokenNeeded = ErrorCode(
        "STORE_TOKEN_NEEDED", .storage, "Vault wants a token, and there is none.")
    /// Vault's token ended or is not valid.
    public static let storeTokenExpired = ErrorCode(
        "STORE_TOKEN_EXPIRED", .storage, "Vault's token ended or is not valid.")
    /// Vault's address is neither https nor on loopback.
    public static let storeInsecureURL = ErrorCode(
        "STORE_INSECURE_URL", .storage, "Vault's address is neither https nor on loopback.")
    /// The sign-ins are kept in another store than the one at hand.
    public static let storeMoved = ErrorCode(
        "STORE_MOVED", .storage, "The sign-ins are kept in another store than the one at hand.")
    /// An older record was put back into the store.
    public static let storeOlder = ErrorCode(
        "STORE_OLDER", .storage, "An older record was put back into the store.")
    /// The sign-ins could not be moved to another store.
    public static let storeMigration = ErrorCode(
        "STORE_MIGRATION", .storage, "The sign-ins could not be moved to another store.")
    /// OpenSSL's libcrypto is not installed, too old, or refuses to work.
    public static let storeCryptography = ErrorCode(
        "STORE_CRYPTOGRAPHY", .storage, "OpenSSL's libcrypto is not installed, too old, or refuses to work.")
    /// The status database cannot be used.
    public static let databaseUnavailable = ErrorCode(
        "DATABASE_UNAVAILABLE", .storage, "The status database cannot be used.")

    /// Every code there is.
    public static let all: [ErrorCode] = [
        .configNotFound,
        .configUnreadable,
        .configUntrusted,
        .configPermissions,
        .configInvalidJSON,
        .configInvalidYAML,
        .configInvalidRoot,
        .configUnknownKey,
        .configDuplicateKey,
        .configIgnoredKey,
        .configOtherForm,
        .configDoubtful,
        .configNoServers,
        .configServerInvalid,
        .configServerName,
        .configCommandMissing,
        .configURLMissing,
        .configURLInvalid,
        .configURLWebSocket,
        .configTransportUnknown,
        .configVariableUnset,
        .configInputUnset,
        .configVariableForm,
        .configAuthInvalid,
        .configWeakened,
        .configHeaderInvalid,
        .configTLSInvalid,
        .configReservedParameter,
        .configStoreUnsupported,
        .configServerUnknown,
        .configServerDisabled,
        .configUsage,
        .transportCommandNotFound,
        .transportCommandFailed,
        .transportProcessExited,
        .transportConnectionRefused,
        .transportDNS,
        .transportTLS,
        .transportConnectTimeout,
        .transportFirstByteTimeout,
        .transportIdleTimeout,
        .transportTimeout,
        .transportClosed,
        .transportNotHTTP,
        .transportBadStatus,
        .transportServerError,
        .transportRateLimited,
        .transportNotFound,
        .transportForbidden,
        .transportRedirectOrigin,
        .transportRedirectLimit,
        .transportRedirectRefused,
        .transportTooLarge,
        .transportEncoding,
        .transportProxy,
        .transportNetwork,
        .transportAddressRefused,
        .transportURLRefused,
        .transportHTTPLibrary,
        .transportEndpointOrigin,
        .transportCancelled,
        .transportNotConnected,
        .protocolNotJSON,
        .protocolContentType,
        .protocolInvalidMessage,
        .protocolVersionUnsupported,
        .protocolErrorResponse,
        .protocolStreamBroken,
        .protocolSessionLost,
        .protocolLineTooLong,
        .protocolNoEndpoint,
        .protocolEndlessPages,
        .protocolNoTools,
        .protocolToolUnknown,
        .protocolToolAmbiguous,
        .protocolToolUnreachable,
        .protocolArguments,
        .protocolToolFailed,
        .oauthDiscoveryUnavailable,
        .oauthResourceMetadataInvalid,
        .oauthResourceMismatch,
        .oauthNoAuthorizationServer,
        .oauthServerMetadataNotFound,
        .oauthServerMetadataInvalid,
        .oauthIssuerMismatch,
        .oauthPKCEUnsupported,
        .oauthInsecureURL,
        .oauthClientNeeded,
        .oauthRegistrationRejected,
        .oauthRegistrationInvalid,
        .oauthRegistrationUnavailable,
        .oauthClientMetadataInvalid,
        .oauthClientIssuerMismatch,
        .oauthSignInNeeded,
        .oauthSignInNotApplicable,
        .oauthAuthorizationURLRefused,
        .oauthCallbackPortTaken,
        .oauthCallbackFailed,
        .oauthCallbackInvalid,
        .oauthCallbackTimeout,
        .oauthSignInCancelled,
        .oauthAccessDenied,
        .oauthAuthorizationError,
        .oauthStateMismatch,
        .oauthIssMismatch,
        .oauthIssMissing,
        .oauthCodeMissing,
        .oauthInsufficientScope,
        .oauthDeviceUnsupported,
        .oauthDeviceUnavailable,
        .oauthDeviceRefused,
        .oauthDeviceReplyInvalid,
        .oauthDeviceCodeExpired,
        .oauthStepUpFailed,
        .oauthStaticHeaderRefused,
        .oauthInvalidClient,
        .oauthInvalidGrant,
        .oauthTokenError,
        .oauthTokenReplyInvalid,
        .oauthNonceMismatch,
        .oauthTokenUnavailable,
        .oauthTokenRefused,
        .oauthRevocationFailed,
        .oauthRefreshRejected,
        .oauthRefreshRefused,
        .oauthRefreshUnavailable,
        .oauthRefreshReplyInvalid,
        .oauthRefreshImpossible,
        .storeUnreadable,
        .storePermissions,
        .storeForeign,
        .storeVersion,
        .storeDamaged,
        .storeKeyMissing,
        .storePasswordNeeded,
        .storePasswordWrong,
        .storeWriteFailed,
        .storeConflict,
        .storeLockTimeout,
        .storeLockFailed,
        .storeUnavailable,
        .storeLocked,
        .storeTimeout,
        .storeSealed,
        .storeForbidden,
        .storeTokenNeeded,
        .storeTokenExpired,
        .storeInsecureURL,
        .storeMoved,
        .storeOlder,
        .storeMigration,
        .storeCryptography,
        .databaseUnavailable,
    ]
}
