// A connection of the era without a handshake, against a scripted server.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("The modern era (MCP 2026-07-28)")
struct ModernEraTests {
    private static let version = "io.modelcontextprotocol/protocolVersion"

    /// Answers as a server of that era alone does.
    private static func answer(
        _ request: ScriptedRequest, _ answerer: Answerer, capabilities: JSON = ["tools": [:]],
        tools: JSON = [["name": "echo"]]
    ) {
        switch request.call {
        case "server/discover":
            answerer.result(
                request,
                [
                    "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": capabilities,
                    "ttlMs": 0, "cacheScope": "private",
                ])
        case "tools/list": answerer.result(request, ["resultType": "complete", "tools": tools])
        case "tools/call":
            answerer.result(request, ["resultType": "complete", "content": [["type": "text", "text": "hello"]]])
        case "initialize": refuse(request, answerer, 400, -32022, data: ["supported": ["2026-07-28"]])
        default: refuse(request, answerer, 404, -32601)
        }
    }

    private static func refuse(
        _ request: ScriptedRequest, _ answerer: Answerer, _ status: Int, _ code: Int, data: JSON = .null
    ) {
        let error: JSON = ["code": JSON(code), "message": "no", "data": data]
        answerer.answer(status, json: ["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "error": error])
    }

    private func values(_ name: String, _ requests: [ScriptedRequest]) -> [String?] {
        requests.map { $0.headers[name] }
    }

    @Test("A3.3 to A3.5: each request says revision, client and capabilities, and its headers say so too")
    func envelope() async throws {
        let server = try ScriptedServer { Self.answer($0, $1) }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        let result = try await connection.connect()
        #expect(result.protocolVersion == "2026-07-28" && result.isModern)
        let tools = try await connection.listTools()
        let call = try await connection.callTool("echo", arguments: ["text": "é"], tool: tools.first)
        #expect(call.text == "hello")
        #expect(server.calls == ["initialize", "server/discover", "tools/list", "tools/call"])
        for request in server.requests.dropFirst() {
            #expect(request.headers["mcp-protocol-version"] == "2026-07-28")
            #expect(request.headers["mcp-method"] == request.call)
            #expect(request.headers["mcp-session-id"] == nil && request.headers["origin"] == nil)
            let meta = request.json["params"]?["_meta"]
            #expect(meta?[Self.version] == "2026-07-28")
            #expect(meta?["io.modelcontextprotocol/clientInfo"] == ["name": "omlx", "version": "1.0.0"])
            #expect(meta?["io.modelcontextprotocol/clientCapabilities"] == [:])
        }
        #expect(values("mcp-name", server.requests) == [nil, nil, nil, "echo"])
        // What the server speaks is known now: the same connection asks for nothing else first.
        await connection.close()
        _ = try await connection.connect()
        #expect(server.calls.suffix(2) == ["tools/call", "server/discover"])
    }

    @Test(
        "A6.1: a server of which nothing is known is asked what it speaks: one of both eras is spoken to in the modern one"
    )
    func askedFirst() async throws {
        let server = try ScriptedServer { request, answerer in
            request.call == "initialize"
                ? answerOrdinarily(request, answerer) : Self.answer(request, answerer)
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), era: nil)
        #expect(try await connection.connect().isModern)
        #expect(server.calls == ["server/discover"])
        #expect(await connection.era == .modern)
    }

    @Test(
        "A6.2, A6.3: a refusal in whatever form is followed by the handshake in the same opening, and by it alone the next time",
        arguments: [
            (400, nil), (404, nil), (405, nil), (406, nil), (400, -32600), (400, -32000), (404, -32601), (200, -32601),
            (200, -32602), (400, -32020), (202, nil), (500, nil), (501, nil),
        ] as [(Int, Int?)])
    func handshakeAfter(status: Int, code: Int?) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "server/discover" else { return answerOrdinarily(request, answerer, session: "s") }
            code.map { Self.refuse(request, answerer, status, $0) } ?? answerer.answer(status)
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), era: nil)
        #expect(try await connection.connect().protocolVersion == "2025-11-25")
        #expect(server.calls == ["server/discover", "initialize", "notifications/initialized"])
        #expect(await connection.era == .initialize)
        await connection.close()
        _ = try await connection.connect()
        #expect(server.calls.suffix(2) == ["initialize", "notifications/initialized"])
    }

    @Test("A6.4: one of HTTP+SSE is found after both, and costs the question no more the next time")
    func streamAfter() async throws {
        let stream = SSEScript()
        let server = try ScriptedServer { request, answerer in
            request.method == "POST" && request.target == "/sse"
                ? answerer.answer(405) : stream.answer(request, answerer)
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url("/sse")), fallsBackToSSE: true, era: nil)
        _ = try await connection.connect()
        #expect(server.calls.prefix(3) == ["server/discover", "initialize", "GET"])
        #expect(await connection.era == .initialize)
        await connection.close()
    }

    @Test("A6.5: a server that has gone back to the handshake is asked in both eras")
    func wentBack() async throws {
        let server = try ScriptedServer { request, answerer in
            request.call == "server/discover"
                ? Self.refuse(request, answerer, 400, -32601) : answerOrdinarily(request, answerer)
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), era: .modern)
        #expect(try await connection.connect().protocolVersion == "2025-11-25")
        #expect(server.calls.prefix(2) == ["server/discover", "initialize"])
        #expect(server.requests[1].headers["mcp-method"] == nil)
    }

    @Test(
        "A6.6: a sign-in that is needed, and a server that is down, say nothing of the era", arguments: [401, 503, 429])
    func noEvidence(status: Int) async throws {
        let server = try ScriptedServer { $1.answer(status) }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), era: .modern)
        let error = await failure { try await connection.connect() }
        #expect(error?.httpStatus == status)
        #expect(Set(server.calls) == ["server/discover"])
    }

    // MARK: results

    @Test("A1.7, E2.5: results of another kind, and questions that were not invited, are invalid")
    func kinds() async throws {
        for (result, says) in [
            (["resultType": "later"], "unknown type \"later\""),
            (
                ["resultType": "input_required", "inputRequests": ["a": ["method": "elicitation/create"]]],
                "elicitation/create"
            ),
            (["resultType": "input_required"], "unfinished"),
        ] as [(JSON, String)] {
            let server = try ScriptedServer { request, answerer in
                request.call == "tools/call" ? answerer.result(request, result) : Self.answer(request, answerer)
            }
            defer { server.stop() }
            let connection = connection(.streamableHTTP(try server.url()))
            _ = try await connection.connect()
            let error = await failure { try await connection.callTool("echo") }
            #expect(error?.code == .protocolInvalidMessage && error?.message.contains(says) == true, "\(says)")
        }
    }

    @Test("E2.2 to E2.4: a state is echoed byte for byte under a new id; without an end the call fails")
    func rounds() async throws {
        let state = "\u{7}é/=+ \\u00e9"
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return Self.answer(request, answerer) }
            let isEndless = request.json["params"]?["name"] == "endless"
            if request.json["params"]?["requestState"] == .string(state), !isEndless {
                return Self.answer(request, answerer)
            }
            answerer.result(request, ["resultType": "input_required", "requestState": .string(state)])
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        #expect(try await connection.callTool("echo", arguments: ["a": 1]).text == "hello")
        let calls = server.requests.suffix(2)
        #expect(Set(calls.map { $0.json["id"] }).count == 2)
        #expect(calls.allSatisfy { $0.json["params"]?["arguments"] == ["a": 1] })
        let error = await failure { try await connection.callTool("endless") }
        #expect(error?.code == .protocolInvalidMessage)
    }

    @Test("A3.19: a stream that breaks is asked for anew where that only looks, and never by its last event")
    func broken() async throws {
        let server = try ScriptedServer { request, answerer in
            let isFirst = request.json["id"]?.intValue ?? 0 <= 4
            guard ["tools/list", "tools/call"].contains(request.call), isFirst else {
                return Self.answer(request, answerer)
            }
            answerer.beginStream()
            answerer.event(["jsonrpc": "2.0", "method": "notifications/message", "params": [:]], id: "7")
            answerer.cut()
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        let error = await failure { try await connection.callTool("echo") }
        #expect(error?.code == .protocolStreamBroken)
        #expect(try await connection.listTools().count == 1)
        #expect(server.calls.suffix(3) == ["tools/call", "tools/list", "tools/list"])
        #expect(values("last-event-id", server.requests).allSatisfy { $0 == nil })
    }

    // MARK: headers by the schema

    @Test("A3.12: tools whose headers must not be sent are left out, the others stay")
    func droppedTools() async throws {
        let bad: JSON = ["type": "object", "properties": ["a": ["type": "number", "x-mcp-header": "A"]]]
        let server = try ScriptedServer {
            Self.answer($0, $1, tools: [["name": "good"], ["name": "bad", "inputSchema": bad]])
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        _ = try await connection.connect()
        #expect(try await connection.listTools().map(\.name) == ["good"])
        #expect(events.values.contains { if case .entriesDropped(.tools, 1, ["bad"], _) = $0 { true } else { false } })
    }

    @Test("A3.14: headers that do not fit are made anew by the tool as it is now, once")
    func otherSchema() async throws {
        func schema(_ header: String) -> JSON {
            ["type": "object", "properties": ["a": ["type": "string", "x-mcp-header": .string(header)]]]
        }
        let now = schema("New")
        let server = try ScriptedServer { request, answerer in
            if request.call == "tools/call", request.headers["mcp-param-new"] != "x" {
                return Self.refuse(request, answerer, 400, -32020)
            }
            Self.answer(request, answerer, tools: [["name": "echo", "inputSchema": now]])
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        let known = Tool(name: "echo", inputSchema: schema("Old"))
        #expect(try await connection.callTool("echo", arguments: ["a": "x"], tool: known).text == "hello")
        #expect(server.calls.suffix(3) == ["tools/call", "tools/list", "tools/call"])
        let error = await failure { try await connection.callTool("gone", arguments: ["a": "x"]) }
        #expect(error?.code == .protocolErrorResponse, "what is not listed stays refused")
    }

    // MARK: what the server says unasked

    @Test("A7.9, A7.11: other tools are told on the stream that was asked for")
    func listening() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "subscriptions/listen" else {
                return Self.answer(request, answerer, capabilities: ["tools": ["listChanged": true]])
            }
            answerer.beginStream()
            let meta: JSON = ["io.modelcontextprotocol/subscriptionId": request.json["id"] ?? .null]
            for method in ["notifications/subscriptions/acknowledged", "notifications/tools/list_changed"] {
                answerer.event(["jsonrpc": "2.0", "method": .string(method), "params": ["_meta": meta]])
            }
            answerer.waitForClose()
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), opensServerStream: true, events: events)
        _ = try await connection.connect()
        await events.wait { $0.contains(.listChanged(.tools)) }
        let listen = server.requests.first { $0.call == "subscriptions/listen" }
        #expect(listen?.json["params"]?["notifications"] == ["toolsListChanged": true])
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("E1.4: a list says how long it holds, by its shortest page; without a time of its own it says nothing")
    func freshness() async throws {
        let now = ContinuousClock.now
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/list" else { return Self.answer(request, answerer) }
            let isFirst = request.json["params"]?["cursor"] == nil
            answerer.result(
                request,
                isFirst
                    ? ["tools": [["name": "a"]], "ttlMs": 3_600_000, "nextCursor": "2"]
                    : ["tools": [["name": "b"]], "ttlMs": 60_000])
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), era: .modern)
        _ = try await connection.connect()
        #expect(await connection.toolsFreshUntil == nil)
        _ = try await connection.listTools()
        let until = try #require(await connection.toolsFreshUntil)
        #expect(until > now && until < now + .seconds(1800))
    }

    @Test("A2.6, A3.20: on a pipe a notification gives a request up; over HTTP the end of its exchange does")
    func cancellation() {
        for isOverHTTP in [true, false] {
            var modern = ModernEra(client: testClient, isOverHTTP: isOverHTTP)
            #expect(modern.cancellation(ofRequest: 3, reason: "timeout") == nil, "it may know the handshake alone")
            modern.isSettled = true
            let era = Era.modern(modern)
            let message = era.cancellation(ofRequest: 3, method: "tools/call", reason: "timeout")
            #expect((message == nil) == isOverHTTP)
        }
    }

    @Test("A2.3: no answer is made to what a server asks")
    func noReplies() {
        #expect(Era.modern(ModernEra(client: testClient, isOverHTTP: false)).reply(["id": 1]) == nil)
    }
}
