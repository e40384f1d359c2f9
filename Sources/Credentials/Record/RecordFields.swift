// Reads and writes the fields of a record as JSON, secrets apart from the rest.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxJSON

/// Why a record's text is no record of this version.
enum RecordFlaw: Error {
    /// It was written by a version with another meaning of the fields.
    case newerFormat
    /// A field is missing or of the wrong type; the text names the field.
    case malformed(String)
}

/// The fields of a record on their way in or out. What is read is taken away; what remains is unknown.
struct RecordFields {
    /// The greatest integer that every JSON reader keeps exact, 2^53.
    static let greatestInteger = 1 << 53
    /// The meaning of the fields. A new field does not need a new format; a changed meaning does.
    private static let format = 1
    private static let formatName = "format"
    private static let secretsName = "secrets"

    private(set) var members: JSONObject
    private(set) var secrets: [String: Secret]

    /// Fields to be written, those first that this version does not know.
    init(keeping unknown: JSONObject, secrets: [String: Secret]) {
        members = unknown
        members[Self.formatName] = JSON(Self.format)
        self.secrets = secrets
    }

    // MARK: writing

    mutating func set(_ name: String, _ value: String?) { members[name] = value.map { JSON($0) } }
    mutating func set(_ name: String, _ value: Int?) { members[name] = value.map { JSON($0) } }
    mutating func set(_ name: String, _ value: [String]?) { members[name] = value.map { JSON($0) } }
    mutating func set(_ name: String, _ value: JSON?) { members[name] = value }

    mutating func set(_ name: String, _ value: Date?) { members[name] = value.map { Self.value($0) } }

    mutating func set(_ name: String, _ value: Secret?) { secrets[name] = value }

    /// The record as JSON text. The buffer is reserved in one piece and wiped, so that no copy of a secret stays.
    /// - Throws: `STORE_WRITE_FAILED` for a secret that is not UTF-8 text.
    func serialized() throws(OmlxError) -> Secret {
        var text = JSON.object(members).serialized()
        text.removeLast()
        var output: [UInt8] = []
        output.reserveCapacity(
            secrets.reduce(text.count + 32) { $0 + $1.key.utf8.count * 6 + 8 + $1.value.maximumJSONCount })
        defer { Secret.wipe(&output) }
        output.append(contentsOf: text)
        output.append(contentsOf: ",\"\(Self.secretsName)\":{".utf8)
        var isFirst = true
        for (name, secret) in secrets.sorted(by: { $0.key < $1.key }) {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            output.append(contentsOf: JSON(name).serialized())
            output.append(UInt8(ascii: ":"))
            guard secret.appendJSONString(to: &output) else {
                throw OmlxError(
                    .storeWriteFailed, "the secret \(OmlxError.shown(name)) is not text and cannot be stored")
            }
        }
        output.append(contentsOf: "}}".utf8)
        return Secret(output)
    }

    // MARK: reading

    /// The fields of a record's text.
    init(parsing text: Secret) throws(RecordFlaw) {
        var bytes = text.withBytes { Array($0) }
        let taken = Secret.take(from: &bytes) { $0.count == 2 && $0[0] == Self.secretsName }
        guard let object = (try? JSON(parsing: bytes))?.objectValue else { throw .malformed("JSON text") }
        members = object
        secrets = Dictionary(uniqueKeysWithValues: taken.map { ($0.key[1], $0.value) })
        guard members[Self.secretsName]?.objectValue != nil else { throw .malformed(Self.secretsName) }
        members[Self.secretsName] = nil
        let format = try integer(Self.formatName)
        guard let format, format >= 1 else { throw .malformed(Self.formatName) }
        guard format == Self.format else { throw .newerFormat }
    }

    mutating func value(_ name: String) -> JSON? {
        guard let value = members[name] else { return nil }
        members[name] = nil
        // Not `? nil :`, which would make a JSON null of it.
        if value.isNull { return nil }
        return value
    }

    mutating func string(_ name: String) throws(RecordFlaw) -> String? {
        guard let value = value(name) else { return nil }
        guard let string = value.stringValue else { throw .malformed(name) }
        return string
    }

    mutating func requiredString(_ name: String) throws(RecordFlaw) -> String {
        guard let string = try string(name) else { throw .malformed(name) }
        return string
    }

    mutating func strings(_ name: String) throws(RecordFlaw) -> [String]? {
        guard let value = value(name) else { return nil }
        guard let strings = value.stringArrayValue else { throw .malformed(name) }
        return strings
    }

    mutating func integer(_ name: String) throws(RecordFlaw) -> Int? {
        guard let value = value(name) else { return nil }
        guard let integer = value.intValue, (0...Self.greatestInteger).contains(integer) else { throw .malformed(name) }
        return integer
    }

    mutating func requiredInteger(_ name: String) throws(RecordFlaw) -> Int {
        guard let integer = try integer(name) else { throw .malformed(name) }
        return integer
    }

    mutating func date(_ name: String) throws(RecordFlaw) -> Date? {
        guard let value = value(name) else { return nil }
        guard let date = Self.date(value) else { throw .malformed(name) }
        return date
    }

    /// Seconds since 1970, to the millisecond. What is no time becomes a value that reading refuses: it must not be
    /// saved as "not stated".
    static func value(_ date: Date) -> JSON {
        let seconds = (date.timeIntervalSince1970 * 1000).rounded() / 1000
        return seconds.isFinite ? JSON(seconds) : .bool(false)
    }

    /// A time no calendar can hold would trap in later arithmetic.
    static func date(_ value: JSON?) -> Date? {
        guard let seconds = value?.doubleValue, seconds.isFinite, abs(seconds) < 1e12 else { return nil }
        return Date(timeIntervalSince1970: seconds)
    }

    mutating func secret(_ name: String) -> Secret? { secrets.removeValue(forKey: name) }
}
