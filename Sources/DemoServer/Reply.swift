// What the server's parts answer, free of any HTTP library.

import OmlxJSON

/// A complete answer.
struct Message: Sendable {
    var status: Int
    var headers: [HeaderField] = []
    var body: [UInt8] = []
    /// Filler bytes sent after the body.
    var fillerLength = 0
}

/// Where the events of a stream are written to.
struct StreamSink: Sendable {
    let continuation: AsyncStream<[UInt8]>.Continuation

    func send(_ text: String) { continuation.yield(Array(text.utf8)) }
}

/// What becomes of a request.
indirect enum Reply: Sendable {
    case message(Message)
    /// Head at once, then what the closure writes; its task is cancelled when the client goes away.
    case stream(headers: [HeaderField], write: @Sendable (StreamSink) async -> Void)
    /// Silence until the client goes away.
    case hang
    /// The connection is closed without an answer.
    case close
    /// The reply is begun and broken off after so many body bytes.
    case cut(Reply, after: Int?)
}

extension Reply {
    static func status(_ status: Int, headers: [HeaderField] = [], text: String = "") -> Reply {
        let type = text.isEmpty ? [] : [HeaderField("Content-Type", "text/plain; charset=utf-8")]
        return .message(Message(status: status, headers: type + headers, body: Array(text.utf8)))
    }

    static func json(_ status: Int, _ value: JSON, headers: [HeaderField] = []) -> Reply {
        let type = HeaderField("Content-Type", "application/json")
        return .message(Message(status: status, headers: [type] + headers, body: value.serialized()))
    }

    /// An OAuth error object (RFC 6749 §5.2), never to be cached.
    static func oauthError(
        _ code: String, _ description: String, status: Int = 400, headers: [HeaderField] = []
    ) -> Reply {
        .json(
            status, ["error": JSON(code), "error_description": JSON(description)],
            headers: [HeaderField("Cache-Control", "no-store")] + headers)
    }

    static func methodNotAllowed(_ allowed: String) -> Reply {
        .status(405, headers: [HeaderField("Allow", allowed)], text: "method not allowed\n")
    }

    static var notFound: Reply { .json(404, ["error": "not_found"]) }

    /// The status sent, if any is.
    var status: Int? {
        switch self {
        case .message(let message): message.status
        case .stream: 200
        case .hang, .close: nil
        case .cut(let reply, _): reply.status
        }
    }
}
