// A message on its way out, with what the era has to say about it.

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
    /// What the era sends beside it over HTTP: session, revision, method.
    var headers: [HTTPRequestHeader] = []
    /// Whether the server may get the message twice without harm.
    var isRepeatable = true
    /// Whether the head of its answer belongs to the session it opens.
    var opensSession = false
    /// Whether the server may ask something while it works on it, on a stream that is to stand before.
    var needsServerStream = false
    /// How a stream of events that breaks before the answer is gone on with.
    var resumption = StreamResumption()

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

/// An HTTP answer that refuses a message. What it means for the session is the era's to say.
struct MessageRefused: Error, Sendable {
    let status: Int
    /// What the answer means by itself.
    let reason: any Error
}

/// The server no longer knows the session a request was sent in: nothing was executed (MCP 2025-11-25, session management).
struct SessionLost: Error, Sendable, Hashable {
    /// Which of the connection's sessions it was.
    var number: Int
}
