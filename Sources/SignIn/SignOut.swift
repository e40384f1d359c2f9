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
        /// There was nothing left to take back: the tokens had ended.
        case needless
        /// It confirmed.
        case confirmed
        /// It did not confirm; the sentence says what it answered.
        case unconfirmed(String)
    }
}

/// Signs out of one server.
public struct SignOut: Sendable {
    private let context: SignInContext
    /// The longest wait for the credential's lock, in seconds.
    private static let lockWait = 30.0

    /// A sign-out.
    public init(context: SignInContext) { self.context = context }

    /// Revokes refresh token, then access token, and deletes the credential. Cancelling the task ends the asking at once,
    /// and never the deleting.
    /// - Parameters:
    ///   - localOnly: ask no server.
    ///   - forgetsClient: delete the registration too.
    ///   - seconds: how long it may last until the credential is deleted here, where that is less than the usual.
    /// - Throws: `OmlxError` of class storage; `CancellationError` when cancelled before the credential's lock was got.
    ///   What the authorization server answers is no error.
    public func signOut(
        _ key: CredentialKey, localOnly: Bool = false, forgetsClient: Bool = false, within seconds: Double? = nil
    ) async throws -> SignOutOutcome {
        let end = seconds.map { ContinuousClock.now + .seconds($0) }
        return try await context.redactor.hidingErrors {
            try await context.locked(key, timeout: min(seconds ?? Self.lockWait, Self.lockWait)) {
                let credential = try await finished { try await context.store.credential(for: key) }
                var revocation = SignOutOutcome.Revocation.notAsked
                if let credential, !localOnly {
                    let left = end.map { max(($0 - .now).inSeconds, 0) } ?? TokenRequest.revocationLimit
                    revocation = await TokenRevocation(context: context)
                        .revoke(credential, within: min(left, TokenRequest.revocationLimit))
                }
                let asked = revocation
                return try await finished { try await delete(credential, key, asked, forgetsClient) }
            }
        }
    }

    /// Work on the store that no cancellation cuts off.
    private func finished<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let result: Result<Value, any Error> = await context.exchanges.run {
            do { return .success(try await work()) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private func delete(
        _ credential: Credential?, _ key: CredentialKey, _ revocation: SignOutOutcome.Revocation, _ forgetsClient: Bool
    ) async throws -> SignOutOutcome {
        var unreadable = 0
        if let credential {
            unreadable = try await context.store.removeEverything(for: key)
            context.noteRemoval(of: credential)
        }
        let forgotClient = forgetsClient ? try await forgetClients(of: key.serverURL) : false
        var outcome = SignOutOutcome(
            wasSignedIn: credential != nil, revocation: revocation, forgotClient: forgotClient)
        outcome.unreadable = unreadable
        return outcome
    }

    /// Deletes the registrations made for a server, whatever their issuer; whether there was any.
    private func forgetClients(of serverURL: String) async throws -> Bool {
        let keys = try await context.store.registrations().records.map(\.key).filter { $0.serverURL == serverURL }
        for key in keys { try await context.store.removeRegistration(for: key, expecting: .any) }
        return !keys.isEmpty
    }
}
