// The file of one record: a header in plain sight, and the record sealed.

import OmlxCryptography
import OmlxErrors
import OmlxSystem

/// The record file's format.
///
///     magic 8 │ version 1 │ kind 1 │ flags 2 │ key identifier 8 │ nonce 12 │ ciphertext │ tag 16
///
/// The tag covers everything before the nonce, and the file's name, so that no file can take another's place.
enum RecordFile {
    private static let magic = Array("omlxcred".utf8)
    private static let version: UInt8 = 1
    private static let headerCount = 12 + DataKey.identifierCount
    private static let nonceCount = AES256GCM.nonceCount

    /// The file's bytes for a record's text, with a fresh nonce.
    static func seal(
        _ text: Secret, kind: RecordKind, name: String, key: DataKey
    ) throws(OmlxError) -> [UInt8] {
        let header = magic + [version, kind.rawValue, 0, 0] + key.identifier
        let nonce = try Random.bytes(nonceCount)
        let file =
            header + nonce
            + (try AES256GCM.seal(text, key: key.secret, nonce: nonce, authenticating: header + Array(name.utf8)))
        guard file.count <= PrivateFolder.greatestFileSize else {
            throw OmlxError(.storeWriteFailed, "the record is larger than \(PrivateFolder.greatestFileSize) bytes")
        }
        return file
    }

    /// The record's text.
    /// - Throws: `STORE_FOREIGN`, `STORE_VERSION`, `STORE_DAMAGED`.
    static func open(
        _ file: [UInt8], kind: RecordKind, name: String, path: String, key: DataKey
    ) throws(OmlxError) -> Secret {
        guard file.prefix(magic.count).elementsEqual(magic.prefix(file.count)) else {
            throw .foreign(path, "is no credential file")
        }
        guard file.count >= headerCount + nonceCount + AES256GCM.tagCount else {
            throw .damaged(path, "is damaged: it ends too early")
        }
        guard file[8] <= version else { throw .newerVersion(path) }
        let header = Array(file[..<headerCount])
        guard constantTimeEquals(header.suffix(DataKey.identifierCount), key.identifier) else {
            throw .damaged(path, "is damaged or was sealed with another key than the one beside it")
        }
        let nonce = Array(file[headerCount..<headerCount + nonceCount])
        let text = try AES256GCM.open(
            file[(headerCount + nonceCount)...], key: key.secret, nonce: nonce,
            authenticating: header + Array(name.utf8))
        guard let text, file[8] == version, file[9] == kind.rawValue else { throw .damaged(path, "is damaged") }
        // Authentic, so these were not flipped but set by a version that knows what they mean.
        guard file[10...11].elementsEqual([0, 0]) else { throw .newerVersion(path) }
        return text
    }
}
