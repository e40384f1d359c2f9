// A store that treats both kinds of record alike: it writes each operation once.

/// What a store of this target does with a record of either kind; the methods of `CredentialStore` follow from it.
protocol RecordStore: CredentialStore {
    func record<Record: StoredRecord>(for key: Record.Key) async throws -> Record?
    func save<Record: StoredRecord>(
        record: Record, _ expected: ExpectedRecord, _ replacesDamaged: Bool
    ) async throws -> Record
    func remove<Record: StoredRecord>(_: Record.Type, _ key: Record.Key, _ expected: ExpectedRecord) async throws
    func listing<Record: StoredRecord>() async throws -> StoreListing<Record>
}

extension RecordStore {
    public func credential(for key: CredentialKey) async throws -> Credential? { try await record(for: key) }

    public func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> Credential {
        try await save(record: credential, expected, replacesDamaged)
    }

    public func removeCredential(for key: CredentialKey, expecting expected: ExpectedRecord) async throws {
        try await remove(Credential.self, key, expected)
    }

    public func credentials() async throws -> StoreListing<Credential> { try await listing() }

    public func registration(for key: RegistrationKey) async throws -> ClientRegistration? {
        try await record(for: key)
    }

    public func save(
        _ registration: ClientRegistration, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> ClientRegistration {
        try await save(record: registration, expected, replacesDamaged)
    }

    public func removeRegistration(for key: RegistrationKey, expecting expected: ExpectedRecord) async throws {
        try await remove(ClientRegistration.self, key, expected)
    }

    public func registrations() async throws -> StoreListing<ClientRegistration> { try await listing() }
}
