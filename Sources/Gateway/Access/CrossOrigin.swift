// The CORS protocol, for pages of origins that are allowed where the host is started (WHATWG Fetch).

import HTTPTypes
import Hummingbird

/// What pages of other origins may: ask with a key. The cookie is none of theirs.
enum CrossOrigin {
    static func isPreflight(_ request: Request) -> Bool {
        request.method == .options && request.headers[.accessControlRequestMethod] != nil
    }

    static func preflight(_ request: Request) -> Response {
        Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "GET, POST, PUT, PATCH, DELETE",
                .accessControlAllowHeaders: request.headers[.accessControlRequestHeaders] ?? "Authorization",
                .accessControlMaxAge: "600",
            ])
    }

    static func allow(_ origin: String, in response: inout Response) {
        response.headers[.accessControlAllowOrigin] = origin
        // Clients of MCP in a page go by these (MCP 2025-11-25, session management; RFC 9728 §5.1).
        response.headers[.accessControlExposeHeaders] = "Mcp-Session-Id, WWW-Authenticate"
        response.headers[.vary] = "Origin"
        response.headers[.resourcePolicy] = "cross-origin"
    }
}
