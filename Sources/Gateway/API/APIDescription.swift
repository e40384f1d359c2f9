// GET /api/v1/openapi.json: the questions of `Host`, described from the table of routes.

import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

/// The description of `/api/v1` (OpenAPI 3.1).
enum APIDescription {
    static var document: JSON {
        var paths: JSONObject = [:]
        var schemas: JSONObject = [:]
        for form in HostRoutes.all {
            paths[form.fullPath] = operations(form)
            for shape in [form.question, form.answer] where shape.hasSchema { schemas[shape.name] = schema(shape) }
        }
        paths[HostAPI.root + "events"] = ["get": events]
        paths[HostAPI.root + "conversations/{id}"] = ["post": conversations]
        schemas["ConversationReply"] = ["title": "ConversationReply", "type": "object"]
        schemas["Problem"] = problem
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "omlx", "version": .string(HostOptions.version),
                "description": "What can be asked of the host that stays up. Members are named in snake case.",
            ],
            "paths": .object(paths),
            "components": ["schemas": .object(schemas)],
        ]
    }

    private static func operations(_ form: HostRouteForm) -> JSON {
        var operations: JSONObject = [:]
        if form.isPlain { operations["get"] = operation(form, "get") }
        operations["post"] = operation(form, "post")
        return .object(operations)
    }

    private static func operation(_ form: HostRouteForm, _ method: String) -> JSON {
        var content: JSONObject = ["application/json": ["schema": reference(form.answer)]]
        if form.isTold { content["text/event-stream"] = ["schema": ["type": "string"]] }
        var operation: JSONObject = [
            "operationId": .string(identifier(form, method)), "summary": .string(form.summary),
            "x-omlx-access": .string(form.access.rawValue),
            "responses": [
                "200": ["description": "The answer.", "content": .object(content)],
                "default": [
                    "description": "An error (RFC 9457).",
                    "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
                ],
            ],
        ]
        if method == "post", form.question.name != "Nothing" {
            operation["requestBody"] = [
                "required": .bool(!form.isPlain),
                "content": ["application/json": ["schema": reference(form.question)]],
            ]
        }
        return .object(operation)
    }

    private static func identifier(_ form: HostRouteForm, _ method: String) -> String {
        let words = form.path.split { $0 == "/" || $0 == "-" }
        let name = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        return (method == "get" ? "get" : "ask") + name
    }

    private static func reference(_ shape: HostRouteForm.Shape) -> JSON {
        var one: JSON = shape.hasSchema ? ["$ref": .string("#/components/schemas/\(shape.name)")] : schema(shape)
        if shape.isArray { one = ["type": "array", "items": one] }
        return shape.isOptional ? ["anyOf": [one, ["type": "null"]]] : one
    }

    private static func schema(_ shape: HostRouteForm.Shape) -> JSON {
        switch shape.name {
        case "String": ["type": "string"]
        case "Int": ["type": "integer"]
        case "Bool": ["type": "boolean"]
        case "KeyringObstacle": ["title": "KeyringObstacle", "type": "string"]
        // Whatever JSON it is.
        case "JSON", "ToolResult": ["title": .string(shape.name)]
        default: ["title": .string(shape.name), "type": "object"]
        }
    }

    private static var events: JSON {
        [
            "operationId": "getEvents", "summary": "What happens, as it happens, after a snapshot of all servers.",
            "x-omlx-access": "key",
            "responses": [
                "200": [
                    "description": "Event `snapshot`, then event `event` for each thing that happens.",
                    "content": ["text/event-stream": ["schema": ["type": "string"]]],
                ]
            ],
        ]
    }

    private static var conversations: JSON {
        [
            "operationId": "reply",
            "summary": "Answers a question of a conversation, or hands on a line that was typed.",
            "x-omlx-access": "owner",
            "parameters": [["name": "id", "in": "path", "required": true, "schema": ["type": "string"]]],
            "requestBody": [
                "required": true,
                "content": ["application/json": ["schema": ["$ref": "#/components/schemas/ConversationReply"]]],
            ],
            "responses": ["204": ["description": "Taken."], "404": ["description": "The conversation is over."]],
        ]
    }

    private static var problem: JSON {
        [
            "title": "Problem", "type": "object", "required": ["title", "status"],
            "properties": [
                "title": ["type": "string"], "status": ["type": "integer"], "detail": ["type": "string"],
                "code": ["type": "string"], "error": ["type": "object"],
            ],
        ]
    }
}

extension HostRouteForm.Shape {
    /// Whether it is described among the components.
    fileprivate var hasSchema: Bool { !["String", "Int", "Bool", "JSON", "Nothing"].contains(name) }
}
