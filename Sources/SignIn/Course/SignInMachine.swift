// The course of a sign-in as a value: events go in, the next action comes out. No I/O, no clock, no randomness.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

/// How a person signs in.
public enum SignInFlow: Sendable, Hashable {
    /// A browser that comes back to the listener, or the address it ended at, pasted.
    case browser
    /// A code to be entered in a browser anywhere (RFC 8628).
    case device
    /// `device` where there is no display and the authorization server has it, else `browser`.
    case automatic(hasDisplay: Bool)
}

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
        case ask(AuthorizationRequest)
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

    enum Stage {
        case ready, discovering(DiscoveryMachine), checkingDocument, findingClient, listening
        case registering(ClientRegistrationRequest), keeping, looking, renewing
        case asking(AuthorizationRequest), exchanging(AuthorizationRequest, ClientAuthentication)
        case requestingDeviceCode(DeviceAuthorizationRequest, ClientAuthentication), polling(DeviceAuthorizationRequest)
        case over
    }

    var input: Input
    let now: @Sendable () -> Date
    var stage = Stage.ready
    var discovery: Discovery?
    /// Whether this sign-in goes by the device grant.
    var usesDevice = false
    var registration: ClientRegistration?
    /// The registration with the way to authenticate that worked in place of the first: to be kept, whatever the end.
    var learnedRegistration: ClientRegistration?
    var client: OAuthClient?
    var clientOrigin = SignInClient.configured
    /// Whether the client was registered again in place of one that was found.
    var hasRegisteredAnew = false
    /// Whether the address of the client in use was looked at.
    var hasLooked = false
    /// What that look was answered, where it says something.
    var lookAnswer: String?
    /// Whether the client was registered for the device grant alone, which a browser has no use for.
    var isForDeviceAlone = false
    /// Whether `offline_access`, which nobody but omlx asked for, was refused.
    var leavesOutOfflineAccess = false
    var answerParts: (redirectURI: String, state: String, pkce: PKCE)?
    var code: Secret?
    var documents: [DiscoveredDocument] = []

    /// What a person should know, in the order it came up.
    var notices: [String] = []

    init(_ input: Input, now: @escaping @Sendable () -> Date) {
        self.input = input
        self.now = now
    }

    mutating func handle(_ event: Event) -> Action {
        switch (stage, event) {
        case (.ready, .start): return begin()
        case (.discovering(var machine), .fetched(let result)):
            let action = machine.received(result)
            return follow(action, machine)
        case (.checkingDocument, .fetched(let result)): return checkedDocument(result)
        case (.findingClient, .client(let found)): return foundClient(found)
        case (.listening, .listening(let uri, let state, let pkce)): return isListening(uri, state, pkce)
        case (.registering(let request), .fetched(let result)): return registered(result, request)
        case (.keeping, .kept): return proceed()
        case (.looking, .fetched(let result)): return looked(result)
        case (.renewing, .renewed(let state, let pkce)): return renewed(state, pkce)
        case (.asking(let request), .answered(let query)): return answered(query, request)
        case (.exchanging(let request, let authentication), .fetched(let result)):
            return exchanged(result, request, authentication)
        case (.requestingDeviceCode(let request, let authentication), .fetched(let result)):
            return gotDeviceCode(result, request, authentication)
        case (.polling(let request), .polled(let result, let authentication)):
            return polled(result, request, authentication)
        default: return interrupted()
        }
    }

    mutating func fail(_ error: OmlxError) -> Action {
        stage = .over
        return .failed(error)
    }

    mutating func interrupted() -> Action {
        fail(OmlxError(.oauthSignInCancelled, "the sign-in was interrupted"))
    }

    // MARK: discovery

    private mutating func begin() -> Action {
        var machine = DiscoveryMachine(
            server: input.server, challenge: input.challenge, configuration: input.configuration,
            preferredIssuer: input.earlierIssuer, knownPlaces: input.knownPlaces, refusal: input.refusal)
        return follow(machine.start(), machine)
    }

    private mutating func follow(_ action: DiscoveryMachine.Action, _ machine: DiscoveryMachine) -> Action {
        switch action {
        case .fetch(let request):
            stage = .discovering(machine)
            return .fetch(request)
        case .failed(let error): return fail(error)
        case .finished(let discovery):
            self.discovery = discovery
            input.configuration = discovery.configuration
            documents = discovery.documents
            notices += discovery.notices
            do throws(OmlxError) { usesDevice = try choosesDevice(discovery.server) } catch { return fail(error) }
            return chooseClient(discovery)
        }
    }

    /// - Throws: `OmlxError` with `OAUTH_DEVICE_UNSUPPORTED` when it was asked for and there is none.
    private func choosesDevice(_ server: AuthorizationServerMetadata) throws(OmlxError) -> Bool {
        switch input.flow {
        case .browser: return false
        case .automatic(let hasDisplay): return !hasDisplay && server.offersDeviceGrant
        case .device:
            guard server.deviceAuthorizationEndpoint == nil else { return true }
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

    var requestedScopes: [String] {
        let scopes = Scopes.requested(
            configured: input.configuration.scopes, challenged: input.challenge.scopes,
            resource: discovery?.resourceMetadata?.scopesSupported, serverSupports: discovery?.server.scopesSupported)
        return leavesOutOfflineAccess ? scopes.filter { $0 != "offline_access" } : scopes
    }

    /// Whether a refused scope may be the `offline_access` that omlx added by itself; it is then left out, once.
    mutating func dropsOfflineAccess(after error: String) -> Bool {
        guard error == "invalid_scope", !leavesOutOfflineAccess, input.configuration.scopes == nil,
            requestedScopes.contains("offline_access")
        else { return false }
        leavesOutOfflineAccess = true
        notices.append(
            "offline_access was refused and is left out now; there may be no refresh token, so that the sign-in is short"
        )
        return true
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
    /// Whether it leaves something elsewhere, or asks somebody: only where the outcome could be kept.
    var involvesPerson: Bool {
        switch self {
        case .listen, .register, .ask, .requestDeviceCode: true
        default: false
        }
    }
}
