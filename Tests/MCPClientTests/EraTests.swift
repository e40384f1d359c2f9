// What the era of the initialize handshake says of a session's messages.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("The initialize era")
struct EraTests {
    private func json(_ message: OutgoingMessage?) throws -> JSON { try JSON(parsing: message?.bytes ?? []) }

    private func settled(_ revision: ProtocolRevision, session: String? = "abc") throws -> Era {
        var era = Era.first
        if let session { #expect(try era.adopt(HTTPResponseHead.giving(session: session)) == session) }
        era.settle(revision)
        return era
    }

    @Test("JSON-RPC 2.0 §4: a request without parameters has no params member")
    func noParams() throws {
        let message = Era.first.request(Call(method: "ping"), id: 1, wantsProgress: false)
        #expect(try json(message) == ["jsonrpc": "2.0", "id": 1, "method": "ping"])
        #expect(message.requestID == 1 && message.isRepeatable)
    }

    @Test("MCP 2025-11-25, progress: the token is the request's id, beside other members of _meta")
    func progressToken() throws {
        let call = Call(method: "tools/call", params: ["_meta": ["own": true]])
        let message = Era.first.request(call, id: 7, wantsProgress: true)
        #expect(try json(message)["params"] == ["_meta": ["own": true, "progressToken": 7]])
        #expect(!message.isRepeatable)
    }

    @Test("MCP 2025-11-25, session management: the session's id goes with everything after the answer that gave it")
    func session() throws {
        let era = try settled(.v2025_11_25)
        let messages = [
            era.request(Call(method: "tools/list"), id: 1, wantsProgress: false), era.notification("notifications/x"),
            try #require(era.reply(["id": 1])),
        ]
        for message in messages { #expect(message.headers.map(\.name) == ["MCP-Protocol-Version", "Mcp-Session-Id"]) }
        #expect(era.farewell?.map(\.name) == ["MCP-Protocol-Version", "Mcp-Session-Id"])
    }

    @Test("MCP 2025-06-18, transports: earlier revisions have no version header")
    func noVersionHeader() throws {
        #expect(try settled(.v2025_03_26).headers.map(\.name) == ["Mcp-Session-Id"])
        #expect(try settled(.v2025_03_26, session: nil).headers.isEmpty)
        #expect(try settled(.v2025_03_26, session: nil).farewell == nil)
    }

    @Test("MCP 2025-11-25, session management: an id of other than visible ASCII is refused", arguments: ["a b", "ä"])
    func badSession(id: String) throws {
        var era = Era.first
        let head = try HTTPResponseHead.giving(session: id)
        #expect { try era.adopt(head) } throws: { ($0 as? OmlxError)?.code == .protocolInvalidMessage }
        #expect(era.farewell == nil)
    }

    @Test("initialize alone opens a session; before a tool is called in one, the server's stream stands")
    func kinds() throws {
        let era = try settled(.v2025_11_25)
        let opening = Era.first.request(Call(method: "initialize"), id: 1, wantsProgress: false)
        let call = era.request(Call(method: "tools/call"), id: 2, wantsProgress: false)
        #expect(opening.opensSession && !opening.needsServerStream)
        #expect(!call.opensSession && call.needsServerStream)
        let without = try settled(.v2025_11_25, session: nil)
        #expect(!without.request(Call(method: "tools/call"), id: 3, wantsProgress: false).needsServerStream)
    }

    @Test("MCP 2025-11-25, cancellation: the server is told, but never of initialize")
    func cancellation() throws {
        let message = Era.first.cancellation(ofRequest: 3, method: "tools/call", reason: "timeout")
        let params: JSON = ["requestId": 3, "reason": "timeout"]
        #expect(
            try json(message) == ["jsonrpc": "2.0", "method": "notifications/cancelled", "params": params])
        #expect(Era.first.cancellation(ofRequest: 3, method: "initialize", reason: "timeout") == nil)
    }

    @Test("MCP 2025-03-26, basic: only there do messages come in arrays")
    func batches() throws {
        for revision in ProtocolRevision.allCases {
            #expect(try settled(revision).hasBatches == (revision == .v2025_03_26))
        }
        #expect(!Era.first.hasBatches)
    }

    @Test("MCP 2025-11-25, session management: a 404 in a session means that it is lost, unless the method is")
    func lost() throws {
        let error = OmlxError(.transportNotFound, "not found", httpStatus: 404)
        let unknown = JSONRPCError(code: JSONRPCError.methodNotFound, message: "Method not found")
        let other = JSONRPCError(code: -32001, message: "Session not found")
        let era = try settled(.v2025_11_25)
        #expect(era.isLost(MessageRefused(status: 404, reason: error)))
        #expect(era.isLost(MessageRefused(status: 404, reason: other)))
        #expect(!era.isLost(MessageRefused(status: 404, reason: unknown)))
        #expect(!era.isLost(MessageRefused(status: 400, reason: error)))
        #expect(!Era.first.isLost(MessageRefused(status: 404, reason: error)))
    }

}

@Suite("Pauses between tries")
struct BackoffTests {
    @Test("each is twice the one before, from 1 s to 5 min, with up to half of it added by chance")
    func grows() {
        var least = Backoff()
        var most = Backoff()
        let pauses = (0..<10).map { _ in (least.failed(jitter: 0), most.failed(jitter: 1)) }
        #expect(pauses.map(\.0) == [1, 2, 4, 8, 16, 32, 64, 128, 200, 200])
        #expect(pauses.map(\.1) == [1.5, 3, 6, 12, 24, 48, 96, 192, 300, 300])
        least.succeeded()
        #expect(least.failed(jitter: 0) == 1)
    }

    @Test("however often it fails, and whatever chance says", arguments: [-1, 0.5, 7])
    func bounds(jitter: Double) {
        var backoff = Backoff()
        for _ in 0..<2000 {
            let pause = backoff.failed(jitter: jitter)
            #expect((Backoff.first...Backoff.longest).contains(pause))
        }
    }
}

@Suite("The stream on which a server speaks unasked")
struct ServerStreamLifeTests {
    private func life(after events: (inout ServerStreamLife) -> Void = { _ in }) -> ServerStreamLife {
        var life = ServerStreamLife(StreamResumption())
        events(&life)
        return life
    }

    @Test("a server that does not open it at the first asking has none", arguments: [405, 404, 200, 503, nil])
    func none(status: Int?) {
        var life = life()
        #expect(life.refused(status, jitter: 0) == .over)
    }

    @Test("one that ends is opened again, later and later while nothing comes of it")
    func again() {
        var life = life { $0.opened() }
        let steps = (0..<4).map { _ in life.ended(after: 1, jitter: 0) }
        #expect(steps == [1000, 2000, 4000, 8000].map { .open(lastEventID: nil, afterMilliseconds: $0) })
    }

    @Test("one on which something came, or that stood for long, begins with the first pause")
    func good() {
        var life = life { $0.opened() }
        for _ in 0..<4 { _ = life.ended(after: 1, jitter: 0) }
        #expect(
            life.ended(after: ServerStreamLife.goodTime, jitter: 0) == .open(lastEventID: nil, afterMilliseconds: 1000))
        _ = life.ended(after: 1, jitter: 0)
        life.resumption.received(eventID: "e1", retryMilliseconds: nil)
        #expect(life.ended(after: 1, jitter: 0) == .open(lastEventID: "e1", afterMilliseconds: 1000))
    }

    @Test("WHATWG HTML §9.2: the server's pause counts, and is no way to be asked without an end")
    func wish() {
        var life = life { $0.opened() }
        life.resumption.received(eventID: nil, retryMilliseconds: 5)
        #expect(life.ended(after: 1, jitter: 0) == .open(lastEventID: nil, afterMilliseconds: 5))
        #expect(life.ended(after: 1, jitter: 0) == .open(lastEventID: nil, afterMilliseconds: 2000))
    }

    @Test("a server that had it and is busy is asked again; one that has it no more is not")
    func refused() {
        var life = life { $0.opened() }
        #expect(life.refused(503, jitter: 0) == .open(lastEventID: nil, afterMilliseconds: 1000))
        #expect(life.refused(429, jitter: 0) == .open(lastEventID: nil, afterMilliseconds: 2000))
        #expect(life.refused(nil, jitter: 0) == .open(lastEventID: nil, afterMilliseconds: 4000))
        #expect(life.refused(404, jitter: 0) == .over)
        #expect(life.refused(405, jitter: 0) == .over)
    }
}
