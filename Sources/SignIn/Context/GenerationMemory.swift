// What is remembered of generations outside the store, so that an older copy put back is noticed before it is refreshed with.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials

/// Remembers the highest generation of each credential that was saved.
public protocol GenerationMemory: Sendable {
    /// The highest generation of a credential in a store that is known; `nil` when none is.
    func highest(of key: CredentialKey, in store: any CredentialStore) async -> Int?
    /// Notes a generation that was saved.
    func note(_ credential: Credential, in store: any CredentialStore)
}

extension SignInContext {
    /// Saves a credential, above every generation that is known, and notes it.
    /// - Throws: what the store throws.
    func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged: Bool = false
    ) async throws -> Credential {
        var credential = credential
        if expected == .any, !store.isShared, let highest = await memory?.highest(of: credential.key, in: store) {
            credential.generation = max(credential.generation, highest)
        }
        let saved = try await store.save(credential, expecting: expected, replacingDamaged: replacingDamaged)
        if !store.isShared { memory?.note(saved, in: store) }
        return saved
    }

    /// Saves new tokens, again and again for some seconds when the store is away for a moment: they were granted, and are
    /// nowhere else.
    /// - Throws: what the store throws.
    func savePatiently(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged: Bool = false
    ) async throws -> Credential {
        var pauses = SignInContext.savePauses[...]
        let start = ContinuousClock.now
        while true {
            do {
                return try await save(credential, expecting: expected, replacingDamaged: replacingDamaged)
            } catch let error as OmlxError {
                // A try that failed may have been carried out all the same.
                if error.code == .storeConflict, let found = try? await store.credential(for: credential.key),
                    found.isGrant(of: credential)
                {
                    if !store.isShared { memory?.note(found, in: store) }
                    return found
                }
                guard SignInContext.mayPass(error.code), let pause = pauses.popFirst() else { throw error }
                // A keyring that is silent has had its time: it is not asked over and over while a person waits.
                if error.code == .storeTimeout, !store.isShared,
                    start.duration(to: .now) > .seconds(SignInContext.longestSilence)
                {
                    throw error
                }
                try? await self.pause(pause)
            }
        }
    }

    /// Between the tries to save new tokens, in seconds.
    private static let savePauses = [0.1, 0.4, 1, 2, 4]

    /// How long a store of this machine may be silent while new tokens are saved, in seconds.
    private static let longestSilence = 3.0

    /// Whether what keeps a store from saving may be over in a moment.
    private static func mayPass(_ code: ErrorCode) -> Bool {
        [
            .storeUnavailable, .storeTimeout, .storeSealed, .storeLocked, .storeWriteFailed, .storeUnreadable,
            .storeLockFailed, .storeTokenExpired,
        ].contains(code)
    }

    /// Remembers that a record was removed: a copy put back is older.
    func noteRemoval(of credential: Credential) {
        guard !store.isShared else { return }
        var next = credential
        next.generation += 1
        memory?.note(next, in: store)
    }

    /// A store of several machines counts by itself; their clocks differ.
    /// - Throws: `STORE_OLDER` for a record that is older than what was saved: its refresh token was used since.
    package func refuseOlder(_ credential: Credential) async throws(OmlxError) {
        guard !store.isShared, let highest = await memory?.highest(of: credential.key, in: store),
            credential.generation < highest
        else {
            return
        }
        throw .olderRecord(credential, highest)
    }
}

extension Credential {
    /// Whether the tokens are those of the same grant: some servers give the same ones again.
    fileprivate func isGrant(of other: Credential) -> Bool {
        // Stores keep milliseconds.
        func isSame(_ one: Date?, _ another: Date?) -> Bool {
            abs((one ?? .distantPast).timeIntervalSince(another ?? .distantPast)) < 0.002
        }
        return tokens.access == other.tokens.access && tokens.refresh == other.tokens.refresh
            && isSame(grant.obtainedAt, other.grant.obtainedAt) && isSame(tokens.refreshedAt, other.tokens.refreshedAt)
    }
}

extension OmlxError {
    /// The same error for tokens of a sign-in, which were granted and are nowhere.
    var losingSignIn: OmlxError {
        var error = self
        error.message =
            "the sign-in was granted, and its tokens could not be kept, so that they are lost: \(message); what was kept "
            + "before is as it was"
        error.nextStep = Self.signingIn(after: nextStep)
        return error
    }

    /// The same error for tokens of a refresh.
    /// - Parameter isRotated: whether a refresh token is among them, which takes the place of the old one.
    func losingRefresh(isRotated: Bool) -> OmlxError {
        var error = self
        error.message = "new tokens were granted and could not be kept: \(message)"
        guard isRotated else {
            error.message += "; nothing is lost by that: the next refresh gets others"
            return error
        }
        // OAuth 2.1 §4.3.1: a refresh token that was replaced may work once only.
        error.message += "; the authorization server may refuse the old ones from now on"
        let then: Remedy = "if the old tokens are refused then, \(.signIn())"
        error.nextStep = nextStep.map { "\($0); \(then)" } ?? then
        return error
    }

    private static func signingIn(after step: Remedy?) -> Remedy {
        guard let step else { return Remedy(.signIn()) }
        return step.replacing(.retry, with: .signIn()) ?? "\(step); then \(.signIn())"
    }

    /// What is said of a record that is older than the last one saved.
    /// - Parameter login: the sign-in that would take its place.
    package static func olderRecord(
        _ credential: Credential, _ highest: Int, login: SignInRemedy = SignInRemedy()
    ) -> OmlxError {
        OmlxError(
            .storeOlder,
            "the stored sign-in for \(credential.key) is older than the last one saved, as if a copy had been put back; "
                + "it is not refreshed with",
            compared: [
                .init("generation found", String(credential.generation)), .init("last saved", String(highest)),
            ],
            nextStep: "\(.signIn(login)), or accept the copy: \(.checkStores(.init(accepts: true)))")
    }
}
