// The life of a server as a table: every event in every state.

import OmlxErrors
import Testing

@testable import OmlxMCPHost

private struct FakeLink: Identifiable, Hashable, Sendable { let id: Int }

private typealias Life = ServerLife<FakeLink>

private let wrong = OmlxError(.transportProcessExited, "it ended")
private let gone = OmlxError(.hostStopped, "no host")
private let other = OmlxError(.protocolErrorResponse, "no list")

extension Life {
    fileprivate var text: String {
        switch state {
        case .idle: "idle"
        case .starting(let attempt):
            "starting \(attempt.number)" + (attempt.link.map { ", link \($0.id)" } ?? "")
                + (attempt.isStale ? ", stale" : "")
        case .ready(let link, let listing): "ready \(link.id), \(listing)"
        case .degraded(let link, let error, let listing): "degraded \(link.id), \(listing): \(error.message)"
        case .returning(let error, let number): "returning \(number): \(error.message)"
        case .failed(let error): "failed: \(error.message)"
        case .stopped(let error): "stopped: \(error.message)"
        }
    }

    /// A life in each state; its first attempt had link 1.
    fileprivate static func inState(_ name: String) -> Life {
        var life = Life()
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
        case "degraded": _ = life.failed(FakeLink(id: 1), other, session: true, jitter: 0)
        case "failed": _ = life.failed(FakeLink(id: 1), wrong, session: false, jitter: 0)
        default:
            _ = life.listed(FakeLink(id: 1))
            if name == "listing" { _ = life.toolsChanged(FakeLink(id: 1)) }
            if name == "returning" { _ = life.lost(FakeLink(id: 1), wrong, returns: true, jitter: 0) }
        }
        return life
    }

    /// Feeds an event; what the driver is to do comes back in words.
    fileprivate mutating func feed(_ event: String, _ link: FakeLink = FakeLink(id: 1)) -> String {
        switch event {
        case "start":
            switch start() {
            case .run(let number, let former): "run \(number)" + (former.map { ", leaving \($0.id)" } ?? "")
            case .join(let number): "join \(number)"
            case .ready: "ready"
            case .refuse: "refuse"
            }
        case "left": left(1) ? "cancel" : "go on"
        case "listed": "\(listed(link))"
        case "tools changed": toolsChanged(link) ? "list" : "no"
        case "listing ended": listingEnded(link) ? "list" : "no"
        case "failed": words(failed(link, wrong, session: false, jitter: 0))
        case "failed, session stands": words(failed(link, other, session: true, jitter: 0))
        case "cancelled": cancelled(link, wrong) ? "close" : "no"
        case "lost": words(lost(link, wrong, returns: false, jitter: 0))
        case "child lost": words(lost(link, wrong, returns: true, jitter: 0))
        case "pause over": returned(2).map { "run \($0)" } ?? "no"
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
        ("idle", "child lost", "late", "idle"),
        ("idle", "pause over", "no", "idle"),
        ("idle", "leave", "nothing", "idle"),
        ("idle", "over", "", "idle"),
        ("idle", "halt", "", "idle"),
        ("idle", "end", "", "failed: no list"),
        ("idle", "forget", "", "idle"),
        ("idle", "stop", "", "stopped: no host"),

        ("starting", "start", "join 1", "starting 1"),
        ("starting", "left", "cancel", "starting 1"),
        ("starting", "listed", "late", "starting 1"),
        ("starting", "tools changed", "no", "starting 1"),
        ("starting", "listing ended", "no", "starting 1"),
        ("starting", "failed", "late", "starting 1"),
        ("starting", "failed, session stands", "late", "starting 1"),
        ("starting", "cancelled", "no", "starting 1"),
        ("starting", "lost", "late", "starting 1"),
        ("starting", "child lost", "late", "starting 1"),
        ("starting", "pause over", "no", "starting 1"),
        ("starting", "leave", "nothing", "starting 1"),
        ("starting", "over", "", "idle"),
        ("starting", "halt", "", "starting 1"),
        ("starting", "end", "", "failed: no list"),
        ("starting", "forget", "", "starting 1"),
        ("starting", "stop", "", "stopped: no host"),

        ("opened", "start", "join 1", "starting 1, link 1"),
        ("opened", "left", "cancel", "starting 1, link 1"),
        ("opened", "listed", "taken", "ready 1, current"),
        ("opened", "tools changed", "no", "starting 1, link 1, stale"),
        ("opened", "listing ended", "no", "starting 1, link 1"),
        ("opened", "failed", "close", "failed: it ended"),
        ("opened", "failed, session stands", "stays", "degraded 1, current: no list"),
        ("opened", "cancelled", "close", "failed: it ended"),
        ("opened", "lost", "late", "starting 1, link 1"),
        ("opened", "child lost", "late", "starting 1, link 1"),
        ("opened", "pause over", "no", "starting 1, link 1"),
        ("opened", "leave", "close 1", "starting 1"),
        ("opened", "over", "", "idle"),
        ("opened", "halt", "", "starting 1, link 1"),
        ("opened", "end", "", "failed: no list"),
        ("opened", "forget", "", "starting 1, link 1"),
        ("opened", "stop", "", "stopped: no host"),

        ("ready", "start", "ready", "ready 1, current"),
        ("ready", "left", "go on", "ready 1, current"),
        ("ready", "listed", "taken", "ready 1, current"),
        ("ready", "tools changed", "list", "ready 1, underWay"),
        ("ready", "listing ended", "no", "ready 1, current"),
        ("ready", "failed", "close", "failed: it ended"),
        ("ready", "failed, session stands", "stays", "degraded 1, current: no list"),
        ("ready", "cancelled", "close", "failed: it ended"),
        ("ready", "lost", "close", "failed: it ended"),
        ("ready", "child lost", "close, again as 2 in 1.0 s", "returning 2: it ended"),
        ("ready", "pause over", "no", "ready 1, current"),
        ("ready", "leave", "close 1", "idle"),
        ("ready", "over", "", "ready 1, current"),
        ("ready", "halt", "", "ready 1, current"),
        ("ready", "end", "", "failed: no list"),
        ("ready", "forget", "", "ready 1, current"),
        ("ready", "stop", "", "stopped: no host"),

        ("listing", "start", "ready", "ready 1, underWay"),
        ("listing", "listed", "taken", "ready 1, underWay"),
        ("listing", "tools changed", "no", "ready 1, stale"),
        ("listing", "listing ended", "no", "ready 1, current"),
        ("listing", "failed", "close", "failed: it ended"),
        ("listing", "failed, session stands", "stays", "degraded 1, underWay: no list"),
        ("listing", "cancelled", "close", "failed: it ended"),
        ("listing", "lost", "close", "failed: it ended"),
        ("listing", "leave", "close 1", "idle"),
        ("listing", "left", "go on", "ready 1, underWay"),
        ("listing", "child lost", "close, again as 2 in 1.0 s", "returning 2: it ended"),
        ("listing", "pause over", "no", "ready 1, underWay"),
        ("listing", "over", "", "ready 1, underWay"),
        ("listing", "halt", "", "ready 1, underWay"),
        ("listing", "end", "", "failed: no list"),
        ("listing", "forget", "", "ready 1, underWay"),
        ("listing", "stop", "", "stopped: no host"),

        ("degraded", "start", "run 2, leaving 1", "starting 2"),
        ("degraded", "left", "go on", "degraded 1, current: no list"),
        ("degraded", "listed", "taken", "ready 1, current"),
        ("degraded", "tools changed", "list", "degraded 1, underWay: no list"),
        ("degraded", "listing ended", "no", "degraded 1, current: no list"),
        ("degraded", "failed", "late", "degraded 1, current: no list"),
        ("degraded", "failed, session stands", "late", "degraded 1, current: no list"),
        ("degraded", "cancelled", "close", "failed: it ended"),
        ("degraded", "lost", "close", "failed: it ended"),
        ("degraded", "child lost", "close, again as 2 in 1.0 s", "returning 2: it ended"),
        ("degraded", "pause over", "no", "degraded 1, current: no list"),
        ("degraded", "leave", "close 1", "failed: no list"),
        ("degraded", "over", "", "degraded 1, current: no list"),
        ("degraded", "halt", "", "degraded 1, current: no list"),
        ("degraded", "end", "", "failed: no list"),
        ("degraded", "forget", "", "ready 1, current"),
        ("degraded", "stop", "", "stopped: no host"),

        ("returning", "start", "run 3", "starting 3"),
        ("returning", "left", "go on", "returning 2: it ended"),
        ("returning", "listed", "late", "returning 2: it ended"),
        ("returning", "tools changed", "no", "returning 2: it ended"),
        ("returning", "listing ended", "no", "returning 2: it ended"),
        ("returning", "failed", "late", "returning 2: it ended"),
        ("returning", "failed, session stands", "late", "returning 2: it ended"),
        ("returning", "cancelled", "no", "returning 2: it ended"),
        ("returning", "lost", "late", "returning 2: it ended"),
        ("returning", "child lost", "late", "returning 2: it ended"),
        ("returning", "pause over", "run 3", "starting 3"),
        ("returning", "leave", "nothing", "returning 2: it ended"),
        ("returning", "over", "", "returning 2: it ended"),
        ("returning", "halt", "", "failed: it ended"),
        ("returning", "end", "", "failed: no list"),
        ("returning", "forget", "", "idle"),
        ("returning", "stop", "", "stopped: no host"),

        ("failed", "start", "run 2", "starting 2"),
        ("failed", "left", "go on", "failed: it ended"),
        ("failed", "listed", "late", "failed: it ended"),
        ("failed", "tools changed", "no", "failed: it ended"),
        ("failed", "listing ended", "no", "failed: it ended"),
        ("failed", "failed", "late", "failed: it ended"),
        ("failed", "failed, session stands", "late", "failed: it ended"),
        ("failed", "cancelled", "no", "failed: it ended"),
        ("failed", "lost", "late", "failed: it ended"),
        ("failed", "child lost", "late", "failed: it ended"),
        ("failed", "pause over", "no", "failed: it ended"),
        ("failed", "leave", "nothing", "failed: it ended"),
        ("failed", "over", "", "failed: it ended"),
        ("failed", "halt", "", "failed: it ended"),
        ("failed", "end", "", "failed: no list"),
        ("failed", "forget", "", "idle"),
        ("failed", "stop", "", "stopped: no host"),

        ("stopped", "start", "refuse", "stopped: no host"),
        ("stopped", "left", "go on", "stopped: no host"),
        ("stopped", "listed", "late", "stopped: no host"),
        ("stopped", "tools changed", "no", "stopped: no host"),
        ("stopped", "listing ended", "no", "stopped: no host"),
        ("stopped", "failed", "late", "stopped: no host"),
        ("stopped", "failed, session stands", "late", "stopped: no host"),
        ("stopped", "cancelled", "no", "stopped: no host"),
        ("stopped", "lost", "late", "stopped: no host"),
        ("stopped", "child lost", "late", "stopped: no host"),
        ("stopped", "pause over", "no", "stopped: no host"),
        ("stopped", "leave", "nothing", "stopped: no host"),
        ("stopped", "over", "", "stopped: no host"),
        ("stopped", "halt", "", "stopped: no host"),
        ("stopped", "end", "", "stopped: no host"),
        ("stopped", "forget", "", "stopped: no host"),
        ("stopped", "stop", "", "stopped: no host"),
    ]

    @Test("every event in every state", arguments: table)
    func row(row: (state: String, event: String, done: String, after: String)) {
        var life = Life.inState(row.state)
        #expect(life.feed(row.event) == row.done)
        #expect(life.text == row.after)
    }

    @Test("what an earlier connection says changes nothing")
    func late() {
        for state in ["opened", "ready", "listing", "degraded"] {
            var life = Life.inState(state)
            let before = life.text
            for event in [
                "listed", "tools changed", "listing ended", "failed", "failed, session stands", "cancelled", "lost",
                "child lost",
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
        #expect(life.feed("child lost") == "close")
        life.resume()
        #expect(life.feed("start") == "refuse")
        life.resume()
        #expect(life.feed("start") == "run 2")
    }

    @Test("a return that fails is followed by another, later; one that works begins with the first pause again")
    func returns() {
        var life = Life.inState("returning")
        var number = 2
        for pause in [2.0, 4.0] {
            let attempt = life.returned(number)
            life.opened(attempt ?? 0, FakeLink(id: number))
            let failure = life.failed(FakeLink(id: number), wrong, session: false, jitter: 0)
            number += 2
            #expect(failure == .close(.init(number: number, pause: pause)))
        }
        let attempt = life.returned(number)
        life.opened(attempt ?? 0, FakeLink(id: 9))
        _ = life.listed(FakeLink(id: 9))
        #expect(life.feed("child lost", FakeLink(id: 9)) == "close, again as \(number + 2) in 1.0 s")
    }

    @Test("a child is started again five times in ten minutes; then it has failed, and says so")
    func limit() {
        var life = Life.inState("ready")
        let start = ContinuousClock.now
        var link = FakeLink(id: 1)
        func lose(_ life: inout Life, after seconds: Int) -> Bool {
            guard
                case .close(let next?) = life.lost(
                    link, wrong, returns: true, at: start + .seconds(seconds), jitter: 0),
                let attempt = life.returned(next.number)
            else { return false }
            link = FakeLink(id: attempt)
            life.opened(attempt, link)
            _ = life.listed(link)
            return true
        }
        for index in 0..<5 { #expect(lose(&life, after: index * 60)) }
        var later = life
        #expect(!lose(&life, after: 599))
        #expect(
            life.text == "failed: it ended; it was started again 5 times in 10 minutes, and is left alone now")
        #expect(lose(&later, after: 601), "the first one is long ago by then")
    }
}
