// Which file, in which state: told without reading it.

import Glibc

/// A file and what changes with every writing of it. Two of the same mark hold the same.
package struct FileMark: Sendable, Hashable, Codable {
    /// Where it really is: no links in it.
    package var path: String
    package var device: UInt64
    package var inode: UInt64
    package var size: Int64
    /// When it was written, in nanoseconds.
    package var writtenAt: Int64

    init(_ status: stat, _ path: String) {
        self.path = path
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        writtenAt = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }

    /// The mark of the file at a path; `nil` when there is none to be seen.
    init?(at path: String) {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        var status = stat()
        guard stat(real, &status) == 0 else { return nil }
        self.init(status, String(cString: real))
    }
}
