// Serves HTTP on sockets that are bound already.

import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypesHTTP1
import NIOPosix
import OmlxErrors
import ServiceLifecycle

/// Takes connections on bound sockets, and hands their requests to a responder.
package struct GatewayServer<Responder: HTTPResponder>: Service where Responder.Context == GatewayContext {
    private let sockets: [BoundSocket]
    private let certificate: ServerCertificate?
    private let responder: Responder
    private let drainTime: Duration
    private let times: ConnectionTimes
    private let connections: Connections
    private let logger = Logger(label: "omlx.gateway", factory: { _ in SwiftLogNoOpLogHandler() })

    /// - Parameters:
    ///   - sockets: taken over, and closed when it is stopped.
    ///   - certificate: what clients of encrypted sockets are shown.
    ///   - drainTime: how long requests under way may take once it is to stop.
    ///   - times: how long clients may take to send a request.
    ///   - limits: how many of them there may be.
    package init(
        _ sockets: [BoundSocket], certificate: ServerCertificate? = nil, responder: Responder,
        drainTime: Duration = .seconds(10), times: ConnectionTimes = ConnectionTimes(),
        limits: ClientLimits = ClientLimits()
    ) {
        connections = Connections(limits)
        self.times = times
        self.sockets = sockets
        self.certificate = certificate
        self.responder = responder
        self.drainTime = drainTime
    }

    private func http(isEncrypted: Bool) -> HTTP1Channel {
        let (responder, logger, times, connections) = (responder, logger, times, connections)
        return HTTP1Channel(
            responder: { request, writer, channel in
                var context = GatewayContext(source: .init(channel: channel, logger: logger))
                context.isEncrypted = isEncrypted
                var response: Response
                do {
                    if let refusal = connections.refusal(of: channel) { throw refusal }
                    response = try await responder.respond(to: request, context: context)
                } catch {
                    response = ProblemDetails.response(to: error)
                    if (error as? OmlxError)?.code == .serveBusy { response.headers[.connection] = "close" }
                }
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: .init(
                additionalChannelHandlers: [ConnectionWatcher(), RequestPace(times, connections)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100)))
    }

    package func run() async throws {
        let (accepted, continuation) = AsyncStream<(HTTP1Channel.Value, HTTP1Channel)>.makeStream()
        var servers: [any Channel] = []
        for socket in sockets {
            let isUnix = socket.isUnix
            let certificate = socket.isEncrypted ? certificate : nil
            let http = http(isEncrypted: socket.isEncrypted)
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(ChannelOptions.backlog, value: 1024)
                .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
                // A client whose machine is gone is found out in two hours (tcp(7)), and in answers that are not taken.
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
                .childChannelInitializer { [connections, logger] channel in
                    let isAllowed = isUnix ? Self.isOwner(channel) : channel.eventLoop.makeSucceededFuture(true)
                    return isAllowed.flatMap { isAllowed in
                        guard isAllowed else { return channel.close() }
                        guard Self.encrypt(channel, certificate) else { return channel.close() }
                        return http.setup(channel: channel, logger: logger).flatMapThrowing { connection in
                            try Self.watch(channel)
                            connections.add(channel, holding: connection)
                            continuation.yield((connection, http))
                        }
                    }
                }
            servers.append(try await bootstrap.withBoundSocket(socket.descriptor).get())
        }
        let listening = servers
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [logger] in
                    await withDiscardingTaskGroup { group in
                        for await (connection, http) in accepted {
                            group.addTask { await Self.serve(connection, http, logger) }
                        }
                    }
                }
                group.addTask { [connections, drainTime] in
                    // What is under way when the time is over, or the program is to end at once, is cut off.
                    try? await gracefulShutdown()
                    try? await Task.sleep(for: drainTime)
                    await connections.closeAll()
                }
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            for server in listening { server.close(promise: nil) }
            connections.quiesce()
            continuation.finish()
        }
        for server in listening { try? await server.close() }
        await connections.closeAll()
    }

    /// Serves a connection. What was asked on it ends with it: a client that leaves keeps no tool call, and no place for one.
    private static func serve(_ connection: HTTP1Channel.Value, _ http: HTTP1Channel, _ logger: Logger) async {
        let closing = connection.channel.closeFuture
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await http.handle(value: connection, logger: logger) }
            group.addTask { try? await closing.get() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Puts the guard between the parser and what is made of its requests.
    private static func watch(_ channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
        try pipeline.addHandler(RequestGuardHandler(), position: .before(codec))
    }

    /// Puts TLS below HTTP, where there is a certificate.
    private static func encrypt(_ channel: any Channel, _ certificate: ServerCertificate?) -> Bool {
        guard let certificate else { return true }
        guard let handler = TLSHandler(certificate.identity) else { return false }
        return (try? channel.pipeline.syncOperations.addHandler(handler)) != nil
    }

    /// Whether the process at the other end of a Unix socket is this user's (unix(7), `SO_PEERCRED`). The socket's mode keeps
    /// others out already, but for root and where the folder was given away.
    private static func isOwner(_ channel: any Channel) -> EventLoopFuture<Bool> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(false)
        }
        let peer: EventLoopFuture<PeerCredentials> = provider.unsafeGetSocketOption(
            level: .init(rawValue: SOL_SOCKET), name: .init(rawValue: SO_PEERCRED))
        return peer.map { $0.uid == geteuid() }.recover { _ in false }
    }
}

/// `struct ucred` of unix(7), which Swift does not import.
private struct PeerCredentials: Sendable {
    var pid: Int32
    var uid: UInt32
    var gid: UInt32
}
