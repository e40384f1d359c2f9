// Serves MCP on two streams, one message on a line, in both eras at once.

import OmlxJSON

/// A stdio server in front of an endpoint (MCP 2025-11-25 and 2026-07-28, stdio).
package final class StdioServer: Sendable {
    private let source: LineSource
    private let sink: LineSink
    private let conversation: Conversation

    /// How long requests under way may go on once the client says nothing more, in seconds.
    private static let grace = 2.0

    /// Nothing is written before the first answer.
    package init(_ endpoint: Endpoint, _ view: EndpointView, input: Int32 = 0, output: Int32 = 1) {
        source = LineSource(input)
        let sink = LineSink(output)
        self.sink = sink
        conversation = Conversation(endpoint, view) { sink.put($0.serialized(), written: $1) }
    }

    /// Serves until the client closes its end, or the task is cancelled.
    package func run() async {
        await withTaskCancellationHandler {
            for await line in source.lines { take(line) }
        } onCancel: {
            source.end()
        }
        await conversation.end(grace: Task.isCancelled ? 0 : Self.grace)
        source.end()
        await sink.finish()
    }

    private func take(_ line: MessageLines.Line) {
        let text: ClientText =
            switch line {
            case .message(let bytes): ClientText(bytes)
            case .tooLong:
                .message(
                    .malformed(id: nil, .invalid("a message has at most \(MessageLines.limit >> 20) MiB")))
            }
        conversation.take(text) { [source] in source.giveBack() }
    }
}
