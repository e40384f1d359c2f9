// Servers as they are: what they say when they refuse, and what is odd about those that work, in status and doctor.

import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct OddServerTests {
    private static func rpc(_ code: Int, _ message: String, data: JSON = .null) -> JSON {
        ["jsonrpc": "2.0", "id": .null, "error": ["code": JSON(code), "message": .string(message), "data": data]]
    }

    private func report(_ scene: HostScene, _ entry: JSON) async throws -> DoctorReport {
        let report = try await (try await scene.host(["demo": entry]) { $0.keepsStatus = false }).examine("demo")
        for step in report.steps { scene.transcript.note("\(step)") }
        return report
    }

    static let refusals: [(name: String, override: DemoScript.Override, says: String)] = [
        ("detail", .json(400, ["detail": "Workspace acme is suspended"]), "Workspace acme is suspended"),
        (
            "page", .status(403, headers: [.init("Content-Type", "text/html")], body: "<title>Blocked by WAF</title>"),
            "Blocked by WAF"
        ),
        ("text", .status(500, headers: [.init("Content-Type", "text/plain")], body: "no database"), "no database"),
        ("later era", .json(400, rpc(-32022, "no", data: ["supported": ["2026-07-28"]])), "2026-07-28"),
        ("later era, unnamed", .json(400, rpc(-32020, "Mcp-Method is missing")), "Mcp-Method is missing"),
        ("unknown method", .json(404, rpc(-32601, "Method not found")), "2026-07-28"),
        ("slow down", .status(429, headers: [.init("Retry-After", "17")]), "again after 17 s"),
    ]

    @Test("the server's own words stand in status, last error and the doctor's finding", arguments: refusals)
    func refusal(name: String, override: DemoScript.Override, says: String) async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.sse.enabled = false
            $0.mcp.overrides["*"] = override
            $0.mcp.overrides["GET"] = .status(405)
        }) { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            let status = try await manager.state()
            #expect(status.transport.problem?.message.contains(says) == true, "\(status.transport)")
            #expect(status.lastError?.message.contains(says) == true)
            if name.hasPrefix("later era") || name == "unknown method" {
                #expect(status.transport.problem?.code == "PROTOCOL_VERSION_UNSUPPORTED")
                #expect(status.transport.problem?.message.contains("2026-07-28") == true)
            }
            let report = try await report(scene, ["url": JSON(server.url)])
            let found = report.steps.filter { $0.part != .history }
            #expect(found.contains { "\($0)".contains(says) })
            if status.transport.problem?.code == "PROTOCOL_VERSION_UNSUPPORTED" {
                #expect(report.worst?.code == .protocolVersionUnsupported, "no sign-in helps there")
            }
        }
    }

    @Test("a refused header is told with the reason the server gives")
    func refusedHeader() async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.overrides["*"] = .json(401, ["message": "API key expired on May 1"])
        }) { scene, server async throws in
            let entry: JSON = ["url": JSON(server.url), "headers": ["Authorization": "Bearer abcdefgh-12345"]]
            let manager = try await scene.host(["demo": entry])
            await manager.start()
            let problem = try #require(try await manager.state().signIn.problem)
            #expect(problem.code == "OAUTH_STATIC_HEADER_REFUSED")
            #expect(problem.message.hasSuffix(": API key expired on May 1"))
            let worst = try await report(scene, entry).worst
            #expect(worst?.message.contains("API key expired on May 1") == true)
        }
    }

    @Test("what is odd about a server that works is a warning, and a notice of the doctor")
    func warnings() async throws {
        try await withHost({
            $0.protection.mode = .none
            var refusal = DemoScript.Override.status(400, body: "what?")
            refusal.takesEffect = true
            $0.mcp.overrides["notifications/initialized"] = refusal
        }) { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            #expect(try await manager.state().discovery.state == .succeeded(toolCount: 5))
            #expect(
                scene.transcript.log.contains { $0.contains("the server did not accept notifications/initialized") })
            let first = try await report(scene, ["url": JSON(server.url)])
            #expect(first.worst == nil)
            #expect(first.steps.contains { $0.verdict == .notice && $0.title.contains("notifications/initialized") })

            server.update {
                $0.mcp.overrides = [:]
                $0.mcp.resultPatches["initialize"] = ["capabilities": ["tools": .null, "prompts": [:]]]
            }
            let none = try await scene.host(server)
            await none.start()
            #expect(try await none.state().discovery.state == .succeeded(toolCount: 0))
            #expect(
                scene.transcript.log.contains { $0.contains("says that it has no tools") && $0.contains("prompts") })
            let second = try await report(scene, ["url": JSON(server.url)])
            #expect(second.steps.contains { $0.verdict == .notice && $0.title.contains("says that it has no tools") })

            server.update { $0.mcp.resultPatches = ["tools/list": ["nextCursor": ""]] }
            let pages = try await scene.host(server)
            await pages.start()
            #expect(try await pages.state().discovery.state == .succeeded(toolCount: 5))
            #expect(scene.transcript.log.contains { $0.contains("the tool list may not be whole, 5 tools were read") })
        }
    }

    @Test(
        "HTTP configured as SSE is found whatever the GET is answered with: the edit is offered",
        arguments: [400, 404, 405, 406, 200])
    func configuredAsSSE(status: Int) async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.sse.enabled = false
            $0.mcp.overrides["GET"] = .json(status, Self.rpc(-32000, "Bad Request: No valid session ID provided"))
        }) { scene, server async throws in
            let report = try await report(scene, ["url": JSON(server.url), "transport": "sse"])
            #expect(report.fixes.map(\.inWords) == ["transport = \"streamable-http\""], "\(report.steps)")
        }
    }

    @Test("a process that is slow is told with what it writes meanwhile")
    func slow() async throws {
        try await withHostScene { scene async throws in
            let text = "echo banner; echo 'npm http fetch dep1' >&2; exec sleep 600"
            let quiet = "echo 'npm http fetch dep1' >&2; exec sleep 600"
            let manager = try await scene.host([
                "quiet": ["command": "sh", "args": ["-c", JSON(quiet)]],
                "chatty": ["command": "sh", "args": ["-c", JSON(text)]],
            ]) { $0.timeout = 3 }
            await manager.start()
            let slow = try #require(await manager.problem(of: "quiet"))
            #expect(slow.code == .transportTimeout)
            #expect(slow.message.contains("it last wrote: npm http fetch dep1"))
            #expect(slow.nextStep?.plainText.contains("timeout") == true)
            let chatty = try #require(await manager.problem(of: "chatty"))
            #expect(chatty.code == .protocolNotJSON)
            #expect(chatty.message.contains("1 line that is no MCP message: banner"))
        }
    }
}
