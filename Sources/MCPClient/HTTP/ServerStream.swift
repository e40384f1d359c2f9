// The stream on which a server speaks unasked (MCP 2025-11-25, listening for messages): opened, read, opened again.

import OmlxConcurrency
import OmlxErrors
import OmlxHTTPClient

/// The course of that stream over as many exchanges as it takes, as a value. No I/O.
struct ServerStreamLife: Sendable {
    enum Step: Sendable, Hashable {
        /// Wait, then ask for the stream again, from after this event on where there was one.
        case open(lastEventID: String?, afterMilliseconds: Int)
        /// The server has no such stream.
        case over
    }

    /// A stream that stood for so long, in seconds, was a good one.
    static let goodTime = 30.0

    /// What came on it.
    var resumption: StreamResumption
    private var backoff = Backoff()
    /// Whether the server has ever opened it.
    private var hasStood = false

    init(_ resumption: StreamResumption) { self.resumption = resumption }

    /// The server opened it.
    mutating func opened() { hasStood = true }

    /// It ended or broke.
    /// - Parameters:
    ///   - stood: For how long it stood, in seconds.
    ///   - jitter: From 0 up to 1.
    mutating func ended(after stood: Double, jitter: Double) -> Step {
        if stood >= Self.goodTime || resumption.hasHeard { backoff.succeeded() }
        resumption.beginWait()
        // The first time the server's own wish counts.
        let isFirst = backoff.failures == 0
        let pause = Int(backoff.failed(jitter: jitter) * 1000)
        return .open(
            lastEventID: resumption.lastEventID,
            afterMilliseconds: isFirst ? resumption.wishedPause ?? pause : max(pause, resumption.wishedPause ?? 0))
    }

    /// It was asked for, and not opened: by an answer of this status, or none.
    mutating func refused(_ status: Int?, jitter: Double) -> Step {
        guard hasStood else { return .over }
        if let status, status != 429, status < 500 { return .over }
        return ended(after: 0, jitter: jitter)
    }
}

/// That stream while it is listened to, and the wait until the server has answered whether there is one.
struct ServerStream: Sendable {
    private let listener: Task<Void, Never>
    let opening: Task<Void, Never>

    /// - Parameter patience: How long that answer is waited for at most, in seconds.
    init(_ listener: ServerStreamListener, _ resumption: StreamResumption, patience: Double) {
        let (answers, answer) = AsyncStream<Never>.makeStream()
        self.listener = Task { await listener.run(ServerStreamLife(resumption), answered: { answer.finish() }) }
        opening = Task { _ = try? await withDeadline(patience) { for await _ in answers {} } }
    }

    func end() {
        listener.cancel()
        opening.cancel()
    }
}

/// Listens to it.
struct ServerStreamListener: Sendable {
    let url: HTTPURL
    let http: AuthorizedHTTP
    let headers: [HTTPRequestHeader]
    let limits: ConnectionLimits
    let sink: TransportSink

    /// Listens until the task is cancelled or the server offers no such stream.
    /// - Parameter answered: Called once the server has answered whether there is one.
    func run(_ life: ServerStreamLife, answered: @Sendable () -> Void) async {
        var life = life
        var step = await listen(&life, from: nil, answered)
        while case .open(let id, let milliseconds) = step {
            guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { return }
            step = await listen(&life, from: id)
        }
    }

    private func listen(
        _ life: inout ServerStreamLife, from lastEventID: String?, _ answered: @Sendable () -> Void = {}
    ) async -> ServerStreamLife.Step {
        let own = [HTTPRequestHeader("Accept", "text/event-stream")]
        let resuming = lastEventID.map { [HTTPRequestHeader("Last-Event-ID", $0)] } ?? []
        // A server may send not even headers before it has something to say.
        let opened = try? await http.send(
            "GET", url, headers: own + resuming + headers, firstByte: StreamableHTTPTransport.unlimited)
        answered()
        guard !Task.isCancelled else { return .over }
        guard let opened else { return life.refused(nil, jitter: .random(in: 0..<1)) }
        guard opened.head.status == 200, AnswerForm(opened.head) == .events else {
            await opened.body.drain()
            return life.refused(opened.head.status, jitter: .random(in: 0..<1))
        }
        life.opened()
        let since = ContinuousClock.now
        do {
            _ = try await EventStreamReader(sink: sink, limit: limits.maxMessageBytes)
                .read(opened.body, answering: nil, &life.resumption)
        } catch {
            // What cannot be read now would be the same again.
            return .over
        }
        if Task.isCancelled { return .over }
        let stood = ContinuousClock.now - since
        return life.ended(after: stood / .seconds(1), jitter: .random(in: 0..<1))
    }
}
