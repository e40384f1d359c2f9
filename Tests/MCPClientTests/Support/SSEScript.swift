// The answers of an ordinary HTTP+SSE server, and the stream they go out on.

import OmlxJSON
import Synchronization

@testable import OmlxMCPClient

/// One stream: answers to messages posted to `/messages` go out on the GET that came last.
final class SSEScript: Sendable {
    private struct Stream: @unchecked Sendable {
        // A socket number and nothing else; written to by one thread at a time, under the lock below.
        let answerer: Answerer
    }

    private let stream = Mutex<Stream?>(nil)
    private let endpoint: String
    private let afterEndpoint: @Sendable (Answerer) -> Void

    init(endpoint: String = "/messages?session=1", afterEndpoint: @escaping @Sendable (Answerer) -> Void = { _ in }) {
        self.endpoint = endpoint
        self.afterEndpoint = afterEndpoint
    }

    func answer(_ request: ScriptedRequest, _ answerer: Answerer) {
        guard request.method == "POST" else {
            stream.withLock { $0 = Stream(answerer: answerer) }
            answerer.beginStream()
            answerer.stream("event: endpoint\ndata: \(endpoint)\n\n")
            afterEndpoint(answerer)
            answerer.waitForClose()
            return stream.withLock { $0 = nil }
        }
        answerer.answer(202)
        let id = request.json["id"] ?? .null
        switch request.call {
        case "initialize": send(["jsonrpc": "2.0", "id": id, "result": initializeAnswer])
        case "tools/list": send(["jsonrpc": "2.0", "id": id, "result": oneTool])
        case "tools/call", "ping": send(["jsonrpc": "2.0", "id": id, "result": ["content": []]])
        default: break
        }
    }

    func send(_ message: JSON) { stream.withLock { $0?.answerer.event(message) } }

    /// Breaks the stream.
    func cut() { stream.withLock { $0?.answerer.cut() } }
}
