// What was granted at a sign-in, and what the next tokens are asked for with.

import FoundationEssentials
import OmlxJSON

extension Credential {
    /// How tokens were first granted, by the names of RFC 7591 §2. A version that does not have a stored one refuses the
    /// record: it would renew it in another way than was agreed.
    @nonexhaustive
    public enum GrantType: String, Sendable, Hashable {
        /// By a person in a browser.
        case authorizationCode = "authorization_code"
        /// By a person on another device (RFC 8628).
        case deviceCode = "urn:ietf:params:oauth:grant-type:device_code"
    }

    /// A grant: what it allows, and the only authorization server it is good at.
    public struct Grant: Sendable, Equatable {
        /// A parameter of the refresh request.
        public struct Parameter: Sendable, Hashable {
            /// The parameter's name.
            public var name: String
            /// The parameter's value.
            public var value: String

            /// A parameter.
            public init(_ name: String, _ value: String) {
                self.name = name
                self.value = value
            }
        }

        /// How the tokens were first granted.
        public var type: GrantType
        /// The authorization server's issuer identifier.
        public var issuer: String
        /// The token endpoint that issued the tokens.
        public var tokenEndpoint: String
        /// The revocation endpoint (RFC 7009), if the authorization server has one.
        public var revocationEndpoint: String?
        /// How the client authenticates at the revocation endpoint, where that is otherwise (RFC 8414 §2).
        public var revocationAuthMethod: String?
        /// The `resource` parameter as sent (RFC 8707); `nil` when none was sent.
        public var resource: String?
        /// The scopes asked for, in their order.
        public var requestedScopes: [String]
        /// The scopes granted; `nil` when the reply did not state them (RFC 6749 §5.1: as requested).
        public var grantedScopes: [String]?
        /// Extra parameters that belong in each refresh request, as at sign-in.
        public var refreshParameters: [Parameter]
        /// When it was granted.
        public var obtainedAt: Date
        /// Set when the server was on the public internet at sign-in: its endpoints must be so too, but for these origins,
        /// which the user named himself. `nil`: their addresses are not judged.
        public var unjudgedOrigins: [String]?

        /// A grant; the rest is set afterwards.
        public init(
            _ type: GrantType = .authorizationCode, issuer: String, tokenEndpoint: String, obtainedAt: Date
        ) {
            self.type = type
            self.issuer = issuer
            self.tokenEndpoint = tokenEndpoint
            self.obtainedAt = obtainedAt
            requestedScopes = []
            refreshParameters = []
        }
    }
}

extension Credential.Grant {
    private static let typeName = "grant_type"

    init(fields: inout RecordFields) throws(RecordFlaw) {
        guard let obtainedAt = try fields.date("obtained_at") else { throw .malformed("obtained_at") }
        // Records did not always say it.
        let word = try fields.string(Self.typeName)
        guard let type = word.map({ Credential.GrantType(rawValue: $0) }) ?? .authorizationCode else {
            throw .newerFormat
        }
        self.init(
            type, issuer: try fields.requiredString("issuer"),
            tokenEndpoint: try fields.requiredString("token_endpoint"), obtainedAt: obtainedAt)
        revocationEndpoint = try fields.string("revocation_endpoint")
        revocationAuthMethod = try fields.string("revocation_endpoint_auth_method")
        resource = try fields.string("resource")
        requestedScopes = try fields.strings("requested_scopes") ?? []
        grantedScopes = try fields.strings("granted_scopes")
        refreshParameters = try Self.parameters(fields.value("refresh_parameters"))
        unjudgedOrigins = try fields.strings("unjudged_origins")
    }

    func write(to fields: inout RecordFields) {
        if type != .authorizationCode { fields.set(Self.typeName, type.rawValue) }
        fields.set("resource", resource)
        fields.set("issuer", issuer)
        fields.set("token_endpoint", tokenEndpoint)
        fields.set("revocation_endpoint", revocationEndpoint)
        fields.set("revocation_endpoint_auth_method", revocationAuthMethod)
        fields.set("requested_scopes", requestedScopes)
        fields.set("granted_scopes", grantedScopes)
        fields.set("refresh_parameters", .array(refreshParameters.map { [.string($0.name), .string($0.value)] }))
        fields.set("obtained_at", obtainedAt)
        fields.set("unjudged_origins", unjudgedOrigins)
    }

    private static func parameters(_ value: JSON?) throws(RecordFlaw) -> [Parameter] {
        guard let value else { return [] }
        guard let pairs = value.arrayValue else { throw .malformed("refresh_parameters") }
        var parameters: [Parameter] = []
        for pair in pairs {
            guard let parts = pair.stringArrayValue, parts.count == 2 else { throw .malformed("refresh_parameters") }
            parameters.append(Parameter(parts[0], parts[1]))
        }
        return parameters
    }
}
