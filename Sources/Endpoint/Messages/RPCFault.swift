// Why a request is refused, as JSON-RPC tells it.

import OmlxErrors
import OmlxJSON

/// An error a client is answered with (JSON-RPC 2.0 §5.1).
package struct RPCFault: Error, Sendable, Hashable {
    package var code: Int
    package var message: String
    package var data: JSON?

    package init(_ code: Int, _ message: String, data: JSON? = nil) {
        (self.code, self.message, self.data) = (code, message, data)
    }

    // JSON-RPC 2.0 §5.1.
    static let notJSON = -32700
    static let notARequest = -32600
    package static let unknownMethod = -32601
    static let badParams = -32602
    static let internalFault = -32603
    // MCP 2026-07-28, basic.
    static let headerMismatch = -32020
    static let unsupportedRevision = -32022

    package static func invalid(_ reason: String) -> RPCFault { RPCFault(notARequest, reason) }
    static func params(_ reason: String) -> RPCFault { RPCFault(badParams, reason) }

    /// A key for reading is used to change something.
    static var notForThisKey: RPCFault { params("this key may call only tools that say they change nothing") }
    static func mismatch(_ reason: String) -> RPCFault { RPCFault(headerMismatch, reason) }

    static func method(_ name: String) -> RPCFault {
        RPCFault(unknownMethod, "there is no method \(OmlxError.shown(name, limit: 80))")
    }

    /// An error of the host, with its stable code.
    static func host(_ error: OmlxError, _ code: Int = internalFault) -> RPCFault {
        RPCFault(code, error.message, data: ["code": .string(error.code.text)])
    }

    /// The HTTP status that goes with it: the era of 2026-07-28 has one for each code, the one before for messages that are none.
    package func httpStatus(isModern: Bool) -> Int {
        switch code {
        case Self.notJSON, Self.notARequest, Self.headerMismatch, Self.unsupportedRevision: 400
        case Self.badParams: isModern ? 400 : 200
        case Self.unknownMethod: isModern ? 404 : 200
        default: 200
        }
    }

    var json: JSON {
        var members: JSONObject = ["code": JSON(code), "message": .string(message)]
        if let data { members["data"] = data }
        return .object(members)
    }
}
