// The protocol revisions of the initialize era, what differs between them, and the era as a value of the session.

import OmlxHTTPClient
import OmlxJSON

/// A dated revision of MCP that omlx speaks.
enum ProtocolRevision: String, Sendable, Hashable, CaseIterable, Comparable {
    /// HTTP+SSE, no sign-in.
    case v2024_11_05 = "2024-11-05"
    /// Streamable HTTP, sign-in, batches.
    case v2025_03_26 = "2025-03-26"
    /// Structured results, the version header, no batches.
    case v2025_06_18 = "2025-06-18"
    /// The last revision with `initialize`.
    case v2025_11_25 = "2025-11-25"

    static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

    /// The newest one of the initialize era: what is offered (B2).
    static let latest = Self.v2025_11_25

    /// Whether a server may put several messages into an array (A1.10).
    var hasBatches: Bool { self == .v2025_03_26 }

    /// Whether `MCP-Protocol-Version` goes with each request after `initialize` (A4.2).
    var hasVersionHeader: Bool { self >= .v2025_06_18 }
}

/// How a session agrees on what is spoken. A value of the session: building requests looks at nothing else.
enum Era: Sendable, Hashable {
    /// A handshake at the start of the session settles the revision; `nil` while it is under way.
    case initialize(ProtocolRevision?)

    /// The revision settled, if any.
    var revision: ProtocolRevision? {
        switch self {
        case .initialize(let revision): revision
        }
    }

    /// The first revision without a handshake, which is not spoken here: servers that speak nothing else are told apart.
    static let later = "2026-07-28"

    /// The request of that revision by which a server tells what it speaks (MCP 2026-07-28, server/discover).
    static let probe = "server/discover"

    /// The parameters of that request.
    static func probeParameters(of client: JSONObject) -> JSONObject {
        let prefix = "io.modelcontextprotocol/"
        let meta: JSONObject = [
            prefix + "protocolVersion": .string(later), prefix + "clientInfo": .object(client),
            prefix + "clientCapabilities": [:],
        ]
        return ["_meta": .object(meta)]
    }

    /// The headers that go with that request over HTTP (MCP 2026-07-28, streamable HTTP).
    static func probeHeaders(of method: String) -> [HTTPRequestHeader] {
        guard method == probe else { return [] }
        return [HTTPRequestHeader("MCP-Protocol-Version", later), HTTPRequestHeader("Mcp-Method", probe)]
    }

    /// The one place where the text of a request is put together.
    func request(id: Int, method: String, params: JSONObject?, wantsProgress: Bool) -> JSON {
        var params = params
        if wantsProgress {
            var filled = params ?? JSONObject()
            var meta = filled["_meta"]?.objectValue ?? JSONObject()
            meta["progressToken"] = JSON(id)
            filled["_meta"] = .object(meta)
            params = filled
        }
        var message: JSONObject = ["jsonrpc": "2.0", "id": JSON(id), "method": .string(method)]
        if let params { message["params"] = .object(params) }
        return .object(message)
    }
}
