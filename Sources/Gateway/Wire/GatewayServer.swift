// Serves HTTP on sockets that are bound already.

import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import OmlxErrors
import ServiceLifecycle

/// Takes connections on bound sockets, and hands their requests to a responder.
package struct GatewayServer<Responder: HTTPResponder>: Service where Responder.Context == GatewayContext {
    private let sockets: [BoundSocket]
    private let responder: Responder
    private let drainTime: Duration
    private let connections = Connections()
    private let logger = Logger(label: "omlx.gateway", factory: { _ in SwiftLogNoOpLogHandler() })

    /// - Parameters:
    ///   - sockets: taken over, and closed when it is stopped.
    ///   - drainTime: how long requests under way may take once it is to stop.
    package init(_ sockets: [BoundSocket], responder: Responder, drainTime: Duration = .seconds(10)) {
        self.sockets = sockets
        self.responder = responder
        self.drainTime = drainTime
    }

    private var http: HTTP1Channel {
        let (responder, logger) = (responder, logger)
        return HTTP1Channel(
            responder: { request, writer, channel in
                let context = GatewayContext(source: .init(channel: channel, logger: logger))
                let response: Response
                do {
                    response = try await responder.respond(to: request, context: context)
                } catch {
                    response = ProblemDetails.response(to: error)
                }
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: .init(additionalChannelHandlers: [ConnectionWatcher()], idleTimeout: .seconds(120)))
    }

    package func run() async throws {
        let http = http
        let (accepted, continuation) = AsyncStream<HTTP1Channel.Value>.makeStream()
        var servers: [any Channel] = []
        for socket in sockets {
            let isUnix = socket.isUnix
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(ChannelOptions.backlog, value: 1024)
                .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { [connections, logger] channel in
                    let isAllowed = isUnix ? Self.isOwner(channel) : channel.eventLoop.makeSucceededFuture(true)
                    return isAllowed.flatMap { isAllowed in
                        guard isAllowed else { return channel.close() }
                        return http.setup(channel: channel, logger: logger).map { connection in
                            connections.add(channel, holding: connection)
                            continuation.yield(connection)
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
                        for await connection in accepted {
                            group.addTask { await http.handle(value: connection, logger: logger) }
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
