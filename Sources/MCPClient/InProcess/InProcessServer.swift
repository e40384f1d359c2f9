// A server that lives in the program that hosts it: its tools are closures.

import OmlxErrors
import OmlxJSON
import Synchronization

/// A server in the process, for tests of a program and for tools of its own. It is configured, connected, called, lost and
/// shown as any other server, and every message is written and read as on a wire.
///
/// ```swift
/// let server = InProcessServer(tools: [Tool(name: "add")]) { call in
///     ToolResult(text: "\((call.arguments["a"]?.intValue ?? 0) + (call.arguments["b"]?.intValue ?? 0))")
/// }
/// let configuration = HostConfiguration(servers: [ServerConfiguration(name: "sums", transport: .inProcess(server))])
/// ```
public final class InProcessServer: Sendable {
    /// Answers a call. What it throws is a failure the tool reports, but for `CancellationError`.
    public typealias Answer = @Sendable (InProcessCall) async throws -> ToolResult

    let answer: Answer
    private let description: JSONObject
    private let state: Mutex<State>

    private struct State {
        var tools: [Tool]
        var links: [ObjectIdentifier: InProcessTransport] = [:]
    }

    /// A server.
    /// - Parameters:
    ///   - name: How it names itself.
    ///   - version: Its own version.
    ///   - instructions: What it says about its use.
    ///   - tools: The tools it lists.
    ///   - call: Answers the calls of these tools, several at a time.
    public init(
        name: String = "in-process", version: String = "1", instructions: String? = nil, tools: [Tool],
        call: @escaping Answer
    ) {
        answer = call
        var description: JSONObject = [
            "capabilities": ["tools": ["listChanged": true]],
            "serverInfo": ["name": .string(name), "version": .string(version)],
        ]
        if let instructions { description["instructions"] = .string(instructions) }
        self.description = description
        state = Mutex(State(tools: tools))
    }

    /// The tools it lists. Who is connected is told of others.
    public var tools: [Tool] {
        get { state.withLock { $0.tools } }
        set {
            let links = state.withLock { state in
                state.tools = newValue
                return Array(state.links.values)
            }
            for link in links { link.tell(.notification("notifications/tools/list_changed")) }
        }
    }

    /// Ends its connections, as a server does that crashed; calls under way are cancelled.
    public func disconnect() {
        let error = OmlxError(.transportClosed, "the server closed the connection")
        for link in state.withLock({ Array($0.links.values) }) { link.lose(error) }
    }

    /// The answer to `initialize`: the revision that was offered where it is known, else the newest (MCP 2025-11-25,
    /// lifecycle).
    func greeting(offered: String?) -> JSON {
        var greeting = description
        let revision = offered.flatMap { ProtocolRevision(rawValue: $0) } ?? .latest
        greeting["protocolVersion"] = .string(revision.rawValue)
        return .object(greeting)
    }

    func opened(_ link: InProcessTransport) { state.withLock { $0.links[ObjectIdentifier(link)] = link } }

    func closed(_ link: InProcessTransport) { state.withLock { $0.links[ObjectIdentifier(link)] = nil } }
}

extension InProcessServer: Equatable {
    /// Whether both are the same server.
    public static func == (lhs: InProcessServer, rhs: InProcessServer) -> Bool { lhs === rhs }
}

/// A call of a tool, as a server in the process gets it.
public struct InProcessCall: Sendable {
    /// The tool's name.
    public let tool: String
    /// The arguments.
    public let arguments: JSONObject
    let report: @Sendable (Progress) -> Void

    /// Tells the caller how far it is.
    public func report(_ progress: Double, of total: Double? = nil, _ message: String? = nil) {
        report(Progress(progress: progress, total: total, message: message))
    }
}
