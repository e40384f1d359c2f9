// Sign-ins of persons elsewhere, in a terminal or on the desktop: the desk sees them, and the page shows and ends them.

import OmlxConcurrency
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost
import Synchronization

extension SignInDesk {
    /// Signs in with the person who asks for it; one that is under way already is joined, unless something else is asked for.
    /// - Parameter asked: the host as it is asked, such as for another account, which no other sign-in is for.
    /// - Throws: as `Host.login`; `OAUTH_SIGN_IN_CANCELLED` when it is ended on the page.
    package func login(
        _ server: String, _ options: LoginOptions, _ offer: LoginOffer, at asked: (any Host)? = nil
    ) async throws -> LoginReport {
        let host = asked ?? host
        let isOwn = (host as AnyObject) === (self.host as AnyObject)
        let isUsual = options.scopes == nil && !options.resetsClient && options.clientMetadataURL == nil
        if isOwn, isUsual, let seat = seat(under: server), seat.flow.isDevice == offer.flow.isDevice {
            return try await join(seat.course.id, server, options, offer)
        }
        let person = CarriedPerson(desk: self, offer, login: server)
        person.begin(server)
        return try await person.carry { offer in
            try await host.login(server, options, offer)
        } ended: {
            .done($0.map { $0 })
        }
    }

    /// Does work in which a person elsewhere may sign in, where there is one.
    func carry<Value: Sendable>(
        _ offer: LoginOffer?, _ work: @escaping @Sendable (LoginOffer?) async throws -> Value
    ) async throws -> Value {
        guard let offer else { return try await work(nil) }
        return try await CarriedPerson(desk: self, offer, login: nil).carry(work) { result in
            if case .failure(let error) = result { .done(.failure(error)) } else { .done(.success(nil)) }
        }
    }

    /// What one sign-in shows and hears, two persons see and say.
    private func join(
        _ id: String, _ server: String, _ options: LoginOptions, _ offer: LoginOffer
    ) async throws -> LoginReport {
        let (person, feed) = (offer.person, OwnedTasks())
        defer { feed.cancel() }
        let looks = changes.stream()
        var look = looks.makeAsyncIterator()
        var (isShown, told) = (false, 0)
        while let course = course(id) {
            if case .waiting(var prompt, let until) = course.stage, !isShown {
                isShown = true
                prompt.seconds = max(1, Int(until.timeIntervalSince(now())))
                prompt.opensBrowser = offer.opensBrowser
                let url = prompt.url
                await person.hear(.address(prompt), of: server)
                if offer.opensBrowser { feed.start { _ = await person.answer(.open(url: url), of: server) } }
                feed.start { [weak self] in for await line in person.pasted() { self?.send(.pasted(line), to: id) } }
            }
            if course.notes.count < told { told = 0 }
            for note in course.notes.dropFirst(told) { await person.hear(.notice(note), of: server) }
            told = course.notes.count
            switch course.stage {
            case .ended(.signedIn(let report?)):
                await person.hear(.signedIn, of: server)
                return report
            case .ended(.signedIn(nil)):
                await person.hear(.signedIn, of: server)
                return try await host.login(server, LoginOptions(), offer)
            case .ended(.failed(let error)):
                await person.hear(.failed(error), of: server)
                throw error
            case .ended(.cancelled):
                await person.hear(.cancelled, of: server)
                throw OmlxError.signInEndedElsewhere
            case .beginning, .waiting, .finishing: break
            }
            guard await look.next() != nil else { break }
        }
        throw CancellationError()
    }
}

extension OmlxError {
    static var signInEndedElsewhere: OmlxError {
        OmlxError(.oauthSignInCancelled, "the sign-in was ended on the page of omlx serve, or by another program")
    }
}

/// Hands on between the host and a person elsewhere, and lets the desk see it.
private final class CarriedPerson: LoginPerson {
    private let desk: SignInDesk
    private let offer: LoginOffer
    /// The server whose sign-in is the work itself; its end is the work's.
    private let login: String?
    private let lines = PastedLines()
    private let stop = StopSignal()
    private let ids = Mutex<[String: String]>([:])

    init(desk: SignInDesk, _ offer: LoginOffer, login: String?) {
        (self.desk, self.offer, self.login) = (desk, offer, login)
    }

    func carry<Value: Sendable>(
        _ work: @escaping @Sendable (LoginOffer) async throws -> Value,
        ended: (Result<Value, OmlxError>) -> SignInCourse.Event
    ) async throws -> Value {
        var carried = offer
        carried.person = self
        do {
            let value = try await stop.around { [carried] in try await work(carried) }
            end(ended(.success(value)))
            return value
        } catch let error as OmlxError where !stop.isStopped {
            end(ended(.failure(error)))
            throw error
        } catch {
            end(.brokenOff)
            throw stop.isStopped ? OmlxError.signInEndedElsewhere : error
        }
    }

    /// What is not over by now never is.
    private func end(_ event: SignInCourse.Event) {
        for id in ids.withLock({ $0.values }) { desk.send(event, to: id) }
    }

    /// The sign-in at a server, which is noted when it is first heard of.
    @discardableResult
    func begin(_ server: String) -> String {
        let (id, isNew) = ids.withLock { ids -> (String, Bool) in
            if let id = ids[server] { return (id, false) }
            let id = (try? SignInDesk.id()) ?? ""
            ids[server] = id
            return (id, true)
        }
        guard isNew else { return id }
        var seat = SignInSeat(
            course: SignInCourse(id: id, server: server, isElsewhere: true, usesCode: offer.flow.isDevice),
            flow: offer.flow)
        (seat.pasted, seat.stop) = (lines, stop)
        desk.note(seat)
        return id
    }

    func hear(_ event: LoginEvent, of server: String) async {
        let id = begin(server)
        desk.send(.heard(event, at: desk.now()), to: id)
        if server != login {
            switch event {
            case .signedIn: desk.send(.done(.success(nil)), to: id)
            case .failed(let error): desk.send(.done(.failure(error)), to: id)
            case .cancelled: desk.send(.brokenOff, to: id)
            case .address, .notice, .hint: break
            }
            // Another one there would be another sign-in.
            if desk.course(id)?.isOver == true { ids.withLock { $0[server] = nil } }
        }
        await offer.person.hear(event, of: server)
    }

    func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer {
        await offer.person.answer(question, of: server)
    }

    /// What is pasted there, and on the page.
    func pasted() -> AsyncStream<String> {
        let feed = OwnedTasks()
        feed.start { [lines, offer] in for await line in offer.person.pasted() { lines.send(line) } }
        return lines.stream { feed.cancel() }
    }
}
