// The last step of a sign-in: the new tokens are kept, and those they replace are taken back.

import OmlxCredentials
import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

extension SignInDriver {
    /// Stores under the credential's lock, so that no refresh of the old one writes over the new one; then takes the tokens
    /// of the replaced sign-in back, which could not be done later. Cancelling the task ends the latter only.
    /// - Parameter known: the sign-in that was there when this one began.
    func keep(
        _ result: SignInMachine.Result, over known: Credential?, profile: ProfileChoice
    ) async throws -> SignInOutcome {
        let context = context
        let stored: Result<(saved: Credential, earlier: Credential?), any Error> = await context.exchanges.run {
            // What was there when the sign-in began may have been refreshed since.
            do {
                return .success(
                    try await context.locked(result.credential.key, timeout: 30) {
                        let earlier = try? await context.store.credential(for: result.credential.key)
                        var fresh = result.credential
                        if let earlier, earlier.grant.issuer == fresh.grant.issuer {
                            fresh.notes.revocationEndsGrant = earlier.notes.revocationEndsGrant
                        }
                        let saved = try await context.savePatiently(fresh, expecting: .any, replacingDamaged: true)
                        return (saved, earlier)
                    })
            } catch {
                return .failure(await Self.takeBackUnkept(result.credential, known, error, profile, context))
            }
        }
        context.redactor.learn(result.credential)
        let (saved, earlier) = try stored.get()
        var replaced: SignOutOutcome.Revocation?
        if let earlier, earlier.isReplaceable(by: saved, profile) {
            replaced = await TokenRevocation(context: context).revoke(earlier)
        }
        if case .unconfirmed(let reason) = replaced {
            await interface.notice(
                "The tokens of the earlier sign-in could not be taken back (\(reason)); they end by themselves.")
        }
        return SignInOutcome(
            credential: saved, missingScopes: result.missingScopes.map { context.redactor.hide($0) },
            resourceName: result.resourceName.map { context.redactor.hide($0) }, documents: result.documents,
            accountName: result.accountName.map { context.redactor.hide($0) }, client: result.client,
            replacedClient: result.replacedClient, replaced: replaced)
    }

    /// New tokens that could not be kept are of no use here: they are taken back, unless that could end the
    /// sign-in that is still there.
    private static func takeBackUnkept(
        _ unkept: Credential, _ earlier: Credential?, _ error: any Error, _ profile: ProfileChoice,
        _ context: SignInContext
    ) async -> any Error {
        guard var error = (error as? OmlxError)?.losingSignIn else { return error }
        if let earlier, !unkept.isReplaceable(by: earlier, profile) { return error }
        switch await TokenRevocation(context: context).revoke(unkept) {
        case .confirmed: error.message += "; the new tokens have been taken back"
        case .unconfirmed(let reason): error.message += "; the new tokens could not be taken back (\(reason))"
        case .unsupported, .needless, .notAsked: error.message += "; the new tokens end by themselves"
        }
        return error
    }

    /// Notes that taking back the tokens of a replaced sign-in has ended the one that replaced it, so that it is not done
    /// again.
    /// - Throws: what lock and store throw.
    package func noteRevocationEndedGrant(_ key: CredentialKey) async throws {
        let context = context
        try await context.locked(key, timeout: 10) {
            guard var credential = try await context.store.credential(for: key) else { return }
            credential.notes.revocationEndsGrant = true
            _ = try await context.save(credential, expecting: .generation(credential.generation))
        }
    }
}

extension Credential {
    /// Whether its tokens may be taken back while another sign-in goes on: not when both are of one grant, as far as that
    /// shows, nor where taking back a token ends all that the person ever granted the client (RFC 7009 §2.1).
    func isReplaceable(by other: Credential, _ profile: ProfileChoice) -> Bool {
        if tokens.access == other.tokens.access { return false }
        if let refresh = tokens.refresh, refresh == other.tokens.refresh { return false }
        guard grant.issuer == other.grant.issuer else { return true }
        // Who gives a refresh token only once for a grant gives it with the first sign-in.
        let (first, later) = grant.obtainedAt <= other.grant.obtainedAt ? (self, other) : (other, self)
        if client.id == other.client.id, first.tokens.refresh != nil, later.tokens.refresh == nil { return false }
        if notes.revocationEndsGrant || other.notes.revocationEndsGrant { return false }
        return profile.profile(issuer: grant.issuer)?.revocationEndsGrant != true
    }
}

extension OmlxError {
    /// A new sign-in that does not work after the tokens of the one it replaced were taken back.
    package static func endedByRevocation(_ place: String, nextStep: Remedy) -> OmlxError {
        OmlxError(
            .oauthTokenRefused,
            "\(place) refuses the new token: taking back the tokens of the earlier sign-in seems to have ended this one too; "
                + "the next sign-in leaves them alone", httpStatus: 401, nextStep: nextStep)
    }
}
