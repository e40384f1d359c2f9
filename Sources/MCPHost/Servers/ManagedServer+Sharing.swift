// One sign-in for all who need it at the same time: calls of this process, and of others.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxOAuth
import OmlxSignIn

/// What was known of the sign-in before an operation, so that a later one is noticed.
struct SignInMark: Sendable {
    /// How many sign-ins of this host had ended.
    fileprivate let ended: Int
    /// Whether it was known which sign-in there was.
    fileprivate let isRead: Bool
    /// When that one was made.
    fileprivate let signedInAt: Date?
}

extension ManagedServer {
    /// How long another program's sign-in is waited for, in seconds: a little longer than a person has.
    private static let turnLimit = 660.0

    /// To be taken before an operation that may need a sign-in.
    func signInMark() async -> SignInMark {
        let ended = await sharing.ended
        guard let authorizer else { return SignInMark(ended: ended, isRead: false, signedInAt: nil) }
        return SignInMark(
            ended: ended, isRead: await authorizer.isRead, signedInAt: await authorizer.current?.grant.obtainedAt)
    }

    /// Signs in because a caller asked for it; after the sign-in under way, which may have made it needless.
    /// - Throws: `OmlxError`; `CancellationError`.
    func login(
        _ login: LoginOptions, interface: any SignInInterface, browser: (any BrowserOpening)?
    ) async throws -> LoginReport {
        try await sharing.make(asking: login.scopes) {
            guard let context = self.context, let key = self.authorizer?.key else { throw await self.notApplicable }
            // Who asks for it himself waits for no other program.
            return try await context.takingTurn(key, within: 0, waiting: { _ in }) {
                try await self.signInGate.run { try await self.loginAlone(login, interface, browser) }
            }
        }
    }

    /// Signs in because an operation was refused: joins the sign-in under way, takes over one that was made meanwhile, here
    /// or by another program, or asks.
    /// - Parameters:
    ///   - scopes: the scopes it needs, where they are known.
    ///   - mark: what was known before the operation.
    /// - Throws: `OmlxError`; `CancellationError`.
    func signIn(wanting scopes: [String]?, since mark: SignInMark, _ offer: SignInOffer) async throws {
        var seen = mark.signedInAt
        if !mark.isRead { seen = await authorizer?.current?.grant.obtainedAt }
        let known = seen
        _ = try await sharing.join(wanting: scopes, since: mark.ended) {
            try await self.signInInTurn(scopes, known, offer)
        }
    }

    private func signInInTurn(_ scopes: [String]?, _ seen: Date?, _ offer: SignInOffer) async throws -> LoginReport {
        guard let context, let authorizer else { throw notApplicable }
        return try await context.takingTurn(
            authorizer.key, within: min(Self.turnLimit, options.timeout ?? Self.turnLimit),
            waiting: { await offer.interface.notice($0) }
        ) {
            if let report = try await self.adopted(scopes, seen, context, authorizer) { return report }
            var options = LoginOptions(isForced: true)
            (options.flow, options.seconds) = (offer.flow, offer.seconds)
            // Together with what was asked for meanwhile, or the new sign-in would lose it (C11.4).
            options.scopes = scopes.map { Scopes.unique(self.status.record.soughtScopes + $0) }
            let login = options
            let report = try await self.signInGate.run {
                try await self.loginAlone(login, offer.interface, offer.browser)
            }
            if let reason = report.passedOver {
                await offer.interface.notice(reason.downgrade.text(self.options.wording))
            }
            return report
        }
    }

    /// Takes over a sign-in that was made since the operation began, when it is one for these scopes and works.
    private func adopted(
        _ scopes: [String]?, _ seen: Date?, _ context: SignInContext, _ authorizer: ServerAuthorizer
    ) async throws -> LoginReport? {
        try await authorizer.reload()
        guard let credential = await authorizer.current, credential.grant.obtainedAt != seen,
            Set(credential.grant.requestedScopes + (credential.grant.grantedScopes ?? [])).isSuperset(of: scopes ?? [])
        else { return nil }
        if link == nil || problem != nil {
            await shutDown()
            forget()
            await start()
        }
        guard let problem else { return report(wasSignedIn: true, missing: [], context) }
        guard problem.isMendedBySigningIn else { throw problem }
        return nil
    }
}
