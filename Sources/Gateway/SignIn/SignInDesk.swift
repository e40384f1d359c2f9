// All sign-ins of the host, whoever began them: on the page, in a terminal, by a program, from the desktop.

import FoundationEssentials
import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost
import OmlxSignIn
import ServiceLifecycle
import Synchronization

/// A sign-in with what drives it.
struct SignInSeat: Sendable {
    var course: SignInCourse
    let flow: SignInFlow
    var pasted = PastedLines()
    var stop = StopSignal()
}

/// What a sign-in is begun with.
struct SignInWish: Sendable {
    var options = LoginOptions()
    var flow = SignInFlow.browser
    /// The servers after it.
    var next: [String] = []
    var place: (Int, Int)?
}

/// The sign-ins there are, and the work of those that no one waits for. They end with the host.
package final class SignInDesk: Service {
    /// What a sign-in that was begun says first.
    enum Beginning: Sendable {
        case address(SignInPrompt)
        /// There was nothing to ask.
        case done
        case failed(OmlxError)
    }

    let host: any Host
    let now: @Sendable () -> Date
    /// Told whenever a sign-in changed.
    let changes = Broadcast<Void>(buffer: 1)
    private let seats = Mutex(Kept<SignInSeat>(limit: 100))
    private let tasks = OwnedTasks()

    package init(_ host: any Host, now: @escaping @Sendable () -> Date = { Date() }) {
        self.host = host
        self.now = now
    }

    package func run() async throws {
        try? await gracefulShutdown()
        tasks.cancel()
        await tasks.finish()
        changes.finish()
    }

    // MARK: looking

    func course(_ id: String) -> SignInCourse? { seats.withLock { $0[id]?.course } }

    /// The sign-in under way at a server.
    func course(under server: String) -> SignInCourse? { seat(under: server)?.course }

    /// All that are under way, the newest first.
    var underWay: [SignInCourse] { seats.withLock { $0.newestFirst.map(\.course).filter { !$0.isOver } } }

    func seat(under server: String) -> SignInSeat? {
        seats.withLock { $0.last { $0.course.server == server && !$0.course.isOver } }
    }

    // MARK: beginning

    /// An id that cannot be guessed.
    static func id() throws -> String { Base64URL.encode(try Random.bytes(12)) }

    /// Begins a sign-in, or comes back to the one under way, as from a second tab.
    /// - Returns: its id.
    func begin(_ server: String, _ wish: SignInWish = SignInWish()) throws -> String {
        let id = try Self.id()
        let seat = SignInSeat(
            course: SignInCourse(
                id: id, server: server, next: wish.next, place: wish.place, usesCode: wish.flow.isDevice),
            flow: wish.flow)
        let (present, replaced) = seats.withLock { seats -> (String?, SignInSeat?) in
            let underWay = seats.last { $0.course.server == server && !$0.course.isOver }
            if let underWay, underWay.flow.isDevice == wish.flow.isDevice { return (underWay.course.id, nil) }
            seats[id] = seat
            return (nil, underWay)
        }
        if let present { return present }
        // Another way to sign in takes the place of the first.
        if let replaced { send(.cancel, to: replaced.course.id) }
        changes.send(())
        let send: @Sendable (SignInCourse.Event) -> Void = { [weak self] in self?.send($0, to: id) }
        let person = DeskPerson(lines: seat.pasted) { [now] in send(.heard($0, at: now())) }
        tasks.start { [host] in
            let offer = LoginOffer(person, opensBrowser: false, flow: wish.flow)
            do {
                let report = try await seat.stop.around { try await host.login(server, wish.options, offer) }
                send(.done(.success(report)))
            } catch let error as OmlxError {
                send(.done(.failure(error)))
            } catch {
                send(.brokenOff)
            }
        }
        return id
    }

    /// Notes a sign-in that another program's work leads to.
    func note(_ seat: SignInSeat) {
        seats.withLock { $0[seat.course.id] = seat }
        changes.send(())
    }

    /// What a sign-in says first.
    func beginning(of id: String) async -> Beginning {
        let looks = changes.stream()
        var look = looks.makeAsyncIterator()
        while let course = course(id) {
            switch course.stage {
            case .waiting(let prompt, _): return .address(prompt)
            case .finishing, .ended(.signedIn): return .done
            case .ended(.failed(let error)): return .failed(error)
            case .ended(.cancelled): return .failed(.signInGivenUp)
            case .beginning: break
            }
            guard await look.next() != nil else { break }
        }
        return .failed(.signInGivenUp)
    }

    /// Signs in to several, one after the other.
    /// - Returns: the first server and its sign-in's id.
    func begin(all servers: [String]) throws -> (server: String, id: String)? {
        guard let first = servers.first else { return nil }
        var wish = SignInWish()
        wish.next = Array(servers.dropFirst())
        wish.place = servers.count > 1 ? (1, servers.count) : nil
        return (first, try begin(first, wish))
    }

    /// Begins the sign-in that waits for this one.
    /// - Returns: its id.
    @discardableResult
    func beginNext(after course: SignInCourse) -> String? {
        guard let server = course.next.first else { return nil }
        var wish = SignInWish()
        wish.next = Array(course.next.dropFirst())
        wish.place = course.place.map { ($0.number + 1, $0.total) }
        guard let id = try? begin(server, wish) else { return nil }
        seats.withLock { $0[course.id]?.course.follower = id }
        changes.send(())
        return id
    }

    // MARK: what happens

    func send(_ event: SignInCourse.Event, to id: String) {
        let told = seats.withLock { seats -> (SignInSeat, [SignInCourse.Action])? in
            guard var seat = seats[id] else { return nil }
            let actions = seat.course.take(event)
            seats[id] = seat
            return (seat, actions)
        }
        guard let (seat, actions) = told else { return }
        for action in actions {
            switch action {
            case .stop: seat.stop.stop()
            case .handOn(let line): seat.pasted.send(line)
            case .beginNext: beginNext(after: seat.course)
            }
        }
        changes.send(())
    }

    /// Gives up the sign-in of a server that is under way: a sign-out would wait for it.
    func giveUp(_ server: String) {
        if let course = course(under: server) { send(.cancel, to: course.id) }
    }

    /// Hands the address a browser came back to, to the sign-in it belongs to.
    /// - Returns: whether one is under way with this `state` (RFC 6749 §4.1.2).
    func cameBack(_ address: String, state: String) -> Bool {
        guard !state.isEmpty, let course = underWay.first(where: { $0.awaits(state) }) else { return false }
        send(.pasted(address), to: course.id)
        return true
    }
}

extension SignInFlow {
    var isDevice: Bool { if case .device = self { true } else { false } }
}

extension OmlxError {
    static var signInGivenUp: OmlxError { OmlxError(.oauthSignInCancelled, "the sign-in was given up") }
}

/// A person whose browser is elsewhere, and who pastes.
private struct DeskPerson: LoginPerson {
    let lines: PastedLines
    let tell: @Sendable (LoginEvent) -> Void

    func hear(_ event: LoginEvent, of server: String) async { tell(event) }

    /// The person opens the address by a link.
    func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer { .opened(false) }

    func pasted() -> AsyncStream<String> { lines.stream() }
}
