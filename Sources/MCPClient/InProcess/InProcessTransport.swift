// The way to a server in the process: messages as bytes, and what the server does with each.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Synchronization

/// One connection to a server in the process.
final class InProcessTransport: Transport {
    private enum Delivery: Sendable {
        case message([UInt8])
        case end(OmlxError)
    }

    private struct State {
        /// Delivers what the server says, in its order; there while the connection stands.
        var outbox: AsyncStream<Delivery>.Continuation?
        var delivering: Task<Void, Never>?
        var calls: [JSON: Task<Void, Never>] = [:]
        var isClosed = false
    }

    private let server: InProcessServer
    private let sink: TransportSink
    private let state = Mutex(State())

    init(server: InProcessServer, sink: TransportSink) {
        self.server = server
        self.sink = sink
    }

    var hasModernEra: Bool { false }

    func open() async throws {
        let (deliveries, outbox) = AsyncStream<Delivery>.makeStream()
        let sink = sink
        try state.withLock { state in
            guard !state.isClosed else { throw OmlxError.cancelled("connecting") }
            state.outbox = outbox
            state.delivering = Task {
                for await delivery in deliveries {
                    switch delivery {
                    case .message(let bytes):
                        guard let message = try? IncomingMessage(bytes, from: "the server's message") else { continue }
                        _ = await sink.receive(message, nil)
                    case .end(let error): await sink.ended(error)
                    }
                }
            }
        }
        server.opened(self)
    }

    func post(_ message: OutgoingMessage) -> Bool {
        guard state.withLock({ $0.outbox != nil }), let json = try? JSON(parsing: message.bytes) else { return false }
        switch JSONRPCMessage(json) {
        case .request(let id, let method, let params): take(id, method, params)
        case .notification("notifications/cancelled", let params):
            let call = params?["requestId"].flatMap { id in state.withLock { $0.calls[id] } }
            call?.cancel()
        case .notification, .result, .error, .invalid: break
        }
        return true
    }

    func send(_ message: OutgoingMessage) async throws {
        guard post(message) else { throw OmlxError(.transportNotConnected, "the server is not there") }
    }

    func close(farewell: [HTTPRequestHeader]?, quickly: Bool) async {
        let (delivering, calls) = end()
        for call in calls { await call.value }
        await delivering?.value
    }

    func abandon() { _ = end() }

    /// Ends what is under way, after what the server said last.
    private func end(_ last: OmlxError? = nil) -> (delivering: Task<Void, Never>?, calls: [Task<Void, Never>]) {
        let (outbox, delivering, calls) = state.withLock { state in
            state.isClosed = true
            defer { state.outbox = nil }
            return (state.outbox, state.delivering, Array(state.calls.values))
        }
        if let last { outbox?.yield(.end(last)) }
        outbox?.finish()
        for call in calls { call.cancel() }
        server.closed(self)
        return (delivering, calls)
    }

    // MARK: the server's side

    /// Says something unasked.
    func tell(_ message: JSON) {
        _ = state.withLock { $0.outbox }?.yield(.message(message.serialized()))
    }

    /// The server is gone.
    func lose(_ error: OmlxError) { _ = end(error) }

    private func take(_ id: JSON, _ method: String, _ params: JSON?) {
        switch method {
        case "initialize":
            tell(.answer(to: id, result: server.greeting(offered: params?["protocolVersion"]?.stringValue)))
        case "ping": tell(.answer(to: id, result: [:]))
        case "tools/list": tell(.answer(to: id, result: ["tools": .array(server.tools.map(\.raw))]))
        case "tools/call": call(id, params)
        default:
            let error = JSONRPCError(code: JSONRPCError.methodNotFound, message: "there is no method \(method)")
            tell(.answer(to: id, error: error))
        }
    }

    private func call(_ id: JSON, _ params: JSON?) {
        let name = params?["name"]?.stringValue ?? ""
        guard server.tools.contains(where: { $0.name.isIdentical(to: name) }) else {
            // MCP 2025-06-18, tools, error handling.
            let error = JSONRPCError(code: JSONRPCError.invalidParams, message: "Unknown tool: \(name)")
            return tell(.answer(to: id, error: error))
        }
        let token = params?["_meta"]?["progressToken"]
        let call = InProcessCall(tool: name, arguments: params?["arguments"]?.objectValue ?? [:]) {
            [weak self] report in
            guard let token else { return }
            self?.tell(.notification("notifications/progress", report.params(token)))
        }
        state.withLock { state in
            guard state.outbox != nil else { return }
            state.calls[id] = Task { [server] in
                let result = await Self.result(of: call, server.answer)
                // A request that was cancelled gets no answer (MCP 2025-11-25, cancellation).
                if let result { self.tell(.answer(to: id, result: result.raw)) }
                self.state.withLock { $0.calls[id] = nil }
            }
        }
    }

    private static func result(of call: InProcessCall, _ answer: InProcessServer.Answer) async -> ToolResult? {
        do {
            return try await answer(call)
        } catch is CancellationError {
            return nil
        } catch {
            return ToolResult(text: "\(error)", isError: true)
        }
    }
}

extension Progress {
    /// The members of `notifications/progress` (MCP 2025-11-25, progress).
    fileprivate func params(_ token: JSON) -> JSONObject {
        var params: JSONObject = ["progressToken": token, "progress": JSON(progress)]
        if let total { params["total"] = JSON(total) }
        if let message { params["message"] = .string(message) }
        return params
    }
}
