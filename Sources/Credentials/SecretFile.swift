// A secret in a file of its own, such as a password or a token another program keeps fresh.

import Cryptography
import ErrorCatalogue
import Glibc

/// Reads secrets from files.
public enum SecretFile {
    private static let greatestCount = 8192

    /// The file's first line, without the end of the line.
    /// - Throws: `OmlxError`: `STORE_UNREADABLE` when the file cannot be read or holds nothing, `STORE_PERMISSIONS` when
    ///   users of other groups can read it.
    public static func read(_ path: String) throws(OmlxError) -> Secret {
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
        let number = file.number
        let count = bytes.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw .unreadable(path, errno) }
        let line = bytes.prefix(count).prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.isEmpty else {
            throw OmlxError(.storeUnreadable, "\(path) holds nothing", nextStep: "ls -ld \(path.shellWord)")
        }
        return line.withUnsafeBytes { Secret(copying: $0) }
    }
}
