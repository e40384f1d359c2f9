// A demo server and a client of it: store, clock, person, browser, and the requests between them.

import OmlxCredentials
import OmlxCryptography
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Synchronization
import Testing

@testable import OmlxSignIn

/// A server, and everything a client reaches it with.
struct Scene: Sendable {
    let server: DemoServer
    let store: any CredentialStore
    let locks: String
    let folder: String
    let clock = TestClock()
    let transcript = Transcript()
    var http = HTTPClient()
    /// How long was waited between requests, without anybody waiting.
    let pauses = Pauses()
    /// The time limits of a request.
    var limits: @Sendable (HTTPRequest) -> HTTPLimits = { $0.limits }

    var key: CredentialKey { CredentialKey(serverURL: server.url) }
    var registrationKey: RegistrationKey { RegistrationKey(issuer: server.issuer, serverURL: server.url) }

    var context: SignInContext { context(store) }

    func context(_ store: any CredentialStore, exchanges: ExchangeRegistry = .init()) -> SignInContext {
        var context = SignInContext(
            http: http, store: store, lockFolder: locks, command: "test", exchanges: exchanges,
            now: { clock.now }, random: { try transcript.random($0) })
        context.pause = { seconds in
            pauses.note(seconds)
            clock.advance(seconds)
            try Task.checkCancellation()
        }
        context.limits = limits
        return context
    }

    // MARK: signing in

    func request(
        _ configuration: SignInConfiguration = .init(), challenge: BearerChallenge? = nil, places: [String] = [],
        resets: Bool = false, flow: SignInFlow = .browser, seconds: Int = 600
    ) throws -> SignInRequest {
        let metadata = server.origin + "/.well-known/oauth-protected-resource/mcp"
        return SignInRequest(
            key: key, server: try HTTPURL(server.url),
            challenge: challenge ?? BearerChallenge(resourceMetadata: metadata, scopes: ["tools"]),
            configuration: configuration, knownPlaces: places, resetsClient: resets, flow: flow,
            seconds: seconds)
    }

    @discardableResult
    func signIn(
        _ request: SignInRequest? = nil, browser: (any BrowserOpening)? = TestBrowser(), person: Person? = nil,
        store: (any CredentialStore)? = nil
    ) async throws -> SignInOutcome {
        let driver = SignInDriver(
            context: context(store ?? self.store), interface: person ?? Person(transcript), browser: browser)
        do {
            let outcome = try await driver.signIn(try request ?? self.request())
            transcript.note("\(outcome)")
            transcript.note(String(reflecting: outcome.credential))
            return outcome
        } catch let error as OmlxError {
            transcript.note(error)
            throw error
        }
    }

    /// The code a sign-in fails with; nothing is stored then and an earlier sign-in stays as it was.
    func refusal(
        _ request: SignInRequest? = nil, browser: (any BrowserOpening)? = TestBrowser(), person: Person? = nil,
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> OmlxError? {
        let before = try await store.credential(for: key)
        let error = await omlxError(sourceLocation) {
            try await signIn(request, browser: browser, person: person)
        }
        let after = try await store.credential(for: key)
        #expect(before == after, "the earlier sign-in changed", sourceLocation: sourceLocation)
        return error
    }

    // MARK: the records of the server

    /// Path and method of the requests, without the browser's.
    var clientRequests: [String] {
        server.requests
            .filter { request in !["/authorize", "/consent", "/landing"].contains { request.path.hasSuffix($0) } }
            .map { "\($0.method) \($0.path)" }
    }

    func refreshes() -> Int { server.state.tokenRequests["refresh_token"] ?? 0 }

    // MARK: requests with a token

    func authorizer(
        _ store: (any CredentialStore)? = nil, exchanges: ExchangeRegistry = .init(), events: EventList = .init()
    ) -> ServerAuthorizer {
        ServerAuthorizer(key, server: .named("demo"), context: context(store ?? self.store, exchanges: exchanges)) {
            events.note($0, transcript)
        }
    }

    /// One request to the server the way a client sends it: again when the authorizer says so, three times at most.
    func call(_ authorizer: ServerAuthorizer, tool: String? = nil) async throws -> (status: Int, attempts: Int) {
        do {
            for attempt in 1... {
                let authorization = try await authorizer.authorization()
                let head = try await send(authorization.header, tool: tool)
                guard try await authorizer.judge(head, of: authorization, attempt: attempt), attempt < 3 else {
                    return (head.status, attempt)
                }
            }
        } catch let error as OmlxError {
            transcript.note(error)
            throw error
        }
        return (0, 0)
    }

    func send(_ header: Secret?, tool: String? = nil) async throws -> HTTPResponseHead {
        let message: JSON = [
            "jsonrpc": "2.0", "id": 1, "method": JSON(tool == nil ? "initialize" : "tools/call"),
            "params": [
                "protocolVersion": "2025-11-25", "capabilities": .object([:]), "name": JSON(tool ?? ""),
                "clientInfo": ["name": "test", "version": "1"],
            ],
        ]
        var headers: [HTTPRequestHeader] = [
            .init("Content-Type", "application/json"), .init("Accept", "application/json, text/event-stream"),
        ]
        if let header { headers.append(.init("Authorization", secret: header)) }
        return try await http.fetch(
            HTTPRequest("POST", try HTTPURL(server.url), headers: headers, body: .bytes(message.serialized()))
        ).head
    }

    /// The credential as stored.
    func stored() async throws -> Credential { try #require(try await store.credential(for: key)) }
}

/// Pauses in seconds, in their order.
final class Pauses: Sendable {
    private let seconds = Mutex<[Double]>([])

    var all: [Double] { seconds.withLock { $0 } }

    func note(_ pause: Double) { seconds.withLock { $0.append(pause) } }
}

/// The events of an authorizer.
final class EventList: Sendable {
    private let names = Mutex<[String]>([])

    var all: [String] { names.withLock { $0 } }

    func count(of name: String) -> Int { all.filter { $0 == name }.count }

    func note(_ event: AuthorizationEvent, _ transcript: Transcript) {
        let name: String
        switch event {
        case .signedIn: name = "signed in"
        case .refreshed: name = "refreshed"
        case .refreshRejected(let error), .refreshFailed(let error), .signInNeeded(let error),
            .insufficientScope(let error):
            name = error.code.text
            transcript.note(error)
        }
        names.withLock { $0.append(name) }
        transcript.note("\(event)")
    }
}

/// Runs a test against a demo server of its own, and looks at the end whether any text held a secret.
func withScene(
    inFile: Bool = false, _ configure: (inout DemoScript) -> Void = { _ in },
    sourceLocation: SourceLocation = #_sourceLocation, _ body: (Scene) async throws -> Void
) async throws {
    var script = DemoScript()
    configure(&script)
    let server = try await DemoServer.start(script: script)
    do {
        try await withTemporaryFolder { folder in
            let store: any CredentialStore =
                inFile ? EncryptedFileStore(folder: folder + "/store", keySource: .keyFile) : MemoryStore()
            let scene = Scene(server: server, store: store, locks: folder + "/locks", folder: folder)
            try await body(scene)
            scene.transcript.expectNoSecret(sourceLocation)
        }
    } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}
