// Carries out a sign-in: the machine decides, this sends, listens, shows and stores.

import Credentials
import Cryptography
import ErrorCatalogue
import FoundationEssentials
import HTTPClient
import OAuth

/// What a person is shown when a sign-in begins.
public struct SignInPrompt: Sendable {
    /// The address to open.
    public var url: String
    /// Where the browser will come back to.
    public var redirectURI: String
    /// Whether omlx listens there; if not, the answer has to be pasted.
    public var isListening: Bool
    /// Whether a browser is being opened.
    public var opensBrowser: Bool
    /// How long the person has, in seconds.
    public var seconds: Int
}

/// The person in front of a sign-in.
public protocol SignInInterface: Sendable {
    /// Shows the address. Returns at once.
    func show(_ prompt: SignInPrompt) async
    /// Says something on the side: a fallback taken, a pasted text that could not be used, time left.
    func notice(_ text: String) async
    /// Lines the person types or pastes. The end of the stream ends nothing.
    func lines() -> AsyncStream<String>
}

/// What a sign-in is asked to do.
public struct SignInRequest: Sendable {
    /// Whose credential.
    public var key: CredentialKey
    /// The server.
    public var server: HTTPURL
    /// Who answered there; `nil` when nobody has. Decides which addresses the sign-in may lead to.
    public var peer: HTTPPeer?
    /// What its 401 said.
    public var challenge: BearerChallenge
    /// What the user configured.
    public var configuration: SignInConfiguration
    /// Places that answered discovery before.
    public var knownPlaces: [String]
    /// Metadata read moments ago (`SignInDriver.lookAhead`), by place; each is used once.
    public var lookedUp: [String: HTTPReply]
    /// Register anew (`--reset-client`).
    public var resetsClient: Bool
    /// The person's time, in seconds (pain 21).
    public var seconds: Int

    /// A sign-in.
    public init(
        key: CredentialKey, server: HTTPURL, challenge: BearerChallenge, configuration: SignInConfiguration,
        knownPlaces: [String] = [], resetsClient: Bool = false, seconds: Int = 600
    ) {
        self.key = key
        self.server = server
        self.challenge = challenge
        self.configuration = configuration
        self.knownPlaces = knownPlaces
        lookedUp = [:]
        self.resetsClient = resetsClient
        self.seconds = seconds
    }
}

/// A finished sign-in.
public struct SignInOutcome: Sendable {
    /// The credential as it is stored.
    public var credential: Credential
    /// Scopes asked for and not granted.
    public var missingScopes: [String]
    /// The resource's own name for people, if it has one.
    public var resourceName: String?
    /// Places that answered discovery, to be given to the next sign-in.
    public var places: [String]
    /// Who signed in, where the authorization server says so.
    public var accountName: String?
}

/// Signs in to one server.
public struct SignInDriver: Sendable {
    private var context: SignInContext
    private let interface: any SignInInterface
    private let browser: (any BrowserOpening)?

    /// A driver.
    /// - Parameter browser: opens the address; `nil` opens nothing (`--no-browser`).
    public init(context: SignInContext, interface: any SignInInterface, browser: (any BrowserOpening)?) {
        self.context = context
        self.interface = interface
        self.browser = browser
    }

    /// Signs in and stores the credential. An earlier one stays until the new one is there (pain 35).
    /// - Throws: `OmlxError` of the classes discovery, registration, authorization, token exchange and storage;
    ///   `CancellationError` when the task is cancelled, unless tokens were granted by then: those are stored.
    public func signIn(_ request: SignInRequest) async throws -> SignInOutcome {
        var request = request
        let judging = judging(request)
        let guessed = request.configuration.addresses(for: request.server, peer: nil, http: context.http)
        // What was looked up before it was known where the server is counts only when the guess was right.
        if judging.context.addresses != guessed { request.lookedUp = [:] }
        return try await judging.run(request)
    }

    /// The same driver with the addresses a sign-in may lead to.
    private func judging(_ request: SignInRequest) -> SignInDriver {
        var driver = self
        driver.context.addresses = request.configuration.addresses(
            for: request.server, peer: request.peer, http: context.http)
        return driver
    }

    private func run(_ request: SignInRequest) async throws -> SignInOutcome {
        let context = context
        let earlier = try await earlierCredential(request.key)
        var machine = SignInMachine(
            SignInMachine.Input(
                key: request.key, server: request.server, challenge: request.challenge,
                configuration: request.configuration, earlierIssuer: earlier?.issuer,
                earlierClientID: earlier?.clientID,
                isEarlierClientRefused: earlier?.rejection?.code == "invalid_client",
                knownPlaces: request.knownPlaces,
                resetsClient: request.resetsClient,
                refusal: { context.http.refusal(of: $0, by: context.addresses) }), now: context.now)
        var listener: CallbackListener?
        defer { listener?.stop() }
        var lookedUp = request.lookedUp
        var shownNotices = 0
        var event = SignInMachine.Event.start
        while true {
            let action = machine.handle(event)
            for notice in machine.notices[shownNotices...] { await interface.notice(notice) }
            shownNotices = machine.notices.count
            switch action {
            case .keep, .forget, .finished, .failed: break
            default: try Task.checkCancellation()
            }
            switch action {
            case .fetch(let fetch):
                if let reply = lookedUp.removeValue(forKey: fetch.url.text) {
                    event = .fetched(.success(reply))
                } else {
                    event = .fetched(await context.fetch(fetch))
                }
            case .register(let fetch): event = .fetched(await context.fetch(fetch))
            case .exchange(let fetch):
                event = .fetched(await context.exchanges.run { await context.fetch(fetch) })
            case .findRegistration(let issuer): event = .client(try await registration(issuer, request))
            case .listen(let port):
                let redirect = request.configuration.redirect
                if redirect.listens, redirect.foreignURI == nil {
                    listener = try CallbackListener(redirect, preferredPort: port)
                }
                let uri = redirect.uri(port: listener?.port ?? redirect.port ?? port ?? Self.pastePort)
                event = .listening(
                    redirectURI: uri, state: Base64URL.encode(try context.random(24)),
                    pkce: try PKCE(octets: try context.random(32)))
            case .keep(let record):
                _ = try await context.store.save(record, expecting: .any, replacingDamaged: true)
                event = .kept
            case .ask(let authorization):
                event = .answered(query: try await ask(authorization, listener, seconds: request.seconds))
            case .forget(let record, let error):
                await forget(record)
                throw error
            case .finished(var result):
                result.credential.remember(context.addresses)
                return try await keep(result)
            case .failed(let error): throw error
            }
        }
    }

    /// Reads the authorization server's metadata again before the server is asked, where an earlier sign-in knows its
    /// place: the sign-in that follows a 401 then waits for one document less.
    public func lookAhead(_ request: SignInRequest) async -> [String: HTTPReply] {
        let marks = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
        guard let place = request.knownPlaces.last(where: { place in marks.contains { place.contains($0) } }),
            let url = try? HTTPURL(place),
            case .success(let reply) = await judging(request).context.fetch(
                AuthorizationServerMetadata.request(at: url))
        else { return [:] }
        return [place: reply]
    }

    /// The port in a redirect URI nobody listens at (mcpo's).
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

    private func registration(_ issuer: String, _ request: SignInRequest) async throws -> ClientRegistration? {
        let key = RegistrationKey(issuer: issuer, serverURL: request.key.serverURL)
        do {
            return try await context.store.registration(for: key)
        } catch let error as OmlxError where [.storeDamaged, .storeForeign, .storeVersion].contains(error.code) {
            await interface.notice("the earlier registration cannot be read: \(error.message)")
            return nil
        }
    }

    /// Removes the registration that was refused, not one another process made meanwhile.
    private func forget(_ record: ClientRegistration) async {
        do {
            try await context.store.removeRegistration(for: record.key, expecting: .generation(record.generation))
        } catch let error as OmlxError where error.code != .storeConflict {
            await interface.notice("the registration could not be forgotten: \(error.message)")
        } catch {}
    }

    /// Stores under the credential's lock, so that no refresh of the old one writes over the new one.
    private func keep(_ result: SignInMachine.Result) async throws -> SignInOutcome {
        let context = context
        let stored: Result<Credential, any Error> = await context.exchanges.run {
            do {
                let lock = try await CredentialLock.acquire(
                    try result.credential.key.recordName(), in: context.lockFolder, command: context.command,
                    timeout: 30, now: context.now)
                defer { lock.release() }
                return .success(
                    try await context.store.save(result.credential, expecting: .any, replacingDamaged: true))
            } catch {
                return .failure(error)
            }
        }
        return SignInOutcome(
            credential: try stored.get(), missingScopes: result.missingScopes, resourceName: result.resourceName,
            places: result.places, accountName: result.accountName)
    }
}

extension SignInDriver {
    private enum Answer {
        case query(String)
        case line(String)
        case browserFailed
        case tick(Int)
    }

    /// Shows the address and waits for the first of: callback, pasted answer, time over (pain 4).
    private func ask(
        _ authorization: AuthorizationRequest, _ listener: CallbackListener?, seconds: Int
    ) async throws -> String {
        let url = authorization.url
        await interface.show(
            SignInPrompt(
                url: url, redirectURI: authorization.redirectURI, isListening: listener != nil,
                opensBrowser: browser != nil, seconds: seconds))
        let (answers, continuation) = AsyncStream.makeStream(of: Answer.self)
        let sources = sources(url, listener, seconds: seconds, into: continuation)
        defer { for source in sources { source.cancel() } }
        for await answer in answers {
            switch answer {
            case .query(let query): return query
            case .browserFailed: await interface.notice("No browser could be opened. Open the address yourself.")
            case .tick(let left) where left <= 0:
                throw OmlxError(
                    .oauthCallbackTimeout, "nobody finished the sign-in within \(seconds) s", nextStep: "sign in again")
            case .tick(let left): await interface.notice("\(left / 60) min left to sign in")
            case .line(let line):
                do throws(OmlxError) {
                    if let query = try PastedAnswer.query(line, for: authorization) { return query }
                } catch {
                    await interface.notice(error.message)
                }
            }
        }
        throw CancellationError()
    }

    private func sources(
        _ url: String, _ listener: CallbackListener?, seconds: Int, into continuation: AsyncStream<Answer>.Continuation
    ) -> [Task<Void, Never>] {
        var sources: [Task<Void, Never>] = []
        if let listener {
            sources.append(Task { for await query in listener.answers { continuation.yield(.query(query)) } })
        }
        let lines = interface.lines()
        sources.append(Task { for await line in lines { continuation.yield(.line(line)) } })
        if let browser {
            sources.append(Task { if await !browser.open(url) { continuation.yield(.browserFailed) } })
        }
        sources.append(
            Task {
                for left in stride(from: max(0, seconds), through: 0, by: -1) {
                    let isWorthSaying = left == 0 || (left != seconds && left % 60 == 0)
                    if isWorthSaying { continuation.yield(.tick(left)) }
                    guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
                }
            })
        return sources
    }
}

/// What a person pasted in place of the browser's coming back.
enum PastedAnswer {
    /// The query of a pasted callback address, or one made of a bare code; `nil` for an empty line.
    /// - Throws: `OmlxError` with `OAUTH_CALLBACK_INVALID`.
    static func query(_ line: String, for request: AuthorizationRequest) throws(OmlxError) -> String? {
        let text = line.filter { !$0.isWhitespace }
        guard !text.isEmpty else { return nil }
        if let mark = text.firstIndex(of: "?") {
            let query = text[text.index(after: mark)...].prefix { $0 != "#" }
            let names = FormEncoding.decode(query).map(\.name)
            guard names.contains("code") || names.contains("error") else {
                throw OmlxError(
                    .oauthCallbackInvalid,
                    "that address carries neither code nor error; paste the one the browser ended at")
            }
            return String(query)
        }
        guard !text.contains("://"), !text.contains("="), text.count >= 8 else {
            throw OmlxError(
                .oauthCallbackInvalid, "that is no callback address; paste the whole address the browser ended at")
        }
        guard !request.server.sendsIssuerInCallback else {
            throw OmlxError(
                .oauthCallbackInvalid,
                "a code alone does not say which server it is from; paste the whole address the browser ended at")
        }
        // A bare code: PKCE ties it to this request; who sent it the person vouches for.
        return "code=\(FormEncoding.encode(text))&state=\(FormEncoding.encode(request.state))"
    }
}
