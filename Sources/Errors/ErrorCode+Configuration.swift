// The codes of what a person writes: configuration files and command lines. One line each, in one class each; listed in ErrorCode.all.

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
}
