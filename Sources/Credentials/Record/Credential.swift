// A credential: the tokens of one account at one server, with everything they may be used with.

import FoundationEssentials
import OmlxCryptography
import OmlxJSON

/// The tokens of one account at one server, the grant they come from, and the only client they are used with (RFC 8707 §2.2,
/// RFC 9700 §2.2.2).
public struct Credential: Sendable, Equatable {
    /// What the record is looked up by.
    public var key: CredentialKey
    /// The client the tokens were issued to.
    public var client: Client
    /// What was granted, where and when.
    public var grant: Grant
    /// The tokens now.
    public var tokens: Tokens
    /// What happened with them since.
    public var notes: Notes
    /// Grows with every save, also over removals; set by the store.
    public var generation: Int
    /// Fields a newer version wrote, which a rewrite keeps.
    public var unknown: JSONObject
    /// Secrets a newer version wrote, which a rewrite keeps.
    public var unknownSecrets: [String: Secret]

    /// A credential that was just granted.
    public init(key: CredentialKey, client: Client, grant: Grant, tokens: Tokens) {
        self.key = key
        self.client = client
        self.grant = grant
        self.tokens = tokens
        notes = Notes()
        generation = 0
        unknown = [:]
        unknownSecrets = [:]
    }

    /// Whether the refresh token of these very tokens was rejected. New tokens make an old mark meaningless.
    public var isRefreshTokenRejected: Bool { notes.rejection?.generation == tokens.generation }

    /// Whether a refresh of these very tokens was begun and its outcome never saved.
    public var isRefreshUnfinished: Bool { notes.begun?.generation == tokens.generation }

    /// What must not be shown when the authorization server repeats it.
    public var secrets: [Secret] { [tokens.refresh, tokens.access, client.secret].compactMap { $0 } }
}

extension Credential {
    /// What a store saves in the place of `existing`: the same with its generations counted on.
    /// - Parameters:
    ///   - existing: The record in the store, if there is one.
    ///   - now: The time, which the count starts from, so that it grows also over a removal.
    public func successor(of existing: Credential?, now: Date) -> Credential {
        var copy = self
        copy.generation = nextGeneration(after: existing?.generation, carried: generation, now: now)
        let keepsTokens = existing?.tokens.access == tokens.access && existing?.tokens.refresh == tokens.refresh
        copy.tokens.generation = keepsTokens ? existing?.tokens.generation ?? copy.generation : copy.generation
        return copy
    }
}

extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Key, issuer and generation; no secret.
    public var description: String { "Credential(\(key), issuer \(shownURL(grant.issuer)), generation \(generation))" }
    /// The same as `description`.
    public var debugDescription: String { description }
    /// A mirror that shows what `description` does.
    public var customMirror: Mirror {
        Mirror(self, children: ["key": key.description, "issuer": shownURL(grant.issuer), "generation": generation])
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
