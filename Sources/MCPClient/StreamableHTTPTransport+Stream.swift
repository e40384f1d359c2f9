// The answer to a POST as a stream of events: read as it comes, taken up again when it breaks (A4.8, A4.11, A4.12).

import ErrorCatalogue
import HTTPClient
import JSON

/// Reads one event stream and hands on its messages.
struct EventStreamReader: Sendable {
    let sink: TransportSink
    let limit: Int

    /// Reads until the request is answered (true) or the stream ends or breaks (false).
    /// - Throws: `OmlxError` for events that cannot be read, `CancellationError`.
    func read(_ body: HTTPBody, answering id: Int?, _ resumption: inout StreamResumption) async throws -> Bool {
        var parser = ServerSentEventParser(limit: limit)
        while let chunk = try await nextChunk(of: body) {
            let events = try parser.receive(chunk)
            resumption.received(eventID: parser.lastEventID, retryMilliseconds: parser.retryMilliseconds)
            for event in events where event.type == "message" && !event.data.isEmpty {
                let message: IncomingMessage
                do throws(OmlxError) {
                    message = try IncomingMessage(event.data, from: "an event of the server's stream")
                } catch {
                    guard id == nil else { throw error }
                    sink.report(.invalidMessage(reason: error.message))
                    continue
                }
                if await sink.receive(message, id), id != nil { return true }
            }
        }
        return false
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
        await response.body.drain()
        if status == 429 || status >= 500 { return nil }
        throw broken(label, "and the server does not take it up again (\(status))")
    }

    private func broken(_ label: String, _ detail: String) -> OmlxError {
        OmlxError(.protocolStreamBroken, "the stream ended before the answer to \(label) came, \(detail)")
    }
}

extension StreamableHTTPTransport {
    /// Reads the stream until the request is answered.
    func readStream(_ response: HTTPResponse, answering id: Int, label: String) async throws {
        let reader = EventStreamReader(sink: sink, limit: limits.messageBytes(answering: label))
        let reconnection = StreamReconnection(
            url: url, http: http, headers: sessionHeaders(for: currentSession), limits: limits)
        var resumption = StreamResumption()
        var current = response
        while true {
            if try await reader.read(current.body, answering: id, &resumption) {
                let body = current.body
                // The end of the stream follows the answer at once where a server is orderly.
                await body.drain()
                return
            }
            current = try await reconnection.reopen(&resumption, label: label)
        }
    }
}

/// The stream on which a server speaks unasked (A4.7). Nothing waits for it; 405 means there is none.
struct ServerStreamListener: Sendable {
    let url: HTTPURL
    let http: AuthorizedHTTP
    let headers: [HTTPRequestHeader]
    let limits: ConnectionLimits
    let sink: TransportSink

    /// Listens until the task is cancelled or the server offers no such stream.
    func run() async {
        let reader = EventStreamReader(sink: sink, limit: limits.maxMessageBytes)
        let reconnection = StreamReconnection(url: url, http: http, headers: headers, limits: limits)
        var resumption = StreamResumption()
        let first = [HTTPRequestHeader("Accept", "text/event-stream")] + headers
        // A server may send not even headers before it has something to say.
        guard
            var response = try? await http.send(
                "GET", url, headers: first, firstByte: StreamableHTTPTransport.unlimited)
        else { return }
        guard response.head.status == 200, AnswerForm(response.head) == .events else {
            return await response.body.drain()
        }
        do {
            while true {
                _ = try await reader.read(response.body, answering: nil, &resumption)
                response = try await reconnection.reopen(&resumption, label: "the server's stream")
            }
        } catch {
            return
        }
    }
}
