// One server of the configuration, read and checked, its variables replaced.

import OmlxCryptography
import OmlxErrors
import OmlxMCPClient

/// A server's entry: usable, or with the error that makes it unusable. One broken entry never stops the others.
public struct ConfiguredServer: Sendable {
    /// The name, as the file has it.
    public let name: String
    /// Whether the server is to be used. Also known of a broken entry.
    public let isEnabled: Bool
    /// `stdio`, `streamable-http` or `sse`, as far as it could be told, also of a broken entry.
    public let transportName: String?
    /// The line of the entry, from 1.
    public let line: Int?
    /// The server's settings, or the first error of its entry. In a disabled server, variables that are not set stay
    /// as they are written.
    public let result: Result<ServerConfiguration, OmlxError>
}

extension ConfiguredServer {
    /// The same server, spoken of in other words than its name.
    public func referred(to reference: ServerReference) -> ConfiguredServer {
        changing { $0.reference = reference }
    }

    /// The same server with settings that were changed.
    package func changing(_ change: (inout ServerConfiguration) -> Void) -> ConfiguredServer {
        let result = result.map { server in
            var server = server
            change(&server)
            return server
        }
        return ConfiguredServer(
            name: name, isEnabled: isEnabled, transportName: transportName, line: line, result: result)
    }

    /// A server with good settings that stands in no file.
    init(_ server: ServerConfiguration) {
        self.init(
            name: server.name, isEnabled: server.isEnabled, transportName: server.transport.name, line: nil,
            result: .success(server))
    }
}

/// The settings of one server.
public struct ServerConfiguration: Sendable, Equatable {
    /// The name, unique in its file.
    public var name: String
    /// How the server is reached.
    public var transport: ServerTransport
    /// Whether the server is to be used.
    public var isEnabled: Bool
    /// How long one request may take: the server's own limit, or the file's `default_timeout`.
    public var timeout: Duration
    /// How long a host that stays up keeps it open without a call; for ever when `nil`.
    public var idleTimeout: Duration?
    /// Certificates for this server's connections, sign-in included; of no meaning for stdio.
    public var tls: TLSFiles
    /// How to sign in; `nil` when the entry says nothing, so that the server's answers decide. Always `nil` for stdio.
    public var auth: AuthSettings?
    /// Which of the server's tools are used.
    public var toolFilter: ToolFilter
    /// How the program speaks of the server, for remedies; holds no secret.
    public var reference: ServerReference

    /// The settings of a server, for programs that build their configuration themselves.
    public init(
        name: String, transport: ServerTransport, isEnabled: Bool = true,
        timeout: Duration = HostConfiguration.standardTimeout, idleTimeout: Duration? = nil, tls: TLSFiles = TLSFiles(),
        auth: AuthSettings? = nil, toolFilter: ToolFilter = ToolFilter()
    ) {
        self.toolFilter = toolFilter
        self.name = name
        self.transport = transport
        self.isEnabled = isEnabled
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.tls = tls
        self.auth = auth
        reference = .named(name)
    }

    /// Whether the configuration names it, as opposed to the program that was given its address or command.
    package var isNamed: Bool { reference == .named(name) }

    /// The sign-in to it as this account.
    package func signIn(account: String? = nil) -> SignInRemedy { SignInRemedy(reference, account: account) }
}

/// How a server is reached, with what that needs. Ways may come: a `switch` over them needs a `default`.
@nonexhaustive
public enum ServerTransport: Sendable, Equatable {
    /// A child process that speaks over its standard streams.
    case stdio(StdioSettings)
    /// Streamable HTTP.
    case streamableHTTP(HTTPSettings)
    /// The older HTTP with server-sent events (MCP 2024-11-05).
    case sse(HTTPSettings)
    /// A server that lives in the process, which no file can name.
    case inProcess(InProcessServer)

    /// `stdio`, `streamable-http`, `sse` or `in-process`.
    public var name: String {
        switch self {
        case .stdio: "stdio"
        case .streamableHTTP: "streamable-http"
        case .sse: "sse"
        case .inProcess: "in-process"
        }
    }

    /// The settings of an HTTP transport; `nil` for the others.
    public var http: HTTPSettings? {
        switch self {
        case .stdio, .inProcess: nil
        case .streamableHTTP(let settings), .sse(let settings): settings
        }
    }

    /// The settings of stdio; `nil` for the others.
    public var stdio: StdioSettings? {
        if case .stdio(let settings) = self { return settings }
        return nil
    }
}

/// What starts a stdio server.
public struct StdioSettings: Sendable, Equatable {
    /// The program: a name to be found on `PATH`, or a path; `~/` is already replaced.
    public var command: ConfiguredText
    /// The program's arguments.
    public var arguments: [ConfiguredText]
    /// The variables declared for the child, in the file's order. Not the child's whole environment.
    public var environment: [EnvironmentVariable]
    /// The child's working directory, absolute; `nil` when the entry names none.
    public var workingDirectory: ConfiguredText?

    /// What starts a stdio server.
    public init(
        command: ConfiguredText, arguments: [ConfiguredText] = [], environment: [EnvironmentVariable] = [],
        workingDirectory: ConfiguredText? = nil
    ) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }
}

/// A variable for a child process.
public struct EnvironmentVariable: Sendable, Equatable {
    /// The name; not empty, without `=` and NUL.
    public var name: String
    /// The value; without NUL.
    public var value: ConfiguredSecret

    /// A variable for a child process.
    public init(name: String, value: ConfiguredSecret) {
        self.name = name
        self.value = value
    }
}

/// Where an HTTP server is, and what is sent with every request.
public struct HTTPSettings: Sendable, Equatable {
    /// The absolute http or https URL, byte for byte as configured.
    public var url: ConfiguredText
    /// Headers in the file's order; no name stands twice, none that the transport itself sends.
    public var headers: [HeaderField]

    /// Where an HTTP server is.
    public init(url: ConfiguredText, headers: [HeaderField] = []) {
        self.url = url
        self.headers = headers
    }
}

/// A header sent with every request to a server.
public struct HeaderField: Sendable, Equatable {
    /// The name, a token (RFC 9110 §5.1), as the file spells it.
    public var name: String
    /// The value; without line breaks and other control characters (RFC 9110 §5.5).
    public var value: ConfiguredSecret

    /// A header.
    public init(name: String, value: ConfiguredSecret) {
        self.name = name
        self.value = value
    }
}

/// PEM files for TLS, absolute paths.
public struct TLSFiles: Sendable, Hashable {
    /// Certificates of the authorities to trust, in place of the system's.
    public var authorities: ConfiguredText?
    /// The client's certificate chain.
    public var certificate: ConfiguredText?
    /// The client's private key; when absent, the certificate's file holds it too.
    public var key: ConfiguredText?

    /// PEM files for TLS.
    public init(
        authorities: ConfiguredText? = nil, certificate: ConfiguredText? = nil, key: ConfiguredText? = nil
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }

    /// Whether the system's certificates are all there is.
    public var isEmpty: Bool { self == TLSFiles() }
}
