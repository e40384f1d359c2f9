// The course of a sign-in as a value: events go in, the next action comes out. No I/O, no clock, no randomness.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

/// A sign-in from the challenge to the credential.
struct SignInMachine {
    /// What the driver does next.
    enum Action {
        /// Fetch a metadata document; answer with `.fetched`.
        case fetch(HTTPRequest)
        /// Look for a registration at this issuer; answer with `.client`.
        case findRegistration(issuer: String)
        /// Open the listener, before any registration and browser; answer with `.listening`.
        case listen(preferredPort: Int?)
        /// Register; answer with `.fetched`.
        case register(HTTPRequest)
        /// Keep this registration, then send `.kept`.
        case keep(ClientRegistration)
        /// Look at the authorization URL with a state and a challenge made for it alone; answer with `.fetched`.
        case look(AuthorizationRequest)
        /// Let the person sign in; answer with `.answered`.
        /// - Parameter lookAnswer: what the look was answered, where that says something.
        case ask(AuthorizationRequest, client: SignInClient, lookAnswer: String?)
        /// Make a new state and code verifier, for the next authorization request; answer with `.renewed`.
        case renew
        /// Exchange the code; answer with `.fetched`.
        case exchange(HTTPRequest)
        /// Ask for a device code; answer with `.fetched`.
        case requestDeviceCode(HTTPRequest)
        /// Show the code to the person and ask for the token until they entered it; answer with `.polled`.
        case poll(DeviceAuthorization, DeviceAuthorizationRequest)
        /// Forget a registration the server does not know any more, then fail with the error.
        case forget(ClientRegistration, OmlxError)
        case finished(Result)
        case failed(OmlxError)
    }

    /// What the driver reports.
    enum Event {
        case start
        case fetched(Swift.Result<HTTPReply, HTTPFailure>)
        case client(ClientRegistration?)
        case listening(redirectURI: String, state: String, pkce: PKCE)
        case kept
        case renewed(state: String, pkce: PKCE)
        case answered(query: String)
        case polled(Swift.Result<TokenGrant, OmlxError>, ClientAuthentication)
    }

    /// A finished sign-in.
    struct Result {
        var credential: Credential
        var missingScopes: [String]
        var server: AuthorizationServerMetadata
        var resourceName: String?
        /// What discovery found where.
        var documents: [DiscoveredDocument]
        var accountName: String?
        var client: SignInClient
        /// Whether the client was registered again in place of one that was found.
        var replacedClient: Bool
    }

    /// What the machine works from.
    struct Input {
        var key: CredentialKey
        var server: HTTPURL
        var challenge: BearerChallenge
        var configuration: SignInConfiguration
        var flow = SignInFlow.browser
        /// The issuer of an earlier sign-in with this key, if there was one.
        var earlierIssuer: String?
        /// The client id of that sign-in.
        var earlierClientID: String?
        /// How that client showed itself.
        var earlierClientForm: ClientAuthForm?
        /// Whether that client was refused when the sign-in was last refreshed.
        var isEarlierClientRefused = false
        /// The places that answered an earlier discovery.
        var knownPlaces: [String] = []
        /// Register anew even if a registration is there.
        var resetsClient: Bool
        /// Why the network policy keeps requests from a URL.
        var refusal: @Sendable (HTTPURL) -> OmlxError? = { _ in nil }
    }

    /// What discovery settled, and what a refusal took from it since.
    struct Terms {
        let discovery: Discovery
        /// Whether `offline_access`, which nothing but omlx asked for, was refused.
        var leavesOutOfflineAccess = false
        /// Whether a client is registered in place of one that was found: once.
        var hasRegisteredAnew = false

        /// The settings: the user's, completed by the provider's profile.
        var configuration: SignInConfiguration { discovery.configuration }
        var server: AuthorizationServerMetadata { discovery.server }
    }

    /// Where the answer of an authorization request comes, and what it has to prove.
    struct Callback {
        let redirectURI: String
        let state: String
        let pkce: PKCE
    }

    /// By which grant the sign-in goes.
    enum Way {
        /// By a code that is asked for at this endpoint.
        case device(HTTPURL)
        /// By a browser that comes back there.
        case browser(Callback)

        var isDevice: Bool { if case .device = self { true } else { false } }
    }

    /// What is known of the client while nothing listens yet.
    enum Candidate {
        /// It is settled, wherever the browser comes back to.
        case chosen(ChosenClient)
        /// A document that has to list where the browser comes back to.
        case document(url: String)
        /// A registered one, which serves for its own redirect URI alone.
        case registered(ChosenClient, redirectURI: String)
        /// None: one is registered.
        case none

        /// The port to listen at again.
        var port: Int? {
            switch self {
            case .chosen, .none: nil
            case .document: ClientIDMetadataDocument.port
            case .registered(_, let redirectURI): (try? HTTPURL(redirectURI))?.port
            }
        }
    }

    /// An authorization request that a person is asked to answer.
    struct Question {
        var terms: Terms
        var client: ChosenClient
        var request: AuthorizationRequest
        /// What the look at its address was answered, where that says something.
        var lookAnswer: String?
    }

    /// A request for a device code.
    struct DeviceQuestion {
        var terms: Terms
        var client: ChosenClient
        let endpoint: HTTPURL
        var request: DeviceAuthorizationRequest
    }

    enum Stage {
        case ready
        case discovering(DiscoveryMachine)
        /// - Parameter device: where a device code is asked for, when it goes by the device grant.
        case findingClient(Terms, device: HTTPURL?)
        case listening(Terms, Candidate)
        case checkingDocument(Terms, url: String, Callback)
        case registering(Terms, ClientRegistrationRequest, Way)
        case keeping(Terms, ChosenClient, Way)
        case looking(Question, Callback)
        case asking(Question)
        case renewing(Question)
        case exchanging(Question, code: Secret, ClientAuthentication)
        case requestingDeviceCode(DeviceQuestion, ClientAuthentication)
        case polling(DeviceQuestion)
        case over
    }

    let input: Input
    let now: @Sendable () -> Date
    var stage = Stage.ready
    /// What was decided on the way.
    var trace: [SignInDecision] = []
    /// A registration with the way to authenticate that worked in place of the first: to be kept, whatever the end.
    var learnedRegistration: ClientRegistration?

    init(_ input: Input, now: @escaping @Sendable () -> Date) {
        self.input = input
        self.now = now
    }

    mutating func handle(_ event: Event) -> Action {
        switch (stage, event) {
        case (.ready, .start): return begin()
        case (.discovering(let machine), .fetched(let result)): return discovered(result, machine)
        case (.findingClient(let terms, let device), .client(let found)): return foundClient(found, terms, device)
        case (.listening(let terms, let candidate), .listening(let uri, let state, let pkce)):
            return isListening(Callback(redirectURI: uri, state: state, pkce: pkce), terms, candidate)
        case (.checkingDocument(let terms, let url, let callback), .fetched(let result)):
            return checkedDocument(result, url, terms, callback)
        case (.registering(let terms, let request, let way), .fetched(let result)):
            return registered(result, request, terms, way)
        case (.keeping(let terms, let client, let way), .kept): return proceed(terms, client, way)
        case (.looking(let question, let callback), .fetched(let result)): return looked(result, question, callback)
        case (.asking(let question), .answered(let query)): return answered(query, question)
        case (.renewing(let question), .renewed(let state, let pkce)): return renewed(state, pkce, question)
        case (.exchanging(let question, let code, let authentication), .fetched(let result)):
            return exchanged(result, question, code, authentication)
        case (.requestingDeviceCode(let question, let authentication), .fetched(let result)):
            return gotDeviceCode(result, question, authentication)
        case (.polling(let question), .polled(let result, let authentication)):
            return polled(result, question, authentication)
        default:
            // The driver answers each action with its own event; nothing else comes.
            return fail(OmlxError(.oauthSignInCancelled, "the sign-in was answered what it did not ask"))
        }
    }

    mutating func fail(_ error: OmlxError) -> Action {
        stage = .over
        return .failed(error)
    }

    /// What a person should know.
    mutating func note(_ text: String) { trace.append(.notice(text)) }

    // MARK: discovery

    private mutating func begin() -> Action {
        var machine = DiscoveryMachine(
            server: input.server, challenge: input.challenge, configuration: input.configuration,
            preferredIssuer: input.earlierIssuer, knownPlaces: input.knownPlaces, refusal: input.refusal)
        return follow(machine.start(), machine)
    }

    private mutating func discovered(
        _ result: Swift.Result<HTTPReply, HTTPFailure>, _ machine: DiscoveryMachine
    ) -> Action {
        var machine = machine
        let known = machine.judgements.count
        let action = machine.received(result)
        trace += machine.judgements[known...].map { .judged($0) }
        return follow(action, machine)
    }

    private mutating func follow(_ action: DiscoveryMachine.Action, _ machine: DiscoveryMachine) -> Action {
        switch action {
        case .fetch(let request):
            stage = .discovering(machine)
            return .fetch(request)
        case .failed(let error): return fail(error)
        case .finished(let discovery):
            let terms = Terms(discovery: discovery)
            for notice in discovery.notices { note(notice) }
            let device: HTTPURL?
            do throws(OmlxError) { device = try deviceEndpoint(discovery.server) } catch { return fail(error) }
            trace.append(.discovered(discovery, usesDevice: device != nil, scopes: scopes(terms)))
            return chooseClient(terms, device)
        }
    }

    /// Where a device code is asked for; `nil` when it goes by a browser.
    /// - Throws: `OmlxError` with `OAUTH_DEVICE_UNSUPPORTED` when it was asked for and there is none.
    private func deviceEndpoint(_ server: AuthorizationServerMetadata) throws(OmlxError) -> HTTPURL? {
        switch input.flow {
        case .browser: return nil
        case .automatic(let hasDisplay):
            return !hasDisplay && server.offersDeviceGrant ? server.deviceAuthorizationEndpoint : nil
        case .device:
            if let endpoint = server.deviceAuthorizationEndpoint { return endpoint }
            throw OmlxError(
                .oauthDeviceUnsupported,
                "\(OmlxError.shown(server.issuer)) has no device authorization endpoint",
                nextStep:
                    "sign in with a browser: leave out \(.setting(.device)); \(.setting(.browser)) prints the address only"
            )
        }
    }

    /// What to do about a client of our own that is not accepted.
    static let resetStep = Remedy(.signIn(.init(resetsClient: true)))

    // MARK: what is asked for

    func scopes(_ terms: Terms) -> [String] {
        let scopes = Scopes.requested(
            configured: terms.configuration.scopes, challenged: input.challenge.scopes,
            resource: terms.discovery.resourceMetadata?.scopesSupported,
            serverSupports: terms.server.scopesSupported)
        return terms.leavesOutOfflineAccess ? scopes.filter { $0 != "offline_access" } : scopes
    }

    /// The terms without the `offline_access` that omlx added by itself, where a refused scope may be that one; once.
    mutating func dropsOfflineAccess(after error: String, _ terms: Terms) -> Terms? {
        guard error == "invalid_scope", !terms.leavesOutOfflineAccess, terms.configuration.scopes == nil,
            scopes(terms).contains("offline_access")
        else { return nil }
        note(
            "offline_access was refused and is left out now; there may be no refresh token, so that the sign-in is short"
        )
        var terms = terms
        terms.leavesOutOfflineAccess = true
        return terms
    }
}

extension AuthorizationServerMetadata {
    /// Whether the device grant can be chosen without being asked for.
    var offersDeviceGrant: Bool {
        deviceAuthorizationEndpoint != nil && grantTypes?.contains(DeviceAuthorizationRequest.grantType) != false
    }
}

extension Result where Success == HTTPReply, Failure == HTTPFailure {
    /// The reply, or the failure under a code of the sign-in.
    func get(or code: ErrorCode) throws(OmlxError) -> HTTPReply {
        switch self {
        case .success(let reply): return reply
        case .failure(let failure):
            let passed: [ErrorCode] = [
                .transportRedirectRefused, .transportRedirectOrigin, .transportRedirectLimit, .transportCancelled,
                .transportTooLarge, .transportAddressRefused, .configTLSInvalid,
            ]
            if passed.contains(failure.error.code) { throw failure.error }
            throw OmlxError(code, failure.error.message, nextStep: failure.error.nextStep)
        }
    }
}

extension SignInMachine.Action {
    /// Whether it leaves something elsewhere, or asks a person: only where the outcome could be kept.
    var involvesPerson: Bool {
        switch self {
        case .listen, .register, .ask, .requestDeviceCode: true
        default: false
        }
    }
}
