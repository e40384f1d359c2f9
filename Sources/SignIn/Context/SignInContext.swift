// What the drivers work with, handed in: HTTP, store, locks, clock, randomness, and the exchanges under way.

import OmlxConcurrency
import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import Synchronization

/// What happened to a client registration.
@nonexhaustive
public enum RegistrationEvent: Sendable {
    /// A client was registered and kept.
    case made(ClientRegistration)
    /// A registration was forgotten: the authorization server does not know it any more.
    case forgotten(ClientRegistration, OmlxError)
}

/// Everything a sign-in reaches the world with.
package struct SignInContext: Sendable {
    /// HTTP with the server's own TLS settings, for MCP and OAuth alike.
    package var http: HTTPClient
    /// Where credentials are kept.
    package var store: any CredentialStore
    /// The folder of lock files.
    package var lockFolder: String
    /// What the lock's holder does, shown to those who wait for it.
    package var command: String
    /// Which addresses requests may be sent to.
    var addresses = AddressPolicy.any
    /// The longest time to a connection, and from there to the first byte of an answer, in seconds, where it is less than
    /// a request's own.
    package var patience: Double?
    /// The time limits of a request; the tests are in a hurry.
    var limits: @Sendable (HTTPRequest) -> HTTPLimits = { $0.limits }
    /// After so long without an answer a person is told what to compare with what the provider has, in seconds.
    var hintAfter = 30.0
    /// Exchanges that must not be cut off.
    package var exchanges: ExchangeRegistry
    /// Told of registrations made and forgotten.
    package var observer: @Sendable (RegistrationEvent) -> Void = { _ in }
    /// Knows every secret of the server's sign-in, and keeps them out of errors, notices and events.
    package var redactor = Redactor()
    /// What is remembered of generations; `nil` when nothing is.
    package var memory: (any GenerationMemory)?
    /// Tokens that could not be saved yet.
    let unsaved = UnsavedGrants()
    /// Told when a lock has been waited for so long that its holder may be stuck.
    package var stuck: @Sendable (OmlxError) -> Void = { _ in }
    /// Told of what a person should know although the work goes on.
    package var warn: @Sendable (OmlxError) -> Void = { _ in }
    /// Told what of a token reply could not be used while the tokens were kept: each text once.
    package var oddity: @Sendable (String) -> Void = { _ in }
    private let toldOddities = ToldTexts()
    /// The clock.
    package var now: @Sendable () -> Date
    /// Random octets.
    package var random: @Sendable (Int) throws -> [UInt8]
    /// Waits some seconds, or throws `CancellationError`.
    package var pause: @Sendable (Double) async throws -> Void = { try await Task.sleep(for: .seconds($0)) }

    /// A context with the system's clock and randomness.
    package init(
        http: HTTPClient, store: any CredentialStore, lockFolder: String, command: String,
        exchanges: ExchangeRegistry = .init(), now: @escaping @Sendable () -> Date = { Date() },
        random: @escaping @Sendable (Int) throws -> [UInt8] = { try Random.bytes($0) }
    ) {
        self.http = http
        self.store = store
        self.lockFolder = lockFolder
        self.command = command
        self.exchanges = exchanges
        self.now = now
        self.random = random
    }

    /// Works on a credential while no other does: no other task, no other process of this session or another, and, where
    /// the store is shared, no other machine.
    /// - Parameter timeout: How long to wait for each of the locks, in seconds.
    /// - Throws: `OmlxError` with `STORE_LOCK_TIMEOUT` or what else locks and store throw; what `work` throws.
    func locked<Value>(
        _ key: CredentialKey, timeout: Double, _ work: () async throws -> Value
    ) async throws -> Value {
        let own = try await CredentialLock.acquire(
            try key.recordName(), in: lockFolder, command: command, timeout: timeout, now: now, stuck: stuck)
        defer { own.release() }
        guard let shared = try await store.sharedLock(on: key, command: command, timeout: timeout, stuck: stuck) else {
            return try await work()
        }
        do {
            let value = try await work()
            await free(shared)
            return value
        } catch {
            await free(shared)
            throw error
        }
    }

    /// Also when the task is cancelled, or all others would wait until the lock is out of date.
    private func free(_ lock: any SharedLock) async { await exchanges.run { await lock.release() } }

    /// Tells of what was left out of a token reply, once: a host that stays up refreshes often.
    func tell(_ oddities: [String]) {
        for text in oddities where toldOddities.isNew(text) { oddity(redactor.hide(text)) }
    }

    /// Sends a request of the sign-in; a failure is a value.
    func fetch(_ request: HTTPRequest) async -> Result<HTTPReply, HTTPFailure> {
        var request = request
        request.addresses = addresses
        request.limits = limits(request)
        if let patience {
            request.limits.connect = min(request.limits.connect, patience)
            request.limits.firstByte = min(request.limits.firstByte, patience)
        }
        redactor.learn(request)
        do {
            let reply = try await http.fetch(request)
            if request.method == "POST" { redactor.learn(reply) }
            return .success(reply)
        } catch let failure as HTTPFailure {
            return .failure(HTTPFailure(redactor.hide(failure.error), mayHaveBeenSent: failure.mayHaveBeenSent))
        } catch {
            return .failure(HTTPFailure(OmlxError(.transportCancelled, "the request was cancelled")))
        }
    }
}

/// What was told already.
private final class ToldTexts: Sendable {
    private let texts = Mutex<Set<String>>([])
    /// More different texts than these are not worth remembering.
    private static let limit = 100

    func isNew(_ text: String) -> Bool {
        texts.withLock { $0.count < Self.limit && $0.insert(text).inserted }
    }
}

/// Token exchanges under way. A process that is asked to end waits for them, so that a rotated token is not lost.
package final class ExchangeRegistry: Sendable {
    private struct State {
        var running = 0
        var waiters: [FirstResult<Void, Never>] = []
    }

    private let state = Mutex(State())
    private static let underWay = Atomic(0)

    /// Whether any exchange of this process is under way, in whichever registry.
    package static var isAnyUnderWay: Bool { underWay.load(ordering: .relaxed) > 0 }

    /// No exchange under way.
    package init() {}

    /// Runs work to its end even when the caller is cancelled, and counts it as under way.
    func run<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
        state.withLock { $0.running += 1 }
        Self.underWay.add(1, ordering: .relaxed)
        let task = Task.detached {
            let value = await work()
            self.finish()
            return value
        }
        return await task.value
    }

    private func finish() {
        Self.underWay.subtract(1, ordering: .relaxed)
        let waiters = state.withLock { state -> [FirstResult<Void, Never>] in
            state.running -= 1
            guard state.running == 0 else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.give(.success(())) }
    }

    /// Waits until no exchange is under way. A cancelled caller waits too: it is the one that is about to end the process.
    /// - Parameter seconds: how long at most.
    package func drain(seconds: Double = 10) async {
        let end = FirstResult<Void, Never>()
        let isIdle = state.withLock { state in
            if state.running > 0 { state.waiters.append(end) }
            return state.running == 0
        }
        guard !isIdle else { return }
        let alarm = Alarm(after: seconds) { end.give(.success(())) }
        _ = await end.result
        alarm.cancel()
    }
}
