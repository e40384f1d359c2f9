// GET /api/v1/openapi.json: the questions of `Host`, described from the table of routes.

import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

/// The description of `/api/v1` (OpenAPI 3.1).
enum APIDescription {
    /// Made once, when it is first asked for.
    static let document = Result { try make() }

    private static func make() throws -> JSON {
        let schemas = APISchemas.make()
        for type in APISchemas.referred { _ = try schemas.schema(of: type) }
        var paths: JSONObject = [:]
        for form in HostRoutes.all { paths[form.fullPath] = try operations(form, schemas) }
        paths[HostAPI.root + "events"] = ["get": events]
        paths[HostAPI.root + "conversations/{id}"] = [
            "post": conversations(try schemas.schema(of: ConversationReply.self))
        ]
        var named = schemas.named
        named["Problem"] = problem
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "omlx", "version": .string(HostOptions.version),
                "description": "What can be asked of the host that stays up. Members are named in snake case.",
            ],
            "security": [["key": []]],
            "paths": .object(paths),
            "components": [
                "securitySchemes": ["key": ["type": "http", "scheme": "bearer"]], "schemas": .object(named),
            ],
        ]
    }

    private static func operations(_ form: HostRouteForm, _ schemas: JSONSchemas) throws -> JSON {
        var operations: JSONObject = [:]
        if form.isPlain { operations["get"] = try operation(form, "get", schemas) }
        operations["post"] = try operation(form, "post", schemas)
        return .object(operations)
    }

    private static func operation(_ form: HostRouteForm, _ method: String, _ schemas: JSONSchemas) throws -> JSON {
        var content: JSONObject = ["application/json": ["schema": try answer(form, schemas)]]
        if form.isTold, form.secret == nil { content["text/event-stream"] = ["schema": ["type": "string"]] }
        var operation: JSONObject = [
            "operationId": .string(identifier(form, method)), "summary": .string(form.summary),
            "x-omlx-access": .string(form.access.rawValue), "parameters": parameters(form),
            "responses": ["200": ["description": "The answer.", "content": .object(content)], "default": failure],
        ]
        if method == "post" {
            operation["requestBody"] = [
                "required": .bool(!form.isPlain && form.question != Nothing.self),
                "content": ["application/json": ["schema": try question(form, schemas)]],
            ]
        }
        return .object(operation)
    }

    private static func parameters(_ form: HostRouteForm) -> JSON {
        let timeout: JSON = [
            "name": .string(HostAPI.timeout), "in": "query", "description": "how long each server may take, in seconds",
            "schema": ["type": "number", "exclusiveMinimum": 0, "maximum": 86_400],
        ]
        guard form.access != .key else { return [timeout] }
        let account: JSON = [
            "name": .string(HostAPI.account), "in": "query",
            "description": "whose sign-ins are used; those the configuration names without it",
            "schema": ["type": "string", "minLength": 1, "maxLength": 100],
        ]
        return [account, timeout]
    }

    private static func identifier(_ form: HostRouteForm, _ method: String) -> String {
        let words = form.path.split { $0 == "/" || $0 == "-" }
        let name = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        return (method == "get" ? "get" : "ask") + name
    }

    // MARK: questions and answers

    private static func question(_ form: HostRouteForm, _ schemas: JSONSchemas) throws -> JSON {
        // What a question that can be asked without a body leaves out is as there.
        guard form.isPlain || form.secret != nil else { return try schemas.schema(of: form.question) }
        var schema = try schemas.whole(form.question).objectValue ?? [:]
        if form.isPlain { schema["required"] = nil }
        if case .asked(let name, let isRequired)? = form.secret { add(name, isRequired, to: &schema) }
        return .object(schema)
    }

    private static func answer(_ form: HostRouteForm, _ schemas: JSONSchemas) throws -> JSON {
        guard case .answered(let name)? = form.secret else { return try schemas.schema(of: form.answer) }
        var schema = try schemas.whole(form.answer).objectValue ?? [:]
        add(name, true, to: &schema)
        return .object(schema)
    }

    private static func add(_ secret: String, _ isRequired: Bool, to schema: inout JSONObject) {
        var properties = schema["properties"]?.objectValue ?? [:]
        properties[secret] = ["type": "string", "description": "secret"]
        schema["properties"] = .object(properties)
        if isRequired { schema["required"] = .array((schema["required"]?.arrayValue ?? []) + [.string(secret)]) }
    }

    private static var events: JSON {
        [
            "operationId": "getEvents", "summary": "What happens, as it happens, after a snapshot of all servers.",
            "x-omlx-access": "key",
            "responses": [
                "200": [
                    "description": "Event `snapshot`, then event `event` for each thing that happens.",
                    "content": ["text/event-stream": ["schema": ["type": "string"]]],
                ], "default": failure,
            ],
        ]
    }

    private static func conversations(_ reply: JSON) -> JSON {
        [
            "operationId": "reply",
            "summary": "Answers a question of a conversation, or hands on a line that was typed.",
            "x-omlx-access": "owner",
            "parameters": [["name": "id", "in": "path", "required": true, "schema": ["type": "string"]]],
            "requestBody": ["required": true, "content": ["application/json": ["schema": reply]]],
            "responses": ["204": ["description": "Taken."], "default": failure],
        ]
    }

    private static let failure: JSON = [
        "description": "An error (RFC 9457).",
        "content": ["application/problem+json": ["schema": APISchemas.reference("Problem")]],
    ]

    private static let problem = APISchemas.object(
        ["title": ["type": "string"], "status": ["type": "integer"]],
        [
            "detail": ["type": "string"], "code": ["type": "string"], "error": APISchemas.reference("OmlxError"),
        ],
        example: ["title": "Not Found", "status": 404])
}
