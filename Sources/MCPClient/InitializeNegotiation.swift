// The initialize handshake as a value: offers a revision, judges the answer. No I/O.

import ErrorCatalogue
import JSON

/// Who omlx says it is (B1).
public struct ClientInfo: Sendable, Hashable {
    /// The program's name.
    public var name: String
    /// Its version.
    public var version: String
    /// Its name for people.
    public var title: String?

    /// A client.
    public init(name: String, version: String, title: String? = nil) {
        self.name = name
        self.version = version
        self.title = title
    }
}

/// What a server said about itself. None of it is proven (B9).
public struct InitializeResult: Sendable, Hashable {
    /// The revision settled, such as `2025-11-25`.
    public var protocolVersion: String
    /// What the server offers; `null` when it did not say.
    public var capabilities: JSON
    /// Name and version, as the server gives them.
    public var serverInfo: JSON
    /// How to use the server, as the server words it.
    public var instructions: String?

    /// What a server said.
    public init(protocolVersion: String, capabilities: JSON, serverInfo: JSON, instructions: String? = nil) {
        self.protocolVersion = protocolVersion
        self.capabilities = capabilities
        self.serverInfo = serverInfo
        self.instructions = instructions
    }
}

/// Settles the revision of a session.
struct InitializeNegotiation: Sendable {
    /// What the driver does.
    enum Action: Sendable, Hashable {
        /// Send `initialize` with these parameters.
        case send(params: JSONObject)
        /// Settled: send `notifications/initialized` and go on.
        case ready(ProtocolRevision, InitializeResult)
        /// Disconnect.
        case fail(OmlxError)
    }

    private let client: ClientInfo
    private var offered = ProtocolRevision.latest
    private var hasRetried = false

    init(client: ClientInfo) { self.client = client }

    /// The first message (B1, B2).
    func start() -> Action {
        var info: JSONObject = ["name": .string(client.name), "version": .string(client.version)]
        if let title = client.title { info["title"] = .string(title) }
        return .send(params: [
            "protocolVersion": .string(offered.rawValue), "capabilities": [:], "clientInfo": .object(info),
        ])
    }

    /// The server's result (B3).
    func received(_ result: JSON) -> Action {
        guard let version = result["protocolVersion"]?.stringValue else {
            let error = OmlxError(
                .protocolInvalidMessage, "the server's answer to initialize names no protocol version",
                nextStep: "check whether the URL or command is that of an MCP server")
            return .fail(error)
        }
        guard let revision = ProtocolRevision(rawValue: version) else { return .fail(unsupported([version])) }
        let capabilities = result["capabilities"]?.objectValue.map { JSON.object($0) } ?? .null
        let answer = InitializeResult(
            protocolVersion: version, capabilities: capabilities, serverInfo: result["serverInfo"] ?? .null,
            instructions: result["instructions"]?.stringValue)
        return .ready(revision, answer)
    }

    /// The server's error: a version it names is offered once (B5); versions omlx does not speak are told (B12).
    mutating func refused(_ error: JSONRPCError) -> Action {
        guard let supported = error.data?["supported"]?.stringArrayValue, !supported.isEmpty else {
            let isVersion = error.code == JSONRPCError.unsupportedProtocolVersion
            return .fail(isVersion ? unsupported([]) : error.failure(of: "initialize"))
        }
        let mutual = supported.compactMap { ProtocolRevision(rawValue: $0) }.filter { $0 != offered }.max()
        guard let mutual, !hasRetried else { return .fail(unsupported(supported)) }
        hasRetried = true
        offered = mutual
        return start()
    }

    private func unsupported(_ server: [String]) -> OmlxError {
        let ours = ProtocolRevision.allCases.reversed().map(\.rawValue).joined(separator: ", ")
        let theirs = server.isEmpty ? "not named" : server.prefix(8).joined(separator: ", ")
        return OmlxError(
            .protocolVersionUnsupported, "the server speaks no protocol revision that omlx speaks",
            compared: [.init("server", theirs), .init("omlx", ours)])
    }
}
