// RFC 9728: where a protected resource says who signs its users in. Build the request, judge the reply.

import ErrorCatalogue
import HTTPClient
import JSON

/// What a server's protected resource metadata says (RFC 9728 §2).
public struct ProtectedResourceMetadata: Sendable, Hashable {
    /// The resource identifier, byte for byte as published (C10.3).
    public var resource: String
    /// The issuers, byte for byte as published; at least one (C3.6).
    public var authorizationServers: [String]
    /// The scopes the resource knows, if it says so.
    public var scopesSupported: [String]?
    /// A name for people, if given.
    public var resourceName: String?
}

extension ProtectedResourceMetadata {
    private static let what = "protected resource metadata"

    /// The well-known places for a server's URL, in the order to ask: with the path inserted, then the root; a server
    /// at the root has one place only (C3.1; RFC 9728 §3.1).
    public static func wellKnownURLs(for server: HTTPURL) -> [HTTPURL] {
        let root = server.origin + "/.well-known/oauth-protected-resource"
        var path = server.path
        while path.hasSuffix("/") { path.removeLast() }
        var texts: [String] = []
        let query = server.query.map { "?" + $0 } ?? ""
        if !path.isEmpty || !query.isEmpty { texts.append(root + path + query) }
        texts.append(root)
        return texts.compactMap { try? HTTPURL($0) }
    }

    /// The request for the document at a place.
    public static func request(at url: HTTPURL) -> HTTPRequest {
        HTTPRequest(
            "GET", url, headers: [.init("Accept", "application/json"), .init("MCP-Protocol-Version", "2025-11-25")],
            limits: .oauth, redirects: .judged)
    }

    /// What the answer means for a server.
    public enum Judgement: Sendable {
        /// A document for this server.
        case found(ProtectedResourceMetadata)
        /// None is published here; ask the next place.
        case notHere(String)
        /// The server could not say (5xx, 429).
        case unavailable(status: Int)
    }

    /// Judges the answer to `request(at:)`.
    /// - Throws: `OmlxError`: `OAUTH_RESOURCE_METADATA_INVALID`, `OAUTH_RESOURCE_MISMATCH` (C3.4, C3.5),
    ///   `OAUTH_NO_AUTHORIZATION_SERVER`.
    public static func judge(_ reply: HTTPReply, for server: HTTPURL) throws(OmlxError) -> Judgement {
        switch try MetadataReply(reply, invalid: .oauthResourceMetadataInvalid, what: what) {
        case .notHere(let reason): return .notHere(reason)
        case .unavailable(let status): return .unavailable(status: status)
        case .document(let object):
            let fields = DocumentFields(object: object, code: .oauthResourceMetadataInvalid, what: what)
            let resource = try fields.requiredString("resource")
            try check(resource: resource, for: server)
            let servers = try fields.strings("authorization_servers") ?? []
            guard !servers.isEmpty else {
                throw OmlxError(
                    .oauthNoAuthorizationServer, "the \(what) of \(server.origin) names no authorization server",
                    nextStep: "name it in mcp.json: \"auth\": {\"type\": \"oauth2\", \"issuer\": \"https://…\"}")
            }
            return .found(
                ProtectedResourceMetadata(
                    resource: resource, authorizationServers: servers,
                    scopesSupported: try fields.strings("scopes_supported"),
                    resourceName: try fields.string("resource_name")))
        }
    }

    private static func check(resource: String, for server: HTTPURL) throws(OmlxError) {
        let url = try OAuthURL.endpoint(resource, named: "resource", invalid: .oauthResourceMetadataInvalid)
        guard ResourceIdentifier.covers(url, server: server) else {
            throw OmlxError(
                .oauthResourceMismatch, "the \(what) is for another resource than the server configured",
                compared: [.init("resource in metadata", resource), .init("server URL", server.withoutQuery)],
                nextStep: "put the resource's own URL into mcp.json, if that is the server you mean")
        }
    }
}
