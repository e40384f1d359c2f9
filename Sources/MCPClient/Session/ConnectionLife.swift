// The life of a connection as a value: which link there is, what is spoken on it, who waits. No I/O.

import OmlxErrors
import OmlxHTTPClient

/// What happens to a connection, and what its driver does then. A link is one transport from its opening to its end; what is
/// said of an earlier one comes late and changes nothing.
///
/// - `Link`: The driver's handle of a link; its id grows.
/// - `Waiter`: What waits for the answer to a request.
/// - `Comer`: What waits for a session to be there again.
struct ConnectionLife<Link: Identifiable & Sendable, Waiter: Sendable, Comer: Sendable>: Sendable
where Link.ID == Int {
    /// A session on a link, settled or about to be.
    struct Session: Sendable {
        /// Grows with each session of the connection.
        let number: Int
        var era = Era.first
    }

    enum State: Sendable {
        case idle
        /// The link is being opened and a session settled on it.
        case opening(Link, Session)
        /// The link broke while it was being opened, which who opens it learns at the next step.
        case broken(Link, OmlxError)
        /// The first way did not do: its link is being ended, and another one opened after it.
        case fallingBack(Link)
        /// The session stands.
        case standing(Link, Session, InitializeResult)
        /// The server forgot the session: another one is being settled on the same link, and requests wait for it.
        case renewing(Link, Session, former: InitializeResult, [Comer])
        /// The link is being ended.
        case leaving(Link)
    }

    private(set) var state = State.idle
    /// The one table of what is under way.
    var requests = RequestTable<Waiter>()
    private var links = 0
    private var sessions = 0

    /// The link there is.
    var link: Link? {
        switch state {
        case .idle: nil
        case .opening(let link, _), .broken(let link, _), .fallingBack(let link), .standing(let link, _, _),
            .renewing(let link, _, _, _), .leaving(let link):
            link
        }
    }

    /// The session that is spoken in, or is being settled.
    var session: Session? {
        switch state {
        case .opening(_, let session), .standing(_, let session, _), .renewing(_, let session, _, _): session
        case .idle, .broken, .fallingBack, .leaving: nil
        }
    }

    /// What the server said about itself; `nil` while there is no session.
    var description: InitializeResult? {
        switch state {
        case .standing(_, _, let result), .renewing(_, _, let result, _): result
        case .idle, .opening, .broken, .fallingBack, .leaving: nil
        }
    }

    // MARK: opening

    enum Connecting {
        /// Open this link and settle a session on it.
        case open(Link)
        /// The link there was is being ended; ask again after that.
        case wait(Link)
        case stands(InitializeResult)
        /// The connection is being opened already.
        case refuse
    }

    /// - Parameter make: Makes the link of this id.
    mutating func connect(_ make: (Int) -> Link) -> Connecting {
        switch state {
        case .idle: return .open(open(make))
        case .leaving(let link): return .wait(link)
        case .standing(_, _, let result), .renewing(_, _, let result, _): return .stands(result)
        case .opening, .broken, .fallingBack: return .refuse
        }
    }

    private mutating func open(_ make: (Int) -> Link) -> Link {
        links += 1
        let link = make(links)
        state = .opening(link, nextSession())
        return link
    }

    private mutating func nextSession() -> Session {
        sessions += 1
        return Session(number: sessions)
    }

    /// Whether who opens a link, or sends on it, may go on.
    enum Going {
        case on(Session)
        case broken(OmlxError)
        /// The connection was closed, or lost, meanwhile.
        case over
    }

    func going(_ id: Int) -> Going {
        switch state {
        case .opening(let link, let session) where link.id == id,
            .standing(let link, let session, _) where link.id == id,
            .renewing(let link, let session, _, _) where link.id == id:
            .on(session)
        case .broken(let link, let error) where link.id == id: .broken(error)
        default: .over
        }
    }

    /// The opening of a session is begun anew: what was said of the last one is not meant.
    mutating func reopen(_ id: Int) {
        switch state {
        case .opening(let link, _) where link.id == id: state = .opening(link, nextSession())
        case .renewing(let link, _, let former, let comers) where link.id == id:
            state = .renewing(link, nextSession(), former: former, comers)
        default: break
        }
    }

    /// Changes what is known of the session that is being settled.
    mutating func change<Failure: Error>(
        _ id: Int, _ change: (inout Era) throws(Failure) -> Void
    ) throws(Failure) {
        switch state {
        case .opening(let link, var session) where link.id == id:
            try change(&session.era)
            state = .opening(link, session)
        case .renewing(let link, var session, let former, let comers) where link.id == id:
            try change(&session.era)
            state = .renewing(link, session, former: former, comers)
        default: break
        }
    }

    /// The session is settled.
    /// - Returns: Who may go on with it; `nil` when it came too late.
    mutating func settled(_ id: Int, _ result: InitializeResult) -> [Comer]? {
        switch state {
        case .opening(let link, let session) where link.id == id:
            state = .standing(link, session, result)
            return []
        case .renewing(let link, let session, _, let comers) where link.id == id:
            state = .standing(link, session, result)
            return comers
        default: return nil
        }
    }

    // MARK: requests

    enum Admission {
        case send(Link)
        /// A session is being begun anew: wait for it.
        case wait
        case refuse
    }

    /// A request is to be sent.
    func admit() -> Admission {
        switch state {
        case .standing(let link, _, _): .send(link)
        case .renewing: .wait
        case .idle, .opening, .broken, .fallingBack, .leaving: .refuse
        }
    }

    /// A request found that the server forgot the session it was sent in.
    /// - Returns: The link on which a new session is to be settled; `nil` where that is being done, or was.
    mutating func lost(session number: Int) -> Link? {
        guard case .standing(let link, let session, let result) = state, session.number == number else { return nil }
        state = .renewing(link, nextSession(), former: result, [])
        return link
    }

    /// Waits for the session that is being begun anew.
    /// - Returns: Whether there is one.
    mutating func wait(_ comer: Comer) -> Bool {
        guard case .renewing(let link, let session, let former, let comers) = state else { return false }
        state = .renewing(link, session, former: former, comers + [comer])
        return true
    }

    // MARK: ends

    /// A link to be ended, and what ends with it.
    struct Ending {
        let link: Link
        var requests: [RequestTable<Waiter>.Request] = []
        var comers: [Comer] = []
        /// The headers of the session the server is to be told the end of.
        var farewell: [HTTPRequestHeader]?
        /// Whether a session stood that ends here.
        var wasConnected = false
    }

    /// The way could not be opened.
    /// - Parameter fallsBack: Whether another one follows.
    mutating func failed(_ id: Int, fallsBack: Bool = false) -> Ending? {
        switch state {
        case .opening(let link, _) where link.id == id, .broken(let link, _) where link.id == id:
            return end(link, then: fallsBack ? .fallingBack(link) : .leaving(link))
        default: return nil
        }
    }

    /// The link broke by itself.
    enum Break {
        /// Who opens it ends it; these requests on it are over.
        case whileOpening([RequestTable<Waiter>.Request])
        case end(Ending)
    }

    /// - Returns: `nil` for one that is over already.
    mutating func ended(_ id: Int, _ error: OmlxError) -> Break? {
        switch state {
        case .opening(let link, _) where link.id == id:
            state = .broken(link, error)
            return .whileOpening(requests.abandonAll())
        case .standing(let link, _, _) where link.id == id, .renewing(let link, _, _, _) where link.id == id:
            return .end(end(link, then: .leaving(link)))
        default: return nil
        }
    }

    enum Closing {
        case nothing
        /// The link is being ended already.
        case wait(Link)
        case end(Ending)
    }

    /// The connection is to be closed.
    mutating func close() -> Closing {
        switch state {
        case .idle: return .nothing
        case .leaving(let link): return .wait(link)
        case .fallingBack(let link):
            state = .leaving(link)
            return .wait(link)
        case .opening(let link, _), .broken(let link, _), .standing(let link, _, _), .renewing(let link, _, _, _):
            return .end(end(link, then: .leaving(link)))
        }
    }

    private mutating func end(_ link: Link, then next: State) -> Ending {
        var ending = Ending(link: link, requests: requests.abandonAll(), farewell: session?.era.farewell)
        ending.wasConnected = description != nil
        if case .renewing(_, _, _, let comers) = state { ending.comers = comers }
        state = next
        return ending
    }

    /// The link is gone.
    /// - Parameter make: Makes the link that follows where one was to.
    /// - Returns: That link.
    mutating func gone(_ id: Int, _ make: (Int) -> Link) -> Link? {
        switch state {
        case .leaving(let link) where link.id == id: state = .idle
        case .fallingBack(let link) where link.id == id: return open(make)
        default: break
        }
        return nil
    }
}
