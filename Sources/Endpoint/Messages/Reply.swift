// What a client is sent: answers and notifications.

import OmlxJSON

/// The answer to a request.
package struct Reply: Sendable, Hashable {
    /// `nil` for what could not be read so far.
    package let id: JSON?
    package let outcome: Result<JSONObject, RPCFault>

    package init(to id: JSON?, _ outcome: Result<JSONObject, RPCFault>) { (self.id, self.outcome) = (id, outcome) }

    /// The message.
    package var json: JSON {
        switch outcome {
        case .success(let result): ["jsonrpc": "2.0", "id": id ?? .null, "result": .object(result)]
        case .failure(let fault): ["jsonrpc": "2.0", "id": id ?? .null, "error": fault.json]
        }
    }

    /// The HTTP status it has where it is the whole answer.
    package func httpStatus(isModern: Bool) -> Int {
        switch outcome {
        case .success: 200
        case .failure(let fault): fault.httpStatus(isModern: isModern)
        }
    }
}

extension JSON {
    /// A notification (JSON-RPC 2.0 §4.1).
    static func notification(_ method: String, _ params: JSONObject? = nil) -> JSON {
        var message: JSONObject = ["jsonrpc": "2.0", "method": .string(method)]
        if let params { message["params"] = .object(params) }
        return .object(message)
    }
}

/// Members of `_meta` that belong to one hop alone (MCP 2026-07-28, basic): a gateway writes its own.
enum ReservedMeta {
    static let prefix = "io.modelcontextprotocol/"
    static let protocolVersion = prefix + "protocolVersion"
    static let clientCapabilities = prefix + "clientCapabilities"
    static let clientInfo = prefix + "clientInfo"
    static let serverInfo = prefix + "serverInfo"
    static let subscriptionID = prefix + "subscriptionId"

    /// The metadata without them; `nil` where nothing is left.
    static func stripped(_ meta: JSON?) -> JSONObject? {
        guard let meta = meta?.objectValue else { return nil }
        let kept = meta.filter { !$0.key.hasPrefix(prefix) }
        return kept.isEmpty ? nil : JSONObject(kept.map { ($0.key, $0.value) })
    }
}
