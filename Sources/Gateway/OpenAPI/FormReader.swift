// From a JSON Schema to the types of mcpo 0.0.20. What mcpo fails at, and with it the whole server, is a value of any type here.

import OmlxJSON

/// Reads one schema with its definitions.
struct FormReader {
    private let definitions: JSONObject
    /// The models made so far, by name.
    private var models: [String: FormModel] = [:]
    private var depth = 0
    /// How many more types are read: references may multiply.
    private var budget = 20_000

    private static let depthLimit = 40

    init(definitionsOf schema: JSON) {
        var all = schema["definitions"]?.objectValue ?? [:]
        for (name, definition) in schema["$defs"]?.objectValue ?? [:] { all[name] = definition }
        definitions = all
    }

    /// The model of an object's schema, named as mcpo names it; without fields for a tool without arguments.
    static func model(_ name: String, of schema: JSON) -> FormModel {
        var reader = FormReader(definitionsOf: schema)
        return FormModel(name: name, fields: reader.fields(of: schema, name))
    }

    private mutating func fields(of schema: JSON, _ model: String) -> [FormField] {
        guard let properties = schema["properties"]?.objectValue else { return [] }
        let required = Set(schema["required"]?.stringArrayValue ?? [])
        var fields: [FormField] = []
        for (name, written) in properties {
            let isRequired = required.contains(name)
            guard let resolved = resolved(written, model) else {
                // A schema that leads back to where it stands.
                fields.append(
                    FormField(name: name, schema: .any, isRequired: false, fallback: nil, description: ""))
                continue
            }
            let fallback = resolved["default"].flatMap { $0.isNull ? nil : $0 }
            fields.append(
                FormField(
                    name: name, schema: read(resolved, model, name), isRequired: isRequired,
                    fallback: isRequired ? nil : fallback,
                    description: resolved["description"]?.stringValue ?? ""))
        }
        return fields
    }

    /// The schema a reference leads to, or the schema itself; `nil` where that is the one around it.
    private func resolved(_ schema: JSON, _ prefix: String) -> JSON? {
        guard let reference = schema["$ref"]?.stringValue else { return schema }
        if reference.hasPrefix("#/properties/") {
            let path = reference.dropFirst("#/properties/".count)
                .replacing("/properties/", with: "_model_").replacing("/items", with: "_item")
            let place = prefix.range(of: "_form_model_").map { String(prefix[$0.upperBound...]) } ?? prefix
            if place.hasPrefix(path) { return nil }
        }
        let name = reference.split(separator: "/").last.map(String.init) ?? ""
        return definitions[name] ?? [:]
    }

    private mutating func read(_ schema: JSON, _ prefix: String, _ name: String) -> FormSchema {
        guard depth < Self.depthLimit, budget > 0, schema.isObject else { return .any }
        depth += 1
        budget -= 1
        defer { depth -= 1 }
        if let options = schema["anyOf"]?.arrayValue, !options.isEmpty {
            var read: [FormSchema] = []
            for (number, option) in options.enumerated() {
                let inner = "\(prefix)_\(name)"
                read.append(self.option(option, inner, "choice_\(number)"))
            }
            return Self.union(read)
        }
        if let types = schema["type"]?.arrayValue, !types.isEmpty {
            var read: [FormSchema] = []
            for type in types {
                var one = schema
                one["type"] = type
                for keyword in FormKeywords.ofValues { one[keyword] = nil }
                read.append(self.read(one, prefix, name))
            }
            var union = Self.union(read)
            for keyword in FormKeywords.ofValues { union.kept[keyword] = schema[keyword] ?? union.kept[keyword] }
            return union
        }
        let type = self.type(schema, prefix, name)
        return FormSchema(type: type, kept: FormKeywords.kept(of: schema, for: type))
    }

    private mutating func option(_ schema: JSON, _ prefix: String, _ name: String) -> FormSchema {
        guard let resolved = resolved(schema, prefix) else { return .any }
        return read(resolved, prefix, name)
    }

    private mutating func type(_ schema: JSON, _ prefix: String, _ name: String) -> FormType {
        switch schema["type"]?.stringValue {
        case "string": return .text
        case "integer": return .integer
        case "boolean": return .boolean
        case "number": return .number
        case "null": return .null
        case "array":
            guard let items = schema["items"], items.isObject, items.objectValue?.isEmpty == false else {
                return .list(.any)
            }
            return .list(option(items, "\(prefix)_\(name)", "item"))
        case "object":
            let model = Self.modelName("\(prefix)_\(name)_model")
            if let known = models[model] { return .model(known) }
            let fields = fields(of: schema, model)
            guard !fields.isEmpty else { return .dictionary }
            let made = FormModel(name: model, fields: fields)
            models[model] = made
            return .model(made)
        default: return .any
        }
    }

    private static func modelName(_ text: String) -> String {
        let name = text.replacing("__", with: "_")
        return String(name[..<(name.lastIndex { $0 != "_" }.map { name.index(after: $0) } ?? name.startIndex)])
    }

    /// A union without unions in it and without a type twice. Of two that differ in their limits alone none is kept.
    private static func union(_ schemas: [FormSchema]) -> FormSchema {
        var options: [FormSchema] = []
        var places: [String: Int] = [:]
        let flat = schemas.flatMap { schema in
            if case .union(let inner) = schema.type { inner } else { [schema] }
        }
        for option in flat {
            if let place = places[option.type.tag] {
                if options[place].kept != option.kept { options[place].kept = [:] }
            } else {
                places[option.type.tag] = options.count
                options.append(option)
            }
        }
        return options.count == 1 ? options[0] : FormSchema(type: .union(options))
    }
}

/// The keywords of JSON Schema that limit a value and mean something to who reads a description (JSON Schema 2020-12
/// validation).
enum FormKeywords {
    /// Those that list values.
    static let ofValues = ["enum", "const"]
    private static let ofTexts = ["minLength", "maxLength", "pattern", "format"]
    private static let ofNumbers = [
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format",
    ]
    private static let ofLists = ["minItems", "maxItems", "uniqueItems"]
    private static let ofObjects = ["minProperties", "maxProperties"]
    /// All of them.
    static let all = Set(ofValues + ofTexts + ofNumbers + ofLists + ofObjects)

    static func kept(of schema: JSON, for type: FormType) -> JSONObject {
        let names =
            switch type {
            case .text: ofValues + ofTexts
            case .integer, .number: ofValues + ofNumbers
            case .boolean: ofValues
            case .list: ofLists
            case .dictionary: ofObjects
            case .any: ofValues + ofTexts + ofNumbers + ofLists + ofObjects
            case .null, .model, .union: [String]()
            }
        var kept = JSONObject()
        for name in names { if let value = schema[name] { kept[name] = value } }
        return kept
    }
}
