// The credential store in the desktop's keyring: GNOME Keyring, KeePassXC, KWallet, by the Secret Service.

import Cryptography
import ErrorCatalogue
import FoundationEssentials

/// Keeps each record as an item of the default collection of the desktop's Secret Service (freedesktop.org), through
/// libsecret. People see the items in their keyring's own program, by server, and may delete them there.
///
/// Every operation on a record ends within 3 s, a listing within 30 s. None asks a person: a locked keyring is `STORE_LOCKED`, told apart from a record that
/// is not there. Writers of a record take turns by a lock of omlx's own, since the Secret Service has no
/// compare-and-swap; they read back what they wrote.
public struct SecretServiceStore: RecordStore {
    public let name = "secretservice"
    public let summary = "the desktop's keyring (Secret Service)"

    private let session: SecretServiceSession
    private let lockFolder: String
    private let now: @Sendable () -> Date

    /// A store in the keyring of the session bus that the environment names. Nothing is loaded or asked until it is used.
    /// - Parameters:
    ///   - environment: `DBUS_SESSION_BUS_ADDRESS` and `XDG_RUNTIME_DIR` count: those of this process.
    ///   - lockFolder: Where locks are: the same for all programs that use this keyring.
    ///   - now: The clock.
    public init(environment: [String: String], lockFolder: String, now: @escaping @Sendable () -> Date = { Date() }) {
        self.init(
            environment: environment, lockFolder: lockFolder, limit: SecretServiceSession.standardLimit, now: now)
    }

    /// - Parameter limit: how long an operation may take, in seconds.
    init(environment: [String: String], lockFolder: String, limit: Double, now: @escaping @Sendable () -> Date) {
        session = SecretServiceSession(environment: environment, limit: limit)
        self.lockFolder = lockFolder
        self.now = now
    }

    public func changes() -> AsyncStream<Void>? { session.changes() }

    public func sharedLock(
        on key: CredentialKey, command: String, timeout: Double, stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> (any SharedLock)? {
        try await CredentialLock.acquireShared(
            key, store: "keyring", in: lockFolder, command: command, timeout: timeout, now: now, stuck: stuck)
    }

    /// How a locked keyring is opened.
    public enum Key: Sendable {
        /// By a person on the display, who is asked by the keyring itself and has so many seconds.
        case prompt(seconds: Double)
        /// By its password.
        case password(Secret)
    }

    /// Opens a locked keyring. For when somebody is there who wants it; nothing else of this store asks anybody.
    /// - Throws: `OmlxError`: `STORE_LOCKED` when it is not opened in time, or only in its own window;
    ///   `STORE_PASSWORD_WRONG`; `STORE_UNAVAILABLE`, `STORE_TIMEOUT`, also when the caller is cancelled.
    public func unlock(_ key: Key) async throws {
        var times = 1.0
        if case .prompt(let seconds) = key { times += seconds / SecretServiceSession.standardLimit }
        try await session.run(times: times, endsEarly: true) { (calls) throws(OmlxError) in
            guard try calls.isLocked() else { return }
            do throws(OmlxError) {
                switch key {
                case .prompt(let seconds): try calls.unlock(seconds: seconds)
                case .password(let password): try calls.unlock(with: password)
                }
            } catch {
                // Opened by another hand, or another window, meanwhile.
                if try calls.isLocked() { throw error }
            }
            if try calls.isLocked() { throw .keyringLocked("the desktop's keyring is still locked") }
        }
    }

    /// Whether the keyring is there and locked. Asks nobody.
    /// - Throws: `OmlxError`: `STORE_UNAVAILABLE`, `STORE_TIMEOUT`.
    public func isLocked() async throws -> Bool {
        try await session.run { (calls) throws(OmlxError) in try calls.isLocked() }
    }

    /// Whether the keyring answers and is open. Asks nobody.
    func isUnlocked() async -> Bool {
        (try? await isLocked()) == false
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

    /// The record of that name and the items it could be read from, that of the record first. Two writers without a common
    /// lock, as in different homes, may leave two items: the newer one counts. What cannot be read stays.
    private static func read<Record: StoredRecord>(
        _ name: String, _ calls: borrowing SecretServiceCalls
    ) throws(OmlxError) -> (record: Record, items: [SecretServiceItem])? {
        var items: [SecretServiceItem] = []
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
                flaw = error
            }
        }
        if let newest { return (newest, items) }
        if let flaw { throw flaw }
        return nil
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
            nextStep: "let it give items to programs without asking (in KeePassXC: Secret Service Integration), or "
                + "unlock that collection in the keyring's own program")
    }

    private static func parse<Record: StoredRecord>(
        _ text: Secret, _ name: String, _: Record.Type
    ) throws(OmlxError) -> Record {
        let record = try Record.parse(text)
        guard try Record.recordName(record.key) == name else {
            throw OmlxError(
                .storeForeign, "an item of the keyring holds another server's record",
                nextStep: "delete the item in the keyring's own program")
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
        return try await session.run { (calls) throws(OmlxError) in
            let existing: (record: Record, items: [SecretServiceItem])?
            do throws(OmlxError) {
                existing = try Self.read(name, calls)
            } catch {
                guard replacesDamaged, expected == .any, error.isAboutContent else { throw error }
                try Self.keepDamaged(name, Record.self, calls)
                existing = nil
            }
            try expected.check(existing?.record.generation, of: record.key)
            if let kept = existing?.record, succession.keeps(kept, against: record) { return kept }
            let text = try succession.record(record, after: existing?.record, now: moment).serialized()
                .withoutBracesInStrings()
            let saved: Record = try Self.parse(text, name, Record.self)
            let shown = saved.shownAttributes.map { ($0.0, $0.1.withoutBraces) }
            // The generation, so that an attribute changes each time: GNOME Keyring tells of those alone.
            let attributes =
                Self.attributes(of: name, Record.self) + shown + [("generation", String(saved.generation))]
            let path: String
            if let item = existing?.items.first {
                path = item.path
                try calls.update(path, attributes, text)
            } else {
                do throws(OmlxError) {
                    path = try calls.create(saved.label.withoutBraces, attributes, text)
                } catch {
                    // KWallet leaves an item without its secret.
                    for item in (try? Self.unlockedItems(attributes, calls)) ?? [] { try? calls.delete(item.path) }
                    throw error
                }
            }
            do throws(OmlxError) {
                guard try calls.secret(of: path) == text else {
                    throw OmlxError(.storeWriteFailed, "the keyring gave back something else than was saved in it")
                }
            } catch {
                // Nothing was read in this session before, so nobody knew whether its keys fit: what does not come back is
                // not left there.
                if existing == nil { try? calls.delete(path) }
                throw error
            }
            for item in existing?.items ?? [] where item.path != path { try calls.delete(item.path) }
            return saved
        }
    }

    /// Keeps what cannot be read under another name, where no search for records finds it.
    private static func keepDamaged<Record: StoredRecord>(
        _ name: String, _: Record.Type, _ calls: borrowing SecretServiceCalls
    ) throws(OmlxError) {
        for item in try unlockedItems(attributes(of: name, Record.self), calls) {
            let text = try calls.secret(of: item.path)
            let attributes = [("xdg:schema", Record.schema + ".Damaged"), (recordAttribute, name), ("item", item.path)]
            let kept = try calls.create("omlx: damaged record", attributes, text)
            if kept != item.path { try calls.delete(item.path) }
        }
    }

    func remove<Record: StoredRecord>(
        _: Record.Type, _ key: Record.Key, _ expected: ExpectedRecord
    ) async throws {
        let name = try Record.recordName(key)
        let lock = try await lock(name)
        defer { lock.release() }
        try await session.run { (calls) throws(OmlxError) in
            let existing: (record: Record, items: [SecretServiceItem])? = try Self.read(name, calls)
            try expected.check(existing?.record.generation, of: key)
            for item in existing?.items ?? [] { try calls.delete(item.path) }
        }
    }

    func listing<Record: StoredRecord>() async throws -> StoreListing<Record> {
        // One that does not answer is not waited for as long as one with many items.
        _ = try await isLocked()
        return try await session.run(times: 10) { (calls) throws(OmlxError) in
            let items = try Self.unlockedItems([("xdg:schema", Record.schema)], calls)
            var newest: [String: Record] = [:]
            var listing = StoreListing<Record>()
            for item in items {
                do throws(OmlxError) {
                    let record = try Record.parse(try calls.secret(of: item.path))
                    let name = try Record.recordName(record.key)
                    if record.generation >= newest[name]?.generation ?? .min { newest[name] = record }
                } catch {
                    guard error.isAboutContent else { throw error }
                    listing.damaged.append(DamagedRecord(name: item.path, error: error))
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
