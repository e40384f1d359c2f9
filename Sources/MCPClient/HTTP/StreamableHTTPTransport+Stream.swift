// The answer to a POST as a stream of events: read as it comes, taken up again when it breaks.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// Reads one event stream and hands on its messages.
struct EventStreamReader: Sendable {
    /// An event that has not ended is looked at so often, and up to this size: whether it is the answer all the same.
    private static let earlyLooks = 8
    private static let earlySize = 1 << 20

    let sink: TransportSink
    let limit: Int

    /// Reads until the request is answered (true) or the stream ends or breaks (false).
    /// - Throws: `OmlxError` for events that cannot be read, `SpeaksSSE`, `CancellationError`.
    func read(_ body: HTTPBody, answering id: Int?, _ resumption: inout StreamResumption) async throws -> Bool {
        var parser = ServerSentEventParser(limit: limit)
        var looks = 0
        while let chunk = try await nextChunk(of: body) {
            let events = try parser.receive(chunk)
            resumption.received(eventID: parser.lastEventID, retryMilliseconds: parser.retryMilliseconds)
            for event in events {
                looks = 0
                if try await take(event, answering: id) { return true }
            }
            // A server that forgets the blank line and keeps the stream open has answered nevertheless.
            if let id, looks < Self.earlyLooks, parser.lastUnfinishedByte == UInt8(ascii: "}"),
                parser.unfinishedByteCount <= Self.earlySize
            {
                looks += 1
                if await takeWhole(parser.unfinished, answering: id) { return true }
            }
        }
        return await takeWhole(parser.unfinished, answering: id)
    }

    private func take(_ event: ServerSentEvent, answering id: Int?) async throws -> Bool {
        guard !event.data.isEmpty else { return false }
        if event.type == "endpoint", id != nil { throw SpeaksSSE() }
        let message: IncomingMessage
        do throws(OmlxError) {
            message = try IncomingMessage(event.data, from: "an event of the server's stream")
        } catch {
            // Events of types of its own may hold anything.
            guard event.type == "message" else { return false }
            if error.code == .transportTooLarge, id == nil { throw error }
            sink.report(.invalidMessage(reason: error.message))
            // Streams carry words such as `[DONE]`, too.
            if LineJudgement.looksLikeAnswer(event.data) {
                await sink.garbled(GarbledAnswer(error.message, event.data), id)
            }
            return false
        }
        if JSONRPCMessage(message.json).isNone {
            if event.type == "message" {
                sink.report(.invalidMessage(reason: "an event of the server's stream is none of MCP"))
            }
            return false
        }
        return await sink.receive(message, id) && id != nil
    }

    /// Takes an event that the stream broke off in, when it is whole: an answer to this request; on a stream of the server's
    /// own, any message.
    private func takeWhole(_ event: ServerSentEvent?, answering id: Int?) async -> Bool {
        guard let event, event.type != "endpoint",
            let message = try? IncomingMessage(event.data, from: "the last event of the server's stream")
        else { return false }
        let parsed = JSONRPCMessage(message.json)
        guard id == nil ? !parsed.isNone : parsed.answers(id) else { return false }
        return await sink.receive(message, id) && id != nil
    }

    /// The next piece; a broken connection ends the stream like an orderly end. One that cannot be decoded would be the
    /// same again.
    private func nextChunk(of body: HTTPBody) async throws -> [UInt8]? {
        do {
            return try await body.next()
        } catch let failure as HTTPFailure where failure.error.code == .transportEncoding {
            throw failure
        } catch {
            try Task.checkCancellation()
            return nil
        }
    }
}

/// Takes a broken stream up again.
struct StreamReconnection: Sendable {
    let url: HTTPURL
    let http: AuthorizedHTTP
    let headers: [HTTPRequestHeader]
    let limits: ConnectionLimits
    /// What else is to be said when it cannot be.
    var remark: @Sendable () -> String = { "" }

    /// Waits as the server wished and opens the stream again.
    /// - Throws: `PROTOCOL_STREAM_BROKEN` when that cannot be.
    func reopen(_ resumption: inout StreamResumption, label: String) async throws -> HTTPResponse {
        while true {
            switch resumption.ended() {
            case .notResumable: throw broken(label, "and cannot be taken up again")
            case .exhausted:
                throw broken(label, "and could not be taken up again in \(StreamResumption.tryLimit) tries")
            case .reconnect(let id, let milliseconds):
                try await Task.sleep(for: .milliseconds(milliseconds))
                if let response = try await get(lastEventID: id, label: label) { return response }
            }
        }
    }

    /// - Returns: `nil` when it may be tried again.
    private func get(lastEventID: String, label: String) async throws -> HTTPResponse? {
        let all =
            [HTTPRequestHeader("Accept", "text/event-stream"), HTTPRequestHeader("Last-Event-ID", lastEventID)]
            + headers
        let response: HTTPResponse
        do {
            response = try await http.send("GET", url, headers: all, firstByte: limits.request)
        } catch is HTTPFailure {
            try Task.checkCancellation()
            return nil
        }
        let status = response.head.status
        if status == 200, AnswerForm(response.head) == .events { return response }
        if status == 401 { throw await http.error(of: response, label: label) }
        let words = ServerWords(response.head, await response.body.readExplanation(), hiding: http.redactor)
        if status == 429 || status >= 500 { return nil }
        throw broken(label, "and the server does not take it up again (\(status))\(words.clause)")
    }

    private func broken(_ label: String, _ detail: String) -> OmlxError {
        OmlxError(.protocolStreamBroken, "the stream ended before the answer to \(label) came, \(detail)\(remark())")
    }
}

extension StreamableHTTPTransport {
    /// Reads the stream until the request is answered.
    /// - Parameter session: The headers with which it is taken up again.
    func readStream(
        _ response: HTTPResponse, to message: OutgoingMessage, _ id: Int, _ session: [HTTPRequestHeader]
    ) async throws {
        let label = message.label
        let reader = EventStreamReader(sink: sink, limit: limits.messageBytes(answering: label))
        let reconnection = StreamReconnection(
            url: url, http: http, headers: session, limits: limits, remark: { [sink] in sink.remark(id) })
        var resumption = message.resumption
        var current = response
        while true {
            let body = current.body
            do {
                if try await reader.read(body, answering: id, &resumption) {
                    // The end of the stream follows the answer at once where a server is orderly. The connection cuts it off
                    // where it does not.
                    return await body.drainWhole()
                }
            } catch let error as SpeaksSSE {
                body.cancel()
                throw error
            }
            current = try await reconnection.reopen(&resumption, label: label)
        }
    }
}
