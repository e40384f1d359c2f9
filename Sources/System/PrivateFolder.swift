// A folder only its owner can look into: every file operation of the stores and locks, relative to its descriptor.

import FoundationEssentials
import Glibc
import OmlxErrors

/// An open folder of a store or of locks. All names are relative to it, so that it cannot be swapped between two steps.
package struct PrivateFolder: ~Copyable, Sendable {
    /// More than any record needs; a larger file is not read.
    package static let greatestFileSize = 1 << 20

    package let path: String
    private let descriptor: OwnedDescriptor

    /// What a file has to be like.
    package enum Strictness {
        /// No other user may read, write or search it.
        case secret
        /// No other user may write to it: for lock files, which hold no secret.
        case lock

        var forbiddenMode: mode_t { self == .secret ? 0o077 : 0o022 }
    }

    /// Opens the folder; `nil` when it does not exist and is not to be made.
    /// - Throws: `STORE_PERMISSIONS`, `STORE_UNREADABLE`, and `STORE_WRITE_FAILED` when it cannot be made.
    package static func open(
        _ path: String, strictness: Strictness = .secret, creating creates: Bool
    ) throws(OmlxError) -> PrivateFolder? {
        if creates { try create(path) }
        guard let descriptor = OwnedDescriptor(Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else {
            guard errno == ENOENT else { throw .unreadable(path, errno) }
            if let fault = PrivacyFault(leadingNowhere: path) {
                throw OmlxError(.storeUnreadable, fault.message, nextStep: fault.nextStep)
            }
            return nil
        }
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else { throw .unreadable(path, errno) }
        try checkOwnership(status, path, strictness)
        return PrivateFolder(path: path, descriptor: descriptor)
    }

    /// Whether there is nothing at the path: a glance, which costs no thread of its own. What `open` throws then is thrown.
    package static func isAbsent(_ path: String) throws(OmlxError) -> Bool {
        var status = stat()
        guard lstat(path, &status) != 0, errno == ENOENT else { return false }
        return try open(path, creating: false) == nil
    }

    private init(path: String, descriptor: consuming OwnedDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Makes the folder and those above it that are missing, each for the owner alone.
    private static func create(_ path: String) throws(OmlxError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        let failure = errno
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
        guard failure == ENOENT, !parent.isEmpty else { throw .writeFailed(path, failure) }
        try create(parent)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .writeFailed(path, errno) }
    }

    /// The path of a file in the folder, for messages.
    package func path(of name: String) -> String { "\(path)/\(name)" }

    fileprivate static func checkOwnership(_ status: stat, _ path: String, _ strictness: Strictness) throws(OmlxError) {
        guard let fault = PrivacyFault(status, path, forbidding: strictness.forbiddenMode) else { return }
        throw OmlxError(.storePermissions, fault.message, compared: fault.compared, nextStep: fault.nextStep)
    }

    // MARK: reading

    /// The bytes of a file, or `nil` when there is none.
    /// - Throws: `STORE_PERMISSIONS`, `STORE_FOREIGN` for what is no regular file or too large, `STORE_UNREADABLE`.
    package func read(_ name: String) throws(OmlxError) -> (bytes: [UInt8], identity: FileIdentity)? {
        // O_NONBLOCK: a pipe put in the file's place must not make us wait.
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        guard let file = OwnedDescriptor(openat(descriptor.number, name, flags)) else {
            switch errno {
            case ENOENT: return nil
            case ELOOP: throw .foreign(path(of: name), "is a symbolic link, which is not followed")
            default: throw .unreadable(path(of: name), errno)
            }
        }
        var status = stat()
        guard fstat(file.number, &status) == 0 else { throw .unreadable(path(of: name), errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .foreign(path(of: name), "is no regular file") }
        try Self.checkOwnership(status, path(of: name), .secret)
        guard status.st_size <= Self.greatestFileSize else { throw .foreign(path(of: name), "is too large") }
        return (try readAll(file, name, Int(status.st_size)), FileIdentity(status))
    }

    /// In one buffer, so that reading leaves no copy of a secret behind.
    private func readAll(_ file: borrowing OwnedDescriptor, _ name: String, _ size: Int) throws(OmlxError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size + 1)
        var count = 0
        while count < bytes.count {
            let (number, room) = (file.number, bytes.count - count)
            let got = bytes.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress.map { $0 + count }, room) }
            if got == 0 { break }
            guard got > 0 || errno == EINTR else { throw .unreadable(path(of: name), errno) }
            count += max(got, 0)
        }
        // Files are replaced, never added to.
        guard count <= size else { throw .foreign(path(of: name), "grows while it is read") }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// What a file is now, without opening it; `nil` when there is none.
    package func identity(of name: String) -> FileIdentity? {
        var status = stat()
        guard fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return FileIdentity(status)
    }

    /// The names in the folder.
    /// - Throws: `STORE_UNREADABLE`.
    package func names() throws(OmlxError) -> [String] {
        let number = openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0, let stream = fdopendir(number) else {
            let failure = errno
            if number >= 0 { close(number) }
            throw .unreadable(path, failure)
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let start = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            names.append(String(cString: start))
            errno = 0
        }
        guard errno == 0 else { throw .unreadable(path, errno) }
        return names
    }
}

/// What tells one file from another, and from itself after a change.
package struct FileIdentity: Sendable, Hashable {
    private let device: UInt64
    private let inode: UInt64
    private let changedSeconds: Int
    private let changedNanoseconds: Int
    /// When the content last changed.
    package let modified: Date

    package init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        changedSeconds = status.st_ctim.tv_sec
        changedNanoseconds = status.st_ctim.tv_nsec
        modified = Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec))
    }

    /// Whether both are the same file, changed or not.
    package func isSameFile(as other: FileIdentity) -> Bool { device == other.device && inode == other.inode }
}

// MARK: writing
extension PrivateFolder {
    /// Files under construction begin with this.
    package static let temporaryPrefix = ".new-"

    /// Puts the bytes in the place of the file so that at any moment, also after a power cut, the old bytes or the new
    /// are there whole: temporary file, fsync, rename, fsync of the folder; then reads them back.
    /// - Throws: `STORE_WRITE_FAILED`; the old file is untouched and no temporary file left.
    package func replace(_ name: String, with bytes: [UInt8], temporaryName: String) throws(OmlxError) {
        do throws(SystemError) {
            try SafeWrite.replace(name, in: descriptor.number, with: bytes, temporaryName: temporaryName)
        } catch {
            throw .writeFailed(path(of: name), error.number)
        }
        try synchronize(name)
        guard try read(name)?.bytes == bytes else {
            throw OmlxError(.storeWriteFailed, "\(path(of: name)) reads back differently from what was written")
        }
    }

    /// Puts the bytes in a file that must not exist yet.
    /// - Returns: Whether this call made the file; `false` when another one was first, whose file stays.
    /// - Throws: `STORE_WRITE_FAILED`; no temporary file is left.
    package func create(_ name: String, with bytes: [UInt8], temporaryName: String) throws(OmlxError) -> Bool {
        try writeTemporary(temporaryName, bytes, for: name)
        let outcome = linkat(descriptor.number, temporaryName, descriptor.number, name, 0)
        let failure = errno
        unlinkat(descriptor.number, temporaryName, 0)
        if outcome != 0 {
            guard failure == EEXIST else { throw .writeFailed(path(of: name), failure) }
            return false
        }
        try synchronize(name)
        return true
    }

    /// Writes a file and removes it.
    /// - Throws: `STORE_WRITE_FAILED`; no file is left.
    package func tryWriting(temporaryName: String) throws(OmlxError) {
        try writeTemporary(temporaryName, [UInt8](repeating: 0, count: 4096), for: temporaryName)
        try remove(temporaryName)
    }

    private func writeTemporary(_ temporaryName: String, _ bytes: [UInt8], for name: String) throws(OmlxError) {
        do throws(SystemError) {
            try SafeWrite.create(temporaryName, in: descriptor.number, bytes)
        } catch {
            throw .writeFailed(path(of: name), error.number)
        }
    }

    /// Moves a file that cannot be used to the first free name `….damaged-N`. It stays in its place too until it is
    /// replaced, so that it is never gone.
    /// - Returns: The path of the file kept.
    /// - Throws: `STORE_WRITE_FAILED`.
    package func keepDamaged(_ name: String) throws(OmlxError) -> String {
        for number in 1...9999 {
            let kept = "\(name).damaged-\(number)"
            if linkat(descriptor.number, name, descriptor.number, kept, 0) == 0 {
                try synchronize(kept)
                return path(of: kept)
            }
            guard errno == EEXIST else { throw .writeFailed(path(of: kept), errno) }
        }
        throw .writeFailed(path(of: name), EEXIST)
    }

    /// Removes a file. That it is gone already is no error.
    /// - Throws: `STORE_WRITE_FAILED`.
    package func remove(_ name: String) throws(OmlxError) {
        guard unlinkat(descriptor.number, name, 0) == 0 || errno == ENOENT else {
            throw .writeFailed(path(of: name), errno)
        }
        try synchronize(name)
    }

    /// Removes the temporary files of writers that were killed.
    package func removeTemporaryFiles(changedBefore time: Date) throws(OmlxError) {
        for name in try names() where name.hasPrefix(Self.temporaryPrefix) {
            guard let identity = identity(of: name), identity.modified < time else { continue }
            unlinkat(descriptor.number, name, 0)
        }
    }

    private func synchronize(_ name: String) throws(OmlxError) {
        do throws(SystemError) {
            try SafeWrite.synchronize(folder: descriptor.number)
        } catch {
            throw .writeFailed(path(of: name), error.number)
        }
    }

    /// Opens a lock file, making it when it is missing.
    /// - Throws: `STORE_LOCK_FAILED`, `STORE_PERMISSIONS`.
    package func openLockFile(_ name: String) throws(OmlxError) -> OwnedDescriptor {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        guard let file = OwnedDescriptor(openat(descriptor.number, name, flags, 0o600)) else {
            throw .lockFailed(path(of: name), String(cString: strerror(errno)))
        }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .lockFailed(path(of: name), "it is no regular file")
        }
        try Self.checkOwnership(status, path(of: name), .lock)
        return file
    }
}
