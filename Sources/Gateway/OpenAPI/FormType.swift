// The arguments of a tool as mcpo 0.0.20 knows them: what it makes of a JSON Schema, with the keywords it drops kept beside.

import OmlxJSON

/// A type of arguments.
indirect enum FormType: Sendable {
    case any
    case null
    case boolean
    case integer
    case number
    case text
    /// An object with members of any name.
    case dictionary
    case list(FormSchema)
    case model(FormModel)
    /// One of several; none of them is a union, and no two are the same.
    case union([FormSchema])

    /// How pydantic names the type, in the place of an error within a union.
    var tag: String {
        switch self {
        case .any: "any"
        case .null: "none"
        case .boolean: "bool"
        case .integer: "int"
        case .number: "float"
        case .text: "str"
        case .dictionary: "dict[str,any]"
        case .list(let element): "list[\(element.type.tag)]"
        case .model(let model): model.name
        case .union(let options):
            if let inner = FormType.nullable(options) {
                "nullable[\(inner.count == 1 ? inner[0].type.tag : Self.tag(ofUnion: inner))]"
            } else {
                Self.tag(ofUnion: options)
            }
        }
    }

    private static func tag(ofUnion options: [FormSchema]) -> String {
        "union[\(options.map(\.type.tag).joined(separator: ","))]"
    }

    var isNull: Bool { if case .null = self { true } else { false } }

    /// The options but for null, where that is one.
    static func nullable(_ options: [FormSchema]) -> [FormSchema]? {
        let others = options.filter { !$0.type.isNull }
        return others.count == options.count ? nil : others
    }
}

/// A type with the keywords of its schema that limit it.
struct FormSchema: Sendable {
    var type: FormType
    /// Keywords such as `enum`, `minimum` and `format`, as the server wrote them.
    var kept = JSONObject()

    static let any = FormSchema(type: .any)
}

/// An object with members of known names.
final class FormModel: Sendable {
    let name: String
    let fields: [FormField]

    init(name: String, fields: [FormField]) {
        self.name = name
        self.fields = fields
    }
}

/// A member of an object.
struct FormField: Sendable {
    let name: String
    let schema: FormSchema
    let isRequired: Bool
    /// What stands for it where it is left out; `nil` when nothing does.
    let fallback: JSON?
    let description: String
}
