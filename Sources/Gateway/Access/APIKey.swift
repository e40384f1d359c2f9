// The keys that programs show.

import OmlxCryptography
import OmlxErrors

/// What a key looks like.
package enum APIKey {
    /// What the keys made here begin with, so that scanners of repositories find one that was left there.
    static let prefix = "omlx_"

    /// A new key: the prefix and 43 characters for 32 random bytes.
    /// - Throws: `STORE_CRYPTOGRAPHY`.
    package static func make() throws(OmlxError) -> Secret {
        Base64URL.encode(try Random.secret(32)).concatenating(prefix: prefix)
    }

    /// A key that a user gave or a file holds: 16 to 512 visible ASCII characters, as a header can carry them.
    /// - Throws: `SERVE_KEY_UNUSABLE`.
    package static func check(_ key: Secret, from place: String) throws(OmlxError) {
        let isUsable = key.withBytes { (16...512).contains($0.count) && $0.allSatisfy { (0x21...0x7E).contains($0) } }
        guard isUsable else {
            throw OmlxError(
                .serveKeyUnusable, "the key in \(OmlxError.shown(place)) is not 16 to 512 visible ASCII characters",
                nextStep: "put a longer random one there, or take it away: one is made then")
        }
    }

    /// What is kept of a key and compared.
    static func hash(_ key: Secret) throws(OmlxError) -> [UInt8] { try SHA256.hash(key) }
}

/// The machine's own key: a file that the user's scripts can read, or a variable of the daemon in its place.
package enum MachineKey {
    static let fileName = "key"
    /// The variable in place of the file.
    package static let variable = "OMLX_API_KEY"

    /// The key of the file, made when there is none.
    /// - Throws: `SERVE_KEY_UNUSABLE`, and what stands against reading or writing the file.
    package static func read(_ folder: AccessFolder) async throws(OmlxError) -> Secret {
        if let key = try parse(try await folder.read(fileName)?.bytes, folder) { return key }
        var bytes = try APIKey.make().concatenating(suffix: "\n").withBytes { Array($0) }
        defer { Secret.wipe(&bytes) }
        try await folder.create(fileName, with: bytes)
        // Another process may have been first.
        guard let key = try parse(try await folder.read(fileName)?.bytes, folder) else {
            throw OmlxError(.storeUnreadable, "\(folder.path(of: fileName)) was taken away while it was made")
        }
        return key
    }

    /// The key of the environment; `nil` without one.
    /// - Throws: `SERVE_KEY_UNUSABLE`.
    package static func read(environment: [String: String]) throws(OmlxError) -> Secret? {
        guard let text = environment[variable], !text.isEmpty else { return nil }
        let key = Secret(text)
        try APIKey.check(key, from: variable)
        return key
    }

    static func parse(_ bytes: [UInt8]?, _ folder: AccessFolder) throws(OmlxError) -> Secret? {
        guard var bytes else { return nil }
        while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        let key = Secret(wiping: &bytes)
        try APIKey.check(key, from: folder.path(of: fileName))
        return key
    }
}
