// Serves MCP on two streams, one message on a line, in both eras at once.

import OmlxErrors
import OmlxJSON
import Synchronization

/// A stdio server in front of an endpoint (MCP 2025-11-25 and 2026-07-28, stdio).
package final class StdioServer: Sendable {
    private let endpoint: Endpoint
    private let view: EndpointView
    private let source: LineSource
    private let sink: LineSink
    private let session = Mutex(StdioSession())
    private let follower = Mutex<Task<Void, Never>?>(nil)

    /// How long requests under way may go on once the client says nothing more, in seconds.
    private static let grace = 2.0

    /// Nothing is written before the first answer.
    package init(_ endpoint: Endpoint, _ view: EndpointView, input: Int32 = 0, output: Int32 = 1) {
        (self.endpoint, self.view) = (endpoint, view)
        source = LineSource(input)
        sink = LineSink(output)
    }

    /// Serves until the client closes its end, or the task is cancelled.
    package func run() async {
        await withTaskCancellationHandler {
            for await line in source.lines { take(line) }
        } onCancel: {
            source.end()
        }
        await endRequests()
        source.end()
        await sink.finish()
    }

    private func endRequests() async {
        follower.withLock { $0 }?.cancel()
        let tasks = session.withLock { $0.all }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for task in tasks { await task.value } }
            group.addTask {
                if !Task.isCancelled { try? await Task.sleep(for: .seconds(Self.grace)) }
                for task in tasks { task.cancel() }
            }
            await group.next()
            group.cancelAll()
        }
        await follower.withLock { $0 }?.value
    }

    private func take(_ line: MessageLines.Line) {
        switch line {
        case .tooLong:
            let fault = RPCFault.invalid("a message has at most \(MessageLines.limit >> 20) MiB")
            answer(Reply(to: nil, .failure(fault)))
        case .message(let bytes):
            switch ClientText(bytes) {
            case .message(let message): take(message)
            case .batch(let messages): take(messages)
            }
        }
    }

    private func answer(_ reply: Reply) { sink.put(reply.json.serialized()) { [source] in source.giveBack() } }

    // MARK: messages

    private func take(_ message: ClientMessage) {
        switch message {
        case .malformed(let id, let fault): answer(Reply(to: id, .failure(fault)))
        case .answer: source.giveBack()
        case .notification(let method, let params):
            hear(method, params)
            source.giveBack()
        case .request(let request):
            do throws(RPCFault) {
                let spoken = try Dialect.of(request, nil)
                begin(request, session.withLock { $0.dialect(spoken) })
            } catch {
                answer(Reply(to: request.id, .failure(error)))
            }
        }
    }

    private func begin(_ request: ClientRequest, _ dialect: Dialect) {
        guard session.withLock({ $0.begin(request.id) }) else {
            return answer(Reply(to: request.id, .failure(.invalid("a request with this id is under way"))))
        }
        let task = Task { [self] in
            let asking = Asking(view, dialect)
            let reply = try? await endpoint.reply(to: request, asking) { [sink] in sink.put($0.serialized()) }
            // A request that was given up gets no answer (MCP 2025-11-25, cancellation).
            session.withLock { session in
                session.end(request.id)
                if request.method == "initialize", case .success(let result)? = reply?.outcome {
                    session.settle(result)
                }
            }
            if let reply, !Task.isCancelled { answer(reply) } else { source.giveBack() }
        }
        session.withLock { $0.run(request.id, task) }
    }

    private func hear(_ method: String, _ params: JSONObject) {
        switch method {
        case "notifications/cancelled":
            let task = params["requestId"].flatMap { id in session.withLock { $0.given(up: id) } }
            task?.cancel()
        case "notifications/initialized":
            follower.withLock { follower in
                guard follower == nil else { return }
                let asking = Asking(view, session.withLock { $0.dialect(.handshake(.unspoken)) })
                follower = Task { [endpoint, sink] in
                    await endpoint.follow(asking) { sink.put($0.serialized()) }
                }
            }
        default: break
        }
    }

    private func take(_ messages: [ClientMessage]) {
        guard session.withLock({ $0.takesBatches }) else {
            let fault = RPCFault.invalid("messages come one at a time in this protocol revision")
            return answer(Reply(to: nil, .failure(fault)))
        }
        // One that says something is heard at once; its requests are answered together.
        for case .notification(let method, let params) in messages { hear(method, params) }
        let mark: JSON = .array(messages.compactMap { if case .request(let one) = $0 { one.id } else { nil } })
        guard session.withLock({ $0.begin(mark) }) else { return source.giveBack() }
        let task = Task { [self] in
            let replies = (try? await endpoint.replies(to: messages, view, MessageHeaders())) ?? []
            session.withLock { $0.end(mark) }
            guard !replies.isEmpty, !Task.isCancelled else { return source.giveBack() }
            sink.put(JSON.array(replies.map(\.json)).serialized()) { [source] in source.giveBack() }
        }
        session.withLock { $0.run(mark, task) }
    }
}
