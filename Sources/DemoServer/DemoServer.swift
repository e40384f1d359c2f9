// An MCP server with its own OAuth authorization server on loopback, every answer scriptable.

import OmlxJSON

/// A running demo server: streamable HTTP at `/mcp`, legacy HTTP+SSE at `/sse`, and an authorization server. Without a
/// script it is correct and strict; `update` changes its answers at run time.
public final class DemoServer: Sendable {
    private let core: DemoCore
    private let listener: Listener

    private init(core: DemoCore, listener: Listener) {
        self.core = core
        self.listener = listener
    }

    /// Starts a server on 127.0.0.1.
    /// - Parameters:
    ///   - script: Its answers.
    ///   - port: The port; 0 is any free one.
    ///   - host: How its own addresses spell the host, `127.0.0.1` or `localhost`; it answers to either.
    /// - Throws: What the system says when the port cannot be bound.
    public static func start(
        script: DemoScript = .init(), port: Int = 0, host: String = "127.0.0.1"
    ) async throws -> DemoServer {
        let core = DemoCore(stage: Stage(script: script, host: host))
        return DemoServer(core: core, listener: try await Listener.start(core, port: port))
    }

    /// Closes all connections and frees the port.
    public func stop() async { await listener.stop() }

    // MARK: Addresses

    /// The port bound.
    public var port: Int { listener.port }
    /// `http://127.0.0.1:PORT`.
    public var origin: String { core.stage.origin }
    /// The streamable HTTP endpoint, `http://127.0.0.1:PORT/mcp`.
    public var url: String { core.stage.url }
    /// The legacy HTTP+SSE endpoint, `http://127.0.0.1:PORT/sse`.
    public var sseURL: String { core.stage.sseURL }
    /// The authorization server's issuer identifier, as the script has it now.
    public var issuer: String { core.stage.issuer }

    // MARK: Script and records

    /// The script in force; overrides that count down show what is left.
    public var script: DemoScript { core.stage.script }

    /// Changes the script; the next request sees the change. The closure may use the server's addresses.
    public func update(_ change: (inout DemoScript) throws -> Void) rethrows { try core.stage.update(change) }

    /// The requests received, in order, but those to `/demo/…`. A request stands here before it is answered.
    public var requests: [RecordedRequest] { core.journal.requests }

    /// Empties `requests`.
    public func clearRequests() { core.journal.clear() }

    /// What has happened, in numbers.
    public var state: DemoState { core.state }

    /// Returns when the condition holds; it is looked at now, and again whenever a request has come or has been
    /// answered, and when a stream opens or ends. Returns early when the task is cancelled.
    public func wait(until condition: (DemoServer) -> Bool) async {
        await core.stage.changes.wait { condition(self) }
    }

    /// The session ids of the open streams of `/sse`.
    public var sseSessions: [String] { core.sse.streams.names }

    // MARK: Events

    /// All access tokens become invalid now; refresh tokens live on.
    public func expireTokens() { core.authorizationServer.expireAccessTokens() }

    /// All access and refresh tokens become invalid now.
    public func revokeAll() { core.authorizationServer.revokeAllTokens() }

    /// All registered clients become unknown; those of the script stay.
    public func forgetClients() { core.authorizationServer.forgetClients() }

    /// All sessions of the streamable HTTP endpoint end; requests that carry one get 404.
    public func forgetSessions() { core.mcp.forgetSessions() }

    /// Moves the clock forward by that many seconds: tokens, codes and client secrets expire accordingly.
    public func advanceClock(seconds: Double) { core.stage.advanceClock(seconds: seconds) }

    /// From now on this server's endpoints accept the tokens of another demo server's authorization server and no
    /// longer those of their own, and the protected resource metadata names it. Naming itself undoes that.
    public func useAuthorizationServer(of other: DemoServer) {
        if other !== self { other.core.authorizationServer.serve(core.stage) }
        core.trust.authorizationServer = other.core.authorizationServer
    }

    /// Sends a JSON-RPC message on all open streams: those of `/sse` and of GET `/mcp`.
    public func push(_ message: JSON) { core.push(message) }
}
