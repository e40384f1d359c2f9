// Gives every request of one server its header, and decides what a 401 means: newer token, refresh, or sign-in needed.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

/// The authorization of one server's requests.
public actor ServerAuthorizer {
    /// The headers of a request, and which tokens they were made of.
    public struct Authorization: Sendable {
        /// The headers; none when there is no credential, or none for this request.
        public var headers: [HTTPRequestHeader]
        /// The generation of the tokens in it.
        public var tokenGeneration: Int?
        /// When the access token ends, where that is known.
        public var expiresAt: Date?
        /// Whether these very headers were worth a token request: then their request is worth no other.
        public var isFresh: Bool

        /// The value of `Authorization`, or `nil` when there is none.
        public var header: Secret? {
            for header in headers where header.name.lowercased() == "authorization" {
                if case .secret(let value) = header.value { return value }
            }
            return nil
        }

        /// Headers made of tokens of this generation.
        public init(
            headers: [HTTPRequestHeader] = [], tokenGeneration: Int? = nil, expiresAt: Date? = nil,
            isFresh: Bool = false
        ) {
            self.headers = headers
            self.tokenGeneration = tokenGeneration
            self.expiresAt = expiresAt
            self.isFresh = isFresh
        }
    }

    /// The credential's key.
    package nonisolated let key: CredentialKey
    /// Whether the server ever answered 401.
    package private(set) var hasBeenChallenged = false

    private let context: SignInContext
    private let server: ServerReference
    private let observer: @Sendable (AuthorizationEvent) -> Void
    private var credential: Credential?
    private var isLoaded = false
    private var running: (generation: Int, task: Task<RefreshOutcome, Never>)?
    private var pause: RefreshPause?
    /// The generation of the tokens this process got by a refresh.
    private var refreshedGeneration: Int?
    /// The tokens of which was said that no next ones come.
    private var warnedGeneration: Int?
    /// Spreads the refreshes of many processes: from 0 to 1.
    private let jitter: Double

    /// The longest time before expiry at which tokens are refreshed, in seconds (mcp-cli's buffer).
    static let refreshMargin = 300.0
    /// How much of the margin the jitter may take.
    static let jitterShare = 1.0 / 30
    /// A stated end later than the whole life from now, by more than this many seconds, was reckoned by a clock that
    /// has been set back since.
    static let clockSlack = 60.0

    /// An authorizer for one server.
    /// - Parameters:
    ///   - server: how the program speaks of the server, for remedies.
    package init(
        _ key: CredentialKey, server: ServerReference? = nil, context: SignInContext,
        observer: @escaping @Sendable (AuthorizationEvent) -> Void = { _ in }
    ) {
        self.key = key
        self.server = server ?? .url(key.serverURL)
        self.context = context
        let redactor = context.redactor
        self.observer = { observer($0.hiding(redactor)) }
        jitter = (try? context.random(1).first).map { Double($0) / 255 } ?? 0
    }

    /// Whether requests to this URL are signed: those to the server's own origin.
    package nonisolated func signs(_ url: HTTPURL) -> Bool { key.covers(url) }

    /// What to send a request with; refreshes first when the tokens are about to end.
    /// - Throws: `OmlxError`: what the store throws; `OAUTH_REFRESH_UNAVAILABLE`, `OAUTH_SIGN_IN_NEEDED` and the like
    ///   when the access token has ended and cannot be renewed.
    package func authorization(for method: String, _ url: HTTPURL) async throws -> Authorization {
        guard signs(url) else { return Authorization() }
        return try await authorization(method, url, isShown: true)
    }

    /// As `authorization(for:_:)` for a POST to the server itself.
    package func authorization() async throws -> Authorization {
        try await authorization("POST", HTTPURL(key.serverURL), isShown: true)
    }

    /// - Parameter isShown: whether the answer to the request will be shown here, so that a 401 is heard of.
    private func authorization(_ method: String, _ url: HTTPURL, isShown: Bool) async throws -> Authorization {
        try await context.redactor.hidingErrors { try await currentAuthorization(method, url, isShown) }
    }

    private func currentAuthorization(
        _ method: String, _ url: HTTPURL, _ isShown: Bool
    ) async throws -> Authorization {
        if !isLoaded { try await readStore() }
        guard let current = credential else { return Authorization() }
        var isFresh = false
        if Self.isDue(current, now: context.now(), jitter: jitter) || (!isShown && isSaidToHaveEnded(current)) {
            isFresh = try await refreshAhead(current, isShown: isShown)
        }
        guard let credential else { return Authorization() }
        return Authorization(
            headers: try credential.headers(for: method, url),
            tokenGeneration: credential.tokens.generation, expiresAt: credential.tokens.end, isFresh: isFresh)
    }

    /// What to send a request with whose answer is not shown here, as a script's: there is no 401 to wait for, so a
    /// token that has ended is of no use.
    /// - Parameters:
    ///   - method: the request's; POST when nothing is said.
    ///   - url: the request's; the server's own when nothing is said.
    /// - Throws: `OmlxError`: what `authorization()` throws; `OAUTH_SIGN_IN_NEEDED`, `OAUTH_REFRESH_REJECTED`,
    ///   `OAUTH_REFRESH_REFUSED`, `OAUTH_REFRESH_IMPOSSIBLE` when only a person can get the next token.
    package func usableAuthorization(for method: String = "POST", _ url: HTTPURL? = nil) async throws -> Authorization {
        let url = try url ?? HTTPURL(key.serverURL)
        guard signs(url) else { return Authorization() }
        var authorization = try await authorization(method, url, isShown: false)
        if credential == nil {
            // The keyring may hold one, where no store was chosen yet.
            await context.store.settle()
            try await readStore()
            authorization = try await self.authorization(method, url, isShown: false)
        }
        guard let credential else {
            throw await missing("there is no sign-in at \(key)")
        }
        guard hasEnded(credential) || isSaidToHaveEnded(credential) else { return authorization }
        switch credential.nextTokens {
        case .refresh: break
        case .person(.noRefreshToken): throw impossible(key.description)
        case .person(.rejected):
            let error = RefreshTransaction.knownRejection(credential)
            throw signInNeeded(error.code, error.message)
        }
        if let pause, case .refused(_, let error) = pause.outcome { throw signInNeeded(error.code, error.message) }
        return authorization
    }

    /// The credential in use, once it was read.
    package var current: Credential? { credential }

    /// Whether the store was read, so that `current` says something.
    package var isRead: Bool { isLoaded }

    /// Whether tokens are to be refreshed before they are used: five minutes before their end, or a tenth of a shorter
    /// life, a little less by the jitter, so that many processes do not all come at one moment. Tokens of
    /// unknown life are used until a 401. The wall clock counts, which goes on while a machine sleeps; tokens
    /// that a clock set back since makes seem to live longer than they ever did are due too.
    static func isDue(_ credential: Credential, now: Date, jitter: Double = 0) -> Bool {
        guard let end = credential.tokens.end else { return false }
        let left = end.timeIntervalSince(now)
        let life = credential.tokens.lifetime.map(Double.init)
        if let life, left > life + clockSlack { return true }
        let margin = min(refreshMargin, (life ?? .infinity) / 10)
        return left <= margin * (1 - jitter * jitterShare)
    }

    private func hasEnded(_ credential: Credential) -> Bool {
        credential.tokens.end.map { $0 <= context.now() } ?? false
    }

    /// Whether a token has no life at all by its own word, which counts where no 401 is waited for: once, or each header
    /// would cost a refresh.
    private func isSaidToHaveEnded(_ credential: Credential) -> Bool {
        guard credential.tokens.generation != refreshedGeneration else { return false }
        return credential.tokens.lifetime == 0 && credential.tokens.expiresAt.map { $0 <= context.now() } ?? false
    }

    /// - Returns: whether there are new tokens, got by asking for them.
    private func refreshAhead(_ current: Credential, isShown: Bool) async throws -> Bool {
        let hasEnded = hasEnded(current) || (!isShown && isSaidToHaveEnded(current))
        if let pause, !pause.isOver(at: context.now()) {
            guard hasEnded else { return false }
            // Another process may have had more luck meanwhile.
            try await readStore()
            guard credential?.tokens.generation == current.tokens.generation else { return false }
        }
        guard case .refresh = current.nextTokens else { return false }
        switch await refresh(current.tokens.generation) {
        case .current(_, let isNew): return isNew
        case .impossible, .gone: return false
        case .rejected(_, let error), .refused(_, let error):
            if !hasEnded { warnOfOldToken(error, current) }
            return false
        case .unknown(_, let error), .failed(let error):
            // A token that still works is used, whatever keeps the next one away.
            if hasEnded { throw error }
            if error.code.errorClass == .storage { context.warn(error) }
            return false
        }
    }

    /// Says that there will be no next tokens while those from before still work: it is found out before it hurts. Once for
    /// the same tokens.
    private func warnOfOldToken(_ error: OmlxError, _ current: Credential) {
        guard warnedGeneration != current.tokens.generation else { return }
        warnedGeneration = current.tokens.generation
        var warning = about(error)
        warning.message += "; the access token from before still works and is used"
        if let end = current.tokens.end { warning.message += " until \(end.formatted(.iso8601))" }
        context.warn(warning)
    }

    /// One refresh for each generation, however many ask.
    private func refresh(_ generation: Int) async -> RefreshOutcome {
        if let running, running.generation == generation { return await running.task.value }
        if let pause, pause.binds(generation, at: context.now()) { return pause.outcome }
        let transaction = RefreshTransaction(key, context: context)
        // Not a caller's child: no caller's cancellation ends it. It adopts the outcome before anyone who waits goes on.
        let task = Task {
            let outcome = about(await transaction.run(replacing: generation))
            if running?.generation == generation {
                running = nil
                adopt(outcome, of: generation)
            }
            return outcome
        }
        running = (generation, task)
        return await task.value
    }

    /// The outcome of a lock or store that failed, or of an answer that says nothing, with a remedy about this server.
    private func about(_ outcome: RefreshOutcome) -> RefreshOutcome {
        switch outcome {
        case .failed(let error): .failed(about(error))
        case .unknown(let credential, let error): .unknown(credential, about(error))
        default: outcome
        }
    }

    private func about(_ error: OmlxError) -> OmlxError { error.about(server, account: key.account) }

    private func adopt(_ outcome: RefreshOutcome, of generation: Int) {
        if case .current(let latest, _) = outcome { context.redactor.learn(latest) }
        pause = RefreshPause(outcome, generation: generation, since: context.now())
        switch outcome {
        case .current(let latest, let isNew):
            credential = latest
            if isNew { refreshedGeneration = latest.tokens.generation }
            observer(isNew ? .refreshed(latest) : .signedIn(latest))
        case .rejected(let latest, let error):
            credential = latest
            observer(.refreshRejected(error))
        case .refused(let latest, let error), .unknown(let latest, let error):
            credential = latest
            observer(.refreshFailed(error))
        case .impossible(let latest): credential = latest
        case .gone: credential = nil
        case .failed(let error): observer(.refreshFailed(error))
        }
    }

    /// Reads the store again, as after a sign-in.
    package func reload() async throws {
        pause = nil
        try await readStore()
    }

    /// Reads the store again because it changed. A pause after a failed refresh goes on, unless there
    /// are other tokens now.
    /// - Returns: the credential now.
    /// - Throws: the store's errors.
    @discardableResult
    package func storeChanged() async throws -> Credential? {
        let known = credential?.tokens.generation
        try await readStore()
        if credential?.tokens.generation != known { pause = nil }
        return credential
    }

    private func readStore() async throws {
        let known = credential?.tokens.generation
        do {
            credential = try await context.store.credential(for: key)
        } catch let error as OmlxError {
            throw about(context.unsaved.explained(error, key))
        }
        isLoaded = true
        if let credential { context.redactor.learn(credential) }
        if let credential, credential.tokens.generation != known { observer(.signedIn(credential)) }
    }

    /// Judges the head of an answer to a request that carried `authorization`.
    /// - Parameter attempt: which sending of the same request this was, from 1.
    /// - Returns: whether to send the request again with a new header.
    /// - Throws: `OmlxError`: `OAUTH_SIGN_IN_NEEDED`, `OAUTH_TOKEN_REFUSED`, `OAUTH_INSUFFICIENT_SCOPE`, or the
    ///   reason why the refresh failed.
    package func judge(_ head: HTTPResponseHead, of authorization: Authorization, attempt: Int) async throws -> Bool {
        try await context.redactor.hidingErrors { try await judged(head, of: authorization, attempt: attempt) }
    }

    private func judged(_ head: HTTPResponseHead, of authorization: Authorization, attempt: Int) async throws -> Bool {
        if head.status == 403 { try judgeForbidden(head) }
        let challenge = BearerChallenge(
            challenges: AuthenticationChallenge.parse(head.headers.values(of: "www-authenticate")))
        guard Self.wantsSignIn(head, challenge, wasSigned: authorization.tokenGeneration != nil) else { return false }
        hasBeenChallenged = true
        guard let used = authorization.tokenGeneration else {
            // Another process may have signed in since.
            let hadCredential = credential != nil
            await context.store.settle()
            try await readStore()
            if credential != nil, attempt == 1 || !hadCredential { return true }
            throw await missing("\(head.url.origin) wants a sign-in", head)
        }
        return try await renew(used, head, attempt: attempt, isFresh: authorization.isFresh)
    }

    /// A 401; or, to a request without a token, another refusal that says where to sign in: some servers answer 400, 403
    /// or 405 in place of 401.
    private static func wantsSignIn(_ head: HTTPResponseHead, _ challenge: BearerChallenge, wasSigned: Bool) -> Bool {
        if head.status == 401 { return true }
        return !wasSigned && [400, 403, 405].contains(head.status) && challenge.resourceMetadata != nil
    }

    private func renew(_ used: Int, _ head: HTTPResponseHead, attempt: Int, isFresh: Bool) async throws -> Bool {
        if let credential, credential.tokens.generation != used { return true }
        try await readStore()
        guard let credential else { throw await missing("\(head.url.origin) wants a sign-in", head) }
        if credential.tokens.generation != used { return true }
        // One refresh for each request; tokens of another process that ended unused are no reason to give up.
        guard !isFresh, attempt == 1 || (attempt == 2 && used != refreshedGeneration) else {
            throw signInNeeded(.oauthTokenRefused, "\(head.url.origin) refuses a token it was just given", head)
        }
        switch await refresh(used) {
        case .current: return true
        case .rejected(_, let error): throw signInNeeded(error.code, error.message, head)
        case .refused(_, let error): throw signInNeeded(error.code, error.message, head)
        case .unknown(_, let error), .failed(let error): throw error
        case .impossible: throw impossible(head.url.origin, head)
        case .gone: throw await missing("\(head.url.origin) wants a sign-in", head)
        }
    }

    private func judgeForbidden(_ head: HTTPResponseHead) throws {
        let challenge = BearerChallenge(
            challenges: AuthenticationChallenge.parse(head.headers.values(of: "www-authenticate")))
        guard challenge.error == "insufficient_scope" else { return }
        let scopes = OmlxError.shown(challenge.scopes.map(Scopes.text) ?? "")
        var error = OmlxError(
            .oauthInsufficientScope,
            "\(head.url.origin) wants more than the sign-in allows" + (scopes.isEmpty ? "" : ": \(scopes)"),
            httpStatus: 403, nextStep: Remedy(.signIn(login(scopes: challenge.scopes ?? []))))
        error.refusal = OmlxError.Refusal(head)
        observer(.insufficientScope(error))
        throw error
    }

    private func login(scopes: [String] = []) -> SignInRemedy {
        SignInRemedy(server, account: key.account, scopes: scopes.map { OmlxError.shown($0) })
    }

    /// There is no credential. Sign-ins of accounts with a name are not used unless they are named; they are told of.
    private func missing(_ message: String, _ refusal: HTTPResponseHead? = nil) async -> OmlxError {
        var error = signInNeeded(.oauthSignInNeeded, message, refusal, tells: false)
        let all = key.account == nil ? try? await context.store.credentials().records.map(\.key) : nil
        let names = (all ?? []).filter { $0.serverURL == key.serverURL }.compactMap(\.account).sorted()
        if let first = names.first {
            error.message +=
                "; signed in only as " + names.map { OmlxError.shown($0, limit: 80) }.joined(separator: ", ")
            error.nextStep = "add \(.setting(.account, first)), or sign in without a name: \(.signIn(login()))"
        }
        observer(.signInNeeded(error))
        return error
    }

    private func impossible(_ place: String, _ refusal: HTTPResponseHead? = nil) -> OmlxError {
        signInNeeded(
            .oauthRefreshImpossible, "the access token for \(place) ended and there is no refresh token",
            refusal)
    }

    private func signInNeeded(
        _ code: ErrorCode, _ message: String, _ refusal: HTTPResponseHead? = nil, tells: Bool = true
    ) -> OmlxError {
        var error = OmlxError(code, message, httpStatus: 401, nextStep: Remedy(.signIn(login())))
        error.refusal = refusal.map { OmlxError.Refusal($0) }
        if tells { observer(.signInNeeded(error)) }
        return error
    }
}
