// The table of requests under way as sequences of events.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPClient

/// What the table does, with requests told by their ids.
private enum Told: Hashable {
    case resolve(id: Int, JSON)
    case refuse(id: Int, JSONRPCError)
    case fail(id: Int, reason: String)
    case progress(id: Int, Progress)
    case reply(JSON)
    case ask(id: JSON, of: Int?)
    case refusedServerRequest(method: String)
    case notification(method: String, params: JSON?)
    case stray(id: JSON)
    case invalid(reason: String)

    init(_ action: RequestTable<String>.Action) {
        self =
            switch action {
            case .resolve(let request, let result): .resolve(id: request.id, result)
            case .refuse(let request, let error): .refuse(id: request.id, error)
            case .fail(let request, let reason): .fail(id: request.id, reason: reason)
            case .progress(let request, let progress): .progress(id: request.id, progress)
            case .reply(let json): .reply(json)
            case .ask(let id, _, let request): .ask(id: id, of: request)
            case .refusedServerRequest(let method): .refusedServerRequest(method: method)
            case .notification(let method, let params): .notification(method: method, params: params)
            case .stray(let id): .stray(id: id)
            case .invalid(let reason): .invalid(reason: reason)
            }
    }
}

/// A table whose requests are waited for by a name, at a moment of its own.
private struct Scene {
    var table = RequestTable<String>()
    let start = ContinuousClock.now

    mutating func begin(_ method: String, limit: Double = 10, at seconds: Double = 0) -> Int {
        let (id, now) = (table.nextID(), moment(seconds))
        return table.begin(id, method, limit: limit, at: now, for: "waiter of \(method)").id
    }

    mutating func receive(
        _ json: JSON, answering: Int? = nil, inBatches: Bool = false, at seconds: Double = 0
    ) -> [Told] {
        let now = moment(seconds)
        return table.receive(json, answering: answering, inBatches: inBatches, at: now).map { Told($0) }
    }

    func moment(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    mutating func overdue(at seconds: Double) -> [String] {
        let now = moment(seconds)
        return table.takeOverdue(at: now).map { overdue in
            switch overdue {
            case .silent(let request): "silent \(request.method)"
            case .endless(let request): "endless \(request.method)"
            case .unreadable(let request, let error): "unreadable \(request.method): \(error.message)"
            }
        }
    }
}

@Suite("Requests under way")
struct RequestTableTests {
    private func answer(_ id: JSON, _ result: JSON = [:]) -> JSON { ["jsonrpc": "2.0", "id": id, "result": result] }

    @Test("MCP 2025-11-25, basic: ids are integers that grow and never come again, over new sessions too")
    func ids() {
        var session = Scene()
        let first = session.begin("a")
        _ = session.receive(answer(JSON(first)))
        _ = session.table.abandonAll()
        let second = session.begin("b")
        #expect(second > first)
    }

    @Test("MCP 2025-11-25, transports: answers find their requests in any order")
    func anyOrder() {
        var session = Scene()
        let first = session.begin("a")
        let second = session.begin("b")
        #expect(session.receive(answer(JSON(second), "two")) == [.resolve(id: second, "two")])
        #expect(session.receive(answer(JSON(first), "one")) == [.resolve(id: first, "one")])
        #expect(session.table.pending.isEmpty)
    }

    @Test("an id that comes back as a string finds its request")
    func stringID() {
        var session = Scene()
        let id = session.begin("a")
        #expect(session.receive(answer("1")) == [.resolve(id: id, [:])])
    }

    @Test(
        "a second answer, and one to a request that was never made, end no request and are told",
        arguments: [1, 7, "x", 1.5] as [JSON])
    func unexpected(id: JSON) {
        var session = Scene()
        let begun = session.begin("a")
        _ = session.receive(answer(JSON(begun)))
        let other = session.begin("b")
        #expect(session.receive(answer(id)) == [.stray(id: id)])
        let error: JSON = ["jsonrpc": "2.0", "id": id, "error": ["code": 1, "message": "no"]]
        #expect(session.receive(error) == [.stray(id: id)])
        #expect(session.table.onlyPending == other)
    }

    @Test("an error without an id that is about a notification ends no request")
    func errorAboutNotification() {
        var session = Scene()
        let id = session.begin("tools/list")
        let message: JSON = [
            "jsonrpc": "2.0", "id": .null,
            "error": ["code": -32601, "message": "Method not found: notifications/initialized"],
        ]
        guard case .invalid? = session.receive(message).first else {
            Issue.record("it was taken for an answer")
            return
        }
        #expect(session.table.onlyPending == id)
    }

    @Test("MCP 2025-11-25, cancellation: a late answer to a request given up is no news", arguments: [true, false])
    func lateAnswers(alone: Bool) {
        var session = Scene()
        let id = session.begin("tools/call")
        if alone { _ = session.table.abandon(id) } else { _ = session.table.abandonAll() }
        #expect(session.receive(answer(JSON(id))) == [])
    }

    @Test("an error with an id ends its request")
    func error() {
        var session = Scene()
        let id = session.begin("a")
        let message: JSON = ["jsonrpc": "2.0", "id": 1, "error": ["code": -32602, "message": "no", "data": [1]]]
        #expect(session.receive(message) == [.refuse(id: id, JSONRPCError(code: -32602, message: "no", data: [1]))])
    }

    @Test("JSON-RPC 2.0 §5: an error without an id ends the request it came in answer to, or the only one there is")
    func errorWithoutID() {
        let message: JSON = ["jsonrpc": "2.0", "id": .null, "error": ["code": -32700, "message": "unreadable"]]
        let error = JSONRPCError(code: -32700, message: "unreadable")
        var session = Scene()
        let first = session.begin("a")
        let second = session.begin("b")
        #expect(session.receive(message) == [.invalid(reason: "an error without an id: -32700 unreadable")])
        #expect(session.receive(message, answering: second) == [.refuse(id: second, error)])
        #expect(session.receive(message) == [.refuse(id: first, error)])
    }

    @Test("a message with an id but neither result nor error fails its request at once")
    func neither() {
        var session = Scene()
        let id = session.begin("a")
        let actions = session.receive(["jsonrpc": "2.0", "id": 1])
        #expect(actions == [.fail(id: id, reason: "it has neither method nor result nor error")])
    }

    @Test("MCP 2025-03-26, basic: a batch is taken apart where messages come in arrays")
    func batch() {
        var session = Scene()
        let id = session.begin("a")
        let batch: JSON = [["jsonrpc": "2.0", "method": "notifications/message"], answer(JSON(id)), "nonsense"]
        #expect(
            session.receive(batch, inBatches: true) == [
                .notification(method: "notifications/message", params: nil), .resolve(id: id, [:]),
                .invalid(reason: "it is of type string, not an object"),
            ])
    }

    @Test("a batch is taken with a note where the revision has none; an array without messages is no answer")
    func noBatch() {
        var session = Scene()
        let id = session.begin("a")
        #expect(
            session.receive([answer(JSON(id))], answering: id) == [
                .resolve(id: id, [:]),
                .invalid(reason: "it is an array, which this protocol revision does not have; it was taken"),
            ])
        let other = session.begin("a")
        #expect(
            session.receive([1, 2], answering: other) == [.fail(id: other, reason: "it is an array without messages")])
    }

    @Test("MCP 2025-11-25, ping: ping is answered with an empty object, always", arguments: ["p", 5] as [JSON])
    func ping(id: JSON) {
        var session = Scene()
        let actions = session.receive(["jsonrpc": "2.0", "id": id, "method": "ping"])
        #expect(actions == [.reply(["jsonrpc": "2.0", "id": id, "result": [:]])])
    }

    @Test(
        "MCP 2025-11-25, basic: other requests of the server are refused with -32601",
        arguments: ["roots/list", "sampling/createMessage", "elicitation/create", "tasks/get", "nonsense"])
    func refused(method: String) {
        var session = Scene()
        let actions = session.receive(["jsonrpc": "2.0", "id": 4, "method": .string(method)])
        let reply: JSON = ["jsonrpc": "2.0", "id": 4, "error": ["code": -32601, "message": "Method not found"]]
        #expect(actions == [.reply(reply), .refusedServerRequest(method: method)])
    }

    @Test(
        "JSON-RPC 2.0 §4: a request whose id is neither string nor integer is no message",
        arguments: [1.5, [1], true] as [JSON])
    func badServerID(id: JSON) {
        var session = Scene()
        let actions = session.receive(["jsonrpc": "2.0", "id": id, "method": "ping"])
        #expect(actions == [.invalid(reason: "the id of a request is neither string nor integer")])
    }

    @Test("JSON-RPC 2.0 §4.1: a notification is never answered")
    func notification() {
        var session = Scene()
        let actions = session.receive(["jsonrpc": "2.0", "method": "notifications/anything", "params": [:]])
        #expect(actions == [.notification(method: "notifications/anything", params: [:])])
    }

    @Test("MCP 2025-11-25, progress: progress counts only for a request under way")
    func progress() {
        var session = Scene()
        let id = session.begin("tools/call")
        func report(_ token: JSON) -> JSON {
            let params: JSON = ["progressToken": token, "progress": 0.5, "total": 2, "message": "half"]
            return ["jsonrpc": "2.0", "method": "notifications/progress", "params": params]
        }
        #expect(session.receive(report(1)) == [.progress(id: id, Progress(progress: 0.5, total: 2, message: "half"))])
        #expect(session.receive(report(2)) == [])
        _ = session.table.abandon(id)
        #expect(session.receive(report(1)) == [])
    }

    @Test("an end gives all requests under way, once")
    func end() {
        var session = Scene()
        _ = session.begin("a")
        _ = session.begin("b")
        #expect(session.table.abandonAll().map(\.id) == [1, 2])
        #expect(session.table.abandonAll().isEmpty)
    }

    @Test("who waits comes back with the request")
    func waiters() {
        var session = Scene()
        let id = session.begin("a")
        #expect(session.table.abandon(id)?.waiter == "waiter of a")
        #expect(session.table.abandon(id) == nil)
    }

    // MARK: time

    @Test("MCP 2025-11-25, timeouts: a request is over at its limit, once, and the next one is due then")
    func overdue() {
        var session = Scene()
        _ = session.begin("long", limit: 10)
        _ = session.begin("short", limit: 2)
        #expect(session.table.nextDue == session.moment(2))
        #expect(session.overdue(at: 1.9) == [])
        #expect(session.overdue(at: 2) == ["silent short"])
        #expect(session.overdue(at: 3) == [])
        #expect(session.table.nextDue == session.moment(10))
        #expect(session.overdue(at: 10) == ["silent long"])
        #expect(session.table.nextDue == nil)
    }

    @Test("MCP 2025-11-25, timeouts: progress starts the limit anew, ten times as long in all")
    func extended() {
        var session = Scene()
        let id = session.begin("a", limit: 10)
        let report: JSON = [
            "jsonrpc": "2.0", "method": "notifications/progress", "params": ["progressToken": JSON(id), "progress": 1],
        ]
        for seconds in stride(from: 9.0, to: 100, by: 9) {
            #expect(session.overdue(at: seconds) == [])
            #expect(session.receive(report, at: seconds).count == 1)
        }
        #expect(session.table.nextDue == session.moment(100))
        #expect(session.overdue(at: 100) == ["endless a"])
    }

    @Test("what seems to be an answer and cannot be read ends its request in a moment, unless the answer comes")
    func doubted() {
        var session = Scene()
        let error = OmlxError(.protocolNotJSON, "no JSON")
        let id = session.begin("a")
        #expect(session.table.doubt(nil, until: session.moment(1)) { _ in error } == session.moment(1))
        #expect(session.table.doubt(id, until: session.moment(2)) { _ in error } == nil)
        #expect(session.receive(answer(JSON(id))) == [.resolve(id: id, [:])])
        #expect(session.overdue(at: 1) == [])
        let other = session.begin("b", at: 1)
        #expect(session.table.doubt(other, until: session.moment(2)) { _ in error } == session.moment(2))
        #expect(session.table.nextDue == session.moment(2))
        #expect(session.overdue(at: 2) == ["unreadable b: no JSON"])
        #expect(session.table.doubt(other, until: session.moment(3)) { _ in error } == nil)
    }
}
