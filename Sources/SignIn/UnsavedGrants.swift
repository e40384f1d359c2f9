// New tokens that could not be saved, as long as the process lives: they are saved before anybody refreshes again.

import Credentials
import ErrorCatalogue
import Synchronization

/// Credentials whose tokens were granted while the store was away. Not used before they are saved: another process could
/// not know of them.
public final class UnsavedGrants: Sendable {
    private let held = Mutex<[CredentialKey: Credential]>([:])

    /// None.
    init() {}

    func hold(_ credential: Credential) { held.withLock { $0[credential.key] = credential } }

    /// Saves what is held for the key of this record, unless the record has other tokens by now.
    /// - Returns: the record as saved; `nil` when there was nothing to save.
    /// - Throws: what the store throws; it is held further.
    func save(over record: Credential, _ context: SignInContext) async throws -> Credential? {
        guard var credential = held.withLock({ $0[record.key] }) else { return nil }
        // Its own generations are those of the record it was to be saved over.
        guard credential.tokenGeneration == record.tokenGeneration else {
            forget(record.key)
            return nil
        }
        credential.generation = record.generation
        let saved = try await context.save(credential, expecting: .generation(record.generation))
        forget(record.key)
        return saved
    }

    private func forget(_ key: CredentialKey) { held.withLock { $0[key] = nil } }
}
