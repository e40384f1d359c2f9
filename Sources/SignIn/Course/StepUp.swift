// Step-up authorization: for which scopes to sign in after a 403 with insufficient_scope, and when to stop. No I/O.

import OmlxErrors
import OmlxOAuth

/// The course of one operation that a server refuses for want of scopes (C11.3 to C11.6).
package struct StepUp: Sendable {
    /// What to do about a refusal.
    package enum Action: Sendable, Equatable {
        /// Sign in for these scopes, then try the operation again.
        case authorize([String])
        /// Stop: the error says what was asked for and what was granted.
        case end(OmlxError)
    }

    /// The most authorizations for one operation.
    package static let limit = 3

    private let serverName: String
    private var authorizations: Int
    private var asked: Set<String>

    /// - Parameters:
    ///   - authorizations: how many sign-ins this operation has had already.
    ///   - asked: the scopes those asked for.
    package init(serverName: String, authorizations: Int = 0, asked: [String] = []) {
        self.serverName = serverName
        self.authorizations = authorizations
        self.asked = Set(asked)
    }

    /// Judges a refusal.
    /// - Parameters:
    ///   - error: the refusal, with the challenge that says what the server wants.
    ///   - requested: the scopes of the present sign-in, as they were asked for. The next one asks for them as well,
    ///     or would lose them (C11.4, G11).
    ///   - granted: the scopes granted; `nil` when not stated.
    package mutating func refused(
        _ error: OmlxError, requested: [String], granted: [String]?
    ) -> Action {
        guard let challenged = error.refusal?.challenge.scopes, !challenged.isEmpty else { return .end(error) }
        // Scopes that a sign-in of this very operation asked for will not come by asking once more.
        let isRepeated = !asked.isEmpty && asked.isSuperset(of: challenged)
        guard authorizations < Self.limit, !isRepeated else { return .end(failure(challenged, requested, granted)) }
        let union = Scopes.unique(requested + challenged)
        authorizations += 1
        asked.formUnion(union)
        return .authorize(union)
    }

    private func failure(_ challenged: [String], _ requested: [String], _ granted: [String]?) -> OmlxError {
        let count = authorizations == 1 ? "once" : "\(authorizations) times"
        return OmlxError(
            .oauthStepUpFailed,
            "\(serverName) still wants more than the sign-in allows, after signing in for it \(count)",
            compared: [
                .init("wanted", Scopes.text(challenged)), .init("asked for", Scopes.text(requested)),
                .init("granted", granted.map(Scopes.text) ?? "not stated"),
            ], httpStatus: 403,
            nextStep: "ask whoever runs the server whether this account may have these scopes")
    }
}
