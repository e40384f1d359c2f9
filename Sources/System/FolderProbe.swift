// Whether a folder can be used before there is anything in it: found out ahead of asking a person for a sign-in.

import OmlxErrors
import Glibc

/// A look at a folder that need not exist yet. Makes nothing that stays.
package enum FolderProbe {
    /// As much as a sign-in's records need, with room to spare, in bytes.
    private static let size = 64 << 10

    /// Why a folder cannot be this user's own for files that no other may touch; `nil` when nothing keeps it from being.
    package static func obstacle(to path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let place = nearest(to: path)
            return access(place, W_OK | X_OK) == 0 ? nil : "is not there and cannot be made"
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return "is no folder" }
        guard status.st_uid == geteuid() else { return "belongs to another user (uid \(status.st_uid))" }
        guard status.st_mode & 0o022 == 0 else { return "is open to other users" }
        return access(path, W_OK | X_OK) == 0 ? nil : "cannot be written to"
    }

    /// Writes where the folder is, or will be, and takes it back: a full disk, one that is mounted to be read only, and a
    /// quota show at this.
    /// - Throws: `STORE_WRITE_FAILED`.
    package static func tryWriting(at path: String) throws(OmlxError) {
        let place = nearest(to: path)
        let file = try make(in: place)
        defer { close(file) }
        do throws(SystemError) {
            try SafeWrite.write([UInt8](repeating: 0x20, count: size), to: file)
            try SafeWrite.synchronize(folder: file)
        } catch {
            throw .writeFailed(path + "/…", error.number)
        }
    }

    /// A file without a name, or one that has lost it again, where the file system has none of those.
    private static func make(in folder: String) throws(OmlxError) -> Int32 {
        // O_TMPFILE, a macro that Swift does not import.
        let nameless = Glibc.open(folder, 0o20_000_000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o600)
        if nameless >= 0 { return nameless }
        let name = "\(folder)/.omlx-\(getpid())-\(UInt32.random(in: .min ... .max))"
        let file = Glibc.open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .writeFailed(folder + "/…", errno) }
        unlink(name)
        return file
    }

    /// The folder, or the nearest above it that exists.
    private static func nearest(to path: String) -> String {
        var place = path[...]
        var status = stat()
        while !place.isEmpty, stat(String(place), &status) != 0 {
            place = place[..<(place.lastIndex(of: "/") ?? place.startIndex)]
        }
        return place.isEmpty ? "/" : String(place)
    }
}
