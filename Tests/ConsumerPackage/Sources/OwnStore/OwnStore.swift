import FoundationEssentials
import OmlxCredentials

/// A store of its own: what it keeps is one text for each credential.
public actor OwnStore: CredentialStore {
    public nonisolated let name = "own"
    public nonisolated let summary = "a dictionary"
    public init() {}
    private var texts: [CredentialKey: Secret] = [:]

    public func credential(for key: CredentialKey) throws -> Credential? {
        try texts[key].map { try Credential(serialized: $0) }
    }
    public func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged: Bool
    ) throws -> Credential {
        let existing = try self.credential(for: credential.key)
        guard expected.isMet(by: existing?.generation) else { throw Conflict() }
        let saved = credential.successor(of: existing, now: Date())
        texts[credential.key] = try saved.serialized()
        return saved
    }
    public func removeCredential(for key: CredentialKey, expecting: ExpectedRecord) { texts[key] = nil }
    public func credentials() throws -> StoreListing<Credential> {
        StoreListing(records: try texts.values.map { try Credential(serialized: $0) })
    }
    public func registration(for key: RegistrationKey) -> ClientRegistration? { nil }
    public func save(
        _ registration: ClientRegistration, expecting: ExpectedRecord, replacingDamaged: Bool
    ) -> ClientRegistration { registration }
    public func removeRegistration(for key: RegistrationKey, expecting: ExpectedRecord) {}
    public func registrations() -> StoreListing<ClientRegistration> { StoreListing() }

    struct Conflict: Error {}
}
