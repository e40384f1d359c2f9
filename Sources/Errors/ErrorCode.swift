// The catalogue of every error code: the stable texts programs match on. docs/errors.md has an entry for each.

/// A stable error code such as `OAUTH_ISSUER_MISMATCH`. New codes may come, existing ones keep their meaning.
@nonexhaustive
public enum ErrorCode: String, Sendable, Hashable, CaseIterable, Codable {
    // MARK: configuration

    /// The configuration file named does not exist.
    case configNotFound = "CONFIG_NOT_FOUND"
    /// The configuration file exists but cannot be read.
    case configUnreadable = "CONFIG_UNREADABLE"
    /// The configuration file, or a file it names, is not approved.
    case configUntrusted = "CONFIG_UNTRUSTED"
    /// Others may change the configuration file, or a file it names.
    case configPermissions = "CONFIG_PERMISSIONS"
    /// The configuration file is not JSON.
    case configInvalidJSON = "CONFIG_INVALID_JSON"
    /// The configuration file is not YAML.
    case configInvalidYAML = "CONFIG_INVALID_YAML"
    /// The configuration's top level has a value of the wrong type.
    case configInvalidRoot = "CONFIG_INVALID_ROOT"
    /// A key is not known and was passed over (a warning).
    case configUnknownKey = "CONFIG_UNKNOWN_KEY"
    /// A key stands twice; the last one counts (a warning).
    case configDuplicateKey = "CONFIG_DUPLICATE_KEY"
    /// A known key has no meaning where it stands (a warning).
    case configIgnoredKey = "CONFIG_IGNORED_KEY"
    /// Something is written as another program has it, and was read all the same (a warning).
    case configOtherForm = "CONFIG_OTHER_FORM"
    /// A value may not mean what was meant (a warning).
    case configDoubtful = "CONFIG_DOUBTFUL"
    /// The configuration names no server (a warning).
    case configNoServers = "CONFIG_NO_SERVERS"
    /// A server's entry has a value of the wrong type or out of range.
    case configServerInvalid = "CONFIG_SERVER_INVALID"
    /// A server's name cannot be used.
    case configServerName = "CONFIG_SERVER_NAME"
    /// A stdio server has no command.
    case configCommandMissing = "CONFIG_COMMAND_MISSING"
    /// An HTTP server has no URL.
    case configURLMissing = "CONFIG_URL_MISSING"
    /// A URL cannot be used.
    case configURLInvalid = "CONFIG_URL_INVALID"
    /// No MCP transport exists for ws:// and wss:// URLs.
    case configURLWebSocket = "CONFIG_URL_WEBSOCKET"
    /// The transport's name is not known.
    case configTransportUnknown = "CONFIG_TRANSPORT_UNKNOWN"
    /// An environment variable the entry needs is not set.
    case configVariableUnset = "CONFIG_VARIABLE_UNSET"
    /// An input the entry needs is not set.
    case configInputUnset = "CONFIG_INPUT_UNSET"
    /// A `${…}` of a form that is not known was left as it stands (a warning).
    case configVariableForm = "CONFIG_VARIABLE_FORM"
    /// The sign-in settings of a server cannot be used.
    case configAuthInvalid = "CONFIG_AUTH_INVALID"
    /// A setting makes the sign-in weaker than it could be (a warning).
    case configWeakened = "CONFIG_WEAKENED"
    /// A header's name or value cannot be sent.
    case configHeaderInvalid = "CONFIG_HEADER_INVALID"
    /// A certificate or key file cannot be used.
    case configTLSInvalid = "CONFIG_TLS_INVALID"
    /// An extra parameter has a name that the sign-in itself uses.
    case configReservedParameter = "CONFIG_RESERVED_PARAMETER"
    /// The credential store named does not exist here.
    case configStoreUnsupported = "CONFIG_STORE_UNSUPPORTED"
    /// No server of that name is configured.
    case configServerUnknown = "CONFIG_SERVER_UNKNOWN"
    /// The server is disabled in the configuration.
    case configServerDisabled = "CONFIG_SERVER_DISABLED"
    /// The command line cannot be understood.
    case configUsage = "CONFIG_USAGE"

    // MARK: transport

    /// A stdio server's command was not found.
    case transportCommandNotFound = "TRANSPORT_COMMAND_NOT_FOUND"
    /// A stdio server's command could not be started.
    case transportCommandFailed = "TRANSPORT_COMMAND_FAILED"
    /// A stdio server's process ended.
    case transportProcessExited = "TRANSPORT_PROCESS_EXITED"
    /// Nothing listens at the server's address.
    case transportConnectionRefused = "TRANSPORT_CONNECTION_REFUSED"
    /// The server's host name has no address.
    case transportDNS = "TRANSPORT_DNS"
    /// No trusted TLS connection could be made.
    case transportTLS = "TRANSPORT_TLS"
    /// No connection within the connect limit.
    case transportConnectTimeout = "TRANSPORT_CONNECT_TIMEOUT"
    /// Connected, but no answer began within the limit.
    case transportFirstByteTimeout = "TRANSPORT_FIRST_BYTE_TIMEOUT"
    /// An answer began and then stopped for longer than the limit.
    case transportIdleTimeout = "TRANSPORT_IDLE_TIMEOUT"
    /// The server was not ready within its time limit.
    case transportTimeout = "TRANSPORT_TIMEOUT"
    /// The server closed the connection without a whole answer.
    case transportClosed = "TRANSPORT_CLOSED"
    /// What listens at the server's address does not speak HTTP.
    case transportNotHTTP = "TRANSPORT_NOT_HTTP"
    /// The server answered with an HTTP status that makes no sense here.
    case transportBadStatus = "TRANSPORT_BAD_STATUS"
    /// The server answered with an HTTP status of 500 or above.
    case transportServerError = "TRANSPORT_SERVER_ERROR"
    /// The server asked to slow down (HTTP 429).
    case transportRateLimited = "TRANSPORT_RATE_LIMITED"
    /// There is no MCP endpoint at this URL (HTTP 404 or 405).
    case transportNotFound = "TRANSPORT_NOT_FOUND"
    /// The server refused the request by policy (HTTP 403).
    case transportForbidden = "TRANSPORT_FORBIDDEN"
    /// The server redirects to another origin.
    case transportRedirectOrigin = "TRANSPORT_REDIRECT_ORIGIN"
    /// The server redirects more often than is followed.
    case transportRedirectLimit = "TRANSPORT_REDIRECT_LIMIT"
    /// A redirect that must not be followed.
    case transportRedirectRefused = "TRANSPORT_REDIRECT_REFUSED"
    /// The answer is larger than the limit.
    case transportTooLarge = "TRANSPORT_TOO_LARGE"
    /// The answer is in a content encoding that cannot be decoded.
    case transportEncoding = "TRANSPORT_ENCODING"
    /// The proxy could not be used.
    case transportProxy = "TRANSPORT_PROXY"
    /// The network failed in another way.
    case transportNetwork = "TRANSPORT_NETWORK"
    /// The address is in a network where nothing on the public internet may lead.
    case transportAddressRefused = "TRANSPORT_ADDRESS_REFUSED"
    /// Only http and https URLs are requested.
    case transportURLRefused = "TRANSPORT_URL_REFUSED"
    /// libcurl is not installed or too old.
    case transportHTTPLibrary = "TRANSPORT_HTTP_LIBRARY"
    /// An SSE server names an endpoint at another origin.
    case transportEndpointOrigin = "TRANSPORT_ENDPOINT_ORIGIN"
    /// The request was cancelled.
    case transportCancelled = "TRANSPORT_CANCELLED"
    /// The server is not connected.
    case transportNotConnected = "TRANSPORT_NOT_CONNECTED"
    /// The host was stopped.
    case hostStopped = "HOST_STOPPED"

    // MARK: protocol

    /// The server's answer is not JSON.
    case protocolNotJSON = "PROTOCOL_NOT_JSON"
    /// The server's answer is of a type MCP does not use.
    case protocolContentType = "PROTOCOL_CONTENT_TYPE"
    /// The server's answer is JSON but no MCP message.
    case protocolInvalidMessage = "PROTOCOL_INVALID_MESSAGE"
    /// The server speaks no protocol revision that omlx speaks.
    case protocolVersionUnsupported = "PROTOCOL_VERSION_UNSUPPORTED"
    /// The server answered with a JSON-RPC error.
    case protocolErrorResponse = "PROTOCOL_ERROR_RESPONSE"
    /// The stream ended before the answer came.
    case protocolStreamBroken = "PROTOCOL_STREAM_BROKEN"
    /// The server forgot the session.
    case protocolSessionLost = "PROTOCOL_SESSION_LOST"
    /// A message is longer than the limit.
    case protocolLineTooLong = "PROTOCOL_LINE_TOO_LONG"
    /// An SSE server named no endpoint.
    case protocolNoEndpoint = "PROTOCOL_NO_ENDPOINT"
    /// A paged list does not end.
    case protocolEndlessPages = "PROTOCOL_ENDLESS_PAGES"
    /// The server is connected, and there is no tool of it to use.
    case protocolNoTools = "PROTOCOL_NO_TOOLS"
    /// No server has a tool of that name.
    case protocolToolUnknown = "PROTOCOL_TOOL_UNKNOWN"
    /// Several servers have a tool of that name.
    case protocolToolAmbiguous = "PROTOCOL_TOOL_AMBIGUOUS"
    /// The tool may be that of a server that is not ready.
    case protocolToolUnreachable = "PROTOCOL_TOOL_UNREACHABLE"
    /// The tool's arguments cannot be understood.
    case protocolArguments = "PROTOCOL_ARGUMENTS"
    /// The tool ran and reported a failure.
    case protocolToolFailed = "PROTOCOL_TOOL_FAILED"
    /// No server, or not this one, has a resource of that URI.
    case protocolResourceUnknown = "PROTOCOL_RESOURCE_UNKNOWN"
    /// Several servers have a resource of that URI.
    case protocolResourceAmbiguous = "PROTOCOL_RESOURCE_AMBIGUOUS"
    /// The server has no prompt of that name.
    case protocolPromptUnknown = "PROTOCOL_PROMPT_UNKNOWN"

    // MARK: discovery

    /// Sign-in metadata could not be fetched.
    case oauthDiscoveryUnavailable = "OAUTH_DISCOVERY_UNAVAILABLE"
    /// The protected resource metadata cannot be used.
    case oauthResourceMetadataInvalid = "OAUTH_RESOURCE_METADATA_INVALID"
    /// The protected resource metadata is for another resource.
    case oauthResourceMismatch = "OAUTH_RESOURCE_MISMATCH"
    /// Nothing says where to sign in.
    case oauthNoAuthorizationServer = "OAUTH_NO_AUTHORIZATION_SERVER"
    /// The authorization server publishes no metadata.
    case oauthServerMetadataNotFound = "OAUTH_SERVER_METADATA_NOT_FOUND"
    /// The authorization server's metadata cannot be used.
    case oauthServerMetadataInvalid = "OAUTH_SERVER_METADATA_INVALID"
    /// The metadata names another issuer than the one asked.
    case oauthIssuerMismatch = "OAUTH_ISSUER_MISMATCH"
    /// The authorization server does not list PKCE with S256.
    case oauthPKCEUnsupported = "OAUTH_PKCE_UNSUPPORTED"
    /// A sign-in URL is not https and not on loopback.
    case oauthInsecureURL = "OAUTH_INSECURE_URL"

    // MARK: registration

    /// The authorization server registers no clients; a client id must be configured.
    case oauthClientNeeded = "OAUTH_CLIENT_NEEDED"
    /// The authorization server refused to register omlx.
    case oauthRegistrationRejected = "OAUTH_REGISTRATION_REJECTED"
    /// The answer to the registration cannot be used.
    case oauthRegistrationInvalid = "OAUTH_REGISTRATION_INVALID"
    /// The registration endpoint could not be reached.
    case oauthRegistrationUnavailable = "OAUTH_REGISTRATION_UNAVAILABLE"
    /// The client id metadata document at the configured URL is not one for omlx.
    case oauthClientMetadataInvalid = "OAUTH_CLIENT_METADATA_INVALID"
    /// The configured client belongs to another authorization server.
    case oauthClientIssuerMismatch = "OAUTH_CLIENT_ISSUER_MISMATCH"

    // MARK: authorization

    /// The server wants a sign-in.
    case oauthSignInNeeded = "OAUTH_SIGN_IN_NEEDED"
    /// The server has nothing to sign in to.
    case oauthSignInNotApplicable = "OAUTH_SIGN_IN_NOT_APPLICABLE"
    /// The authorization URL must not be opened.
    case oauthAuthorizationURLRefused = "OAUTH_AUTHORIZATION_URL_REFUSED"
    /// The callback port fixed by configuration is in use.
    case oauthCallbackPortTaken = "OAUTH_CALLBACK_PORT_TAKEN"
    /// The callback listener could not be opened.
    case oauthCallbackFailed = "OAUTH_CALLBACK_FAILED"
    /// What was pasted is no callback address.
    case oauthCallbackInvalid = "OAUTH_CALLBACK_INVALID"
    /// The sign-in was not finished in time.
    case oauthCallbackTimeout = "OAUTH_CALLBACK_TIMEOUT"
    /// The sign-in was cancelled.
    case oauthSignInCancelled = "OAUTH_SIGN_IN_CANCELLED"
    /// The sign-in was denied.
    case oauthAccessDenied = "OAUTH_ACCESS_DENIED"
    /// The authorization server answered with an error.
    case oauthAuthorizationError = "OAUTH_AUTHORIZATION_ERROR"
    /// A callback came with another state than the one sent.
    case oauthStateMismatch = "OAUTH_STATE_MISMATCH"
    /// The callback came from another issuer than the one asked.
    case oauthIssMismatch = "OAUTH_ISS_MISMATCH"
    /// The callback names no issuer although the metadata promises one.
    case oauthIssMissing = "OAUTH_ISS_MISSING"
    /// The callback carries no authorization code.
    case oauthCodeMissing = "OAUTH_CODE_MISSING"
    /// The sign-in lacks a scope this operation needs.
    case oauthInsufficientScope = "OAUTH_INSUFFICIENT_SCOPE"
    /// The authorization server has no device authorization endpoint.
    case oauthDeviceUnsupported = "OAUTH_DEVICE_UNSUPPORTED"
    /// The device authorization endpoint gave no usable answer.
    case oauthDeviceUnavailable = "OAUTH_DEVICE_UNAVAILABLE"
    /// The device authorization endpoint refused.
    case oauthDeviceRefused = "OAUTH_DEVICE_REFUSED"
    /// The device authorization reply cannot be used.
    case oauthDeviceReplyInvalid = "OAUTH_DEVICE_REPLY_INVALID"
    /// The code for the device ended before it was entered.
    case oauthDeviceCodeExpired = "OAUTH_DEVICE_CODE_EXPIRED"
    /// Signing in for more scopes did not satisfy the server.
    case oauthStepUpFailed = "OAUTH_STEP_UP_FAILED"
    /// The configured header was refused.
    case oauthStaticHeaderRefused = "OAUTH_STATIC_HEADER_REFUSED"

    // MARK: token exchange

    /// The token endpoint does not accept the client.
    case oauthInvalidClient = "OAUTH_INVALID_CLIENT"
    /// The token endpoint does not accept the authorization code.
    case oauthInvalidGrant = "OAUTH_INVALID_GRANT"
    /// The token endpoint answered with an error.
    case oauthTokenError = "OAUTH_TOKEN_ERROR"
    /// The token endpoint's answer cannot be used.
    case oauthTokenReplyInvalid = "OAUTH_TOKEN_REPLY_INVALID"
    /// The ID token belongs to another sign-in.
    case oauthNonceMismatch = "OAUTH_NONCE_MISMATCH"
    /// The token endpoint could not be reached.
    case oauthTokenUnavailable = "OAUTH_TOKEN_UNAVAILABLE"
    /// The server refuses a token it was just given.
    case oauthTokenRefused = "OAUTH_TOKEN_REFUSED"
    /// The authorization server did not confirm the sign-out (a warning).
    case oauthRevocationFailed = "OAUTH_REVOCATION_FAILED"

    // MARK: refresh

    /// The authorization server rejected the refresh token.
    case oauthRefreshRejected = "OAUTH_REFRESH_REJECTED"
    /// The authorization server refused the refresh for another reason.
    case oauthRefreshRefused = "OAUTH_REFRESH_REFUSED"
    /// The refresh got no usable answer; the sign-in is kept.
    case oauthRefreshUnavailable = "OAUTH_REFRESH_UNAVAILABLE"
    /// The answer to the refresh cannot be used; the sign-in is kept.
    case oauthRefreshReplyInvalid = "OAUTH_REFRESH_REPLY_INVALID"
    /// The access token ended and there is no refresh token.
    case oauthRefreshImpossible = "OAUTH_REFRESH_IMPOSSIBLE"

    // MARK: storage

    /// The credential store cannot be read.
    case storeUnreadable = "STORE_UNREADABLE"
    /// A credential file or its folder is open to others.
    case storePermissions = "STORE_PERMISSIONS"
    /// The file is not a credential file of omlx.
    case storeForeign = "STORE_FOREIGN"
    /// The credential file was written by a newer omlx.
    case storeVersion = "STORE_VERSION"
    /// A stored client shows itself in a way this omlx does not have.
    case storeClientMethod = "STORE_CLIENT_METHOD"
    /// The credential file is damaged.
    case storeDamaged = "STORE_DAMAGED"
    /// Credentials are there, but the key file is not.
    case storeKeyMissing = "STORE_KEY_MISSING"
    /// The credential store is locked with a password.
    case storePasswordNeeded = "STORE_PASSWORD_NEEDED"
    /// The password does not open the credential store.
    case storePasswordWrong = "STORE_PASSWORD_WRONG"
    /// The credential could not be written.
    case storeWriteFailed = "STORE_WRITE_FAILED"
    /// Another program changed the credential meanwhile.
    case storeConflict = "STORE_CONFLICT"
    /// Another program holds the credential's lock.
    case storeLockTimeout = "STORE_LOCK_TIMEOUT"
    /// The credential's lock could not be made.
    case storeLockFailed = "STORE_LOCK_FAILED"
    /// The keyring, or whatever else keeps the credentials, cannot be reached.
    case storeUnavailable = "STORE_UNAVAILABLE"
    /// The keyring is locked.
    case storeLocked = "STORE_LOCKED"
    /// The credential store did not answer in time.
    case storeTimeout = "STORE_TIMEOUT"
    /// Vault is sealed.
    case storeSealed = "STORE_SEALED"
    /// Vault's token may not do this.
    case storeForbidden = "STORE_FORBIDDEN"
    /// Vault wants a token, and there is none.
    case storeTokenNeeded = "STORE_TOKEN_NEEDED"
    /// Vault's token ended or is not valid.
    case storeTokenExpired = "STORE_TOKEN_EXPIRED"
    /// Vault's address is neither https nor on loopback.
    case storeInsecureURL = "STORE_INSECURE_URL"
    /// The sign-ins are kept in another store than the one at hand.
    case storeMoved = "STORE_MOVED"
    /// An older record was put back into the store.
    case storeOlder = "STORE_OLDER"
    /// The sign-ins could not be moved to another store.
    case storeMigration = "STORE_MIGRATION"
    /// OpenSSL's libcrypto is not installed, too old, or refuses to work.
    case storeCryptography = "STORE_CRYPTOGRAPHY"
    /// The status database cannot be used.
    case databaseUnavailable = "DATABASE_UNAVAILABLE"

    // MARK: serving

    /// The address to listen on is taken.
    case serveAddressInUse = "SERVE_ADDRESS_IN_USE"
    /// The address to listen on cannot be used.
    case serveAddressUnusable = "SERVE_ADDRESS_UNUSABLE"
    /// The path of the Unix socket is too long.
    case serveSocketPath = "SERVE_SOCKET_PATH"
    /// The user has a host that stays up already.
    case serveAlreadyRunning = "SERVE_ALREADY_RUNNING"
    /// There is no systemd that could run the host.
    case serveNoServiceManager = "SERVE_NO_SERVICE_MANAGER"
    /// A unit of systemd cannot be written or taken away.
    case serveServiceFile = "SERVE_SERVICE_FILE"
    /// The key of the host that stays up cannot be used as one.
    case serveKeyUnusable = "SERVE_KEY_UNUSABLE"
    /// A named key has no name, a name that is taken, or is not there.
    case serveKeyName = "SERVE_KEY_NAME"
    /// The host would be reached from other machines, without TLS and without a reverse proxy that is named.
    case serveExposed = "SERVE_EXPOSED"
    /// There are too many connections.
    case serveBusy = "SERVE_BUSY"
    /// OpenSSL's libssl cannot be loaded.
    case serveTLSUnavailable = "SERVE_TLS_UNAVAILABLE"
    /// The certificate cannot be used.
    case serveCertificateUnusable = "SERVE_CERTIFICATE_UNUSABLE"
    /// The private key of the certificate cannot be used.
    case servePrivateKeyUnusable = "SERVE_PRIVATE_KEY_UNUSABLE"
    /// The private key is not the certificate's.
    case serveCertificateMismatch = "SERVE_CERTIFICATE_MISMATCH"
    /// No host that stays up answers.
    case serveNotRunning = "SERVE_NOT_RUNNING"
    /// The host that stays up ended, or stopped answering, in the middle.
    case serveLost = "SERVE_LOST"
    /// The host that stays up gave an answer that cannot be used.
    case serveAnswer = "SERVE_ANSWER"
    /// The entry that starts the tray with a desktop's session cannot be written.
    case serveAutostart = "SERVE_AUTOSTART"
}
