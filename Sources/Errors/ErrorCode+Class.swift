// What is the same for all errors of a code: the stage it belongs to, whether trying again may help, whether signing in does.

/// The stage an error belongs to. Every code belongs to exactly one.
@nonexhaustive
public enum ErrorClass: String, Sendable, Hashable, CaseIterable {
    /// The user's own files, variables and arguments.
    case configuration
    /// Reaching the server: processes, sockets, TLS, HTTP.
    case transport
    /// What the server says once it is reached: JSON-RPC and MCP.
    case `protocol`
    /// Finding out where to sign in (RFC 9728, RFC 8414, OpenID Connect Discovery).
    case discovery
    /// Getting a client id (RFC 7591).
    case registration
    /// The part with the person and the browser (RFC 6749 §4.1, RFC 9207).
    case authorization
    /// Code for token (RFC 6749 §4.1.3), and taking tokens back (RFC 7009).
    case tokenExchange = "token exchange"
    /// Keeping a sign-in alive (RFC 6749 §6).
    case refresh
    /// Keeping credentials and status.
    case storage
    /// Offering servers to programs and to the browser.
    case serving
}

extension ErrorCode {
    /// The code's text, upper case with underscores.
    public var text: String { rawValue }

    /// The code of that text, or `nil` when the catalogue has none.
    public static func named(_ text: String) -> ErrorCode? { ErrorCode(rawValue: text) }

    /// The stage the code belongs to.
    public var errorClass: ErrorClass {
        switch self {
        case .configNotFound, .configUnreadable, .configUntrusted, .configPermissions, .configInvalidJSON,
            .configInvalidYAML, .configInvalidRoot, .configUnknownKey, .configDuplicateKey, .configIgnoredKey,
            .configOtherForm, .configDoubtful, .configNoServers, .configServerInvalid, .configServerName,
            .configCommandMissing, .configURLMissing, .configURLInvalid, .configURLWebSocket,
            .configTransportUnknown, .configVariableUnset, .configInputUnset, .configVariableForm,
            .configAuthInvalid, .configWeakened, .configHeaderInvalid, .configTLSInvalid,
            .configReservedParameter, .configStoreUnsupported, .configServerUnknown, .configServerDisabled,
            .configUsage:
            .configuration
        case .transportCommandNotFound, .transportCommandFailed, .transportProcessExited,
            .transportConnectionRefused, .transportDNS, .transportTLS, .transportConnectTimeout,
            .transportFirstByteTimeout, .transportIdleTimeout, .transportTimeout, .transportClosed,
            .transportNotHTTP, .transportBadStatus, .transportServerError, .transportRateLimited,
            .transportNotFound, .transportForbidden, .transportRedirectOrigin, .transportRedirectLimit,
            .transportRedirectRefused, .transportTooLarge, .transportEncoding, .transportProxy,
            .transportNetwork, .transportAddressRefused, .transportURLRefused, .transportHTTPLibrary,
            .transportEndpointOrigin, .transportCancelled, .transportNotConnected, .hostStopped:
            .transport
        case .protocolNotJSON, .protocolContentType, .protocolInvalidMessage, .protocolVersionUnsupported,
            .protocolErrorResponse, .protocolStreamBroken, .protocolSessionLost, .protocolLineTooLong,
            .protocolNoEndpoint, .protocolEndlessPages, .protocolNoTools, .protocolToolUnknown,
            .protocolToolAmbiguous, .protocolToolUnreachable, .protocolArguments, .protocolToolFailed,
            .protocolResourceUnknown, .protocolResourceAmbiguous, .protocolPromptUnknown:
            .protocol
        case .oauthDiscoveryUnavailable, .oauthResourceMetadataInvalid, .oauthResourceMismatch,
            .oauthNoAuthorizationServer, .oauthServerMetadataNotFound, .oauthServerMetadataInvalid,
            .oauthIssuerMismatch, .oauthPKCEUnsupported, .oauthInsecureURL:
            .discovery
        case .oauthClientNeeded, .oauthRegistrationRejected, .oauthRegistrationInvalid,
            .oauthRegistrationUnavailable, .oauthClientMetadataInvalid, .oauthClientIssuerMismatch:
            .registration
        case .oauthSignInNeeded, .oauthSignInNotApplicable, .oauthAuthorizationURLRefused,
            .oauthCallbackPortTaken, .oauthCallbackFailed, .oauthCallbackInvalid, .oauthCallbackTimeout,
            .oauthSignInCancelled, .oauthAccessDenied, .oauthAuthorizationError, .oauthStateMismatch,
            .oauthIssMismatch, .oauthIssMissing, .oauthCodeMissing, .oauthInsufficientScope,
            .oauthDeviceUnsupported, .oauthDeviceUnavailable, .oauthDeviceRefused, .oauthDeviceReplyInvalid,
            .oauthDeviceCodeExpired, .oauthStepUpFailed, .oauthStaticHeaderRefused:
            .authorization
        case .oauthInvalidClient, .oauthInvalidGrant, .oauthTokenError, .oauthTokenReplyInvalid,
            .oauthNonceMismatch, .oauthTokenUnavailable, .oauthTokenRefused, .oauthRevocationFailed:
            .tokenExchange
        case .oauthRefreshRejected, .oauthRefreshRefused, .oauthRefreshUnavailable, .oauthRefreshReplyInvalid,
            .oauthRefreshImpossible:
            .refresh
        case .storeUnreadable, .storePermissions, .storeForeign, .storeVersion, .storeClientMethod, .storeDamaged,
            .storeKeyMissing, .storePasswordNeeded, .storePasswordWrong, .storeWriteFailed, .storeConflict,
            .storeLockTimeout, .storeLockFailed, .storeUnavailable, .storeLocked, .storeTimeout, .storeSealed,
            .storeForbidden, .storeTokenNeeded, .storeTokenExpired, .storeInsecureURL, .storeMoved,
            .storeOlder, .storeMigration, .storeCryptography, .databaseUnavailable:
            .storage
        case .serveAddressInUse, .serveAddressUnusable, .serveSocketPath, .serveAlreadyRunning,
            .serveNoServiceManager, .serveServiceFile, .serveKeyUnusable, .serveKeyName, .serveExposed,
            .serveBusy, .serveTLSUnavailable, .serveCertificateUnusable, .servePrivateKeyUnusable,
            .serveCertificateMismatch, .serveAutostart,
            .serveNotRunning, .serveLost, .serveAnswer:
            .serving
        }
    }

    /// Whether the same thing tried again later may succeed with nothing changed.
    public var isRetryable: Bool {
        switch self {
        case .transportProcessExited, .transportConnectionRefused, .transportDNS, .transportConnectTimeout,
            .transportFirstByteTimeout, .transportIdleTimeout, .transportTimeout, .transportClosed,
            .transportServerError, .transportRateLimited, .transportProxy, .transportNetwork,
            .transportNotConnected, .protocolStreamBroken, .protocolSessionLost, .protocolToolUnreachable,
            .oauthDiscoveryUnavailable, .oauthRegistrationUnavailable, .oauthCallbackTimeout,
            .oauthDeviceUnavailable, .oauthTokenUnavailable, .oauthRefreshUnavailable, .oauthRefreshReplyInvalid,
            .storeConflict, .serveBusy,
            .storeLockTimeout, .storeUnavailable, .storeLocked, .storeTimeout, .storeSealed:
            true
        default: false
        }
    }

    /// Whether the tokens a request was made with are of no use (any more), so that a person has to sign in.
    public var wantsSignIn: Bool {
        switch self {
        case .oauthSignInNeeded, .oauthRefreshRejected, .oauthRefreshRefused, .oauthRefreshImpossible,
            .oauthTokenRefused:
            true
        default: false
        }
    }

    /// Lets an error be matched by its code.
    public static func ~= (code: ErrorCode, error: any Error) -> Bool { (error as? OmlxError)?.code == code }
}

extension ErrorCode: CustomStringConvertible {
    public var description: String { text }
}
