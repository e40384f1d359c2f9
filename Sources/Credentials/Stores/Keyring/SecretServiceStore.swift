// The credential store in the desktop's keyring: GNOME Keyring, KeePassXC, KWallet, by the Secret Service.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials

/// Keeps each record as an item of the default collection of the desktop's Secret Service (freedesktop.org), through
/// libsecret. People see the items in their keyring's own program, by server, and may delete them there.
///
/// Every operation on a record ends within 3 s, a listing within 30 s; all that a process waits for a keyring that is
/// silent is 3.5 s. None asks a person: a locked keyring is `STORE_LOCKED`, told apart from a record that is not there.
/// Writers of a record take turns by a lock of omlx's own, since the Secret Service has no compare-and-swap; they read back
/// what they wrote, a new item as another client does.
package struct SecretServiceStore: RecordStore {
    package let name = "secretservice"
    package let summary = "the desktop's keyring (Secret Service)"

    let session: SecretServiceSession
    private let lockFolder: String
    /// How long the person has who is there, where the keyring asks before something is deleted, in seconds; 0 for no person.
    private let answerTime: Double
    private let now: @Sendable () -> Date

    /// A store in the keyring of the session bus that the environment names. Nothing is loaded or asked until it is used.
    /// - Parameters:
    ///   - environment: `DBUS_SESSION_BUS_ADDRESS` and `XDG_RUNTIME_DIR` count: those of this process.
    ///   - lockFolder: Where locks are: the same for all programs that use this keyring.
    ///   - answerTime: How long a person who is there may take when the keyring asks before it deletes, in seconds.
    ///   - now: The clock.
    package init(
        environment: [String: String], lockFolder: String, answerTime: Double = 0,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.init(
            environment: environment, lockFolder: lockFolder, limit: SecretServiceSession.standardLimit,
            answerTime: answerTime, now: now)
    }

    /// - Parameter limit: how long an operation may take, in seconds.
    init(
        environment: [String: String], lockFolder: String, limit: Double, answerTime: Double = 0,
        now: @escaping @Sendable () -> Date
    ) {
        session = SecretServiceSession(environment: environment, limit: limit)
        self.lockFolder = lockFolder
        self.answerTime = answerTime
        self.now = now
    }

    package func changes() -> AsyncStream<Void>? { session.changes() }

    func keepingStill() async throws -> (any SharedLock)? {
        try await CredentialLock.acquireMigration(in: lockFolder, now: now)
    }

    package func sharedLock(
        on key: CredentialKey, command: String, timeout: Double, stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> (any SharedLock)? {
        try await CredentialLock.acquireShared(
            key, store: "keyring", in: lockFolder, command: command, timeout: timeout, now: now, stuck: stuck)
    }
}

extension SecretServiceStore {
    private static let recordAttribute = "record"

    private static func attributes<Record: StoredRecord>(of name: String, _: Record.Type) -> [(String, String)] {
        [("xdg:schema", Record.schema), (recordAttribute, name)]
    }

    func record<Record: StoredRecord>(for key: Record.Key) async throws -> Record? {
        let name = try Record.recordName(key)
        return try await session.run { (calls) throws(OmlxError) in try Self.read(name, calls)?.record }
    }

    /// What is filed under a name: the record, the items it could be read from, that of the record first, and the others.
    private struct Filed<Record: StoredRecord> {
        var record: Record
        var items: [SecretServiceItem]
        var unreadable: [SecretServiceItem]
    }

    /// Two writers without a common lock, as in different homes, may leave two items: the newer one counts. What cannot be
    /// read stays.
    private static func read<Record: StoredRecord>(
        _ name: String, _ calls: borrowing SecretServiceCalls
    ) throws(OmlxError) -> Filed<Record>? {
        var (items, unreadable): ([SecretServiceItem], [SecretServiceItem]) = ([], [])
        var newest: Record?
        var flaw: OmlxError?
        for item in try unlockedItems(attributes(of: name, Record.self), calls) {
            do throws(OmlxError) {
                let record: Record = try parse(try calls.secret(of: item.path), name, Record.self)
                let isNewest = record.generation >= newest?.generation ?? .min
                if isNewest { newest = record }
                items.insert(item, at: isNewest ? 0 : items.count)
            } catch {
                guard error.isAboutContent else { throw error }
                flaw = damage(error, item, try calls.description(of: item.path)).error
                unreadable.append(item)
            }
        }
        if let newest { return Filed(record: newest, items: items, unreadable: unreadable) }
        if let flaw { throw flaw }
        return nil
    }

    /// An item that cannot be used, as people find it in their keyring's own program.
    private static func damage(
        _ error: OmlxError, _ item: SecretServiceItem, _ shown: SecretServiceDescription
    ) -> DamagedRecord {
        let server = shown.attributes["server_url"].flatMap { $0.isEmpty ? nil : shownURL($0) }
        let account = shown.attributes["account"].flatMap { $0.isEmpty ? nil : $0 }
        var error = error
        error.message =
            "the item \"\(OmlxError.shown(shown.label, limit: 120))\" of the desktop's keyring (\(item.path))"
            + (server.map { ", for \($0)" } ?? "") + (account.map { " as \(OmlxError.shown($0, limit: 80))" } ?? "")
            + ", cannot be used: \(error.message)"
        if error.code != .storeVersion {
            error.nextStep = "\(.checkStores(.init(repairs: true))) shows it and takes it away"
        }
        return DamagedRecord(name: item.path, error: error, server: server, account: account)
    }

    /// The items with these attributes. Nothing is searched in a locked keyring: it may show its items or hide them, and
    /// KeePassXC would ask for its password.
    private static func unlockedItems(
        _ attributes: [(String, String)], _ calls: borrowing SecretServiceCalls
    ) throws(OmlxError) -> [SecretServiceItem] {
        if try calls.isLocked() { throw .keyringLocked("the desktop's keyring is locked") }
        let items = try calls.search(attributes)
        guard items.contains(where: \.isLocked) else { return items }
        throw OmlxError(
            .storeLocked,
            "the desktop's keyring wants to ask before each item is read, or has one in a collection that is locked "
                + "and not the default one",
            nextStep:
                "let it give items to programs without asking (in KeePassXC, Secret Service Integration, switch off "
                + "\"Confirm when passwords are retrieved by clients\"), or unlock that collection in the keyring's own program; to move the sign-ins out of it, which lets it ask: "
                + "\(.migrateStores(to: StoreKind.file.rawValue))")
    }

    private static var withholding: OmlxError {
        OmlxError(
            .storeLocked,
            "the desktop's keyring gives an item to the program that made it and to no other without asking somebody, so "
                + "that nothing omlx keeps there could be used later",
            nextStep:
                "let it give items to programs without asking (in KeePassXC, Secret Service Integration, switch off "
                + "\"Confirm when passwords are retrieved by clients\"), then \(.retry)")
    }

    private static func parse<Record: StoredRecord>(
        _ text: Secret, _ name: String, _: Record.Type
    ) throws(OmlxError) -> Record {
        if text.withBytes(\.isEmpty) {
            throw OmlxError(.storeDamaged, "it is empty, as a keyring leaves one that ended while it was saving")
        }
        let record = try Record.parse(text)
        guard try Record.recordName(record.key) == name else {
            throw OmlxError(.storeForeign, "it is filed as another server's, and holds the record for \(record.key)")
        }
        return record
    }

    func save<Record: StoredRecord>(
        record: Record, _ expected: ExpectedRecord, _ replacesDamaged: Bool, _ succession: Succession
    ) async throws -> Record {
        let name = try Record.recordName(record.key)
        let lock = try await lock(name)
        defer { lock.release() }
        let moment = now()
        let place = try await session.run { (calls) throws(OmlxError) -> SavePlace<Record> in
            let existing: Filed<Record>?
            do throws(OmlxError) {
                existing = try Self.read(name, calls)
            } catch {
                guard replacesDamaged, expected == .any, error.isAboutContent else { throw error }
                try Self.keepDamaged(name, Record.self, calls)
                existing = nil
            }
            try expected.check(existing?.record.generation, of: record.key)
            if let kept = existing?.record, succession.keeps(kept, against: record) { return .kept(kept) }
            let text = try succession.record(record, after: existing?.record, now: moment).serialized()
                .withoutBracesInStrings()
            let saved: Record = try Self.parse(text, name, Record.self)
            guard let item = existing?.items.first else {
                return .new(try Self.makePlace(for: saved, name, calls), saved, text)
            }
            try Self.fill(item.path, saved, name, text, calls)
            for other in existing?.items ?? [] where other.path != item.path { try calls.delete(other.path) }
            return .kept(saved)
        }
        guard case .new(let path, let saved, let text) = place else { return place.record }
        // Nothing secret goes where no other program could fetch it: KeePassXC gives it, at first, to this connection alone.
        try await prove(path)
        return try await session.run { (calls) throws(OmlxError) in
            // What was put there first shows whether the keys of this session fit.
            guard try calls.secret(of: path) == Self.placeholder else {
                throw OmlxError(.storeDamaged, "the keyring gave back something else than was saved in it")
            }
            try Self.fill(path, saved, name, text, calls)
            return saved
        }
    }

    /// Where a record is to be saved.
    private enum SavePlace<Record: StoredRecord> {
        /// In its item, and done; or one stays that is newer.
        case kept(Record)
        /// In a new item, which holds nothing yet.
        case new(String, Record, Secret)

        var record: Record {
            switch self {
            case .kept(let record), .new(_, let record, _): record
            }
        }
    }

    /// What a new item holds until it is known that others can read it.
    private static let placeholder = Secret("{}")

    /// Makes an item with nothing in it, where no search for records finds it.
    private static func makePlace<Record: StoredRecord>(
        for record: Record, _ name: String, _ calls: borrowing SecretServiceCalls
    ) throws(OmlxError) -> String {
        // Where that can be seen before, nothing is left there that a person would have to delete.
        if try calls.withholdsItems() { throw withholding }
        let attributes = [("xdg:schema", Record.schema + ".New"), (recordAttribute, name)]
        let path: String
        do throws(OmlxError) {
            path = try calls.create(record.label.withoutBraces, attributes, placeholder)
        } catch {
            // KWallet leaves an item without its secret.
            for item in (try? Self.unlockedItems(attributes, calls)) ?? [] { try? calls.delete(item.path) }
            throw error
        }
        do throws(OmlxError) {
            guard try calls.secret(of: path) == placeholder else {
                throw OmlxError(.storeWriteFailed, "the keyring gave back something else than was saved in it")
            }
        } catch {
            // Nothing was read in this session before, so it was unknown whether its keys fit: what does not come back is not
            // left there.
            try? calls.delete(path)
            throw error
        }
        return path
    }

    /// Puts a record into an item, and reads it back.
    private static func fill<Record: StoredRecord>(
        _ path: String, _ record: Record, _ name: String, _ text: Secret, _ calls: borrowing SecretServiceCalls
    ) throws(OmlxError) {
        let shown = record.shownAttributes.map { ($0.0, $0.1.withoutBraces) }
        // The generation, so that an attribute changes each time: GNOME Keyring tells of those alone.
        try calls.update(
            path, attributes(of: name, Record.self) + shown + [("generation", String(record.generation))], text)
        guard try calls.secret(of: path) == text else {
            throw OmlxError(.storeWriteFailed, "the keyring gave back something else than was saved in it")
        }
    }

    /// Reads a new item as another program would.
    /// - Throws: `STORE_LOCKED` when that cannot be done; the item is deleted then, unless a person has to agree and does not.
    private func prove(_ path: String) async throws {
        do throws(OmlxError) {
            try await session.run { (calls) throws(OmlxError) in
                guard try calls.contentApart(of: path) == Self.placeholder else {
                    throw OmlxError(
                        .storeDamaged, "the keyring gave another program something else than was saved in it")
                }
            }
        } catch {
            guard error.code == .storeLocked || error.isAboutContent else { throw error }
            try? await session.run { (calls) throws(OmlxError) in try calls.delete(path) }
            throw error.code == .storeLocked ? Self.withholding : error
        }
    }

    /// Keeps what cannot be read under another name, where no search for records finds it; what is empty is not kept.
    private static func keepDamaged<Record: StoredRecord>(
        _ name: String, _: Record.Type, _ calls: borrowing SecretServiceCalls
    ) throws(OmlxError) {
        for item in try unlockedItems(attributes(of: name, Record.self), calls) {
            let text = try calls.secret(of: item.path)
            guard !text.withBytes(\.isEmpty), text != placeholder else {
                try calls.delete(item.path)
                continue
            }
            let attributes = [("xdg:schema", Record.schema + ".Damaged"), (recordAttribute, name), ("item", item.path)]
            let kept = try calls.create("omlx: damaged record", attributes, text)
            if kept != item.path { try calls.delete(item.path) }
        }
    }

    func remove<Record: StoredRecord>(
        _: Record.Type, _ key: Record.Key, _ expected: ExpectedRecord
    ) async throws -> Int {
        let name = try Record.recordName(key)
        let lock = try await lock(name)
        defer { lock.release() }
        let answerTime = answerTime
        return try await session.run(waits: answerTime) { (calls) throws(OmlxError) in
            let existing: Filed<Record>? = try Self.read(name, calls)
            try expected.check(existing?.record.generation, of: key)
            for item in existing?.items ?? [] { try calls.delete(item.path, waiting: answerTime) }
            // A twin that cannot be read would be found after a sign-out.
            guard expected == .any, let twins = existing?.unreadable else { return 0 }
            for item in twins { try calls.delete(item.path, waiting: answerTime) }
            return twins.count
        }
    }

    func discard(_ damaged: DamagedRecord) async throws -> String {
        let path = damaged.name
        guard path.hasPrefix("/org/freedesktop/secrets/") else { throw damaged.error }
        let answerTime = answerTime
        let shown = try await session.run { (calls) throws(OmlxError) in
            if try calls.isLocked() { throw .keyringLocked("the desktop's keyring is locked") }
            return try calls.description(of: path)
        }
        let name = shown.attributes[Self.recordAttribute] ?? ""
        let lock = RecordKind.allCases.contains { $0.owns(name) } ? try await lock(name) : nil
        defer { lock?.release() }
        try await session.run(waits: answerTime) { (calls) throws(OmlxError) in
            do throws(OmlxError) {
                let text = try calls.secret(of: path)
                switch shown.attributes["xdg:schema"] {
                case Credential.schema: _ = try Self.parse(text, name, Credential.self)
                case ClientRegistration.schema: _ = try Self.parse(text, name, ClientRegistration.self)
                default: throw OmlxError(.storeConflict, "the item \(path) is another one by now")
                }
            } catch {
                guard error.isAboutContent, error.code != .storeVersion else { throw error }
                return try calls.delete(path, waiting: answerTime)
            }
            throw OmlxError(.storeConflict, "the item \(path) can be used by now")
        }
        return "deleted from the desktop's keyring"
    }

    func listing<Record: StoredRecord>() async throws -> StoreListing<Record> {
        // One that does not answer is not waited for as long as one with many items.
        _ = try await isLocked()
        return try await session.run(times: 10) { (calls) throws(OmlxError) in
            let items = try Self.unlockedItems([("xdg:schema", Record.schema)], calls)
            var newest: [String: Record] = [:]
            var listing = StoreListing<Record>()
            for item in items {
                let shown = try calls.description(of: item.path)
                do throws(OmlxError) {
                    let name = shown.attributes[Self.recordAttribute] ?? ""
                    let record: Record = try Self.parse(try calls.secret(of: item.path), name, Record.self)
                    if record.generation >= newest[name]?.generation ?? .min { newest[name] = record }
                } catch {
                    guard error.isAboutContent else { throw error }
                    listing.damaged.append(Self.damage(error, item, shown))
                }
            }
            listing.records = Array(newest.values)
            return listing
        }
    }

    /// The turn of a writer of this record.
    private func lock(_ recordName: String) async throws -> CredentialLock {
        try await CredentialLock.acquireForWriting(
            recordName, store: "keyring", in: lockFolder, timeout: 30, now: now)
    }
}
