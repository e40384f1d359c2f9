// Arguments of a tool that go with its call as headers, too, where the tool's schema says so (MCP 2026-07-28, tools,
// `x-mcp-header`). No I/O.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// Which arguments of a tool are mirrored, by its schema.
struct MirroredArguments: Sendable, Hashable {
    /// One argument: the header's name, and where it stands.
    struct Place: Sendable, Hashable {
        var header: String
        var path: [String]
    }

    /// Why a tool that asks for such headers cannot be used.
    struct Fault: Error, Sendable, Hashable {
        var reason: String
    }

    private static let keyword = "x-mcp-header"
    /// Schemas nest as deep as messages may; what asks for headers so deep down is none.
    private static let depthLimit = 64
    /// Keywords under which a schema is not that of one argument in any case.
    private static let indirect = [
        "items", "prefixItems", "additionalItems", "contains", "additionalProperties", "patternProperties",
        "propertyNames", "oneOf", "anyOf", "allOf", "not", "if", "then", "else", "dependentSchemas",
        "unevaluatedItems", "unevaluatedProperties", "$defs", "definitions",
    ]

    private(set) var places: [Place] = []

    /// Reads a schema.
    /// - Throws: `Fault` for one whose headers a client must not send.
    init(_ schema: JSON) throws(Fault) {
        // Nearly no schema has any: one look at its text spares the walk.
        guard Self.mentions(schema, depth: 0) else { return }
        try read(schema, path: [], depth: 0)
        let names = places.map { $0.header.lowercased() }
        guard Set(names).count == names.count else {
            throw Fault(reason: "two of its arguments ask for the same header")
        }
    }

    private mutating func read(_ schema: JSON, path: [String], depth: Int) throws(Fault) {
        guard depth < Self.depthLimit, let members = schema.objectValue else { return }
        if let wish = members[Self.keyword] { places.append(Place(header: try Self.name(wish, schema), path: path)) }
        for keyword in Self.indirect {
            guard let part = members[keyword], Self.mentions(part, depth: depth) else { continue }
            throw Fault(reason: "it asks for a header under \(keyword)")
        }
        if members["$ref"] != nil, members[Self.keyword] != nil {
            throw Fault(reason: "it asks for a header by a reference")
        }
        for (name, property) in members["properties"]?.objectValue ?? [:] {
            try read(property, path: path + [name], depth: depth + 1)
        }
    }

    private static func name(_ wish: JSON, _ schema: JSON) throws(Fault) -> String {
        guard let name = wish.stringValue, !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
            throw Fault(reason: "it asks for a header whose name is none: \(OmlxError.shown(wish.text(), limit: 80))")
        }
        guard let type = schema["type"]?.stringValue, ["string", "integer", "boolean"].contains(type) else {
            throw Fault(reason: "it asks for a header of what is no text, integer or truth value: \(name)")
        }
        return name
    }

    /// RFC 9110 §5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func mentions(_ schema: JSON, depth: Int) -> Bool {
        guard depth < depthLimit else { return false }
        switch schema {
        case .object(let members):
            return members[keyword] != nil || members.contains { mentions($0.value, depth: depth + 1) }
        case .array(let elements): return elements.contains { mentions($0, depth: depth + 1) }
        default: return false
        }
    }

    // MARK: headers

    /// The headers of a call with these arguments. What is absent, `null`, or no text, integer or truth value has none.
    func headers(of arguments: JSON) -> [HTTPRequestHeader] {
        places.compactMap { place in
            var value: JSON? = arguments
            for name in place.path { value = value?[name] }
            return value.flatMap(Self.text).map {
                HTTPRequestHeader("Mcp-Param-" + place.header, Self.encoded($0))
            }
        }
    }

    private static func text(_ value: JSON) -> String? {
        switch value {
        case .string(let text): return text
        case .bool(let value): return value ? "true" : "false"
        case .number:
            // What other programs read as a double would not compare equal beyond that.
            guard let number = value.intValue, abs(number) <= 1 << 53 - 1 else { return nil }
            return String(number)
        default: return nil
        }
    }

    /// A text as the value of a header: as it is where every program reads it as that, else as base64 between marks.
    static func encoded(_ text: String) -> String {
        let (opening, closing) = ("=?base64?", "?=")
        let bytes = text.utf8
        let isPlain =
            bytes.allSatisfy { (0x20...0x7E).contains($0) } && bytes.first != 0x20 && bytes.last != 0x20
            && !(text.hasPrefix(opening) && text.hasSuffix(closing))
        return isPlain ? text : opening + Base64.encode(bytes) + closing
    }
}
