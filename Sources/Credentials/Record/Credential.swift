// A credential: the tokens of one account at one server, with everything they may be used with.

import OmlxCryptography
import FoundationEssentials
import OmlxJSON

/// The tokens of one account at one server, and the only client, issuer, endpoints and resource they are used with
/// (C8.2, C8.3).
public struct Credential: Sendable, Equatable {
    /// A refresh that was begun and whose outcome is not known.
    public struct Interruption: Sendable, Hashable {
        /// When it was begun.
        public var at: Date
        /// Who began it, for people: process id and command.
        public var by: String?

        /// A refresh begun then.
        public init(at: Date, by: String? = nil) {
            self.at = at
            self.by = by
        }
    }

    /// That the authorization server rejected the refresh token while the record is kept.
    public struct Rejection: Sendable, Hashable {
        /// The OAuth error code, such as `invalid_grant`.
        public var code: String
        /// The authorization server's own words beside it, without secrets: the next command says them again.
        public var words: String?
        /// When it was rejected.
        public var at: Date
        /// The `tokenGeneration` whose refresh token was rejected.
        public var generation: Int
        /// The earlier refresh of the same tokens whose answer was lost, if there was one.
        public var interruption: Interruption?

        /// A rejection of the refresh token of that token generation.
        public init(
            code: String, words: String? = nil, at: Date, generation: Int, interruption: Interruption? = nil
        ) {
            self.code = code
            self.words = words
            self.at = at
            self.generation = generation
            self.interruption = interruption
        }
    }

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

    /// What the record is looked up by.
    public var key: CredentialKey
    /// The `resource` parameter as sent (RFC 8707); `nil` when none was sent.
    public var resource: String?
    /// The authorization server's issuer identifier.
    public var issuer: String
    /// The token endpoint that issued the tokens.
    public var tokenEndpoint: String
    /// The revocation endpoint (RFC 7009), if the authorization server has one.
    public var revocationEndpoint: String?
    /// The client the tokens were issued to.
    public var clientID: String
    /// The client's secret, if it has one.
    public var clientSecret: Secret?
    /// How the client authenticates at the token endpoint, such as `none` or `client_secret_basic`.
    public var tokenEndpointAuthMethod: String
    /// How it authenticates at the revocation endpoint, where that is otherwise (RFC 8414 §2).
    public var revocationEndpointAuthMethod: String?
    /// Set when taking back the tokens of a replaced sign-in has ended the one that replaced it: the authorization server
    /// ends whole grants, and is not asked to again.
    public var revocationEndsGrant: Bool
    /// How exactly the client shows itself by that method, where it is not as the standards have it.
    public var clientAuthForm: String?
    /// The redirect URI of the sign-in.
    public var redirectURI: String?
    /// The scopes asked for, in their order.
    public var requestedScopes: [String]
    /// The scopes granted; `nil` when the reply did not state them (RFC 6749 §5.1: as requested).
    public var grantedScopes: [String]?
    /// The access token.
    public var accessToken: Secret
    /// The token's type, such as `Bearer`.
    public var tokenType: String
    /// The refresh token, if there is one.
    public var refreshToken: Secret?
    /// When the access token expires; `nil` when not stated: it is used until a 401.
    public var expiresAt: Date?
    /// When the person signed in.
    public var obtainedAt: Date
    /// The access token's life as stated, in seconds.
    public var lifetime: Int?
    /// When the tokens were last refreshed.
    public var refreshedAt: Date?
    /// The note "refresh begun": the `tokenGeneration` whose refresh token was about to be sent.
    public var refreshBegunGeneration: Int?
    /// When that refresh was begun and by whom; of several in a row without an answer, the first.
    public var refreshBegun: Interruption?
    /// The mark that a refresh token was rejected: see `isRefreshTokenRejected`.
    public var rejection: Rejection?
    /// Extra parameters that belong in each refresh request, as at sign-in.
    public var refreshParameters: [Parameter]
    /// Set when the server was on the public internet at sign-in: its endpoints must be so too, but for these origins,
    /// which the user named himself (C13.4). `nil`: their addresses are not judged.
    public var unjudgedOrigins: [String]?
    /// Grows with every save, also over removals; set by the store.
    public var generation: Int
    /// The generation in which access or refresh token last changed; set by the store. A process that used these
    /// tokens and finds another number here finds another process's newer tokens.
    public var tokenGeneration: Int
    /// Fields a newer version wrote, which a rewrite keeps.
    public var unknown: JSONObject
    /// Secrets a newer version wrote, which a rewrite keeps.
    public var unknownSecrets: [String: Secret]

    /// A credential as a token reply gives it; the rest is set afterwards.
    public init(
        key: CredentialKey, issuer: String, tokenEndpoint: String, clientID: String,
        tokenEndpointAuthMethod: String = "none", accessToken: Secret, tokenType: String = "Bearer",
        refreshToken: Secret? = nil, obtainedAt: Date
    ) {
        self.key = key
        self.issuer = issuer
        self.tokenEndpoint = tokenEndpoint
        self.clientID = clientID
        self.tokenEndpointAuthMethod = tokenEndpointAuthMethod
        self.accessToken = accessToken
        self.tokenType = tokenType
        self.refreshToken = refreshToken
        self.obtainedAt = obtainedAt
        revocationEndsGrant = false
        requestedScopes = []
        refreshParameters = []
        generation = 0
        tokenGeneration = 0
        unknown = [:]
        unknownSecrets = [:]
    }

    /// Whether the refresh token of these very tokens was rejected. New tokens make an old mark meaningless.
    public var isRefreshTokenRejected: Bool { rejection?.generation == tokenGeneration }

    /// Whether a refresh of these very tokens was begun and its outcome never saved.
    public var isRefreshUnfinished: Bool { refreshBegunGeneration == tokenGeneration }

    /// When the access token ends, as far as that is believed: a life of nothing is none a server means. Such a token is
    /// used until a 401, as one of unknown life is, or each request would begin with a refresh.
    public var end: Date? { lifetime.map { $0 > 0 } ?? true ? expiresAt : nil }
}

extension Credential {
    /// What a store saves in the place of `existing`: the same with its generations counted on.
    /// - Parameters:
    ///   - existing: The record in the store, if there is one.
    ///   - now: The time, which the count starts from, so that it grows also over a removal.
    public func successor(of existing: Credential?, now: Date) -> Credential {
        var copy = self
        copy.generation = nextGeneration(after: existing?.generation, carried: generation, now: now)
        let keepsTokens = existing?.accessToken == accessToken && existing?.refreshToken == refreshToken
        copy.tokenGeneration = keepsTokens ? existing?.tokenGeneration ?? copy.generation : copy.generation
        return copy
    }
}

extension Credential {
    /// What must not be shown when the authorization server repeats it.
    public var secrets: [Secret] { [refreshToken, accessToken, clientSecret].compactMap { $0 } }
}

extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Key, issuer and generation; no secret.
    public var description: String { "Credential(\(key), issuer \(shownURL(issuer)), generation \(generation))" }
    /// The same as `description`.
    public var debugDescription: String { description }
    /// A mirror that shows what `description` does.
    public var customMirror: Mirror {
        Mirror(self, children: ["key": key.description, "issuer": shownURL(issuer), "generation": generation])
    }
}

/// A generation greater than every earlier one of the record: one more than the last, or, when there is no record, at
/// least the time in milliseconds, which is beyond what a removed record can have reached.
func nextGeneration(after existing: Int?, carried: Int, now: Date) -> Int {
    let carried = min(carried, RecordFields.greatestInteger - 1)
    if let existing { return min(max(existing, carried) + 1, RecordFields.greatestInteger) }
    let milliseconds = Int(exactly: (now.timeIntervalSince1970 * 1000).rounded()) ?? 0
    return max(carried + 1, min(milliseconds, RecordFields.greatestInteger))
}
