// A demo server that behaves as a provider does, and a client of it.

import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth
import Testing

@testable import OmlxSignIn

/// Runs a test against a demo server with a provider's behaviour.
func withProvider(
    _ name: String, _ change: (inout DemoScript) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (Scene) async throws -> Void
) async throws {
    let script = try #require(DemoScript.profile(named: name), sourceLocation: sourceLocation)
    try await withScene(
        {
            $0 = script
            change(&$0)
        }, sourceLocation: sourceLocation, body)
}

extension SignInConfiguration {
    /// The client that providers without registration know.
    static func app(secret: Bool = false, _ change: (inout Self) -> Void = { _ in }) -> Self {
        var configuration = Self()
        configuration.clientID = "demo-app"
        if secret { configuration.clientSecret = Secret("demo-app-secret") }
        if secret { configuration.clientAuthMethod = .post }
        change(&configuration)
        return configuration
    }
}

extension Scene {
    /// What the server answers a request without a token.
    func challenge() async throws -> BearerChallenge {
        let head = try await send(nil)
        #expect(head.status == 401)
        return BearerChallenge(challenges: AuthenticationChallenge.parse(head.headers.values(of: "www-authenticate")))
    }

    /// Signs in as a challenge without anything in it, or the server's own, has it; then a request is answered.
    @discardableResult
    func signsIn(
        _ configuration: SignInConfiguration = .init(), bare: Bool = false, person: Person? = nil,
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> SignInOutcome {
        let challenge = bare ? .init() : try await challenge()
        let outcome = try await signIn(request(configuration, challenge: challenge), person: person)
        #expect(try await call(self.authorizer()) == (200, 1), sourceLocation: sourceLocation)
        return outcome
    }

    /// The code a sign-in after the server's own challenge ends with.
    func refused(
        _ configuration: SignInConfiguration = .init(), _ sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> OmlxError? {
        try await refusal(request(configuration, challenge: challenge()), sourceLocation)
    }

    /// Access tokens end twice; each time one refresh brings new ones.
    func refreshesTwice(_ sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let before = refreshes()
        let authorizer = authorizer()
        for round in 1...2 {
            server.expireTokens()
            #expect(try await call(authorizer) == (200, 2), sourceLocation: sourceLocation)
            #expect(refreshes() == before + round, "one refresh for each end", sourceLocation: sourceLocation)
        }
        #expect(server.state.reusesDetected == 0, sourceLocation: sourceLocation)
    }

    /// A person whose browser comes back to the redirect URI that the provider then knows, letter by letter.
    var registeredPerson: Person {
        Person(transcript) { prompt in server.update { $0.clients[0].redirectURIs = [prompt.redirectURI] } }
    }

    /// The parameters of the last authorization request.
    func asked() throws -> [String: String] {
        try #require(server.requests.last { $0.path.hasSuffix("/authorize") }).queryItems
    }
}
