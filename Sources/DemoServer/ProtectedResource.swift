// The protected resource: admits or refuses requests to the MCP endpoints, and serves its metadata (RFC 9728).

import OmlxJSON
import Synchronization

/// The authorization server whose tokens a protected resource accepts: its own, or that of another demo server.
final class Trust: Sendable {
    private let trusted: Mutex<AuthorizationServer>

    init(_ own: AuthorizationServer) { trusted = Mutex(own) }

    var authorizationServer: AuthorizationServer {
        get { trusted.withLock { $0 } }
        set { trusted.withLock { $0 = newValue } }
    }
}

struct ProtectedResource: Sendable {
    /// One of the two MCP endpoints.
    enum Endpoint: String, CaseIterable {
        case streamable = "/mcp"
        case sse = "/sse"
    }

    enum Admission {
        /// Who sent the request, when it carried a valid token or key.
        case admitted(AuthorizationServer.Identity?)
        case refused(Reply)
    }

    let stage: Stage
    let trust: Trust

    /// - Parameter method: The JSON-RPC method, or the HTTP method of a request without a body.
    /// - Parameter tool: The tool of a `tools/call`.
    func admit(_ request: RecordedRequest, to endpoint: Endpoint, method: String, tool: String?) -> Admission {
        let script = stage.script.protection
        if FormFields(request.query)?["access_token"] != nil {
            return .refused(.oauthError("invalid_request", "a token must not be in the query"))
        }
        let isProtected = isProtected(request, endpoint: endpoint, method: method)
        if let key = script.staticAPIKey, request.header("x-api-key") == key { return .admitted(Self.keyHolder) }
        guard let token = bearerToken(of: request) else {
            let sentSomething = !request.headers(named: "authorization").isEmpty
            return isProtected ? .refused(refusal(endpoint, tokenWasSent: sentSomething)) : .admitted(nil)
        }
        if let known = script.staticBearer, token == known { return .admitted(Self.keyHolder) }
        let identity = trust.authorizationServer.identity(ofAccessToken: token).flatMap {
            isAudience($0.resource, of: endpoint) ? $0 : nil
        }
        guard let identity else {
            return isProtected ? .refused(refusal(endpoint, tokenWasSent: true)) : .admitted(nil)
        }
        let wanted = (isProtected ? script.scope ?? "" : "").split(separator: " ").map(String.init)
        let wantedByTool = tool.flatMap { script.toolScopes[$0] }?.split(separator: " ").map(String.init) ?? []
        if !identity.scopes.isSuperset(of: wanted) { return .refused(insufficientScope(wanted, endpoint)) }
        if !identity.scopes.isSuperset(of: wantedByTool) { return .refused(insufficientScope(wantedByTool, endpoint)) }
        return .admitted(identity)
    }

    /// The holder of a static key may do everything.
    private static let keyHolder = AuthorizationServer.Identity(clientID: "static key", scopes: [], resource: nil)

    private func isProtected(_ request: RecordedRequest, endpoint: Endpoint, method: String) -> Bool {
        let script = stage.script.protection
        switch script.mode {
        case .none: return false
        case .all:
            guard endpoint == .sse else { return true }
            return request.method == "GET" ? script.sseGet : script.ssePost
        case .toolsCall: return method == "tools/call"
        case .toolsList: return method == "tools/list"
        case .getStream: return endpoint == .streamable && request.method == "GET"
        }
    }

    private func bearerToken(of request: RecordedRequest) -> String? {
        let lines = request.headers(named: "authorization")
        guard lines.count == 1 else { return nil }
        let parts = lines[0].split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    private func isAudience(_ resource: String?, of endpoint: Endpoint) -> Bool {
        guard stage.script.authorization.requiresResource, let resource else { return true }
        return resource == stage.origin + endpoint.rawValue
            || resource == document(of: endpoint)["resource"]?.stringValue
    }

    // MARK: Challenges

    private func refusal(_ endpoint: Endpoint, tokenWasSent: Bool) -> Reply {
        let script = stage.script.protection
        var parameters = [("resource_metadata", metadataURL(of: endpoint))]
        if let scope = script.scope { parameters.append(("scope", scope)) }
        if tokenWasSent {
            parameters += [("error", "invalid_token"), ("error_description", "the access token is invalid or expired")]
        }
        let headers = challenge(parameters, endpoint: endpoint)
        return .json(script.status, ["error": "invalid_token"], headers: headers)
    }

    private func insufficientScope(_ scopes: [String], _ endpoint: Endpoint) -> Reply {
        let parameters = [
            ("error", "insufficient_scope"), ("scope", scopes.joined(separator: " ")),
            ("resource_metadata", metadataURL(of: endpoint)),
        ]
        return .json(403, ["error": "insufficient_scope"], headers: challenge(parameters, endpoint: endpoint))
    }

    private func challenge(_ parameters: [(String, String)], endpoint: Endpoint) -> [HeaderField] {
        let script = stage.script.protection
        switch script.challenge {
        case .none: return []
        case .standard:
            let text = parameters.map { "\($0)=\"\($1)\"" }.joined(separator: ", ")
            return [HeaderField("WWW-Authenticate", "Bearer " + text)]
        case .custom:
            let metadata = ["resource_metadata": metadataURL(of: endpoint)]
            return script.challengeLines.map { HeaderField("WWW-Authenticate", stage.filled($0, also: metadata)) }
        }
    }

    // MARK: Metadata

    private static let wellKnown = "/.well-known/oauth-protected-resource"

    private func metadataURL(of endpoint: Endpoint) -> String {
        let isAtPath = stage.script.resourceMetadata.serving != .root
        return stage.origin + Self.wellKnown + (isAtPath ? endpoint.rawValue : "")
    }

    /// Answers a request for the metadata; `nil` when none is served at that path.
    func metadata(path: String) async -> Reply? {
        let script = stage.script.resourceMetadata
        let isAtPath = script.serving == .path || script.serving == .both
        let isAtRoot = script.serving == .root || script.serving == .both
        let endpoint: Endpoint
        switch path {
        case Self.wellKnown + "/mcp" where isAtPath: endpoint = .streamable
        case Self.wellKnown + "/sse" where isAtPath && stage.script.sse.enabled: endpoint = .sse
        case Self.wellKnown where isAtRoot: endpoint = .streamable
        case script.extraPath: endpoint = .streamable
        default: return nil
        }
        return await stage.reply(under: stage.takeOverride(\.resourceMetadata.override)) {
            .json(200, self.document(of: endpoint))
        }
    }

    private func document(of endpoint: Endpoint) -> JSON {
        Self.document(of: endpoint, on: stage, issuer: trust.authorizationServer.stage.issuer)
    }

    private static func document(of endpoint: Endpoint, on stage: Stage, issuer: String) -> JSON {
        let script = stage.script
        let scopes = script.protection.scope?.split(separator: " ").map(String.init) ?? []
        var document: JSON = [
            "resource": JSON(stage.origin + endpoint.rawValue),
            "authorization_servers": [JSON(issuer)],
            "bearer_methods_supported": ["header"],
            "resource_name": "omlx demo server",
        ]
        if !scopes.isEmpty { document["scopes_supported"] = JSON(scopes) }
        return document.merging(optionalPatch: stage.filled(script.resourceMetadata.patch))
    }

    /// The `resource` of each endpoint's document, as patched.
    static func documentedResources(on stage: Stage) -> [String] {
        Endpoint.allCases.compactMap { document(of: $0, on: stage, issuer: "")["resource"]?.stringValue }
    }
}
