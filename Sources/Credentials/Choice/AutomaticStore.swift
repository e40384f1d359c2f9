// The store that is chosen by itself, once: afterwards the same one for every program, or an error that says it is away.

import ErrorCatalogue
import FoundationEssentials
import Synchronization

/// Vault if one is named and there is a token for it, else the desktop's keyring if it answers unlocked, else encrypted
/// files; but the encrypted files where sign-ins are in them already. The first save notes the choice; from then on that
/// store is used and no other, also when it is away. A note that changes, as when sign-ins are moved, is followed at once.
public final class AutomaticStore: RecordStore {
    private struct State {
        var stores: [StoreKind: any RecordStore] = [:]
        var decision: Task<StoreKind, Never>?
        var decided: StoreKind?
    }

    private let places: StorePlaces
    /// The note.
    public let choiceFile: StoreChoiceFile
    private let state = Mutex(State())

    /// The store of this user. Nothing is read or asked until it is used.
    public init(_ places: StorePlaces) {
        self.places = places
        choiceFile = StoreChoiceFile(folder: places.folder)
    }

    /// The kind of the store as far as it is known; `auto` before.
    public var name: String { known?.rawValue ?? "auto" }

    public var summary: String {
        guard let kind = known else { return "chosen at the first sign-in" }
        return store(kind)?.summary ?? kind.inWords
    }

    public var identity: String { known.flatMap { store($0)?.identity } ?? "auto" }

    private var known: StoreKind? {
        if let noted = try? choiceFile.read() { return noted.kind }
        return state.withLock { $0.decided }
    }

    public func changes() -> AsyncStream<Void>? {
        let kind = known ?? .file
        return store(kind)?.changes()
    }

    public func sharedLock(
        on key: CredentialKey, command: String, timeout: Double
    ) async throws -> (any SharedLock)? {
        try await quick().sharedLock(on: key, command: command, timeout: timeout)
    }

    /// The kind that is used now: the noted one, else the one that would be.
    /// - Throws: `OmlxError`: what keeps the note from being read.
    public func kind() async throws(OmlxError) -> StoreKind {
        if let noted = try choiceFile.read() { return noted.kind }
        return await decide()
    }

    // MARK: the choice

    private func store(_ kind: StoreKind) -> (any RecordStore)? {
        state.withLock { state in
            if let made = state.stores[kind] { return made }
            let made = places.lasting(kind)
            state.stores[kind] = made
            return made
        }
    }

    /// The store to read from.
    private func current() async throws(OmlxError) -> any RecordStore {
        if let noted = try choiceFile.read() { return try store(of: noted) }
        let kind = await decide()
        return try store(of: StoreChoice(kind, since: places.now()))
    }

    /// The store to read one record from. Before anything was kept no keyring is loaded or asked, so that who never signs
    /// in does not wait for one; it is looked at when the first record is saved.
    private func quick() throws(OmlxError) -> any RecordStore {
        if let noted = try choiceFile.read() { return try store(of: noted) }
        let decided = state.withLock { $0.decided }
        return try store(of: StoreChoice(decided ?? withoutKeyring ?? .file, since: places.now()))
    }

    /// What the choice is as long as no keyring has to be asked for it.
    private var withoutKeyring: StoreKind? {
        if choiceFile.hasFiles() { return .file }
        return places.vault?.token == nil ? nil : .vault
    }

    /// The store to write to; it is noted now at the latest.
    private func chosen() async throws(OmlxError) -> any RecordStore {
        if let noted = try choiceFile.read() { return try store(of: noted) }
        let kind = await decide()
        let place = kind == .vault ? places.vault?.place : nil
        return try store(of: try choiceFile.record(StoreChoice(kind, place: place, since: places.now())))
    }

    private func store(of choice: StoreChoice) throws(OmlxError) -> any RecordStore {
        if choice.kind == .vault, let place = choice.place, place != places.vault?.place {
            throw OmlxError(
                .storeMoved,
                "the sign-ins are kept in Vault since \(choice.since.formatted(.iso8601)), and "
                    + (places.vault == nil ? "no Vault is named here" : "another place is named here"),
                compared: [.init("kept in", place), .init("named here", places.vault?.place ?? "none")],
                nextStep: "export VAULT_ADDR=\(String(place.prefix { $0 != " " }).shellWord), or write it as vaultUrl "
                    + "in tokenStorage")
        }
        guard let store = store(choice.kind) else {
            throw OmlxError(.storeMoved, "the sign-ins are kept in \(choice.kind.inWords), which is not named here")
        }
        return store
    }

    /// Looks once which store it would be.
    private func decide() async -> StoreKind {
        let task = state.withLock { state in
            if let task = state.decision { return task }
            let task = Task.detached { [self] in await look() }
            state.decision = task
            return task
        }
        let kind = await task.value
        state.withLock { $0.decided = kind }
        return kind
    }

    private func look() async -> StoreKind {
        if let kind = withoutKeyring { return kind }
        guard let keyring = store(.secretService) as? SecretServiceStore, await keyring.isUnlocked() else {
            return .file
        }
        return .secretService
    }

    /// A store that is away says that nothing stands in for it.
    private func noted<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as OmlxError where [.storeUnavailable, .storeLocked, .storeTimeout].contains(error.code) {
            guard let choice = try? choiceFile.read() else { throw error }
            var told = error
            told.message += "; the sign-ins are kept there since \(choice.since.formatted(.iso8601)), and nowhere else"
            throw told
        }
    }
}

extension AutomaticStore {
    func record<Record: StoredRecord>(for key: Record.Key) async throws -> Record? {
        try await noted { try await quick().record(for: key) }
    }

    func save<Record: StoredRecord>(
        record: Record, _ expected: ExpectedRecord, _ replacesDamaged: Bool, _ succession: Succession
    ) async throws -> Record {
        try await noted { try await chosen().save(record: record, expected, replacesDamaged, succession) }
    }

    func remove<Record: StoredRecord>(_ type: Record.Type, _ key: Record.Key, _ expected: ExpectedRecord) async throws {
        try await noted { try await current().remove(type, key, expected) }
    }

    func listing<Record: StoredRecord>() async throws -> StoreListing<Record> {
        try await noted { try await current().listing() }
    }
}
