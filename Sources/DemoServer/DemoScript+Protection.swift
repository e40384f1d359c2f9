// The script's part about the protected resource: what needs a token, how its lack is answered, and RFC 9728 metadata.

import OmlxJSON

extension DemoScript {
    /// Who may call the MCP endpoints.
    public struct Protection: Sendable, Equatable {
        /// Which requests need a token.
        public enum Mode: String, Sendable, CaseIterable {
            /// None.
            case none
            /// All.
            case all
            /// `tools/call` only.
            case toolsCall
            /// `tools/list` only.
            case toolsList
            /// The GET of the streamable HTTP endpoint only.
            case getStream
        }

        /// The `WWW-Authenticate` header of a refusal.
        public enum Challenge: String, Sendable, CaseIterable {
            /// `Bearer` with `resource_metadata`, `scope` and, when a token was sent, `error="invalid_token"`.
            case standard
            /// No such header.
            case none
            /// The lines of `challengeLines`.
            case custom
        }

        /// Which requests need a token.
        public var mode = Mode.all
        /// With mode `all`: whether the GET of `/sse` needs one.
        public var sseGet = true
        /// With mode `all`: whether the POST to `/messages` needs one.
        public var ssePost = true
        /// The kind of challenge.
        public var challenge = Challenge.standard
        /// Values of the `WWW-Authenticate` lines of a `custom` challenge. `{origin}`, `{issuer}`, `{url}` and
        /// `{resource_metadata}` are replaced.
        public var challengeLines: [String] = []
        /// Status of a refusal for a missing or invalid token.
        public var status = 401
        /// The scopes a token must have, space-separated, and the challenge's `scope`; `nil` is none.
        public var scope: String? = "tools"
        /// Further scopes by tool name; a token without them gets 403 `insufficient_scope`.
        public var toolScopes: [String: String] = [:]
        /// A token that is always accepted as `Authorization: Bearer`.
        public var staticBearer: String?
        /// A key that is always accepted as `X-Api-Key`.
        public var staticAPIKey: String?

        /// The defaults.
        public init() {}
    }

    /// Protected resource metadata (RFC 9728).
    public struct ResourceMetadata: Sendable, Equatable {
        /// Where it is served.
        public enum Serving: String, Sendable, CaseIterable {
            /// `/.well-known/oauth-protected-resource/mcp` (and `/sse`).
            case path
            /// `/.well-known/oauth-protected-resource`.
            case root
            /// Both.
            case both
            /// Nowhere.
            case none
        }

        /// Where it is served.
        public var serving = Serving.path
        /// A path it is served at besides, such as `/elsewhere/metadata`.
        public var extraPath: String?
        /// Merge patch of the document. `{origin}`, `{issuer}` and `{url}` in strings are replaced.
        public var patch: JSON = .null
        /// Replaces the answer of all its addresses.
        public var override: Override?

        /// The defaults.
        public init() {}
    }
}

extension DemoScript.Protection.Mode: ScriptChoice {}
extension DemoScript.Protection.Challenge: ScriptChoice {}
extension DemoScript.ResourceMetadata.Serving: ScriptChoice {}

extension DemoScript.Protection: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("mode", \.mode), .init("sseGet", \.sseGet), .init("ssePost", \.ssePost),
            .init("challenge", \.challenge), .init("challengeLines", \.challengeLines), .init("status", \.status),
            .init("scope", \.scopeChoice), .init("toolScopes", \.toolScopes), .init("staticBearer", \.staticBearer),
            .init("staticAPIKey", \.staticAPIKey),
        ]
    }

    /// In JSON the empty string stands for no scope, as `null` stands for the default.
    private var scopeChoice: String {
        get { scope ?? "" }
        set { scope = newValue.isEmpty ? nil : newValue }
    }
}

extension DemoScript.ResourceMetadata: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("serving", \.serving), .init("extraPath", \.extraPath), .init("patch", \.patch),
            .init("override", \.override),
        ]
    }
}
