// The store that is chosen by itself, once: afterwards the same one for every program, or an error that says it is away.

import OmlxConcurrency
import OmlxErrors
import OmlxSystem
import FoundationEssentials
import Synchronization

/// Vault if one is named and there is a token for it, else the desktop's keyring if it answers unlocked and gives what one
/// program saved to the next, else encrypted files; but the encrypted files where sign-ins are in them already. The first
/// save notes the choice, while all others who would save wait; from then on that store is used and no other, also when
/// it is away. A note that changes, as when sign-ins are moved, is followed at once.
package final class AutomaticStore: RecordStore {
    /// What a look came to.
    private struct Decision: Sendable {
        var kind: StoreKind
        /// Why the keyring that is there is not it.
        var passedOver: KeyringObstacle?
    }

    private struct State {
        /// Made when it is first wanted: whether there is a session bus is looked at then.
        var keyring: SecretServiceStore?
        /// The one look, made by the first that wants to know.
        var decision: FirstResult<Decision, Never>?
        var decided: StoreKind?
    }

    private let places: StorePlaces
    private let files: EncryptedFileStore
    private let vault: VaultStore?
    /// The note.
    package let choiceFile: StoreChoiceFile
    private let state = Mutex(State())

    /// The store of this user. Nothing is read or asked until it is used.
    package init(_ places: StorePlaces) {
        self.places = places
        (files, vault) = (places.files(), places.namedVault())
        choiceFile = StoreChoiceFile(folder: places.folder)
    }

    /// The kind of the store as far as it is known; `auto` before.
    package var name: String { known?.rawValue ?? "auto" }

    package var summary: String {
        guard let kind = known else { return "chosen at the first sign-in" }
        return store(kind)?.summary ?? kind.inWords
    }

    package var identity: String { known.flatMap { store($0)?.identity } ?? "auto" }

    private var known: StoreKind? {
        noted?.kind ?? state.withLock { $0.decided }
    }

    /// The choice that binds, as far as a glance shows it.
    private var noted: StoreChoice? { (try? choiceFile.glance()).flatMap(binding) }

    /// The choice that binds; `nil` when there is none.
    /// - Throws: `OmlxError`: what keeps the note from being read.
    package func standing() async throws(OmlxError) -> StoreChoice? { try await choiceFile.read().flatMap(binding) }

    /// A choice that nothing may have been kept by does not bind to a Vault that is not named any more.
    private func binding(_ choice: StoreChoice) -> StoreChoice? {
        choice.isTentative && choice.kind == .vault && choice.store.place.vault != places.vault?.place ? nil : choice
    }

    package var isShared: Bool { known == .vault }

    package var passedOver: KeyringObstacle? { noted?.store.passedOver }

    package func settle() async {
        if (try? await standing()) == nil { _ = await decide() }
    }

    package func caution() async throws -> String? { try await current().caution() }
    package func tryWriting() async throws { try await current().tryWriting() }

    package func tryKeeping() async throws {
        // The note which store it is lies with the files.
        if try await standing() == nil {
            let folder = places.folder
            try await OwnThread.run("omlx-files") { () throws(OmlxError) in try FolderProbe.tryWriting(at: folder) }
        }
        try await current().tryKeeping()
    }

    /// Also when the choice is made, or becomes another one: then the other store is watched.
    package func changes() -> AsyncStream<Void>? {
        guard let notes = choiceFile.changes() else { return nil }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        /// Watches the store that is used now.
        @Sendable func watch() -> OwnedTasks {
            let tasks = OwnedTasks()
            guard let changes = store(known ?? .file)?.changes() else { return tasks }
            tasks.start { for await _ in changes { continuation.yield() } }
            return tasks
        }
        // Both are armed before this returns: what changes from now on is seen.
        let first = watch()
        let tasks = OwnedTasks()
        tasks.start {
            var inner = first
            for await _ in notes {
                inner.cancel()
                inner = watch()
                continuation.yield()
            }
            inner.cancel()
            continuation.finish()
        }
        continuation.onTermination = { _ in tasks.cancel() }
        return stream
    }

    package func sharedLock(
        on key: CredentialKey, command: String, timeout: Double, stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> (any SharedLock)? {
        while true {
            let kind = try await standing()?.kind
            let lock = try await storeForOneRecord().sharedLock(
                on: key, command: command, timeout: timeout, stuck: stuck)
            // The sign-ins were moved meanwhile: this is the lock of a store that is not in use any more.
            if try await standing()?.kind == kind { return lock }
            await lock?.release()
        }
    }

    /// Before it is asked which store it is: a move changes that.
    func keepingStill() async throws -> (any SharedLock)? {
        guard let still = try await CredentialLock.acquireMigration(in: places.storeLocks, now: places.now) else {
            return nil
        }
        guard !isShared else {
            still.release()
            return nil
        }
        return still
    }

    /// The kind that is used now: the noted one, else the one that would be.
    /// - Throws: `OmlxError`: what keeps the note from being read.
    package func kind() async throws(OmlxError) -> StoreKind {
        if let noted = try await standing() { return noted.kind }
        return await decide().kind
    }

    /// Why the desktop's keyring is passed over where nothing is chosen yet; `nil` when it is not, or when the person wants it
    /// so. Asks no person.
    /// - Throws: `OmlxError`: what keeps the note from being read.
    package func keyringPassedOver() async throws(OmlxError) -> KeyringObstacle? {
        try await standing() == nil ? await decide().passedOver : nil
    }

    // MARK: the choice

    private func store(_ kind: StoreKind) -> (any RecordStore)? {
        switch kind {
        case .file: files
        case .secretService: keyring
        case .vault: vault
        case .memory: nil
        }
    }

    private var keyring: SecretServiceStore {
        state.withLock { state in
            let made = state.keyring ?? places.keyring()
            state.keyring = made
            return made
        }
    }

    /// The store to read from.
    private func current() async throws(OmlxError) -> any RecordStore {
        if let noted = try await standing() { return try store(of: noted) }
        return try store(of: tentative(await decide()))
    }

    /// The store to read one record from. Before anything was kept no keyring is loaded or asked, so that who never signs
    /// in does not wait for one; it is looked at when a server wants a sign-in (`settle`).
    private func storeForOneRecord() async throws(OmlxError) -> any RecordStore {
        if let noted = try await standing() { return try store(of: noted) }
        var kind = state.withLock { $0.decided }
        if kind == nil { kind = await kindWithoutKeyring() }
        return try store(of: tentative(Decision(kind: kind ?? .file)))
    }

    /// What the choice is as long as no keyring has to be asked for it.
    private func kindWithoutKeyring() async -> StoreKind? {
        if await choiceFile.hasFiles() { return .file }
        return places.vault?.token == nil ? nil : .vault
    }

    /// The choice a look comes to, before anything is kept by it.
    private func tentative(_ decision: Decision) -> StoreChoice {
        let place = StorePlace(decision.kind, vault: places.vault?.place)
        return .tentative(.init(place, since: places.now(), passedOver: decision.passedOver))
    }

    /// Saves, and notes the choice by that: no other saves before it is certain.
    private func choose<Value>(
        _ work: (any RecordStore, StoreChoice) async throws -> Value
    ) async throws -> Value {
        let lock = try await choiceFile.lock(command: "choosing where to keep sign-ins")
        defer { lock.release() }
        let noted = try await standing()
        if let noted, !noted.isTentative { return try await work(try store(of: noted), noted) }
        let choice: StoreChoice
        if let noted { choice = noted } else { choice = tentative(await decide()) }
        do {
            return try await note(choice, after: noted, work)
        } catch let error as OmlxError where choice.kind == .secretService && error.code == .storeLocked {
            // Locked since it was looked at; or it gives what was made to no other program, which the first save shows.
            let isLocked = (try? await keyring.isLocked()) ?? true
            state.withLock { $0.decided = .file }
            let files = tentative(Decision(kind: .file, passedOver: isLocked ? .locked : .withholding))
            return try await note(files, after: noted, work)
        }
    }

    /// Saves by a choice that does not bind yet, and has it bind.
    private func note<Value>(
        _ choice: StoreChoice, after noted: StoreChoice?,
        _ work: (any RecordStore, StoreChoice) async throws -> Value
    ) async throws -> Value {
        let store = try store(of: choice)
        if noted != choice { try await choiceFile.replace(choice) }
        do {
            let value = try await work(store, choice)
            // Still tentative it is followed too; the next save makes up for it.
            try? await choiceFile.replace(choice.binding)
            return value
        } catch {
            if noted == nil { await choiceFile.withdraw() }
            throw error
        }
    }

    /// The store a choice names.
    private func store(of choice: StoreChoice) throws(OmlxError) -> any RecordStore {
        guard let store = named(choice.store.place) else { throw places.elsewhere(choice.store) }
        return store
    }

    /// The store with copies that a move which was broken off left.
    private func store(copies place: StorePlace) throws(OmlxError) -> any RecordStore {
        guard let store = named(place) else { throw places.elsewhere(copies: place) }
        return store
    }

    /// The store at a place; `nil` when it is a Vault that is not the one named here.
    private func named(_ place: StorePlace) -> (any RecordStore)? {
        if let vault = place.vault, vault != places.vault?.place { return nil }
        return store(place.kind)
    }

    /// Whether the stores the note names are those that are named here.
    /// - Throws: `STORE_MOVED`; what keeps the note from being read.
    package func verify() async throws(OmlxError) {
        guard let noted = try await standing() else { return }
        _ = try store(of: noted)
        if let copies = noted.copies { _ = try store(copies: copies) }
    }

    /// Looks once which store it would be.
    private func decide() async -> Decision {
        let mine = FirstResult<Decision, Never>()
        let earlier = state.withLock { state in
            defer { if state.decision == nil { state.decision = mine } }
            return state.decision
        }
        if let earlier { return await earlier.result.get() }
        // Cancelled it would find no keyring, and decide for all.
        let decision = await uncancelled { [self] in await look() }
        state.withLock { $0.decided = $0.decided ?? decision.kind }
        mine.give(.success(decision))
        return decision
    }

    private func look() async -> Decision {
        if let kind = await kindWithoutKeyring() { return Decision(kind: kind) }
        guard !places.declinesKeyring, !places.opened.declinesKeyring else { return Decision(kind: .file) }
        let (isUsable, obstacle) = await keyring.look()
        return isUsable ? Decision(kind: .secretService) : Decision(kind: .file, passedOver: obstacle)
    }

    /// A store that is away says that nothing stands in for it; one that was never used, that there are others.
    private func explainingAbsence<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch var error as OmlxError where Self.isAway(error.code) {
            switch try? await standing() {
            // Of two stores it is unknown here which one it was.
            case .filling, .emptying: break
            case .kept(let store):
                error.message +=
                    "; the sign-ins are kept there since \(store.since.formatted(.iso8601)), and nowhere else"
            case .tentative, nil:
                let other: Remedy = "choose another store: \(.useStore(StoreKind.file.rawValue))"
                error.nextStep = error.nextStep.map { "\($0), or \(other)" } ?? other
            }
            throw error
        }
    }

    private static func isAway(_ code: ErrorCode) -> Bool {
        [
            .storeUnavailable, .storeLocked, .storeTimeout, .storeSealed, .storeForbidden, .storeTokenNeeded,
            .storeTokenExpired,
        ].contains(code)
    }
}

extension AutomaticStore {
    func record<Record: StoredRecord>(for key: Record.Key) async throws -> Record? {
        try await explainingAbsence { try await storeForOneRecord().record(for: key) }
    }

    func save<Record: StoredRecord>(
        record: Record, _ expected: ExpectedRecord, _ replacesDamaged: Bool, _ succession: Succession
    ) async throws -> Record {
        try await explainingAbsence {
            func keep(in store: any RecordStore, _ choice: StoreChoice) async throws -> Record {
                let saved = try await store.save(record: record, expected, replacesDamaged, succession)
                return try await followed(saved, from: store, choice)
            }
            if let choice = try await standing(), !choice.isTentative {
                return try await keep(in: try store(of: choice), choice)
            }
            return try await choose(keep)
        }
    }

    /// The record where it belongs, when the store became another one while it was saved.
    func followed<Record: StoredRecord>(
        _ saved: Record, from store: any RecordStore, _ choice: StoreChoice
    ) async throws -> Record {
        guard let now = try await choiceFile.read(), now.kind != choice.kind else { return saved }
        do {
            let moved = try await self.store(of: now).save(record: saved, .any, false, .exact)
            _ = try? await store.remove(Record.self, saved.key, .generation(saved.generation))
            return moved
        } catch var error as OmlxError {
            error.message += "; the sign-ins were moved meanwhile, and this one is left in \(choice.kind.inWords)"
            error.nextStep = Remedy(.migrateStores(from: choice.kind.rawValue, to: now.kind.rawValue))
            throw error
        }
    }

    func remove<Record: StoredRecord>(
        _ type: Record.Type, _ key: Record.Key, _ expected: ExpectedRecord
    ) async throws -> Int {
        try await explainingAbsence {
            // A move that was broken off has left it in another store too, and would bring it back.
            if let place = try await standing()?.copies {
                let copies = try store(copies: place)
                do {
                    try await copies.removeCopy(type, key)
                } catch var error as OmlxError {
                    error.message = "a move was broken off and may have left a copy there: \(error.message)"
                    error.nextStep = error.nextStep.map { "\($0); or \(StorePlaces.givingUp)" } ?? StorePlaces.givingUp
                    throw error
                }
            }
            return try await current().remove(type, key, expected)
        }
    }

    func discard(_ damaged: DamagedRecord) async throws -> String {
        try await explainingAbsence { try await current().discard(damaged) }
    }

    func listing<Record: StoredRecord>() async throws -> StoreListing<Record> {
        try await explainingAbsence { try await current().listing() }
    }
}
