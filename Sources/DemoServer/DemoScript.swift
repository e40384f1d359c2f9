// The script: every answer the server gives, as one value. The default is a correct and strict server.

import OmlxJSON

/// What a `DemoServer` answers. `DemoScript()` is a correct, strict, OAuth-protected MCP server; each field changes
/// one answer. In JSON the sections and fields have the names they have here; an unknown key is an error; `null` means
/// the default.
public struct DemoScript: Sendable, Equatable {
    /// The streamable HTTP endpoint at `/mcp` and the tools.
    public var mcp = MCP()
    /// The legacy HTTP+SSE endpoint at `/sse`.
    public var sse = LegacySSE()
    /// Who may call the two.
    public var protection = Protection()
    /// Protected resource metadata (RFC 9728).
    public var resourceMetadata = ResourceMetadata()
    /// Authorization server metadata (RFC 8414, OpenID Connect Discovery).
    public var metadata = Metadata()
    /// Dynamic client registration (RFC 7591).
    public var registration = Registration()
    /// Clients known from the start.
    public var clients: [Client] = []
    /// The authorization endpoint and the consent page.
    public var authorization = Authorization()
    /// The device authorization grant (RFC 8628).
    public var device = Device()
    /// Client id metadata documents served below `/clients/`, by name. `{origin}` in strings is replaced.
    public var clientDocuments: [String: JSON] = [:]
    /// The token endpoint.
    public var token = Token()
    /// Token revocation (RFC 7009).
    public var revocation = Revocation()
    /// What single providers do otherwise.
    public var provider = Provider()

    /// The correct, strict server.
    public init() {}

    /// Reads a script; what it does not name has its default.
    /// - Throws: `DemoScriptError` for an unknown key or a value of the wrong type.
    public init(json: JSON) throws {
        try self.init(scriptJSON: json, at: "")
    }

    /// Reads a script from JSON text; comments and trailing commas are allowed.
    /// - Throws: `JSONParseError` or `DemoScriptError`.
    public init(parsing text: String) throws {
        try self.init(json: JSON(parsing: text, options: .configuration))
    }

    /// Changes the script by a merge patch in JSON text; comments and trailing commas are allowed.
    /// - Throws: `JSONParseError` or `DemoScriptError`; the script is then unchanged.
    public mutating func merge(parsing text: String) throws {
        try merge(JSON(parsing: text, options: .configuration))
    }

    /// The whole script as JSON, every field present.
    public var json: JSON { scriptJSON }

    /// Changes the script by a JSON merge patch (RFC 7396).
    /// - Throws: `DemoScriptError`; the script is then unchanged.
    public mutating func merge(_ patch: JSON) throws {
        self = try DemoScript(json: json.merging(patch: patch))
    }
}

extension DemoScript: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("mcp", \.mcp), .init("sse", \.sse), .init("protection", \.protection),
            .init("resourceMetadata", \.resourceMetadata), .init("metadata", \.metadata),
            .init("registration", \.registration), .init("clients", \.clients),
            .init("authorization", \.authorization), .init("device", \.device),
            .init("clientDocuments", \.clientDocuments), .init("token", \.token), .init("revocation", \.revocation),
            .init("provider", \.provider),
        ]
    }
}
