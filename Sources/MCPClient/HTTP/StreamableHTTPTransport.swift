// Streamable HTTP of 2025-03-26 and later: a POST per message, answers as JSON or as a stream of events.

import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Synchronization

/// The way to a server with one URL.
final class StreamableHTTPTransport: Transport {
    /// How long a first call waits for that stream at most, in seconds.
    private static let streamPatience = 1.0

    /// The connection itself ends a request that takes too long, whatever its limit.
    static let unlimited = 1e7

    let url: HTTPURL
    let http: AuthorizedHTTP
    let limits: ConnectionLimits
    let sink: TransportSink
    private let opensServerStream: Bool
    private let serverStream = Mutex<ServerStream?>(nil)

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

    /// The first revision with this transport.
    var olderRevision: ProtocolRevision { .v2025_03_26 }
    var isHTTP: Bool { true }

    // MARK: messages

    func send(_ message: OutgoingMessage) async throws {
        // The server may ask while it works, and where it asks is its own choice: with that stream it waits for no answer in
        // vain.
        if message.needsServerStream { await serverStreamStands(message) }
        let headers =
            [
                HTTPRequestHeader("Content-Type", "application/json"),
                HTTPRequestHeader("Accept", "application/json, text/event-stream"),
            ] + message.headers
        let response = try await http.send(
            "POST", url, headers: headers, body: .bytes(message.bytes),
            firstByte: message.requestID == nil ? limits.request : Self.unlimited, isRepeatable: message.isRepeatable)
        let status = response.head.status
        guard (200..<300).contains(status) else {
            throw MessageRefused(status: status, reason: await http.error(of: response, label: message.label))
        }
        let session = message.opensSession ? try await sink.opens(response.head) : message.headers
        guard let id = message.requestID else { return await settle(response) }
        try await readAnswer(response, to: message, id, session)
    }

    /// A notification or an answer was accepted: 202, also 200 or 204.
    private func settle(_ response: HTTPResponse) async {
        if AnswerForm(response.head) == .events {
            response.body.cancel()
        } else {
            await response.body.drain()
        }
    }

    private func readAnswer(
        _ response: HTTPResponse, to message: OutgoingMessage, _ id: Int, _ session: [HTTPRequestHeader]
    ) async throws {
        let label = message.label
        switch AnswerForm(response.head) {
        case .events: try await readStream(response, to: message, id, session)
        case .json:
            let limit = limits.messageBytes(answering: label)
            let answer = try IncomingMessage(
                await response.body.read(atMost: limit, label: label), from: "the server's answer to \(label)",
                status: response.head.status)
            guard await sink.receive(answer, id) else {
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

    // MARK: the server's own stream

    func listen(_ session: [HTTPRequestHeader], _ resumption: StreamResumption) {
        if opensServerStream { openServerStream(session, resumption, anew: true) }
    }

    func stopListening() { takeServerStream()?.end() }

    private func takeServerStream() -> ServerStream? {
        serverStream.withLock { stream in
            defer { stream = nil }
            return stream
        }
    }

    private func serverStreamStands(_ message: OutgoingMessage) async {
        openServerStream(message.headers, message.resumption, anew: false)
        await serverStream.withLock { $0?.opening }?.value
    }

    /// - Parameter anew: Also where there is one, of an earlier session.
    private func openServerStream(_ session: [HTTPRequestHeader], _ resumption: StreamResumption, anew: Bool) {
        let earlier = serverStream.withLock { stream -> ServerStream? in
            guard anew || stream == nil else { return nil }
            defer {
                let listener = ServerStreamListener(url: url, http: http, headers: session, limits: limits, sink: sink)
                stream = ServerStream(listener, resumption, patience: Self.streamPatience)
            }
            return stream
        }
        earlier?.end()
    }

    /// Tells the server that the session is over; 405 is fine, and 2 s are enough (MCP 2025-11-25, session management).
    func close(farewell: [HTTPRequestHeader]?, quickly: Bool) async {
        stopListening()
        guard let farewell else { return }
        _ = try? await withDeadline(2) { [http, url] in
            let response = try await http.send("DELETE", url, headers: farewell, firstByte: 2)
            await response.body.drain()
        }
    }

    func abandon() { stopListening() }
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
