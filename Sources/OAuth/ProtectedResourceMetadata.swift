// RFC 9728: where a protected resource says who signs its users in. Build the request, judge the reply.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// What a server's protected resource metadata says (RFC 9728 §2).
package struct ProtectedResourceMetadata: Sendable, Hashable {
    /// The resource identifier, byte for byte as published (C10.3).
    package var resource: String
    /// The issuers, byte for byte as published (C3.6). None where the server's own origin stands in.
    package var authorizationServers: [String]
    /// The scopes the resource knows, if it says so.
    package var scopesSupported: [String]?
    /// A name for people, if given.
    package var resourceName: String?
    /// What of the document could not be used and was left out, for people.
    package var oddities: [String] = []
}

extension ProtectedResourceMetadata {
    private static let what = "protected resource metadata"

    /// The well-known places for a server's URL, in the order to ask: with the path inserted, then the root; a server
    /// at the root has one place only (C3.1; RFC 9728 §3.1).
    package static func wellKnownURLs(for server: HTTPURL) -> [HTTPURL] {
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
    package static func request(at url: HTTPURL) -> HTTPRequest { MetadataReply.request(at: url) }

    /// What the answer means for a server.
    package enum Judgement: Sendable {
        /// A document for this server.
        case found(ProtectedResourceMetadata)
        /// A document for this server that names no authorization server (C3.6).
        case namesNobody(ProtectedResourceMetadata)
        /// None is published here; ask the next place.
        case notHere(String)
        /// One is published here that cannot be read; ask the next place.
        case unusable(OmlxError)
        /// The server could not say (5xx, 429).
        case unavailable(status: Int)
    }

    /// Judges the answer to `request(at:)`. What cannot be read is passed over; what is for another resource is not.
    /// - Throws: `OmlxError`: `OAUTH_RESOURCE_MISMATCH` (C3.4, C3.5), `OAUTH_INSECURE_URL`.
    package static func judge(_ reply: HTTPReply, for server: HTTPURL) throws(OmlxError) -> Judgement {
        let marks = ["resource", "authorization_servers"]
        switch MetadataReply(reply, marks: marks, invalid: .oauthResourceMetadataInvalid, what: what) {
        case .notHere(let reason): return .notHere(reason)
        case .unusable(let error): return .unusable(error)
        case .unavailable(let status): return .unavailable(status: status)
        case .document(let object, let conflicts):
            let fields = DocumentFields(
                object: object, code: .oauthResourceMetadataInvalid, what: what, conflicts: conflicts)
            do throws(OmlxError) {
                let metadata = try read(fields, for: server)
                return metadata.authorizationServers.isEmpty ? .namesNobody(metadata) : .found(metadata)
            } catch {
                guard error.code == .oauthResourceMetadataInvalid else { throw error }
                return .unusable(error)
            }
        }
    }

    private static func read(_ document: DocumentFields, for server: HTTPURL) throws(OmlxError)
        -> ProtectedResourceMetadata
    {
        var fields = document
        let resource = try fields.requiredString("resource")
        try check(resource: resource, for: server)
        var metadata = ProtectedResourceMetadata(
            resource: resource, authorizationServers: try fields.decidingStrings("authorization_servers") ?? [],
            scopesSupported: fields.strings("scopes_supported"), resourceName: fields.string("resource_name"))
        metadata.oddities = fields.notes
        return metadata
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
