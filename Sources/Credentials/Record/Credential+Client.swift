// The client a credential's tokens were issued to, and with which alone they are used.

import OmlxCryptography

extension Credential {
    /// A client, and how it shows itself at the token endpoint (RFC 6749 §2.3).
    public struct Client: Sendable, Equatable {
        /// The client id.
        public var id: String
        /// The client secret, if it has one.
        public var secret: Secret?
        /// The method by its registered name, such as `none` or `client_secret_basic` (RFC 7591 §2). A record may name one
        /// that this version does not have; who uses the client refuses it.
        public var authMethod: String
        /// How exactly the client shows itself by that method, where it is not as the standards have it.
        public var authForm: String?
        /// The redirect URI of the sign-in.
        public var redirectURI: String?

        /// A client.
        public init(
            id: String, secret: Secret? = nil, authMethod: String = "none", authForm: String? = nil,
            redirectURI: String? = nil
        ) {
            self.id = id
            self.secret = secret
            self.authMethod = authMethod
            self.authForm = authForm
            self.redirectURI = redirectURI
        }
    }
}

extension Credential.Client {
    init(fields: inout RecordFields) throws(RecordFlaw) {
        id = try fields.requiredString("client_id")
        secret = fields.secret("client_secret")
        authMethod = try fields.requiredString("token_endpoint_auth_method")
        authForm = try fields.string("client_auth_form")
        redirectURI = try fields.string("redirect_uri")
    }

    func write(to fields: inout RecordFields) {
        fields.set("client_id", id)
        fields.set("client_secret", secret)
        fields.set("token_endpoint_auth_method", authMethod)
        fields.set("client_auth_form", authForm)
        fields.set("redirect_uri", redirectURI)
    }
}
