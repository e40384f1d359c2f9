// How long a client may take to send a request.

import Hummingbird
import NIOCore
import NIOHTTPTypes

/// The times a connection is given.
package struct ConnectionTimes: Sendable, Hashable {
    /// From the connection to the end of the first request's head, in seconds.
    package var head: Int64 = 20
    /// From one piece of a body to the next.
    package var piece: Int64 = 20
    /// For a whole body.
    package var body: Int64 = 120

    package init(head: Int64 = 20, piece: Int64 = 20, body: Int64 = 120) {
        (self.head, self.piece, self.body) = (head, piece, body)
    }
}

/// What a connection waits for.
enum RequestPhase: Sendable, Hashable {
    /// The first head; what came of it so far is not seen here.
    case first(until: NIODeadline)
    /// The next piece of a body.
    case body(until: NIODeadline, atMost: NIODeadline)
    /// The answer, or another request: an idle connection is the HTTP library's to close.
    case rest

    var deadline: NIODeadline? {
        switch self {
        case .first(let until): until
        case .body(let until, let most): min(until, most)
        case .rest: nil
        }
    }
}

/// Closes the connection of a client that sends too slowly: a thousand of them keep nothing but their descriptors, for a while.
final class RequestPace: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let times: ConnectionTimes
    private var phase = RequestPhase.rest
    /// One timer for each connection, which looks when it fires whether its time has come: most requests are over by then.
    private var timer: (task: Scheduled<Void>, due: NIODeadline)?

    init(_ times: ConnectionTimes) { self.times = times }

    func handlerAdded(context: ChannelHandlerContext) {
        phase = .first(until: .now() + .seconds(times.head))
        watch(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: phase = .body(until: .now() + .seconds(times.piece), atMost: .now() + .seconds(times.body))
        case .body:
            if case .body(_, let most) = phase { phase = .body(until: .now() + .seconds(times.piece), atMost: most) }
        case .end: phase = .rest
        }
        watch(context)
        context.fireChannelRead(data)
    }

    private func watch(_ context: ChannelHandlerContext) {
        guard let deadline = phase.deadline else { return }
        if let timer {
            guard deadline < timer.due else { return }
            timer.task.cancel()
        }
        let loop = context.loopBound
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: deadline) { own.value.fired(loop.value) }
        timer = (task, deadline)
    }

    private func fired(_ context: ChannelHandlerContext) {
        timer = nil
        guard let deadline = phase.deadline else { return }
        if deadline <= .now() { context.close(promise: nil) } else { watch(context) }
    }

    private func stop() {
        timer?.task.cancel()
        timer = nil
        phase = .rest
    }
}
