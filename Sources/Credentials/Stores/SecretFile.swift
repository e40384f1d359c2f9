// A secret in a file of its own, such as a password or a token another program keeps fresh.

import OmlxCryptography
import OmlxErrors
import OmlxSystem
import Glibc

/// Reads secrets from files.
package enum SecretFile {
    private static let greatestCount = 8192
    /// For a program that writes into a pipe, in milliseconds.
    private static let longestWait: Int32 = 10_000

    /// The file's first line, without the end of the line. Blocks for as long as a pipe's writer takes, 10 s at most.
    /// - Throws: `OmlxError`: `STORE_UNREADABLE` when the file cannot be read or holds nothing, `STORE_PERMISSIONS` when
    ///   every user of the machine can read it.
    package static func read(_ path: String) throws(OmlxError) -> Secret {
        guard let file = OwnedDescriptor(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) else {
            throw .unreadable(path, errno)
        }
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            throw .unreadable(path, EISDIR)
        }
        guard status.st_mode & S_IFMT != S_IFREG || status.st_mode & 0o007 == 0 else {
            throw OmlxError(
                .storePermissions, "\(path) is open to other users (mode \(octal(status.st_mode & 0o7777)))",
                nextStep: "chmod 600 \(path.shellWord)")
        }
        var bytes = [UInt8](repeating: 0, count: greatestCount)
        defer { Secret.wipe(&bytes) }
        var count = 0
        // A pipe, as of another program's output, has its line when it is there.
        while count < bytes.count, !bytes.prefix(count).contains(0x0A) {
            var entry = pollfd(fd: file.number, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, longestWait) > 0 else { throw .unreadable(path, ETIMEDOUT) }
            let (number, room) = (file.number, bytes.count - count)
            let got = bytes.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress.map { $0 + count }, room) }
            if got == 0 { break }
            guard got > 0 || errno == EINTR || errno == EAGAIN else { throw .unreadable(path, errno) }
            count += max(got, 0)
        }
        let line = bytes.prefix(count).prefix { $0 != 0x0A && $0 != 0x0D }
        guard line.count < bytes.count else {
            throw OmlxError(
                .storeUnreadable, "the first line of \(path) is longer than \(greatestCount) bytes",
                nextStep: "ls -ld \(path.shellWord)")
        }
        guard !line.isEmpty else {
            throw OmlxError(.storeUnreadable, "\(path) holds nothing", nextStep: "ls -ld \(path.shellWord)")
        }
        return line.withUnsafeBytes { Secret(copying: $0) }
    }
}
