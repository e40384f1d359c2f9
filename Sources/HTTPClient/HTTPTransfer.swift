// One transfer as its two sides see it: the event loop feeds it, a task reads from it.

import OmlxErrors
import Synchronization

/// The state shared between the event loop's callbacks and the task that reads the answer.
final class HTTPTransfer: Sendable {
    /// What the event loop must do after the reader took something.
    enum ReaderEffect { case none, resume }

    /// A piece of the body, `nil` at its end.
    typealias Piece = (chunk: [UInt8]?, effect: ReaderEffect)

    /// Above this many unread bytes the transfer pauses.
    private static let highWater = 256 << 10
    private static let headerLimit = 256 << 10

    private struct State {
        var status = 0
        var headers = HTTPHeaders()
        var headerBytes = 0
        var isHeadDelivered = false
        var isConnected = false
        var isPaused = false
        var bodyBytes = 0
        var chunks: [[UInt8]] = []
        var unread = 0
        var end: Result<Void, HTTPFailure>?
        var refusal: HTTPFailure?
        /// Why an address was left out; the cause of a failure only when no other could be connected.
        var leftOut: HTTPFailure?
        var peer: HTTPPeer?
        var headReader: CheckedContinuation<HTTPResponseHead, any Error>?
        var bodyReader: CheckedContinuation<Piece, any Error>?
        var lastProgress: ContinuousClock.Instant
    }

    let url: HTTPURL
    let limits: HTTPLimits
    private let state: Mutex<State>

    private let isRepeatable: Bool
    private let isProxied: Bool
    private let gate: AddressGate?
    /// When the whole exchange, of which this may be the last part, must be over.
    private let end: ContinuousClock.Instant?

    /// - Parameters:
    ///   - gate: judges the addresses of the connection; a proxy's address is not the server's.
    ///   - end: when the exchange must be over, with all redirects before this transfer.
    init(
        url: HTTPURL, limits: HTTPLimits, isRepeatable: Bool, isProxied: Bool = false, gate: AddressGate? = nil,
        end: ContinuousClock.Instant? = nil
    ) {
        self.end = end
        self.url = url
        self.limits = limits
        self.isRepeatable = isRepeatable
        self.isProxied = isProxied
        self.gate = isProxied ? nil : gate
        state = Mutex(State(lastProgress: .now))
    }

    // MARK: the event loop's side

    /// Whether an address may be connected to. This sees new connections only; `connectionIsReady` judges them all.
    func mayOpen(_ address: String) -> Bool {
        guard let failure = gate?.refusal(of: address) else { return true }
        state.withLock { $0.leftOut = failure }
        return false
    }

    /// A connection stands and the request is about to be written; false when it must not be. libcurl by itself writes
    /// a request again when a kept connection breaks before the answer: a tool would run twice, a token be used twice.
    func connectionIsReady(to address: String) -> Bool {
        state.withLock { state in
            if let failure = gate?.refusal(of: address) {
                state.refusal = failure
                return false
            }
            state.peer = isProxied ? .proxy : .address(address)
            if state.isConnected, !isRepeatable {
                state.refusal = HTTPFailure(
                    .transportClosed, "\(url.origin) closed the connection without an answer", mayHaveBeenSent: true)
                return false
            }
            state.isConnected = true
            state.lastProgress = .now
            return true
        }
    }

    /// Takes one header line; false when the transfer must end.
    func received(headerLine line: UnsafeBufferPointer<UInt8>) -> Bool {
        let (accepted, delivery) = state.withLock { state -> (Bool, (() -> Void)?) in
            // Only a whole block counts as progress, or headers that trickle in would never be too late.
            if line.isEmpty { state.lastProgress = .now }
            state.headerBytes += line.count
            guard state.headerBytes <= Self.headerLimit else {
                state.refusal = HTTPFailure(
                    .transportTooLarge, "\(url.origin) answered with headers of more than \(Self.headerLimit) bytes",
                    mayHaveBeenSent: true)
                return (false, nil)
            }
            if line.isEmpty { return (true, Self.finishHead(&state, url: url)) }
            Self.add(String(decoding: line, as: UTF8.self), to: &state)
            return (true, nil)
        }
        delivery?()
        return accepted
    }

    private static func add(_ line: String, to state: inout State) {
        if line.hasPrefix("HTTP/") {
            let parts = line.split(separator: " ", maxSplits: 2)
            state.status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
            state.headers = HTTPHeaders()
        } else if line.hasPrefix(" ") || line.hasPrefix("\t") {
            state.headers.extendLast(String(line.trimmedSpace))
        } else if let colon = line.firstIndex(of: ":") {
            state.headers.append(String(line[..<colon]), String(line[line.index(after: colon)...].trimmedSpace))
        }
    }

    /// A header block is complete: an interim answer (1xx) is passed over, a later block holds trailers.
    private static func finishHead(_ state: inout State, url: HTTPURL) -> (() -> Void)? {
        guard state.status >= 200, !state.isHeadDelivered else { return nil }
        state.isHeadDelivered = true
        guard let reader = state.headReader else { return nil }
        state.headReader = nil
        let head = HTTPResponseHead(status: state.status, headers: state.headers, url: url, peer: state.peer)
        return { reader.resume(returning: head) }
    }

    /// Takes a piece of the body: 1 taken, 0 pause, -1 end the transfer.
    func received(body bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
        let (answer, delivery) = state.withLock { state -> (Int32, (() -> Void)?) in
            state.lastProgress = .now
            guard state.bodyBytes + bytes.count <= limits.bodyBytes else {
                state.refusal = HTTPFailure(
                    .transportTooLarge, "\(url.origin) answered with more than \(limits.bodyBytes) bytes",
                    mayHaveBeenSent: true)
                return (-1, nil)
            }
            if state.unread >= Self.highWater {
                state.isPaused = true
                return (0, nil)
            }
            state.bodyBytes += bytes.count
            if let reader = state.bodyReader {
                state.bodyReader = nil
                let chunk = Array(bytes)
                return (1, { reader.resume(returning: (chunk, .none)) })
            }
            state.chunks.append(Array(bytes))
            state.unread += bytes.count
            return (1, nil)
        }
        delivery?()
        return answer
    }

    /// The transfer is over; only the first call counts.
    func finish(_ result: Result<Void, HTTPFailure>) {
        let delivery = state.withLock { state -> (() -> Void)? in
            guard state.end == nil else { return nil }
            var result = state.refusal.map { .failure($0) } ?? result
            if case .failure = result, !state.isConnected, let leftOut = state.leftOut { result = .failure(leftOut) }
            state.end = result
            let headReader = state.headReader
            let bodyReader = state.bodyReader
            state.headReader = nil
            state.bodyReader = nil
            return {
                switch result {
                case .success:
                    headReader?.resume(throwing: self.noAnswer)
                    bodyReader?.resume(returning: (nil, .none))
                case .failure(let failure):
                    headReader?.resume(throwing: failure)
                    bodyReader?.resume(throwing: failure)
                }
            }
        }
        delivery?()
    }

    private var noAnswer: HTTPFailure {
        HTTPFailure(
            .transportClosed, "\(url.origin) closed the connection without an answer", mayHaveBeenSent: true)
    }

    /// Whether the request may have been received by the server.
    var mayHaveBeenSent: Bool { state.withLock { $0.isConnected } }

    /// The moment at which the transfer has taken too long, and the failure to report then.
    func deadline() -> (at: ContinuousClock.Instant, failure: HTTPFailure)? {
        state.withLock { state in
            if state.end != nil { return nil }
            let step = stepDeadline(state)
            guard let end else { return step }
            if let step, step.at < end { return step }
            let message = "\(url.origin) gave no whole answer within \(limits.total.map { "\($0)" } ?? "its") s"
            return (end, HTTPFailure(.transportTimeout, message, mayHaveBeenSent: state.isConnected))
        }
    }

    /// The moment at which this step has taken too long.
    private func stepDeadline(_ state: State) -> (at: ContinuousClock.Instant, failure: HTTPFailure)? {
        if !state.isConnected || state.isPaused { return nil }
        if !state.isHeadDelivered {
            let message = "\(url.origin) accepted the connection but sent no answer for \(limits.firstByte) s"
            return (
                state.lastProgress + .seconds(HTTPLimits.bounded(limits.firstByte)),
                HTTPFailure(.transportFirstByteTimeout, message, mayHaveBeenSent: true)
            )
        }
        guard let idle = limits.idle, state.unread < Self.highWater else { return nil }
        let message = "\(url.origin) stopped in the middle of its answer for \(idle) s"
        return (
            state.lastProgress + .seconds(HTTPLimits.bounded(idle)),
            HTTPFailure(.transportIdleTimeout, message, mayHaveBeenSent: true)
        )
    }

    // MARK: the reader's side

    /// Waits for status and headers.
    func head() async throws -> HTTPResponseHead {
        try await withCheckedThrowingContinuation { continuation in
            let delivery = state.withLock { state -> (() -> Void)? in
                if state.isHeadDelivered {
                    let head = HTTPResponseHead(
                        status: state.status, headers: state.headers, url: url, peer: state.peer)
                    return { continuation.resume(returning: head) }
                }
                switch state.end {
                case .failure(let failure)?: return { continuation.resume(throwing: failure) }
                case .success?: return { continuation.resume(throwing: self.noAnswer) }
                case nil:
                    state.headReader = continuation
                    return nil
                }
            }
            delivery?()
        }
    }

    /// Waits for the next piece of the body; `nil` at its end. One reader at a time.
    func nextChunk() async throws -> (chunk: [UInt8]?, effect: ReaderEffect) {
        if let ready = state.withLock({ Self.takeUnread(&$0) }) { return ready }
        return try await withCheckedThrowingContinuation { continuation in
            let delivery = state.withLock { state -> (() -> Void)? in
                if let ready = Self.takeUnread(&state) { return { continuation.resume(returning: ready) } }
                switch state.end {
                case .success?: return { continuation.resume(returning: (nil, .none)) }
                case .failure(let failure)?: return { continuation.resume(throwing: failure) }
                case nil:
                    state.bodyReader = continuation
                    return nil
                }
            }
            delivery?()
        }
    }

    /// What has come and was not read; `nil` when there is nothing.
    private static func takeUnread(_ state: inout State) -> (chunk: [UInt8]?, effect: ReaderEffect)? {
        guard !state.chunks.isEmpty else { return nil }
        // `joined()` would copy byte by byte.
        var chunk = state.chunks[0]
        if state.chunks.count > 1 {
            chunk.reserveCapacity(state.unread)
            for later in state.chunks.dropFirst() { chunk.append(contentsOf: later) }
        }
        state.chunks = []
        state.unread = 0
        guard state.isPaused else { return (chunk, .none) }
        state.isPaused = false
        state.lastProgress = .now
        return (chunk, .resume)
    }

    /// Whether the last byte has come or the transfer failed.
    var isOver: Bool { state.withLock { $0.end != nil } }
}
