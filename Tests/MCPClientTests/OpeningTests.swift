// Opening a session over HTTP with servers as they are: other revisions, other transports, refused notifications.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("opening a session", .timeLimit(.minutes(5)))
struct OpeningTests {
    private func refusal(_ request: ScriptedRequest, _ code: Int, _ message: String, data: JSON? = nil) -> JSON {
        var error: JSONObject = ["code": JSON(code), "message": .string(message)]
        if let data { error["data"] = data }
        return ["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "error": .object(error)]
    }

    @Test(
        "B5: initialize refused without a word on revisions is tried once with an older one, in any form of refusal",
        arguments: ["rpc-200", "rpc-400", "text-400", "json-400"])
    func older(form: String) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "initialize", request.json["params"]?["protocolVersion"] == "2025-11-25" else {
                if request.call != "initialize" { return answerOrdinarily(request, answerer) }
                #expect(request.headers["mcp-session-id"] == nil)
                return answerer.result(request, ["protocolVersion": "2025-03-26", "capabilities": ["tools": [:]]])
            }
            switch form {
            case "rpc-200":
                answerer.answer(
                    200, [("Mcp-Session-Id", "early")], json: refusal(request, -32602, "Unsupported protocol version"))
            case "rpc-400": answerer.answer(400, json: refusal(request, -32000, "Bad Request"))
            case "text-400":
                answerer.answer(400, [("Content-Type", "text/plain")], body: Array("Unsupported protocol version".utf8))
            default: answerer.answer(400, json: ["error": "unsupported protocolVersion 2025-11-25"])
            }
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), fallsBackToSSE: true)
        #expect(try await connection.connect().protocolVersion == "2025-03-26")
        #expect(try await connection.listTools().count == 1)
        #expect(server.calls.filter { $0 == "initialize" }.count == 2)
        #expect(!server.calls.contains("GET"))
    }

    @Test("B5: a server that refuses whatever it is offered is asked twice, and its first words are told")
    func refusedTwice() async throws {
        let server = try ScriptedServer { request, answerer in
            let version = request.json["params"]?["protocolVersion"]?.stringValue ?? ""
            answerer.answer(200, json: refusal(request, -32603, "down for \(version)"))
        }
        defer { server.stop() }
        let error = await failure { try await connection(.streamableHTTP(try server.url())).connect() }
        #expect(error?.message == "the server answered initialize with error -32603: down for 2025-11-25")
        #expect(server.calls == ["initialize", "initialize"])
    }

    @Test(
        "A3.16: what a server of a later revision alone answers is told as that, with its versions",
        arguments: [(-32020, 400), (-32021, 400), (-32022, 400), (-32602, 400), (-32601, 404)], [true, false])
    func laterEra(answer: (code: Int, status: Int), namesItself: Bool) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.method == "POST" else { return answerer.answer(405) }
            let meta = request.json["params"]?["_meta"]
            guard request.call == "server/discover", request.headers["mcp-method"] == "server/discover",
                request.headers["mcp-protocol-version"] == "2026-07-28",
                meta?["io.modelcontextprotocol/protocolVersion"] == "2026-07-28", !namesItself
            else {
                let data: JSON? = namesItself ? ["supported": ["2027-03-01", "2027-09-01"], "requested": "x"] : nil
                return answerer.answer(answer.status, json: refusal(request, answer.code, "no", data: data))
            }
            answerer.result(request, ["supportedVersions": ["2027-03-01", "2027-09-01"], "capabilities": [:]])
        }
        defer { server.stop() }
        for fallsBack in [true, false] {
            let connection = connection(.streamableHTTP(try server.url()), fallsBackToSSE: fallsBack)
            let error = await failure { try await connection.connect() }
            #expect(error?.code == .protocolVersionUnsupported)
            #expect(error?.message.contains("only the protocol revisions 2027-03-01, 2027-09-01") == true)
            #expect(!server.calls.contains("GET"), "a server of the later era has no SSE")
        }
    }

    @Test("A4.5: a refused notifications/initialized ends nothing and is told", arguments: [400, 404, 405, 500, 501])
    func notificationRefused(status: Int) async throws {
        for isRPC in [true, false] {
            let server = try ScriptedServer { request, answerer in
                guard request.call == "notifications/initialized" else {
                    return answerOrdinarily(request, answerer, session: "abc")
                }
                isRPC
                    ? answerer.answer(status, json: refusal(request, -32600, "no thanks"))
                    : answerer.answer(status, [("Content-Type", "text/plain")], body: Array("no thanks".utf8))
            }
            defer { server.stop() }
            let events = Recorder<ConnectionEvent>()
            let connection = connection(.streamableHTTP(try server.url()), events: events)
            _ = try await connection.connect()
            #expect(try await connection.listTools().count == 1)
            let told = events.values.compactMap { event -> String? in
                guard case .notificationRefused("notifications/initialized", let reason) = event else { return nil }
                return reason
            }
            #expect(told.count == 1)
            #expect(status == 404 || told[0].contains("no thanks"))
            await connection.close()
        }
    }

    @Test("a 401 to notifications/initialized still wants a sign-in")
    func notificationUnauthorized() async throws {
        let server = try ScriptedServer { request, answerer in
            request.call == "notifications/initialized" ? answerer.answer(401) : answerOrdinarily(request, answerer)
        }
        defer { server.stop() }
        let error = await failure { try await connection(.streamableHTTP(try server.url())).connect() }
        #expect(error?.code == .oauthSignInNeeded)
    }

    @Test("A5.2: a POST answered with an endpoint event leads to HTTP+SSE where that is allowed, and is told elsewhere")
    func endpointEvent() async throws {
        let stream = SSEScript(endpoint: "/messages")
        let server = try ScriptedServer { request, answerer in
            if request.method == "POST", request.target == "/sse" {
                answerer.beginStream()
                answerer.stream("event: endpoint\ndata: /messages\n\n")
                return answerer.waitForClose()
            }
            stream.answer(request, answerer)
        }
        defer { server.stop() }
        let allowed = connection(.streamableHTTP(try server.url("/sse")), fallsBackToSSE: true)
        _ = try await allowed.connect()
        #expect(try await allowed.listTools().count == 1)
        await allowed.close()

        let strict = connection(.streamableHTTP(try server.url("/sse")))
        let error = await failure { try await strict.connect() }
        #expect(error?.code == .transportNotFound)
        #expect(error?.nextStep?.plainText.contains("\"type\": \"sse\"") == true)
    }

    @Test("an entry for SSE at a URL that takes POSTs alone is told what else to look for", arguments: [400, 405])
    func streamableAtSSE(status: Int) async throws {
        let server = try ScriptedServer { request, answerer in
            status == 400
                ? answerer.answer(400, json: refusal(request, -32000, "No valid session ID")) : answerer.answer(405)
        }
        defer { server.stop() }
        let error = await failure { try await connection(.sse(try server.url())).connect() }
        #expect(error?.nextStep?.plainText.contains("streamable HTTP") == true || error?.code == .transportNotFound)
        #expect(status != 400 || error?.message.contains("No valid session ID") == true)
    }

    @Test(
        "a server that names capabilities without tools is not asked for them, and that is told",
        arguments: [[:], ["prompts": [:]]] as [JSON])
    func noTools(capabilities: JSON) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "initialize" else { return answerOrdinarily(request, answerer) }
            answerer.result(request, ["protocolVersion": "2025-11-25", "capabilities": capabilities])
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        _ = try await connection.connect()
        #expect(try await connection.listTools().isEmpty)
        #expect(!server.calls.contains("tools/list"))
        #expect(
            events.values.contains(.listNotOffered(.tools, capabilities: capabilities.objectValue?.map(\.key) ?? [])))
    }

    // MARK: streams without an orderly end (WHATWG HTML §9.2.6)

    @Test(
        "an answer in an event without a blank line is taken: at the end of the stream, and while it stays open",
        arguments: ["data: ", "event: message\ndata:", "id: 1\ndata: "],
        ["", "\n", "\r\n", "\r"])
    func unfinishedEvent(beginning: String, end: String) async throws {
        for staysOpen in [false, true] {
            let server = try ScriptedServer { request, answerer in
                guard request.method == "POST", request.json["id"] != nil else {
                    return answerer.answer(request.method == "POST" ? 202 : 405)
                }
                let result = request.call == "initialize" ? initializeAnswer : oneTool
                let answer: JSON = ["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "result": result]
                answerer.beginStream()
                answerer.stream(beginning + answer.text() + end)
                staysOpen ? answerer.waitForClose() : answerer.endStream()
            }
            defer { server.stop() }
            let connection = connection(.streamableHTTP(try server.url()))
            _ = try await connection.connect()
            #expect(try await connection.listTools().count == 1)
            await connection.close()
        }
    }

    @Test(
        "a last event that is no whole answer to the request is none",
        arguments: [
            #"data: {"jsonrpc": "2.0", "id": ID, "result": {"#, #"data: {"jsonrpc": "2.0", "id": 99, "result": {}}"#,
            "data: [DONE]", "event: endpoint",
        ])
    func noAnswer(event: String) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/list" else { return answerOrdinarily(request, answerer) }
            answerer.beginStream()
            answerer.stream(event.replacing("ID", with: request.json["id"]?.text() ?? ""))
            answerer.endStream()
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(await failure { try await connection.listTools() }?.code == .protocolStreamBroken)
    }

    @Test("events that are none of MCP are passed over; an answer in one of another type is taken")
    func otherEvents() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/list" else { return answerOrdinarily(request, answerer) }
            answerer.beginStream()
            answerer.stream("data: connected\n\ndata: {}\n\nevent: ping\ndata: 2026\n\n")
            answerer.event(["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "result": oneTool], type: "response")
            answerer.waitForClose()
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("an answer with another id is told, over JSON and over a stream", arguments: [true, false])
    func otherID(isStream: Bool) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/list" else { return answerOrdinarily(request, answerer) }
            let answer: JSON = ["jsonrpc": "2.0", "id": "other", "result": oneTool]
            guard isStream else { return answerer.answer(200, json: answer) }
            answerer.beginStream()
            answerer.event(answer)
            answerer.endStream()
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        let error = await failure { try await connection.listTools() }
        #expect(error?.message.contains("with the id \"other\"") == true)
    }

    @Test("E1.1: a number is sent back as the cursor it came as, and an HTTP refusal of a page loses none before it")
    func pages() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/list" else { return answerOrdinarily(request, answerer) }
            let tools = oneTool["tools"] ?? []
            switch request.json["params"]?["cursor"] {
            case nil: answerer.result(request, ["tools": tools, "nextCursor": 2])
            case 2: answerer.result(request, ["tools": [["name": "second"]], "nextCursor": ""])
            default: answerer.answer(500, [("Content-Type", "text/plain")], body: Array("no such page".utf8))
            }
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        _ = try await connection.connect()
        #expect(try await connection.listTools().map(\.name) == ["echo", "second"])
        let told = events.values.contains {
            if case .listUnfinished(.tools, 2, let reason) = $0 { return reason.contains("no such page") }
            return false
        }
        #expect(told)
    }
}

@Suite("the stream of a session", .timeLimit(.minutes(5)))
struct SessionStreamTests {
    /// A server that answers a call only when what it asks on its stream was answered.
    private func asking(_ method: String, session: String?, replies: Recorder<JSON>) throws -> ScriptedServer {
        let stream = Recorder<Void>()
        return try ScriptedServer { request, answerer in
            switch request.call {
            case "GET":
                stream.record(())
                answerer.beginStream()
                answerer.event(["jsonrpc": "2.0", "id": "q", "method": .string(method)])
                answerer.waitForClose()
            case "answer":
                replies.record(request.json)
                answerer.answer(202)
            case "tools/call" where session != nil && stream.values.isEmpty:
                answerer.answer(
                    500, [("Content-Type", "text/plain")], body: Array("called before the stream stood".utf8))
            default: answerOrdinarily(request, answerer, session: session)
            }
        }
    }

    @Test(
        "A4.7: in a session the stream stands before the first call, and what is asked there is answered",
        arguments: ["ping", "roots/list", "sampling/createMessage", "x/unknown"])
    func standsBeforeCall(method: String) async throws {
        let replies = Recorder<JSON>()
        let server = try asking(method, session: "abc", replies: replies)
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
        #expect(!server.calls.contains("GET"), "not for listing")
        async let first = connection.callTool("echo")
        async let second = connection.callTool("echo")
        _ = try await (first, second)
        await replies.wait { !$0.isEmpty }
        let reply = replies.values[0]
        #expect(method == "ping" ? reply["result"] == [:] : reply["error"]?["code"] == -32601)
        #expect(server.calls.filter { $0 == "GET" }.count == 1)
        #expect(server.requests.first { $0.call == "GET" }?.headers["mcp-session-id"] == "abc")
        await connection.close()
    }

    @Test("without a session there is no such stream")
    func noSession() async throws {
        let server = try asking("ping", session: nil, replies: .init())
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        _ = try await connection.callTool("echo")
        #expect(!server.calls.contains("GET"))
    }

    @Test(
        "a server that has no stream, or says nothing on it, holds no call up for long", arguments: [405, 404, 500, 0])
    func noStream(status: Int) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "GET" else { return answerOrdinarily(request, answerer, session: "abc") }
            status == 0 ? answerer.waitForClose() : answerer.answer(status)
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        _ = try await connection.callTool("echo")
        _ = try await connection.callTool("echo")
        #expect(server.calls.filter { $0 == "GET" }.count == 1)
        await connection.close()
    }
}
