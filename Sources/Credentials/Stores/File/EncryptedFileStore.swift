// The credential store in a folder of encrypted files, one per record.

import OmlxCryptography
import OmlxErrors
import OmlxSystem
import FoundationEssentials

/// Keeps each record in a file of its own, sealed with AES-256-GCM under one data key, which lies beside it in a file
/// only the owner can read, or is wrapped by a password.
///
/// The folder has mode 0700 and each file 0600 from the moment it exists; what others can read or own is refused. A
/// write replaces the whole file or nothing, under a lock, and is read back. A file that cannot be used stays as it is.
package struct EncryptedFileStore: RecordStore {
    /// Writers that were killed leave files under construction; after this many seconds no writer is still at work.
    private static let temporaryLife = 600.0
    static let locksName = "locks"

    package let name = "file"
    /// The folder's path.
    package let folder: String
    private let hasPassword: Bool
    private let keyring: DataKeyring
    private let lockTimeout: Double
    private let now: @Sendable () -> Date

    /// A store in that folder. Nothing is read or made until it is used.
    /// - Parameters:
    ///   - folder: The folder's path; it is made by the first save.
    ///   - keySource: How the data key is kept. It cannot be changed for an existing folder.
    ///   - lockTimeout: How long a save waits for another process' write to the same record, in seconds.
    ///   - now: The clock.
    package init(
        folder: String, keySource: KeySource, lockTimeout: Double = 10,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.init(
            folder: folder, keySource: keySource, iterations: KeyFile.iterations, lockTimeout: lockTimeout, now: now)
    }

    /// - Parameter keyring: what gets the data key; one of its own when `nil`.
    init(
        folder: String, keySource: KeySource, iterations: Int = KeyFile.iterations, keyring: DataKeyring? = nil,
        lockTimeout: Double = 10, now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.folder = folder
        self.lockTimeout = lockTimeout
        self.now = now
        self.keyring = keyring ?? DataKeyring(source: keySource, iterations: iterations)
        hasPassword = if case .keyFile = keySource { false } else { true }
    }

    package var identity: String { "file:\(folder)" }
    package var summary: String {
        let hasPassword = isWrapped() ?? hasPassword
        return "encrypted files in \(folder), \(hasPassword ? "locked with a password" : "key file beside it")"
    }

    /// Whether the files are locked with a password and this store has none, nor a key that one opened. Derives nothing.
    package func isPasswordMissing() async -> Bool {
        if hasPassword { return false }
        return await onDisk { isWrapped() == true && !keyring.isOpen }
    }

    /// Whether the files that are there are locked with a password; `nil` when there are none.
    private func isWrapped() -> Bool? {
        guard let folder = try? PrivateFolder.open(folder, creating: false),
            var file = try? folder.read(KeyFile.name)?.bytes
        else { return nil }
        defer { Secret.wipe(&file) }
        return KeyFile.isWrapped(file)
    }

    package func changes() -> AsyncStream<Void>? {
        FolderWatch.changes(in: folder) { RecordKind.credential.owns($0) }
    }

    /// A lock beside the files: programs that use the same files may have other folders of locks, as one that was started
    /// without `XDG_RUNTIME_DIR`.
    package func sharedLock(
        on key: CredentialKey, command: String, timeout: Double, stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> (any SharedLock)? {
        // Before the first save there is nothing to refresh.
        guard try await isThere() else { return nil }
        return try await OmlxError.asWriting {
            try await CredentialLock.acquireShared(
                key, store: "files", in: locksFolder, command: command, timeout: timeout, now: now, stuck: stuck)
        }
    }

    func keepingStill() async throws -> (any SharedLock)? {
        try await CredentialLock.acquireMigration(in: locksFolder, now: now)
    }

    private var locksFolder: String { "\(folder)/\(Self.locksName)" }

    /// The disk may be slow, a password takes half a second to make a key of: beside the cooperative pool. What goes on there
    /// is not cut off when the caller is cancelled.
    private func onDisk<Value: Sendable, Failure: Error>(
        _ work: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        try await OwnThread.run("omlx-files", work)
    }

    private func isThere() async throws(OmlxError) -> Bool {
        if try PrivateFolder.isAbsent(folder) { return false }
        return try await onDisk { () throws(OmlxError) in try PrivateFolder.open(folder, creating: false) != nil }
    }

    /// Works in the folder with its data key; `nil` where there is none.
    private func inFolder<Value: Sendable>(
        _ work: @escaping @Sendable (borrowing PrivateFolder, DataKey) throws(OmlxError) -> Value?
    ) async throws(OmlxError) -> Value? {
        if try PrivateFolder.isAbsent(folder) { return nil }
        return try await onDisk { () throws(OmlxError) in
            guard let opened = try PrivateFolder.open(folder, creating: false), let key = try keyring.key(in: opened)
            else { return nil }
            return try work(opened, key)
        }
    }

    /// Works in the folder, which is made where it is missing.
    private func inMadeFolder<Value: Sendable>(
        _ work: @escaping @Sendable (borrowing PrivateFolder) throws(OmlxError) -> Value
    ) async throws(OmlxError) -> Value {
        try await onDisk { () throws(OmlxError) in
            guard let opened = try PrivateFolder.open(folder, creating: true) else {
                throw OmlxError(.storeWriteFailed, "\(folder) was removed meanwhile")
            }
            return try work(opened)
        }
    }
}

extension EncryptedFileStore {
    func record<Record: StoredRecord>(for key: Record.Key) async throws -> Record? {
        let name = try Record.recordName(key)
        return try await inFolder { (folder, dataKey) throws(OmlxError) in try Self.read(name, in: folder, dataKey) }
    }

    private static func read<Record: StoredRecord>(
        _ name: String, in folder: borrowing PrivateFolder, _ dataKey: DataKey
    ) throws(OmlxError) -> Record? {
        guard let (bytes, _) = try folder.read(name) else { return nil }
        let path = folder.path(of: name)
        let text = try RecordFile.open(bytes, kind: Record.kind, name: name, path: path, key: dataKey)
        let record: Record = try parse(text, path)
        guard try Record.recordName(record.key) == name else { throw .damaged(path, "holds another server's record") }
        return record
    }

    /// As `StoredRecord.parse`, naming the file.
    private static func parse<Record: StoredRecord>(_ text: Secret, _ path: String) throws(OmlxError) -> Record {
        do {
            return try Record.parse(text)
        } catch {
            throw error.code == .storeVersion ? .newerVersion(path) : .damaged(path, "is damaged: \(error.message)")
        }
    }

    func save<Record: StoredRecord>(
        record: Record, _ expected: ExpectedRecord, _ replacesDamaged: Bool, _ succession: Succession
    ) async throws -> Record {
        let name = try Record.recordName(record.key)
        // What is wrong with the folder is said before what is wrong with its locks.
        try await inMadeFolder { _ in }
        let lock = try await lock(name)
        defer { lock.release() }
        return try await inMadeFolder { (folder) throws(OmlxError) in
            try saved(record, name, in: folder, expected, replacesDamaged, succession)
        }
    }

    private func saved<Record: StoredRecord>(
        _ record: Record, _ name: String, in folder: borrowing PrivateFolder, _ expected: ExpectedRecord,
        _ replacesDamaged: Bool, _ succession: Succession
    ) throws(OmlxError) -> Record {
        let dataKey = try keyring.keyForWriting(in: folder)
        if keyring.isFirstSave() {
            try folder.removeTemporaryFiles(changedBefore: now().addingTimeInterval(-Self.temporaryLife))
        }
        let existing: Record?
        do {
            existing = try Self.read(name, in: folder, dataKey)
        } catch {
            guard replacesDamaged, expected == .any, error.isAboutContent else { throw error }
            _ = try folder.keepDamaged(name)
            existing = nil
        }
        try expected.check(existing?.generation, of: record.key)
        if let existing, succession.keeps(existing, against: record) { return existing }
        let text = try succession.record(record, after: existing, now: now()).serialized()
        // Before the old record goes: what was made of the new one must be readable.
        guard let saved = try? Record.parse(text), try Record.recordName(saved.key) == name else {
            throw OmlxError(.storeWriteFailed, "the record for \(record.key) has a value that cannot be stored")
        }
        let file = try RecordFile.seal(text, kind: Record.kind, name: name, key: dataKey)
        try folder.replace(name, with: file, temporaryName: try temporaryName())
        return saved
    }

    func remove<Record: StoredRecord>(
        _: Record.Type, _ key: Record.Key, _ expected: ExpectedRecord
    ) async throws -> Int {
        let name = try Record.recordName(key)
        guard try await inFolder({ (_, _) in true }) != nil else {
            try expected.check(nil, of: key)
            return 0
        }
        let lock = try await lock(name)
        defer { lock.release() }
        _ = try await inFolder { (folder, dataKey) throws(OmlxError) -> Bool? in
            let existing: Record? = try Self.read(name, in: folder, dataKey)
            try expected.check(existing?.generation, of: key)
            if existing != nil { try folder.remove(name) }
            return true
        }
        return 0
    }

    func discard(_ damaged: DamagedRecord) async throws -> String {
        let name = String(damaged.name.split(separator: "/").last ?? "")
        guard let kind = RecordKind.allCases.first(where: { $0.owns(name) }), damaged.name == "\(folder)/\(name)"
        else { throw damaged.error }
        let lock = try await lock(name)
        defer { lock.release() }
        let kept = try await inFolder { (folder, dataKey) throws(OmlxError) -> String? in
            do throws(OmlxError) {
                switch kind {
                case .credential: let _: Credential? = try Self.read(name, in: folder, dataKey)
                case .registration: let _: ClientRegistration? = try Self.read(name, in: folder, dataKey)
                }
            } catch {
                guard error.code == .storeDamaged || error.code == .storeForeign else { throw error }
                let kept = try folder.keepDamaged(name)
                try folder.remove(name)
                return "moved aside to \(kept)"
            }
            throw OmlxError(.storeConflict, "\(damaged.name) can be used by now")
        }
        guard let kept else { throw damaged.error }
        return kept
    }

    func listing<Record: StoredRecord>() async throws -> StoreListing<Record> {
        let listing = try await inFolder { (folder, dataKey) throws(OmlxError) -> StoreListing<Record>? in
            var listing = StoreListing<Record>()
            for name in try folder.names() where Record.kind.owns(name) {
                do throws(OmlxError) {
                    // A record removed since the names were read is none.
                    if let record: Record = try Self.read(name, in: folder, dataKey) { listing.records.append(record) }
                } catch {
                    listing.damaged.append(DamagedRecord(name: folder.path(of: name), error: error))
                }
            }
            return listing
        }
        return listing ?? StoreListing()
    }

    package func tryWriting() async throws {
        // Before the first save there is nothing.
        guard try await isThere() else { return }
        let lock = try await lock("credential-00")
        defer { lock.release() }
        try await inMadeFolder { (folder) throws(OmlxError) in
            try folder.tryWriting(temporaryName: try temporaryName())
        }
    }

    /// Also before the first save, when nothing is there: by a file beside where it will be.
    package func tryKeeping() async throws {
        try await onDisk { () throws(OmlxError) in
            try FolderProbe.tryWriting(at: folder)
            _ = try PrivateFolder.open(folder, creating: false)
        }
    }

    /// The turn of a writer of this record.
    private func lock(_ recordName: String) async throws -> CredentialLock {
        try await OmlxError.asWriting {
            try await CredentialLock.acquireForWriting(
                recordName, store: "write", in: locksFolder, timeout: lockTimeout, now: now)
        }
    }
}
