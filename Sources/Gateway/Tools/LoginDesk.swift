// Sign-ins that programs begin over HTTP: they get the address to open, and the sign-in goes on in the host.

import OmlxConcurrency
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost
import OmlxSignIn
import ServiceLifecycle
import Synchronization

/// The sign-ins under way.
package final class LoginDesk: Service {
    /// What a sign-in that was begun says first.
    enum Beginning: Sendable {
        case address(SignInPrompt)
        /// There was nothing to ask.
        case done
        case failed(OmlxError)
    }

    private struct SignIn {
        let person: WebPerson
        let task: OwnedTasks
    }

    private let host: any Host
    private let open = Mutex<[String: SignIn]>([:])

    package init(_ host: any Host) { self.host = host }

    /// Sign-ins end with the host.
    package func run() async throws {
        try? await gracefulShutdown()
        let left = open.withLock { Array($0.values) }
        for signIn in left { signIn.task.cancel() }
        for signIn in left { await signIn.task.finish() }
    }

    /// Gives up the sign-in of a server that is under way here, and waits for its end.
    func giveUp(_ server: String) async {
        guard let signIn = open.withLock({ $0[server] }) else { return }
        signIn.task.cancel()
        await signIn.task.finish()
    }

    /// Begins a sign-in, or tells the address of the one under way.
    func begin(_ server: String) async -> Beginning {
        let (person, task) = (WebPerson(), OwnedTasks())
        let (present, isNew) = open.withLock { open in
            if let present = open[server] { return (present.person, false) }
            open[server] = SignIn(person: person, task: task)
            return (person, true)
        }
        if isNew {
            task.start { [host, weak self] in
                do {
                    var login = LoginOptions()
                    login.isForced = true
                    _ = try await host.login(server, login, LoginOffer(person, opensBrowser: false))
                    person.settle(.done)
                } catch let error as OmlxError {
                    person.settle(.failed(error))
                } catch {
                    person.settle(.failed(OmlxError(.oauthSignInCancelled, "the sign-in was given up")))
                }
                self?.open.withLock { if $0[server]?.person === person { $0[server] = nil } }
            }
        }
        return await present.beginning()
    }

    /// Hands the address a browser came back to, to the sign-in it belongs to.
    /// - Returns: whether one is under way with this `state`.
    func cameBack(_ address: String, state: String) -> Bool {
        let waiting = open.withLock { Array($0.values) }.first { $0.person.awaits(state) }
        waiting?.person.paste(address)
        return waiting != nil
    }
}

/// A person whose browser is elsewhere.
final class WebPerson: LoginPerson {
    private struct State {
        var beginning: LoginDesk.Beginning?
        var waiting: [CheckedContinuation<LoginDesk.Beginning, Never>] = []
        var url: String?
        var lines: AsyncStream<String>.Continuation?
    }

    private let state = Mutex(State())

    func hear(_ event: LoginEvent, of server: String) {
        if case .address(let prompt) = event {
            state.withLock { $0.url = prompt.url }
            settle(.address(prompt))
        }
    }

    func answer(_ question: LoginQuestion, of server: String) -> LoginAnswer { .opened(false) }

    func pasted() -> AsyncStream<String> {
        let (stream, continuation) = AsyncStream<String>.makeStream()
        state.withLock { $0.lines = continuation }
        return stream
    }

    func paste(_ line: String) { state.withLock { $0.lines }?.yield(line) }

    /// Whether the address to open carries this `state` (RFC 6749 §4.1.1).
    func awaits(_ value: String) -> Bool {
        guard let url = state.withLock({ $0.url }), !value.isEmpty else { return false }
        let query = url.split(separator: "?", maxSplits: 1).last ?? ""
        return query.split(separator: "&").contains { $0 == "state=\(value)" }
    }

    /// The first thing that is known counts.
    func settle(_ beginning: LoginDesk.Beginning) {
        let waiting = state.withLock { state in
            guard state.beginning == nil else { return [CheckedContinuation<LoginDesk.Beginning, Never>]() }
            state.beginning = beginning
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: beginning) }
    }

    func beginning() async -> LoginDesk.Beginning {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.beginning == nil { state.waiting.append(continuation) }
                return state.beginning
            }
            if let known { continuation.resume(returning: known) }
        }
    }
}
