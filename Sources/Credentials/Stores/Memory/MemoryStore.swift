// A credential store that keeps nothing beyond the process.

import OmlxConcurrency
import FoundationEssentials

/// Keeps credentials in memory only: for tests, and for programs that want no trace left.
public actor MemoryStore: CredentialStore {
    public nonisolated let name = "memory"
    public nonisolated let summary = "memory: sign-ins end with the process"

    private let now: @Sendable () -> Date
    private var credentialsByKey: [CredentialKey: Credential] = [:]
    private var registrationsByKey: [RegistrationKey: ClientRegistration] = [:]
    private nonisolated let watchers = Broadcast<Void>(buffer: 1)

    /// An empty store.
    /// - Parameter now: The clock.
    public init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }

    public func credential(for key: CredentialKey) -> Credential? { credentialsByKey[key] }

    public func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged: Bool
    ) throws -> Credential {
        let existing = credentialsByKey[credential.key]
        try expected.check(existing?.generation, of: credential.key)
        let saved = credential.successor(of: existing, now: now())
        credentialsByKey[credential.key] = saved
        watchers.send(())
        return saved
    }

    public func removeCredential(for key: CredentialKey, expecting expected: ExpectedRecord) throws {
        try expected.check(credentialsByKey[key]?.generation, of: key)
        credentialsByKey[key] = nil
        watchers.send(())
    }

    /// Without a lock too: no other program has it.
    public func removeEverythingUnlocked(for key: CredentialKey) throws -> Int? {
        try removeCredential(for: key, expecting: .any)
        return 0
    }

    public func credentials() -> StoreListing<Credential> { StoreListing(records: Array(credentialsByKey.values)) }

    public func registration(for key: RegistrationKey) -> ClientRegistration? { registrationsByKey[key] }

    public func save(
        _ registration: ClientRegistration, expecting expected: ExpectedRecord, replacingDamaged: Bool
    ) throws -> ClientRegistration {
        let existing = registrationsByKey[registration.key]
        try expected.check(existing?.generation, of: registration.key)
        let saved = registration.successor(of: existing, now: now())
        registrationsByKey[registration.key] = saved
        return saved
    }

    public func removeRegistration(for key: RegistrationKey, expecting expected: ExpectedRecord) throws {
        try expected.check(registrationsByKey[key]?.generation, of: key)
        registrationsByKey[key] = nil
    }

    public nonisolated func changes() -> AsyncStream<Void>? { watchers.stream() }

    public func registrations() -> StoreListing<ClientRegistration> {
        StoreListing(records: Array(registrationsByKey.values))
    }
}
