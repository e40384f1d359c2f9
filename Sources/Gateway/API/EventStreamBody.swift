// A stream of events as the body of an answer (WHATWG HTML §9.2).

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxHostAPI
import OmlxJSON

/// Where events are put; they are written in turn.
struct EventStream: Sendable {
    private let continuation: AsyncStream<ByteBuffer>.Continuation

    init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

    /// Puts an event. JSON is written without line ends, so that it is one line of data.
    func put(_ type: String, _ data: JSON, id: Int? = nil) {
        var buffer = ByteBuffer(string: id.map { "id: \($0)\n" } ?? "")
        buffer.writeString("event: \(type)\ndata: ")
        buffer.writeBytes(data.bytes())
        buffer.writeString("\n\n")
        give(buffer)
    }

    /// Puts an event that is no JSON and has one line.
    func name(_ type: String, _ line: String) {
        give(ByteBuffer(string: "event: \(type)\ndata: \(line)\n\n"))
    }

    /// A comment, which keeps the connection from looking dead.
    func beat() { give(ByteBuffer(string: ":\n\n")) }
    func end() { continuation.finish() }

    /// A client that takes nothing is left: what waits for it would only grow.
    private func give(_ buffer: ByteBuffer) {
        if case .dropped = continuation.yield(buffer) { continuation.finish() }
    }
}

enum EventStreamBody {
    /// The most events that wait for a client.
    private static let waitingLimit = 65_536

    /// An answer that is told by some work, for as long as the client is there.
    static func response(
        _ context: GatewayContext, _ work: @escaping @Sendable (EventStream) async -> Void
    ) -> Response {
        let channel = context.channel
        let body = ResponseBody { writer in
            let (buffers, continuation) = AsyncStream.makeStream(
                of: ByteBuffer.self, bufferingPolicy: .bufferingOldest(Self.waitingLimit))
            let stream = EventStream(continuation)
            channel.closeFuture.whenComplete { _ in continuation.finish() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await work(stream)
                    stream.end()
                }
                group.addTask {
                    while (try? await Task.sleep(for: .seconds(HostAPI.heartbeat))) != nil { stream.beat() }
                }
                // Ends the work too when the client has left.
                defer { group.cancelAll() }
                for await buffer in buffers { try await writer.write(buffer) }
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }
}
