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
    /// Who answers what the server asks meanwhile.
    var elicitor: Elicitor?

    /// The name of the tool that is called.
    var toolName: String? { params?["name"]?.stringValue }
}

/// What is spoken in a session. All that differs between eras is answered here; the connection and the transports ask.
enum Era: Sendable {
    /// A handshake opens the session and settles the revision (2024-11-05 to 2025-11-25).
    case initialize(InitializeEra)
    /// Each message stands for itself (from 2026-07-28 on).
    case modern(ModernEra)

    // MARK: opening

    /// The first era that is tried.
    static var first: Era { .initialize(InitializeEra()) }

    /// How a session is opened.
    /// - Parameters:
    ///   - older: The revision the transport may be of, when the latest one is refused.
    ///   - known: What the server spoke before, if that is known.
    ///   - elicits: Whether questions of the server can be answered.
    func opening(
        _ client: ClientInfo, older: ProtocolRevision, known: SpokenEra?, elicits: Bool
    ) -> OpeningNegotiation {
        OpeningNegotiation(client: client, older: older, known: known, elicits: elicits)
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
        case .modern: return nil
        }
    }

    /// The opening has settled the revision.
    mutating func settle(_ revision: ProtocolRevision) {
        switch self {
        case .initialize(var era):
            era.settle(revision)
            self = .initialize(era)
        case .modern: break
        }
    }

    // MARK: messages

    /// A request in its envelope.
    func request(_ call: Call, id: Int, wantsProgress: Bool) -> OutgoingMessage {
        switch self {
        case .initialize(let era): era.request(call, id: id, wantsProgress: wantsProgress)
        case .modern(let era): era.request(call, id: id, wantsProgress: wantsProgress)
        }
    }

    /// A notification in its envelope.
    func notification(_ method: String, _ params: JSONObject? = nil) -> OutgoingMessage {
        switch self {
        case .initialize(let era): era.message(.notification, label: method, .notification(method, params))
        case .modern(let era): era.notification(method, params)
        }
    }

    /// The answer to a request of the server in its envelope; `nil` where servers have none to make.
    func reply(_ json: JSON) -> OutgoingMessage? {
        switch self {
        case .initialize(let era): era.message(.reply, label: "the answer to the server's request", json)
        case .modern: nil
        }
    }

    /// The headers that go with everything that is sent in the session.
    var headers: [HTTPRequestHeader] {
        switch self {
        case .initialize(let era): era.headers
        case .modern: []
        }
    }

    /// Whether several messages may come in an array.
    var hasBatches: Bool {
        switch self {
        case .initialize(let era): era.revision?.hasBatches == true
        case .modern: false
        }
    }

    /// The method by which a server is asked for a sign of life.
    var ping: String {
        switch self {
        case .initialize: "ping"
        case .modern: ModernEra.discovery
        }
    }

    /// What follows a result that is not whole.
    enum Following: Sendable {
        case request(Call)
        /// The same with the answers to these, by their names.
        case questions([(name: String, question: Elicitation)], Call)
    }

    /// - Returns: `nil` for a result that is whole.
    /// - Throws: `PROTOCOL_INVALID_MESSAGE`.
    func next(after result: JSON, of call: Call) throws(OmlxError) -> Following? {
        switch self {
        case .initialize: nil
        case .modern(let era): try era.next(after: result, of: call)
        }
    }

    /// Why a tool cannot be used: its schema asks for headers that must not be sent.
    func fault(of tool: Tool) -> String? {
        guard case .modern(let era) = self, era.isOverHTTP else { return nil }
        do throws(MirroredArguments.Fault) { _ = try MirroredArguments(tool.inputSchema) } catch { return error.reason }
        return nil
    }

    // MARK: what goes wrong

    /// What tells the server that a request is given up; `nil` where the end of its exchange says so, or nothing may.
    func cancellation(ofRequest id: Int, method: String, reason: String) -> OutgoingMessage? {
        switch self {
        case .initialize(let era): era.cancellation(ofRequest: id, method: method, reason: reason)
        case .modern(let era): era.cancellation(ofRequest: id, reason: reason)
        }
    }

    /// How a stream of events that breaks is gone on with.
    var resumption: StreamResumption {
        switch self {
        case .initialize: StreamResumption()
        case .modern: .never
        }
    }

    /// Whether a request whose stream broke is sent anew: the other era takes up the stream instead, and what may have done
    /// something is not done twice (MCP 2026-07-28, streamable HTTP).
    func repeats(_ call: Call, after error: OmlxError) -> Bool {
        guard case .modern = self else { return false }
        return call.isReading && error.code == .protocolStreamBroken
    }

    /// Whether headers did not fit the message because the tool's schema is another one by now.
    func mistookSchema(_ call: Call, _ error: JSONRPCError) -> Bool {
        guard case .modern(let era) = self else { return false }
        return era.isOverHTTP && call.method == "tools/call" && error.code == JSONRPCError.headerMismatch
    }

    /// Whether the refusal means that the server does not know the session any more.
    func isLost(_ refusal: MessageRefused) -> Bool {
        switch self {
        case .initialize(let era): era.isLost(refusal)
        // It was another release of the server that spoke the revision.
        case .modern(let era):
            era.isSettled && (refusal.reason as? JSONRPCError)?.code == JSONRPCError.unsupportedProtocolVersion
        }
    }

    /// The headers of the request that ends the session; `nil` where there is none to end.
    var farewell: [HTTPRequestHeader]? {
        switch self {
        case .initialize(let era): era.farewell
        case .modern: nil
        }
    }
}
