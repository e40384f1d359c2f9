// The folder of the status database: made for its owner alone, judged as a store's is, locked while the file in it is made.

import OmlxErrors
import OmlxSystem
import Glibc

struct StateFolder {
    private let path: String

    /// Makes the folder of that file and those above it, when missing.
    init(holding file: String) throws(OmlxError) {
        path = Self.parent(of: file)
        try Self.create(path, for: file)
        try Self.judge(file)
    }

    /// Whether there is a folder and a file in it; both are judged. What the database says is believed (approvals, which
    /// tokens are the newest), so it must be this user's own.
    /// - Throws: `DATABASE_UNAVAILABLE` for what belongs to another user, is open to others, or is a link.
    @discardableResult
    static func judge(_ file: String) throws(OmlxError) -> Bool {
        let folder = parent(of: file)
        var status = stat()
        guard stat(folder, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw DatabaseFailure.system(file, errno) }
            if let fault = PrivacyFault(leadingNowhere: folder) { throw DatabaseFailure.exposed(fault) }
            return false
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return false }
        if let fault = PrivacyFault(status, folder) { throw DatabaseFailure.exposed(fault) }
        // Beside it are what is not yet in it, and who holds it.
        for suffix in ["-wal", "-shm", "-journal"] { _ = try judgeFile(file + suffix) }
        return try judgeFile(file)
    }

    private static func judgeFile(_ file: String) throws(OmlxError) -> Bool {
        var status = stat()
        guard lstat(file, &status) == 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw DatabaseFailure.system(file, errno) }
            return false
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFLNK: throw DatabaseFailure.foreign(file, "it is a symbolic link, which is not followed")
        default: throw DatabaseFailure.foreign(file, "it is no regular file")
        }
        if let fault = PrivacyFault(status, file) { throw DatabaseFailure.exposed(fault) }
        return true
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

    /// Makes the file for its owner alone, when it is missing. An existing file is never opened here: closing it would drop
    /// the locks SQLite holds on it for another connection of this process (POSIX locks).
    func createFile(_ file: String) throws(OmlxError) {
        let descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor >= 0 {
            fchmod(descriptor, 0o600)
            close(descriptor)
            return
        }
        guard errno == EEXIST else { throw DatabaseFailure.system(file, errno) }
        // It may have come since the folder was judged.
        try Self.judge(file)
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
            _ = poll(nil, 0, 10)
        }
        return try body()
    }
}
