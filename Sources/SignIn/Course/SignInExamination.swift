// Goes through a sign-in as far as no person is asked and nothing is changed, and writes down each step: for diagnosis.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

/// What a sign-in would find, and by which client it would be made.
package struct SignInExamination: Sendable {
    /// One metadata request.
    package struct Exchange: Sendable {
        /// Whose document was asked for.
        package var kind: DiscoveredDocument.Kind
        /// Where.
        package var url: String
        /// Where the answer came from, when redirects led on.
        package var redirectedTo: String?
        /// The status of the answer, if there was one.
        package var status: Int?
        /// Who answered.
        package var peer: HTTPPeer?
        /// What was read, when the document was good.
        package var document: DiscoveredDocument?
        /// Why there was no answer or the document is not good.
        package var problem: OmlxError?
        /// Why it was passed over, when discovery went on without it.
        package var passedOver: String?
    }

    /// How the client would come about (C7.1).
    package enum Client: Sendable {
        /// The user's own.
        case configured(id: String)
        /// A metadata document at this URL.
        case metadataDocument(url: String)
        /// Registered by an earlier sign-in; whether it is still known is not asked.
        case registeredBefore(id: String, redirectURI: String, secretExpiresAt: Date?)
        /// A registration at this endpoint.
        case registers(at: String)
    }

    /// What the token endpoint makes of a code that was made up: it refuses the code where it takes the client.
    package enum CodeTrial: Sendable {
        /// The code alone was refused (`invalid_grant`).
        case clientAccepted
        /// The client was refused.
        case clientRefused(OmlxError)
        /// An answer that says nothing about the client.
        case undecided(OmlxError)
        /// Tokens, for a code that was not given out.
        case granted
    }

    /// The metadata requests in their order.
    package var exchanges: [Exchange] = []
    /// What discovery found.
    package var documents: [DiscoveredDocument] = []
    /// What a person would be told.
    package var notices: [String] = []
    /// The authorization server's issuer, once found.
    package var issuer: String?
    /// The token endpoint, once found.
    package var tokenEndpoint: String?
    /// The `resource` that would be sent.
    package var resource: String?
    /// The scopes that would be asked for.
    package var scopes: [String] = []
    /// How the client would come about.
    package var client: Client?
    /// What the look at the authorization address came to, where there is a client to look with.
    package var look: ClientLookVerdict?
    /// The redirect URI looked with.
    package var redirectURI: String?
    /// What the token endpoint makes of the client.
    package var codeTrial: CodeTrial?
    /// Whether it would go by the device grant.
    package var usesDevice = false
    /// What ends it.
    package var problem: OmlxError?
    /// Whether addresses that are not public are refused.
    package var judgesAddresses = false
    /// An examination that has not begun, or that ended before it did.
    package init(problem: OmlxError? = nil) { self.problem = problem }
}

extension SignInDriver {
    /// Goes through a sign-in: every metadata document is fetched, the store is read, the authorization address is looked
    /// at, and the token endpoint is shown the client with a code that was made up. Registers nothing, opens nothing,
    /// listens nowhere, writes nothing. Never throws: what is wrong is in the result.
    package static func examine(_ request: SignInRequest, context: SignInContext) async -> SignInExamination {
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
        let earlier = try? await context.store.credential(for: request.key)
        if let earlier { context.redactor.learn(earlier) }
        var asked = request
        // Every place is asked as for a first sign-in.
        asked.knownPlaces = []
        var machine = SignInMachine(asked, after: earlier, context)
        let end = await walk(&machine, request, context)
        var result = SignInExamination(machine.trace, end)
        result.judgesAddresses = context.addresses != .any
        return result
    }

    /// Where an examination ended.
    fileprivate enum End {
        /// Before a person would be asked: by this error, or where a sign-in would change something.
        case before(OmlxError?)
        /// Behind the person, with what the token endpoint made of a made-up code, if it came to that.
        case behind(SignInExamination.CodeTrial?)
    }

    /// How often a made-up code is shown to the token endpoint, once for each form the client may show itself in.
    private static let trialLimit = 4

    private static func walk(
        _ machine: inout SignInMachine, _ request: SignInRequest, _ context: SignInContext
    ) async -> End {
        var event = SignInMachine.Event.start
        while true {
            let action = machine.handle(event)
            event.wipe()
            if Task.isCancelled { return .before(nil) }
            switch action {
            case .fetch(let fetch): event = .fetched(await context.fetch(fetch))
            case .findRegistration(let issuer):
                let key = RegistrationKey(issuer: issuer, serverURL: request.key.serverURL)
                event = .client(try? await context.store.registration(for: key))
            case .listen(let port):
                guard let pkce = try? PKCE(octets: context.random(32)) else { return .before(nil) }
                let redirect = request.configuration.redirect
                let uri = redirect.uri(port: redirect.port ?? port ?? ClientIDMetadataDocument.port)
                event = .listening(redirectURI: uri, state: Self.madeUp, pkce: pkce)
            case .look(let authorization):
                guard let seen = try? await context.look(at: authorization) else { return .before(nil) }
                event = .fetched(seen)
            case .ask(let authorization, _, _):
                return .behind(await tryCode(&machine, Self.madeUpAnswer(to: authorization), context))
            case .failed(let error): return .before(error)
            default: return .before(nil)
            }
        }
    }

    /// Shows the token endpoint the client with a code that was made up.
    private static func tryCode(
        _ machine: inout SignInMachine, _ answer: String, _ context: SignInContext
    ) async -> SignInExamination.CodeTrial? {
        var event = SignInMachine.Event.answered(query: answer)
        for tried in 0...trialLimit {
            let action = machine.handle(event)
            event.wipe()
            guard case .exchange(let fetch) = action else { return SignInExamination.CodeTrial(action) }
            guard tried < trialLimit, !Task.isCancelled else { return nil }
            event = .fetched(await context.fetch(fetch))
        }
        return nil
    }

    /// Stands for state and code in an answer that was not given.
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

extension SignInExamination.CodeTrial {
    /// What the end of a sign-in with a made-up code says; `nil` when it says nothing of the client.
    fileprivate init?(_ action: SignInMachine.Action) {
        switch action {
        case .failed(let error) where error.code == .oauthInvalidGrant: self = .clientAccepted
        case .failed(let error) where error.code == .oauthInvalidClient: self = .clientRefused(error)
        case .forget(_, let error): self = .clientRefused(error)
        case .failed(let error): self = .undecided(error)
        case .finished: self = .granted
        default: return nil
        }
    }
}

extension SignInExamination {
    /// What a sign-in that went so far says of itself.
    fileprivate init(_ trace: [SignInDecision], _ end: SignInDriver.End) {
        for decision in trace { take(decision) }
        documents = trace.documents
        switch end {
        case .before(let error):
            problem = error
            if let error { assign(error) }
        case .behind(let trial): codeTrial = trial
        }
    }

    private mutating func take(_ decision: SignInDecision) {
        switch decision {
        case .judged(let judgement): exchanges.append(Exchange(judgement))
        case .discovered(let discovery, let usesDevice, let scopes):
            issuer = discovery.server.issuer
            tokenEndpoint = discovery.server.tokenEndpoint.text
            resource = discovery.resource
            (self.usesDevice, self.scopes) = (usesDevice, scopes)
        case .clientDocument: break
        case .chose(let chosen): client = Client(chosen)
        // A client that is not known any more is still the one that was looked with.
        case .registers(let url): if look == nil { client = .registers(at: url.text) }
        case .looked(let finding): (look, redirectURI) = (finding.verdict, finding.redirectURI)
        // What the look says is a finding of its own.
        case .notice(let text): if look == nil { notices.append(text) }
        }
    }

    /// Tells the error that ended it with the last place asked, where it is about that place alone. One that lists the
    /// places says of each why, and one for lack of documents is about the search.
    private mutating func assign(_ error: OmlxError) {
        guard issuer == nil, let last = exchanges.indices.last, exchanges[last].document == nil,
            !error.compared.contains(where: { $0.label == exchanges[last].place })
        else { return }
        let isAboutSearch = [.oauthNoAuthorizationServer, .oauthServerMetadataNotFound].contains(error.code)
        guard !isAboutSearch || exchanges[last].status == 200 else { return }
        exchanges[last].problem = error
        exchanges[last].passedOver = nil
    }
}

extension SignInExamination.Client {
    fileprivate init(_ chosen: ChosenClient) {
        let id = chosen.client.id
        self =
            switch chosen.source {
            case .configured: .configured(id: id)
            case .metadataDocument: .metadataDocument(url: id)
            case .registeredBefore(let record), .registeredNow(let record, _):
                .registeredBefore(id: id, redirectURI: record.redirectURI, secretExpiresAt: record.secretExpiresAt)
            }
    }
}

extension SignInExamination.Exchange {
    /// The place as an error lists it.
    fileprivate var place: String? { (try? HTTPURL(url)).map { OmlxError.shown($0.withoutQuery) } }

    fileprivate init(_ judgement: PlaceJudgement) {
        kind = judgement.kind
        url = judgement.place.text
        switch judgement.answer {
        case .success(let head):
            status = head.status
            peer = head.peer
            if head.url != judgement.place { redirectedTo = head.url.withoutQuery }
        case .failure(let error): status = error.httpStatus
        }
        switch judgement.verdict {
        case .found(let found): document = found
        case .passedOver(let why): passedOver = why
        case .ended(let error): problem = error
        }
    }
}
