// Goes through a sign-in as far as nobody is asked and nothing is changed, and writes down each step: for diagnosis.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

/// What a sign-in would find, and by which client it would be made.
public struct SignInExamination: Sendable {
    /// One metadata request.
    public struct Exchange: Sendable {
        /// Whose document was asked for.
        public var kind: DiscoveredDocument.Kind
        /// Where.
        public var url: String
        /// Where the answer came from, when redirects led on.
        public var redirectedTo: String?
        /// The status of the answer, if there was one.
        public var status: Int?
        /// Who answered.
        public var peer: HTTPPeer?
        /// What was read, when the document was good.
        public var document: DiscoveredDocument?
        /// Why there was no answer or the document is not good.
        public var problem: OmlxError?
        /// Why it was passed over, when discovery went on without it.
        public var passedOver: String?
    }

    /// How the client would come about (C7.1).
    public enum Client: Sendable {
        /// The user's own.
        case configured(id: String)
        /// A metadata document at this URL.
        case metadataDocument(url: String)
        /// Registered by an earlier sign-in; whether it is still known is not asked.
        case registeredBefore(id: String, redirectURI: String, secretExpiresAt: Date?)
        /// A registration at this endpoint.
        case registers(at: String)
    }

    /// What a look at the authorization address came to (RFC 6749 §4.1.2.1).
    public enum Look: Sendable {
        /// It answered as for a person who is to sign in.
        case fine(status: Int)
        /// It says something about the client or the request.
        case told(String, status: Int?)
        /// It does not know the client.
        case unknownClient(status: Int)
        /// It could not be looked at, which proves nothing.
        case failed(String)
    }

    /// What the token endpoint makes of a code that was made up: it refuses the code where it takes the client.
    public enum CodeTrial: Sendable {
        /// The code alone was refused (`invalid_grant`).
        case clientAccepted
        /// The client was refused.
        case clientRefused(OmlxError)
        /// An answer that says nothing about the client.
        case undecided(OmlxError)
        /// Tokens, for a code that nobody gave out.
        case granted
    }

    /// The metadata requests in their order.
    public var exchanges: [Exchange] = []
    /// What discovery found.
    public var documents: [DiscoveredDocument] = []
    /// What a person would be told.
    public var notices: [String] = []
    /// The authorization server's issuer, once found.
    public var issuer: String?
    /// The token endpoint, once found.
    public var tokenEndpoint: String?
    /// The `resource` that would be sent.
    public var resource: String?
    /// The scopes that would be asked for.
    public var scopes: [String] = []
    /// How the client would come about.
    public var client: Client?
    /// What the look at the authorization address came to, where there is a client to look with.
    public var look: Look?
    /// The redirect URI looked with.
    public var redirectURI: String?
    /// What the token endpoint makes of the client.
    public var codeTrial: CodeTrial?
    /// Whether it would go by the device grant.
    public var usesDevice = false
    /// What ends it.
    public var problem: OmlxError?
    /// Whether addresses that are not public are refused.
    public var judgesAddresses = false
    /// Whether the made-up code is under way, and how many token requests it took so far.
    fileprivate var isTryingCode = false
    fileprivate var codeTries = 0

    /// An examination that has not begun, or that ended before it did.
    public init(problem: OmlxError? = nil) { self.problem = problem }
}

extension SignInDriver {
    /// Goes through a sign-in: every metadata document is fetched, the store is read, the authorization address is looked
    /// at, and the token endpoint is shown the client with a code that was made up. Registers nothing, opens nothing,
    /// listens nowhere, writes nothing. Never throws: what is wrong is in the result.
    public static func examine(_ request: SignInRequest, context: SignInContext) async -> SignInExamination {
        var result = await examined(request, context: context)
        let redactor = context.redactor
        result.notices = result.notices.map { redactor.hide($0) }
        result.problem = result.problem.map { redactor.hide($0) }
        for index in result.exchanges.indices {
            result.exchanges[index].problem = result.exchanges[index].problem.map { redactor.hide($0) }
        }
        return result
    }

    private static func examined(_ request: SignInRequest, context: SignInContext) async -> SignInExamination {
        let context = context.judging(
            request.configuration.addresses(for: request.server, peer: request.peer, http: context.http))
        var result = SignInExamination()
        result.judgesAddresses = context.addresses != .any
        let earlier = try? await context.store.credential(for: request.key)
        if let earlier { context.redactor.learn(earlier) }
        var machine = SignInMachine(
            SignInMachine.Input(
                key: request.key, server: request.server, challenge: request.challenge,
                configuration: request.configuration, flow: request.flow, earlierIssuer: earlier?.issuer,
                earlierClientID: earlier?.clientID, earlierClientForm: earlier?.clientForm,
                isEarlierClientRefused: earlier?.rejection?.code == "invalid_client", knownPlaces: [],
                resetsClient: request.resetsClient,
                refusal: { context.http.refusal(of: $0, by: context.addresses) }), now: context.now)
        var event = SignInMachine.Event.start
        while true {
            let action = machine.handle(event)
            event.wipe()
            result.note(machine)
            if result.isTryingCode {
                guard case .exchange = action else {
                    result.judgeTrial(action)
                    return result
                }
            }
            switch action {
            case .fetch(let fetch):
                guard machine.discovery == nil else {
                    event = .fetched(await context.fetch(fetch))
                    continue
                }
                let known = machine.discovering?.documents.count ?? 0
                let kind = machine.discovering?.asksResource == true ? DiscoveredDocument.Kind.resource : .server
                let reply = await context.fetch(fetch)
                result.exchanges.append(.init(kind: kind, fetch, reply))
                if Task.isCancelled { return result }
                // The machine says what it made of the answer by what it does next.
                var probe = machine
                let next = probe.handle(.fetched(reply))
                result.judge(next, (probe.discovering?.documents ?? probe.documents).dropFirst(known).first)
                result.notePassedOver(probe.discovering?.inVain.reason(at: fetch.url))
                event = .fetched(reply)
            case .findRegistration(let issuer):
                let key = RegistrationKey(issuer: issuer, serverURL: request.key.serverURL)
                event = .client(try? await context.store.registration(for: key))
            case .listen(let port):
                guard let pkce = try? PKCE(octets: context.random(32)) else { return result }
                let redirect = request.configuration.redirect
                let uri = redirect.uri(port: redirect.port ?? port ?? ClientIDMetadataDocument.port)
                event = .listening(redirectURI: uri, state: Self.madeUp, pkce: pkce)
            case .look(let authorization):
                guard let seen = try? await context.look(at: authorization) else { return result }
                result.noteLook(seen, authorization)
                event = .fetched(seen)
            case .ask(let authorization):
                if result.look == nil, let seen = try? await context.look(at: authorization) {
                    result.noteLook(seen, authorization)
                }
                if Task.isCancelled { return result }
                result.isTryingCode = true
                event = .answered(query: Self.madeUpAnswer(to: authorization))
            case .exchange(let fetch):
                result.codeTries += 1
                guard result.codeTries <= 4 else { return result }
                event = .fetched(await context.fetch(fetch))
                if Task.isCancelled { return result }
            case .register(let registration):
                // A client that is not known any more is still the one that was looked with.
                if result.look == nil { result.client = .registers(at: registration.url.text) }
                return result
            case .failed(let error):
                result.problem = error
                return result
            default: return result
            }
        }
    }

    /// Stands for state and code in an answer nobody gave.
    private static let madeUp = "made-up-by-omlx-doctor"

    private static func madeUpAnswer(to authorization: AuthorizationRequest) -> String {
        let issuer =
            authorization.server.sendsIssuerInCallback
            ? "&iss=" + FormEncoding.encode(authorization.server.issuer) : ""
        return "code=\(madeUp)&state=\(FormEncoding.encode(authorization.state))" + issuer
    }
}

extension SignInMachine.Event {
    /// Forgets the body of an answer that was handled.
    fileprivate mutating func wipe() {
        guard case .fetched(var result) = self else { return }
        self = .start
        result.wipe()
    }
}

extension SignInMachine {
    /// The discovery under way.
    fileprivate var discovering: DiscoveryMachine? {
        if case .discovering(let machine) = stage { return machine }
        return nil
    }
}

extension SignInExamination {
    /// Takes over what the machine knows by now.
    fileprivate mutating func note(_ machine: SignInMachine) {
        // What the look says is a finding of its own.
        if look == nil { notices = machine.notices }
        usesDevice = machine.usesDevice
        guard let discovery = machine.discovery else { return }
        documents = machine.documents
        issuer = discovery.server.issuer
        tokenEndpoint = discovery.server.tokenEndpoint.text
        resource = discovery.resource
        scopes = machine.requestedScopes
        guard let used = machine.client else { return }
        switch machine.clientOrigin {
        case .configured: client = .configured(id: used.id)
        case .metadataDocument: client = .metadataDocument(url: used.id)
        case .registeredBefore:
            client = .registeredBefore(
                id: used.id, redirectURI: machine.registration?.redirectURI ?? "",
                secretExpiresAt: machine.registration?.secretExpiresAt)
        case .registeredNow: break
        }
    }

    /// Notes what the authorization address says of the client.
    fileprivate mutating func noteLook(
        _ seen: Result<HTTPReply, HTTPFailure>, _ authorization: AuthorizationRequest
    ) {
        redirectURI = authorization.redirectURI
        switch seen {
        case .failure(let failure): look = .failed(failure.error.message)
        case .success(let reply):
            let status = reply.head.status
            if ClientLook.isDead(seen) {
                look = .unknownClient(status: status)
            } else if let words = ClientLook.finding(seen, redirectURI: authorization.redirectURI) {
                look = .told(words, status: status)
            } else {
                look = .fine(status: status)
            }
        }
    }

    /// Notes what the token endpoint made of the made-up code.
    fileprivate mutating func judgeTrial(_ action: SignInMachine.Action) {
        switch action {
        case .failed(let error) where error.code == .oauthInvalidGrant: codeTrial = .clientAccepted
        case .failed(let error) where error.code == .oauthInvalidClient: codeTrial = .clientRefused(error)
        case .forget(_, let error): codeTrial = .clientRefused(error)
        case .failed(let error): codeTrial = .undecided(error)
        case .finished: codeTrial = .granted
        default: break
        }
    }

    /// Notes why discovery goes on without the last answer.
    fileprivate mutating func notePassedOver(_ reason: PlacesInVain.Reason?) {
        guard let last = exchanges.indices.last, let reason else { return }
        exchanges[last].passedOver = reason.text
        exchanges[last].problem = nil
    }

    /// Notes what the last answer was good for.
    fileprivate mutating func judge(_ next: SignInMachine.Action, _ document: DiscoveredDocument?) {
        guard let last = exchanges.indices.last else { return }
        exchanges[last].document = document
        if case .failed(let error) = next, document == nil {
            // An end that lists the places says of each why; it is told once, after them.
            if let why = error.compared.first(where: { $0.label == exchanges[last].place }) {
                exchanges[last].passedOver = why.value
                exchanges[last].problem = nil
                return
            }
            // An end for lack of documents is about the search, not about this answer.
            let isAboutSearch = [.oauthNoAuthorizationServer, .oauthServerMetadataNotFound].contains(error.code)
            if !isAboutSearch || exchanges[last].status == 200 { exchanges[last].problem = error }
        }
    }
}

extension SignInExamination.Exchange {
    /// The place as an error lists it.
    fileprivate var place: String? { (try? HTTPURL(url)).map { OmlxError.shown($0.withoutQuery) } }

    fileprivate init(
        kind: DiscoveredDocument.Kind, _ request: HTTPRequest, _ reply: Result<HTTPReply, HTTPFailure>
    ) {
        self.kind = kind
        url = request.url.text
        switch reply {
        case .success(let reply):
            status = reply.head.status
            peer = reply.head.peer
            if reply.head.url != request.url { redirectedTo = reply.head.url.withoutQuery }
        case .failure(let failure):
            status = failure.error.httpStatus
            problem = failure.error
        }
    }
}
