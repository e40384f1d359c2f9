// A client registration: what an authorization server gave a client, or what the user was given by hand.

import OmlxCryptography
import FoundationEssentials
import OmlxJSON

/// A client as registered with one authorization server (RFC 7591 §3.2.1).
public struct ClientRegistration: Sendable, Equatable {
    /// What the record is looked up by.
    public var key: RegistrationKey
    /// The redirect URI registered: the same port is tried again.
    public var redirectURI: String
    /// The client identifier.
    public var clientID: String
    /// The client secret, if one was issued.
    public var clientSecret: Secret?
    /// How the client authenticates at the token endpoint, as answered, not as asked.
    public var tokenEndpointAuthMethod: String
    /// The way to authenticate that worked, where it was not the first that was tried.
    public var clientAuthForm: String?
    /// What the configuration said of the client when it was registered; `nil` in records that do not keep it.
    public var clientMetadata: JSON?
    /// When the client identifier was issued, if stated.
    public var issuedAt: Date?
    /// When the client secret expires (`client_secret_expires_at`); `nil` when it does not or there is none.
    public var secretExpiresAt: Date?
    /// The token of the registration's management endpoint (RFC 7592), if given.
    public var registrationAccessToken: Secret?
    /// The registration's management endpoint (RFC 7592), if given.
    public var registrationClientURI: String?
    /// The scopes registered, in their order.
    public var requestedScopes: [String]
    /// The client's name as registered.
    public var clientName: String?
    /// Grows with every save, also over removals; set by the store.
    public var generation: Int
    /// Fields a newer version wrote, which a rewrite keeps.
    public var unknown: JSONObject
    /// Secrets a newer version wrote, which a rewrite keeps.
    public var unknownSecrets: [String: Secret]

    /// A registration; the rest is set afterwards.
    public init(
        key: RegistrationKey, redirectURI: String, clientID: String, clientSecret: Secret? = nil,
        tokenEndpointAuthMethod: String = "none"
    ) {
        self.key = key
        self.redirectURI = redirectURI
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.tokenEndpointAuthMethod = tokenEndpointAuthMethod
        requestedScopes = []
        generation = 0
        unknown = [:]
        unknownSecrets = [:]
    }

    /// The authorization server's issuer identifier.
    public var issuer: String { key.issuer }
}

extension ClientRegistration {
    /// What a store saves in the place of `existing`: the same with its generation counted on.
    /// - Parameters:
    ///   - existing: The record in the store, if there is one.
    ///   - now: The time, which the count starts from, so that it grows also over a removal.
    public func successor(of existing: ClientRegistration?, now: Date) -> ClientRegistration {
        var copy = self
        copy.generation = nextGeneration(after: existing?.generation, carried: generation, now: now)
        return copy
    }
}

extension ClientRegistration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Key and generation; no secret.
    public var description: String { "ClientRegistration(\(key), generation \(generation))" }
    /// The same as `description`.
    public var debugDescription: String { description }
    /// A mirror that shows what `description` does.
    public var customMirror: Mirror { Mirror(self, children: ["key": key.description, "generation": generation]) }
}
