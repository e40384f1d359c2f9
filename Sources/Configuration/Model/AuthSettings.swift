// What a server's entry says about signing in: whether, as whom, where that is kept, and how.

import OmlxSignIn

/// An entry's `auth` block. How to sign in is the sign-in's own configuration: what that does not say is found out from the
/// server.
public struct AuthSettings: Sendable, Equatable {
    /// Whether to sign in at all.
    public enum Mode: String, Sendable, Hashable {
        /// OAuth 2.
        case oauth2
        /// Never sign in: a 401 is an error.
        case disabled
    }

    /// Where this server's sign-in is kept.
    public enum Store: Sendable, Hashable {
        /// In the store chosen for all servers.
        case shared
        /// In an encrypted store of its own, in this folder (absolute).
        case folder(ConfiguredText)
        /// In memory only.
        case memory
    }

    /// Whether to sign in at all.
    public var mode: Mode = .oauth2
    /// How.
    public var signIn = SignInConfiguration()
    /// Whose sign-in is used when none is named; `nil` for the one made without a name.
    public var account: String?
    /// Where this server's sign-in is kept.
    public var store: Store = .shared

    /// Sign-in by discovery, as a bare `{"type": "oauth2"}` means it.
    public init() {}
}

extension ServerConfiguration {
    /// How to sign in to it; without an `auth` block discovery finds everything.
    public var signInConfiguration: SignInConfiguration { auth?.signIn ?? SignInConfiguration() }

    /// Which provider profile its sign-in uses.
    package var profileChoice: ProfileChoice {
        auth?.mode == .disabled ? .none : signInConfiguration.profile
    }
}
