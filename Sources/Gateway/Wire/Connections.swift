// The open connections of a gateway, so that they can be counted and closed.

import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// All open connections.
final class Connections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: (channel: any Channel, held: any Sendable)] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.open.count } }

    /// - Parameter held: kept until the connection is closed. The HTTP library's own view of it, let go of before, ends the
    ///   process, for its writer was not finished; and the library lets go of those that come while it is stopped.
    func add(_ channel: any Channel, holding held: any Sendable) {
        let isClosed = state.withLock { state in
            state.open[ObjectIdentifier(channel)] = (channel, held)
            return state.isClosed
        }
        channel.closeFuture.whenComplete { _ in
            _ = self.state.withLock { $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        if isClosed { channel.close(promise: nil) }
    }

    /// Connections that have nothing to do are closed, the others once they have answered; those that come are too late.
    func quiesce() {
        let open = state.withLock { state in
            state.isClosed = true
            return state.open.values.map(\.channel)
        }
        for channel in open {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    /// Closes all there are, and those that come.
    func closeAll() async {
        let open = state.withLock { state in
            state.isClosed = true
            return state.open.values.map(\.channel)
        }
        for channel in open { try? await channel.close() }
    }
}

/// Closes its connection when the client has closed its side: the HTTP library allows half-closed connections and would
/// notice a client's leaving only at the next write.
final class ConnectionWatcher: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
