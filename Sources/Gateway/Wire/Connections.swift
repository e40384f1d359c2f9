// The open connections of a gateway, so that they can be counted and closed.

import HummingbirdCore
import Logging
import NIOCore
import OmlxErrors
import Synchronization

/// All open connections.
final class Connections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: (channel: any Channel, held: any Sendable)] = [:]
        var table: ConnectionTable<ObjectIdentifier>
        /// Connections whose clients are told why they are not served.
        var refused: [ObjectIdentifier: ConnectionTable<ObjectIdentifier>.Refusal] = [:]
        var isClosed = false
    }

    private let limits: ClientLimits
    private let state: Mutex<State>

    init(_ limits: ClientLimits) {
        self.limits = limits
        state = Mutex(State(table: ConnectionTable(limits)))
    }

    /// Takes a connection in, now that its client is known.
    /// - Returns: whether it may stay.
    func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let machine = limits.machine(of: channel.remoteAddress)
        let isOwn = channel.localAddress?.protocol == .unix
        var victim: (any Channel)?
        let stays = state.withLock { state in
            switch state.table.admit(id, from: machine, isOwn: isOwn) {
            case .served(let closing):
                victim = closing.flatMap { state.open[$0]?.channel }
                return true
            case .refused(let refusal):
                state.refused[id] = refusal
                return true
            case .closed: return false
            }
        }
        victim?.close(promise: nil)
        return stays
    }

    /// Why a connection's client is not served.
    func refusal(of channel: any Channel) -> OmlxError? {
        let refusal = state.withLock { $0.refused.isEmpty ? nil : $0.refused[ObjectIdentifier(channel)] }
        return switch refusal {
        case nil: nil
        case .client:
            OmlxError(
                .serveBusy, "\(limits.perClient) connections of your machine are open, as many as one may have",
                retryAfter: 1)
        case .total:
            OmlxError(
                .serveBusy, "\(limits.total) connections are open, as many as are taken here", retryAfter: 1,
                nextStep: "end some, or start the host with a higher ulimit -n")
        }
    }

    /// A request is under way, or none any more.
    func note(_ channel: any Channel, isBusy: Bool) {
        state.withLock { $0.table.note(ObjectIdentifier(channel), isBusy: isBusy) }
    }

    /// - Parameter held: kept until the connection is closed. The HTTP library's own view of it, let go of before, ends the
    ///   process, for its writer was not finished; and the library lets go of those that come while it is stopped.
    func add(_ channel: any Channel, holding held: any Sendable) {
        let isClosed = state.withLock { state in
            state.open[ObjectIdentifier(channel)] = (channel, held)
            return state.isClosed
        }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { state in
                state.open[ObjectIdentifier(channel)] = nil
                state.refused[ObjectIdentifier(channel)] = nil
                state.table.remove(ObjectIdentifier(channel))
            }
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
