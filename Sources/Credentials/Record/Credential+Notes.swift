// What happened with a credential's tokens since they were granted, for the processes that come after.

import FoundationEssentials
import OmlxJSON

extension Credential {
    /// Notes beside the tokens.
    public struct Notes: Sendable, Equatable {
        /// A refresh whose answer did not get here, or not yet.
        public struct Interruption: Sendable, Hashable {
            /// When it was begun.
            public var at: Date
            /// By whom, for people: process id and command.
            public var by: String?

            /// A refresh begun then.
            public init(at: Date, by: String? = nil) {
                self.at = at
                self.by = by
            }
        }

        /// That a refresh was begun.
        public struct Begun: Sendable, Hashable {
            /// The generation of the tokens whose refresh token was about to be sent.
            public var generation: Int
            /// When and by whom; of several in a row without an answer, the first. `nil` where a record does not say it.
            public var first: Interruption?

            /// A refresh of the tokens of that generation.
            public init(generation: Int, first: Interruption?) {
                self.generation = generation
                self.first = first
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
            /// The generation of the tokens whose refresh token was rejected.
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

        /// The note "refresh begun": see `isRefreshUnfinished`.
        public var begun: Begun?
        /// The mark that a refresh token was rejected: see `isRefreshTokenRejected`.
        public var rejection: Rejection?
        /// Set when taking back the tokens of a replaced sign-in has ended the one that replaced it: the authorization server
        /// ends whole grants, and is not asked to again.
        public var revocationEndsGrant = false

        /// None.
        public init() {}
    }
}

extension Credential.Notes {
    /// The member of the mark, of which a rewrite keeps what this version does not know.
    static let rejectedName = "rejected"

    init(fields: inout RecordFields) throws(RecordFlaw) {
        let generation = try fields.integer("refresh_begun_generation")
        let by = try fields.string("refresh_begun_by")
        let first = try fields.date("refresh_begun_at").map { Interruption(at: $0, by: by) }
        begun = generation.map { Begun(generation: $0, first: first) }
        rejection = try fields.value(Self.rejectedName).map(Rejection.init(stored:))
        revocationEndsGrant = fields.value("revocation_ends_grant") == true
    }

    func write(to fields: inout RecordFields) {
        fields.set("refresh_begun_generation", begun?.generation)
        fields.set("refresh_begun_at", begun?.first?.at)
        fields.set("refresh_begun_by", begun?.first?.by)
        fields.set(Self.rejectedName, rejection?.stored(over: fields.members[Self.rejectedName]))
        if revocationEndsGrant { fields.set("revocation_ends_grant", JSON.bool(true)) }
    }
}

extension Credential.Notes.Rejection {
    private static let names = ["code", "words", "at", "generation", "interrupted_at", "interrupted_by"]

    init(stored value: JSON) throws(RecordFlaw) {
        guard let code = value["code"]?.stringValue, let at = RecordFields.date(value["at"]),
            let generation = value["generation"]?.intValue
        else { throw .malformed(Credential.Notes.rejectedName) }
        self.init(
            code: code, words: value["words"]?.stringValue, at: at, generation: generation,
            interruption: RecordFields.date(value["interrupted_at"]).map {
                .init(at: $0, by: value["interrupted_by"]?.stringValue)
            })
    }

    /// The mark as a record keeps it.
    /// - Parameter unknown: what a newer version wrote into it.
    func stored(over unknown: JSON?) -> JSON {
        var value = JSON.object(unknown?.objectValue ?? [:])
        value["code"] = JSON(code)
        value["words"] = words.map { .string($0) }
        value["at"] = RecordFields.value(at)
        value["generation"] = JSON(generation)
        value["interrupted_at"] = interruption.map { RecordFields.value($0.at) }
        value["interrupted_by"] = interruption?.by.map { .string($0) }
        return value
    }

    /// What a newer version wrote into the mark. It goes when the mark goes.
    static func unknownMembers(of stored: JSON?) -> JSON? {
        guard var members = stored?.objectValue else { return nil }
        for name in names { members[name] = nil }
        return members.isEmpty ? nil : .object(members)
    }
}
