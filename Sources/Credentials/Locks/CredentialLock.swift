// The lock of one credential, held across a whole refresh: a kernel lock on a file of its own.

import OmlxErrors
import OmlxSystem
import FoundationEssentials
import Glibc
import Synchronization

/// An exclusive lock between tasks and processes, by name. The kernel frees it when the holder dies.
///
/// Lock files stay when the lock is released. Removing one would let two holders in: one that waits on the removed
/// file, and one that makes a new file under the same name. They are empty but while held, and few: one per credential.
package final class CredentialLock: Sendable {
    /// Who holds a lock, as it wrote into the lock file.
    struct Holder: Sendable, Hashable {
        var processID: String
        var command: String
        var since: String
    }

    private static let firstPause = 0.002
    private static let longestPause = 0.05
    /// The lock that is held as long as records are moved from store to store.
    static let migrationName = "migration"
    /// From when on a holder is named, in seconds.
    static let stuckAfter = 10.0

    /// The lock file's path.
    package let path: String
    // Closing the descriptor frees the lock.
    private let descriptor: Mutex<OwnedDescriptor?>

    private init(path: String, descriptor: consuming OwnedDescriptor) {
        self.path = path
        self.descriptor = Mutex(descriptor)
    }

    /// Waits for the lock.
    /// - Parameters:
    ///   - name: The lock's name: a key's `recordName()`. It becomes the file name with `.lock` appended.
    ///   - folder: The folder of the lock files; made for the owner alone when it is missing.
    ///   - command: What the holder is doing, such as `login`, for those that wait in vain; no secret.
    ///   - timeout: How long to wait, in seconds.
    ///   - now: The clock, for `since` in the holder's text.
    ///   - stuck: Told once, after 10 s of waiting, who holds the lock, as the error would say it.
    /// - Throws: `STORE_LOCK_TIMEOUT` naming the holder's process id, command and since when; `STORE_LOCK_FAILED`;
    ///   `STORE_PERMISSIONS`; `CancellationError` when the task is cancelled while it waits.
    package static func acquire(
        _ name: String, in folder: String, command: String, timeout: Double = 10,
        now: @Sendable () -> Date = { Date() }, stuck: (@Sendable (OmlxError) -> Void)? = nil
    ) async throws -> CredentialLock {
        try await acquire(
            name, in: folder, command: command, timeout: timeout, now: now, stuckAfter: stuckAfter, stuck: stuck)
    }

    static func acquire(
        _ name: String, in folder: String, command: String, timeout: Double,
        now: @Sendable () -> Date = { Date() }, stuckAfter: Double, stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> CredentialLock {
        let clock = ContinuousClock()
        let start = clock.now
        let deadline = start.advanced(by: .seconds(max(0, timeout)))
        var stuck = stuck
        var pause = firstPause
        while true {
            try Task.checkCancellation()
            let holder = Holder(processID: String(getpid()), command: command, since: now().formatted(.iso8601))
            let taken = try await OwnThread.run("omlx-locks") { () throws(OmlxError) in
                let lock = try attempt(name, in: folder)
                lock?.write(holder)
                return lock
            }
            if let taken { return taken }
            guard clock.now < deadline else { throw timeoutError(name, in: folder, timeout) }
            if clock.now >= start.advanced(by: .seconds(stuckAfter)) {
                stuck?(timeoutError(name, in: folder, stuckAfter))
                stuck = nil
            }
            // Jitter, so that many that wait do not ask in step.
            try await Task.sleep(for: .seconds(pause * Double.random(in: 0.5...1)))
            pause = min(pause * 2, longestPause)
        }
    }

    /// Waits for the turn to write a record, where a store has no check-and-set of its own. 256 lock files serve all
    /// records of a store: they stay for ever, so there must be few, and a write is short enough that two records may wait
    /// for each other.
    static func acquireForWriting(
        _ recordName: String, store: String, in folder: String, timeout: Double, now: @Sendable () -> Date
    ) async throws -> CredentialLock {
        let digest = recordName.drop { $0 != "-" }.dropFirst()
        return try await acquire(
            "\(store)-\(digest.prefix(2))", in: folder, command: "writing a credential", timeout: timeout, now: now)
    }

    /// The lock that a move of records from store to store holds, if it is free now.
    static func acquireMigration(in folder: String, now: @Sendable () -> Date) async throws -> CredentialLock? {
        do {
            return try await acquire(
                migrationName, in: folder, command: "signing out", timeout: 0, now: now)
        } catch let error as OmlxError where error.code == .storeLockTimeout {
            return nil
        }
    }

    /// Waits for the lock all who use a store have in common, whose name is none that a lock of one program has, or one of
    /// another store.
    static func acquireShared(
        _ key: CredentialKey, store: String, in folder: String, command: String, timeout: Double,
        now: @Sendable () -> Date,
        stuck: (@Sendable (OmlxError) -> Void)?
    ) async throws -> CredentialLock {
        try await acquire(
            "\(store)-\(key.recordName())", in: folder, command: command, timeout: timeout, now: now, stuck: stuck)
    }

    /// Frees the lock. Doing so twice, or letting the last reference go, is the same.
    package func release() {
        descriptor.withLock { descriptor in
            if let descriptor {
                _ = ftruncate(descriptor.number, 0)
                // Closing it alone would leave the lock with a child process that is just being started, until that has its program.
                _ = flock(descriptor.number, LOCK_UN)
            }
            descriptor = nil
        }
    }

    deinit { release() }

    /// The lock if it is free now.
    private static func attempt(_ name: String, in folderPath: String) throws(OmlxError) -> CredentialLock? {
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else {
            throw .lockFailed(name, "it has no name fit for a file")
        }
        let folder = try openFolder(folderPath)
        let fileName = name + ".lock"
        while true {
            let file = try folder.openLockFile(fileName)
            guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
                switch errno {
                case EWOULDBLOCK: return nil
                case EINTR: continue
                default: throw .lockFailed(folder.path(of: fileName), String(cString: strerror(errno)))
                }
            }
            // A lock on a file that was removed meanwhile keeps no other holder out.
            var status = stat()
            guard fstat(file.number, &status) == 0,
                let current = folder.identity(of: fileName), current.isSameFile(as: FileIdentity(status))
            else { continue }
            return CredentialLock(path: folder.path(of: fileName), descriptor: file)
        }
    }

    private static func openFolder(_ path: String) throws(OmlxError) -> PrivateFolder {
        do {
            if let folder = try PrivateFolder.open(path, strictness: .lock, creating: true) { return folder }
        } catch {
            guard error.code == .storePermissions else { throw .lockFailed(path, error.message) }
            throw error
        }
        throw .lockFailed(path, "the folder was removed meanwhile")
    }
}

extension CredentialLock: SharedLock {}

// MARK: the holder's text
extension CredentialLock {
    private static let greatestHolderCount = 512

    private func write(_ holder: Holder) {
        let lines = [holder.processID, OmlxError.shown(holder.command, limit: 200), holder.since]
        let text = Array(lines.joined(separator: "\n").utf8)
        descriptor.withLock { descriptor in
            guard let number = descriptor?.number else { return }
            // Only a courtesy to those that wait: the lock holds without it, also on a full disk.
            _ = ftruncate(number, 0)
            _ = text.withUnsafeBytes { pwrite(number, $0.baseAddress, $0.count, 0) }
        }
    }

    /// Who holds a lock now, for people; `nil` when it is free. Makes no file.
    package static func holderText(of name: String, in folder: String) -> String? {
        let number = open("\(folder)/\(name).lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { return nil }
        defer { close(number) }
        // One that wants the lock in this very moment finds it taken, and tries again.
        guard flock(number, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return nil }
        guard let holder = holder(of: name, in: folder) else { return "another program" }
        return "process \(holder.processID) (\(holder.command)) since \(holder.since)"
    }

    static func holder(of name: String, in folder: String) -> Holder? {
        guard let folder = try? openFolder(folder), let file = try? folder.openLockFile(name + ".lock") else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: greatestHolderCount)
        let number = file.number
        let count = bytes.withUnsafeMutableBytes { pread(number, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map {
            OmlxError.shown(String($0))
        }
        guard lines.count == 3 else { return nil }
        return Holder(processID: lines[0], command: lines[1], since: lines[2])
    }

    private static func timeoutError(_ name: String, in folder: String, _ timeout: Double) -> OmlxError {
        let path = "\(folder)/\(name).lock"
        guard let holder = holder(of: name, in: folder) else {
            return OmlxError(
                .storeLockTimeout, "another program has held \(path) for more than \(Int(timeout)) s",
                nextStep: "fuser -v \(path.shellWord)")
        }
        return OmlxError(
            .storeLockTimeout,
            "process \(holder.processID) (\(holder.command)) has held a credential's lock since \(holder.since)",
            compared: [
                .init("pid", holder.processID), .init("command", holder.command), .init("since", holder.since),
                .init("lock", path),
            ],
            nextStep: "ps -fp \(holder.processID)")
    }
}
