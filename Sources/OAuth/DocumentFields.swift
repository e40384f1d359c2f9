// The members of a document from elsewhere: what is required or decides security is strict, the rest is read or left out.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// Typed look at the members of a document. `null` and `""` stand for what is absent. A member that is required or decides
/// security is read as it is meant or ends the reading with one code; any other that cannot be read is left out with a note
/// for people. A member that stands twice with one value counts once.
struct DocumentFields {
    /// The most bytes one string may have: twice what the longest tokens seen take.
    static let stringLimit = 65_536
    /// The most elements a list may have.
    static let listLimit = 1000

    let object: JSONObject
    let code: ErrorCode
    let what: String
    /// Members that were taken out of the text before it was parsed, so that they never stood in a `String`.
    let secrets: [String: Secret]
    /// Members that stand twice with different values.
    private let conflicts: Set<String>
    /// What was left out or read otherwise than written, for people.
    private(set) var notes: [String] = []

    /// - Parameter conflicts: members that stand twice with different values: which one counts is not ours to guess.
    init(
        object: JSONObject, code: ErrorCode, what: String, secrets: [String: Secret] = [:], conflicts: Set<String> = []
    ) {
        self.object = object
        self.code = code
        self.what = what
        self.secrets = secrets
        self.conflicts = conflicts
    }

    private func failure(_ name: String, _ problem: String) -> OmlxError {
        OmlxError(code, "\(name) in the \(what) \(problem)")
    }

    /// Says something about a member.
    mutating func note(_ name: String, _ problem: String) { notes.append("\(name) in the \(what) \(problem)") }

    private mutating func leaveOut(_ name: String, _ problem: String) { note(name, "\(problem); it is left out") }

    private static func isAbsent(_ value: JSON?) -> Bool { value.map { $0.isNull || $0 == "" } ?? true }

    /// A member that is there.
    /// - Throws: when it stands twice with different values.
    private func present(_ name: String) throws(OmlxError) -> JSON? {
        guard !conflicts.contains(name) else { throw failure(name, "stands there twice with different values") }
        let value = object[name]
        return Self.isAbsent(value) ? nil : value
    }

    private func text(_ name: String, _ value: JSON) throws(OmlxError) -> String {
        guard let string = value.stringValue else { throw failure(name, "is a \(value.typeName), not a string") }
        guard string.utf8.count <= Self.stringLimit else {
            throw failure(name, "is longer than \(Self.stringLimit) bytes")
        }
        return string
    }

    private mutating func optional<Value>(
        _ name: String, _ read: (borrowing DocumentFields) throws(OmlxError) -> Value?
    ) -> Value? {
        do throws(OmlxError) { return try read(self) } catch {
            notes.append("\(error.message); it is left out")
            return nil
        }
    }

    // MARK: required

    func requiredString(_ name: String) throws(OmlxError) -> String {
        guard let value = try present(name) else { throw missing(name) }
        return try text(name, value)
    }

    func requiredURL(_ name: String) throws(OmlxError) -> HTTPURL {
        try OAuthURL.endpoint(try requiredString(name), named: name, invalid: code)
    }

    func requiredSecret(_ name: String) throws(OmlxError) -> Secret {
        guard let secret = try secretOrText(name) else { throw missing(name) }
        return secret
    }

    private func missing(_ name: String) -> OmlxError {
        failure(name, object[name] == "" && secrets[name] == nil ? "is empty" : "is missing")
    }

    private func secretOrText(_ name: String) throws(OmlxError) -> Secret? {
        guard let secret = secrets[name] else {
            guard let value = try present(name) else { return nil }
            return Secret(try text(name, value))
        }
        guard !secret.isEmpty else { return nil }
        guard secret.count <= Self.stringLimit else { throw failure(name, "is longer than \(Self.stringLimit) bytes") }
        return secret
    }

    /// An identifier, also where it is a whole number: its digits are meant.
    mutating func requiredIdentifier(_ name: String) throws(OmlxError) -> String {
        guard case .number(let number)? = try present(name), number.isDigits else { return try requiredString(name) }
        note(name, "is a number; its digits are used")
        return number.text
    }

    // MARK: deciding

    /// A word that decides security, whatever its case, also as the only element of a list.
    func decidingWord(_ name: String) throws(OmlxError) -> String? {
        guard var value = try present(name) else { return nil }
        if let elements = value.arrayValue, elements.count == 1 { value = elements[0] }
        let word = try text(name, value).lowercased().trimmingSpace
        return word.isEmpty ? nil : word
    }

    /// True or false that decides security: also as text or as 1 and 0.
    func decidingBool(_ name: String) throws(OmlxError) -> Bool? {
        guard let value = try present(name) else { return nil }
        if let bool = value.boolValue { return bool }
        switch (value.intValue, value.stringValue?.lowercased().trimmingSpace) {
        case (1, _), (_, "true"), (_, "1"): return true
        case (0, _), (_, "false"), (_, "0"): return false
        case (_, ""): return nil
        default: throw failure(name, "is a \(value.typeName) that says neither true nor false")
        }
    }

    /// A list that decides security: also as text. Elements of another type say nothing.
    func decidingStrings(_ name: String) throws(OmlxError) -> [String]? {
        guard let value = try present(name) else { return nil }
        if let text = value.stringValue { return Self.words(text) }
        guard let elements = value.arrayValue else { throw failure(name, "is a \(value.typeName), not an array") }
        guard elements.count <= Self.listLimit else { throw failure(name, "has more than \(Self.listLimit) elements") }
        let strings = elements.compactMap(Self.listable)
        guard !strings.isEmpty || elements.allSatisfy({ $0 == "" }) else {
            throw failure(name, "has no element that is a string")
        }
        return strings
    }

    // MARK: optional

    mutating func string(_ name: String) -> String? {
        optional(name) { fields throws(OmlxError) in
            guard let value = try fields.present(name) else { return nil }
            return try fields.text(name, value)
        }
    }

    /// A secret, also where it is a whole number: its digits are meant.
    mutating func secret(_ name: String) -> Secret? {
        if secrets[name] == nil, case .number(let number)? = object[name], number.isDigits {
            note(name, "is a number; its digits are used")
            return Secret(number.text)
        }
        return optional(name) { fields throws(OmlxError) in try fields.secretOrText(name) }
    }

    mutating func url(_ name: String) -> HTTPURL? {
        optional(name) { fields throws(OmlxError) in
            guard let value = try fields.present(name) else { return nil }
            return try OAuthURL.endpoint(try fields.text(name, value), named: name, invalid: fields.code)
        }
    }

    /// A list of texts, also as one text. What is no text in it is left out.
    mutating func strings(_ name: String) -> [String]? {
        guard let value = optional(name, { fields throws(OmlxError) in try fields.present(name) }) else { return nil }
        if let text = value.stringValue {
            if text.utf8.count <= Self.stringLimit { return Self.words(text) }
            leaveOut(name, "is longer than \(Self.stringLimit) bytes")
            return nil
        }
        guard let elements = value.arrayValue else {
            leaveOut(name, "is a \(value.typeName), not an array")
            return nil
        }
        let strings = elements.prefix(Self.listLimit).compactMap(Self.listable)
        let isWhole = elements.count <= Self.listLimit && elements.allSatisfy { $0 == "" || Self.listable($0) != nil }
        if strings.isEmpty, !elements.isEmpty {
            if !isWhole { leaveOut(name, "has no element that is a string") }
            return nil
        }
        if !isWhole { note(name, "has elements that are no strings, or too many; they are left out") }
        return strings
    }

    /// Scopes as text or, as some servers write them, as a list.
    mutating func scopes(_ name: String) -> [String]? {
        guard let text = object[name]?.stringValue, !conflicts.contains(name) else {
            return strings(name).map(Scopes.unique)
        }
        guard text.utf8.count <= Self.stringLimit else {
            leaveOut(name, "is longer than \(Self.stringLimit) bytes")
            return nil
        }
        return text.trimmingSpace.isEmpty ? nil : Scopes.parse(text)
    }

    private static func listable(_ element: JSON) -> String? {
        guard let text = element.stringValue, !text.isEmpty, text.utf8.count <= stringLimit else { return nil }
        return text
    }

    /// The words of a text that stands in place of a list: between blanks, or else between commas.
    private static func words(_ text: String) -> [String] {
        let isBlank = { (scalar: Unicode.Scalar) in " \t\r\n".unicodeScalars.contains(scalar) }
        let words = text.unicodeScalars.split(whereSeparator: isBlank)
        let parts = words.count > 1 ? words : text.unicodeScalars.split { $0 == "," || isBlank($0) }
        return parts.map { String(String.UnicodeScalarView($0)).trimmingCommas }.filter { !$0.isEmpty }
    }

    // MARK: times

    /// A life in seconds, also in quotes, as some servers write it.
    mutating func seconds(_ name: String) -> Int? {
        guard let number = number(name) else { return nil }
        guard number >= 0, number <= Double(TokenGrant.lifetimeLimit) else {
            leaveOut(name, number < 0 ? "is less than zero" : "is longer than any life that could be meant")
            return nil
        }
        return Int(number)
    }

    /// A moment in seconds since 1970, also in quotes or in milliseconds; `nil` for 0, which means never (RFC 7591 §3.2.1).
    mutating func moment(_ name: String) -> Int? {
        guard let number = number(name), number != 0 else { return nil }
        // Seconds of this size lie in the fifty-second century; milliseconds below it in 1973.
        let seconds = number >= 1e11 ? number / 1000 : number
        guard (1e9..<1e11).contains(seconds) else {
            leaveOut(name, "is no moment in seconds since 1970 that could be meant")
            return nil
        }
        return Int(seconds)
    }

    private mutating func number(_ name: String) -> Double? {
        guard let value = optional(name, { fields throws(OmlxError) in try fields.present(name) }) else { return nil }
        let text = value.stringValue?.trimmingSpace
        if text?.isEmpty == true { return nil }
        let isDecimal = text?.utf8.allSatisfy { "0123456789.+-eE".utf8.contains($0) } ?? true
        guard let number = isDecimal ? value.doubleValue ?? text.flatMap(Double.init) : nil, number.isFinite else {
            leaveOut(name, "is no number of seconds")
            return nil
        }
        return number
    }
}

extension JSONNumber {
    /// Whether it is spelled with nothing but digits.
    fileprivate var isDigits: Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) } && text.utf8.count <= 64 }
}

extension String {
    var trimmingSpace: String { trimming { " \t\r\n".unicodeScalars.contains($0) } }

    fileprivate var trimmingCommas: String { trimming { $0 == "," } }

    private func trimming(_ isTrimmed: (Unicode.Scalar) -> Bool) -> String {
        var rest = unicodeScalars[...]
        while let first = rest.first, isTrimmed(first) { rest.removeFirst() }
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(String.UnicodeScalarView(rest))
    }
}
