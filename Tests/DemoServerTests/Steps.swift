// A conforming client's steps, each with a way to do it wrong.

import OmlxDemoServer
import Foundation
import OmlxJSON
import Testing

struct Client {
    let id: String
    let secret: String?
}

let callback = "http://127.0.0.1:4711/callback"
let verifier = "demo-verifier-abcdefghijklmnopqrstuvwxyz-0123456789"
/// BASE64URL(SHA256(verifier)), computed with openssl.
let challenge = "FcNAu39gf-vx7kDHV6pZPnYb7rdnPon3DDJi6fA9rIY"

extension DemoServer {
    func register(_ patch: [String: JSON] = [:]) async throws -> Answer {
        var body: JSON = [
            "redirect_uris": [JSON(callback)], "application_type": "native", "client_name": "test",
            "token_endpoint_auth_method": "none",
        ]
        for (key, value) in patch { body[key] = value.isNull ? JSON?.none : value }
        return try await Curl.json("POST", issuer + "/register", body)
    }

    func client(method: String = "none") async throws -> Client {
        let answer = try await register(["token_endpoint_auth_method": JSON(method)])
        return Client(
            id: try #require(answer.json["client_id"]?.stringValue),
            secret: answer.json["client_secret"]?.stringValue)
    }

    /// The authorization request; a field set to `nil` is left out.
    func authorize(_ client: Client, _ patch: [String: String?] = [:]) async throws -> Answer {
        var fields: [String: String] = [
            "response_type": "code", "client_id": client.id, "redirect_uri": callback, "state": "the state",
            "code_challenge": challenge, "code_challenge_method": "S256", "resource": url, "scope": "tools",
        ]
        for (key, value) in patch { fields[key] = value }
        let query = fields.map { "\($0)=\(Curl.encode($1))" }.joined(separator: "&")
        return try await Curl.run("GET", issuer + "/authorize?" + query)
    }

    /// The parameters the client's redirect URI gets.
    func consented(_ client: Client, _ patch: [String: String?] = [:]) async throws -> [String: String] {
        let consent = try #require(try await authorize(client, patch).header("location"))
        let answer = try await Curl.run("GET", consent)
        return parameters(try #require(answer.header("location")))
    }

    /// The token request for a code; a field set to `nil` is left out.
    func exchange(
        _ code: String, _ client: Client, _ patch: [String: String?] = [:], headers: [String] = []
    ) async throws -> Answer {
        var fields: [String: String] = [
            "grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": callback,
            "client_id": client.id, "resource": url,
        ]
        for (key, value) in patch { fields[key] = value }
        return try await Curl.form(issuer + "/token", fields, headers: headers)
    }

    func refresh(_ token: String, _ client: Client, _ patch: [String: String?] = [:]) async throws -> Answer {
        var fields: [String: String] = [
            "grant_type": "refresh_token", "refresh_token": token, "client_id": client.id, "resource": url,
        ]
        for (key, value) in patch { fields[key] = value }
        return try await Curl.form(issuer + "/token", fields)
    }

    func signIn(_ client: Client, _ patch: [String: String?] = [:]) async throws -> JSON {
        let code = try #require(try await consented(client, patch)["code"])
        return try await exchange(code, client).json
    }

    /// POSTs one JSON-RPC message to `/mcp`.
    func send(_ message: JSON, token: String? = nil, headers: [String] = []) async throws -> Answer {
        var lines = ["Accept: application/json, text/event-stream"] + headers
        if let token { lines.append("Authorization: Bearer \(token)") }
        return try await Curl.json("POST", url, message, headers: lines)
    }

    /// Opens a session; the result is the headers that later requests need.
    func openSession(version: String = "2025-11-25") async throws -> [String] {
        let answer = try await send(initialize(version))
        let headers = [
            "Mcp-Session-Id: \(try #require(answer.header("mcp-session-id")))", "MCP-Protocol-Version: \(version)",
        ]
        let noted = try await send(["jsonrpc": "2.0", "method": "notifications/initialized"], headers: headers)
        #expect(noted.status == 202)
        return headers
    }
}

func initialize(_ version: String = "2025-11-25") -> JSON {
    [
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": [
            "protocolVersion": JSON(version), "capabilities": .object([:]),
            "clientInfo": ["name": "test", "version": "1"],
        ],
    ]
}

func rpc(_ id: Int, _ method: String, _ params: JSON = .object([:])) -> JSON {
    ["jsonrpc": "2.0", "id": JSON(id), "method": JSON(method), "params": params]
}

func parameters(_ url: String) -> [String: String] {
    let items = URLComponents(string: url)?.queryItems ?? []
    return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
}
