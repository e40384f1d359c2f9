// The session's state machine as sequences of events.

import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("JSON-RPC session")
struct JSONRPCSessionTests {
    private func answer(_ id: JSON, _ result: JSON = [:]) -> JSON { ["jsonrpc": "2.0", "id": id, "result": result] }

    @Test("A1.2, A1.3: ids are integers that grow and never come again, over new sessions too")
    func ids() {
        var session = JSONRPCSession()
        let first = session.begin("a", nil, wantsProgress: false)
        _ = session.receive(answer(JSON(first.id)))
        _ = session.end()
        session.era = .initialize(nil)
        let second = session.begin("b", nil, wantsProgress: false)
        #expect(second.id > first.id)
        #expect(second.message["id"] == JSON(second.id))
    }

    @Test("A1.1: a request without parameters has no params member")
    func noParams() {
        var session = JSONRPCSession()
        #expect(
            session.begin("ping", nil, wantsProgress: false).message == ["jsonrpc": "2.0", "id": 1, "method": "ping"])
    }

    @Test("A7.7: the progress token is the request's id, beside other members of _meta")
    func progressToken() {
        var session = JSONRPCSession()
        let message = session.begin("tools/call", ["_meta": ["own": true]], wantsProgress: true).message
        #expect(message["params"] == ["_meta": ["own": true, "progressToken": 1]])
    }

    @Test("A2.5: answers find their requests in any order")
    func anyOrder() {
        var session = JSONRPCSession()
        let first = session.begin("a", nil, wantsProgress: false).id
        let second = session.begin("b", nil, wantsProgress: false).id
        #expect(session.receive(answer(JSON(second), "two")) == [.resolve(id: second, "two")])
        #expect(session.receive(answer(JSON(first), "one")) == [.resolve(id: first, "one")])
        #expect(session.pending.isEmpty)
    }

    @Test("an id that comes back as a string finds its request")
    func stringID() {
        var session = JSONRPCSession()
        let id = session.begin("a", nil, wantsProgress: false).id
        #expect(session.receive(answer("1")) == [.resolve(id: id, [:])])
    }

    @Test(
        "a second answer, and one to a request that was never made, end no request and are told",
        arguments: [1, 7, "x", 1.5] as [JSON])
    func unexpected(id: JSON) {
        var session = JSONRPCSession()
        let begun = session.begin("a", nil, wantsProgress: false).id
        _ = session.receive(answer(JSON(begun)))
        let other = session.begin("b", nil, wantsProgress: false).id
        #expect(session.receive(answer(id)) == [.stray(id: id)])
        let error: JSON = ["jsonrpc": "2.0", "id": id, "error": ["code": 1, "message": "no"]]
        #expect(session.receive(error) == [.stray(id: id)])
        #expect(session.onlyPending == other)
    }

    @Test("an error without an id that is about a notification ends no request")
    func errorAboutNotification() {
        var session = JSONRPCSession()
        let id = session.begin("tools/list", nil, wantsProgress: false).id
        let message: JSON = [
            "jsonrpc": "2.0", "id": .null,
            "error": ["code": -32601, "message": "Method not found: notifications/initialized"],
        ]
        guard case .invalid? = session.receive(message).first else {
            Issue.record("it was taken for an answer")
            return
        }
        #expect(session.onlyPending == id)
    }

    @Test("A7.4: a late answer to a request given up is no news", arguments: ["cancel", "abandon", "end"])
    func lateAnswers(how: String) {
        var session = JSONRPCSession()
        let id = session.begin("tools/call", nil, wantsProgress: false).id
        switch how {
        case "cancel": _ = session.cancel(id, reason: "timeout")
        case "abandon": session.abandon(id)
        default: _ = session.end()
        }
        #expect(session.receive(answer(JSON(id))) == [])
    }

    @Test("A7.4: a late answer to a cancelled request is ignored")
    func late() {
        var session = JSONRPCSession()
        let id = session.begin("tools/call", nil, wantsProgress: false).id
        let notification = session.cancel(id, reason: "timeout")
        #expect(notification?["method"] == "notifications/cancelled")
        #expect(notification?["params"] == ["requestId": 1, "reason": "timeout"])
        #expect(notification?["id"] == nil)
        #expect(session.receive(answer(JSON(id))) == [])
    }

    @Test("A7.3: initialize is never cancelled, nor a request that is over")
    func notCancelled() {
        var session = JSONRPCSession()
        #expect(session.cancel(session.begin("initialize", nil, wantsProgress: false).id, reason: "timeout") == nil)
        #expect(session.cancel(99, reason: "timeout") == nil)
    }

    @Test("an error with an id ends its request")
    func error() {
        var session = JSONRPCSession()
        let id = session.begin("a", nil, wantsProgress: false).id
        let message: JSON = ["jsonrpc": "2.0", "id": 1, "error": ["code": -32602, "message": "no", "data": [1]]]
        #expect(session.receive(message) == [.refuse(id: id, JSONRPCError(code: -32602, message: "no", data: [1]))])
    }

    @Test("A1.5: an error without an id ends the request it came in answer to, or the only one there is")
    func errorWithoutID() {
        let message: JSON = ["jsonrpc": "2.0", "id": .null, "error": ["code": -32700, "message": "unreadable"]]
        let error = JSONRPCError(code: -32700, message: "unreadable")
        var session = JSONRPCSession()
        let first = session.begin("a", nil, wantsProgress: false).id
        let second = session.begin("b", nil, wantsProgress: false).id
        #expect(session.receive(message) == [.invalid(reason: "an error without an id: -32700 unreadable")])
        #expect(session.receive(message, answering: second) == [.refuse(id: second, error)])
        #expect(session.receive(message) == [.refuse(id: first, error)])
    }

    @Test("a message with an id but neither result nor error fails its request at once")
    func neither() {
        var session = JSONRPCSession()
        let id = session.begin("a", nil, wantsProgress: false).id
        let actions = session.receive(["jsonrpc": "2.0", "id": 1])
        #expect(actions == [.fail(id: id, reason: "it has neither method nor result nor error")])
    }

    @Test("A1.10: a batch is taken apart at 2025-03-26")
    func batch() {
        var session = JSONRPCSession()
        session.era = .initialize(.v2025_03_26)
        let id = session.begin("a", nil, wantsProgress: false).id
        let batch: JSON = [["jsonrpc": "2.0", "method": "notifications/message"], answer(JSON(id)), "nonsense"]
        #expect(
            session.receive(batch) == [
                .notification(method: "notifications/message", params: nil), .resolve(id: id, [:]),
                .invalid(reason: "it is of type string, not an object"),
            ])
    }

    @Test(
        "A1.10: a batch is no message at other revisions, nor during initialize",
        arguments: [nil, .v2024_11_05, .v2025_06_18, .v2025_11_25] as [ProtocolRevision?])
    func noBatch(revision: ProtocolRevision?) {
        var session = JSONRPCSession()
        session.era = .initialize(revision)
        let id = session.begin("a", nil, wantsProgress: false).id
        let actions = session.receive([answer(JSON(id))], answering: id)
        #expect(actions == [.fail(id: id, reason: "it is an array, which this protocol revision does not have")])
    }

    @Test("E3.1: ping is answered with an empty object, always", arguments: ["p", 5] as [JSON])
    func ping(id: JSON) {
        var session = JSONRPCSession()
        let actions = session.receive(["jsonrpc": "2.0", "id": id, "method": "ping"])
        #expect(actions == [.reply(["jsonrpc": "2.0", "id": id, "result": [:]])])
    }

    @Test(
        "E3.2–E3.5: other requests of the server are refused with -32601",
        arguments: ["roots/list", "sampling/createMessage", "elicitation/create", "tasks/get", "nonsense"])
    func refused(method: String) {
        var session = JSONRPCSession()
        let actions = session.receive(["jsonrpc": "2.0", "id": 4, "method": .string(method)])
        let reply: JSON = ["jsonrpc": "2.0", "id": 4, "error": ["code": -32601, "message": "Method not found"]]
        #expect(actions == [.reply(reply), .refusedServerRequest(method: method)])
    }

    @Test(
        "A1.2: a request whose id is neither string nor integer is no message", arguments: [1.5, [1], true] as [JSON])
    func badServerID(id: JSON) {
        var session = JSONRPCSession()
        let actions = session.receive(["jsonrpc": "2.0", "id": id, "method": "ping"])
        #expect(actions == [.invalid(reason: "the id of a request is neither string nor integer")])
    }

    @Test("A1.4, E3.7: a notification is never answered")
    func notification() {
        var session = JSONRPCSession()
        let actions = session.receive(["jsonrpc": "2.0", "method": "notifications/anything", "params": [:]])
        #expect(actions == [.notification(method: "notifications/anything", params: [:])])
    }

    @Test("A7.7: progress counts only for a request under way")
    func progress() {
        var session = JSONRPCSession()
        let id = session.begin("tools/call", nil, wantsProgress: true).id
        func report(_ token: JSON) -> JSON {
            let params: JSON = ["progressToken": token, "progress": 0.5, "total": 2, "message": "half"]
            return ["jsonrpc": "2.0", "method": "notifications/progress", "params": params]
        }
        #expect(session.receive(report(1)) == [.progress(id: id, Progress(progress: 0.5, total: 2, message: "half"))])
        #expect(session.receive(report(2)) == [])
        session.abandon(id)
        #expect(session.receive(report(1)) == [])
    }

    @Test("an end gives all requests under way, once")
    func end() {
        var session = JSONRPCSession()
        _ = session.begin("a", nil, wantsProgress: false)
        _ = session.begin("b", nil, wantsProgress: false)
        #expect(session.end() == [1, 2])
        #expect(session.end() == [])
    }
}
