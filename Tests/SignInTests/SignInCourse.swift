// A sign-in walked through by hand: events go in, the next action comes out.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Testing

@testable import OmlxSignIn

/// A sign-in and the actions it asked for.
struct Course {
    static let issuer = "https://as.example"
    static let redirect = "http://127.0.0.1:4711/callback"
    static let key = CredentialKey(serverURL: "https://mcp.example.com/mcp")
    static let moment = Date(timeIntervalSince1970: 1_800_000_000)

    var machine: SignInMachine
    var action: SignInMachine.Action
    var isRegistering: Bool

    init(
        isRegistering: Bool = true, resets: Bool = false, earlierIssuer: String? = nil, earlierClientID: String? = nil,
        challenge: BearerChallenge = .init(), server patch: [String: JSON] = [:],
        _ configure: (inout SignInConfiguration) -> Void = { _ in }
    ) {
        var configuration = SignInConfiguration()
        configure(&configuration)
        self.isRegistering = isRegistering
        machine = SignInMachine(
            .init(
                key: Self.key, server: url("https://mcp.example.com/mcp"), challenge: challenge,
                configuration: configuration, earlierIssuer: earlierIssuer, earlierClientID: earlierClientID,
                knownPlaces: [], resetsClient: resets), now: { Self.moment })
        action = machine.handle(.start)
        guard case .fetch = action else { return }
        var document: JSON = [
            "issuer": JSON(Self.issuer), "authorization_endpoint": JSON(Self.issuer + "/authorize"),
            "token_endpoint": JSON(Self.issuer + "/token"), "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["tools", "offline_access", "admin"],
        ]
        if isRegistering { document["registration_endpoint"] = JSON(Self.issuer + "/register") }
        for (key, value) in patch { document[key] = value }
        fetched(reply(200, ["resource": "https://mcp.example.com/mcp", "authorization_servers": [JSON(Self.issuer)]]))
        fetched(reply(200, document))
    }

    mutating func fetched(_ reply: HTTPReply) { action = machine.handle(.fetched(.success(reply))) }

    /// A look at the address that follows a registration is answered as by a server where all is well.
    mutating func send(_ event: SignInMachine.Event, looks: Bool = true) {
        action = machine.handle(event)
        if case .kept = event, looks { look() }
    }

    mutating func listen(_ uri: String = Self.redirect, looks: Bool = true) throws {
        send(
            .listening(
                redirectURI: uri, state: "the-state-of-this-one", pkce: try PKCE(octets: Array(repeating: 7, count: 32))
            ))
        if looks { look() }
    }

    mutating func register() { fetched(reply(201, ["client_id": "new", "token_endpoint_auth_method": "none"])) }

    /// The look at the authorization URL, answered.
    mutating func look(_ answer: HTTPReply = reply(302, headers: [("Location", "https://as.example/consent")])) {
        guard case .look = action else { return }
        fetched(answer)
    }

    /// Up to the token request.
    mutating func answer(_ query: String = "code=the-code&state=the-state-of-this-one") {
        send(.answered(query: query))
    }

    var error: OmlxError? {
        if case .failed(let error) = action { return error }
        if case .forget(_, let error) = action { return error }
        return nil
    }
    var asked: AuthorizationRequest? { if case .ask(let request, _, _) = action { request } else { nil } }
    var lookAnswer: String? { if case .ask(_, _, let answer) = action { answer } else { nil } }
    var registration: HTTPRequest? { if case .register(let request) = action { request } else { nil } }
    var exchange: HTTPRequest? { if case .exchange(let request) = action { request } else { nil } }
    var port: Int?? { if case .listen(let port) = action { .some(port) } else { .none } }
    var result: SignInMachine.Result? { if case .finished(let result) = action { result } else { nil } }
}

extension SignInMachine {
    /// What a person should know by now.
    var notices: [String] { trace.notices }
}

func courseRecord(
    _ uri: String = Course.redirect, secret: String? = nil, method: String = "none", expires: Date? = nil
) -> ClientRegistration {
    var record = ClientRegistration(
        key: RegistrationKey(issuer: Course.issuer, serverURL: Course.key.serverURL), redirectURI: uri,
        clientID: "known",
        clientSecret: secret.map { Secret($0) }, tokenEndpointAuthMethod: method)
    record.secretExpiresAt = expires
    record.generation = 3
    return record
}
