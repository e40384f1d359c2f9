// The folder of the status database: made for its owner alone, locked while the file in it is made.

import ErrorCatalogue
import Glibc

struct StateFolder {
    private let path: String

    /// Makes the folder of that file and those above it, when missing.
    init(holding file: String) throws(OmlxError) {
        path = Self.parent(of: file)
        try Self.create(path, for: file)
    }

    static func parent(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }

    private static func create(_ folder: String, for file: String) throws(OmlxError) {
        if mkdir(folder, 0o700) == 0 || errno == EEXIST { return }
        let failure = errno
        let above = parent(of: folder)
        guard failure == ENOENT, above != folder else { throw DatabaseFailure.system(file, failure) }
        try create(above, for: file)
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw DatabaseFailure.system(file, errno) }
    }

    /// Makes the file for its owner alone, or takes others' permissions away. An existing file is never opened here:
    /// closing it would drop the locks SQLite holds on it for another connection of this process (POSIX locks).
    func createFile(_ file: String) throws(OmlxError) {
        let descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor >= 0 {
            fchmod(descriptor, 0o600)
            close(descriptor)
            return
        }
        guard errno == EEXIST else { throw DatabaseFailure.system(file, errno) }
        var status = stat()
        guard stat(file, &status) == 0 else { throw DatabaseFailure.system(file, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw DatabaseFailure.foreign(file, "it is no regular file") }
        if status.st_mode & 0o077 != 0, status.st_uid == geteuid() { chmod(file, status.st_mode & 0o700) }
    }

    /// Runs the body while no other process that asks for this lock runs its own. After five seconds it runs anyway:
    /// a stopped process must not stop the others.
    func withLock<Value>(_ body: () throws -> Value) throws -> Value {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        var tries = 0
        while descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR,
            tries < 500
        {
            tries += 1
            usleep(10_000)
        }
        return try body()
    }
}
