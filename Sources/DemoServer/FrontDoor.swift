// Between the HTTP library and the server's own vocabulary of requests and replies.

import HTTPTypes
import Hummingbird
import NIOCore

/// A request's connection, which some replies close.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Thrown where a connection is to end at once.
private struct ConnectionEnded: Error {}

struct FrontDoor: HTTPResponder {
    /// Larger request bodies get 413.
    private static let bodyLimit = 32 * 1024 * 1024

    let core: DemoCore

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let body: [UInt8]
        do {
            body = Array(try await request.body.collect(upTo: Self.bodyLimit).readableBytesView)
        } catch {
            return Response(status: .contentTooLarge)
        }
        let recorded = Self.recorded(request, body: body)
        let work = Task { [core] in await core.reply(to: recorded) }
        context.channel.closeFuture.whenComplete { _ in work.cancel() }
        return try await response(to: work.value, channel: context.channel)
    }

    private static func recorded(_ request: Request, body: [UInt8]) -> RecordedRequest {
        var headers = request.headers.map { HeaderField($0.name.canonicalName, $0.value) }
        if let host = request.head.authority { headers.insert(HeaderField("host", host), at: 0) }
        return RecordedRequest(
            method: request.method.rawValue, target: request.head.path ?? "/", headers: headers, body: body)
    }

    private func response(to reply: Reply, channel: any Channel) async throws -> Response {
        switch reply {
        case .message(let message): return Self.response(message)
        case .stream(let headers, let write): return Self.streamed(headers, channel: channel, limit: nil, write)
        case .cut(.stream(let headers, let write), let limit):
            return Self.streamed(headers, channel: channel, limit: limit ?? 10, write)
        case .cut(.message(let message), let limit): return Self.cut(message, after: limit, channel: channel)
        case .cut(let inner, _): return try await response(to: inner, channel: channel)
        case .hang:
            try? await channel.closeFuture.get()
            throw ConnectionEnded()
        case .close:
            try? await channel.close()
            throw ConnectionEnded()
        }
    }

    private static func fields(_ headers: [HeaderField]) -> HTTPFields {
        var fields = HTTPFields()
        for header in headers {
            guard let name = HTTPField.Name(header.name) else { continue }
            fields.append(HTTPField(name: name, value: header.value))
        }
        return fields
    }

    private static func response(_ message: Message) -> Response {
        let status = HTTPResponse.Status(code: (200...599).contains(message.status) ? message.status : 500)
        guard message.status != 204, message.status != 304 else {
            return Response(status: status, headers: fields(message.headers))
        }
        var buffer = ByteBuffer(bytes: message.body)
        buffer.writeRepeatingByte(UInt8(ascii: "x"), count: max(0, message.fillerLength))
        return Response(status: status, headers: fields(message.headers), body: .init(byteBuffer: buffer))
    }

    private static func cut(_ message: Message, after limit: Int?, channel: any Channel) -> Response {
        var whole = response(message)
        let length = min(message.body.count, max(0, limit ?? message.body.count / 2))
        let part = ByteBuffer(bytes: message.body[..<length])
        whole.body = ResponseBody(contentLength: max(message.body.count, length + 1)) { writer in
            try await writer.write(part)
            try? await channel.close()
            throw ConnectionEnded()
        }
        return whole
    }

    /// The writing closure has a task of its own, cancelled when the client goes away.
    private static func streamed(
        _ headers: [HeaderField], channel: any Channel, limit: Int?,
        _ write: @escaping @Sendable (StreamSink) async -> Void
    ) -> Response {
        let type = [HeaderField("Content-Type", "text/event-stream"), HeaderField("Cache-Control", "no-cache")]
        let body = ResponseBody { writer in
            let (chunks, continuation) = AsyncStream<[UInt8]>.makeStream()
            let work = Task {
                await write(StreamSink(continuation: continuation))
                continuation.finish()
            }
            channel.closeFuture.whenComplete { _ in
                work.cancel()
                continuation.finish()
            }
            var left = limit ?? Int.max
            for await chunk in chunks {
                let part = chunk.prefix(left)
                left -= part.count
                try await writer.write(ByteBuffer(bytes: part))
                if left == 0 { break }
            }
            if limit != nil {
                try? await channel.close()
                throw ConnectionEnded()
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: fields(type + headers), body: body)
    }
}
