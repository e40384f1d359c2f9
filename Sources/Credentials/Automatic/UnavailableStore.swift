// Stands in for a credential store that does not exist here: servers that need no credential work all the same.

import OmlxErrors

/// A store that answers everything with the reason why it cannot be used. Never another store in its place.
public struct UnavailableStore: CredentialStore {
    private let reason: OmlxError

    /// A store that is away for this reason.
    public init(reason: OmlxError) { self.reason = reason }

    public let name = "none"
    public var summary: String { "no store: \(reason.message)" }

    public func credential(for key: CredentialKey) async throws -> Credential? { throw reason }
    public func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> Credential { throw reason }
    public func removeCredential(for key: CredentialKey, expecting expected: ExpectedRecord) async throws {
        throw reason
    }
    public func credentials() async throws -> StoreListing<Credential> { throw reason }
    public func registration(for key: RegistrationKey) async throws -> ClientRegistration? { throw reason }
    public func save(
        _ registration: ClientRegistration, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> ClientRegistration { throw reason }
    public func removeRegistration(for key: RegistrationKey, expecting expected: ExpectedRecord) async throws {
        throw reason
    }
    public func registrations() async throws -> StoreListing<ClientRegistration> { throw reason }
}
