// The codes of reaching a server and of speaking MCP with it. One line each, in one class each; listed in ErrorCode.all.

extension ErrorCode {
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
}
