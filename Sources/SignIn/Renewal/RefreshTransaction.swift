// The refresh of one credential across tasks and processes: lock, read again, refresh, persist, release.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxHTTPClient
import OmlxOAuth

/// How a refresh ended.
package enum RefreshOutcome: Sendable {
    /// Good tokens: newly granted, or those another process got meanwhile.
    case current(Credential, isNew: Bool)
    /// The authorization server does not accept the refresh token any more; the record is kept and marked.
    case rejected(Credential, OmlxError)
    /// The authorization server refused for another reason; the record is kept.
    case refused(Credential, OmlxError)
    /// Nothing is known; the record is kept.
    case unknown(Credential, OmlxError)
    /// A person alone can get the next tokens: there is no refresh token.
    case impossible(Credential)
    /// There is no credential any more.
    case gone
    /// Lock or store failed; nothing was sent or the answer could not be kept.
    case failed(OmlxError)
}

/// Refreshes one credential at most once, however many ask.
package struct RefreshTransaction: Sendable {
    /// The longest wait for another process's refresh, and for another machine's, in seconds; who waits in vain is told
    /// who holds the lock.
    private static let lockWait = 20.0
    /// How long a refresh may ask the token endpoint, all tries together, in seconds.
    private static let limit = 30.0
    private let context: SignInContext
    private let key: CredentialKey
    private let lockWait: Double

    /// A refresh of the credential with this key.
    package init(_ key: CredentialKey, context: SignInContext) {
        self.init(key, context: context, lockWait: Self.lockWait)
    }

    init(_ key: CredentialKey, context: SignInContext, lockWait: Double) {
        self.key = key
        self.context = context
        self.lockWait = lockWait
    }

    /// Refreshes tokens of this generation, or adopts newer ones. Not cut off by cancellation once it has begun.
    package func run(replacing tokenGeneration: Int) async -> RefreshOutcome {
        await context.exchanges.run { await locked(tokenGeneration).hiding(context.redactor) }
    }

    private func locked(_ tokenGeneration: Int) async -> RefreshOutcome {
        do {
            return try await context.locked(key, timeout: lockWait) { try await transact(tokenGeneration) }
        } catch let error as OmlxError {
            return .failed(context.unsaved.explained(error, key))
        } catch {
            return .failed(OmlxError(.transportCancelled, "the refresh was cancelled before it began"))
        }
    }

    private func transact(_ tokenGeneration: Int) async throws -> RefreshOutcome {
        guard let credential = try await context.store.credential(for: key) else { return .gone }
        context.redactor.learn(credential)
        try await context.refuseOlder(credential)
        if let saved = try await context.unsaved.save(over: credential, context) { return .current(saved, isNew: true) }
        if credential.tokens.generation != tokenGeneration { return .current(credential, isNew: false) }
        do {
            switch credential.nextTokens {
            case .refresh(let token): return try await refresh(credential, token)
            case .person(.noRefreshToken): return .impossible(credential)
            case .person(.rejected): return .rejected(credential, Self.knownRejection(credential))
            }
        } catch let error as OmlxError where error.code == .storeConflict {
            // A sign-out, which did not wait for the lock.
            guard try await context.store.credential(for: key) == nil else { throw error }
            return .gone
        }
    }

    /// The error of a rejection that was noted earlier.
    static func knownRejection(_ credential: Credential) -> OmlxError {
        let reason = OAuthErrorReply(
            error: credential.notes.rejection?.code ?? "invalid_grant",
            errorDescription: credential.notes.rejection?.words)
        var text = "the authorization server rejected the refresh token before (\(reason.text))"
        if let interruption = credential.notes.rejection?.interruption { text += "; \(cause(interruption))" }
        return OmlxError(.oauthRefreshRejected, text, nextStep: "\(.signIn())")
    }

    /// Why the tokens that were granted are not here.
    private static func cause(_ interruption: Credential.Notes.Interruption) -> String {
        let place = interruption.by.map { " by \(OmlxError.shown($0, limit: 80))" } ?? ""
        let moment = interruption.at.formatted(.iso8601)
        return "the answer to a refresh begun\(place) at \(moment) was lost, and the new tokens with it"
    }

    private func refresh(_ credential: Credential, _ token: Secret) async throws -> RefreshOutcome {
        let endpoint = try OAuthURL.endpoint(
            credential.grant.tokenEndpoint, named: "token endpoint", invalid: .oauthServerMetadataInvalid)
        var authentication = ClientAuthentication(try credential.client.known())
        // A refresh begun before and never finished: its process was ended, or it was not answered.
        let earlier = credential.isRefreshUnfinished ? credential.notes.begun?.first : nil
        var begun = credential
        begun.notes.begun = .init(
            generation: credential.tokens.generation,
            first: earlier ?? .init(at: context.now(), by: "process \(getpid()) (\(context.command))"))
        begun = try await context.save(begun, expecting: .generation(credential.generation))
        let context = context.judging(credential.addresses)
        var spare: Secret?
        let end = ContinuousClock.now + .seconds(Self.limit)
        var machine = RefreshMachine(server: endpoint.origin, scopes: credential.refreshScopes)
        var action = RefreshMachine.Action.send(after: 0)
        while true {
            switch action {
            case .send(let pause):
                if pause > 0 { try await Task.sleep(for: .seconds(pause)) }
                var reply = await context.fetch(as: &authentication) {
                    var request = Self.request(for: credential, token: token, at: endpoint, as: $0)
                    request.limits.total = (end - .now).inSeconds
                    return request
                }
                action = machine.received(reply, jitter: Double.random(in: 0...1), left: (end - .now).inSeconds)
                if case .success(let answer) = reply, case .unknown = action {
                    spare = TokenReply.refreshToken(besideUnusable: answer)
                }
                reply.wipe()
            case .granted(let grant):
                begun.client.remember(authentication.client.form)
                let kept = try await keep(grant, over: begun)
                context.tell(grant.oddities)
                return .current(kept, isNew: true)
            case .rejected(let error, let reply):
                let lost = earlier ?? (machine.mayHaveLostTokens ? begun.notes.begun?.first : nil)
                return try await rejected(error.hiding(begun.secrets), reply, begun, after: lost)
            case .refused(let error): return .refused(await answered(begun, earlier), error.hiding(begun.secrets))
            case .unknown(let error):
                if let spare {
                    return .unknown(try await keep(spare, over: begun), error.hiding(begun.secrets + [spare]))
                }
                let kept = machine.mayHaveLostTokens ? begun : await answered(begun, earlier)
                return .unknown(kept, error.hiding(begun.secrets))
            }
        }
    }

    /// The request, made of nothing but what is stored with the tokens.
    static func request(
        for credential: Credential, token: Secret, at endpoint: HTTPURL, as client: OAuthClient
    ) -> HTTPRequest {
        TokenRequest.refresh(
            token, at: endpoint, as: client, resource: credential.grant.resource,
            scope: credential.refreshScope,
            parameters: credential.grant.refreshParameters.map { ($0.name, $0.value) })
    }

    /// Takes the note back after an answer, or after nothing was sent: no tokens were lost. What an earlier refresh left
    /// open stays open. A store that fails now is no reason to say anything else than the answer.
    private func answered(_ begun: Credential, _ earlier: Credential.Notes.Interruption?) async -> Credential {
        guard earlier == nil else { return begun }
        var record = begun
        record.notes.begun = nil
        return (try? await context.save(record, expecting: .generation(begun.generation))) ?? begun
    }

    /// Persists before the tokens are used. A reply without a refresh token leaves the old one good.
    private func keep(
        _ grant: TokenGrant, over credential: Credential, isFirst: Bool = true
    ) async throws -> Credential {
        let moment = context.now()
        var renewed = credential
        renewed.tokens.access = grant.accessToken
        if let token = grant.refreshToken { renewed.tokens.refresh = token }
        renewed.tokens.lifetime = grant.lifetime
        renewed.tokens.expiresAt = grant.lifetime.map { moment.addingTimeInterval(Double($0)) }
        if let scopes = grant.scopes { renewed.grant.grantedScopes = scopes }
        renewed.tokens.refreshedAt = moment
        renewed.notes.begun = nil
        renewed.notes.rejection = nil
        do {
            return try await persist(renewed, over: credential)
        } catch let error as OmlxError where error.code == .storeConflict && isFirst {
            // A program without the lock changed something else of the record: no reason to lose the new tokens.
            guard let latest = try await context.store.credential(for: key) else {
                // Signed out meanwhile: what was granted since is kept nowhere, and is to be good for nothing.
                _ = await TokenRevocation(context: context).revoke(renewed)
                throw error
            }
            guard latest.tokens.generation == credential.tokens.generation else { throw error }
            return try await keep(grant, over: latest, isFirst: false)
        }
    }

    /// Keeps the refresh token of an answer that cannot be used otherwise: where tokens rotate the old one is spent, and with
    /// the new one the next refresh may do better.
    private func keep(_ spare: Secret, over credential: Credential) async throws -> Credential {
        var record = credential
        record.tokens.refresh = spare
        record.notes.begun = nil
        return try await persist(record, over: credential)
    }

    /// Saves new tokens, patiently: the old ones are of no use any more. What cannot be saved is held in memory, and saved
    /// before the next refresh.
    private func persist(_ renewed: Credential, over credential: Credential) async throws -> Credential {
        do {
            return try await context.savePatiently(renewed, expecting: .generation(credential.generation))
        } catch let error as OmlxError where error.code != .storeConflict {
            let lost = error.losingRefresh(isRotated: renewed.tokens.refresh != credential.tokens.refresh)
            context.unsaved.hold(renewed, because: lost)
            throw lost
        }
    }

    /// Reads once more for a winner that did not take the lock; else marks the record and keeps it.
    /// - Parameter interruption: the refresh of the same tokens whose answer was lost, if there was one: then that is
    ///   the likely reason, since a refresh token that rotates works once.
    private func rejected(
        _ error: OmlxError, _ reply: OAuthErrorReply, _ credential: Credential,
        after interruption: Credential.Notes.Interruption?
    ) async throws -> RefreshOutcome {
        guard let latest = try await context.store.credential(for: key) else { return .gone }
        if latest.tokens.generation != credential.tokens.generation { return .current(latest, isNew: false) }
        var marked = latest
        marked.notes.rejection = Credential.Notes.Rejection(
            code: reply.error, words: reply.errorDescription.map { credential.secrets.hidden(in: $0) },
            at: context.now(), generation: latest.tokens.generation, interruption: interruption)
        marked.notes.begun = nil
        let kept = try await context.save(marked, expecting: .generation(latest.generation))
        var error = error
        if let interruption { error.message += "; \(Self.cause(interruption))" }
        return .rejected(kept, error)
    }
}

extension Credential {
    /// The scopes a refresh names, as they were kept at the sign-in.
    fileprivate var refreshScope: String? { grant.refreshParameters.last { $0.name == "scope" }?.value }
    fileprivate var refreshScopes: [String] { refreshScope.map { Scopes.parse($0) } ?? [] }
}

extension Duration {
    /// The length in seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
