// The description of a server's tools as mcpo 0.0.20 gives it (OpenAPI 3.1.0), with the limits it drops.

import OmlxJSON

/// What a document says of itself.
struct OpenAPIInfo: Sendable {
    var title: String
    var description: String
    var version: String
    /// Where its paths begin; nothing is said where that is the root.
    var address: String
    /// Whether its operations need a key.
    var isKeyed: Bool
}

/// Writes documents.
struct OpenAPIDocument {
    /// The keys of the models, by their names.
    private var keys: [String: String] = [:]
    private var models: [FormModel] = []

    /// The document of these tools.
    static func json(_ info: OpenAPIInfo, _ tools: [PreparedTool]) -> JSON {
        var document: JSONObject = [
            "openapi": "3.1.0",
            "info": [
                "title": .string(info.title), "description": .string(info.description),
                "version": .string(info.version),
            ],
        ]
        if !info.address.isEmpty { document["servers"] = [["url": .string(info.address)]] }
        let writer = OpenAPIDocument(tools)
        var paths = JSONObject()
        for tool in tools { paths["/" + tool.name] = ["post": writer.operation(tool, isKeyed: info.isKeyed)] }
        document["paths"] = .object(paths)
        let schemas = writer.schemas(isChecking: tools.contains { $0.takesArguments })
        var components = JSONObject()
        if !schemas.isEmpty { components["schemas"] = .object(schemas) }
        if info.isKeyed, !tools.isEmpty {
            components["securitySchemes"] = ["HTTPBearer": ["type": "http", "scheme": "bearer"]]
        }
        if !components.isEmpty { document["components"] = .object(components) }
        return .object(document)
    }

    init(_ tools: [PreparedTool]) {
        var seen: Set<String> = []
        for tool in tools {
            // Of a tool without arguments mcpo describes no answer either.
            for model in [tool.arguments, tool.answer].compactMap({ $0 })
            where tool.takesArguments && !model.fields.isEmpty {
                collect(model, &seen)
            }
        }
        var taken: [String: Int] = [:]
        for model in models { taken[PythonWords.schemaKey(model.name), default: 0] += 1 }
        for model in models {
            let short = PythonWords.schemaKey(model.name)
            keys[model.name] = taken[short] == 1 ? short : PythonWords.longSchemaKey(model.name)
        }
    }

    private mutating func collect(_ model: FormModel, _ seen: inout Set<String>) {
        guard seen.insert(model.name).inserted else { return }
        models.append(model)
        for field in model.fields { collect(field.schema.type, &seen) }
    }

    private mutating func collect(_ type: FormType, _ seen: inout Set<String>) {
        switch type {
        case .model(let model): collect(model, &seen)
        case .list(let element): collect(element.type, &seen)
        case .union(let options): for option in options { collect(option.type, &seen) }
        default: break
        }
    }

    // MARK: operations

    private func operation(_ tool: PreparedTool, isKeyed: Bool) -> JSON {
        let id = PythonWords.operationID(tool.name)
        var operation: JSONObject = ["summary": .string(PythonWords.summary(tool.name))]
        if let description = tool.description, !description.isEmpty { operation["description"] = .string(description) }
        operation["operationId"] = .string(id)
        var answers: JSONObject = [:]
        if tool.takesArguments {
            operation["requestBody"] = [
                "content": ["application/json": ["schema": reference(tool.arguments)]], "required": true,
            ]
            var schema = JSONObject()
            if let answer = tool.answer, !answer.fields.isEmpty { schema["anyOf"] = [reference(answer), [:]] }
            schema["title"] = .string(PythonWords.fieldTitle("Response_" + id))
            answers["200"] = Self.answer("Successful Response", .object(schema))
            answers["422"] = Self.answer("Validation Error", Self.reference("HTTPValidationError"))
        } else {
            answers["200"] = Self.answer("Successful Response", [:])
        }
        operation["responses"] = .object(answers)
        if isKeyed { operation["security"] = [["HTTPBearer": []]] }
        return .object(operation)
    }

    private static func answer(_ description: String, _ schema: JSON) -> JSON {
        ["description": .string(description), "content": ["application/json": ["schema": schema]]]
    }

    private static func reference(_ key: String) -> JSON { ["$ref": .string("#/components/schemas/\(key)")] }

    private func reference(_ model: FormModel) -> JSON { Self.reference(keys[model.name] ?? model.name) }

    // MARK: schemas

    private func schemas(isChecking: Bool) -> JSONObject {
        var named: [(String, JSON)] = models.map { (keys[$0.name] ?? $0.name, schema(of: $0)) }
        if isChecking { named += Self.validation }
        return JSONObject(named.sorted { $0.0.unicodeScalars.lexicographicallyPrecedes($1.0.unicodeScalars) })
    }

    private static let validation: [(String, JSON)] = [
        (
            "HTTPValidationError",
            [
                "properties": [
                    "detail": ["items": reference("ValidationError"), "type": "array", "title": "Detail"]
                ],
                "type": "object", "title": "HTTPValidationError",
            ]
        ),
        (
            "ValidationError",
            [
                "properties": [
                    "loc": [
                        "items": ["anyOf": [["type": "string"], ["type": "integer"]]], "type": "array",
                        "title": "Location",
                    ],
                    "msg": ["type": "string", "title": "Message"],
                    "type": ["type": "string", "title": "Error Type"],
                ],
                "type": "object", "required": ["loc", "msg", "type"], "title": "ValidationError",
            ]
        ),
    ]

    private func schema(of model: FormModel) -> JSON {
        var properties = JSONObject()
        for field in model.fields {
            var property = schema(of: field.schema)
            if Self.hasTitle(field.schema.type) { property["title"] = .string(PythonWords.fieldTitle(field.name)) }
            property["description"] = .string(field.description)
            if let fallback = field.fallback { property["default"] = fallback }
            properties[field.name] = .object(property)
        }
        var schema: JSONObject = ["properties": .object(properties), "type": "object"]
        let required = model.fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { schema["required"] = JSON(required) }
        schema["title"] = .string(model.name)
        return .object(schema)
    }

    /// A model has a title of its own.
    private static func hasTitle(_ type: FormType) -> Bool {
        switch type {
        case .model: return false
        case .union(let options):
            guard let others = FormType.nullable(options), others.count == 1 else { return true }
            return hasTitle(others[0].type)
        default: return true
        }
    }

    private func schema(of schema: FormSchema) -> JSONObject {
        var written: JSONObject =
            switch schema.type {
            case .any: [:]
            case .null: ["type": "null"]
            case .boolean: ["type": "boolean"]
            case .integer: ["type": "integer"]
            case .number: ["type": "number"]
            case .text: ["type": "string"]
            case .dictionary: ["additionalProperties": true, "type": "object"]
            case .list(let element): ["items": .object(self.schema(of: element)), "type": "array"]
            case .model(let model): ["$ref": reference(model)["$ref"] ?? .null]
            case .union(let options):
                // Null is the last of them, wherever the server wrote it.
                [
                    "anyOf": .array(
                        (options.filter { !$0.type.isNull } + options.filter { $0.type.isNull })
                            .map { .object(self.schema(of: $0)) })
                ]
            }
        for (keyword, value) in schema.kept { written[keyword] = value }
        return written
    }
}
