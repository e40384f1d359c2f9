// Where the next tokens of a sign-in come from: asked here, and nowhere else.

import OmlxCredentials
import OmlxCryptography

/// The way to the next tokens, by the grant a sign-in was made with.
package enum NextTokens: Sendable, Equatable {
    /// The token endpoint gives them for this refresh token (RFC 6749 §6).
    case refresh(Secret)
    /// A person has to sign in.
    case person(Reason)

    /// Why nothing but a person helps.
    package enum Reason: Sendable, Hashable {
        /// The grant came without a refresh token.
        case noRefreshToken
        /// The authorization server rejected the refresh token, or the client it belongs to.
        case rejected
    }

    /// Why nothing but a person helps; `nil` when they come without one.
    package var reason: Reason? {
        switch self {
        case .refresh: nil
        case .person(let reason): reason
        }
    }
}

extension Credential {
    /// Where its next tokens come from.
    package var nextTokens: NextTokens {
        if isRefreshTokenRejected { return .person(.rejected) }
        return tokens.refresh.map { .refresh($0) } ?? .person(.noRefreshToken)
    }
}
