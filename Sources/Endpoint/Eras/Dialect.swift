// In which era a message speaks: told from the message itself and the headers beside it, not from what came before.

import OmlxCryptography
import OmlxErrors
import OmlxJSON
import OmlxMCPClient

/// What a message is answered in.
package enum Dialect: Sendable, Hashable {
    /// The era of the handshake, in this revision.
    case handshake(ProtocolRevision)
    /// The era in which each request says of itself what it speaks (MCP 2026-07-28).
    case perRequest

    package var isModern: Bool { self == .perRequest }
}

/// What an HTTP request says of the message in its body (MCP 2026-07-28, streamable HTTP).
package struct MessageHeaders: Sendable, Hashable {
    /// `MCP-Protocol-Version`.
    package var version: String?
    /// `Mcp-Method`.
    package var method: String?
    /// `Mcp-Name`.
    package var name: String?
    /// Whether one of these came several times: two readers could take different ones.
    package var areDoubled = false

    package init(version: String? = nil, method: String? = nil, name: String? = nil) {
        (self.version, self.method, self.name) = (version, method, name)
    }

    /// Whether the header names the later era, or a revision that is not known.
    var isOfLaterEra: Bool { version.map { ProtocolRevision(rawValue: $0) == nil } ?? false }

    /// Whether messages may come in an array.
    package var takesBatches: Bool {
        version.map { ProtocolRevision(rawValue: $0)?.hasBatches ?? false } ?? ProtocolRevision.unspoken.hasBatches
    }
}

extension Dialect {
    /// The era of a request.
    /// - Parameter headers: `nil` where the transport has none.
    /// - Throws: `RPCFault` for a request of the later era that is not whole, or that the headers contradict.
    package static func of(
        _ request: ClientRequest, _ headers: MessageHeaders?
    ) throws(RPCFault) -> Dialect {
        let version = request.meta[ReservedMeta.protocolVersion]
        guard version != nil || request.method == discovery || headers?.isOfLaterEra == true && !request.isHandshake
        else { return .handshake(headers?.version.flatMap { ProtocolRevision(rawValue: $0) } ?? .unspoken) }
        guard let version else {
            if let named = headers?.version, named != ProtocolRevision.modern, headers?.isOfLaterEra == true {
                throw unsupported(named)
            }
            throw .params("_meta lacks \(ReservedMeta.protocolVersion)")
        }
        guard let version = version.stringValue else {
            throw .params("\(ReservedMeta.protocolVersion) is a string")
        }
        guard request.meta[ReservedMeta.clientCapabilities]?.isObject == true else {
            throw .params("_meta lacks \(ReservedMeta.clientCapabilities)")
        }
        if let headers { try compare(request, version, headers) }
        guard version == ProtocolRevision.modern else { throw unsupported(version) }
        return .perRequest
    }

    /// The era of a notification, which need not say more than the header does.
    /// - Throws: `RPCFault`.
    package static func ofNotification(
        _ params: JSONObject, _ headers: MessageHeaders?
    ) throws(RPCFault) -> Dialect {
        let version = params["_meta"]?[ReservedMeta.protocolVersion]?.stringValue ?? headers?.version
        guard let version else { return .handshake(.unspoken) }
        if let revision = ProtocolRevision(rawValue: version) { return .handshake(revision) }
        guard version == ProtocolRevision.modern else { throw unsupported(version) }
        return .perRequest
    }

    static let discovery = "server/discover"

    /// All revisions that are spoken here, the newest first.
    static let revisions = [ProtocolRevision.modern] + ProtocolRevision.allCases.reversed().map(\.rawValue)

    static func unsupported(_ version: String) -> RPCFault {
        RPCFault(
            RPCFault.unsupportedRevision, "Unsupported protocol version",
            data: ["supported": JSON(revisions), "requested": .string(OmlxError.shown(version, limit: 80))])
    }

    /// A proxy in front may have decided by the headers: what they say has to be what the message says.
    private static func compare(
        _ request: ClientRequest, _ version: String, _ headers: MessageHeaders
    ) throws(RPCFault) {
        guard !headers.areDoubled else { throw .mismatch("a header that describes the message came twice") }
        guard headers.version == version else {
            throw .mismatch("MCP-Protocol-Version does not name the version of the message")
        }
        guard headers.method == request.method else { throw .mismatch("Mcp-Method does not name the message's method") }
        guard let subject = request.subject else { return }
        guard let name = headers.name.flatMap(decoded), name.isIdentical(to: subject) else {
            throw .mismatch("Mcp-Name does not name what the message is about")
        }
    }

    /// A header's value, which is written in base64 where it is more than visible ASCII.
    static func decoded(_ text: String) -> String? {
        let (mark, end) = ("=?base64?", "?=")
        guard text.hasPrefix(mark), text.hasSuffix(end), text.utf8.count >= mark.utf8.count + end.utf8.count else {
            return text
        }
        let payload = String(text.dropFirst(mark.count).dropLast(end.count))
        guard let bytes = Base64.decodeLeniently(payload), Base64.encode(bytes) == payload else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension ClientRequest {
    fileprivate var isHandshake: Bool { method == "initialize" }

    /// What `Mcp-Name` names; `nil` where the method has no such thing.
    fileprivate var subject: String? {
        switch method {
        case "tools/call", "prompts/get": params["name"]?.stringValue ?? ""
        case "resources/read": params["uri"]?.stringValue ?? ""
        case "tasks/get", "tasks/update", "tasks/cancel": params["taskId"]?.stringValue ?? ""
        default: nil
        }
    }
}

extension ProtocolRevision {
    /// The revision of a message that names none (MCP 2025-11-25, transports).
    static let unspoken = ProtocolRevision.v2025_03_26
}
