// How a session agrees on what is spoken, and what follows from it for each message, as a value of the session.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// What is asked of a server.
struct Call: Sendable {
    let method: String
    var params: JSONObject?
    /// The tool that is called, where its schema is at hand: an era may write arguments into headers by it.
    var tool: Tool?
}

/// What is spoken in a session. All that differs between eras is answered here; the connection and the transports ask.
enum Era: Sendable {
    /// A handshake opens the session and settles the revision (2024-11-05 to 2025-11-25).
    case initialize(InitializeEra)

    /// The first revision without a handshake, which is not spoken here: servers that speak nothing else are told apart.
    static let later = "2026-07-28"

    // MARK: opening

    /// The first era that is tried.
    static var first: Era { .initialize(InitializeEra()) }

    /// How a session is opened.
    /// - Parameter older: The revision the transport may be of, when the latest one is refused.
    func opening(_ client: ClientInfo, older: ProtocolRevision) -> InitializeNegotiation {
        switch self {
        case .initialize: InitializeNegotiation(client: client, older: older)
        }
    }

    /// Takes from the head of the answer to an opening message what names the session.
    /// - Returns: A text that is to be hidden from now on.
    /// - Throws: `PROTOCOL_INVALID_MESSAGE`.
    mutating func adopt(_ head: HTTPResponseHead) throws(OmlxError) -> String? {
        switch self {
        case .initialize(var era):
            let secret = try era.adopt(head)
            self = .initialize(era)
            return secret
        }
    }

    /// The opening has settled the revision.
    mutating func settle(_ revision: ProtocolRevision) {
        switch self {
        case .initialize(var era):
            era.settle(revision)
            self = .initialize(era)
        }
    }

    // MARK: messages

    /// A request in its envelope.
    func request(_ call: Call, id: Int, wantsProgress: Bool) -> OutgoingMessage {
        switch self {
        case .initialize(let era): era.request(call, id: id, wantsProgress: wantsProgress)
        }
    }

    /// A notification in its envelope.
    func notification(_ method: String, _ params: JSONObject? = nil) -> OutgoingMessage {
        switch self {
        case .initialize(let era): era.message(.notification, label: method, .notification(method, params))
        }
    }

    /// The answer to a request of the server in its envelope.
    func reply(_ json: JSON) -> OutgoingMessage {
        switch self {
        case .initialize(let era): era.message(.reply, label: "the answer to the server's request", json)
        }
    }

    /// The headers that go with everything that is sent in the session.
    var headers: [HTTPRequestHeader] {
        switch self {
        case .initialize(let era): era.headers
        }
    }

    /// Whether several messages may come in an array.
    var hasBatches: Bool {
        switch self {
        case .initialize(let era): era.revision?.hasBatches == true
        }
    }

    // MARK: what goes wrong

    /// What tells the server that a request is given up; `nil` where the end of its exchange says so, or nothing may.
    func cancellation(ofRequest id: Int, method: String, reason: String) -> OutgoingMessage? {
        switch self {
        case .initialize(let era): era.cancellation(ofRequest: id, method: method, reason: reason)
        }
    }

    /// How a stream of events that breaks is gone on with.
    var resumption: StreamResumption {
        switch self {
        case .initialize: StreamResumption()
        }
    }

    /// Whether the refusal means that the server does not know the session any more.
    func isLost(_ refusal: MessageRefused) -> Bool {
        switch self {
        case .initialize(let era): era.isLost(refusal)
        }
    }

    /// The headers of the request that ends the session; `nil` where there is none to end.
    var farewell: [HTTPRequestHeader]? {
        switch self {
        case .initialize(let era): era.farewell
        }
    }
}
