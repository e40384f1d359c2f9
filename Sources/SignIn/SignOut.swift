// Signs out: takes the tokens back at the authorization server (RFC 7009), then forgets them here whatever it said.

import Credentials
import Cryptography
import ErrorCatalogue
import HTTPClient
import OAuth

/// What a sign-out did.
public struct SignOutOutcome: Sendable {
    /// Whether there was a sign-in.
    public var wasSignedIn: Bool
    /// What the authorization server said about taking the tokens back.
    public var revocation: Revocation
    /// Whether a registration was forgotten.
    public var forgotClient: Bool
    /// How many records of the same sign-in that could not be read were deleted with it.
    public var unreadable = 0

    /// What a sign-out did.
    public init(wasSignedIn: Bool, revocation: Revocation, forgotClient: Bool) {
        self.wasSignedIn = wasSignedIn
        self.revocation = revocation
        self.forgotClient = forgotClient
    }

    /// The authorization server's part.
    public enum Revocation: Sendable, Hashable {
        /// It was not asked.
        case notAsked
        /// It has no revocation endpoint.
        case unsupported
        /// It confirmed.
        case confirmed
        /// It did not confirm; the sentence says what it answered.
        case unconfirmed(String)
    }
}

/// Signs out of one server.
public struct SignOut: Sendable {
    private let context: SignInContext

    /// A sign-out.
    public init(context: SignInContext) { self.context = context }

    /// Revokes refresh token, then access token, and deletes the credential.
    /// - Parameters:
    ///   - localOnly: ask no server.
    ///   - forgetsClient: delete the registration too.
    /// - Throws: `OmlxError` of class storage. What the authorization server answers is no error.
    public func signOut(
        _ key: CredentialKey, localOnly: Bool = false, forgetsClient: Bool = false
    ) async throws -> SignOutOutcome {
        let context = context
        let outcome: Result<SignOutOutcome, any Error> = await context.exchanges.run {
            do {
                return .success(
                    try await context.locked(key, timeout: 30) { try await signedOut(key, localOnly, forgetsClient) })
            } catch {
                return .failure(error)
            }
        }
        return try await context.redactor.hidingErrors { try outcome.get() }
    }

    private func signedOut(
        _ key: CredentialKey, _ localOnly: Bool, _ forgetsClient: Bool
    ) async throws -> SignOutOutcome {
        guard let credential = try await context.store.credential(for: key) else {
            let forgotClient = forgetsClient ? try await forgetClients(of: key.serverURL) : false
            return SignOutOutcome(wasSignedIn: false, revocation: .notAsked, forgotClient: forgotClient)
        }
        context.redactor.learn(credential)
        let revocation = localOnly ? .notAsked : await revoke(credential)
        let unreadable = try await context.store.removeEverything(for: key)
        context.noteRemoval(of: credential)
        let forgotClient = forgetsClient ? try await forgetClients(of: key.serverURL) : false
        var outcome = SignOutOutcome(wasSignedIn: true, revocation: revocation, forgotClient: forgotClient)
        outcome.unreadable = unreadable
        return outcome
    }

    /// Deletes the registrations made for a server, whatever their issuer; whether there was any.
    private func forgetClients(of serverURL: String) async throws -> Bool {
        let keys = try await context.store.registrations().records.map(\.key).filter { $0.serverURL == serverURL }
        for key in keys { try await context.store.removeRegistration(for: key, expecting: .any) }
        return !keys.isEmpty
    }

    private func revoke(_ credential: Credential) async -> SignOutOutcome.Revocation {
        guard let text = credential.revocationEndpoint,
            let endpoint = try? OAuthURL.endpoint(
                text, named: "revocation endpoint", invalid: .oauthServerMetadataInvalid)
        else { return .unsupported }
        var authentication: ClientAuthentication
        do throws(OmlxError) { authentication = ClientAuthentication(try credential.client()) } catch {
            return .unconfirmed(error.description)
        }
        let context = context.judging(credential.addresses)
        var problems: [String] = []
        let tokens = [(credential.refreshToken, "refresh_token"), (credential.accessToken, "access_token")]
        for case (let token?, let hint) in tokens {
            let result = await context.fetch(as: &authentication) { client in
                var request = TokenRequest.revoke(token, hint: hint, at: endpoint, as: client)
                request.limits.firstByte = 5
                return request
            }
            switch result {
            case .success(let reply):
                if let problem = RevocationReply.problem(reply) { problems.append("\(hint): \(problem)") }
            case .failure(let failure): problems.append("\(hint): \(failure.error.message)")
            }
        }
        guard !problems.isEmpty else { return .confirmed }
        return .unconfirmed(context.redactor.hide(problems.joined(separator: "; ")))
    }
}
