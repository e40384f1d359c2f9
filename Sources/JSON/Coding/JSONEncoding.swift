// Codable values as JSON: members in the order they are written, names in snake case, numbers and JSON values as they are.

extension JSON {
    /// The JSON form of a value.
    /// - Parameter info: what the value's own `encode(to:)` may ask for.
    /// - Throws: what that throws; no type of this package does.
    public init(encoding value: some Encodable, info: [CodingUserInfoKey: any Sendable] = [:]) throws {
        self = try JSONNode.holding(value, [], info).json
    }
}

/// A value being written.
private final class JSONNode {
    private enum Content {
        case nothing
        case value(JSON)
        case object([(name: String, node: JSONNode)])
        case array([JSONNode])
    }

    private var content = Content.nothing

    static func holding(
        _ value: any Encodable, _ path: [any CodingKey], _ info: [CodingUserInfoKey: any Sendable]
    ) throws -> JSONNode {
        let node = JSONNode()
        if let value = value as? any JSONRepresentable {
            node.put(value.json)
        } else {
            try value.encode(to: JSONValueEncoder(node: node, codingPath: path, info: info))
        }
        return node
    }

    var json: JSON {
        switch content {
        // A value that writes nothing has nothing to say.
        case .nothing: .object(JSONObject())
        case .value(let value): value
        case .object(let members): .object(JSONObject(members.map { ($0.name, $0.node.json) }))
        case .array(let elements): .array(elements.map(\.json))
        }
    }

    var count: Int { if case .array(let elements) = content { elements.count } else { 0 } }

    func put(_ value: JSON) { content = .value(value) }

    func put(_ node: JSONNode, _ name: String) {
        var members: [(name: String, node: JSONNode)] = []
        if case .object(let earlier) = content { members = earlier }
        members.append((name, node))
        content = .object(members)
    }

    func append(_ node: JSONNode) {
        var elements: [JSONNode] = []
        if case .array(let earlier) = content { elements = earlier }
        elements.append(node)
        content = .array(elements)
    }

    func beginObject() { if case .nothing = content { content = .object([]) } }
    func beginArray() { if case .nothing = content { content = .array([]) } }
}

private struct JSONValueEncoder: Encoder {
    let node: JSONNode
    let codingPath: [any CodingKey]
    let info: [CodingUserInfoKey: any Sendable]
    var userInfo: [CodingUserInfoKey: Any] { info }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.beginObject()
        return KeyedEncodingContainer(JSONMembersWriter(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.beginArray()
        return JSONElementsWriter(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONSingleWriter(encoder: self) }

    func below(_ key: (any CodingKey)? = nil) -> JSONValueEncoder {
        JSONValueEncoder(node: JSONNode(), codingPath: codingPath + (key.map { [$0] } ?? []), info: info)
    }
}

private struct JSONMembersWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: JSONValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) { put(.null, key) }
    func encode(_ value: Bool, forKey key: Key) { put(.bool(value), key) }
    func encode(_ value: String, forKey key: Key) { put(.string(value), key) }
    func encode(_ value: Int, forKey key: Key) { put(JSON(value), key) }
    func encode(_ value: Double, forKey key: Key) { put(JSON(value), key) }
    func encode(_ value: some Encodable, forKey key: Key) throws {
        encoder.node.put(try .holding(value, codingPath + [key], encoder.info), key.stringValue.snakeCase)
    }

    private func put(_ value: JSON, _ key: Key) {
        let node = JSONNode()
        node.put(value)
        encoder.node.put(node, key.stringValue.snakeCase)
    }

    private func below(_ key: any CodingKey) -> JSONValueEncoder {
        let below = encoder.below(key)
        encoder.node.put(below.node, key.stringValue.snakeCase)
        return below
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { below(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { below(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder }
    func superEncoder(forKey key: Key) -> any Encoder { below(key) }
}

private struct JSONElementsWriter: UnkeyedEncodingContainer {
    let encoder: JSONValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.node.count }

    func encodeNil() { below().node.put(.null) }
    func encode(_ value: some Encodable) throws {
        encoder.node.append(try .holding(value, codingPath, encoder.info))
    }

    private func below() -> JSONValueEncoder {
        let below = encoder.below()
        encoder.node.append(below.node)
        return below
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        below().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { below().unkeyedContainer() }
    func superEncoder() -> any Encoder { below() }
}

private struct JSONSingleWriter: SingleValueEncodingContainer {
    let encoder: JSONValueEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil() { encoder.node.put(.null) }
    func encode(_ value: Bool) { encoder.node.put(.bool(value)) }
    func encode(_ value: String) { encoder.node.put(.string(value)) }
    func encode(_ value: Double) { encoder.node.put(JSON(value)) }
    func encode(_ value: Float) { encode(Double(value)) }
    func encode(_ value: Int) { encoder.node.put(JSON(value)) }
    func encode(_ value: Int8) { encode(Int(value)) }
    func encode(_ value: Int16) { encode(Int(value)) }
    func encode(_ value: Int32) { encode(Int(value)) }
    func encode(_ value: Int64) { encode(Int(value)) }
    func encode(_ value: UInt) throws { try whole(value) }
    func encode(_ value: UInt8) { encode(Int(value)) }
    func encode(_ value: UInt16) { encode(Int(value)) }
    func encode(_ value: UInt32) { encode(Int(value)) }
    func encode(_ value: UInt64) throws { try whole(value) }
    func encode(_ value: some Encodable) throws {
        encoder.node.put(try JSONNode.holding(value, codingPath, encoder.info).json)
    }

    private func whole(_ value: some BinaryInteger & Encodable) throws {
        guard let number = Int(exactly: value) else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: codingPath, debugDescription: "the number is larger than any here"))
        }
        encode(number)
    }
}
