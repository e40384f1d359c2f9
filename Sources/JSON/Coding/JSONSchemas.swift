// The JSON Schema of a type's JSON form (2020-12). A type that reads itself asks for its members by name and type: what it asks
// for is what it is made of, so the description cannot differ from the code.

/// Schemas of types, each named once.
public final class JSONSchemas {
    /// What is said by hand of a type that reads itself in a way of its own.
    public struct Written {
        /// The type.
        public let type: any Decodable.Type
        /// Its schema; the first of its `examples` is a value of it.
        public let schema: JSON

        /// What is said of a type.
        public init(_ type: any Decodable.Type, _ schema: JSON) { (self.type, self.schema) = (type, schema) }
    }

    /// The names of the cases of an enumeration with values, which the compiler tells none.
    public struct Cases {
        /// The type.
        public let type: any Decodable.Type
        /// As they are in JSON.
        public let names: [String]

        /// The names of a type's cases.
        public init(_ type: any Decodable.Type, _ names: [String]) { (self.type, self.names) = (type, names) }
    }

    /// The schemas by the names of their types, in the order in which they were asked for.
    public private(set) var named = JSONObject()
    fileprivate let written: [ObjectIdentifier: JSON]
    fileprivate let cases: [ObjectIdentifier: [String]]
    private let place: String

    /// - Parameter place: what a reference begins with, as `#/components/schemas/`.
    public init(at place: String, written: [Written] = [], cases: [Cases] = []) {
        self.place = place
        self.written = Dictionary(written.map { (ObjectIdentifier($0.type), $0.schema) }) { first, _ in first }
        self.cases = Dictionary(cases.map { (ObjectIdentifier($0.type), $0.names) }) { first, _ in first }
    }

    /// The schema of a type: written out for one of the language, else a reference to its name.
    /// - Throws: what the type throws that reads itself in a way that is neither followed nor written.
    public func schema(of type: any Decodable.Type) throws -> JSON {
        if let described = type as? any Describing.Type { return try described.schema(self) }
        let name = Self.name(type)
        if named[name] == nil {
            // Held meanwhile, for a type may be part of itself.
            named[name] = .null
            named[name] = try whole(type)
        }
        return ["$ref": .string(place + name)]
    }

    /// The members of a type, and which of them have to be there, as its own schema has them.
    public func whole(_ type: any Decodable.Type) throws -> JSON {
        if let schema = written[ObjectIdentifier(type)] { return schema }
        if let words = Self.words(type) { return ["type": "string", "enum": .array(words.map { .string($0) })] }
        guard let names = cases[ObjectIdentifier(type)] else {
            let members = Members()
            _ = try type.init(from: SchemaDecoder(schemas: self, members: members))
            return members.schema
        }
        let forms = try names.map { name in
            let members = Members()
            _ = try type.init(from: SchemaDecoder(schemas: self, members: members, key: name))
            return members.schema
        }
        return ["oneOf": .array(forms)]
    }

    /// A value of the type, good only for going on.
    fileprivate func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let described = type as? any Describing.Type, let value = described.example as? Value { return value }
        if let schema = written[ObjectIdentifier(type)] {
            return try (schema["examples"]?[0] ?? .null).decoded(as: type)
        }
        if let words = Self.words(type), let word = words.first { return try JSON.string(word).decoded(as: type) }
        let key = cases[ObjectIdentifier(type)]?.first
        return try Value(from: SchemaDecoder(schemas: self, members: Members(), key: key))
    }

    /// `Outer.Inner`, without the module.
    private static func name(_ type: any Decodable.Type) -> String {
        String(String(reflecting: type).drop { $0 != "." }.dropFirst())
            .map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "_" }.reduce(into: "") { $0.append($1) }
    }

    private static func words(_ type: any Decodable.Type) -> [String]? {
        (type as? any (RawRepresentable & CaseIterable).Type).flatMap { raw($0) }
    }

    private static func raw<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) -> [String]? {
        let words = type.allCases.compactMap { $0.rawValue as? String }
        return words.isEmpty ? nil : words
    }
}

/// A type of the language.
private protocol Describing {
    static func schema(_ schemas: JSONSchemas) throws -> JSON
    static var example: Self { get }
}

extension Bool: Describing {
    fileprivate static func schema(_ schemas: JSONSchemas) -> JSON { ["type": "boolean"] }
    fileprivate static var example: Bool { false }
}

extension String: Describing {
    fileprivate static func schema(_ schemas: JSONSchemas) -> JSON { ["type": "string"] }
    fileprivate static var example: String { "" }
}

extension Double: Describing {
    fileprivate static func schema(_ schemas: JSONSchemas) -> JSON { ["type": "number"] }
    fileprivate static var example: Double { 0 }
}

extension FixedWidthInteger where Self: Decodable {
    fileprivate static func schema(_ schemas: JSONSchemas) -> JSON {
        // A number of 64 bits is told by its format: not every reader keeps its lowest digits.
        var schema: JSONObject = ["type": "integer"]
        if bitWidth == 64 { schema["format"] = "int64" }
        if !isSigned { schema["minimum"] = 0 }
        return .object(schema)
    }
    fileprivate static var example: Self { 0 }
}

extension Int: Describing {}
extension Int32: Describing {}
extension Int64: Describing {}
extension UInt16: Describing {}
extension UInt32: Describing {}
extension UInt64: Describing {}

extension Optional: Describing where Wrapped: Decodable {
    fileprivate static func schema(_ schemas: JSONSchemas) throws -> JSON {
        ["anyOf": [try schemas.schema(of: Wrapped.self), ["type": "null"]]]
    }
    fileprivate static var example: Wrapped? { nil }
}

extension Array: Describing where Element: Decodable {
    fileprivate static func schema(_ schemas: JSONSchemas) throws -> JSON {
        ["type": "array", "items": try schemas.schema(of: Element.self)]
    }
    fileprivate static var example: [Element] { [] }
}

extension Set: Describing where Element: Decodable {
    fileprivate static func schema(_ schemas: JSONSchemas) throws -> JSON {
        ["type": "array", "items": try schemas.schema(of: Element.self)]
    }
    fileprivate static var example: Set { [] }
}

extension Dictionary: Describing where Key == String, Value: Decodable {
    fileprivate static func schema(_ schemas: JSONSchemas) throws -> JSON {
        ["type": "object", "additionalProperties": try schemas.schema(of: Value.self)]
    }
    fileprivate static var example: [String: Value] { [:] }
}

/// What a type asked for.
private final class Members {
    private var properties = JSONObject()
    private var required: [JSON] = []
    private var nested: [(name: String, members: Members)] = []
    /// Asked whether they are there before they are read.
    private var doubted: Set<String> = []

    func doubt(_ key: any CodingKey) { doubted.insert(key.stringValue) }

    func add(_ key: any CodingKey, _ schema: JSON) {
        let name = key.stringValue.snakeCase
        guard !doubted.contains(key.stringValue) else {
            // Nothing and `null` are read alike.
            properties[name] = ["anyOf": [schema, ["type": "null"]]]
            return
        }
        if properties[name] == nil { required.append(.string(name)) }
        properties[name] = schema
    }

    func add(_ key: any CodingKey, _ members: Members) {
        nested.append((key.stringValue.snakeCase, members))
        required.append(.string(key.stringValue.snakeCase))
    }

    var schema: JSON {
        var properties = properties
        for (name, members) in nested { properties[name] = members.schema }
        var schema: JSONObject = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { schema["required"] = .array(required) }
        return .object(schema)
    }
}

private struct SchemaDecoder: Decoder {
    let schemas: JSONSchemas
    let members: Members
    /// The only member there seems to be.
    var key: String?
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(SchemaMembers(decoder: self))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Self.unwritten }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw Self.unwritten }

    static var unwritten: DecodingError {
        .dataCorrupted(.init(codingPath: [], debugDescription: "the type reads itself in a way of its own"))
    }
}

private struct SchemaMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: SchemaDecoder
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] {
        [decoder.key.flatMap { Key(stringValue: $0) ?? Key(stringValue: $0.camelCase) }].compactMap(\.self)
    }

    func contains(_ key: Key) -> Bool {
        decoder.members.doubt(key)
        return true
    }
    func decodeNil(forKey key: Key) -> Bool { false }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        decoder.members.add(key, try decoder.schemas.schema(of: type))
        return try decoder.schemas.value(type)
    }
    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        // The case of an enumeration: what it holds is asked for before its schema is wanted.
        let nested = Members()
        decoder.members.add(key, nested)
        return SchemaDecoder(schemas: decoder.schemas, members: nested).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw SchemaDecoder.unwritten
    }
    func superDecoder() -> any Decoder { decoder }
    func superDecoder(forKey key: Key) -> any Decoder { decoder }
}
