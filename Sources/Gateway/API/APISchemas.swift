// What the description of `/api/v1` says by hand: of types that read themselves in a way of their own.

import FoundationEssentials
import OmlxConfiguration
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import OmlxSignIn

/// The schemas of the questions of `Host`.
enum APISchemas {
    static let place = "#/components/schemas/"

    static func make() -> JSONSchemas {
        JSONSchemas(
            at: place,
            written: [
                .init(JSON.self, ["description": "any JSON", "examples": [[:]]]),
                .init(Date.self, time), .init(OmlxError.self, error), .init(Remedy.self, remedy),
                .init(RemedyAction.self, action), .init(ServerReference.self, server), .init(HostTool.self, tool),
                .init(ToolResult.self, result), .init(ServerStatus.self, status),
                .init(Resource.self, resource), .init(ResourceTemplate.self, template), .init(Prompt.self, prompt),
                .init(ResourceContents.self, contents), .init(PromptResult.self, messages),
                .init(Completion.self, completion),
            ],
            cases: [
                .init(SignInFlow.self, ["browser", "device", "automatic"]),
                .init(StoreObstacle.self, ["password_missing", "keyring", "undecided"]),
                .init(ConfigurationReview.Change.self, ["added", "changed", "removed"]),
                .init(
                    SignOutOutcome.Revocation.self,
                    ["not_asked", "unsupported", "needless", "confirmed", "unconfirmed"]),
                .init(ProfileChoice.self, ["automatic", "none", "named"]),
                .init(LoginAnswer.self, ["opened"]),
                .init(ElicitationAnswer.self, ["accept", "decline", "cancel"]),
            ])
    }

    static func reference(_ name: String) -> JSON { ["$ref": .string(place + name)] }
    static func optional(_ schema: JSON) -> JSON { ["anyOf": [schema, ["type": "null"]]] }

    /// An object that has all of `required`, and may have the others; nothing and `null` are read alike.
    static func object(_ required: JSONObject, _ others: JSONObject = [:], example: JSON? = nil) -> JSON {
        var properties = required
        for (name, schema) in others { properties[name] = optional(schema) }
        var schema: JSONObject = [
            "type": "object", "properties": .object(properties),
            "required": .array(required.keys.map { .string($0) }),
        ]
        if let example { schema["examples"] = [example] }
        return .object(schema)
    }

    private static let text: JSON = ["type": "string"]
    private static let flag: JSON = ["type": "boolean"]
    private static func words(_ words: [String]) -> JSON {
        ["type": "string", "enum": .array(words.map { .string($0) })]
    }

    private static let time: JSON = [
        "type": "string", "format": "date-time", "description": "RFC 3339 in UTC, to the second",
        "examples": ["2026-01-31T08:05:09Z"],
    ]

    // MARK: errors and remedies

    private static let error = object(
        [
            "code": ["type": "string", "description": "of the catalogue of errors"],
            "message": text,
        ],
        [
            // Told, and not read: they follow from the code.
            "class": ["description": "the stage the code belongs to"],
            "retryable": ["description": "whether the same may work later, true or false"],
            "compared": [
                "type": "array",
                "items": object(["label": text, "value": text], ["remedy": reference("Remedy")]),
            ],
            "http_status": ["type": "integer"], "retry_after": ["type": "integer", "description": "seconds"],
            "next_step": reference("Remedy"),
            "refusal": object(
                ["challenges": ["type": "array", "items": text], "is_proxied": flag], ["peer": text]),
            "server_words": text,
            "reply": object(["code": ["type": "integer"], "message": text], ["data": text]),
        ],
        example: ["code": "CONFIG_SERVER_UNKNOWN", "message": "no server \"notes\" is configured"])

    private static let remedy: JSON = [
        "description":
            "what to do: words, or pieces of which some are actions of the host; a piece that is not known is passed over",
        "anyOf": [text, ["type": "array"]], "examples": ["try again"],
        "x-omlx-pieces": [object(["text": text]), object(["action": reference("RemedyAction")])],
    ]

    private static let action = object(
        ["do": text],
        [
            "server": reference("ServerReference"), "account": text, "scopes": ["type": "array", "items": text],
            "path": text, "store": text, "from": text, "to": text, "url": text, "setting": text, "value": text,
            "variable": text,
        ], example: ["do": "retry"])

    private static let server: JSON = [
        "anyOf": [object(["name": text]), object(["url": text]), object(["words": text])],
        "examples": [["name": "notes"]],
    ]

    // MARK: servers and tools

    private static let tool = object(
        ["name": ["type": "string", "description": "server__tool"], "server": text, "tool": text],
        [
            "description": text, "parameters": ["description": "the tool's inputSchema, as it came"],
            "unavailable": reference("OmlxError"),
        ],
        example: ["name": "notes__add", "server": "notes", "tool": "add", "parameters": ["type": "object"]])

    private static let result: JSON = [
        "description": "the result object of MCP, as it came",
        "examples": [["content": [["type": "text", "text": "3"]]]],
    ]

    // MARK: resources and prompts

    private static let resource = object(
        ["uri": text], ["name": text, "description": text, "mimeType": text],
        example: ["uri": "memo://today", "name": "today"])
    private static let template = object(
        ["uriTemplate": text], ["name": text, "description": text, "mimeType": text],
        example: ["uriTemplate": "memo://days/{day}", "name": "day"])
    private static let prompt = object(
        ["name": text], ["description": text, "arguments": ["description": "what can be filled in, as it came"]],
        example: ["name": "plan"])
    private static let contents: JSON = [
        "description": "the result object of MCP as it came; one of another form as one, with what came in as_sent",
        "examples": [["contents": [["uri": "memo://today", "text": "buy bread"]]]],
    ]
    private static let messages: JSON = [
        "description": "the result object of MCP, as it came",
        "examples": [["messages": [["role": "user", "content": ["type": "text", "text": "Plan my day."]]]]],
    ]
    private static let completion: JSON = [
        "description": "the result object of MCP, as it came", "examples": [["completion": ["values": ["Monday"]]]],
    ]

    private static func answer(_ states: [String]) -> JSON {
        object([
            "state": words(states), "text": text, "at": optional(reference("Date")),
            "problem": optional(object(["code": text, "message": text, "next_step": optional(reference("Remedy"))])),
        ])
    }

    private static let status = object(
        [
            "name": text, "state": words(["disconnected", "connecting", "connected", "error"]),
            "auth_state": ["enum": [.null, "not_authenticated", "token_expired", "authenticated"]],
            "transport": ["enum": [.null, "stdio", "sse", "streamable-http", "in-process"]],
            "endpoint": optional(text), "tools_count": ["type": "integer", "minimum": 0],
            "tools_at": optional(reference("Date")), "resources_count": optional(["type": "integer"]),
            "templates_count": optional(["type": "integer"]), "prompts_count": optional(["type": "integer"]),
            "catalogue_at": optional(reference("Date")), "error": optional(text),
            "transport_state": answer(TransportState.allCases.map(\.rawValue)),
            "sign_in": answer(SignInState.allCases.map(\.rawValue)),
            "discovery": answer(["not_tried", "succeeded", "unauthorized", "failed"]),
            "auth": reference("SignInRecord"),
            "profile": optional(object(["name": text, "title": text, "changes": ["type": "array", "items": text]])),
            "sources": ["type": "array", "items": reference("DiscoverySource")],
            "accounts": ["type": "array", "items": reference("AccountStatus")],
            "last_error": optional(reference("StatusError")),
        ], ["identity": text, "profile_choice": reference("ProfileChoice"), "listed_count": ["type": "integer"]],
        example: [
            "name": "notes", "state": "connected", "auth_state": .null, "transport": "stdio", "endpoint": "notes",
            "tools_count": 1, "tools_at": "2026-01-31T08:05:09Z", "resources_count": 2, "templates_count": 0,
            "prompts_count": 1, "catalogue_at": "2026-01-31T08:05:09Z", "error": .null,
            "transport_state": ["state": "connected", "text": "connected", "at": .null, "problem": .null],
            "sign_in": ["state": "not_needed", "text": "not needed", "at": .null, "problem": .null],
            "discovery": ["state": "succeeded", "text": "1 tool", "at": .null, "problem": .null],
            "auth": [
                "provider": .null, "issuer": .null, "account": .null, "granted_scopes": [], "requested_scopes": [],
                "expires_at": .null, "has_refresh_token": false, "store": .null, "last_sign_in": .null,
                "last_refresh": .null,
            ],
            "profile": .null, "sources": [], "accounts": [], "last_error": .null,
        ])

    /// What the schemas written here refer to.
    static let referred: [any (Decodable & Sendable).Type] = [
        Date.self, OmlxError.self, Remedy.self, RemedyAction.self, ServerReference.self, SignInRecord.self,
        DiscoverySource.self, AccountStatus.self, StatusError.self, ProfileChoice.self,
    ]
}
