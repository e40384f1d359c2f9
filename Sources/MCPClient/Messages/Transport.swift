// What the connection asks of a transport, and what a transport tells it.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// Where a transport delivers what comes.
struct TransportSink: Sendable {
    /// Takes a message; in answer to which request, where the transport knows. Tells whether that request is over.
    let receive: @Sendable (_ message: IncomingMessage, _ answering: Int?) async -> Bool
    /// An answer came that cannot be read; to which request, where the transport knows.
    let garbled: @Sendable (_ answer: GarbledAnswer, _ answering: Int?) async -> Void
    /// The head of the answer to a message that opens a session; gives the headers of what is sent in that session.
    let opens: @Sendable (HTTPResponseHead) async throws -> [HTTPRequestHeader]
    /// What else came since a request was sent, as the end of a sentence about the answer it lacks.
    let remark: @Sendable (_ id: Int) -> String
    /// The transport cannot be used any more.
    let ended: @Sendable (OmlxError) async -> Void
    /// Something the owner should know.
    let report: @Sendable (ConnectionEvent) -> Void
}

/// A way to one server.
protocol Transport: Sendable {
    /// Makes it ready for the first message.
    func open() async throws
    /// Takes a message that is written without waiting, in the order of the calls; false where only `send` can.
    func post(_ message: OutgoingMessage) -> Bool
    /// Sends a message. Over streamable HTTP a request returns when it is answered, elsewhere when it is written.
    /// - Throws: `OmlxError`, `HTTPFailure`, `JSONRPCError`, `MessageRefused`, `CancellationError`.
    func send(_ message: OutgoingMessage) async throws
    /// The revision that is offered when the latest one is refused without a word on others.
    var olderRevision: ProtocolRevision { get }
    /// Whether a server may speak the modern era over it.
    var hasModernEra: Bool { get }
    /// Whether each request is an HTTP exchange of its own, with headers, which its end gives up.
    var isHTTP: Bool { get }
    /// Whether the server ended without having read anything that was sent.
    var hasReadNothing: Bool { get }
    /// Opens the stream on which the server speaks unasked, in a new session; one of an earlier session is ended.
    func listen(_ session: [HTTPRequestHeader], _ resumption: StreamResumption)
    /// Ends that stream: its session is over.
    func stopListening()
    /// Ends it, politely or, after a failure, quickly.
    /// - Parameter farewell: The headers of the session the server is to be told the end of.
    func close(farewell: [HTTPRequestHeader]?, quickly: Bool) async
    /// Ends it without waiting, when its owner is gone.
    func abandon()
}

extension Transport {
    func post(_ message: OutgoingMessage) -> Bool { false }
    var olderRevision: ProtocolRevision { .v2024_11_05 }
    var hasModernEra: Bool { true }
    var isHTTP: Bool { false }
    var hasReadNothing: Bool { false }
    func listen(_ session: [HTTPRequestHeader], _ resumption: StreamResumption) {}
    func stopListening() {}
}

/// A child process that ended when it was asked what it speaks, as some servers of the handshake do with whatever comes before
/// `initialize`.
struct EndedByProbe: Error, Sendable {
    let failure: OmlxError
}

/// A server that answers a POST with the opening of HTTP+SSE (MCP 2024-11-05, transports).
struct SpeaksSSE: Error, Sendable, Hashable {
    var failure: OmlxError {
        OmlxError(
            .transportNotFound,
            "the server speaks HTTP+SSE at this URL, not streamable HTTP: it answered with an endpoint event",
            nextStep: "write \"type\": \"sse\" into the server's entry; \(.setting(.transport, "sse"))")
    }
}

extension OmlxError {
    /// Any error as one of the catalogue.
    init(converting error: any Error, during label: String) {
        switch error {
        case let error as OmlxError: self = error
        case let failure as HTTPFailure: self = failure.error
        case let error as JSONRPCError: self = error.failure(of: label)
        case let error as SpeaksSSE: self = error.failure
        case let error as EndedByProbe: self = error.failure
        case let refused as MessageRefused: self.init(converting: refused.reason, during: label)
        case is SessionLost:
            self.init(.protocolSessionLost, "the server forgot the session twice in a row", httpStatus: 404)
        case is CancellationError: self = .cancelled(label)
        default:
            self.init(.transportNetwork, "\(label) failed: \(OmlxError.shown(String(describing: type(of: error))))")
        }
    }

    static func tooLarge(_ label: String, _ limit: Int) -> OmlxError {
        OmlxError(
            .transportTooLarge,
            "the server's answer to \(OmlxError.shown(label, limit: 80)) is longer than \(limit) bytes")
    }

    static func endlessRounds(_ label: String, _ count: Int) -> OmlxError {
        OmlxError(
            .protocolInvalidMessage,
            "the server asked \(count) times to be asked again for \(OmlxError.shown(label, limit: 80)), without an end",
            nextStep: "report it to the server's makers")
    }

    static func cancelled(_ label: String) -> OmlxError {
        OmlxError(.transportCancelled, "\(OmlxError.shown(label, limit: 80)) was cancelled")
    }
}

/// A number of seconds for people.
func shownSeconds(_ seconds: Double) -> String {
    if seconds == seconds.rounded(), abs(seconds) < 1e9 { return "\(Int(seconds)) s" }
    return "\(seconds) s"
}
