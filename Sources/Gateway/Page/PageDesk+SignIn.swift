// Sign-ins begun on the page: the host is asked, its words go to the course, the person's to the host.

import OmlxConcurrency
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost
import OmlxSignIn

/// A sign-in with what drives it.
struct SignInSeat: Sendable {
    var course: SignInCourse
    let flow: SignInFlow
    let pasted = PastedLines()
    let stop = StopSignal()
}

/// What a sign-in is begun with.
struct SignInWish: Sendable {
    var options = LoginOptions()
    var flow = SignInFlow.browser
    /// The servers after it.
    var next: [String] = []
    var place: (Int, Int)?
}

extension PageDesk {
    func course(_ id: String) -> SignInCourse? { state.withLock { $0.signIns[id]?.course } }

    /// The sign-in under way at a server.
    func course(under server: String) -> SignInCourse? {
        state.withLock { $0.signIns.last { $0.course.server == server && !$0.course.isOver }?.course }
    }

    /// Begins a sign-in, or comes back to the one under way, as from a second tab.
    /// - Returns: its id.
    func signIn(to server: String, _ wish: SignInWish = SignInWish()) throws -> String {
        let id = try Self.id()
        let seat = SignInSeat(
            course: SignInCourse(id: id, server: server, next: wish.next, place: wish.place), flow: wish.flow)
        let (present, replaced) = state.withLock { state -> (String?, SignInSeat?) in
            let underWay = state.signIns.last { $0.course.server == server && !$0.course.isOver }
            if let underWay, underWay.flow == wish.flow { return (underWay.course.id, nil) }
            state.signIns[id] = seat
            return (nil, underWay)
        }
        if let present { return present }
        // Another way to sign in takes the place of the first.
        if let replaced { send(.cancel, to: replaced.course.id) }
        let (host, options) = (host, wish.options)
        begin { [self] in
            await seat.stop.around { [self] in
                let person = PagePerson(desk: self, id: id, lines: seat.pasted)
                let offer = LoginOffer(person, opensBrowser: false, flow: wish.flow)
                do {
                    send(.done(.success(try await host.login(server, options, offer))), to: id)
                } catch let error as OmlxError {
                    send(.done(.failure(error)), to: id)
                } catch {
                    send(.brokenOff, to: id)
                }
            }
        }
        return id
    }

    /// Signs in to several, one after the other.
    /// - Returns: where the first one is shown.
    func signIn(toAll servers: [String]) throws -> String? {
        guard let first = servers.first else { return nil }
        var wish = SignInWish()
        wish.next = Array(servers.dropFirst())
        wish.place = servers.count > 1 ? (1, servers.count) : nil
        return PagePath.signIn(first, try signIn(to: first, wish))
    }

    func send(_ event: SignInCourse.Event, to id: String) {
        let told = state.withLock { state -> (SignInSeat, [SignInCourse.Action])? in
            guard var seat = state.signIns[id] else { return nil }
            let actions = seat.course.take(event)
            state.signIns[id] = seat
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

    /// Begins the sign-in that waits for this one.
    /// - Returns: its id.
    @discardableResult
    func beginNext(after course: SignInCourse) -> String? {
        guard let server = course.next.first else { return nil }
        var wish = SignInWish()
        wish.next = Array(course.next.dropFirst())
        wish.place = course.place.map { ($0.number + 1, $0.total) }
        guard let id = try? signIn(to: server, wish) else { return nil }
        state.withLock { $0.signIns[course.id]?.course.follower = id }
        return id
    }
}

/// The person in front of the page.
private struct PagePerson: LoginPerson {
    let desk: PageDesk
    let id: String
    let lines: PastedLines

    func hear(_ event: LoginEvent, of server: String) async { desk.send(.heard(event, at: desk.now()), to: id) }

    /// The person opens the address by the page's own link.
    func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer { .opened(false) }

    func pasted() -> AsyncStream<String> { lines.stream() }
}
