// Signs out: takes the tokens back at the authorization server (RFC 7009), then forgets them here whatever it said.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

/// What a sign-out did.
public struct SignOutOutcome: Sendable, Hashable, Codable {
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
    @nonexhaustive
    public enum Revocation: Sendable, Hashable, Codable {
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
package struct SignOut: Sendable {
    private let context: SignInContext
    /// The longest wait for the credential's lock, in seconds.
    private static let lockWait = 30.0

    /// A sign-out.
    package init(context: SignInContext) { self.context = context }

    /// Revokes refresh token, then access token, and deletes the credential. Cancelling the task ends the asking at once,
    /// and never the deleting.
    /// - Parameters:
    ///   - localOnly: ask no server.
    ///   - forgetsClient: delete the registration too.
    ///   - seconds: how long it may last until the credential is deleted here, where that is less than the usual.
    /// Another program that holds the credential's lock is waited for, half of that time at most, and not at all once the
    /// task is cancelled: then it is deleted without the lock, and what the other one is granted meanwhile is not kept.
    /// - Throws: `OmlxError` of class storage: also `STORE_LOCK_TIMEOUT`, for a store of several machines, and while records
    ///   are moved; `CancellationError` when that keeps a cancelled task from deleting. What the authorization server answers
    ///   is no error.
    package func signOut(
        _ key: CredentialKey, localOnly: Bool = false, forgetsClient: Bool = false, within seconds: Double? = nil
    ) async throws -> SignOutOutcome {
        let end = seconds.map { ContinuousClock.now + .seconds($0) }
        return try await context.redactor.hidingErrors {
            var isLocked = false
            do {
                return try await context.locked(key, timeout: min((seconds ?? .infinity) / 2, Self.lockWait)) {
                    isLocked = true
                    let (credential, asked) = try await takeBack(key, localOnly, end)
                    return try await finished { try await delete(credential, key, asked, forgetsClient) }
                }
            } catch  where !isLocked && (error is CancellationError || error.isAboutLock) {
                let (credential, asked) = try await takeBack(key, localOnly, end)
                let outcome = try await finished { try await deleteUnlocked(credential, key, asked, forgetsClient) }
                guard let outcome else { throw error }
                if let error = error as? OmlxError { context.warn(error.notWaitedFor) }
                return outcome
            }
        }
    }

    /// Reads the credential, and takes its tokens back as far as there is time.
    private func takeBack(
        _ key: CredentialKey, _ localOnly: Bool, _ end: ContinuousClock.Instant?
    ) async throws -> (Credential?, SignOutOutcome.Revocation) {
        let credential = try await finished { try await context.store.credential(for: key) }
        guard let credential, !localOnly else { return (credential, .notAsked) }
        let left = end.map { max(($0 - .now).inSeconds, 0) } ?? TokenRequest.revocationLimit
        let answer = await TokenRevocation(context: context)
            .revoke(credential, within: min(left, TokenRequest.revocationLimit))
        return (credential, answer)
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
        return try await outcome(credential, key, revocation, forgetsClient, unreadable)
    }

    /// Deletes without the lock; `nil` where it cannot be made certain that nothing comes back.
    private func deleteUnlocked(
        _ credential: Credential?, _ key: CredentialKey, _ revocation: SignOutOutcome.Revocation, _ forgetsClient: Bool
    ) async throws -> SignOutOutcome? {
        guard let unreadable = try await context.store.removeEverythingUnlocked(for: key) else { return nil }
        if let credential { context.noteRemoval(of: credential) }
        return try await outcome(credential, key, revocation, forgetsClient, unreadable)
    }

    private func outcome(
        _ credential: Credential?, _ key: CredentialKey, _ revocation: SignOutOutcome.Revocation,
        _ forgetsClient: Bool, _ unreadable: Int
    ) async throws -> SignOutOutcome {
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

extension Error {
    /// Whether another program holds the lock.
    fileprivate var isAboutLock: Bool { (self as? OmlxError)?.code == .storeLockTimeout }
}

extension OmlxError {
    /// What is said of a holder of the lock who was not waited for any longer.
    fileprivate var notWaitedFor: OmlxError {
        var error = self
        error.message += "; it is not waited for any longer, and what it is granted is not kept"
        return error
    }
}
