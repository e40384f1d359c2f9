// The era of the initialize handshake: session id, revision header, cancellation by a notification.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// What a session of the initialize era knows of itself (MCP 2024-11-05 to 2025-11-25).
struct InitializeEra: Sendable {
    /// Who has it can speak in the session, so it is handled like a secret (MCP 2025-11-25, security best practices).
    private var session: Secret?
    /// The revision settled; `nil` while the handshake is under way.
    private(set) var revision: ProtocolRevision?
    /// Session and revision as headers. They go with each message, so they are made once.
    private(set) var headers: [HTTPRequestHeader] = []

    // MARK: opening

    /// Takes the session id of the answer to `initialize`: visible ASCII only (MCP 2025-11-25, session management).
    mutating func adopt(_ head: HTTPResponseHead) throws(OmlxError) -> String? {
        guard let id = head.headers["mcp-session-id"], !id.isEmpty else { return nil }
        guard id.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw OmlxError(
                .protocolInvalidMessage, "the session id the server gives holds characters other than visible ASCII")
        }
        session = Secret(id)
        makeHeaders()
        return id
    }

    mutating func settle(_ revision: ProtocolRevision) {
        self.revision = revision
        makeHeaders()
    }

    private mutating func makeHeaders() {
        headers = []
        if let revision, revision.hasVersionHeader {
            headers.append(HTTPRequestHeader("MCP-Protocol-Version", revision.rawValue))
        }
        if let session { headers.append(HTTPRequestHeader("Mcp-Session-Id", secret: session)) }
    }

    // MARK: messages

    func request(_ call: Call, id: Int, wantsProgress: Bool) -> OutgoingMessage {
        var params = call.params
        if wantsProgress {
            var filled = params ?? JSONObject()
            var meta = filled["_meta"]?.objectValue ?? JSONObject()
            meta["progressToken"] = JSON(id)
            filled["_meta"] = .object(meta)
            params = filled
        }
        var json: JSONObject = ["jsonrpc": "2.0", "id": JSON(id), "method": .string(call.method)]
        if let params { json["params"] = .object(params) }
        var message = message(.request(id: id), label: call.method, .object(json))
        message.isRepeatable = call.isReading
        message.opensSession = call.method == "initialize"
        // Only in a session can the server find the stream that belongs to the call.
        message.needsServerStream = call.method == "tools/call" && session != nil
        return message
    }

    func message(_ kind: OutgoingMessage.Kind, label: String, _ json: JSON) -> OutgoingMessage {
        var message = OutgoingMessage(kind, label: label, json)
        message.headers = headers
        return message
    }

    // MARK: what goes wrong

    /// `initialize` must not be cancelled (MCP 2025-11-25, cancellation).
    func cancellation(ofRequest id: Int, method: String, reason: String) -> OutgoingMessage? {
        guard method != "initialize" else { return nil }
        let name = "notifications/cancelled"
        let params: JSONObject = ["requestId": JSON(id), "reason": .string(reason)]
        return message(.notification, label: name, .notification(name, params))
    }

    /// A 404 in a session, unless it says that the method is not there (MCP 2025-11-25, session management).
    func isLost(_ refusal: MessageRefused) -> Bool {
        session != nil && refusal.status == 404
            && (refusal.reason as? JSONRPCError)?.code != JSONRPCError.methodNotFound
    }

    var farewell: [HTTPRequestHeader]? { session == nil ? nil : headers }
}
