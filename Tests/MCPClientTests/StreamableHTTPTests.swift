// Streamable HTTP against a scripted server: sessions, headers, answers as JSON and as streams.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("Streamable HTTP", .timeLimit(.minutes(5)))
struct StreamableHTTPTests {
    @Test("A4.1: initialize, tools/list and tools/call over JSON answers")
    func ordinary() async throws {
        let server = try ScriptedServer { answerOrdinarily($0, $1, session: "abc") }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        let result = try await connection.connect()
        #expect(result.protocolVersion == "2025-11-25")
        #expect(try await connection.listTools().map(\.name) == ["echo"])
        let called = try await connection.callTool("echo", arguments: ["text": "hello"])
        #expect(called.content == [.text("hello")])
        try await connection.ping()
        await connection.close()
        #expect(
            server.calls == [
                "initialize", "notifications/initialized", "tools/list", "GET", "tools/call", "ping", "DELETE",
            ])
        #expect(events.values == [.reached(status: 200), .connected(result), .closed(nil)])
    }

    @Test("A4.2, A4.3: version and session go with each request after initialize, with none before; never an Origin")
    func headers() async throws {
        let server = try ScriptedServer { answerOrdinarily($0, $1, session: "s3ss10n!") }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url(), headers: [HTTPRequestHeader("X-Own", "1")]))
        _ = try await connection.connect()
        _ = try await connection.listTools()
        await connection.close()
        let requests = server.requests
        #expect(requests[0].headers["mcp-session-id"] == nil)
        #expect(requests[0].headers["mcp-protocol-version"] == nil)
        for request in requests.dropFirst() {
            #expect(request.headers["mcp-session-id"] == "s3ss10n!")
            #expect(request.headers["mcp-protocol-version"] == "2025-11-25")
        }
        for request in requests {
            #expect(request.headers["x-own"] == "1")
            #expect(request.headers["origin"] == nil)
            if request.method == "POST" {
                #expect(request.headers["accept"] == "application/json, text/event-stream")
                #expect(request.headers["content-type"] == "application/json")
            }
        }
    }

    @Test("A4.2: at 2025-03-26 there is no version header")
    func olderRevision() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "initialize" else { return answerOrdinarily(request, answerer) }
            answerer.result(request, ["protocolVersion": "2025-03-26", "capabilities": ["tools": [:]]])
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        _ = try await connection.listTools()
        #expect(server.requests.allSatisfy { $0.headers["mcp-protocol-version"] == nil })
    }

    @Test("A4.3: a session id that is not visible ASCII is refused")
    func badSession() async throws {
        let server = try ScriptedServer { answerOrdinarily($0, $1, session: "a\u{E9}b") }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        #expect(await failure { try await connection.connect() }?.code == .protocolInvalidMessage)
    }

    @Test("A4.5: a notification may be accepted with 200, 202 or 204", arguments: [200, 202, 204])
    func accepted(status: Int) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "notifications/initialized" else { return answerOrdinarily(request, answerer) }
            answerer.answer(status)
        }
        defer { server.stop() }
        _ = try await connection(.streamableHTTP(try server.url())).connect()
    }

    @Test("A4.6: DELETE goes out only with a session, and 405 is fine", arguments: [nil, "abc"])
    func delete(session: String?) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "DELETE" else { return answerOrdinarily(request, answerer, session: session) }
            answerer.answer(405)
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        await connection.close()
        #expect(server.calls.contains("DELETE") == (session != nil))
    }

    @Test("A4.4: a 404 in a session begins a new one, once, and repeats the request there")
    func sessionLost() async throws {
        let sessions = Recorder<String>()
        let server = try ScriptedServer { request, answerer in
            if request.call == "initialize" {
                sessions.record("s\(sessions.values.count + 1)")
                return answerOrdinarily(request, answerer, session: sessions.values.last)
            }
            if request.headers["mcp-session-id"] == "s1", request.call.hasPrefix("tools/") {
                return answerer.answer(404)
            }
            answerOrdinarily(request, answerer)
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        _ = try await connection.connect()
        async let first = connection.listTools()
        async let second = connection.callTool("echo")
        #expect(try await first.count == 1)
        #expect(try await second.isError == false)
        #expect(server.calls.filter { $0 == "initialize" }.count == 2)
        #expect(server.requests.last { $0.call == "initialize" }?.headers["mcp-session-id"] == nil)
        #expect(events.values.contains(.sessionRenewed))
    }

    @Test("A4.4: a session lost again at once is an error, not a loop")
    func sessionLostAgain() async throws {
        let server = try ScriptedServer { request, answerer in
            if request.call == "tools/list" { return answerer.answer(404) }
            answerOrdinarily(request, answerer, session: "abc")
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(await failure { try await connection.listTools() }?.code == .protocolSessionLost)
        #expect(server.calls.filter { $0 == "initialize" }.count == 2)
    }

    @Test("E1.1: all pages are asked for, with the cursor unchanged")
    func pages() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/list" else { return answerOrdinarily(request, answerer) }
            switch request.json["params"]?["cursor"] {
            case .none: answerer.result(request, ["tools": [["name": "a"], ["nameless": 1]], "nextCursor": ""])
            case ""?: answerer.result(request, ["tools": [["name": "b"]], "nextCursor": "ü/\""])
            default: answerer.result(request, ["tools": [["name": "c"]]])
            }
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        _ = try await connection.connect()
        #expect(try await connection.listTools().map(\.name) == ["a", "b", "c"])
        #expect(server.requests.last?.json["params"] == ["cursor": "ü/\""])
        #expect(events.values.contains(.entriesDropped(.tools, count: 1, names: [], reason: "it has no name")))
    }

    @Test("a server that declares capabilities without tools is not asked for tools")
    func noTools() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "initialize" else { return answerOrdinarily(request, answerer) }
            answerer.result(request, ["protocolVersion": "2025-11-25", "capabilities": ["prompts": [:]]])
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(try await connection.listTools() == [])
        #expect(!server.calls.contains("tools/list"))
    }

    @Test("A4.8: a stream carries notifications, requests of the server and the answer; requests are answered by POST")
    func stream() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            answerer.beginStream()
            answerer.stream(": keep-alive\n\nid: 0\ndata:\n\n")
            answerer.event([
                "jsonrpc": "2.0", "method": "notifications/message", "params": ["level": "info", "data": "hi"],
            ])
            answerer.event(["jsonrpc": "2.0", "id": "srv-1", "method": "ping"])
            answerer.event(["jsonrpc": "2.0", "id": 9, "method": "roots/list"])
            let params: JSON = [
                "progressToken": request.json["params"]?["_meta"]?["progressToken"] ?? .null, "progress": 1,
            ]
            answerer.event(["jsonrpc": "2.0", "method": "notifications/progress", "params": params])
            answerer.event(["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "result": ["content": []]])
            answerer.endStream()
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let progress = Recorder<Progress>()
        let answers = Recorder<JSON>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        _ = try await connection.connect()
        _ = try await connection.callTool("echo", onProgress: { progress.record($0) })
        #expect(progress.values == [Progress(progress: 1)])
        await events.wait { $0.contains(.serverRequestRefused(method: "roots/list")) }
        #expect(events.values.contains(.logMessage(level: "info", text: "hi")))
        try await connection.ping()
        while answers.values.count < 2 {
            for request in server.requests.filter({ $0.call == "answer" }).dropFirst(answers.values.count) {
                answers.record(request.json)
            }
            await Task.yield()
        }
        #expect(answers.values.contains(["jsonrpc": "2.0", "id": "srv-1", "result": [:]]))
        #expect(answers.values.contains { $0["error"]?["code"] == -32601 })
    }

    @Test("A4.1: an answer arrives before its stream ends")
    func unendedStream() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            answerer.beginStream()
            answerer.event(["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "result": ["content": []]])
            answerer.waitForClose()
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        _ = try await connection.callTool("echo")
        await connection.close()
    }

    @Test("A4.11, A4.12: a stream that breaks after an event id is taken up again by GET, after the pause asked for")
    func resumed() async throws {
        let pending = Recorder<JSON>()
        let server = try ScriptedServer { request, answerer in
            switch request.call {
            case "tools/call":
                pending.record(request.json["id"] ?? .null)
                answerer.beginStream()
                answerer.stream("retry: 1\nid: ev-1\ndata:\n\n")
                answerer.cut()
            case "GET" where request.headers["last-event-id"] == nil: answerer.answer(405)
            case "GET" where request.headers["last-event-id"] == "ev-1":
                answerer.beginStream()
                answerer.stream("id: ev-2\ndata:\n\n")
                answerer.endStream()
            case "GET":
                answerer.beginStream()
                answerer.event(["jsonrpc": "2.0", "id": pending.values[0], "result": ["content": []]], id: "ev-3")
                answerer.endStream()
            default: answerOrdinarily(request, answerer, session: "abc")
            }
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        _ = try await connection.callTool("echo")
        let gets = server.requests.filter { $0.method == "GET" && $0.headers["last-event-id"] != nil }
        #expect(gets.map { $0.headers["last-event-id"] } == ["ev-1", "ev-2"])
        #expect(
            gets.allSatisfy { $0.headers["mcp-session-id"] == "abc" && $0.headers["accept"] == "text/event-stream" })
        #expect(server.calls.filter { $0 == "tools/call" }.count == 1)
    }

    @Test("A4.12: three tries are the end")
    func notResumed() async throws {
        let server = try ScriptedServer { request, answerer in
            switch request.call {
            case "tools/call":
                answerer.beginStream()
                answerer.stream("retry: 1\nid: 1\ndata:\n\n")
                answerer.endStream()
            case "GET": answerer.answer(503)
            default: answerOrdinarily(request, answerer)
            }
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(await failure { try await connection.callTool("echo") }?.code == .protocolStreamBroken)
        #expect(server.calls.filter { $0 == "GET" }.count == 3)
    }

    @Test(
        "A4.11: a stream that ends without answer and without event id is broken, in order or not",
        arguments: [true, false])
    func broken(isOrderly: Bool) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            answerer.beginStream()
            answerer.stream(": nothing\n\n")
            if isOrderly { answerer.endStream() } else { answerer.cut() }
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(await failure { try await connection.callTool("echo") }?.code == .protocolStreamBroken)
        #expect(!server.calls.contains("GET"))
    }

    @Test("A4.7, E1.3: on a stream of its own the server tells that its tools changed")
    func serverStream() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "GET" else { return answerOrdinarily(request, answerer, session: "abc") }
            answerer.beginStream()
            answerer.event(["jsonrpc": "2.0", "method": "notifications/tools/list_changed"])
            answerer.waitForClose()
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), opensServerStream: true, events: events)
        _ = try await connection.connect()
        await events.wait { $0.contains(.listChanged(.tools)) }
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("MCP 2025-11-25, listening for messages: a stream that the server ended is opened again")
    func serverStreamAgain() async throws {
        let opened = Recorder<Int>()
        let server = try ScriptedServer { request, answerer in
            guard request.call == "GET" else { return answerOrdinarily(request, answerer, session: "abc") }
            opened.record(1)
            answerer.beginStream()
            answerer.stream("retry: 1\n\n")
            if opened.values.count < 3 { return answerer.endStream() }
            answerer.event(["jsonrpc": "2.0", "method": "notifications/tools/list_changed"])
            answerer.waitForClose()
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), opensServerStream: true, events: events)
        _ = try await connection.connect()
        await events.wait { $0.contains(.listChanged(.tools)) }
        #expect(opened.values.count == 3)
        await connection.close()
    }

    @Test("A4.7: a server stream that gives not even headers delays nothing")
    func silentServerStream() async throws {
        let asked = Recorder<Void>()
        let server = try ScriptedServer { request, answerer in
            guard request.call == "GET" else {
                answerOrdinarily(request, answerer)
                return answerer.cut()
            }
            asked.record(())
            answerer.waitForClose()
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), opensServerStream: true)
        _ = try await connection.connect()
        await asked.wait { !$0.isEmpty }
        #expect(try await connection.listTools().count == 1)
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("a request that is not answered holds up no other one to the same server")
    func independentRequests() async throws {
        let asked = Recorder<Void>()
        let server = try ScriptedServer { request, answerer in
            guard request.target == "/silent" else { return answerer.answer(204) }
            asked.record(())
            answerer.waitForClose()
        }
        defer { server.stop() }
        let client = HTTPClient()
        let silent = HTTPRequest("GET", try server.url("/silent"))
        let task = Task { try await client.fetch(silent) }
        await asked.wait { !$0.isEmpty }
        let limits = HTTPLimits(connect: 2)
        let reply = try await client.fetch(HTTPRequest("GET", try server.url("/other"), limits: limits))
        #expect(reply.head.status == 204)
        task.cancel()
        _ = await task.result
    }
}
