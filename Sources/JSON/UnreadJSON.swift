// An array or object left as text: read only where it is looked into, and only as far.

/// The text of an array or object whose values would take many times its memory. It was found to be valid.
public final class UnreadJSON: Sendable {
    /// Whether it is an object.
    public let isObject: Bool
    /// The whole text around it, shared by all that came in it.
    private let bytes: [UInt8]
    private let range: Range<Int>
    private let options: JSONParseOptions

    init(_ bytes: [UInt8], _ range: Range<Int>, isObject: Bool, _ options: JSONParseOptions) {
        self.bytes = bytes
        self.range = range
        self.isObject = isObject
        self.options = options
    }

    /// Its text as it came.
    public var text: ArraySlice<UInt8> { bytes[range] }

    /// Hands over the elements or members one after the other, in their order, until the body has enough. Those that are
    /// large may be unread as well. Of an object's members with one name all come.
    public func walk(_ body: (_ name: String?, _ value: JSON) -> Bool) {
        var parser = JSONParser(bytes: bytes, options: options, locates: false)
        // It was found to be valid: nothing can be thrown.
        try? parser.walk(from: range.lowerBound, isObject: isObject, body)
    }

    /// Hands over all tokens of the text in their order.
    func forEachToken(_ body: (_ token: JSONToken, _ text: [UInt8]) -> Void) {
        var tokens = JSONTokenizer(bytes, in: range, allowsComments: options.allowsComments)
        var token = tokens.next()
        while token.kind != .end {
            body(token, bytes)
            token = tokens.next()
        }
    }

    /// The member of that name: of several the last one.
    func member(_ name: String) -> JSON? {
        var found: JSON?
        walk { key, value in
            if key?.isIdentical(to: name) == true { found = value }
            return true
        }
        return found
    }

    /// Its elements; `nil` for an object.
    var elements: [JSON]? {
        guard !isObject else { return nil }
        var elements: [JSON] = []
        walk { _, value in
            elements.append(value)
            return true
        }
        return elements
    }

    /// Its members; `nil` for an array.
    var members: JSONObject? {
        guard isObject else { return nil }
        var members = JSONObject()
        walk { name, value in
            members[name ?? ""] = value
            return true
        }
        return members
    }

    /// The value with one level of it read.
    var read: JSON { members.map { .object($0) } ?? .array(elements ?? []) }
}

extension JSON {
    /// Hands over the elements of an array one after the other until the body has enough: of one that is unread no more is
    /// kept than the body keeps.
    /// - Returns: Whether the value is an array.
    @discardableResult
    public func forEachElement(_ body: (JSON) -> Bool) -> Bool {
        switch self {
        case .array(let elements):
            for element in elements where !body(element) { break }
            return true
        case .unread(let unread) where !unread.isObject:
            unread.walk { _, value in body(value) }
            return true
        default: return false
        }
    }

    /// Whether the value is an object, read or not.
    public var isObject: Bool {
        switch self {
        case .object: true
        case .unread(let unread): unread.isObject
        default: false
        }
    }
}

extension JSON: Hashable {
    public static func == (lhs: JSON, rhs: JSON) -> Bool {
        switch (lhs, rhs) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        // Texts are compared by their bytes.
        case (.string(let one), .string(let other)): one == other && one.isIdentical(to: other)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        case (.unread(let one), .unread(let other)) where one.text == other.text: true
        case (.unread(let one), _) where one.isObject == rhs.isObject: one.read == rhs
        case (_, .unread(let other)) where other.isObject == lhs.isObject: lhs == other.read
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        case .unread(let value): value.read.hash(into: &hasher)
        }
    }
}
