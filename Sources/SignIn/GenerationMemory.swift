// What is remembered of generations outside the store, so that an older copy put back is noticed before it is refreshed with.

import Credentials
import ErrorCatalogue

/// Remembers the highest generation of each credential that was saved.
public protocol GenerationMemory: Sendable {
    /// The highest generation of a credential in a store that is known; `nil` when none is.
    func highest(of key: CredentialKey, in store: any CredentialStore) -> Int?
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
        if expected == .any, !store.isShared, let highest = memory?.highest(of: credential.key, in: store) {
            credential.generation = max(credential.generation, highest)
        }
        let saved = try await store.save(credential, expecting: expected, replacingDamaged: replacingDamaged)
        if !store.isShared { memory?.note(saved, in: store) }
        return saved
    }

    /// A store of several machines counts by itself; their clocks differ.
    /// - Throws: `STORE_OLDER` for a record that is older than what was saved: its refresh token was used since.
    func refuseOlder(_ credential: Credential) throws(OmlxError) {
        guard !store.isShared, let highest = memory?.highest(of: credential.key, in: store),
            credential.generation < highest
        else {
            return
        }
        throw .olderRecord(credential, highest)
    }
}

extension OmlxError {
    /// What is said of a record that is older than the last one saved.
    public static func olderRecord(_ credential: Credential, _ highest: Int) -> OmlxError {
        OmlxError(
            .storeOlder,
            "the stored sign-in for \(credential.key) is older than the last one saved, as if a copy had been put back; "
                + "it is not refreshed with",
            compared: [
                .init("generation found", String(credential.generation)), .init("last saved", String(highest)),
            ],
            nextStep: "sign in again, or accept the copy: omlx mcp store check --accept")
    }
}
