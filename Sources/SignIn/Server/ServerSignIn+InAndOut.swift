// Signing in to and out of one server, and which accounts are signed in there.

import OmlxConcurrency
import OmlxCredentials
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

extension ServerSignIn {
    /// Signs in, whatever sign-in there is; the earlier one stays until the new one is kept.
    /// - Parameters:
    ///   - offer: the person, how they sign in, and how long they have.
    ///   - scopes: what is asked for in place of what is configured, or what the server wants.
    ///   - resetsClient: registers anew even if a registration is there.
    /// - Throws: `OmlxError`; `CancellationError`.
    @discardableResult
    public func signIn(
        _ offer: SignInOffer, scopes: [String]? = nil, resetsClient: Bool = false
    ) async throws -> SignInOutcome {
        let outcome = try await sharing.make(asking: scopes) {
            try await self.context.takingTurn(self.key, within: 0, waiting: { _ in }) {
                try await self.signedIn(offer, scopes: scopes, refused: nil, resetsClient: resetsClient)
            }
        }
        guard let outcome else { throw OmlxError(.oauthSignInCancelled, "the sign-in was interrupted") }
        return outcome
    }

    /// Signs in with a browser, as `signIn(_:scopes:resetsClient:)` does.
    /// - Throws: `OmlxError`; `CancellationError`.
    @discardableResult
    public func signIn(
        interface: any SignInInterface, browser: (any BrowserOpening)?
    ) async throws -> SignInOutcome {
        try await signIn(SignInOffer(interface: interface, browser: browser))
    }

    /// - Parameter refused: the refusal that makes it necessary, if there is one.
    func signedIn(
        _ offer: SignInOffer, scopes: [String]?, refused: OmlxError?, resetsClient: Bool = false
    ) async throws -> SignInOutcome {
        let refusal = await askForRefusal()
        let challenge = refusal?.challenge ?? refused?.refusal?.challenge
        let driver = SignInDriver(context: context, interface: offer.interface, browser: offer.browser)
        var request = SignInRequest(
            key: key, server: server, challenge: challenge ?? BearerChallenge(), configuration: configuration,
            resetsClient: resetsClient, flow: offer.flow, seconds: offer.seconds)
        if let scopes { request.configuration.scopes = scopes }
        request.peer = refusal?.peer
        let outcome = try await driver.signIn(request)
        try await authorizer.reload()
        if outcome.replaced == .confirmed { try await checkAfterRevocation(driver) }
        return outcome
    }

    /// Looks once whether the new tokens work after those they replaced were taken back.
    /// - Throws: `OAUTH_TOKEN_REFUSED` when the server refuses them; the next sign-in then leaves replaced tokens alone.
    private func checkAfterRevocation(_ driver: SignInDriver) async throws {
        let signed = try await authorizer.authorization(for: "GET", server).headers
        guard !signed.isEmpty else { return }
        let request = HTTPRequest(
            "GET", server, headers: [HTTPRequestHeader("Accept", "application/json, text/event-stream")] + signed,
            limits: .oauth, redirects: .sameOrigin)
        guard let head = try? await context.http.send(request).head, head.status == 401 else { return }
        try? await driver.noteRevocationEndedGrant(key)
        try await authorizer.reload()
        throw OmlxError.endedByRevocation(head.url.origin, nextStep: "\(.signIn())")
    }

    /// What the server says to a request without a header, and from where. One that does not refuse it says nothing.
    private func askForRefusal() async -> (challenge: BearerChallenge?, peer: HTTPPeer?)? {
        let request = HTTPRequest(
            "GET", server, headers: [HTTPRequestHeader("Accept", "application/json, text/event-stream")],
            limits: .oauth, redirects: .sameOrigin)
        guard let head = try? await context.http.send(request).head else { return nil }
        guard head.status == 401 else { return (nil, head.peer) }
        let lines = head.headers.values(of: "www-authenticate")
        return (BearerChallenge(challenges: AuthenticationChallenge.parse(lines)), head.peer)
    }

    /// The accounts signed in at this server in the store, in their order; `nil` is the one without a name.
    /// - Throws: the store's errors.
    public func accounts() async throws -> [String?] {
        let keys = try await context.store.credentials().records.map(\.key).filter { $0.serverURL == key.serverURL }
        return keys.map(\.account).sorted { ($0 ?? "") < ($1 ?? "") }
    }

    /// Takes the tokens back at the authorization server (RFC 7009), then forgets them here whatever it answered.
    /// Cancelling the task ends the asking, not the forgetting.
    /// - Parameters:
    ///   - forgetsClient: forgets the client that was registered for this server as well.
    ///   - seconds: how long it may last until they are forgotten; 10 s for the server when `nil`.
    /// - Throws: `OmlxError` of class storage.
    @discardableResult
    public func signOut(
        localOnly: Bool = false, forgetsClient: Bool = false, within seconds: Double? = nil
    ) async throws -> SignOutOutcome {
        let outcome = try await SignOut(context: context).signOut(
            key, localOnly: localOnly, forgetsClient: forgetsClient, within: seconds)
        let authorizer = authorizer
        try await uncancelled { try await authorizer.reload() }
        return outcome
    }

    /// The sign-in of another account at this server, with everything else as it is here; the account's name, or `nil` for
    /// the one without.
    public func with(account: String?) -> ServerSignIn {
        ServerSignIn(
            server, account: account, configuration: configuration, context: context, reference: reference,
            observer: observer)
    }

    /// Waits for a token exchange under way, 10 s at most, so that a rotated token is not lost: to be called before the
    /// process ends, also after a signal.
    public func finish() async { await context.exchanges.drain() }
}
