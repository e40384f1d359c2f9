// The credential store in HashiCorp Vault or OpenBao: the KV secrets engine, versions 1 and 2.

import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxJSON

/// Keeps each record as an entry of a KV secrets engine, so that several machines can share sign-ins.
///
/// With version 2 of the engine every write is a check-and-set, only one version is kept, and a removal takes all
/// versions with it. Version 1 has no check-and-set: writers of one machine take turns by a lock of omlx's own, and only
/// one machine may use it. Tested against a stand-in of the API written from its public description.
package struct VaultStore: RecordStore {
    /// How often a write that expects nothing in particular begins anew.
    private static let attempts = 20
    /// From the mark of a removal to the end of the deletion, in seconds: more than a request may take.
    private static let longestRemoval = 10.0
    /// What writing the mark may take of that, in seconds.
    private static let longestMark = 3.0
    private static let removedMember = "removed"

    package let name = "vault"
    private let connection: VaultConnection
    private let lockFolder: String
    private let lockTimeout: Double
    private let now: @Sendable () -> Date

    /// A store at a place in a Vault. Nothing is asked until it is used.
    /// - Parameters:
    ///   - settings: Where it is.
    ///   - lockFolder: Where the locks of this machine are: the same for all programs that use this store.
    ///   - now: The clock.
    package init(_ settings: VaultSettings, lockFolder: String, now: @escaping @Sendable () -> Date = { Date() }) {
        self.init(settings, lockFolder: lockFolder, lockTimeout: 30, now: now)
    }

    /// - Parameter lockTimeout: how long a writer waits for its turn with version 1, in seconds.
    init(_ settings: VaultSettings, lockFolder: String, lockTimeout: Double, now: @escaping @Sendable () -> Date) {
        self.lockTimeout = lockTimeout
        connection = VaultConnection(settings)
        self.lockFolder = lockFolder
        self.now = now
    }

    package var summary: String { "Vault at \(connection.settings.place)" }
    package var isShared: Bool { true }
    package var identity: String { "vault:\(connection.settings.place)" }

    package func sharedLock(
        on key: CredentialKey, command: String, timeout: Double, stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> (any SharedLock)? {
        guard try await engine() == .version2 else {
            return try await CredentialLock.acquireShared(
                key, store: "vault", in: lockFolder, command: command, timeout: timeout, now: now, stuck: stuck)
        }
        return try await VaultLock.acquire(
            connection, try key.recordName(), command: command, timeout: timeout, now: now, stuck: stuck)
    }

    package func tryWriting() async throws {
        let engine = try await engine()
        let place = VaultPlace(connection, ["locks", "check"])
        let entry = try await place.read(engine)
        if engine == .version2 { try await place.limitVersions() }
        // Another one may be trying too.
        _ = try await place.write(nil, beside: [("free", "true")], over: entry, engine)
        try await place.delete(engine)
    }

    package func caution() async throws -> String? {
        guard try await engine() == .version1 else { return nil }
        return "the KV secrets engine is version 1, which has no check-and-set: use it from one machine only"
    }
}

extension VaultStore {
    private func engine() async throws(OmlxError) -> VaultConnection.Engine {
        do throws(VaultConnection.Failure) { return try await connection.engine() } catch { throw error.error }
    }

    private func place<Record: StoredRecord>(_: Record.Type, _ name: String) -> VaultPlace {
        VaultPlace(connection, [Record.kind.folder, name])
    }

    func record<Record: StoredRecord>(for key: Record.Key) async throws -> Record? {
        let name = try Record.recordName(key)
        return try await read(Record.self, name, try await engine()).record
    }

    private func read<Record: StoredRecord>(
        _: Record.Type, _ name: String, _ engine: VaultConnection.Engine
    ) async throws(OmlxError) -> (record: Record?, entry: VaultEntry) {
        let place = place(Record.self, name)
        let entry = try await place.read(engine)
        return (try Self.record(in: entry, name, place.shown), entry)
    }

    /// The record of an entry; `nil` for none and for one that is being removed.
    private static func record<Record: StoredRecord>(
        in entry: VaultEntry, _ name: String, _ shown: String
    ) throws(OmlxError) -> Record? {
        guard entry.isPresent, entry.data[removedMember] == nil else { return nil }
        guard let text = entry.record else {
            throw OmlxError(
                .storeForeign, "Vault's \(shown) holds no record of omlx", nextStep: "look at it: vault kv get \(shown)"
            )
        }
        let record: Record
        do throws(OmlxError) {
            record = try Record.parse(text)
        } catch {
            throw error.code == .storeVersion
                ? .newerVersion(shown)
                : OmlxError(
                    .storeDamaged, "Vault's \(shown) is damaged: \(error.message)",
                    nextStep: "look at it: vault kv get \(shown)")
        }
        guard try Record.recordName(record.key) == name else {
            throw OmlxError(
                .storeDamaged, "Vault's \(shown) holds another server's record",
                nextStep: "look at it: vault kv get \(shown)")
        }
        return record
    }

    func save<Record: StoredRecord>(
        record: Record, _ expected: ExpectedRecord, _ replacesDamaged: Bool, _ succession: Succession
    ) async throws -> Record {
        let name = try Record.recordName(record.key)
        let engine = try await engine()
        let lock = engine == .version1 ? try await self.lock(name) : nil
        defer { lock?.release() }
        // A cancelled caller does not stop a write half-way: it is left to end by itself.
        return try await uncancelled { () async throws(OmlxError) in
            try await saved(record, name, expected, replacesDamaged, succession, engine)
        }
    }

    private func saved<Record: StoredRecord>(
        _ record: Record, _ name: String, _ expected: ExpectedRecord, _ replacesDamaged: Bool,
        _ succession: Succession, _ engine: VaultConnection.Engine
    ) async throws(OmlxError) -> Record {
        let place = place(Record.self, name)
        let clock = ContinuousClock()
        let start = clock.now
        var attempt = 0
        while attempt < Self.attempts {
            let entry = try await place.read(engine)
            // The writer of a removal's mark is about to delete all there is, this too.
            let isLeaving = entry.data[Self.removedMember] != nil && (entry.age ?? 0) < Self.longestRemoval
            if isLeaving, start.duration(to: clock.now) < .seconds(Self.longestRemoval) {
                await Self.stepAside()
                continue
            }
            attempt += 1
            let existing: Record?
            do throws(OmlxError) {
                existing = try Self.record(in: entry, name, place.shown)
            } catch {
                // What omlx did not write stays.
                let canBeReplaced = error.isAboutContent && entry.record != nil
                guard replacesDamaged, expected == .any, canBeReplaced else { throw error }
                try await keepDamaged(entry, name, engine)
                existing = nil
            }
            try expected.check(existing?.generation, of: record.key)
            if let existing, succession.keeps(existing, against: record) { return existing }
            let text = try succession.record(record, after: existing, now: now()).serialized()
            let saved = try Record.parse(text)
            if entry.version == 0, engine == .version2 { try await place.limitVersions() }
            let data = saved.shownAttributes.filter { !$0.1.isEmpty }
            if try await place.write(text, beside: data, over: entry, engine) != nil { return saved }
            await Self.stepAside()
        }
        throw OmlxError(.storeConflict, "the stored record for \(record.key) is changed by other programs all the time")
    }

    /// Lets others write before the next try, so that many do not try in step.
    private static func stepAside() async { try? await Task.sleep(for: .seconds(Double.random(in: 0...0.1))) }

    /// Keeps what cannot be used under another path, where no search for records finds it.
    private func keepDamaged(
        _ entry: VaultEntry, _ name: String, _ engine: VaultConnection.Engine
    ) async throws(OmlxError) {
        let kept = VaultPlace(connection, ["damaged", "\(name)-\(Int(now().timeIntervalSince1970 * 1000))"])
        if engine == .version2 { try await kept.limitVersions() }
        _ = try await kept.write(
            entry.record, beside: entry.data.compactMap { member in member.value.stringValue.map { (member.key, $0) } },
            over: try await kept.read(engine), engine)
    }

    func remove<Record: StoredRecord>(
        _: Record.Type, _ key: Record.Key, _ expected: ExpectedRecord
    ) async throws -> Int {
        let name = try Record.recordName(key)
        let engine = try await engine()
        let lock = engine == .version1 ? try await self.lock(name) : nil
        defer { lock?.release() }
        try await uncancelled { () async throws(OmlxError) in
            try await removed(Record.self, key, name, expected, engine)
        }
        return 0
    }

    func discard(_ damaged: DamagedRecord) async throws -> String {
        let name = String(damaged.name.split(separator: "/").last ?? "")
        guard let kind = RecordKind.allCases.first(where: { $0.owns(name) }) else { throw damaged.error }
        let engine = try await engine()
        let lock = engine == .version1 ? try await self.lock(name) : nil
        defer { lock?.release() }
        let place = VaultPlace(connection, [kind.folder, name])
        guard place.shown == damaged.name else { throw damaged.error }
        let entry = try await place.read(engine)
        do throws(OmlxError) {
            switch kind {
            case .credential: let _: Credential? = try Self.record(in: entry, name, place.shown)
            case .registration: let _: ClientRegistration? = try Self.record(in: entry, name, place.shown)
            }
        } catch {
            // What omlx did not write stays.
            guard error.code == .storeDamaged, entry.record != nil else { throw error }
            try await keepDamaged(entry, name, engine)
            try await place.delete(engine)
            return "kept under another path, and deleted there"
        }
        throw OmlxError(.storeConflict, "Vault's \(damaged.name) can be used by now")
    }

    private func removed<Record: StoredRecord>(
        _: Record.Type, _ key: Record.Key, _ name: String, _ expected: ExpectedRecord,
        _ engine: VaultConnection.Engine
    ) async throws(OmlxError) {
        let place = place(Record.self, name)
        let clock = ContinuousClock()
        var isMarked = false
        for _ in 0..<Self.attempts {
            let (record, entry) = try await read(Record.self, name, engine)
            // Once it is removed, another one is not meant.
            guard !isMarked || record == nil else { return }
            if !isMarked { try expected.check(record?.generation, of: key) }
            guard entry.version > 0 || entry.isPresent else { return }
            let start = clock.now
            if engine == .version2 {
                // Deleting has no check-and-set: the mark does, and its readers find no record.
                let mark = [(Self.removedMember, "true")]
                guard try await place.write(nil, beside: mark, over: entry, engine) != nil else {
                    // Another's removal, or a sign-in that came after ours.
                    if isMarked { return }
                    await Self.stepAside()
                    continue
                }
                isMarked = true
                // Others keep away from the mark for so long only; this machine may have slept.
                guard start.duration(to: clock.now) < .seconds(Self.longestMark) else { continue }
            }
            do throws(OmlxError) {
                try await place.delete(engine)
            } catch {
                // The mark is all that is left, and says that there is no record.
                let isUnknown = [.storeTimeout, .storeUnavailable].contains(error.code)
                guard engine == .version2, isUnknown else { throw error }
            }
            return
        }
        // Marked, and so removed, every time.
        if isMarked { return }
        throw OmlxError(.storeConflict, "the stored record for \(key) is changed by other programs all the time")
    }

    func listing<Record: StoredRecord>() async throws -> StoreListing<Record> {
        let engine = try await engine()
        let names = try await VaultPlace(connection, [Record.kind.folder]).names(engine).filter { Record.kind.owns($0) }
        var listing = StoreListing<Record>()
        // Enough at once to fill the connection, few enough to go easy on the server.
        var rest = names[...]
        while !rest.isEmpty {
            let some = rest.prefix(16)
            rest = rest.dropFirst(16)
            let found = await withTaskGroup(of: (String, Result<Record?, OmlxError>).self) { group in
                for name in some {
                    group.addTask {
                        do throws(OmlxError) {
                            return (name, .success(try await read(Record.self, name, engine).record))
                        } catch {
                            return (name, .failure(error))
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for (name, result) in found {
                switch result {
                case .success(let record?): listing.records.append(record)
                case .success(nil): break
                case .failure(let error):
                    guard error.isAboutContent else { throw error }
                    listing.damaged.append(DamagedRecord(name: place(Record.self, name).shown, error: error))
                }
            }
        }
        return listing
    }

    /// The turn of a writer, where the engine has no check-and-set.
    private func lock(_ recordName: String) async throws -> CredentialLock {
        try await CredentialLock.acquireForWriting(
            recordName, store: "vault", in: lockFolder, timeout: lockTimeout, now: now)
    }
}

extension RecordKind {
    /// The folder of its records in Vault.
    fileprivate var folder: String {
        switch self {
        case .credential: "credentials"
        case .registration: "registrations"
        }
    }
}
