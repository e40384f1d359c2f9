// The listening socket and its connections: bound on loopback, gone without a trace when stopped.

import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// All open connections, so that they can be closed at once.
final class Connections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: (channel: any Channel, held: (any Sendable)?)] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// - Parameter held: kept until the connection is closed. The HTTP library's own view of it, let go of before, ends the
    ///   process, for its writer was not finished; and the library lets go of those that come while it is stopped.
    func add(_ channel: any Channel, holding held: (any Sendable)? = nil) {
        let isClosed = state.withLock { state in
            state.open[ObjectIdentifier(channel)] = (channel, held)
            return state.isClosed
        }
        // Its handlers are gone by then, and with them what is unfinished.
        channel.closeFuture.whenComplete { _ in
            _ = self.state.withLock { $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        if isClosed { channel.close(promise: nil) }
    }

    func closeAll() async {
        let open = state.withLock { state in
            state.isClosed = true
            return state.open.values.map(\.channel)
        }
        for channel in open { try? await channel.close() }
    }
}

/// The HTTP library's connections, each registered.
private struct RegisteredConnection: ServerChildChannel {
    let http: HTTP1Channel
    let connections: Connections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http.setup(channel: channel, logger: logger).map { connection in
            connections.add(channel, holding: connection)
            return connection
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}

/// Closes its connection when the client has closed its side: the HTTP library allows half-closed connections and would
/// notice a client's leaving only at the next write.
private final class ConnectionWatcher: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}

struct Listener: Sendable {
    let port: Int
    private let task: Task<Void, Never>
    private let connections: Connections

    /// Binds 127.0.0.1 and serves until stopped.
    /// - Throws: What the system says when the port cannot be bound.
    static func start(_ core: DemoCore, port: Int) async throws -> Listener {
        let connections = Connections()
        let (ports, found) = AsyncThrowingStream<Int, any Error>.makeStream()
        let application = Application(
            responder: FrontDoor(core: core),
            server: HTTPServerBuilder { responder in
                RegisteredConnection(
                    http: HTTP1Channel(
                        responder: responder, configuration: .init(additionalChannelHandlers: [ConnectionWatcher()])),
                    connections: connections)
            },
            configuration: .init(address: .hostname("127.0.0.1", port: port), reuseAddress: true),
            onServerRunning: { channel in
                let bound = channel.localAddress?.port ?? port
                core.stage.port = bound
                found.yield(bound)
            },
            logger: Logger(label: "DemoServer", factory: { _ in SwiftLogNoOpLogHandler() }))
        let task = Task {
            do {
                try await application.run()
                found.finish()
            } catch {
                found.finish(throwing: error)
            }
        }
        for try await bound in ports { return Listener(port: bound, task: task, connections: connections) }
        throw CancellationError()
    }

    /// Returns when the port is free and every connection is closed.
    func stop() async {
        task.cancel()
        await connections.closeAll()
        await task.value
    }
}
