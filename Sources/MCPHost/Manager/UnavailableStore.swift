// Stands in for a credential store that does not exist here: servers that need no credential work all the same.

import Credentials
import ErrorCatalogue

/// A store that answers everything with the reason why it cannot be used. Never another store in its place.
struct UnavailableStore: CredentialStore {
    let reason: OmlxError

    let name = "none"
    var summary: String { "no store: \(reason.message)" }

    func credential(for key: CredentialKey) async throws -> Credential? { throw reason }
    func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> Credential { throw reason }
    func removeCredential(for key: CredentialKey, expecting expected: ExpectedRecord) async throws { throw reason }
    func credentials() async throws -> StoreListing<Credential> { throw reason }
    func registration(for key: RegistrationKey) async throws -> ClientRegistration? { throw reason }
    func save(
        _ registration: ClientRegistration, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> ClientRegistration { throw reason }
    func removeRegistration(for key: RegistrationKey, expecting expected: ExpectedRecord) async throws { throw reason }
    func registrations() async throws -> StoreListing<ClientRegistration> { throw reason }
}
