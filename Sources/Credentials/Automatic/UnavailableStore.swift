// Stands in for a credential store that does not exist here: servers that need no credential work all the same.

import OmlxErrors

/// A store that answers everything with the reason why it cannot be used. Never another store in its place.
package struct UnavailableStore: CredentialStore {
    private let reason: OmlxError

    /// A store that is away for this reason.
    package init(reason: OmlxError) { self.reason = reason }

    package let name = "none"
    package var summary: String { "no store: \(reason.message)" }

    package func credential(for key: CredentialKey) async throws -> Credential? { throw reason }
    package func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> Credential { throw reason }
    package func removeCredential(for key: CredentialKey, expecting expected: ExpectedRecord) async throws {
        throw reason
    }
    package func credentials() async throws -> StoreListing<Credential> { throw reason }
    package func registration(for key: RegistrationKey) async throws -> ClientRegistration? { throw reason }
    package func save(
        _ registration: ClientRegistration, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> ClientRegistration { throw reason }
    package func removeRegistration(for key: RegistrationKey, expecting expected: ExpectedRecord) async throws {
        throw reason
    }
    package func registrations() async throws -> StoreListing<ClientRegistration> { throw reason }
}
