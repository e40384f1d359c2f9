// Streamable HTTP of the initialize era (A4): a POST per message, answers as JSON or as a stream of events.

import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Synchronization

/// The way to a server with one URL.
final class StreamableHTTPTransport: Transport {
    private struct State {
        /// Handled like a secret: who has it can speak in the session (A4.3).
        var session: Secret?
        var generation = 0
        var revision: ProtocolRevision?
        var serverStream: ServerStream?
    }

    /// The stream on which the server speaks unasked, and the wait until the server answered whether there is one.
    private struct ServerStream {
        let listener: Task<Void, Never>
        let opening: Task<Void, Never>
    }

    /// How long a first call waits for that stream at most, in seconds.
    private static let streamPatience = 1.0

    /// The connection itself ends a request that takes too long, whatever its limit.
    static let unlimited = 1e7

    let url: HTTPURL
    let http: AuthorizedHTTP
    let limits: ConnectionLimits
    let sink: TransportSink
    private let opensServerStream: Bool
    private let state = Mutex(State())

    init(
        url: HTTPURL, http: AuthorizedHTTP, limits: ConnectionLimits, sink: TransportSink, opensServerStream: Bool
    ) {
        self.url = url
        self.http = http
        self.limits = limits
        self.sink = sink
        self.opensServerStream = opensServerStream
    }

    func open() async throws {}

    // MARK: the session

    /// The first revision with this transport.
    var olderRevision: ProtocolRevision { .v2025_03_26 }

    var sessionGeneration: Int { state.withLock { $0.generation } }

    func settled(on revision: ProtocolRevision) { state.withLock { $0.revision = revision } }

    func forgetSession() {
        let stream = state.withLock { state in
            state.session = nil
            state.revision = nil
            state.generation += 1
            defer { state.serverStream = nil }
            return state.serverStream
        }
        stream?.listener.cancel()
    }

    /// Takes the session id of the answer to `initialize`: visible ASCII only (A4.3).
    private func adoptSession(_ head: HTTPResponseHead) throws {
        guard let id = head.headers["mcp-session-id"], !id.isEmpty else { return }
        guard id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw OmlxError(
                .protocolInvalidMessage, "the session id the server gives holds characters other than visible ASCII")
        }
        http.redactor.learn(id, isPassing: true)
        state.withLock { $0.session = Secret(id) }
    }

    /// The headers of session and revision.
    func sessionHeaders(for session: Secret?) -> [HTTPRequestHeader] {
        var headers: [HTTPRequestHeader] = []
        if let revision = state.withLock({ $0.revision }), revision.hasVersionHeader {
            headers.append(HTTPRequestHeader("MCP-Protocol-Version", revision.rawValue))
        }
        if let session { headers.append(HTTPRequestHeader("Mcp-Session-Id", secret: session)) }
        return headers
    }

    var currentSession: Secret? { state.withLock { $0.session } }

    // MARK: messages

    func send(_ message: OutgoingMessage) async throws {
        if message.label == "tools/call", message.requestID != nil { await serverStreamStands() }
        let (session, generation) = state.withLock { ($0.session, $0.generation) }
        let headers =
            [
                HTTPRequestHeader("Content-Type", "application/json"),
                HTTPRequestHeader("Accept", "application/json, text/event-stream"),
            ] + sessionHeaders(for: session) + Era.probeHeaders(of: message.label)
        let isRequest = message.requestID != nil
        let response = try await http.send(
            "POST", url, headers: headers, body: .bytes(message.bytes),
            firstByte: isRequest ? Self.unlimited : limits.request, isRepeatable: message.isRepeatable)
        guard (200..<300).contains(response.head.status) else {
            let error = await http.error(of: response, label: message.label)
            // With -32601 it is the method that is not there (A3.16).
            guard response.head.status == 404, session != nil,
                (error as? JSONRPCError)?.code != JSONRPCError.methodNotFound
            else { throw error }
            throw SessionLost(generation: generation)
        }
        if message.label == "initialize", isRequest { try adoptSession(response.head) }
        guard let id = message.requestID else { return await settle(response) }
        try await readAnswer(response, to: id, label: message.label)
    }

    /// A notification or an answer was accepted: 202, also 200 or 204 (A4.5).
    private func settle(_ response: HTTPResponse) async {
        if AnswerForm(response.head) == .events {
            response.body.cancel()
        } else {
            await response.body.drain()
        }
    }

    private func readAnswer(_ response: HTTPResponse, to id: Int, label: String) async throws {
        switch AnswerForm(response.head) {
        case .events: try await readStream(response, answering: id, label: label)
        case .json:
            let limit = limits.messageBytes(answering: label)
            let message = try IncomingMessage(
                await response.body.read(atMost: limit, label: label), from: "the server's answer to \(label)",
                status: response.head.status)
            guard await sink.receive(message, id) else {
                throw OmlxError(
                    .protocolInvalidMessage,
                    "the server's answer to \(label) holds no answer to this request\(sink.remark(id))")
            }
        case .none:
            await response.body.drain()
            throw OmlxError(
                .protocolInvalidMessage,
                "the server accepted \(label) with \(response.head.status) but did not answer it",
                httpStatus: response.head.status)
        case .foreign(let type):
            let words = ServerWords(response.head, await response.body.readExplanation(), hiding: http.redactor)
            throw OmlxError(
                .protocolContentType,
                "the server's answer to \(label) is \(OmlxError.shown(type, limit: 80)), not JSON\(words.clause)",
                httpStatus: response.head.status, nextStep: "check whether the URL is that of the MCP endpoint")
        }
    }

    // MARK: background

    func sessionStands() {
        if opensServerStream { openServerStream(anew: true) }
    }

    /// In a session the server may ask while a tool runs, and where it asks is its own choice: before the first call its
    /// stream stands, so that it waits for no answer in vain.
    private func serverStreamStands() async {
        guard currentSession != nil else { return }
        openServerStream(anew: false)
        await state.withLock { $0.serverStream?.opening }?.value
    }

    /// - Parameter anew: Also where there is one, of an earlier session.
    private func openServerStream(anew: Bool) {
        let listener = serverStreamListener(currentSession)
        let (answers, answer) = AsyncStream<Never>.makeStream()
        let earlier = state.withLock { state -> ServerStream? in
            guard anew || state.serverStream == nil else { return nil }
            defer {
                state.serverStream = ServerStream(
                    listener: Task { await listener.run(answered: { answer.finish() }) },
                    opening: Task { _ = try? await withDeadline(Self.streamPatience) { for await _ in answers {} } })
            }
            return state.serverStream
        }
        earlier?.listener.cancel()
    }

    private func serverStreamListener(_ session: Secret?) -> ServerStreamListener {
        ServerStreamListener(
            url: url, http: http, headers: sessionHeaders(for: session), limits: limits, sink: sink)
    }

    /// Tells the server that the session is over (A4.6); 405 is fine, and 2 s are enough.
    func close(quickly: Bool) async {
        let (session, stream) = state.withLock { state in
            defer {
                state.session = nil
                state.serverStream = nil
            }
            return (state.session, state.serverStream)
        }
        stream?.listener.cancel()
        guard let session else { return }
        let headers = sessionHeaders(for: session)
        _ = try? await withDeadline(2) { [http, url] in
            let response = try await http.send("DELETE", url, headers: headers, firstByte: 2)
            await response.body.drain()
        }
    }

    func abandon() { state.withLock { $0.serverStream }?.listener.cancel() }
}

extension HTTPBody {
    /// The whole body.
    /// - Throws: `OmlxError` with `TRANSPORT_TOO_LARGE` when it is longer.
    func read(atMost limit: Int, label: String) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await next() {
            guard bytes.count + chunk.count <= limit else {
                throw OmlxError.tooLarge(label, limit)
            }
            if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) }
        }
        return bytes
    }
}
