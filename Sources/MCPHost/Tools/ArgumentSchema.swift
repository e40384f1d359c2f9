// Which JSON types a tool takes for an argument, by its JSON Schema. Decides how typed text is read, and nothing else.

import OmlxCryptography
import OmlxJSON

/// What a schema says of one argument.
struct ArgumentSchema: Sendable, Hashable {
    /// The types of JSON, integers apart.
    static let everyType: Set<String> = ["null", "boolean", "integer", "number", "string", "array", "object"]

    /// The types a value may have; `nil` when the schema does not say, or says it in a way not read here.
    private(set) var types: Set<String>?
    /// The values it may be, where they are listed.
    private(set) var values: [JSON] = []

    /// Nothing known: any value.
    init() {}

    /// What the tool's schema says of the argument of this name: directly, or in a part the schema is made of.
    init(of name: String, in schema: JSON) {
        var reader = SchemaReader(root: schema)
        self = reader.property(name, of: schema, depth: 0) ?? ArgumentSchema()
    }

    /// Whether the tool takes a text, and no other value but none.
    var isTextOnly: Bool { types.map { $0.contains("string") && $0.isSubset(of: ["string", "null"]) } ?? false }

    /// Whether the tool takes a text.
    var takesText: Bool { types?.contains("string") ?? true }

    /// Whether the tool takes a value of this type.
    func takes(_ value: JSON) -> Bool {
        guard let types else { return true }
        if types.contains(value.typeName) { return true }
        guard case .number(let number) = value, types.contains("integer") else { return false }
        return number.isInteger
    }

    fileprivate init(types: Set<String>?, values: [JSON] = []) {
        self.types = types
        self.values = values
    }

    /// Whatever either takes.
    fileprivate func union(_ other: ArgumentSchema) -> ArgumentSchema {
        guard let mine = types, let theirs = other.types else { return ArgumentSchema(types: nil) }
        return ArgumentSchema(types: mine.union(theirs), values: values + other.values)
    }

    /// Only what both take. Two that have nothing in common are a mistake of the schema; then nothing is known.
    fileprivate func intersection(_ other: ArgumentSchema) -> ArgumentSchema {
        let values = values.isEmpty ? other.values : values
        guard let mine = types else { return ArgumentSchema(types: other.types, values: values) }
        guard let theirs = other.types else { return ArgumentSchema(types: mine, values: values) }
        var both = mine.intersection(theirs)
        // Every integer is a number.
        if mine.contains("integer") && theirs.contains("number")
            || mine.contains("number") && theirs.contains("integer")
        {
            both.insert("integer")
        }
        return both.isEmpty ? ArgumentSchema() : ArgumentSchema(types: both, values: values)
    }
}

/// Walks through a schema. What a schema refers to is looked for in the schema itself; nothing is fetched (E1.10).
private struct SchemaReader {
    let root: JSON
    /// A schema may refer to itself, and grow with each look.
    private static let depthLimit = 32
    private var steps = 0
    private static let stepLimit = 2000

    init(root: JSON) { self.root = root }

    private mutating func mayGoOn(_ depth: Int) -> Bool {
        steps += 1
        return depth < Self.depthLimit && steps < Self.stepLimit
    }

    /// What is said of a member; `nil` when the schema does not know it.
    mutating func property(_ name: String, of schema: JSON, depth: Int) -> ArgumentSchema? {
        guard mayGoOn(depth) else { return nil }
        var found: ArgumentSchema?
        func and(_ one: ArgumentSchema?) { if let one { found = found?.intersection(one) ?? one } }
        if let member = schema["properties"]?[name] { and(read(member, depth: depth + 1)) }
        if let target = target(of: schema) { and(property(name, of: target, depth: depth + 1)) }
        for part in schema["allOf"]?.arrayValue ?? [] { and(property(name, of: part, depth: depth + 1)) }
        // In each of these the member may be told of, and only in some.
        for key in ["anyOf", "oneOf"] { and(anyProperty(name, of: schema[key]?.arrayValue ?? [], depth)) }
        if found == nil {
            let conditional = [schema["then"], schema["else"]].compactMap { $0 }
            let dependent = schema["dependentSchemas"]?.objectValue?.map(\.value) ?? []
            found = anyProperty(name, of: conditional + dependent, depth)
        }
        if found == nil, let rest = schema["additionalProperties"], rest.objectValue != nil {
            found = read(rest, depth: depth + 1)
        }
        return found
    }

    private mutating func anyProperty(_ name: String, of schemas: [JSON], _ depth: Int) -> ArgumentSchema? {
        schemas.reduce(nil as ArgumentSchema?) { found, schema in
            guard let one = property(name, of: schema, depth: depth + 1) else { return found }
            return found?.union(one) ?? one
        }
    }

    /// What a schema takes.
    private mutating func read(_ schema: JSON, depth: Int) -> ArgumentSchema {
        guard mayGoOn(depth), schema.objectValue != nil else { return ArgumentSchema() }
        var taken = ArgumentSchema(types: Self.types(schema["type"]))
        if let value = schema["const"] { taken = taken.intersection(Self.listed([value])) }
        if let values = schema["enum"]?.arrayValue, !values.isEmpty { taken = taken.intersection(Self.listed(values)) }
        if let target = target(of: schema) { taken = taken.intersection(read(target, depth: depth + 1)) }
        for part in schema["allOf"]?.arrayValue ?? [] { taken = taken.intersection(read(part, depth: depth + 1)) }
        for key in ["anyOf", "oneOf"] {
            let parts = schema[key]?.arrayValue ?? []
            guard let first = parts.first else { continue }
            var any = read(first, depth: depth + 1)
            for part in parts.dropFirst() { any = any.union(read(part, depth: depth + 1)) }
            taken = taken.intersection(any)
        }
        // OpenAPI 3.0 says it so.
        if schema["nullable"]?.boolValue == true, let types = taken.types {
            taken = ArgumentSchema(types: types.union(["null"]), values: taken.values)
        }
        return taken
    }

    private static func listed(_ values: [JSON]) -> ArgumentSchema {
        let types = values.map { value in
            if case .number(let number) = value, number.isInteger { return "integer" }
            return value.typeName
        }
        return ArgumentSchema(types: Set(types), values: values)
    }

    /// Words that other languages have for the types, as some servers write them.
    private static let spellings = [
        "int": "integer", "long": "integer", "float": "number", "double": "number", "str": "string", "text": "string",
        "bool": "boolean", "list": "array", "dict": "object", "none": "null",
    ]

    private static func types(_ declared: JSON?) -> Set<String>? {
        let words = declared?.stringArrayValue ?? declared?.stringValue.map { [$0] } ?? []
        let types = words.map { word in
            let word = word.lowercased()
            return spellings[word] ?? word
        }
        let isKnown = !types.isEmpty && types.allSatisfy(ArgumentSchema.everyType.contains)
        return isKnown ? Set(types) : nil
    }

    /// What a schema refers to within its own document: by JSON Pointer (RFC 6901), by anchor, or by `$id`.
    private func target(of schema: JSON) -> JSON? {
        guard let reference = (schema["$ref"] ?? schema["$dynamicRef"])?.stringValue else { return nil }
        guard reference.hasPrefix("#") else { return definition { $0["$id"]?.stringValue == reference } }
        // A fragment is percent-encoded (RFC 6901 §6).
        let fragment = String(decoding: PercentEncoding.decode(reference.utf8.dropFirst()), as: UTF8.self)
        if fragment.isEmpty { return root }
        guard fragment.hasPrefix("/") else {
            return definition { ($0["$anchor"] ?? $0["$dynamicAnchor"])?.stringValue == fragment }
        }
        var place = root
        for token in fragment.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let key = String(token).replacing("~1", with: "/").replacing("~0", with: "~")
            guard let next = place[key] ?? Int(key).flatMap({ place[$0] }) else { return nil }
            place = next
        }
        return place
    }

    private func definition(_ isMeant: (JSON) -> Bool) -> JSON? {
        let all = [root["$defs"], root["definitions"]].compactMap { $0?.objectValue }.flatMap { $0.map(\.value) }
        return all.first(where: isMeant)
    }
}

extension JSONNumber {
    /// Whether the number is an integer as JSON Schema counts: `5`, `5.0` and `5e3` are. Of any length.
    fileprivate var isInteger: Bool {
        if !text.contains(where: { ".eE".contains($0) }) { return true }
        return doubleValue.isFinite && doubleValue == doubleValue.rounded()
    }
}
