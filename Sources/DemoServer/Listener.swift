// The listening socket and its connections: bound on loopback, gone without a trace when stopped.

import Hummingbird
import Logging
import NIOCore
import Synchronization

/// All open connections, so that they can be closed at once.
final class Connections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    func add(_ channel: any Channel) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.channels[ObjectIdentifier(channel)] = channel }
            return state.isClosed
        }
        if isClosed { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
        }
    }

    func closeAll() async {
        let channels = state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
        for channel in channels { try? await channel.close() }
    }
}

/// Registers its connection, and closes it when the client has closed its side: the HTTP library allows half-closed
/// connections and would notice a client's leaving only at the next write.
private final class ConnectionWatcher: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let connections: Connections

    init(connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) { connections.add(context.channel) }

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
            server: .http1(
                configuration: .init(additionalChannelHandlers: [ConnectionWatcher(connections: connections)])),
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
