// TLS between a connection and the HTTP above it, by the OpenSSL that is given: bytes go through memory, NIO has the socket.

import NIOCore
import OmlxCryptography

/// Decrypts what comes and encrypts what goes. How long a handshake may take is counted in `RequestPace`: it is part of the time
/// until the first request.
final class TLSHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A record's greatest plaintext (RFC 8446 §5.1).
    private static let record = 1 << 14
    /// So much of a long answer is encrypted at a time: the memory it goes through keeps the size it once had.
    private static let piece = 1 << 16
    private static let explanation =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 45\r\n\r\n"
        + "This port speaks HTTPS: begin with https://.\n"

    private let session: TLSSession
    private var life = TLSLife.shaking

    /// - Returns: `nil` without memory.
    init?(_ identity: TLSIdentity) {
        guard let session = TLSSession(identity) else { return nil }
        self.session = session
    }

    // MARK: from the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard life != .ended else { return }
        let bytes = unwrapInboundIn(data)
        guard bytes.withUnsafeReadableBytes(session.receive) == .done else { return happened(.failed, context) }
        if life == .shaking { shake(context) }
        if life == .open || life == .clientEnded { read(context) }
        // What came may be answered below HTTP, as a wish for new keys is (RFC 8446 §4.6.3).
        if send(context) { context.flush() }
    }

    private func shake(_ context: ChannelHandlerContext) {
        switch session.handshake() {
        case .done: happened(.shaken, context)
        case .wantsMore: break
        case .plain: happened(.spokePlain, context)
        case .ended, .failed: happened(.failed, context)
        }
    }

    private func read(_ context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: Self.record)
        var step = TLSSession.Step.done
        while step == .done {
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.record) {
                let (next, count) = session.read(into: $0)
                step = next
                return next == .done ? count : 0
            }
        }
        if buffer.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(buffer)) }
        switch step {
        case .ended: happened(.clientEnded, context)
        case .failed, .plain: happened(.failed, context)
        case .done, .wantsMore: break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            happened(.clientEnded, context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: to the client

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard life == .open || life == .clientEnded else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        var rest = unwrapOutboundIn(data)
        repeat {
            let piece = rest.readSlice(length: min(rest.readableBytes, Self.piece)) ?? ByteBuffer()
            guard piece.withUnsafeReadableBytes(session.write) == .done else {
                promise?.fail(ChannelError.ioOnClosedChannel)
                return happened(.failed, context)
            }
            send(context, rest.readableBytes == 0 ? promise : nil)
        } while rest.readableBytes > 0
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode != .input { happened(.closing, context) }
        context.close(mode: mode, promise: promise)
    }

    /// Hands on what is to be sent.
    /// - Returns: whether there was something.
    @discardableResult
    private func send(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>? = nil) -> Bool {
        let count = session.pending
        guard count > 0 else {
            promise?.succeed()
            return false
        }
        var buffer = context.channel.allocator.buffer(capacity: count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { session.take(into: $0) }
        context.write(wrapOutboundOut(buffer), promise: promise)
        return true
    }

    // MARK: its life

    private func happened(_ event: TLSLife.Event, _ context: ChannelHandlerContext) {
        for action in life.take(event) {
            switch action {
            case .tellEnd: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            case .explain: context.write(wrapOutboundOut(ByteBuffer(string: Self.explanation)), promise: nil)
            case .say:
                session.end()
                if send(context) { context.flush() }
            case .close:
                send(context)
                let bound = context.loopBound
                context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
                    bound.value.close(promise: nil)
                }
            }
        }
    }
}
