// The file that holds the data key of an encrypted store, plain or wrapped by a password, and the key in memory.

import OmlxCryptography
import OmlxErrors
import OmlxSystem
import Synchronization

/// How the data key of an encrypted store is kept.
package enum KeySource: Sendable {
    /// In a file only the owner can read.
    case keyFile
    /// In a file, wrapped by a key derived from this password (PBKDF2-HMAC-SHA-256, 600,000 iterations).
    case password(Secret)
    /// In a file, wrapped by the password in another file, which is read when the key is needed.
    case passwordFile(PasswordFile)
    /// By a password that cannot be had, for this reason: what needs the key says so.
    case unreadable(OmlxError)

    /// The password; `nil` where there is none. Blocks while a file is read.
    /// - Throws: why it cannot be had.
    func password() throws(OmlxError) -> Secret? {
        switch self {
        case .keyFile: nil
        case .password(let password): password
        case .passwordFile(let file): try file.password()
        case .unreadable(let error): throw error
        }
    }
}

/// A file with a password, which one process reads once: two that read a pipe would each have a part of it.
package final class PasswordFile: Sendable {
    let path: String
    private let read = Mutex<Secret?>(nil)

    init(_ path: String) { self.path = path }

    fileprivate func password() throws(OmlxError) -> Secret {
        try read.withLock { (read) throws(OmlxError) in
            if let read { return read }
            let password = try SecretFile.read(path)
            read = password
            return password
        }
    }
}

/// The key the records are sealed with.
struct DataKey: Sendable {
    static let identifierCount = 8

    let secret: Secret
    /// Tells in each record which key it is sealed with, so that another key is told apart from damage.
    let identifier: [UInt8]

    init(_ secret: Secret) throws(OmlxError) {
        self.secret = secret
        let code = try HMACSHA256.authenticate(Array("omlx data key identifier".utf8), key: secret)
        identifier = Array(code.prefix(Self.identifierCount))
    }
}

/// The key file's format. All integers are big-endian.
///
///     plain    magic 8 │ version 1 │ kind 1 │ reserved 2 │ key 32 │ checksum 16
///     wrapped  magic 8 │ version 1 │ kind 2 │ reserved 2 │ salt 32 │ iterations 4 │ nonce 12 │ key 32 │ tag 16 │ checksum 16
///
/// The checksum, the first half of a SHA-256 of all before it, tells damage apart from a wrong password. The wrapped
/// key's tag covers everything before the nonce.
enum KeyFile {
    static let name = "key"
    static let iterations = 600_000
    private static let magic = Array("omlx-key".utf8)
    private static let version: UInt8 = 1
    private static let headerCount = 12
    private static let saltCount = 32
    private static let checksumCount = 16
    /// What a file may ask for: beyond it a changed file could make us derive for hours.
    private static let acceptedIterations = 1...10_000_000

    private enum Kind: UInt8 {
        case plain = 1
        case wrapped = 2

        var fileCount: Int {
            switch self {
            case .plain: headerCount + AES256GCM.keyCount + checksumCount
            case .wrapped:
                headerCount + saltCount + 4 + AES256GCM.nonceCount + AES256GCM.keyCount + AES256GCM.tagCount
                    + checksumCount
            }
        }
    }

    /// A new random key and the file that holds it. The caller wipes the file's bytes.
    static func create(_ source: KeySource, iterations: Int = iterations) throws(OmlxError) -> (DataKey, [UInt8]) {
        let key = try DataKey(Random.secret(AES256GCM.keyCount))
        var file: [UInt8] = []
        file.reserveCapacity(Kind.wrapped.fileCount)
        switch try source.password() {
        case nil:
            file += magic + [version, Kind.plain.rawValue, 0, 0]
            key.secret.withBytes { file.append(contentsOf: $0) }
        case let password?:
            let salt = try Random.bytes(saltCount)
            file += magic + [version, Kind.wrapped.rawValue, 0, 0] + salt
            file += (0..<4).map { UInt8(truncatingIfNeeded: iterations >> (24 - 8 * $0)) }
            let nonce = try Random.bytes(AES256GCM.nonceCount)
            let wrapping = try PBKDF2.deriveKey(
                password: password, salt: salt, iterations: iterations, count: AES256GCM.keyCount)
            let wrapped = try AES256GCM.seal(key.secret, key: wrapping, nonce: nonce, authenticating: file)
            file += nonce + wrapped
        }
        file += try SHA256.hash(file).prefix(checksumCount)
        return (key, file)
    }

    /// Whether a password is needed, as far as the header tells.
    static func isWrapped(_ file: [UInt8]) -> Bool {
        file.starts(with: magic) && file.count > 9 && file[9] == Kind.wrapped.rawValue
    }

    /// The key of a key file's bytes.
    /// - Throws: `STORE_FOREIGN`, `STORE_VERSION`, `STORE_DAMAGED`, `STORE_PASSWORD_NEEDED`, `STORE_PASSWORD_WRONG`; why
    ///   there is no password.
    static func key(in file: [UInt8], source: KeySource, path: String) throws(OmlxError) -> DataKey {
        guard file.prefix(magic.count).elementsEqual(magic.prefix(file.count)) else {
            throw .foreign(path, "is no key file")
        }
        guard file.count >= headerCount else { throw .damaged(path, "is damaged: it ends too early") }
        guard file[8] == version else { throw .newerVersion(path) }
        guard let kind = Kind(rawValue: file[9]), file[10...11].elementsEqual([0, 0]), file.count == kind.fileCount
        else {
            throw .damaged(path, "is damaged")
        }
        let covered = file.withUnsafeBytes { Secret(copying: .init(rebasing: $0.dropLast(checksumCount))) }
        let checksum = try SHA256.hash(covered).prefix(checksumCount)
        guard constantTimeEquals(checksum, file.suffix(checksumCount)) else { throw .damaged(path, "is damaged") }
        switch (kind, try source.password()) {
        case (.plain, nil):
            return try DataKey(file.withUnsafeBytes { Secret(copying: .init(rebasing: $0[headerCount..<44])) })
        case (.wrapped, let password?):
            return try unwrap(Array(file.dropLast(checksumCount)), password, path)
        case (.wrapped, nil):
            throw OmlxError(
                .storePasswordNeeded, "the credential store is locked with a password (\(path))",
                nextStep: "export OMLX_STORE_PASSWORD, or name a file with it in OMLX_STORE_PASSWORD_FILE")
        case (.plain, _?):
            throw OmlxError(
                .storePasswordWrong, "a password was given, but the credential store has none (\(path))",
                nextStep:
                    "unset OMLX_STORE_PASSWORD, MCP_CLI_ENCRYPTION_KEY and OMLX_STORE_PASSWORD_FILE, and take password "
                    + "and passwordFile out of tokenStorage in mcp.json")
        }
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path
    }

    private static func unwrap(_ file: [UInt8], _ password: Secret, _ path: String) throws(OmlxError) -> DataKey {
        let salt = Array(file[headerCount..<headerCount + saltCount])
        let covered = Array(file[..<(headerCount + saltCount + 4)])
        let iterations = covered.suffix(4).reduce(0) { $0 << 8 | Int($1) }
        guard acceptedIterations.contains(iterations) else { throw .damaged(path, "asks for \(iterations) iterations") }
        let nonce = Array(file[covered.count..<covered.count + AES256GCM.nonceCount])
        let wrapping = try PBKDF2.deriveKey(
            password: password, salt: salt, iterations: iterations, count: AES256GCM.keyCount)
        let sealed = file[(covered.count + AES256GCM.nonceCount)...]
        guard let key = try AES256GCM.open(sealed, key: wrapping, nonce: nonce, authenticating: covered) else {
            throw OmlxError(
                .storePasswordWrong, "the password does not open the credential store (\(path))",
                nextStep:
                    "correct it in tokenStorage of mcp.json, OMLX_STORE_PASSWORD, MCP_CLI_ENCRYPTION_KEY or the file "
                    + "OMLX_STORE_PASSWORD_FILE names, which count in this order; one that is forgotten is not to be had "
                    + "again: mv \(folder(of: path).shellWord) \((folder(of: path) + ".aside").shellWord), then sign in anew"
            )
        }
        return try DataKey(key)
    }
}
