// The tokens of a credential as the last reply gave them.

import FoundationEssentials
import OmlxCryptography

extension Credential {
    /// An access token, and what gets the next one.
    public struct Tokens: Sendable, Equatable {
        /// The access token.
        public var access: Secret
        /// Its type, such as `Bearer` (RFC 6749 §7.1).
        public var type: String
        /// The refresh token, if there is one.
        public var refresh: Secret?
        /// When the access token expires; `nil` when not stated: it is used until a 401.
        public var expiresAt: Date?
        /// The access token's life as stated, in seconds.
        public var lifetime: Int?
        /// When they were last refreshed.
        public var refreshedAt: Date?
        /// The record's generation in which access or refresh token last changed; set by the store. A process that used
        /// these tokens and finds another number here finds another process's newer tokens.
        public var generation: Int

        /// Tokens of which nothing more is known.
        public init(access: Secret, type: String = "Bearer", refresh: Secret? = nil) {
            self.access = access
            self.type = type
            self.refresh = refresh
            generation = 0
        }

        /// When the access token ends, as far as that is believed: a life of nothing is none a server means. Such a token is
        /// used until a 401, as one of unknown life is, or each request would begin with a refresh.
        public var end: Date? { lifetime.map { $0 > 0 } ?? true ? expiresAt : nil }
    }
}

extension Credential.Tokens {
    /// - Parameter recordGeneration: the record's own, which stands where a record names none for its tokens.
    init(fields: inout RecordFields, recordGeneration: Int) throws(RecordFlaw) {
        guard let access = fields.secret("access_token") else { throw .malformed("access_token") }
        self.init(
            access: access, type: try fields.requiredString("token_type"), refresh: fields.secret("refresh_token"))
        expiresAt = try fields.date("expires_at")
        lifetime = try fields.integer("lifetime")
        refreshedAt = try fields.date("refreshed_at")
        generation = try fields.integer("token_generation") ?? recordGeneration
    }

    func write(to fields: inout RecordFields) {
        fields.set("access_token", access)
        fields.set("token_type", type)
        fields.set("refresh_token", refresh)
        fields.set("expires_at", expiresAt)
        fields.set("lifetime", lifetime)
        fields.set("refreshed_at", refreshedAt)
        fields.set("token_generation", generation)
    }
}
