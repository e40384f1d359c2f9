// The life of a connection as a table: every event in every state.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

private struct FakeLink: Identifiable, Hashable, Sendable { let id: Int }

private typealias Life = ConnectionLife<FakeLink, String, String>

private let broken = OmlxError(.transportProcessExited, "it ended")

private let answer = InitializeResult(protocolVersion: "2025-11-25", capabilities: .null, serverInfo: .null)

extension Life {
    /// The state in words: its name, the link's id and the session's number.
    fileprivate var text: String {
        switch state {
        case .idle: "idle"
        case .opening(let link, let session): "opening \(link.id), session \(session.number)"
        case .broken(let link, let error): "broken \(link.id): \(error.code.text)"
        case .fallingBack(let link): "falling back \(link.id)"
        case .standing(let link, let session, _): "standing \(link.id), session \(session.number)"
        case .renewing(let link, let session, _, let comers):
            "renewing \(link.id), session \(session.number), waiting: \(comers.count)"
        case .leaving(let link): "leaving \(link.id)"
        }
    }

    /// A life in each state, on link 1, with one request under way where there can be one.
    fileprivate static func inState(_ name: String) -> Life {
        var life = Life()
        guard name != "idle" else { return life }
        _ = life.connect { FakeLink(id: $0) }
        _ = life.requests.begin(life.requests.nextID(), "asked", limit: 1, at: .now, for: "asked")
        switch name {
        case "opening": break
        case "broken": _ = life.ended(1, broken)
        case "falling back": _ = life.failed(1, fallsBack: true)
        case "standing": _ = life.settled(1, answer)
        case "renewing":
            _ = life.settled(1, answer)
            _ = life.lost(session: 1)
            _ = life.wait("comer")
        default: _ = life.close()
        }
        return life
    }

    /// Feeds an event; what the driver is to do comes back in words.
    fileprivate mutating func feed(_ event: String) -> String {
        switch event {
        case "connect":
            switch connect({ FakeLink(id: $0) }) {
            case .open(let link): "open \(link.id)"
            case .wait(let link): "wait for \(link.id)"
            case .stands: "stands"
            case .refuse: "refuse"
            }
        case "settled": settled(1, answer).map { "go on: \($0)" } ?? "too late"
        case "failed": failed(1).words
        case "failed, falls back": failed(1, fallsBack: true).words
        case "ended":
            switch ended(1, broken) {
            case .whileOpening(let requests): "fail \(requests.map(\.waiter))"
            case .end(let ending): Optional(ending).words
            case nil: "too late"
            }
        case "lost": lost(session: 1).map { "renew on \($0.id)" } ?? "no"
        case "request":
            switch admit() {
            case .send(let link): "send on \(link.id)"
            case .wait: "wait"
            case .refuse: "refuse"
            }
        case "wait": wait("another") ? "waits" : "no"
        case "close":
            switch close() {
            case .nothing: "nothing"
            case .wait(let link): "wait for \(link.id)"
            case .end(let ending): Optional(ending).words
            }
        default: gone(1) { FakeLink(id: $0) }.map { "open \($0.id)" } ?? "nothing"
        }
    }
}

extension Optional where Wrapped == ConnectionLife<FakeLink, String, String>.Ending {
    fileprivate var words: String {
        guard let self else { return "too late" }
        return "end \(self.link.id), fail \(self.requests.map(\.waiter) + self.comers)"
            + (self.wasConnected ? ", tell" : "")
    }
}

@Suite("The life of a connection")
struct ConnectionLifeTests {
    /// (state, event, what is done, the state after it)
    static let table: [(String, String, String, String)] = [
        ("idle", "connect", "open 1", "opening 1, session 1"),
        ("idle", "settled", "too late", "idle"),
        ("idle", "failed", "too late", "idle"),
        ("idle", "failed, falls back", "too late", "idle"),
        ("idle", "ended", "too late", "idle"),
        ("idle", "lost", "no", "idle"),
        ("idle", "request", "refuse", "idle"),
        ("idle", "wait", "no", "idle"),
        ("idle", "close", "nothing", "idle"),
        ("idle", "gone", "nothing", "idle"),

        ("opening", "connect", "refuse", "opening 1, session 1"),
        ("opening", "settled", "go on: []", "standing 1, session 1"),
        ("opening", "failed", #"end 1, fail ["asked"]"#, "leaving 1"),
        ("opening", "failed, falls back", #"end 1, fail ["asked"]"#, "falling back 1"),
        ("opening", "ended", #"fail ["asked"]"#, "broken 1: TRANSPORT_PROCESS_EXITED"),
        ("opening", "lost", "no", "opening 1, session 1"),
        ("opening", "request", "refuse", "opening 1, session 1"),
        ("opening", "wait", "no", "opening 1, session 1"),
        ("opening", "close", #"end 1, fail ["asked"]"#, "leaving 1"),
        ("opening", "gone", "nothing", "opening 1, session 1"),

        ("broken", "connect", "refuse", "broken 1: TRANSPORT_PROCESS_EXITED"),
        ("broken", "settled", "too late", "broken 1: TRANSPORT_PROCESS_EXITED"),
        ("broken", "failed", "end 1, fail []", "leaving 1"),
        ("broken", "failed, falls back", "end 1, fail []", "falling back 1"),
        ("broken", "ended", "too late", "broken 1: TRANSPORT_PROCESS_EXITED"),
        ("broken", "lost", "no", "broken 1: TRANSPORT_PROCESS_EXITED"),
        ("broken", "request", "refuse", "broken 1: TRANSPORT_PROCESS_EXITED"),
        ("broken", "wait", "no", "broken 1: TRANSPORT_PROCESS_EXITED"),
        ("broken", "close", "end 1, fail []", "leaving 1"),
        ("broken", "gone", "nothing", "broken 1: TRANSPORT_PROCESS_EXITED"),

        ("falling back", "connect", "refuse", "falling back 1"),
        ("falling back", "settled", "too late", "falling back 1"),
        ("falling back", "failed", "too late", "falling back 1"),
        ("falling back", "failed, falls back", "too late", "falling back 1"),
        ("falling back", "ended", "too late", "falling back 1"),
        ("falling back", "lost", "no", "falling back 1"),
        ("falling back", "request", "refuse", "falling back 1"),
        ("falling back", "wait", "no", "falling back 1"),
        ("falling back", "close", "wait for 1", "leaving 1"),
        ("falling back", "gone", "open 2", "opening 2, session 2"),

        ("standing", "connect", "stands", "standing 1, session 1"),
        ("standing", "settled", "too late", "standing 1, session 1"),
        ("standing", "failed", "too late", "standing 1, session 1"),
        ("standing", "failed, falls back", "too late", "standing 1, session 1"),
        ("standing", "ended", #"end 1, fail ["asked"], tell"#, "leaving 1"),
        ("standing", "lost", "renew on 1", "renewing 1, session 2, waiting: 0"),
        ("standing", "request", "send on 1", "standing 1, session 1"),
        ("standing", "wait", "no", "standing 1, session 1"),
        ("standing", "close", #"end 1, fail ["asked"], tell"#, "leaving 1"),
        ("standing", "gone", "nothing", "standing 1, session 1"),

        ("renewing", "connect", "stands", "renewing 1, session 2, waiting: 1"),
        ("renewing", "settled", #"go on: ["comer"]"#, "standing 1, session 2"),
        ("renewing", "failed", "too late", "renewing 1, session 2, waiting: 1"),
        ("renewing", "failed, falls back", "too late", "renewing 1, session 2, waiting: 1"),
        ("renewing", "ended", #"end 1, fail ["asked", "comer"], tell"#, "leaving 1"),
        ("renewing", "lost", "no", "renewing 1, session 2, waiting: 1"),
        ("renewing", "request", "wait", "renewing 1, session 2, waiting: 1"),
        ("renewing", "wait", "waits", "renewing 1, session 2, waiting: 2"),
        ("renewing", "close", #"end 1, fail ["asked", "comer"], tell"#, "leaving 1"),
        ("renewing", "gone", "nothing", "renewing 1, session 2, waiting: 1"),

        ("leaving", "connect", "wait for 1", "leaving 1"),
        ("leaving", "settled", "too late", "leaving 1"),
        ("leaving", "failed", "too late", "leaving 1"),
        ("leaving", "failed, falls back", "too late", "leaving 1"),
        ("leaving", "ended", "too late", "leaving 1"),
        ("leaving", "lost", "no", "leaving 1"),
        ("leaving", "request", "refuse", "leaving 1"),
        ("leaving", "wait", "no", "leaving 1"),
        ("leaving", "close", "wait for 1", "leaving 1"),
        ("leaving", "gone", "nothing", "idle"),
    ]

    @Test("every event in every state", arguments: table)
    func row(row: (state: String, event: String, done: String, after: String)) {
        var life = Life.inState(row.state)
        #expect(life.feed(row.event) == row.done)
        #expect(life.text == row.after)
        if row.done.contains("fail [") { #expect(life.requests.pending.isEmpty) }
    }

    @Test("what is said of an earlier link changes nothing")
    func late() {
        var life = Life.inState("falling back")
        _ = life.gone(1) { FakeLink(id: $0) }
        for event in ["settled", "failed", "failed, falls back", "ended", "gone"] { _ = life.feed(event) }
        #expect(life.text == "opening 2, session 2")
        guard case .over = life.going(1), case .on = life.going(2) else {
            Issue.record("the wrong link may go on")
            return
        }
    }

    @Test("an opening that is begun anew is another session, which the old one's id does not belong to")
    func reopened() throws {
        var life = Life.inState("opening")
        try life.change(1) { _ = try $0.adopt(HTTPResponseHead.giving(session: "abc")) }
        #expect(life.session?.era.farewell?.count == 1)
        life.reopen(1)
        #expect(life.text == "opening 1, session 2")
        #expect(life.session?.era.farewell == nil)
        life.reopen(7)
        #expect(life.text == "opening 1, session 2")
    }

    @Test("a session that stands is ended with its headers, one that is being renewed without")
    func farewell() throws {
        var life = Life.inState("opening")
        try life.change(1) { _ = try $0.adopt(HTTPResponseHead.giving(session: "abc")) }
        _ = life.settled(1, answer)
        var renewing = life
        _ = renewing.lost(session: 1)
        guard case .end(let ending) = life.close(), case .end(let other) = renewing.close() else {
            Issue.record("nothing was ended")
            return
        }
        #expect(ending.farewell?.map(\.name) == ["Mcp-Session-Id"])
        #expect(other.farewell == nil)
    }
}

extension HTTPResponseHead {
    /// The head of an answer that opens a session.
    static func giving(session: String) throws -> HTTPResponseHead {
        HTTPResponseHead(
            status: 200, headers: HTTPHeaders([("Mcp-Session-Id", session)]), url: try HTTPURL("http://127.0.0.1/mcp"))
    }
}
