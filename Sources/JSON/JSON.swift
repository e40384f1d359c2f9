// The JSON value used everywhere: ordered, lossless for numbers, without Foundation.

/// A JSON value (RFC 8259). Object members keep their order, numbers keep their spelling.
public enum JSON: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number, kept as it was spelled.
    case number(JSONNumber)
    /// A string; escapes are resolved.
    case string(String)
    /// An array.
    case array([JSON])
    /// An object, its members in their order.
    case object(JSONObject)
    /// An array or object that is still text: only where that was asked for (`JSONParseOptions.memoryFactor`).
    case unread(UnreadJSON)
}

extension JSON {
    /// The string, or `nil` when the value is of another type.
    public var stringValue: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// The boolean, or `nil` when the value is of another type.
    public var boolValue: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The number as an integer, or `nil` when it is no number, has a fraction, or does not fit.
    public var intValue: Int? {
        if case .number(let value) = self { return value.intValue }
        return nil
    }

    /// The number as a double, or `nil` when the value is of another type.
    public var doubleValue: Double? {
        if case .number(let value) = self { return value.doubleValue }
        return nil
    }

    /// The elements, or `nil` when the value is no array.
    public var arrayValue: [JSON]? {
        switch self {
        case .array(let value): value
        case .unread(let unread): unread.elements
        default: nil
        }
    }

    /// The members, or `nil` when the value is no object.
    public var objectValue: JSONObject? {
        switch self {
        case .object(let value): value
        case .unread(let unread): unread.members
        default: nil
        }
    }

    /// Whether the value is `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// The member of that name; `nil` when there is none or the value is no object.
    public subscript(key: String) -> JSON? {
        get {
            if case .unread(let unread) = self { return unread.isObject ? unread.member(key) : nil }
            return objectValue?[key]
        }
        set {
            var object = objectValue ?? JSONObject()
            object[key] = newValue
            self = .object(object)
        }
    }

    /// The element at that index; `nil` when there is none or the value is no array.
    public subscript(index: Int) -> JSON? {
        guard let elements = arrayValue, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The type's name as JSON calls it, for messages: `null`, `boolean`, `number`, `string`, `array`, `object`.
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        case .unread(let unread): unread.isObject ? "object" : "array"
        }
    }

    /// An array of strings, or `nil` when the value is no array or an element is no string.
    public var stringArrayValue: [String]? {
        guard let elements = arrayValue else { return nil }
        var strings: [String] = []
        for element in elements {
            guard let string = element.stringValue else { return nil }
            strings.append(string)
        }
        return strings
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    public init(floatLiteral value: Double) { self = .number(JSONNumber(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}

extension JSON {
    /// A number value.
    public init(_ value: Int) { self = .number(JSONNumber(value)) }
    /// A number value; not-a-number and infinities, which JSON cannot say, become `null`.
    public init(_ value: Double) { self = value.isFinite ? .number(JSONNumber(value)) : .null }
    /// A string value.
    public init(_ value: String) { self = .string(value) }
    /// An array of strings.
    public init(_ values: [String]) { self = .array(values.map { .string($0) }) }
    /// A string, or `null` for `nil`.
    public init(optional value: String?) { self = value.map { .string($0) } ?? .null }
}
