// The status database: opened quickly for reading, carefully for writing, never the home of a secret.

import FoundationEssentials
import GRDB
import Glibc
import OmlxErrors
import OmlxSystem

/// What omlx remembers about servers between two commands: the three answers, the public part of sign-ins, tool lists,
/// the event log, fetched documents. One SQLite file, shared by all processes of a user. Deleting it loses no sign-in.
///
/// SQLite blocks, and waits for other processes. So the file is opened, read and written on threads beside the cooperative
/// pool, and the caller waits for that; a cancelled one too, for a process that ends still writes what it knows.
public final class StatusDatabase: Sendable {
    /// How a database is opened.
    public enum Mode: Sendable, Hashable {
        /// Nothing is made: no file reads as an empty database, and writing is an error. Works in a read-only folder.
        case readIfExists
        /// The folder (0700) and the file (0600) are made when missing, and the schema brought up to date.
        case readWrite
    }

    /// The file.
    public let path: String
    /// `nil` when there is nothing to read.
    let queue: DatabaseQueue?
    private let mode: Mode

    private init(path: String, queue: DatabaseQueue?, mode: Mode) {
        self.path = path
        self.queue = queue
        self.mode = mode
    }

    /// Whether there is anything to read.
    public var exists: Bool { queue != nil }

    /// Opens the database.
    /// - Parameters:
    ///   - path: The file, such as `$XDG_STATE_HOME/omlx/status.sqlite`.
    ///   - mode: Whether it may be made and written to.
    /// - Throws: `DATABASE_UNAVAILABLE` when the file is damaged, foreign, newer than this omlx, or out of reach. The
    ///   file is left as it is.
    public static func open(path: String, mode: Mode) async throws(OmlxError) -> StatusDatabase {
        try await OwnThread.run("omlx-status") { () throws(OmlxError) in
            do {
                return switch mode {
                case .readIfExists: try openForReading(path)
                case .readWrite: try openForWriting(path)
                }
            } catch {
                throw DatabaseFailure.judging(error, path: path)
            }
        }
    }

    private static func openForReading(_ path: String) throws -> StatusDatabase {
        guard try StateFolder.judge(path) else { return StatusDatabase(path: path, queue: nil, mode: .readIfExists) }
        var status = stat()
        guard stat(path, &status) == 0 else { throw DatabaseFailure.system(path, errno) }
        if status.st_size == 0 { return StatusDatabase(path: path, queue: nil, mode: .readIfExists) }
        do {
            return try reading(path, location: path)
        } catch let error as DatabaseError where error.isFolderReadOnly {
            // SQLite needs a file beside a WAL database even to read it, unless it may take the file as unchanging.
            return try reading(path, location: DatabaseSchema.unchangingLocation(of: path))
        }
    }

    private static func reading(_ path: String, location: String) throws -> StatusDatabase {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(1)
        let queue = try DatabaseQueue(path: location, configuration: configuration)
        let age = try queue.read { try DatabaseSchema.age(of: $0, path: path) }
        switch age {
        case .current: return StatusDatabase(path: path, queue: queue, mode: .readIfExists)
        case .empty: return StatusDatabase(path: path, queue: nil, mode: .readIfExists)
        case .older:
            let upgraded = try openForWriting(path)
            return StatusDatabase(path: path, queue: upgraded.queue, mode: .readIfExists)
        }
    }

    private static func openForWriting(_ path: String) throws -> StatusDatabase {
        let folder = try StateFolder(holding: path)
        // Two processes that make the file at once would collide in the first migration.
        return try folder.withLock {
            try folder.createFile(path)
            var configuration = Configuration()
            configuration.foreignKeysEnabled = false
            configuration.busyMode = .timeout(5)
            configuration.journalMode = .wal
            // Runs before GRDB switches the journal mode, so a foreign database is not written to.
            configuration.prepareDatabase { _ = try DatabaseSchema.age(of: $0, path: path) }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            if try queue.read({ try DatabaseSchema.age(of: $0, path: path) }) != .current {
                try DatabaseSchema.migrator.migrate(queue)
            }
            return StatusDatabase(path: path, queue: queue, mode: .readWrite)
        }
    }

    // MARK: reading and writing

    /// Runs a reading block; `nothing` is the answer of a database that does not exist.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    func read<Value: Sendable>(
        or nothing: Value, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(OmlxError) -> Value {
        guard let queue else { return nothing }
        return try await aside { try queue.read(body) }
    }

    /// Runs a writing block in one transaction that excludes every other writer from its start, so that what it reads
    /// is what it changes.
    /// - Throws: `DATABASE_UNAVAILABLE`; nothing was changed then.
    @discardableResult
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(OmlxError) -> Value {
        let queue = try writable()
        return try await aside { try queue.writeWithoutTransaction { try Self.inTransaction($0, body) } }
    }

    /// Writes on a thread of its own, for those that cannot wait; what keeps it from being written is not told.
    func writeAside(_ body: @escaping @Sendable (Database) throws -> Void) {
        guard let queue = try? writable() else { return }
        _ = OwnThread.start("omlx-status") { try? queue.writeWithoutTransaction { try Self.inTransaction($0, body) } }
    }

    private func writable() throws(OmlxError) -> DatabaseQueue {
        guard let queue, mode == .readWrite else {
            throw OmlxError(.databaseUnavailable, "the status database \(path) was opened for reading only")
        }
        return queue
    }

    private static func inTransaction<Value>(
        _ database: Database, _ body: (Database) throws -> Value
    ) throws -> Value {
        var value: Value?
        try database.inTransaction(.immediate) {
            value = try body(database)
            return .commit
        }
        guard let value else { throw DatabaseError(resultCode: .SQLITE_ABORT) }
        return value
    }

    /// On the thread that opened it, where that one still waits: GRDB's own asynchronous calls would begin a further one, which
    /// is a tenth of what a command that only looks costs.
    private func aside<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws(OmlxError) -> Value
    {
        let path = path
        return try await OwnThread.run("omlx-status") { () throws(OmlxError) in
            do { return try work() } catch { throw DatabaseFailure.judging(error, path: path) }
        }
    }
}
