// Closes the connections of clients that are too slow: a thousand of them keep nothing but their descriptors, for a while.

import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Drives `RequestCourse`: one timer for each connection.
final class RequestPace: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let times: ConnectionTimes
    private let connections: Connections
    private var course: RequestCourse
    private var closesAfterAnswer = false
    /// It looks when it fires whether its time has come: most requests are over by then.
    private var timer: (task: Scheduled<Void>, due: NIODeadline)?

    init(_ times: ConnectionTimes, _ connections: Connections) {
        self.times = times
        self.connections = connections
        course = RequestCourse(times, at: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) { watch(context) }

    func channelActive(context: ChannelHandlerContext) {
        if connections.admit(context.channel) { context.fireChannelActive() } else { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let isFirst = !course.isBusy
            take(.head, context)
            if isFirst, Self.waitsToBeAsked(head) {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: take(.piece, context)
        case .end: take(.end, context)
        }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        take(context.channel.isWritable ? .flows : .stalled, context)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.headerFields[.connection]?.lowercased() == "close" { closesAfterAnswer = true }
            context.write(data, promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            take(closesAfterAnswer ? .ended : .answered, context)
            context.write(data, promise: promise)
            guard closesAfterAnswer else { return }
            context.flush()
            context.close(mode: .output, promise: nil)
        }
    }

    /// Whether a client sends its body once it hears that it may (RFC 9110 §10.1.1).
    private static func waitsToBeAsked(_ head: HTTPRequest) -> Bool {
        head.headerFields[.expect]?.lowercased() == "100-continue"
    }

    private func take(_ event: RequestCourse.Event, _ context: ChannelHandlerContext) {
        let wasBusy = course.isBusy
        course.take(event, at: .now())
        if course.isBusy != wasBusy { connections.note(context.channel, isBusy: course.isBusy) }
        watch(context)
    }

    private func watch(_ context: ChannelHandlerContext) {
        guard let deadline = course.deadline else { return }
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
        guard let deadline = course.deadline else { return }
        if deadline <= .now() { context.close(promise: nil) } else { watch(context) }
    }

    private func stop() {
        timer?.task.cancel()
        timer = nil
    }
}
