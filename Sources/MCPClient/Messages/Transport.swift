// What the connection asks of a transport, and what a transport tells it.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// A message on its way out.
struct OutgoingMessage: Sendable {
    enum Kind: Sendable, Hashable {
        case request(id: Int)
        case notification
        case reply
    }

    let kind: Kind
    /// What it is, for messages: the method, or `the answer to a request`.
    let label: String
    let bytes: [UInt8]

    /// Requests that only look, so that the server may get them twice.
    private static let readingMethods: Set = [
        "initialize", "ping", "tools/list", "resources/list", "resources/templates/list", "resources/read",
        "prompts/list", "prompts/get",
    ]

    /// Whether the server may get the message twice without harm.
    var isRepeatable: Bool { requestID == nil || Self.readingMethods.contains(label) }

    init(_ kind: Kind, label: String, _ json: JSON) {
        self.kind = kind
        self.label = label
        bytes = json.serialized()
    }

    var requestID: Int? {
        if case .request(let id) = kind { return id }
        return nil
    }
}

/// Where a transport delivers what comes.
struct TransportSink: Sendable {
    /// Takes a message; in answer to which request, where the transport knows. Tells whether that request is over.
    let receive: @Sendable (_ message: IncomingMessage, _ answering: Int?) async -> Bool
    /// An answer came that cannot be read; to which request, where the transport knows.
    let garbled: @Sendable (_ answer: GarbledAnswer, _ answering: Int?) async -> Void
    /// What else came since a request was sent, as the end of a sentence about the answer it lacks.
    let remark: @Sendable (_ id: Int) -> String
    /// The transport cannot be used any more.
    let ended: @Sendable (OmlxError) async -> Void
    /// Something the owner should know.
    let report: @Sendable (ConnectionEvent) -> Void
}

/// A way to one server.
protocol Transport: Sendable {
    /// Makes it ready for `initialize`.
    func open() async throws
    /// Sends a message. Over streamable HTTP a request returns when it is answered, elsewhere when it is written.
    /// - Throws: `OmlxError`, `HTTPFailure`, `JSONRPCError`, `SessionLost`, `CancellationError`.
    func send(_ message: OutgoingMessage) async throws
    /// The revision that is offered when the latest one is refused without a word on others.
    var olderRevision: ProtocolRevision { get }
    /// The revision is settled.
    func settled(on revision: ProtocolRevision)
    /// Grows with each session.
    var sessionGeneration: Int { get }
    /// Prepares for a new `initialize`.
    func forgetSession()
    /// The session stands; background work may start.
    func sessionStands()
    /// Ends it, politely or, after a failure, quickly.
    func close(quickly: Bool) async
    /// Ends it without waiting: nobody is left to close it.
    func abandon()
}

extension Transport {
    var olderRevision: ProtocolRevision { .v2024_11_05 }
    func settled(on revision: ProtocolRevision) {}
    var sessionGeneration: Int { 0 }
    func forgetSession() {}
    func sessionStands() {}
}

/// The server no longer knows the session a request was sent in: nothing was executed (A4.4).
struct SessionLost: Error, Sendable, Hashable {
    var generation: Int
}

extension OmlxError {
    /// Any error as one of the catalogue.
    init(converting error: any Error, during label: String) {
        switch error {
        case let error as OmlxError: self = error
        case let failure as HTTPFailure: self = failure.error
        case let error as JSONRPCError: self = error.failure(of: label)
        case let error as SpeaksSSE: self = error.failure
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

    static func cancelled(_ label: String) -> OmlxError {
        OmlxError(.transportCancelled, "\(OmlxError.shown(label, limit: 80)) was cancelled")
    }
}

/// A number of seconds for people.
func shownSeconds(_ seconds: Double) -> String {
    if seconds == seconds.rounded(), abs(seconds) < 1e9 { return "\(Int(seconds)) s" }
    return "\(seconds) s"
}
