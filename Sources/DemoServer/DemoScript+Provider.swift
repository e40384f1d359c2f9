// The script's part about what single providers do otherwise than the standards have it.

import OmlxJSON

extension DemoScript {
    /// What single providers do otherwise; the default is no provider in particular.
    public struct Provider: Sendable, Equatable {
        /// How the token endpoint words an error.
        public enum ErrorFormat: String, Sendable, CaseIterable {
            /// RFC 6749 §5.2.
            case json
            /// Status 200 and `{"ok": false, "error": …}`.
            case okFalse
            /// A form.
            case form
            /// The form's text as `text/plain`.
            case plain
            /// `{"error": {"code": …, "message": …}}`.
            case nested
            /// A page that names nothing.
            case html
        }

        /// The name of the authorization request's parameter with the scopes. Any other is passed over.
        public var scopeParameter = "scope"
        /// Whether a `resource` is refused wherever it comes. It is then not required either.
        public var refusesResource = false
        /// The `audience` an authorization request must name, or its tokens open no endpoint. `{url}` and the like are
        /// replaced.
        public var audience: String?
        /// A scope that is refused although the metadata lists it.
        public var refusedScope: String?
        /// Parameters an authorization request must have for a refresh token to be given.
        public var refreshTokenNeeds: [String: String] = [:]
        /// The scope an authorization request must have for a refresh token to be given.
        public var refreshTokenScope: String?
        /// Seconds after the consent at which its refresh tokens end.
        public var refreshLifetime: Int?
        /// Seconds after which a registered client is forgotten.
        public var clientLifetime: Int?
        /// The error of a refresh while an access token of the same consent is still accepted; `nil` grants it.
        public var earlyRefreshError: String?
        /// How the token endpoint words errors.
        public var errorFormat = ErrorFormat.json
        /// Error codes of the token endpoint in place of the right ones.
        public var errorCodes: [String: String] = [:]
        /// The token endpoint's words for any error.
        public var errorDescription: String?
        /// The member that holds the members of a token reply, such as `authed_user`, beside `"ok": true`.
        public var tokenMember: String?

        /// The defaults.
        public init() {}
    }
}

extension DemoScript.Provider.ErrorFormat: ScriptChoice {}

extension DemoScript.Provider: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("scopeParameter", \.scopeParameter), .init("refusesResource", \.refusesResource),
            .init("audience", \.audience), .init("refusedScope", \.refusedScope),
            .init("refreshTokenNeeds", \.refreshTokenNeeds),
            .init("refreshTokenScope", \.refreshTokenScope), .init("refreshLifetime", \.refreshLifetime),
            .init("clientLifetime", \.clientLifetime), .init("earlyRefreshError", \.earlyRefreshError),
            .init("errorFormat", \.errorFormat), .init("errorCodes", \.errorCodes),
            .init("errorDescription", \.errorDescription), .init("tokenMember", \.tokenMember),
        ]
    }
}
