// A field of a server's question, by the few forms of schema there are for it (MCP 2025-11-25 and 2026-07-28, elicitation,
// restricted schemas).

import OmlxErrors
import OmlxJSON

/// One value a server wants.
public struct ElicitedField: Sendable, Hashable, Codable {
    /// How a text has to look.
    public enum Format: String, Sendable, Hashable, Codable, CaseIterable {
        case email, uri, date
        case dateTime = "date-time"
    }

    /// One of the values there are to choose from.
    public struct Choice: Sendable, Hashable, Codable {
        /// What is sent.
        public var value: String
        /// What is shown.
        public var title: String

        /// A choice.
        public init(_ value: String, title: String? = nil) { (self.value, self.title) = (value, title ?? value) }
    }

    /// What kind of value it is.
    public enum Kind: Sendable, Hashable, Codable {
        case text(format: Format?, length: Bounds)
        case number(range: Bounds)
        case integer(range: Bounds)
        case truth
        case one([Choice])
        case several([Choice], count: Bounds)
    }

    /// From and up to, both included.
    public struct Bounds: Sendable, Hashable, Codable {
        public var least: Double?
        public var most: Double?

        /// Bounds.
        public init(_ least: Double? = nil, _ most: Double? = nil) { (self.least, self.most) = (least, most) }

        func fault(of value: Double, _ what: String) -> String? {
            if let least, value < least { return "\(what) is less than \(least.plain)" }
            if let most, value > most { return "\(what) is more than \(most.plain)" }
            return nil
        }
    }

    /// The name of the member in the answer.
    public var name: String
    /// Its name for people.
    public var title: String?
    public var description: String?
    public var isRequired: Bool
    public var kind: Kind
    /// What it is when the person says nothing else; of its own kind.
    public var defaultValue: JSON?

    /// A field.
    public init(
        name: String, title: String? = nil, description: String? = nil, isRequired: Bool = false, kind: Kind,
        defaultValue: JSON? = nil
    ) {
        self.name = name
        self.title = title
        self.description = description
        self.isRequired = isRequired
        self.kind = kind
        self.defaultValue = defaultValue
    }

    // MARK: schemas

    /// More than this no person fills in.
    private static let fieldLimit = 100
    private static let choiceLimit = 1000

    static func fields(of schema: JSON?) throws(ElicitationFault) -> [ElicitedField] {
        guard let schema = schema?.objectValue, schema["type"]?.stringValue ?? "object" == "object" else {
            throw ElicitationFault("the question's requestedSchema is none of an object")
        }
        let properties = schema["properties"]?.objectValue ?? [:]
        guard properties.count <= fieldLimit else {
            throw ElicitationFault("the question has more than \(fieldLimit) fields")
        }
        let required = Set(schema["required"]?.stringArrayValue ?? [])
        var fields: [ElicitedField] = []
        for (name, schema) in properties {
            fields.append(try ElicitedField(name, schema, isRequired: required.contains(name)))
        }
        return fields
    }

    private init(_ name: String, _ schema: JSON, isRequired: Bool) throws(ElicitationFault) {
        self.name = name
        self.isRequired = isRequired
        title = schema["title"]?.stringValue
        description = schema["description"]?.stringValue
        guard let kind = Self.kind(of: schema) else {
            throw ElicitationFault("the field \(OmlxError.shown(name, limit: 80)) is of no kind that can be asked for")
        }
        self.kind = kind
        // A default that does not fit is none.
        if let value = schema["default"], !value.isNull {
            defaultValue = value
            if fault(of: value) != nil { defaultValue = nil }
        }
    }

    private static func kind(of schema: JSON) -> Kind? {
        switch schema["type"]?.stringValue {
        case "boolean": return .truth
        case "number": return .number(range: bounds(schema, "minimum", "maximum"))
        case "integer": return .integer(range: bounds(schema, "minimum", "maximum"))
        case "array":
            guard let items = schema["items"], let choices = choices(items), !choices.isEmpty else { return nil }
            return .several(choices, count: bounds(schema, "minItems", "maxItems"))
        case "string":
            if let choices = choices(schema) { return choices.isEmpty ? nil : .one(choices) }
            let format = schema["format"]?.stringValue.flatMap(Format.init(rawValue:))
            return .text(format: format, length: bounds(schema, "minLength", "maxLength"))
        case nil where schema["enum"] != nil || schema["oneOf"] != nil || schema["const"] != nil:
            // Some leave the type out where the values say it.
            return choices(schema).flatMap { $0.isEmpty ? nil : .one($0) }
        default: return nil
        }
    }

    private static func bounds(_ schema: JSON, _ least: String, _ most: String) -> Bounds {
        Bounds(schema[least]?.doubleValue, schema[most]?.doubleValue)
    }

    /// With titles as `oneOf` and `anyOf` (2025-11-25), or `enumNames` (2025-06-18); without as `enum`.
    /// - Returns: `nil` where there is no list of values.
    private static func choices(_ schema: JSON) -> [Choice]? {
        if let values = schema["enum"]?.arrayValue {
            let names = schema["enumNames"]?.stringArrayValue ?? []
            return values.prefix(choiceLimit).enumerated().compactMap { index, value in
                value.stringValue.map { Choice($0, title: index < names.count ? names[index] : nil) }
            }
        }
        let titled = schema["oneOf"]?.arrayValue ?? schema["anyOf"]?.arrayValue
        if let titled {
            return titled.prefix(choiceLimit).compactMap { option in
                option["const"]?.stringValue.map { Choice($0, title: option["title"]?.stringValue) }
            }
        }
        return schema["const"]?.stringValue.map { [Choice($0)] }
    }

    // MARK: values

    /// Why a value cannot be sent; `nil` for one that can.
    public func fault(of value: JSON?) -> String? {
        guard let value, !value.isNull else { return isRequired ? "it is needed" : nil }
        switch kind {
        case .truth: return value.boolValue == nil ? "it is neither yes nor no" : nil
        case .number(let range):
            guard let number = value.doubleValue, number.isFinite else { return "it is no number" }
            return range.fault(of: number, "it")
        case .integer(let range):
            guard let number = value.doubleValue, number == number.rounded(), abs(number) <= 0x1p53 else {
                return "it is no whole number"
            }
            return range.fault(of: number, "it")
        case .text(let format, let length):
            guard let text = value.stringValue else { return "it is no text" }
            if let fault = length.fault(of: Double(text.unicodeScalars.count), "its length") { return fault }
            guard let format, !format.fits(text) else { return nil }
            return format.fault
        case .one(let choices):
            return choices.contains { .string($0.value) == value } ? nil : "it is none of the choices"
        case .several(let choices, let count):
            guard let chosen = value.stringArrayValue else { return "it is no list of choices" }
            let known = Set(choices.map(\.value))
            guard chosen.allSatisfy(known.contains) else { return "one of them is none of the choices" }
            guard Set(chosen).count == chosen.count else { return "one of them comes twice" }
            return count.fault(of: Double(chosen.count), "their number")
        }
    }

    /// A value as a person types it.
    /// - Returns: `nil` for what cannot be one.
    public func value(typed text: String) -> JSON? {
        let word = text.trimmed
        switch kind {
        case .text: return .string(text)
        case .number: return Double(word).flatMap { $0.isFinite ? try? JSON(parsing: word) : nil }
        case .integer: return Int(word).map { JSON($0) }
        case .truth:
            switch word.lowercased() {
            case "y", "yes", "true", "on", "1": return true
            case "n", "no", "false", "off", "0": return false
            default: return nil
            }
        case .one(let choices): return Self.choice(word, choices).map { .string($0) }
        case .several(let choices, _):
            let words = word.split(separator: ",").map { String($0).trimmed }
            let values = words.compactMap { Self.choice($0, choices) }
            return values.count == words.count ? .array(values.map { .string($0) }) : nil
        }
    }

    /// By its value, its title or its number.
    private static func choice(_ word: String, _ choices: [Choice]) -> String? {
        if let exact = choices.first(where: { $0.value == word }) { return exact.value }
        if let titled = choices.first(where: { $0.title.lowercased() == word.lowercased() }) { return titled.value }
        if let number = Int(word), number > 0, number <= choices.count { return choices[number - 1].value }
        return nil
    }
}

extension ElicitedField.Format {
    var fault: String {
        switch self {
        case .email: "it is no e-mail address"
        case .uri: "it is no address with a scheme"
        case .date: "it is no date such as 2026-07-28"
        case .dateTime: "it is no time such as 2026-07-28T12:00:00Z"
        }
    }

    /// Whether a text is of the format (JSON Schema 2020-12 validation §7.3; RFC 3339, RFC 3986, RFC 5321).
    func fits(_ text: String) -> Bool {
        switch self {
        case .email:
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty
                && !text.contains { $0.isWhitespace || $0.isNewline } && !parts[1].hasPrefix(".")
                && !parts[1].hasSuffix(".")
        case .uri:
            guard let colon = text.firstIndex(of: ":"), colon != text.startIndex,
                text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"<>\"{}|\\^`".utf8.contains($0) })
            else { return false }
            let scheme = text[..<colon].utf8
            return scheme.first.map(Self.isLetter) == true
                && scheme.allSatisfy { Self.isLetter($0) || Self.isDigit($0) || "+-.".utf8.contains($0) }
                && text.index(after: colon) != text.endIndex
        case .date: return Self.isDate(text[...])
        case .dateTime:
            guard let mark = text.firstIndex(where: { $0 == "T" || $0 == "t" }) else { return false }
            return Self.isDate(text[..<mark]) && Self.isTime(text[text.index(after: mark)...])
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isDate(_ text: Substring) -> Bool {
        guard let match = text.wholeMatch(of: /([0-9]{4})-([0-9]{2})-([0-9]{2})/), let year = Int(match.1),
            let month = Int(match.2), let day = Int(match.3), (1...12).contains(month)
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        return (1...days).contains(day)
    }

    private static func isTime(_ text: Substring) -> Bool {
        let form = /([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([Zz]|[+\-]([0-9]{2}):([0-9]{2}))/
        guard let match = text.wholeMatch(of: form), let hour = Int(match.1), let minute = Int(match.2),
            let second = Int(match.3)
        else { return false }
        let offset = (match.6.flatMap { Int($0) } ?? 0, match.7.flatMap { Int($0) } ?? 0)
        return hour < 24 && minute < 60 && second <= 60 && offset.0 < 24 && offset.1 < 60
    }
}

extension Double {
    /// Without a point where there is nothing behind it.
    fileprivate var plain: String { self == rounded() && abs(self) < 1e15 ? String(Int(self)) : String(self) }
}

extension String {
    fileprivate var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
