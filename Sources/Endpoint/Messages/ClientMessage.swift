// A client's message: read strictly, since what it means decides who is answered.

import OmlxErrors
import OmlxJSON

/// A request of a client.
package struct ClientRequest: Sendable, Hashable {
    /// A string or an integer, given back as it came (JSON-RPC 2.0 §4).
    package let id: JSON
    package let method: String
    package let params: JSONObject

    package init(id: JSON, method: String, params: JSONObject = [:]) {
        (self.id, self.method, self.params) = (id, method, params)
    }

    /// What goes with the request beside its parameters.
    var meta: JSONObject { params["_meta"]?.objectValue ?? [:] }

    /// The token under which progress is told; `nil` where none is wanted.
    package var progressToken: JSON? {
        switch params["_meta"]?["progressToken"] {
        case let token? where token.stringValue != nil || token.intValue != nil: token
        default: nil
        }
    }
}

/// One message of a client.
package enum ClientMessage: Sendable, Hashable {
    case request(ClientRequest)
    case notification(method: String, params: JSONObject)
    /// The answer to a request of ours.
    case answer(id: JSON, JSONObject)
    /// None; with the id of the request it was to be, where that can be told.
    case malformed(id: JSON?, RPCFault)
}

/// What a client sent at once.
package enum ClientText: Sendable, Hashable {
    case message(ClientMessage)
    /// Several messages in an array, which revision 2025-03-26 alone has.
    case batch([ClientMessage])

    /// Reads it. What is no JSON is a malformed message.
    package init(_ bytes: [UInt8]) {
        do throws(JSONParseError) {
            let json = try JSON(parsing: bytes, options: .sparing)
            guard json.typeName == "array" else {
                self = .message(ClientMessage(json))
                return
            }
            var messages: [ClientMessage] = []
            json.forEachElement { element in
                messages.append(ClientMessage(element))
                return messages.count <= Self.batchLimit
            }
            let isFit = !messages.isEmpty && messages.count <= Self.batchLimit
            self =
                isFit
                ? .batch(messages)
                : .message(.malformed(id: nil, .invalid("a batch has 1 to \(Self.batchLimit) messages")))
        } catch {
            self = .message(.malformed(id: nil, RPCFault(RPCFault.notJSON, "the message is not JSON: \(error)")))
        }
    }

    /// The most messages of one batch.
    static let batchLimit = 100
}

extension ClientMessage {
    init(_ json: JSON) {
        guard let members = json.objectValue else {
            self = .malformed(id: nil, .invalid("a message is an object, not of type \(json.typeName)"))
            return
        }
        // An id that cannot be one is not given back: the client would look for a request it has not made.
        let id = members["id"].flatMap { $0.isRequestID ? $0 : nil }
        guard members["jsonrpc"] == "2.0" else {
            self = .malformed(id: id, .invalid("a message has the member \"jsonrpc\" with the value \"2.0\""))
            return
        }
        guard members["id"] == nil || id != nil else {
            self = .malformed(id: nil, .invalid("an id is a string or an integer"))
            return
        }
        guard let method = members["method"] else {
            self = Self.answer(id, members)
            return
        }
        guard let method = method.stringValue, !method.isEmpty else {
            self = .malformed(id: id, .invalid("a method is a string"))
            return
        }
        guard members["result"] == nil, members["error"] == nil else {
            self = .malformed(id: id, .invalid("a message is a request or an answer, not both"))
            return
        }
        let params: JSONObject
        switch members["params"] {
        case nil: params = [:]
        case let value?:
            guard let object = value.objectValue, object["_meta"]?.isObject ?? true else {
                self = .malformed(id: id, .params("params and its _meta are objects"))
                return
            }
            params = object
        }
        self =
            id.map { .request(ClientRequest(id: $0, method: method, params: params)) }
            ?? .notification(method: method, params: params)
    }

    private static func answer(_ id: JSON?, _ members: JSONObject) -> ClientMessage {
        guard (members["result"] != nil) != (members["error"] != nil) else {
            return .malformed(id: id, .invalid("a message has a method, a result or an error, and one of these alone"))
        }
        guard let id else { return .malformed(id: nil, .invalid("an answer names the request it is to")) }
        return .answer(id: id, members)
    }
}

extension JSON {
    /// Whether it can name a request (MCP 2025-11-25, basic): a string or an integer, and not too long to be kept.
    fileprivate var isRequestID: Bool {
        switch self {
        case .string(let text): text.utf8.count <= 1024
        case .number(let number): number.intValue != nil || number.text.allSatisfy { $0.isNumber || $0 == "-" }
        default: false
        }
    }
}
