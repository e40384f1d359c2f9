// JSON-RPC 2.0 messages: read from JSON, written to JSON. No I/O.

import OmlxErrors
import OmlxJSON

/// An error a server answered with (JSON-RPC 2.0 §5.1).
struct JSONRPCError: Error, Sendable, Hashable {
    static let methodNotFound = -32601
    static let invalidParams = -32602
    /// Headers that do not fit the message (MCP 2026-07-28, streamable HTTP).
    static let headerMismatch = -32020
    /// The person has to open pages first (MCP 2025-11-25, elicitation).
    static let pagesRequired = -32042
    /// A server of a later era refusing the revision offered (MCP 2026-07-28, basic).
    static let unsupportedProtocolVersion = -32022
    /// What only servers of the era of 2026-07-28 answer: headers that do not match, a capability not declared, another
    /// revision (MCP 2026-07-28, basic).
    static let ofLaterEra = -32022 ... -32020

    var code: Int
    var message: String
    var data: JSON?
    /// The pages to be visited first, as the server wrote them: for the person alone.
    var pages: [JSON] = []
    /// The status of the HTTP answer that carried it, where it was no success.
    var httpStatus: Int?

    /// Whether it speaks of protocol revisions: then the URL is right.
    var isVersionRefusal: Bool { code == Self.unsupportedProtocolVersion || data?["supported"]?.arrayValue != nil }

    /// Whether it is about a notification, to which no answer belongs.
    var speaksOfNotification: Bool {
        message.lowercased().contains("notifications/") || data?.text().lowercased().contains("notifications/") == true
    }

    /// The server's words: the message, and what `data` says beyond it. Many put "Internal error" into the one and the
    /// reason into the other.
    var words: String {
        let more = data.flatMap { ServerWords.reason(in: $0) }?.onOneLine ?? ""
        let says = message.onOneLine
        if more.isEmpty || says.lowercased().contains(more.lowercased()) { return OmlxError.shown(says) }
        return OmlxError.shown(says.isEmpty ? more : "\(says): \(more)", limit: 500)
    }

    /// The error as a caller sees it.
    func failure(of method: String) -> OmlxError {
        let text = words.isEmpty ? "no message" : words
        var error = OmlxError(
            .protocolErrorResponse,
            "the server answered \(OmlxError.shown(method, limit: 80)) with error \(code): \(text)",
            compared: [.init("JSON-RPC code", String(code))], httpStatus: httpStatus)
        error.serverWords = words.isEmpty ? nil : words
        if code == Self.pagesRequired {
            error.nextStep = "finish what the server wants done on its page, then try again"
        }
        error.reply = OmlxError.Reply(code: code, message: message, data: data?.text())
        return error
    }
}

/// A message as it came.
enum JSONRPCMessage: Sendable, Hashable {
    /// A request of the server; the id is a string or an integer.
    case request(id: JSON, method: String, params: JSON?)
    case notification(method: String, params: JSON?)
    case result(id: JSON, JSON)
    /// An error; without an id when the server could not read the request (JSON-RPC 2.0 §5).
    case error(id: JSON?, JSONRPCError)
    /// JSON, but no message. The id is told when there is one, so that its request need not wait for the timeout.
    case invalid(id: JSON?, reason: String)

    init(_ json: JSON) {
        guard let object = json.objectValue else {
            self = .invalid(id: nil, reason: "it is of type \(json.typeName), not an object")
            return
        }
        let id = object["id"]?.isNull == true ? Optional<JSON>.none : object["id"]
        if let method = object["method"] {
            self = Self.call(method, id: id, object)
        } else if let error = object["error"], !error.isNull {
            self = .error(id: id, Self.error(error))
        } else if let result = object["result"] {
            self = id.map { .result(id: $0, result) } ?? .invalid(id: nil, reason: "it is a result without an id")
        } else {
            self = .invalid(id: id, reason: "it has neither method nor result nor error")
        }
    }

    /// Whether it is no message at all, not even a broken one with an id.
    var isNone: Bool {
        if case .invalid(.none, _) = self { return true }
        return false
    }

    /// Whether it is the answer to the request of this id.
    func answers(_ id: Int?) -> Bool {
        switch self {
        case .result(let answered, _), .error(let answered?, _):
            return id != nil && answered.requestID == id
        default: return false
        }
    }

    private static func call(_ method: JSON, id: JSON?, _ object: JSONObject) -> JSONRPCMessage {
        guard let name = method.stringValue else { return .invalid(id: nil, reason: "its method is no string") }
        guard let id else { return .notification(method: name, params: object["params"]) }
        guard id.stringValue != nil || id.intValue != nil else {
            return .invalid(id: nil, reason: "the id of a request is neither string nor integer")
        }
        return .request(id: id, method: name, params: object["params"])
    }

    private static func error(_ json: JSON) -> JSONRPCError {
        JSONRPCError(
            code: json["code"]?.intValue ?? 0, message: json["message"]?.stringValue ?? json.stringValue ?? "",
            data: json["data"])
    }
}

extension JSON {
    /// The number of the request an id names; some servers send back a number as a string.
    var requestID: Int? { intValue ?? stringValue.flatMap { Int($0) } }

    /// A notification to send; it has no id (JSON-RPC 2.0 §4.1).
    static func notification(_ method: String, _ params: JSONObject? = nil) -> JSON {
        var message: JSONObject = ["jsonrpc": "2.0", "method": .string(method)]
        if let params { message["params"] = .object(params) }
        return .object(message)
    }

    /// The answer to a server's request.
    static func answer(to id: JSON, result: JSON) -> JSON { ["jsonrpc": "2.0", "id": id, "result": result] }

    /// The refusal of a server's request.
    static func answer(to id: JSON, error: JSONRPCError) -> JSON {
        ["jsonrpc": "2.0", "id": id, "error": ["code": JSON(error.code), "message": .string(error.message)]]
    }
}
