// The life of a server as a table: every event in every state.

import OmlxErrors
import Testing

@testable import OmlxMCPHost

private struct FakeLink: Identifiable, Hashable, Sendable { let id: Int }

private typealias Life = ServerLife<FakeLink>

private let zero = ContinuousClock.now

private let wrong = OmlxError(.transportProcessExited, "it ended")
private let gone = OmlxError(.hostStopped, "no host")
private let refused = OmlxError(.transportConnectionRefused, "refused")
private let other = OmlxError(.protocolErrorResponse, "no list")

extension Life {
    fileprivate var text: String {
        switch state {
        case .idle: "idle"
        case .starting(let attempt):
            "starting \(attempt.number)" + (attempt.link.map { ", link \($0.id)" } ?? "")
                + (attempt.hasSession ? ", session" : "") + (attempt.isStale ? ", stale" : "")
        case .ready(let link, let listing): "ready \(link.id), \(listing)"
        case .degraded(let link, .listing(let error), let listing):
            "degraded \(link.id), \(listing): \(error.message)"
        case .degraded(let link, .unreachable(let error, _), let listing):
            "unreachable \(link.id), \(listing): \(error.message)"
        case .resting: "resting"
        case .returning(let error, let number): "returning \(number): \(error.message)"
        case .failed(let error, _): "failed: \(error.message)"
        case .stopped(let error): "stopped: \(error.message)"
        }
    }

    /// A life in each state; its first attempt had link 1.
    fileprivate static func inState(_ name: String) -> Life {
        var life = Life(isChild: false)
        guard name != "idle" else { return life }
        _ = life.start()
        life.joined(1)
        guard name != "starting" else { return life }
        life.opened(1, FakeLink(id: 1))
        switch name {
        case "opened": break
        case "stopped":
            _ = life.leave()
            life.stop(gone)
        case "session": _ = life.connected(FakeLink(id: 1))
        case "degraded": _ = life.failed(FakeLink(id: 1), other, session: true, at: zero, jitter: 0)
        case "failed": _ = life.failed(FakeLink(id: 1), wrong, session: false, at: zero, jitter: 0)
        default:
            _ = life.listed(FakeLink(id: 1), at: zero)
            if name == "listing" { _ = life.toolsChanged(FakeLink(id: 1)) }
            if name == "returning" { _ = life.lost(FakeLink(id: 1), wrong, at: zero, jitter: 0) }
            if name == "resting" { _ = life.rest(FakeLink(id: 1)) }
            if name == "unreachable" { _ = life.unreached(FakeLink(id: 1), refused, at: zero, jitter: 0) }
        }
        return life
    }

    /// Feeds an event; what the driver is to do comes back in words.
    fileprivate mutating func feed(
        _ event: String, _ link: FakeLink = FakeLink(id: 1), after seconds: Double = 0
    ) -> String {
        let now = zero + .seconds(seconds)
        return words(of: event, link, now)
    }

    private mutating func words(of event: String, _ link: FakeLink, _ now: ContinuousClock.Instant) -> String {
        switch event {
        case "start":
            switch start() {
            case .run(let number, let former): "run \(number)" + (former.map { ", leaving \($0.id)" } ?? "")
            case .join(let number): "join \(number)"
            case .ready: "ready"
            case .refuse: "refuse"
            }
        case "left": left(1) ? "cancel" : "go on"
        case "listed": "\(listed(link, at: now))"
        case "tools changed": toolsChanged(link) ? "list" : "no"
        case "listing ended": listingEnded(link) ? "list" : "no"
        case "failed": words(failed(link, wrong, session: false, at: now, jitter: 0))
        case "failed, session stands": words(failed(link, other, session: true, at: now, jitter: 0))
        case "cancelled": cancelled(link, wrong) ? "close" : "no"
        case "connected": connected(link) ? "yes" : "no"
        case "lost": words(lost(link, wrong, at: now, jitter: 0))
        case "unreached": words(unreached(link, refused, at: now, jitter: 0))
        case "answered": answered(link) ? "news" : "no"
        case "pause over": returned(2).map { "run \($0)" } ?? "no"
        case "rest": rest(link) ? "close" : "no"
        case "hurry": hurried().map { "run \($0)" } ?? "no"
        case "leave": leave().map { "close \($0.id)" } ?? "nothing"
        case "over": says { $0.ended(1) }
        case "halt": says { $0.halt() }
        case "end": says { $0.end(other) }
        case "stop": says { $0.stop(gone) }
        default: says { $0.forget() }
        }
    }

    private mutating func says(_ change: (inout Life) -> Void) -> String {
        change(&self)
        return ""
    }

    private func words(_ unreached: (isNews: Bool, ask: Return?)) -> String {
        guard let ask = unreached.ask else { return unreached.isNews ? "news" : "no" }
        return "news, ask as \(ask.number) in \(ask.pause) s"
    }

    private func words(_ failure: Failure) -> String {
        switch failure {
        case .late: "late"
        case .stays: "stays"
        case .close(let next): "close" + (next.map { ", again as \($0.number) in \($0.pause) s" } ?? "")
        }
    }
}

@Suite("The life of a server")
struct ServerLifeTests {
    /// (state, event, what is done, the state after it)
    static let table: [(String, String, String, String)] = [
        ("idle", "start", "run 1", "starting 1"),
        ("idle", "left", "go on", "idle"),
        ("idle", "listed", "late", "idle"),
        ("idle", "tools changed", "no", "idle"),
        ("idle", "listing ended", "no", "idle"),
        ("idle", "failed", "late", "idle"),
        ("idle", "failed, session stands", "late", "idle"),
        ("idle", "cancelled", "no", "idle"),
        ("idle", "lost", "late", "idle"),
        ("idle", "pause over", "no", "idle"),
        ("idle", "leave", "nothing", "idle"),
        ("idle", "over", "", "idle"),
        ("idle", "halt", "", "idle"),
        ("idle", "end", "", "failed: no list"),
        ("idle", "forget", "", "idle"),
        ("idle", "stop", "", "stopped: no host"),
        ("idle", "connected", "no", "idle"),
        ("idle", "unreached", "no", "idle"),
        ("idle", "answered", "no", "idle"),

        ("starting", "start", "join 1", "starting 1"),
        ("starting", "left", "cancel", "starting 1"),
        ("starting", "listed", "late", "starting 1"),
        ("starting", "tools changed", "no", "starting 1"),
        ("starting", "listing ended", "no", "starting 1"),
        ("starting", "failed", "late", "starting 1"),
        ("starting", "failed, session stands", "late", "starting 1"),
        ("starting", "cancelled", "no", "starting 1"),
        ("starting", "lost", "late", "starting 1"),
        ("starting", "pause over", "no", "starting 1"),
        ("starting", "leave", "nothing", "starting 1"),
        ("starting", "over", "", "idle"),
        ("starting", "halt", "", "starting 1"),
        ("starting", "end", "", "failed: no list"),
        ("starting", "forget", "", "starting 1"),
        ("starting", "stop", "", "stopped: no host"),
        ("starting", "connected", "no", "starting 1"),
        ("starting", "unreached", "no", "starting 1"),
        ("starting", "answered", "no", "starting 1"),

        ("opened", "start", "join 1", "starting 1, link 1"),
        ("opened", "left", "cancel", "starting 1, link 1"),
        ("opened", "listed", "taken", "ready 1, current"),
        ("opened", "tools changed", "no", "starting 1, link 1, stale"),
        ("opened", "listing ended", "no", "starting 1, link 1"),
        ("opened", "failed", "close", "failed: it ended"),
        ("opened", "failed, session stands", "stays", "degraded 1, current: no list"),
        ("opened", "cancelled", "close", "failed: it ended"),
        ("opened", "lost", "late", "starting 1, link 1"),
        ("opened", "pause over", "no", "starting 1, link 1"),
        ("opened", "leave", "close 1", "starting 1"),
        ("opened", "over", "", "idle"),
        ("opened", "halt", "", "starting 1, link 1"),
        ("opened", "end", "", "failed: no list"),
        ("opened", "forget", "", "starting 1, link 1"),
        ("opened", "stop", "", "stopped: no host"),
        ("opened", "connected", "yes", "starting 1, link 1, session"),
        ("opened", "unreached", "no", "starting 1, link 1"),
        ("opened", "answered", "no", "starting 1, link 1"),

        ("session", "start", "join 1", "starting 1, link 1, session"),
        ("session", "listed", "taken", "ready 1, current"),
        ("session", "tools changed", "no", "starting 1, link 1, session, stale"),
        ("session", "failed", "close", "failed: it ended"),
        ("session", "failed, session stands", "stays", "degraded 1, current: no list"),
        ("session", "lost", "late", "starting 1, link 1, session"),
        ("session", "unreached", "no", "starting 1, link 1, session"),
        ("session", "leave", "close 1", "starting 1"),
        ("session", "connected", "yes", "starting 1, link 1, session"),

        ("ready", "start", "ready", "ready 1, current"),
        ("ready", "left", "go on", "ready 1, current"),
        ("ready", "listed", "taken", "ready 1, current"),
        ("ready", "tools changed", "list", "ready 1, underWay"),
        ("ready", "listing ended", "no", "ready 1, current"),
        ("ready", "failed", "close", "failed: it ended"),
        ("ready", "failed, session stands", "stays", "degraded 1, current: no list"),
        ("ready", "cancelled", "close", "failed: it ended"),
        ("ready", "lost", "close, again as 2 in 1.0 s", "returning 2: it ended"),
        ("ready", "pause over", "no", "ready 1, current"),
        ("ready", "leave", "close 1", "idle"),
        ("ready", "over", "", "ready 1, current"),
        ("ready", "halt", "", "ready 1, current"),
        ("ready", "end", "", "failed: no list"),
        ("ready", "forget", "", "ready 1, current"),
        ("ready", "stop", "", "stopped: no host"),
        ("ready", "connected", "no", "ready 1, current"),
        ("ready", "unreached", "news, ask as 2 in 1.0 s", "unreachable 1, current: refused"),
        ("ready", "answered", "no", "ready 1, current"),

        ("listing", "start", "ready", "ready 1, underWay"),
        ("listing", "listed", "taken", "ready 1, underWay"),
        ("listing", "tools changed", "no", "ready 1, stale"),
        ("listing", "listing ended", "no", "ready 1, current"),
        ("listing", "failed", "close", "failed: it ended"),
        ("listing", "failed, session stands", "stays", "degraded 1, underWay: no list"),
        ("listing", "cancelled", "close", "failed: it ended"),
        ("listing", "lost", "close, again as 2 in 1.0 s", "returning 2: it ended"),
        ("listing", "leave", "close 1", "idle"),
        ("listing", "left", "go on", "ready 1, underWay"),
        ("listing", "pause over", "no", "ready 1, underWay"),
        ("listing", "over", "", "ready 1, underWay"),
        ("listing", "halt", "", "ready 1, underWay"),
        ("listing", "end", "", "failed: no list"),
        ("listing", "forget", "", "ready 1, underWay"),
        ("listing", "stop", "", "stopped: no host"),
        ("listing", "connected", "no", "ready 1, underWay"),
        ("listing", "unreached", "news, ask as 2 in 1.0 s", "unreachable 1, underWay: refused"),
        ("listing", "answered", "no", "ready 1, underWay"),

        ("degraded", "start", "run 2, leaving 1", "starting 2"),
        ("degraded", "left", "go on", "degraded 1, current: no list"),
        ("degraded", "listed", "taken", "ready 1, current"),
        ("degraded", "tools changed", "list", "degraded 1, underWay: no list"),
        ("degraded", "listing ended", "no", "degraded 1, current: no list"),
        ("degraded", "failed", "late", "degraded 1, current: no list"),
        ("degraded", "failed, session stands", "late", "degraded 1, current: no list"),
        ("degraded", "cancelled", "close", "failed: it ended"),
        ("degraded", "lost", "close, again as 2 in 1.0 s", "returning 2: it ended"),
        ("degraded", "pause over", "no", "degraded 1, current: no list"),
        ("degraded", "leave", "close 1", "failed: no list"),
        ("degraded", "over", "", "degraded 1, current: no list"),
        ("degraded", "halt", "", "degraded 1, current: no list"),
        ("degraded", "end", "", "failed: no list"),
        ("degraded", "forget", "", "ready 1, current"),
        ("degraded", "stop", "", "stopped: no host"),
        ("degraded", "connected", "no", "degraded 1, current: no list"),
        ("degraded", "unreached", "no", "degraded 1, current: no list"),
        ("degraded", "answered", "no", "degraded 1, current: no list"),

        ("unreachable", "start", "ready", "unreachable 1, current: refused"),
        ("unreachable", "left", "go on", "unreachable 1, current: refused"),
        ("unreachable", "listed", "taken", "ready 1, current"),
        ("unreachable", "tools changed", "list", "unreachable 1, underWay: refused"),
        ("unreachable", "listing ended", "no", "unreachable 1, current: refused"),
        ("unreachable", "failed", "late", "unreachable 1, current: refused"),
        ("unreachable", "failed, session stands", "late", "unreachable 1, current: refused"),
        ("unreachable", "cancelled", "close", "failed: it ended"),
        ("unreachable", "lost", "close, again as 3 in 1.0 s", "returning 3: it ended"),
        ("unreachable", "pause over", "no", "unreachable 1, current: refused"),
        ("unreachable", "leave", "close 1", "failed: refused"),
        ("unreachable", "over", "", "unreachable 1, current: refused"),
        ("unreachable", "halt", "", "unreachable 1, current: refused"),
        ("unreachable", "end", "", "failed: no list"),
        ("unreachable", "forget", "", "unreachable 1, current: refused"),
        ("unreachable", "stop", "", "stopped: no host"),
        ("unreachable", "connected", "no", "unreachable 1, current: refused"),
        ("unreachable", "unreached", "news", "unreachable 1, current: refused"),
        ("unreachable", "answered", "news", "ready 1, current"),

        ("returning", "start", "run 3", "starting 3"),
        ("returning", "left", "go on", "returning 2: it ended"),
        ("returning", "listed", "late", "returning 2: it ended"),
        ("returning", "tools changed", "no", "returning 2: it ended"),
        ("returning", "listing ended", "no", "returning 2: it ended"),
        ("returning", "failed", "late", "returning 2: it ended"),
        ("returning", "failed, session stands", "late", "returning 2: it ended"),
        ("returning", "cancelled", "no", "returning 2: it ended"),
        ("returning", "lost", "late", "returning 2: it ended"),
        ("returning", "pause over", "run 3", "starting 3"),
        ("returning", "leave", "nothing", "returning 2: it ended"),
        ("returning", "over", "", "returning 2: it ended"),
        ("returning", "halt", "", "failed: it ended"),
        ("returning", "end", "", "failed: no list"),
        ("returning", "forget", "", "idle"),
        ("returning", "stop", "", "stopped: no host"),
        ("returning", "connected", "no", "returning 2: it ended"),
        ("returning", "unreached", "no", "returning 2: it ended"),
        ("returning", "answered", "no", "returning 2: it ended"),

        ("failed", "start", "run 2", "starting 2"),
        ("failed", "left", "go on", "failed: it ended"),
        ("failed", "listed", "late", "failed: it ended"),
        ("failed", "tools changed", "no", "failed: it ended"),
        ("failed", "listing ended", "no", "failed: it ended"),
        ("failed", "failed", "late", "failed: it ended"),
        ("failed", "failed, session stands", "late", "failed: it ended"),
        ("failed", "cancelled", "no", "failed: it ended"),
        ("failed", "lost", "late", "failed: it ended"),
        ("failed", "pause over", "no", "failed: it ended"),
        ("failed", "leave", "nothing", "failed: it ended"),
        ("failed", "over", "", "failed: it ended"),
        ("failed", "halt", "", "failed: it ended"),
        ("failed", "end", "", "failed: no list"),
        ("failed", "forget", "", "idle"),
        ("failed", "stop", "", "stopped: no host"),
        ("failed", "connected", "no", "failed: it ended"),
        ("failed", "unreached", "no", "failed: it ended"),
        ("failed", "answered", "no", "failed: it ended"),

        ("resting", "start", "run 2", "starting 2"),
        ("resting", "left", "go on", "resting"),
        ("resting", "listed", "late", "resting"),
        ("resting", "tools changed", "no", "resting"),
        ("resting", "listing ended", "no", "resting"),
        ("resting", "failed", "late", "resting"),
        ("resting", "failed, session stands", "late", "resting"),
        ("resting", "cancelled", "no", "resting"),
        ("resting", "lost", "late", "resting"),
        ("resting", "pause over", "no", "resting"),
        ("resting", "leave", "nothing", "resting"),
        ("resting", "over", "", "resting"),
        ("resting", "halt", "", "resting"),
        ("resting", "end", "", "failed: no list"),
        ("resting", "forget", "", "resting"),
        ("resting", "stop", "", "stopped: no host"),
        ("resting", "connected", "no", "resting"),
        ("resting", "unreached", "no", "resting"),
        ("resting", "answered", "no", "resting"),
        ("resting", "rest", "no", "resting"),
        ("resting", "hurry", "no", "resting"),

        ("idle", "rest", "no", "idle"),
        ("starting", "rest", "no", "starting 1"),
        ("session", "rest", "no", "starting 1, link 1, session"),
        ("ready", "rest", "close", "resting"),
        ("listing", "rest", "no", "ready 1, underWay"),
        ("degraded", "rest", "no", "degraded 1, current: no list"),
        ("unreachable", "rest", "no", "unreachable 1, current: refused"),
        ("returning", "rest", "no", "returning 2: it ended"),
        ("failed", "rest", "no", "failed: it ended"),
        ("stopped", "rest", "no", "stopped: no host"),

        ("idle", "hurry", "no", "idle"),
        ("starting", "hurry", "no", "starting 1"),
        ("ready", "hurry", "no", "ready 1, current"),
        ("degraded", "hurry", "no", "degraded 1, current: no list"),
        ("unreachable", "hurry", "no", "unreachable 1, current: refused"),
        ("returning", "hurry", "run 3", "starting 3"),
        ("failed", "hurry", "no", "failed: it ended"),
        ("stopped", "hurry", "no", "stopped: no host"),

        ("stopped", "start", "refuse", "stopped: no host"),
        ("stopped", "left", "go on", "stopped: no host"),
        ("stopped", "listed", "late", "stopped: no host"),
        ("stopped", "tools changed", "no", "stopped: no host"),
        ("stopped", "listing ended", "no", "stopped: no host"),
        ("stopped", "failed", "late", "stopped: no host"),
        ("stopped", "failed, session stands", "late", "stopped: no host"),
        ("stopped", "cancelled", "no", "stopped: no host"),
        ("stopped", "lost", "late", "stopped: no host"),
        ("stopped", "pause over", "no", "stopped: no host"),
        ("stopped", "leave", "nothing", "stopped: no host"),
        ("stopped", "over", "", "stopped: no host"),
        ("stopped", "halt", "", "stopped: no host"),
        ("stopped", "end", "", "stopped: no host"),
        ("stopped", "forget", "", "stopped: no host"),
        ("stopped", "stop", "", "stopped: no host"),
        ("stopped", "connected", "no", "stopped: no host"),
        ("stopped", "unreached", "no", "stopped: no host"),
        ("stopped", "answered", "no", "stopped: no host"),
    ]

    @Test("every event in every state", arguments: table)
    func row(row: (state: String, event: String, done: String, after: String)) {
        var life = Life.inState(row.state)
        #expect(life.feed(row.event) == row.done)
        #expect(life.text == row.after)
    }

    @Test("a server that rests keeps its tools, also while it is opened again")
    func resting() {
        var life = Life.inState("resting")
        #expect(life.tools == .usable && life.transport.state == .idle && life.problem == nil)
        _ = life.start()
        #expect(life.tools == .usable && life.transport.state == .connecting)
        var returning = Life.inState("returning")
        for pause in [2.0, 4, 8] {
            let attempt = returning.hurried() ?? 0
            returning.opened(attempt, FakeLink(id: attempt))
            let failure = returning.failed(FakeLink(id: attempt), wrong, session: false, at: zero, jitter: 0)
            // Each time what kept it away may be over: the pauses begin anew.
            #expect(failure == .close(.init(number: attempt + 1, pause: 1)), "not \(pause)")
        }
    }

    @Test("a server that is kept is tried again also where it was never reached; what a person has to mend is not")
    func kept() {
        var life = Life(isChild: false, isKept: true)
        _ = life.start()
        life.joined(1)
        #expect(life.feed("left") == "go on")
        life.opened(1, FakeLink(id: 1))
        var other = life
        let failure = life.failed(FakeLink(id: 1), refused, session: false, at: zero, jitter: 0)
        #expect(failure == .close(.init(number: 2, pause: 1)))
        let needed = OmlxError(.oauthSignInNeeded, "sign in")
        let end = other.failed(FakeLink(id: 1), needed, session: false, at: zero, jitter: 0)
        #expect(end == .close(nil))
    }

    @Test("what an earlier connection says changes nothing")
    func late() {
        for state in ["opened", "session", "ready", "listing", "degraded", "unreachable"] {
            var life = Life.inState(state)
            let before = life.text
            for event in [
                "listed", "tools changed", "listing ended", "failed", "failed, session stands", "cancelled", "lost",
                "connected", "unreached", "answered",
            ] { _ = life.feed(event, FakeLink(id: 7)) }
            #expect(life.text == before)
        }
    }

    @Test("a server that says during its first listing that its tools are others is listed once more")
    func stale() {
        var life = Life.inState("opened")
        _ = life.feed("tools changed")
        #expect(life.feed("listed") == "stale")
        #expect(life.text == "ready 1, underWay")
        _ = life.feed("tools changed")
        _ = life.feed("tools changed")
        #expect(life.feed("listing ended") == "list")
        #expect(life.feed("listing ended") == "no")
    }

    @Test("an attempt is cancelled when the last one who waits for it gives up, unless it is made in any case")
    func waiting() {
        var life = Life.inState("starting")
        life.joined(1)
        #expect(life.feed("left") == "go on")
        #expect(life.feed("left") == "cancel")
        var returning = Life.inState("returning")
        _ = returning.returned(2)
        returning.joined(3)
        let isCancelled = returning.left(3)
        #expect(!isCancelled)
    }

    @Test("while everything is being ended, nothing is begun")
    func halted() {
        var life = Life.inState("ready")
        life.halt()
        life.halt()
        #expect(life.feed("lost") == "close")
        life.resume()
        #expect(life.feed("start") == "refuse")
        life.resume()
        #expect(life.feed("start") == "run 2")
    }

    @Test("a return that fails is followed by another, later, up to five minutes; never is the server left alone")
    func returns() {
        var life = Life.inState("returning")
        var number = 2
        for pause in [2.0, 4, 8, 16, 32, 64, 128, 200, 200, 200] {
            let attempt = life.returned(number)
            life.opened(attempt ?? 0, FakeLink(id: number))
            let failure = life.failed(FakeLink(id: number), wrong, session: false, at: zero, jitter: 0)
            number += 2
            #expect(failure == .close(.init(number: number, pause: pause)))
        }
        #expect(life.returned(number) == number + 1)
        life.opened(number + 1, FakeLink(id: 9))
        _ = life.feed("listed", FakeLink(id: 9), after: 100)
        var later = life
        let soon = life.feed("lost", FakeLink(id: 9), after: 129)
        #expect(soon == "close, again as \(number + 2) in 200.0 s", "it stood for a moment only")
        let first = later.feed("lost", FakeLink(id: 9), after: 130)
        #expect(first == "close, again as \(number + 2) in 1.0 s")
    }

    @Test(
        "chance makes a pause longer, by half of it at most", arguments: [(0.0, 1.0), (0.5, 1.25), (1, 1.5), (7, 1.5)])
    func jitter(jitter: Double, pause: Double) {
        var life = Life.inState("ready")
        let loss = life.lost(FakeLink(id: 1), wrong, at: zero, jitter: jitter)
        #expect(loss == .close(.init(number: 2, pause: pause)))
    }

    @Test(
        "a return that a person has to help ends there",
        arguments: [
            (ErrorCode.transportConnectionRefused, true), (.transportNotFound, true), (.protocolContentType, true),
            (.oauthRefreshUnavailable, true), (.storeLocked, true), (.oauthSignInNeeded, false),
            (.oauthStaticHeaderRefused, false), (.oauthClientNeeded, false), (.configTLSInvalid, false),
        ])
    func help(code: ErrorCode, returns: Bool) {
        var life = Life.inState("returning")
        _ = life.returned(2)
        life.opened(3, FakeLink(id: 3))
        let failure = life.failed(
            FakeLink(id: 3), OmlxError(code, "so"), session: false, transport: .reached, at: zero, jitter: 0)
        #expect((failure != .close(nil)) == returns)
        #expect(life.transport.state == (returns ? .failed : .reached))
    }

    @Test("a child is started again five times in ten minutes; then it has failed, and says so")
    func limit() {
        var life = Life(isChild: true)
        _ = life.start()
        var link = FakeLink(id: 1)
        life.opened(1, link)
        _ = life.listed(link, at: zero)
        func lose(_ life: inout Life, after seconds: Int) -> Bool {
            guard
                case .close(let next?) = life.lost(link, wrong, at: zero + .seconds(seconds), jitter: 0),
                let attempt = life.returned(next.number)
            else { return false }
            link = FakeLink(id: attempt)
            life.opened(attempt, link)
            _ = life.listed(link, at: zero + .seconds(seconds))
            return true
        }
        for index in 0..<5 { #expect(lose(&life, after: index * 60)) }
        var later = life
        #expect(!lose(&life, after: 599))
        #expect(
            life.text == "failed: it ended; it was started again 5 times in 10 minutes, and is left alone now")
        #expect(lose(&later, after: 601), "the first one is long ago by then")
    }

    @Test("one that a call did not reach is asked once, until it is back or gone")
    func asked() {
        var life = Life.inState("unreachable")
        let link = FakeLink(id: 1)
        #expect(life.isUnreached(link, 2) && !life.isUnreached(link, 1) && !life.isUnreached(FakeLink(id: 7), 2))
        _ = life.feed("answered")
        #expect(!life.isUnreached(link, 2))
        #expect(life.feed("unreached") == "news, ask as 3 in 1.0 s")
        #expect(!life.isUnreached(link, 2) && life.isUnreached(link, 3))
    }

    /// (state, the transport and what is wrong with it, what of its tools, why it cannot be called)
    static let shown: [(String, String, String, String)] = [
        ("idle", "idle", "none", ""),
        ("starting", "connecting", "none", ""),
        ("opened", "connecting", "none", ""),
        ("session", "connected", "none", ""),
        ("ready", "connected", "usable", ""),
        ("listing", "connected", "usable", ""),
        ("degraded", "connected", "usable", "no list"),
        ("unreachable", "failed: refused", "unavailable: refused", ""),
        ("returning", "failed: it ended", "unavailable: it ended", "it ended"),
        ("failed", "failed: it ended", "unavailable: it ended", "it ended"),
        ("stopped", "idle", "none", "no host"),
    ]

    @Test("what is shown follows from the state", arguments: shown)
    func projection(row: (state: String, transport: String, tools: String, problem: String)) {
        let life = Life.inState(row.state)
        let (transport, problem) = life.transport
        #expect(transport.rawValue + (problem.map { ": \($0.message)" } ?? "") == row.transport)
        let tools =
            switch life.tools {
            case .none: "none"
            case .usable: "usable"
            case .unavailable(let error): "unavailable: \(error.message)"
            }
        #expect(tools == row.tools)
        #expect(life.problem?.message ?? "" == row.problem)
    }

    @Test("the tools of a server that is being connected again stay unavailable until it is ready")
    func returning() {
        var life = Life.inState("returning")
        _ = life.returned(2)
        #expect(life.tools == .unavailable(wrong) && life.transport.state == .connecting)
        life.opened(3, FakeLink(id: 3))
        _ = life.connected(FakeLink(id: 3))
        #expect(life.tools == .unavailable(wrong) && life.transport.state == .connected)
        _ = life.feed("listed", FakeLink(id: 3))
        #expect(life.tools == .usable)
    }
}
