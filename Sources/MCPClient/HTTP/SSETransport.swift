// HTTP+SSE of 2024-11-05: a stream that names the URL for messages and carries all answers.

import OmlxConcurrency
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Synchronization

/// The way to a server of the older kind.
final class SSETransport: Transport {
    private struct State {
        var endpoint: HTTPURL?
        var reader: Task<Void, Never>?
    }

    /// The stream after its `endpoint` event.
    private struct Opening: Sendable {
        var endpoint: HTTPURL
        var parser: ServerSentEventParser
        var events: [ServerSentEvent]
    }

    private let url: HTTPURL
    private let http: AuthorizedHTTP
    private let limits: ConnectionLimits
    private let sink: TransportSink
    private let state = Mutex(State())

    var hasModernEra: Bool { false }

    init(url: HTTPURL, http: AuthorizedHTTP, limits: ConnectionLimits, sink: TransportSink) {
        self.url = url
        self.http = http
        self.limits = limits
        self.sink = sink
    }

    func open() async throws {
        let response = try await http.send(
            "GET", url, headers: [HTTPRequestHeader("Accept", "text/event-stream")], firstByte: limits.request)
        guard response.head.status == 200 else {
            var error = OmlxError(converting: await http.error(of: response, label: "GET"), during: "GET")
            let isAboutAddress: Set<ErrorCode> = [.transportNotFound, .transportBadStatus, .protocolErrorResponse]
            if isAboutAddress.contains(error.code) { error.nextStep = Self.otherTransport }
            throw error
        }
        guard AnswerForm(response.head) == .events else {
            let type = OmlxError.shown(response.head.mediaType, limit: 80)
            throw OmlxError(
                .protocolContentType,
                "the server's answer to GET is \(type.isEmpty ? "of no type" : type), not a stream of events",
                httpStatus: 200, nextStep: Self.otherTransport)
        }
        let overdue = Self.noEndpoint("sent no endpoint event for \(shownSeconds(limits.request))")
        let opening = try await withDeadline(limits.request, overdue: overdue) { [limits] in
            try await Self.readOpening(response, limit: limits.maxMessageBytes)
        }
        let body = response.body
        let reader = Task { [sink] in
            let reason = await Self.read(body, opening, sink)
            if !Task.isCancelled { await sink.ended(reason) }
        }
        state.withLock { state in
            state.endpoint = opening.endpoint
            state.reader = reader
        }
    }

    /// Reads up to the `endpoint` event.
    private static func readOpening(_ response: HTTPResponse, limit: Int) async throws -> Opening {
        var parser = ServerSentEventParser(limit: limit)
        while let chunk = try await response.body.next() {
            let events = try parser.receive(chunk)
            guard let index = events.firstIndex(where: { $0.type == "endpoint" }) else { continue }
            let endpoint = try resolve(events[index].data, at: response.head.url)
            return Opening(endpoint: endpoint, parser: parser, events: Array(events[(index + 1)...]))
        }
        throw noEndpoint("ended its stream before naming an endpoint")
    }

    /// The URL for messages, which may be relative but never of another origin (MCP 2024-11-05, transports).
    static func resolve(_ data: [UInt8], at url: HTTPURL) throws(OmlxError) -> HTTPURL {
        let text = String(decoding: data, as: UTF8.self)
        let endpoint: HTTPURL
        do {
            endpoint = try url.resolving(text)
        } catch {
            throw noEndpoint("named an endpoint that is no URL (\(error.reason))")
        }
        guard endpoint.origin == url.origin else {
            throw OmlxError(
                .transportEndpointOrigin, "the server names an endpoint for messages at another origin",
                compared: [.init("stream", url.origin), .init("endpoint", endpoint.origin)])
        }
        return endpoint
    }

    private static let otherTransport: Remedy =
        "check the URL, and whether the server speaks streamable HTTP (\"type\": \"http\") instead of sse"

    private static func noEndpoint(_ what: String) -> OmlxError {
        OmlxError(.protocolNoEndpoint, "the server \(what)", nextStep: otherTransport)
    }

    /// Hands on what comes; returns why it ended.
    private static func read(_ body: HTTPBody, _ opening: Opening, _ sink: TransportSink) async -> OmlxError {
        var parser = opening.parser
        await deliver(opening.events, sink)
        do {
            while let chunk = try await body.next() { await deliver(try parser.receive(chunk), sink) }
            await deliverLast(parser.unfinished, sink)
            return OmlxError(.protocolStreamBroken, "the server ended its stream")
        } catch let error as OmlxError {
            body.cancel()
            return error
        } catch {
            await deliverLast(parser.unfinished, sink)
            let detail = (error as? HTTPFailure)?.error.message ?? "it was cut"
            return OmlxError(.protocolStreamBroken, "the server's stream broke: \(detail)")
        }
    }

    private static func deliver(_ events: [ServerSentEvent], _ sink: TransportSink) async {
        for event in events where event.type == "message" && !event.data.isEmpty {
            do throws(OmlxError) {
                let message = try IncomingMessage(event.data, from: "an event of the server's stream")
                _ = await sink.receive(message, nil)
            } catch {
                sink.report(.invalidMessage(reason: error.message))
                if LineJudgement.looksLikeAnswer(event.data) {
                    await sink.garbled(GarbledAnswer(error.message, event.data), nil)
                }
            }
        }
    }

    /// An event the stream broke off in, when it is a whole message.
    private static func deliverLast(_ event: ServerSentEvent?, _ sink: TransportSink) async {
        guard let event, event.type == "message",
            let message = try? IncomingMessage(event.data, from: "the last event of the server's stream"),
            !JSONRPCMessage(message.json).isNone
        else { return }
        _ = await sink.receive(message, nil)
    }

    /// Posts a message; its answer comes on the stream.
    func send(_ message: OutgoingMessage) async throws {
        guard let endpoint = state.withLock({ $0.endpoint }) else {
            throw OmlxError(.transportNotConnected, "the stream of the server is not open")
        }
        let response = try await http.send(
            "POST", endpoint, headers: [HTTPRequestHeader("Content-Type", "application/json")],
            body: .bytes(message.bytes), firstByte: limits.request, isRepeatable: message.isRepeatable)
        guard (200..<300).contains(response.head.status) else {
            let error = await http.error(of: response, label: message.label)
            guard response.head.status == 404 else { throw error }
            let words = (error as? OmlxError)?.serverWords ?? (error as? JSONRPCError)?.words ?? ""
            throw OmlxError(
                .protocolSessionLost,
                "the server no longer knows the session of \(message.label)" + (words.isEmpty ? "" : ": \(words)"),
                httpStatus: 404)
        }
        if AnswerForm(response.head) == .events {
            response.body.cancel()
        } else {
            await response.body.drain()
        }
    }

    func close(farewell: [HTTPRequestHeader]?, quickly: Bool) async { abandon() }

    func abandon() {
        let reader = state.withLock { state in
            state.endpoint = nil
            defer { state.reader = nil }
            return state.reader
        }
        reader?.cancel()
    }
}
