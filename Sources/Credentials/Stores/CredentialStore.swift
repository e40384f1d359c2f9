// The protocol every credential store keeps to, ours and those of programs that bring their own.

import OmlxErrors

/// What must be in a store for a save or removal to go ahead: compare-and-swap.
public enum ExpectedRecord: Sendable, Hashable {
    /// Whatever is there, or nothing: a new sign-in over an old one.
    case any
    /// No record.
    case absent
    /// The record of this generation: what was read has not been changed meanwhile.
    case generation(Int)

    /// Whether this is met by a record of that generation, or by none for `nil`.
    public func isMet(by generation: Int?) -> Bool {
        switch self {
        case .any: true
        case .absent: generation == nil
        case .generation(let expected): generation == expected
        }
    }
}

/// A record that is there and cannot be used. It stays as it is.
public struct DamagedRecord: Sendable, Hashable, Codable {
    /// What the store calls the record, such as its file's path.
    public var name: String
    /// Why it cannot be used, with its own code.
    public var error: OmlxError
    /// The server it is filed for, without what may be secret, where that is known.
    public var server: String?
    /// The account, where that is known.
    public var account: String?

    /// A damaged record.
    public init(name: String, error: OmlxError, server: String? = nil, account: String? = nil) {
        self.name = name
        self.error = error
        self.server = server
        self.account = account
    }
}

/// The records of a store, and those of them that cannot be used.
public struct StoreListing<Record: Sendable>: Sendable {
    /// The records that could be read.
    public var records: [Record]
    /// The records that could not.
    public var damaged: [DamagedRecord]

    /// A listing.
    public init(records: [Record] = [], damaged: [DamagedRecord] = []) {
        self.records = records
        self.damaged = damaged
    }
}

/// Where credentials and client registrations are kept. A program that uses omlx as a library can bring its own.
///
/// A store keeps to this:
/// - `save` compares and swaps in one step, also against other processes, and returns the record as it now stands in
///   the store, made with the record's `successor(of:now:)`. What it returned is durable.
/// - A failed save leaves the old record. A record that cannot be read is never overwritten nor removed.
/// - Unknown fields and unknown secrets are kept. No error's text holds a secret.
///
/// All methods throw `OmlxError`: `STORE_CONFLICT` when what was expected is not there; `STORE_WRITE_FAILED`;
/// `STORE_UNREADABLE`, `STORE_PERMISSIONS`, `STORE_FOREIGN`, `STORE_VERSION`, `STORE_DAMAGED`, `STORE_KEY_MISSING`,
/// `STORE_PASSWORD_NEEDED`, `STORE_PASSWORD_WRONG`, `STORE_LOCK_TIMEOUT`, `STORE_CRYPTOGRAPHY`; of keyrings and Vault also
/// `STORE_UNAVAILABLE`, `STORE_LOCKED`, `STORE_TIMEOUT`, `STORE_SEALED`, `STORE_FORBIDDEN`, `STORE_TOKEN_NEEDED`,
/// `STORE_TOKEN_EXPIRED`, `STORE_INSECURE_URL`; of the choice among them `STORE_MOVED`. A method that waits throws
/// `CancellationError` when its task is cancelled, never half-way through a write.
public protocol CredentialStore: StoreCapabilities {
    /// The store's kind in one word, such as `file`.
    var name: String { get }
    /// Where the store is and how it is locked, for `status`; no secret.
    var summary: String { get }

    /// Tells this place from every other, also of stores of the same kind; no secret.
    var identity: String { get }

    /// Whether several machines may use it.
    var isShared: Bool { get }

    /// Makes up its mind which place it is, where that is still open: before a sign-in. Does nothing otherwise.
    func settle() async

    /// The credential, or `nil` when there is none.
    func credential(for key: CredentialKey) async throws -> Credential?
    /// Saves a credential and returns it as it now stands in the store, with its new generations.
    /// - Parameters:
    ///   - credential: The credential; its own generations do not matter for the comparison.
    ///   - expected: What must be in the store.
    ///   - replacesDamaged: With `.any` only: a record that is foreign, damaged or from a newer version is moved aside,
    ///     kept, and replaced.
    func save(
        _ credential: Credential, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> Credential
    /// Removes a credential; without one, `.any` and `.absent` are met and nothing happens.
    func removeCredential(for key: CredentialKey, expecting expected: ExpectedRecord) async throws
    /// All credentials, in no particular order.
    func credentials() async throws -> StoreListing<Credential>

    /// The client registration, or `nil` when there is none.
    func registration(for key: RegistrationKey) async throws -> ClientRegistration?
    /// Saves a registration, as `save` of a credential does.
    func save(
        _ registration: ClientRegistration, expecting expected: ExpectedRecord, replacingDamaged replacesDamaged: Bool
    ) async throws -> ClientRegistration
    /// Removes a registration; without one, `.any` and `.absent` are met and nothing happens.
    func removeRegistration(for key: RegistrationKey, expecting expected: ExpectedRecord) async throws
    /// All registrations, in no particular order.
    func registrations() async throws -> StoreListing<ClientRegistration>

    /// An element soon after credentials were saved or removed, by any program; several changes may be one element, and
    /// one may come without a change. Ends when its reader lets go.
    /// - Returns: `nil` when the store cannot tell: others' sign-ins and sign-outs are then noticed at the next 401.
    func changes() -> AsyncStream<Void>?

    /// Waits for a lock that keeps all others who use this store from refreshing a credential: other machines, and
    /// programs whose folder of locks is another one. The lock in the caller's own folder is taken before, by the caller.
    /// - Parameters:
    ///   - command: What the holder is doing, for those that wait in vain; no secret.
    ///   - timeout: How long to wait, in seconds.
    ///   - stuck: Told once, after 10 s of waiting, who holds the lock, as the error would say it.
    /// - Returns: `nil` for a store that needs none.
    /// - Throws: `OmlxError` with `STORE_LOCK_TIMEOUT`, and what reading and saving throws.
    func sharedLock(
        on key: CredentialKey, command: String, timeout: Double, stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> (any SharedLock)?
}

extension CredentialStore {
    /// A store that cannot tell.
    public func changes() -> AsyncStream<Void>? { nil }

    /// A store of one machine.
    public var isShared: Bool { false }

    /// A store that knows.
    public func settle() async {}

    /// A store there is one of.
    public var identity: String { name }

    /// A store that needs none.
    public func sharedLock(
        on key: CredentialKey, command: String, timeout: Double, stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> (any SharedLock)? { nil }

    /// Saves a credential; a damaged record in its place is an error.
    public func save(_ credential: Credential, expecting expected: ExpectedRecord) async throws -> Credential {
        try await save(credential, expecting: expected, replacingDamaged: false)
    }

    /// Saves a registration; a damaged record in its place is an error.
    public func save(
        _ registration: ClientRegistration, expecting expected: ExpectedRecord
    ) async throws -> ClientRegistration {
        try await save(registration, expecting: expected, replacingDamaged: false)
    }
}

extension ExpectedRecord {
    /// - Throws: `STORE_CONFLICT` naming the record and both generations.
    func check(_ generation: Int?, of key: some CustomStringConvertible) throws(OmlxError) {
        guard !isMet(by: generation) else { return }
        let expected =
            switch self {
            case .any, .absent: "no record"
            case .generation(let generation): "generation \(generation)"
            }
        throw OmlxError(
            .storeConflict, "the stored record for \(key) was changed by another program meanwhile",
            compared: [
                .init("expected", expected),
                .init("found", generation.map { "generation \($0)" } ?? "no record"),
            ])
    }
}
