// The script's part about the authorization server: metadata, clients, consent, tokens, revocation.

import OmlxJSON

extension DemoScript {
    /// Authorization server metadata.
    public struct Metadata: Sendable, Equatable {
        /// One of the places it can be served at.
        public enum Document: String, Sendable, CaseIterable {
            /// `/.well-known/oauth-authorization-server` with the issuer's path after it (RFC 8414).
            case oauth
            /// `/.well-known/openid-configuration` with the issuer's path after it.
            case openIDInserted
            /// The issuer's path and then `/.well-known/openid-configuration` (OpenID Connect Discovery).
            case openIDAppended
        }

        /// Where it is served.
        public var documents: [Document] = [.oauth]
        /// The issuer's path, such as `/tenant1`; all endpoints lie below it.
        public var issuerPath = ""
        /// `scopes_supported`; others are refused. Scopes that `protection` names are always supported.
        public var scopesSupported = ["tools", "offline_access"]
        /// `token_endpoint_auth_methods_supported`.
        public var authMethods = ["none", "client_secret_basic", "client_secret_post"]
        /// Whether `authorization_response_iss_parameter_supported` is advertised (RFC 9207).
        public var advertisesIss = true
        /// Whether `client_id_metadata_document_supported` is advertised, and documents of this server's own
        /// `/clients/` are admitted as client ids.
        public var admitsClientDocuments = false
        /// Merge patch of the document. `{origin}`, `{issuer}` and `{url}` in strings are replaced.
        public var patch: JSON = .null
        /// Replaces the answer of all its addresses.
        public var override: Override?

        /// The defaults.
        public init() {}
    }

    /// How a client authenticates at the token endpoint.
    public enum AuthMethod: String, Sendable, CaseIterable {
        /// Not at all: a public client (`none`).
        case publicClient = "none"
        /// HTTP Basic.
        case basic = "client_secret_basic"
        /// In the form.
        case post = "client_secret_post"
    }

    /// How `Basic` and the form beside it are read.
    public enum BasicReading: String, Sendable, CaseIterable {
        /// As RFC 6749 §2.3.1 has it; the same id may stand in the form.
        case standard
        /// The id in the form counts as a second authentication.
        case headerAlone
        /// The client is looked up by the id in the form, which must be there.
        case needsID
        /// Id and secret are taken as they stand in the header.
        case raw
    }

    /// Dynamic client registration.
    public struct Registration: Sendable, Equatable {
        /// Whether `/register` exists and the metadata names it.
        public var enabled = true
        /// Whether `application_type`, redirect URIs, grant types, auth method and scope are checked.
        public var strict = true
        /// The method given whatever was asked for; `nil` gives what was asked for.
        public var method: AuthMethod?
        /// Seconds until the secret expires; `nil` is never.
        public var secretLifetime: Int?
        /// Secrets have characters that need form-encoding before Basic (RFC 6749 §2.3.1).
        public var awkwardSecrets = true
        /// Merge patch of the reply.
        public var patch: JSON = .null
        /// Replaces the answer.
        public var override: Override?

        /// The defaults.
        public init() {}
    }

    /// A client known from the start.
    public struct Client: Sendable, Equatable {
        /// `client_id`.
        public var id = ""
        /// The secret; `nil` for a public client.
        public var secret: String?
        /// The method it must use.
        public var method = AuthMethod.publicClient
        /// Its redirect URIs; for an IP literal any port is accepted (RFC 8252 §7.3).
        public var redirectURIs: [String] = []

        /// A client without id, for the fields to be set.
        public init() {}

        /// A client; with a secret its method is `basic` unless another is named.
        public init(id: String, secret: String? = nil, method: AuthMethod? = nil, redirectURIs: [String]) {
            self.id = id
            self.secret = secret
            self.method = method ?? (secret == nil ? .publicClient : .basic)
            self.redirectURIs = redirectURIs
        }
    }

    /// The authorization endpoint and the consent page.
    public struct Authorization: Sendable, Equatable {
        /// What `/consent` does.
        public enum Consent: String, Sendable, CaseIterable {
            /// Redirects at once with a code.
            case auto
            /// Shows a page with two buttons.
            case page
            /// Redirects at once with `access_denied`.
            case deny
        }

        /// The `iss` parameter of the response (RFC 9207).
        public enum Issuer: String, Sendable, CaseIterable {
            /// The issuer.
            case correct
            /// Another issuer.
            case wrong
            /// No such parameter.
            case absent
        }

        /// The `state` parameter of the response.
        public enum State: String, Sendable, CaseIterable {
            /// As it was sent.
            case correct
            /// Something else.
            case wrong
            /// No such parameter.
            case absent
        }

        /// What `/consent` does.
        public var consent = Consent.auto
        /// The response's `iss`.
        public var iss = Issuer.correct
        /// The very value of `iss`, in place of the above. `{origin}` and `{issuer}` are replaced.
        public var issValue: String?
        /// The response's `state`.
        public var state = State.correct
        /// Whether the response has a `code`.
        public var sendsCode = true
        /// An error code sent in place of a code.
        public var error: String?
        /// Its `error_description`.
        public var errorDescription: String?
        /// Its `error_uri`.
        public var errorURI: String?
        /// The scope granted; `nil` grants what was asked for.
        public var grantedScope: String?
        /// Whether `resource` must be present, known, and the same in both requests (RFC 8707).
        public var requiresResource = true
        /// Whether an IP literal loopback redirect URI may have any port (RFC 8252 §7.3).
        public var anyLoopbackPort = true
        /// Status of the JSON error for an unknown client or redirect URI, which is never a redirect.
        public var unknownClientStatus = 400
        /// Seconds a code lives.
        public var codeLifetime = 60
        /// Replaces the answer of `/authorize`.
        public var override: Override?

        /// The defaults.
        public init() {}
    }

    /// The token endpoint.
    public struct Token: Sendable, Equatable {
        /// Seconds an access token is really accepted.
        public var accessLifetime = 3600
        /// The `expires_in` said, when it is not the lifetime.
        public var expiresIn: Int?
        /// Whether there is an `expires_in`.
        public var sendsExpiresIn = true
        /// Whether there is a `scope`.
        public var sendsScope = true
        /// Whether refresh tokens are given.
        public var refreshTokens = true
        /// Whether a refresh gives a new refresh token and ends the old one.
        public var rotates = true
        /// Whether a refresh token used twice ends its whole family.
        public var reuseDetection = true
        /// Seconds during which the refresh token before the current one is still accepted.
        public var reuseGrace = 0
        /// How `Basic` is read, at every endpoint that knows clients.
        public var basic = BasicReading.standard
        /// Merge patch of a successful reply.
        public var patch: JSON = .null
        /// By `grant_type`, or `*`.
        public var overrides: [String: Override] = [:]

        /// The defaults.
        public init() {}
    }

    /// Token revocation.
    public struct Revocation: Sendable, Equatable {
        /// Whether `/revoke` exists and the metadata names it.
        public var enabled = true
        /// Whether one token revoked ends all that was granted to its client, newer grants included (RFC 7009 §2.1).
        public var endsAllGrants = false
        /// Replaces the answer.
        public var override: Override?

        /// The defaults.
        public init() {}
    }
}

extension DemoScript.Metadata.Document: ScriptChoice {}
extension DemoScript.AuthMethod: ScriptChoice {}
extension DemoScript.BasicReading: ScriptChoice {}
extension DemoScript.Authorization.Consent: ScriptChoice {}
extension DemoScript.Authorization.Issuer: ScriptChoice {}
extension DemoScript.Authorization.State: ScriptChoice {}

extension DemoScript.Metadata: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("documents", \.documents), .init("issuerPath", \.issuerPath),
            .init("scopesSupported", \.scopesSupported), .init("authMethods", \.authMethods),
            .init("advertisesIss", \.advertisesIss), .init("admitsClientDocuments", \.admitsClientDocuments),
            .init("patch", \.patch), .init("override", \.override),
        ]
    }
}

extension DemoScript.Registration: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("enabled", \.enabled), .init("strict", \.strict), .init("method", \.method),
            .init("secretLifetime", \.secretLifetime), .init("awkwardSecrets", \.awkwardSecrets),
            .init("patch", \.patch), .init("override", \.override),
        ]
    }
}

extension DemoScript.Client: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("id", \.id), .init("secret", \.secret), .init("method", \.method),
            .init("redirectURIs", \.redirectURIs),
        ]
    }
}

extension DemoScript.Authorization: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("consent", \.consent), .init("iss", \.iss), .init("issValue", \.issValue), .init("state", \.state),
            .init("sendsCode", \.sendsCode), .init("error", \.error), .init("errorDescription", \.errorDescription),
            .init("errorURI", \.errorURI), .init("grantedScope", \.grantedScope),
            .init("requiresResource", \.requiresResource), .init("anyLoopbackPort", \.anyLoopbackPort),
            .init("unknownClientStatus", \.unknownClientStatus), .init("codeLifetime", \.codeLifetime),
            .init("override", \.override),
        ]
    }
}

extension DemoScript.Token: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("accessLifetime", \.accessLifetime), .init("expiresIn", \.expiresIn),
            .init("sendsExpiresIn", \.sendsExpiresIn), .init("sendsScope", \.sendsScope),
            .init("refreshTokens", \.refreshTokens), .init("rotates", \.rotates),
            .init("reuseDetection", \.reuseDetection), .init("reuseGrace", \.reuseGrace), .init("basic", \.basic),
            .init("patch", \.patch),
            .init("overrides", \.overrides),
        ]
    }
}

extension DemoScript.Revocation: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [.init("enabled", \.enabled), .init("endsAllGrants", \.endsAllGrants), .init("override", \.override)]
    }
}
