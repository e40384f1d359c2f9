// The Authorization header of one configured server for programs that send their own requests: no connection is made.

import OmlxConcurrency
import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxSignIn

/// An `Authorization` header of a configured server.
public struct ServerHeader: Sendable {
    /// Where it comes from.
    public enum Source: String, Sendable, Hashable {
        /// The sign-in.
        case signIn = "sign_in"
        /// The server's headers in the configuration.
        case configuration
    }

    /// The value, such as `Bearer …`.
    public var value: Secret
    /// Where it comes from.
    public var source: Source
    /// When the token in it ends, where that is known.
    public var expiresAt: Date?
    /// The account it belongs to, where one was named.
    public var account: String?

    /// A header.
    public init(value: Secret, source: Source, expiresAt: Date? = nil, account: String? = nil) {
        self.value = value
        self.source = source
        self.expiresAt = expiresAt
        self.account = account
    }
}

/// Gives the header of one server, refreshed when it is due. Reads the credential store alone, sends one token request at
/// most, and opens the status database only to write down what happened.
public struct HeaderSource: Sendable {
    private let server: ServerConfiguration
    private let signIn: ServerSignIn?
    private let recorder: StatusRecorder

    /// The header of a server of this configuration.
    /// - Throws: `OmlxError`: `CONFIG_UNTRUSTED`, `CONFIG_PERMISSIONS`, `CONFIG_SERVER_UNKNOWN`,
    ///   `CONFIG_SERVER_DISABLED`, what is wrong with its entry, or with the store.
    public init(
        _ name: String, configuration: HostConfiguration, options: HostOptions
    ) async throws(OmlxError) {
        try await configuration.requireTrust(options)
        server = try configuration.usableServer(named: name)
        let recorder = StatusRecorder(path: options.paths.database, logger: options.logger, now: options.now)
        self.recorder = recorder
        guard let settings = server.transport.http, server.auth?.mode != .disabled else {
            signIn = nil
            return
        }
        if let warning = options.paths.warning { options.logger.warning("\(warning)") }
        let store = try await HostStores(configuration, options).store(of: server)
        let http = HTTPClient(
            environment: HTTPEnvironment(variables: options.environment), tls: TLSSettings(server.tls),
            userAgent: "\(options.clientName)/\(options.clientVersion)")
        var context = SignInContext(
            http: http, store: store, lockFolder: options.paths.locks, command: options.command, now: options.now)
        if store.name != "memory" { context.memory = recorder }
        let (name, logger, wording) = (server.name, options.logger, options.wording)
        context.stuck = { logger.warning("\(name) waits: \($0.message)") }
        context.warn = { logger.warning("\(name): \($0.onOneLine(wording))") }
        context.oddity = { logger.warning("\(name): \($0)") }
        let notes = HeaderNotes(
            server: name, endpoint: EndpointIdentity(server.transport), store: store, recorder: recorder,
            now: options.now)
        signIn = ServerSignIn(
            try HTTPURL(configuration: settings.url.value), account: options.account ?? server.auth?.account,
            configuration: server.signInConfiguration, context: context,
            reference: server.reference, observer: { notes.note($0) })
    }

    /// The header to send now: that of the sign-in, or else the one the configuration gives.
    /// - Throws: `OmlxError` as `ServerSignIn.authorization(_:)`; `OAUTH_SIGN_IN_NOT_APPLICABLE` for a server that has
    ///   no sign-in.
    public func header() async throws -> ServerHeader {
        guard let signIn else {
            if let header = configured { return header }
            throw OmlxError(
                .oauthSignInNotApplicable,
                server.transport.http != nil
                    ? "sign-in is switched off for \(server.name) in the configuration"
                    : "\(server.name) is a \(server.transport.name) server: no header is sent to it",
                nextStep: Remedy(.listTools(server.reference)))
        }
        do {
            let authorization = try await signIn.authorization()
            if let value = authorization.header {
                return ServerHeader(
                    value: value, source: .signIn, expiresAt: authorization.expiresAt, account: signIn.key.account)
            }
        } catch let error as OmlxError where error.code == .oauthSignInNeeded {
            // As on a connection: a sign-in comes before the header of the configuration, which is sent without one.
            guard let header = configured else { throw error }
            return header
        }
        throw OmlxError(.oauthSignInNeeded, "there is no sign-in at \(server.name)")
    }

    private var configured: ServerHeader? {
        let header = server.transport.http?.headers.first { $0.name.lowercased() == "authorization" }
        return header.map { ServerHeader(value: $0.value.secret, source: .configuration) }
    }

    /// Waits for a token exchange under way and writes down what happened: to be called before the process ends.
    public func finish() async {
        // A cancelled caller has to wait too: it is the one that is about to end the process.
        if let signIn { await uncancelled { await signIn.finish() } }
        await recorder.flush()
    }
}

/// Writes what happens to a sign-in that no connection uses. What is merely read is no news and costs no database.
private struct HeaderNotes: Sendable {
    let server: String
    let endpoint: EndpointIdentity
    let store: any CredentialStore
    let recorder: StatusRecorder
    let now: @Sendable () -> Date

    func note(_ event: AuthorizationEvent) {
        let moment = now()
        if let event = StatusEvent(event, server: server, at: moment) { recorder.record(event) }
        let (endpoint, storeName) = (endpoint, store.name)
        switch event {
        case .signedIn: break
        case .refreshed(let credential):
            recorder.record(server) { status in
                status.point(at: endpoint)
                status.take(credential, storeName: storeName)
                status.signIn = StatusAnswer(.signedIn, at: moment)
                status.noteSuccessOfSignIn()
            }
        case .refreshRejected:
            recorder.record(server) { $0.record.hasRefreshToken = false }
        case .signInNeeded(let error):
            guard let state = SignInState(problem: error.code) else { return }
            recorder.record(server) { status in
                status.point(at: endpoint)
                status.signIn = StatusAnswer(state, at: moment, problem: StatusProblem(error))
                guard error.code != .oauthSignInNeeded else { return }
                status.lastError = StatusError(code: error.code.text, message: error.message, at: moment)
            }
        case .refreshFailed, .insufficientScope: break
        }
    }
}
