// The folder of keys and sessions: files for their owner alone, replaced as a whole.

import Glibc
import OmlxErrors
import OmlxMCPHost
import OmlxSystem

/// The folder `access` beside the status database. What is in it decides who is let in, so it is judged as a credential store is.
package final class AccessFolder: Sendable {
    private static let lockName = "lock"
    private let folder: PrivateFolder

    private init(_ folder: consuming PrivateFolder) { self.folder = folder }

    /// Opens the folder, making it when it is missing.
    /// - Throws: `STORE_PERMISSIONS`, `STORE_UNREADABLE`, `STORE_WRITE_FAILED`.
    package static func open(_ path: String) async throws(OmlxError) -> AccessFolder {
        try await OwnThread.run("omlx-access") { () throws(OmlxError) in
            guard let folder = try PrivateFolder.open(path, creating: true) else {
                throw OmlxError(.storeUnreadable, "\(path) was taken away while it was opened")
            }
            return AccessFolder(folder)
        }
    }

    /// The path of a file in it.
    package func path(of name: String) -> String { folder.path(of: name) }

    /// What a file is now: a glance that waits for nothing.
    func identity(of name: String) -> FileIdentity? { folder.identity(of: name) }

    /// The bytes of a file; `nil` when there is none.
    /// - Throws: `STORE_PERMISSIONS`, `STORE_FOREIGN`, `STORE_UNREADABLE`.
    func read(_ name: String) async throws(OmlxError) -> (bytes: [UInt8], identity: FileIdentity)? {
        try await OwnThread.run("omlx-access") { () throws(OmlxError) in try self.folder.read(name) }
    }

    /// Makes a file that is not there yet.
    /// - Throws: `STORE_WRITE_FAILED`.
    func create(_ name: String, with bytes: [UInt8]) async throws(OmlxError) {
        try await OwnThread.run("omlx-access") { () throws(OmlxError) in
            _ = try self.folder.create(name, with: bytes, temporaryName: Self.temporaryName(name))
        }
    }

    /// Puts these bytes in the place of a file.
    /// - Throws: `STORE_WRITE_FAILED`.
    func replace(_ name: String, with bytes: [UInt8]) async throws(OmlxError) {
        try await OwnThread.run("omlx-access") { () throws(OmlxError) in
            try self.folder.replace(name, with: bytes, temporaryName: Self.temporaryName(name))
        }
    }

    /// Changes a file while no other process changes one here.
    /// - Parameter change: from the bytes there are to the new ones; `nil` to leave the file as it is.
    /// - Throws: what reading and writing throw, and what the change throws.
    func update(
        _ name: String, _ change: @escaping @Sendable ([UInt8]?) throws(OmlxError) -> [UInt8]?
    ) async throws(OmlxError) {
        try await OwnThread.run("omlx-access") { () throws(OmlxError) in
            let lock = try self.folder.openLockFile(Self.lockName)
            // Held for a read and a write: there is nothing to give up for.
            while flock(lock.number, LOCK_EX) != 0, errno == EINTR {}
            guard let bytes = try change(try self.folder.read(name)?.bytes) else { return }
            try self.folder.replace(name, with: bytes, temporaryName: Self.temporaryName(name))
        }
    }

    private static func temporaryName(_ name: String) -> String {
        "\(PrivateFolder.temporaryPrefix)\(name)-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    }
}

extension HostPaths {
    /// The folder of the status database, and what is beside it.
    package var state: String { database.lastIndex(of: "/").map { String(database[..<$0]) } ?? "." }
    /// Keys and sessions of the host that stays up.
    package var access: String { state + "/access" }
}
