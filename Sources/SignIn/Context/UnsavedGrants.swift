// New tokens that could not be saved, as long as the process lives: they are saved before the next refresh.

import OmlxCredentials
import OmlxErrors
import Synchronization

/// Credentials whose tokens were granted while the store was away. Not used before they are saved: another process could
/// not know of them.
package final class UnsavedGrants: Sendable {
    private let held = Mutex<[CredentialKey: (credential: Credential, reason: OmlxError)]>([:])

    /// None.
    init() {}

    /// - Parameter reason: what is said about it, now and at whatever fails after it.
    func hold(_ credential: Credential, because reason: OmlxError) {
        held.withLock { $0[credential.key] = (credential, reason) }
    }

    /// The error of a store while tokens are held that it did not take: that comes before what failed since.
    func explained(_ error: OmlxError, _ key: CredentialKey) -> OmlxError {
        guard error.code.errorClass == .storage else { return error }
        return held.withLock { $0[key]?.reason } ?? error
    }

    /// Saves what is held for the key of this record, unless the record has other tokens by now.
    /// - Returns: the record as saved; `nil` when there was nothing to save.
    /// - Throws: what the store throws; it is held further.
    func save(over record: Credential, _ context: SignInContext) async throws -> Credential? {
        guard var credential = held.withLock({ $0[record.key]?.credential }) else { return nil }
        // Its own generations are those of the record it was to be saved over.
        guard credential.tokens.generation == record.tokens.generation else {
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
