// Carries out a sign-in: the machine decides, this sends, listens, shows and stores.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth

/// What a sign-in is asked to do.
package struct SignInRequest: Sendable {
    /// Whose credential.
    package var key: CredentialKey
    /// The server.
    package var server: HTTPURL
    /// Who answered there; `nil` before an answer. Decides which addresses the sign-in may lead to.
    package var peer: HTTPPeer?
    /// What its 401 said.
    package var challenge: BearerChallenge
    /// What the user configured.
    package var configuration: SignInConfiguration
    /// Places that answered discovery before.
    package var knownPlaces: [String]
    /// How the person signs in.
    package var flow: SignInFlow
    /// Register anew (`--reset-client`).
    package var resetsClient: Bool
    /// The person's time, in seconds.
    package var seconds: Int

    /// A sign-in.
    package init(
        key: CredentialKey, server: HTTPURL, challenge: BearerChallenge, configuration: SignInConfiguration,
        knownPlaces: [String] = [], resetsClient: Bool = false, flow: SignInFlow = .browser, seconds: Int = 600
    ) {
        self.key = key
        self.server = server
        self.challenge = challenge
        self.configuration = configuration
        self.knownPlaces = knownPlaces
        self.flow = flow
        self.resetsClient = resetsClient
        self.seconds = seconds
    }
}

/// Signs in to one server.
package struct SignInDriver: Sendable {
    var context: SignInContext
    let interface: any SignInInterface
    let browser: (any BrowserOpening)?

    /// A driver.
    /// - Parameter browser: opens the address; `nil` opens nothing (`--no-browser`).
    package init(context: SignInContext, interface: any SignInInterface, browser: (any BrowserOpening)?) {
        self.context = context
        self.interface = HidingInterface(interface: interface, redactor: context.redactor)
        self.browser = browser
    }

    /// Signs in and stores the credential. An earlier one stays until the new one is there.
    /// - Throws: `OmlxError` of the classes discovery, registration, authorization, token exchange and storage;
    ///   `CancellationError` when the task is cancelled, unless tokens were granted by then: those are stored.
    package func signIn(_ request: SignInRequest) async throws -> SignInOutcome {
        let judging = judging(request)
        do {
            let outcome = try await context.redactor.hidingErrors { try await judging.run(request) }
            await interface.ended(.signedIn(outcome))
            return outcome
        } catch {
            await interface.ended((error as? OmlxError).map { .failed($0) } ?? .cancelled)
            throw error
        }
    }

    /// The same driver with the addresses a sign-in may lead to.
    func judging(_ request: SignInRequest) -> SignInDriver {
        var driver = self
        driver.context.addresses = request.configuration.addresses(
            for: request.server, peer: request.peer, http: context.http)
        return driver
    }

    private func run(_ request: SignInRequest) async throws -> SignInOutcome {
        let context = context
        let earlier = try await earlierCredential(request.key)
        if let earlier { context.redactor.learn(earlier) }
        var machine = SignInMachine(request, after: earlier, context)
        var listener: CallbackListener?
        var answers: PersonAnswers?
        defer {
            answers?.stop()
            listener?.stop()
        }
        var shown = 0
        var isKeepable = false
        var event = SignInMachine.Event.start
        while true {
            let action = machine.handle(event)
            if case .fetched(var result) = event {
                event = .start
                result.wipe()
            }
            for notice in Array(machine.trace[shown...]).notices { await interface.notice(notice) }
            shown = machine.trace.count
            switch action {
            case .keep, .forget, .finished, .failed: break
            default: try Task.checkCancellation()
            }
            if !isKeepable, action.involvesPerson {
                try await checkKeeping(request.key)
                isKeepable = true
            }
            switch action {
            case .fetch(let fetch), .register(let fetch), .requestDeviceCode(let fetch):
                event = .fetched(await context.fetch(fetch))
            case .look(let authorization): event = .fetched(try await context.look(at: authorization))
            case .exchange(let fetch):
                event = .fetched(await context.exchanges.run { await context.fetch(fetch) })
            case .findRegistration(let issuer): event = .client(try await registration(issuer, request))
            case .listen(let port):
                let redirect = request.configuration.redirect
                if redirect.listens, redirect.foreignURI == nil, !redirect.isHeardElsewhere {
                    listener = try CallbackListener(redirect, preferredPort: port)
                }
                let uri = redirect.uri(port: listener?.port ?? redirect.port ?? port ?? Self.pastePort)
                event = .listening(redirectURI: uri, state: try freshState(), pkce: try freshPKCE())
            case .renew: event = .renewed(state: try freshState(), pkce: try freshPKCE())
            case .keep(let record):
                context.observer(.made(try await context.store.save(record, expecting: .any, replacingDamaged: true)))
                event = .kept
            case .ask(let authorization, let client, let lookAnswer):
                let heard = answers ?? PersonAnswers(listener, interface)
                answers = heard
                listener?.expect(AwaitedAnswer(to: authorization))
                let question = PersonQuestion(
                    authorization: authorization, client: client, lookAnswer: lookAnswer,
                    isListening: listener != nil || request.configuration.redirect.isHeardElsewhere,
                    seconds: request.seconds)
                let query = try await ask(question, heard)
                context.redactor.learn(answer: query)
                event = .answered(query: query)
                answers?.retire(authorization)
            case .poll(let authorization, let device):
                let (result, authentication) = try await poll(authorization, device, seconds: request.seconds)
                event = .polled(result, authentication)
            case .forget(let record, let error):
                await forget(record, error)
                throw error
            case .finished(var result):
                result.credential.remember(context.addresses)
                let outcome = try await keep(
                    result, over: earlier, profile: request.configuration.profile)
                await learn(machine.learnedRegistration)
                return outcome
            case .failed(let error):
                await learn(machine.learnedRegistration)
                throw error
            }
        }
    }

    /// Finds out whether the sign-in could be kept, before anything is registered and a person is asked: by its lock, and by
    /// writing where its record will be.
    private func checkKeeping(_ key: CredentialKey) async throws {
        let lock = try await CredentialLock.acquire(
            try key.recordName(), in: context.lockFolder, command: context.command, timeout: 30, now: context.now,
            stuck: context.stuck)
        lock.release()
        try await context.store.tryKeeping()
    }

    private func freshState() throws -> String { Base64URL.encode(try context.random(24)) }

    private func freshPKCE() throws -> PKCE {
        let pkce = try PKCE(octets: try context.random(32))
        context.redactor.learn(pkce.verifier, isPassing: true)
        return pkce
    }

    /// The port in a redirect URI without a listener (mcpo's).
    private static let pastePort = 3030

    private func earlierCredential(_ key: CredentialKey) async throws -> Credential? {
        do {
            return try await context.store.credential(for: key)
        } catch let error as OmlxError where [.storeDamaged, .storeForeign, .storeVersion].contains(error.code) {
            // Left as it is until the new sign-in succeeded; then it is moved aside, never deleted.
            await interface.notice("the earlier sign-in cannot be read: \(error.message)")
            return nil
        }
    }

    func registration(_ issuer: String, _ request: SignInRequest) async throws -> ClientRegistration? {
        let key = RegistrationKey(issuer: issuer, serverURL: request.key.serverURL)
        do {
            return try await context.store.registration(for: key)
        } catch let error as OmlxError where [.storeDamaged, .storeForeign, .storeVersion].contains(error.code) {
            await interface.notice("the earlier registration cannot be read: \(error.message)")
            return nil
        }
    }

    /// Notes with a registration how its client has to show itself, unless another process replaced it meanwhile. It only
    /// saves a later sign-in a refusal, so nothing is said of a store that fails.
    private func learn(_ learned: ClientRegistration?) async {
        guard let learned, let stored = try? await context.store.registration(for: learned.key),
            stored.clientID == learned.clientID
        else { return }
        var record = stored
        record.clientAuthForm = learned.clientAuthForm
        _ = try? await context.store.save(record, expecting: .generation(stored.generation))
    }

    /// Removes the registration that was refused, not one another process made meanwhile.
    private func forget(_ record: ClientRegistration, _ reason: OmlxError) async {
        do {
            try await context.store.removeRegistration(for: record.key, expecting: .generation(record.generation))
            context.observer(.forgotten(record, context.redactor.hide(reason)))
        } catch let error as OmlxError where error.code != .storeConflict {
            await interface.notice("the registration could not be forgotten: \(error.message)")
        } catch {}
    }
}

extension SignInMachine {
    /// A sign-in that takes up what an earlier one knew.
    init(_ request: SignInRequest, after earlier: Credential?, _ context: SignInContext) {
        self.init(
            Input(
                key: request.key, server: request.server, challenge: request.challenge,
                configuration: request.configuration, flow: request.flow, earlierIssuer: earlier?.grant.issuer,
                earlierClientID: earlier?.client.id, earlierClientForm: try? earlier?.client.form(),
                isEarlierClientRefused: earlier?.notes.rejection?.code == "invalid_client",
                knownPlaces: request.knownPlaces, resetsClient: request.resetsClient,
                refusal: { context.http.refusal(of: $0, by: context.addresses) }), now: context.now)
    }
}
