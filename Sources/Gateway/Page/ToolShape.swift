// What JSON for an argument may look like, by its schema: an example to write over.

import OmlxJSON

enum ToolShape {
    /// A schema may lead back to itself.
    private static let greatestDepth = 5

    /// The example as text; empty where the schema says nothing of what is in it.
    static func text(of schema: JSON, in root: JSON) -> String {
        let example = example(schema, root, 0)
        if case .object(let members) = example, members.isEmpty { return "" }
        return example.isNull ? "" : example.text(pretty: true)
    }

    private static func example(_ schema: JSON, _ root: JSON, _ depth: Int) -> JSON {
        guard depth < greatestDepth else { return .null }
        let schema = ToolField.resolved(schema, in: root)
        if let value = schema["default"] ?? schema["const"] ?? schema["examples"]?.arrayValue?.first { return value }
        if let value = schema["enum"]?.arrayValue?.first { return value }
        if let choice = (schema["anyOf"] ?? schema["oneOf"])?.arrayValue?.first {
            return example(choice, root, depth + 1)
        }
        let type = schema["type"]?.stringValue ?? schema["type"]?.stringArrayValue?.first { $0 != "null" }
        switch type {
        case "object",
            nil where schema["properties"] != nil:
            var members = JSONObject()
            for (name, property) in schema["properties"]?.objectValue ?? [:] {
                members[name] = example(property, root, depth + 1)
            }
            return .object(members)
        case "array":
            let item = schema["items"].map { example($0, root, depth + 1) } ?? .null
            return .array(item.isNull ? [] : [item])
        case "string": return .string(schema["format"]?.stringValue ?? "…")
        case "integer", "number": return schema["minimum"] ?? 0
        case "boolean": return false
        default: return .null
        }
    }
}
