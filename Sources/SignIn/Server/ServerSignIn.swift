// The sign-in at one server for programs that send their own requests: a header that works, and what a 401 means.

import OmlxConcurrency
import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

/// The sign-in at one server. Gives the `Authorization` header of a request, up to date: refreshed when it is due, once
/// for all tasks and all processes that use the same store. Opens a browser only where a call allows it.
///
/// ```swift
/// let options = ServerSignIn.Options(environment: environment, homeDirectory: home)
/// let signIn = try ServerSignIn("https://mcp.example.com/mcp", options)
/// var header = try await signIn.authorization()
/// // Send a request with the header. When it is answered 401:
/// if let newer = try await signIn.authorization(after: header, status: 401, challenges: challenges) { header = newer }
/// await signIn.finish()
/// ```
///
/// `Examples/AuthorizationHeader` is a program that does this, docs/library.md a page about it.
public final class ServerSignIn: Sendable {
    /// A header, and which tokens it was made of.
    public typealias Authorization = ServerAuthorizer.Authorization

    /// Whether a call may ask a person.
    public enum Interaction: Sendable {
        /// Never: what needs a person is an error.
        case never
        /// This person may be asked.
        case offered(SignInOffer)

        /// A person in front of this interface may be asked; a `browser` opens the address for them.
        public static func allowed(
            _ interface: any SignInInterface, browser: (any BrowserOpening)? = nil, flow: SignInFlow = .browser
        ) -> Interaction {
            .offered(SignInOffer(interface: interface, browser: browser, flow: flow))
        }
    }

    /// What the sign-in works with.
    public struct Options: Sendable {
        /// Whose sign-in, where one server is signed in to with several accounts.
        public var account: String?
        /// What is configured about signing in; discovery finds the rest.
        public var configuration: SignInConfiguration
        /// Where encrypted files, the note which store was chosen, and locks are.
        public var paths: SignInPaths
        /// A store of the program's own, such as a `MemoryStore`.
        public var store: (any CredentialStore)?
        /// The password of the encrypted files, where they have one.
        public var storePassword: Secret?
        /// What stores were opened with already; copies of the options share it.
        public var opened = OpenedStores()
        /// Proxies and certificates.
        public var environment: [String: String]
        /// Certificates of this server.
        public var tls: TLSSettings
        /// What the program does, for those who wait for its locks.
        public var command: String
        /// The client's name and version as servers see them.
        public var userAgent: String
        /// How the program speaks of the server, for the remedies of errors; by its URL when not set.
        public var reference: ServerReference?
        /// What is remembered of generations outside the store, so that an older copy that is put back is not refreshed
        /// with. Nothing by default; the command remembers in its status database.
        public var memory: (any GenerationMemory)?
        /// Told of everything that happens to the sign-in: for a log, for a status.
        public var observer: @Sendable (AuthorizationEvent) -> Void
        /// Told of client registrations made and forgotten.
        public var registrations: @Sendable (RegistrationEvent) -> Void
        /// The clock.
        public var now: @Sendable () -> Date

        /// The usual places of this environment.
        public init(environment: [String: String], homeDirectory: String) {
            configuration = SignInConfiguration()
            paths = SignInPaths(environment: environment, homeDirectory: homeDirectory)
            storePassword = ["OMLX_STORE_PASSWORD", "MCP_CLI_ENCRYPTION_KEY"].lazy.compactMap { environment[$0] }
                .first { !$0.isEmpty }.map { Secret($0) }
            self.environment = environment
            tls = TLSSettings()
            command = "a program"
            userAgent = "omlx"
            observer = { _ in }
            registrations = { _ in }
            now = { Date() }
            self.homeDirectory = homeDirectory
        }

        private let homeDirectory: String

        /// The store `OMLX_STORE` names, else the one that is chosen by itself.
        /// - Throws: `CONFIG_STORE_UNSUPPORTED` for a name no store has.
        fileprivate func chosenStore() throws(OmlxError) -> any CredentialStore {
            var places = StorePlaces(
                folder: paths.credentials, lockFolder: paths.locks, environment: environment,
                homeDirectory: homeDirectory, now: now)
            if let storePassword { places.keySource = .password(storePassword) }
            places.opened = opened
            if storePassword == nil, let file = environment["OMLX_STORE_PASSWORD_FILE"], !file.isEmpty {
                places.keySource = opened.keySource(passwordFile: file)
            }
            return try StoreInUse(named: environment["OMLX_STORE"], in: .success(places)).store
        }
    }

    /// The server, its URL byte for byte as given.
    public let server: HTTPURL
    /// What the credential is looked up by.
    public let key: CredentialKey
    let authorizer: ServerAuthorizer
    let context: SignInContext
    let configuration: SignInConfiguration
    let reference: ServerReference?
    let observer: @Sendable (AuthorizationEvent) -> Void
    /// One sign-in for all tasks that need one.
    let sharing = SharedSignIn<SignInOutcome?>()
    /// How long another program's sign-in is waited for, in seconds: a little longer than a person has.
    private static let turnLimit = 660.0

    /// The sign-in at a server. Nothing is read or asked before it is used.
    /// - Throws: `OmlxError` with `CONFIG_URL_INVALID`, or `CONFIG_STORE_UNSUPPORTED` when `OMLX_STORE` names no store.
    public convenience init(_ server: String, _ options: Options) throws(OmlxError) {
        let url: HTTPURL
        do {
            url = try HTTPURL(server)
        } catch {
            throw OmlxError(.configURLInvalid, "the server's URL cannot be used: \(error.reason)")
        }
        let store: any CredentialStore
        if let own = options.store { store = own } else { store = try options.chosenStore() }
        let http = HTTPClient(
            environment: HTTPEnvironment(variables: options.environment), tls: options.tls,
            userAgent: options.userAgent)
        var context = SignInContext(
            http: http, store: store, lockFolder: options.paths.locks, command: options.command, now: options.now)
        context.observer = options.registrations
        context.memory = options.memory
        self.init(
            url, account: options.account, configuration: options.configuration, context: context,
            reference: options.reference, observer: options.observer)
    }

    /// The sign-in at a server with what a host has already made.
    package init(
        _ server: HTTPURL, account: String?, configuration: SignInConfiguration, context: SignInContext,
        reference: ServerReference?, observer: @escaping @Sendable (AuthorizationEvent) -> Void
    ) {
        self.server = server
        self.context = context
        context.redactor.learn(address: server.text)
        self.configuration = configuration
        self.reference = reference
        self.observer = observer
        key = CredentialKey(serverURL: server.text, account: account)
        authorizer = ServerAuthorizer(key, server: reference, context: context, observer: observer)
    }

    // MARK: the header

    /// The header to send now. Refreshes first when the tokens are due: one token request at most, and no other.
    /// - Parameters:
    ///   - interaction: whether a person may be asked when there is no usable sign-in.
    ///   - method: the request's.
    ///   - url: the request's; `nil` is the server's own. One at another origin gets no header.
    /// - Throws: `OmlxError`: `OAUTH_SIGN_IN_NEEDED`, `OAUTH_REFRESH_REJECTED`, `OAUTH_REFRESH_REFUSED` and
    ///   `OAUTH_REFRESH_IMPOSSIBLE` when only a person can help; `OAUTH_REFRESH_UNAVAILABLE` when trying later can; the
    ///   store's errors; with a person also those of the sign-in.
    public func authorization(
        _ interaction: Interaction = .never, method: String = "POST", url: HTTPURL? = nil
    ) async throws -> Authorization {
        let mark = await sharing.ended
        do {
            return try await authorizer.usableAuthorization(for: method, url)
        } catch let error as OmlxError where error.code.wantsSignIn {
            let refused = await authorizer.current?.tokens.generation
            try await signIn(askedFor: error, refused: refused, since: mark, interaction)
            return try await authorizer.usableAuthorization(for: method, url)
        }
    }

    /// Signs in where that is allowed: once for all tasks and all programs that want it at the same time.
    /// - Parameters:
    ///   - refused: the generation of the tokens that are of no use, if there are any.
    ///   - mark: how many sign-ins had ended before that turned out.
    private func signIn(
        askedFor error: OmlxError, scopes: [String]? = nil, refused: Int?, since mark: Int, _ interaction: Interaction
    ) async throws {
        guard case .offered(let offer) = interaction else { throw error }
        _ = try await sharing.join(wanting: scopes, since: mark) {
            try await self.context.takingTurn(
                self.key, within: Self.turnLimit, waiting: { await offer.interface.notice($0) }
            ) {
                // Another program, or another demand, may have been signed in for meanwhile.
                try await self.authorizer.reload()
                let current = await self.authorizer.current
                if let current, current.tokens.generation != refused, current.sought(scopes) { return nil }
                let wanted = scopes.map { Scopes.unique((current?.grant.requestedScopes ?? []) + $0) }
                return try await self.signedIn(offer, scopes: wanted, refused: error)
            }
        }
    }

    /// The header to repeat a refused request with, or `nil` when the answer is no matter of the sign-in. Refreshes once
    /// for each refused token, however many tasks and processes ask; a token just refreshed is not refreshed again.
    /// - Parameters:
    ///   - used: what the request was sent with.
    ///   - status: the answer's status.
    ///   - challenges: the answer's `WWW-Authenticate` lines.
    ///   - attempt: which sending of the same request was answered, from 1.
    ///   - interaction: whether a person may be asked.
    ///   - method: the request's.
    ///   - url: the request's; `nil` is the server's own.
    /// - Throws: as `authorization(_:)`; `OAUTH_TOKEN_REFUSED` when a new token is refused as well;
    ///   `OAUTH_INSUFFICIENT_SCOPE` for a 403 that says so, where no person may be asked; with one it is signed in to
    ///   for the scopes that are wanted as well, three times at most, and then `OAUTH_STEP_UP_FAILED`.
    public func authorization(
        after used: Authorization, status: Int, challenges: [String], attempt: Int = 1,
        _ interaction: Interaction = .never, method: String = "POST", url: HTTPURL? = nil
    ) async throws -> Authorization? {
        let headers = HTTPHeaders(challenges.map { ("WWW-Authenticate", $0) })
        let head = HTTPResponseHead(status: status, headers: headers, url: server)
        let mark = await sharing.ended
        do {
            guard try await authorizer.judge(head, of: used, attempt: attempt) else { return nil }
            return try await authorizer.usableAuthorization(for: method, url)
        } catch let error as OmlxError where error.code.wantsSignIn {
            try await signIn(askedFor: error, refused: used.tokenGeneration, since: mark, interaction)
        } catch let error as OmlxError where error.code == .oauthInsufficientScope {
            guard case .offered = interaction else { throw error }
            try await signIn(
                askedFor: error, scopes: scopes(after: error, attempt), refused: used.tokenGeneration, since: mark,
                interaction)
        }
        return try await authorizer.usableAuthorization(for: method, url)
    }

    /// The scopes to sign in for after a 403 that asks for more (C11.3 to C11.6). Every sending before this one
    /// but the first followed a sign-in for the same operation.
    /// - Throws: `OmlxError`: `OAUTH_STEP_UP_FAILED`; the refusal itself when it does not say what is wanted.
    private func scopes(after refusal: OmlxError, _ attempt: Int) async throws -> [String] {
        let credential = await authorizer.current
        let requested = credential?.grant.requestedScopes ?? []
        var stepUp = StepUp(
            serverName: server.host, authorizations: attempt - 1, asked: attempt > 1 ? requested : [])
        let action = stepUp.refused(
            refusal, requested: requested,
            granted: credential?.grant.grantedScopes)
        switch action {
        case .authorize(let scopes): return scopes
        case .end(let error): throw error
        }
    }

    /// The sign-in's public part: issuer, scopes, expiry; `nil` when there is none.
    /// - Throws: the store's errors.
    public func credential() async throws -> Credential? {
        try await context.store.credential(for: key)
    }
}

extension ServerAuthorizer.Authorization {
    /// The header's value in the clear, such as `Bearer …`, for an HTTP library that takes text. Unlike `header` it
    /// cannot be wiped: let it go soon, and print it nowhere.
    public var exposedHeader: String? { header?.withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension Credential {
    /// Whether it was asked for with these scopes, or has them.
    func sought(_ scopes: [String]?) -> Bool {
        Set(grant.requestedScopes + (grant.grantedScopes ?? [])).isSuperset(of: scopes ?? [])
    }
}
