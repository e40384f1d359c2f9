// The streamable HTTP endpoint, correct and misbehaving.

import OmlxDemoServer
import OmlxJSON
import Testing

@Suite("Streamable HTTP")
struct MCPEndpointTests {
    private func unprotected(
        _ change: (inout DemoScript) -> Void = { _ in }, _ body: (DemoServer) async throws -> Void
    ) async throws {
        try await withServer(
            {
                $0.protection.mode = .none
                change(&$0)
            }, body)
    }

    @Test("a known version is answered by itself, an unknown one by the newest")
    func versions() async throws {
        try await unprotected { server async throws in
            for (asked, answered) in [("2024-11-05", "2024-11-05"), ("2026-07-28", "2025-11-25")] {
                let result = try await server.send(initialize(asked)).json["result"]
                #expect(result?["protocolVersion"]?.stringValue == answered)
            }
        }
    }

    @Test("tools are listed and called")
    func tools() async throws {
        try await unprotected { server async throws in
            let session = try await server.openSession()
            let list = try await server.send(rpc(1, "tools/list"), headers: session).json["result"]?["tools"]
            #expect(
                list?.arrayValue?.compactMap { $0["name"]?.stringValue } == ["whoami", "echo", "add", "fail", "slow"])
            let sum: JSON = ["name": "add", "arguments": ["a": 2, "b": 40]]
            let result = try await server.send(rpc(2, "tools/call", sum), headers: session).json["result"]
            #expect(result?["content"]?[0]?["text"] == "42")
            let failing = try await server.send(rpc(3, "tools/call", ["name": "fail"]), headers: session)
            #expect(failing.json["result"]?["isError"] == true)
            let unknown = try await server.send(rpc(4, "tools/call", ["name": "no"]), headers: session)
            #expect(unknown.json["error"]?["code"] == -32602)
        }
    }

    @Test("E1.1: pages follow each other by cursor, the empty string is one")
    func pages() async throws {
        try await unprotected {
            $0.mcp.sessions = false
            $0.mcp.tools.generated = 2
            $0.mcp.tools.pageSize = 3
            $0.mcp.tools.emptyCursor = true
        } _: { server async throws in
            let first = try await server.send(rpc(1, "tools/list")).json["result"]
            #expect(first?["nextCursor"] == "")
            let second = try await server.send(rpc(2, "tools/list", ["cursor": ""])).json["result"]
            #expect(second?["nextCursor"] == "demo-page-2")
            let third = try await server.send(rpc(3, "tools/list", ["cursor": "demo-page-2"])).json["result"]
            #expect(third?["tools"]?.arrayValue?.count == 1 && third?["nextCursor"] == nil)
            let wrong = try await server.send(rpc(4, "tools/list", ["cursor": "demo-page-9"])).json
            #expect(wrong["error"]?["code"] == -32602)
        }
    }

    @Test("a strict server refuses wrong headers")
    func strictHeaders() async throws {
        try await unprotected { server async throws in
            let json = "Content-Type: application/json"
            let both = "Accept: application/json, text/event-stream"
            let cases: [([String], Int)] = [
                ([json, "Accept: application/json"], 406), (["Content-Type: text/plain", both], 415),
                ([json, both, "Origin: https://attacker.example"], 403),
            ]
            for (headers, status) in cases {
                let answer = try await Curl.run("POST", server.url, headers: headers, body: initialize().text())
                #expect(answer.status == status, "\(headers)")
            }
        }
    }

    @Test("A1.3: a repeated id, a missing session, version or initialized notification is refused")
    func strictOrder() async throws {
        try await unprotected { server async throws in
            let session = try await server.openSession()
            #expect(try await server.send(rpc(1, "ping"), headers: session).status == 200)
            #expect(try await server.send(rpc(1, "ping"), headers: session).status == 400)
            #expect(try await server.send(rpc(2, "ping")).status == 400)
            #expect(try await server.send(rpc(3, "ping"), headers: [session[0]]).status == 400)
            #expect(try await server.send(rpc(4, "ping"), headers: ["Mcp-Session-Id: x", session[1]]).status == 404)
            let fresh = try #require(try await server.send(initialize()).header("mcp-session-id"))
            let headers = ["Mcp-Session-Id: \(fresh)", session[1]]
            #expect(try await server.send(rpc(1, "tools/list"), headers: headers).status == 400)
        }
    }

    @Test("an expired session gets 404 once and is gone")
    func expiredSession() async throws {
        try await unprotected { server async throws in
            let session = try await server.openSession()
            server.update { $0.mcp.expireSession = true }
            #expect(try await server.send(rpc(1, "ping"), headers: session).status == 404)
            #expect(!server.script.mcp.expireSession)
            #expect(try await server.send(rpc(2, "ping"), headers: session).status == 404)
            let renewed = try await server.openSession()
            #expect(try await server.send(rpc(1, "ping"), headers: renewed).status == 200)
            #expect(try await Curl.run("DELETE", server.url, headers: renewed).status == 204)
            #expect(try await server.send(rpc(2, "ping"), headers: renewed).status == 404)
        }
    }

    @Test("an event stream has the shape the script wants")
    func eventStream() async throws {
        try await unprotected {
            $0.mcp.sessions = false
            $0.mcp.responseFormat = .sse
            $0.mcp.events.lineEnding = .crlf
            $0.mcp.events.primingEvent = true
            $0.mcp.events.comments = true
            $0.mcp.events.notificationsBeforeResult = 1
            $0.mcp.events.pingBeforeResult = .send
        } _: { server async throws in
            let answer = try await server.send(rpc(1, "ping", ["_meta": ["progressToken": "p"]]))
            #expect(answer.header("content-type") == "text/event-stream")
            let events = answer.text.components(separatedBy: "\r\n\r\n").filter { !$0.hasPrefix(":") && !$0.isEmpty }
            try #require(events.count == 4)
            #expect(events[0] == "id: demo-event-0\r\nretry: 1000\r\ndata: ")
            #expect(events[1].contains("notifications/progress") && events[1].contains("\"progressToken\":\"p\""))
            #expect(events[2].contains("\"id\":\"demo-ping-1\",\"method\":\"ping\""))
            #expect(events[3] == "event: message\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}")
        }
    }

    @Test("a result that waits for the client's pong comes after it")
    func awaitedPong() async throws {
        try await unprotected {
            $0.mcp.sessions = false
            $0.mcp.responseFormat = .sse
            $0.mcp.events.pingBeforeResult = .awaitAnswer
        } _: { server async throws in
            async let answer = server.send(rpc(1, "tools/list"))
            let pong: JSON = ["jsonrpc": "2.0", "id": "demo-ping-1", "result": .object([:])]
            await server.wait { $0.state.awaitedPongs == 1 }
            #expect(try await server.send(pong).status == 202)
            #expect(try await answer.text.contains("whoami"))
        }
    }

    @Test("every way of not answering")
    func overrides() async throws {
        try await unprotected {
            $0.mcp.sessions = false
        } _: { server async throws in
            func ping(_ override: DemoScript.Override, timeout: Double = 120) async throws -> Answer {
                server.update { $0.mcp.overrides["ping"] = override }
                let headers = ["Content-Type: application/json", "Accept: application/json, text/event-stream"]
                return try await Curl.run(
                    "POST", server.url, headers: headers, body: rpc(1, "ping").text(), timeout: timeout)
            }
            #expect(try await ping(.close).exit == Curl.empty)
            #expect(try await ping(.hang, timeout: 2).exit == Curl.timedOut)
            #expect(try await ping(.cut()).exit == Curl.partial)
            #expect(
                try await ping(.status(503, headers: [HeaderField("Retry-After", "7")])).header("retry-after") == "7")
            #expect(try await ping(.html()).header("content-type") == "text/html; charset=utf-8")
            #expect(try await ping(.huge(bytes: 3_000_000)).body.count == 3_000_000)
            let moved = try await ping(.redirect(308, to: "{origin}/elsewhere"))
            #expect(moved.status == 308 && moved.header("location") == server.origin + "/elsewhere")
            #expect(try await ping(.delay(milliseconds: 1)).json["result"] != nil)
        }
    }

    @Test("an event stream can break off in the middle or end without a result")
    func brokenStreams() async throws {
        try await unprotected {
            $0.mcp.sessions = false
            $0.mcp.responseFormat = .sse
            $0.mcp.overrides["tools/list"] = .cut()
            $0.mcp.events.endsBeforeResult = true
        } _: { server async throws in
            let cut = try await server.send(rpc(1, "tools/list"))
            #expect(cut.status == 200 && cut.exit == Curl.partial)
            let ended = try await server.send(rpc(2, "ping"))
            #expect(ended.status == 200 && ended.exit == 0 && ended.body.isEmpty)
        }
    }

    @Test("an override begins after n answers and ends after n more")
    func countedOverride() async throws {
        try await unprotected {
            $0.mcp.sessions = false
            $0.mcp.overrides["*"] = .status(500).after(1).times(2)
        } _: { server async throws in
            var statuses: [Int] = []
            for id in 1...4 { statuses.append(try await server.send(rpc(id, "ping")).status) }
            #expect(statuses == [200, 500, 500, 200])
        }
    }

    @Test("requests are recorded with what was answered")
    func recording() async throws {
        try await unprotected { server async throws in
            _ = try await server.send(initialize(), headers: ["X-Test: Yes"])
            _ = try await Curl.run("GET", server.origin + "/nowhere?a=1%20b")
            let requests = server.requests
            #expect(requests.map(\.ordinal) == [1, 2])
            #expect(requests.map(\.status) == [200, 404])
            #expect(requests[0].rpcMethod == "initialize" && requests[0].header("x-test") == "Yes")
            #expect(requests[0].header("Host") == "127.0.0.1:\(server.port)")
            #expect(requests[1].target == "/nowhere?a=1%20b" && requests[1].path == "/nowhere")
            #expect(requests[1].queryItems == ["a": "1 b"])
            server.clearRequests()
            #expect(server.requests.isEmpty)
        }
    }
}
