// Puts bytes into files so that they are there whole or not at all.

import Glibc

/// What the system answered instead of doing what was asked.
package struct SystemError: Error, Sendable, Hashable {
    /// The number (errno(3)).
    package let number: Int32

    package init(_ number: Int32) { self.number = number }

    /// The system's words for it.
    package var text: String { String(cString: strerror(number)) }
}

/// Writes files. Names are relative to an open folder, so that none can be swapped between two steps; with `AT_FDCWD` they are
/// paths.
package enum SafeWrite {
    /// Writes all bytes.
    /// - Throws: `SystemError`; some may have been written.
    package static func write(_ bytes: [UInt8], to descriptor: Int32) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError(count == 0 ? ENOSPC : errno) }
            written += count
        }
    }

    /// Makes a new file of these bytes, which are on the disk when this returns.
    /// - Parameter mode: its mode; until the bytes are in it, it is the owner's alone.
    /// - Throws: `SystemError`: `EEXIST` where there is one of that name. No file is left then but that one.
    package static func create(
        _ name: String, in folder: Int32 = AT_FDCWD, _ bytes: [UInt8], mode: mode_t = 0o600
    ) throws(SystemError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        guard let file = OwnedDescriptor(openat(folder, name, flags, 0o600)) else { throw SystemError(errno) }
        do throws(SystemError) {
            try write(bytes, to: file.number)
            guard fchmod(file.number, mode) == 0, fsync(file.number) == 0 else { throw SystemError(errno) }
        } catch {
            unlinkat(folder, name, 0)
            throw error
        }
    }

    /// Puts a file of these bytes in the place of the one there is, if there is one: at any moment, also after a power cut, the
    /// old bytes or the new are there whole.
    /// - Parameter temporaryName: a name that no other writer uses.
    /// - Throws: `SystemError`; the old file is untouched then, and no temporary one left.
    package static func replace(
        _ name: String, in folder: Int32 = AT_FDCWD, with bytes: [UInt8], mode: mode_t = 0o600, temporaryName: String
    ) throws(SystemError) {
        try create(temporaryName, in: folder, bytes, mode: mode)
        guard renameat(folder, temporaryName, folder, name) == 0 else {
            let failure = SystemError(errno)
            unlinkat(folder, temporaryName, 0)
            throw failure
        }
    }

    /// Sees to it that what happened to the names in a folder is on the disk.
    /// - Throws: `SystemError`.
    package static func synchronize(folder: Int32) throws(SystemError) {
        guard fsync(folder) == 0 else { throw SystemError(errno) }
    }
}
