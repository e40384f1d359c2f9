// The named keys: what each may, and a hash of it.

import FoundationEssentials
import OmlxCryptography
import OmlxErrors
import OmlxJSON

/// A key with a name. The key itself is shown once and kept nowhere.
package struct NamedKey: Sendable, Hashable, Codable {
    /// Its name.
    package var name: String
    /// The SHA-256 of the key: 256 random bits want no salt and no slow hash.
    var sha256: String
    /// The servers it is for; all when `nil`.
    package var servers: [String]?
    /// Whether only tools that say they change nothing may be called with it.
    package var isReadOnly: Bool
    /// When it was made, in seconds since 1970.
    package var createdAt: Double
    /// When it ends, in seconds since 1970; never when `nil`.
    package var expiresAt: Double?

    /// Whether it counts at this moment.
    package func isValid(at moment: Date) -> Bool { expiresAt.map { moment.timeIntervalSince1970 < $0 } ?? true }

    /// What it allows.
    package var rights: KeyRights { KeyRights(name: name, servers: servers.map(Set.init), isReadOnly: isReadOnly) }
}

/// The file of the named keys.
package struct NamedKeyFile: Sendable {
    static let fileName = "keys.json"
    private let folder: AccessFolder

    package init(_ folder: AccessFolder) { self.folder = folder }

    private struct Content: Codable {
        var keys: [NamedKey]
    }

    /// All there are, by name.
    /// - Throws: `STORE_DAMAGED`, and what stands against reading the file.
    package func keys() async throws(OmlxError) -> [NamedKey] {
        try Self.parse(try await folder.read(Self.fileName)?.bytes, folder)
    }

    /// Makes a key.
    /// - Returns: the key, which is to be shown now or never.
    /// - Throws: `SERVE_KEY_NAME` for a name that is taken, `STORE_DAMAGED`, and what stands against writing.
    package func add(
        _ rights: KeyRights, at moment: Date, expiresAt end: Date?
    ) async throws(OmlxError) -> (key: Secret, entry: NamedKey) {
        let key = try APIKey.make()
        let entry = NamedKey(
            name: rights.name, sha256: try SHA256.hexadecimal(key.withBytes { Array($0) }),
            servers: rights.servers.map { $0.sorted() }, isReadOnly: rights.isReadOnly,
            createdAt: moment.timeIntervalSince1970.rounded(), expiresAt: end?.timeIntervalSince1970.rounded())
        try await change { (keys) throws(OmlxError) in
            guard !keys.contains(where: { $0.name == entry.name }) else {
                throw OmlxError(
                    .serveKeyName, "there is a key named \(OmlxError.shown(entry.name)) already",
                    nextStep: "choose another name, or revoke that one first")
            }
            keys.append(entry)
            keys.sort { $0.name < $1.name }
        }
        return (key, entry)
    }

    /// Takes a key back.
    /// - Throws: `SERVE_KEY_NAME` when there is none of this name, `STORE_DAMAGED`, and what stands against writing.
    package func revoke(_ name: String) async throws(OmlxError) {
        try await change { (keys) throws(OmlxError) in
            let count = keys.count
            keys.removeAll { $0.name == name }
            guard keys.count < count else {
                throw OmlxError(.serveKeyName, "there is no key named \(OmlxError.shown(name))")
            }
        }
    }

    private func change(_ body: @escaping @Sendable (inout [NamedKey]) throws(OmlxError) -> Void)
        async throws(OmlxError)
    {
        let folder = folder
        try await folder.update(Self.fileName) { (bytes) throws(OmlxError) in
            var keys = try Self.parse(bytes, folder)
            try body(&keys)
            guard let json = try? JSON(encoding: Content(keys: keys)) else {
                throw OmlxError(.storeWriteFailed, "the keys could not be written as JSON")
            }
            return json.bytes()
        }
    }

    static func parse(_ bytes: [UInt8]?, _ folder: AccessFolder) throws(OmlxError) -> [NamedKey] {
        guard let bytes else { return [] }
        guard let json = try? JSON(parsing: bytes), let content = try? json.decoded(as: Content.self) else {
            throw OmlxError(
                .storeDamaged, "\(folder.path(of: fileName)) is damaged: no named key counts",
                nextStep: "delete it, and make the keys anew")
        }
        return content.keys
    }
}

/// The named keys by what is kept of them.
struct KeyRing: Sendable {
    private let keys: [[UInt8]: NamedKey]

    init(_ keys: [NamedKey]) {
        self.keys = Dictionary(
            keys.map { (Array($0.sha256.utf8), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The key of this hash. How long the search takes tells of hashes alone, and none leads back to a key.
    func key(_ hash: String) -> NamedKey? { keys[Array(hash.utf8)] }
}
