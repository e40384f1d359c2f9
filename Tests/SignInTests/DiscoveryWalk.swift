// A discovery walked through by hand: what it asks, what it is answered, how it ends.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

/// A discovery and what it asked for.
struct DiscoveryWalk {
    var machine: DiscoveryMachine
    var asked: [String] = []
    var found: Discovery?
    var error: OmlxError?

    init(
        _ server: String = "https://mcp.example.com/a/mcp", challenge: BearerChallenge = .init(),
        issuer: String? = nil, places: [String] = [], _ configure: (inout SignInConfiguration) -> Void = { _ in }
    ) {
        var configuration = SignInConfiguration()
        // The last resort has tests of its own.
        configuration.usesDefaultEndpoints = false
        configure(&configuration)
        machine = DiscoveryMachine(
            server: url(server), challenge: challenge, configuration: configuration, preferredIssuer: issuer,
            knownPlaces: places)
        note(machine.start())
    }

    private mutating func note(_ action: DiscoveryMachine.Action) {
        switch action {
        case .fetch(let request): asked.append(request.url.text)
        case .finished(let discovery): found = discovery
        case .failed(let error): self.error = error
        }
    }

    /// Answers the last request.
    mutating func answer(_ status: Int, _ body: String = "", type: String = "application/json") {
        note(machine.received(.success(reply(status, body, type: type, at: asked.last ?? "https://x.example/"))))
    }

    mutating func answer(_ status: Int, _ body: JSON) { answer(status, body.text()) }

    /// Answers what is asked from here on with 404, to the end.
    mutating func silence() { while found == nil, error == nil { answer(404) } }

    mutating func fail(_ code: ErrorCode, sent: Bool = false) {
        note(machine.received(.failure(failure(code, sent: sent))))
    }
}

func resourceDocument(
    _ resource: String = "https://mcp.example.com/a/mcp", _ issuers: [String] = ["https://as.example"]
) -> JSON {
    ["resource": JSON(resource), "authorization_servers": JSON(issuers), "scopes_supported": ["tools"]]
}

func serverDocument(_ issuer: String = "https://as.example", _ patch: [String: JSON] = [:]) -> JSON {
    var document: JSON = [
        "issuer": JSON(issuer), "authorization_endpoint": JSON(issuer + "/authorize"),
        "token_endpoint": JSON(issuer + "/token"), "code_challenge_methods_supported": ["S256"],
    ]
    for (key, value) in patch { document[key] = value }
    return document
}

let pathPlace = "https://mcp.example.com/.well-known/oauth-protected-resource/a/mcp"
let rootPlace = "https://mcp.example.com/.well-known/oauth-protected-resource"
let oauthPlace = "https://as.example/.well-known/oauth-authorization-server"
let openIDPlace = "https://as.example/.well-known/openid-configuration"
