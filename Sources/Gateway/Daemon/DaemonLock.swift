// One host of a user stays up, and a second one learns which.

import Glibc
import OmlxErrors
import OmlxJSON
import OmlxSystem
import Synchronization

/// The lock of the host that stays up: the kernel's (flock(2)), so that it ends with the process, however that ends.
package final class DaemonLock: Sendable {
    /// Who has it, as it wrote into the lock's file.
    package struct Holder: Sendable, Hashable, Codable {
        /// The process.
        package var process: Int32
        /// Where it serves.
        package var addresses: [String]
    }

    private static let fileName = "host.lock"
    private static let greatestSize = 4096
    private let file: OwnedDescriptor

    private init(_ file: consuming OwnedDescriptor) { self.file = file }

    /// Takes the lock for the life of what is returned.
    /// - Parameter folder: made for its owner alone when it is missing.
    /// - Throws: `OmlxError` with `SERVE_ALREADY_RUNNING` that says who has it, and what stands against the folder.
    package static func take(in folder: String) throws(OmlxError) -> DaemonLock {
        while true {
            guard let opened = try PrivateFolder.open(folder, strictness: .lock, creating: true) else { continue }
            let file = try opened.openLockFile(fileName)
            guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
                if errno == EINTR { continue }
                throw alreadyRunning(read(file))
            }
            // A lock on a file that was removed meanwhile keeps no other one out.
            var status = stat()
            guard fstat(file.number, &status) == 0,
                let current = opened.identity(of: fileName), current.isSameFile(as: FileIdentity(status))
            else { continue }
            let lock = DaemonLock(file)
            lock.note([])
            return lock
        }
    }

    /// Says where the host serves, for a second one.
    package func note(_ addresses: [String]) {
        guard let form = try? JSON(encoding: Holder(process: getpid(), addresses: addresses)) else { return }
        // A courtesy: the lock holds without it, also on a full disk.
        _ = ftruncate(file.number, 0)
        _ = form.bytes().withUnsafeBytes { pwrite(file.number, $0.baseAddress, $0.count, 0) }
    }

    private static func read(_ file: borrowing OwnedDescriptor) -> Holder? {
        var bytes = [UInt8](repeating: 0, count: greatestSize)
        let count = pread(file.number, &bytes, bytes.count, 0)
        guard count > 0, let form = try? JSON(parsing: Array(bytes[..<count])) else { return nil }
        return try? form.decoded(as: Holder.self)
    }

    private static func alreadyRunning(_ holder: Holder?) -> OmlxError {
        let process = holder.map { ": process \($0.process)" } ?? ""
        let places = (holder?.addresses ?? []).map { OmlxError.shown($0) }.joined(separator: " and ")
        return OmlxError(
            .serveAlreadyRunning, "a host of yours runs already\(process)\(places.isEmpty ? "" : ", at \(places)")",
            nextStep: holder.map { "use that one, or end it first: kill \($0.process)" } ?? "use that one")
    }
}
