// Servers that are down, hang or talk nonsense: each its own code and next step, and never a delay for the others.

import OmlxDemoServer
import OmlxErrors
import Glibc
import OmlxJSON
import Synchronization
import Testing

@testable import OmlxMCPHost

@Suite struct FailingServerTests {
    /// A server that answers so, and the code for it.
    static let answers: [(name: String, override: DemoScript.Override, code: String)] = [
        ("closes", .close, "TRANSPORT_CLOSED"), ("html", .html(), "PROTOCOL_CONTENT_TYPE"),
        ("not JSON", .notJSON, "PROTOCOL_NOT_JSON"), ("500", .status(500), "TRANSPORT_SERVER_ERROR"),
        ("404", .status(404), "TRANSPORT_NOT_FOUND"), ("429", .status(429), "TRANSPORT_RATE_LIMITED"),
        ("403", .status(403), "TRANSPORT_FORBIDDEN"), ("hangs", .hang, "TRANSPORT_TIMEOUT"),
        ("no message", .json(200, ["hello": "world"]), "PROTOCOL_INVALID_MESSAGE"),
    ]

    @Test("each way to fail has its own code, in transport and last error, with a next step", arguments: answers)
    func codes(name: String, override: DemoScript.Override, code: String) async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.sse.enabled = false
            $0.mcp.overrides["initialize"] = override
            if code == "TRANSPORT_NOT_FOUND" { $0.mcp.overrides["GET"] = .status(404) }
        }) { scene, server async throws in
            let manager = try await scene.host(server) { $0.timeout = name == "hangs" ? 2 : 120 }
            await manager.start()
            let status = try await manager.state()
            #expect(status.transport.state == .failed)
            #expect(status.transport.problem?.code == code)
            #expect(status.transport.problem?.nextStep != nil)
            #expect(status.discovery.state == .failed)
            #expect(status.signIn.state == .unknown)
            #expect(status.lastError?.code == code)
            #expect(scene.transcript.log.contains { $0.hasPrefix("demo: transport failed: \(code)") })
            #expect(scene.transcript.log.last == "0 of 1 server ready, 0 tools; 1 failed: demo")
            #expect(try await scene.row().transport.problem?.code == code)
            #expect(await manager.problem(of: "demo")?.code.text == code)
        }
    }

    @Test("what speaks no HTTP, or nothing at all", arguments: ["closed port", "closes at once", "silent", "noise"])
    func rawServers(kind: String) async throws {
        try await withHostScene { scene async throws in
            let raw = try await RawServer.start(
                kind == "silent" ? .silent : kind == "noise" ? .sends("SSH-2.0-OpenSSH\r\n") : .closesAtOnce)
            let port = try await RawServer.closedPort()
            let url = kind == "closed port" ? "http://127.0.0.1:\(port)/mcp" : raw.url
            let manager = try await scene.host(["demo": ["url": JSON(url)]]) {
                $0.timeout = kind == "silent" ? 0.3 : 20
            }
            await manager.start()
            let expected = [
                "closed port": "TRANSPORT_CONNECTION_REFUSED", "closes at once": "TRANSPORT_CLOSED",
                "silent": "TRANSPORT_TIMEOUT", "noise": "TRANSPORT_NOT_HTTP",
            ]
            #expect(try await manager.state().transport.problem?.code == expected[kind])
            await raw.stop()
        }
    }

    @Test("children: a missing command, one that ends at once, one that says nothing")
    func children() async throws {
        try await withHostScene { scene async throws in
            let manager = try await scene.host([
                "missing": ["command": "/no/such/program", "timeout": 60],
                "ends": ["command": "/bin/false", "timeout": 60],
                "mute": ["command": "/bin/sleep", "args": ["600"], "timeout": 1],
            ]) { $0.timeout = nil }
            await manager.start()
            let codes = await [
                manager.problem(of: "missing")?.code.text, manager.problem(of: "ends")?.code.text,
                manager.problem(of: "mute")?.code.text,
            ]
            #expect(codes == ["TRANSPORT_COMMAND_NOT_FOUND", "TRANSPORT_PROCESS_EXITED", "TRANSPORT_TIMEOUT"])
            #expect(await scene.code { _ = try await scene.call(manager, "ends__x") } == "TRANSPORT_PROCESS_EXITED")
        }
    }

    @Test("a child that ends after the handshake: the transport failed, with the reason, not the discovery alone")
    func childEndsAfterHandshake() async throws {
        try await withHostScene { scene async throws in
            let script = """
                read line
                echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}'
                read line
                echo '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},\
                "serverInfo":{"name":"x","version":"1"}}}'
                exit 3
                """
            let manager = try await scene.host(["child": ["command": "/bin/sh", "args": ["-c", JSON(script)]]])
            await manager.start()
            let status = try await manager.state("child")
            #expect(status.transport.state == .failed)
            #expect(status.transport.problem?.code == "TRANSPORT_PROCESS_EXITED")
            #expect(status.transport.problem?.message.contains("status 3") == true)
        }
    }

    @Test("tools/list that fails: the transport is connected, the discovery failed", arguments: [true, false])
    func listFails(isServerError: Bool) async throws {
        try await withHost({
            $0.protection.mode = .none
            if isServerError {
                $0.mcp.overrides["tools/list"] = .status(500)
            } else {
                $0.mcp.resultPatches["tools/list"] = ["tools": "none"]
            }
        }) { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            let status = try await manager.state()
            let code = isServerError ? "TRANSPORT_SERVER_ERROR" : "PROTOCOL_INVALID_MESSAGE"
            #expect(status.transport.state == .connected)
            #expect(status.signIn.state == .notNeeded)
            #expect(status.discovery.state == .failed)
            #expect(status.discovery.problem?.code == code)
            #expect(scene.transcript.log.contains("demo: transport connected"))
            #expect(scene.transcript.log.contains { $0.hasPrefix("demo: tool discovery failed: \(code)") })
            server.update {
                $0.mcp.overrides = [:]
                $0.mcp.resultPatches = [:]
            }
            await manager.start()
            #expect(try await manager.state().discovery.state == .succeeded(toolCount: 5))
        }
    }

    @Test("tools/list alone wants a sign-in: connected, needed, unauthorized; login mends it")
    func listProtected() async throws {
        try await withHost({ $0.protection.mode = .toolsList }) { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            let status = try await manager.state()
            #expect(status.transport.state == .connected)
            #expect(status.signIn.state == .needed)
            #expect(status.discovery.state == .unauthorized)
            #expect(scene.transcript.log.prefix(2) == ["demo: transport connected", "demo: sign-in needed"])
            try await scene.login(manager)
            #expect(try await manager.state().discovery.state == .succeeded(toolCount: 5))
        }
    }

    @Test("healthy servers are done before a hanging one, in the order they get done (P30)")
    func neverADelay() async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.overrides["initialize"] = .hang
        }) { scene, hanging async throws in
            try await withServer({ $0.protection.mode = .none }) { healthy async throws in
                let manager = try await scene.host([
                    "hangs": ["url": JSON(hanging.url), "timeout": 600], "one": ["url": JSON(healthy.url)],
                    "two": ["url": JSON(healthy.sseURL), "transport": "sse"],
                ]) { $0.timeout = nil }
                let order = Mutex<[String]>([])
                let start = Task {
                    await manager.start { status in order.withLock { $0.append(status.name) } }
                }
                for name in ["one", "two"] {
                    await manager.wait(for: name) { $0.discovery.state == .succeeded(toolCount: 5) }
                }
                #expect(try await scene.call(manager, "one__add", ["a": 1, "b": 2])["isError"] == false)
                #expect(try await manager.state("hangs").transport.state == .connecting)
                // Nobody waits any longer, so the attempt ends with its last waiter.
                start.cancel()
                await start.value
                #expect(order.withLock { Set($0.prefix(2)) } == ["one", "two"])
                #expect(order.withLock { $0.last } == "hangs")
                #expect(try await manager.state("hangs").transport.state == .idle)
                #expect(await manager.problem(of: "hangs")?.code == .transportCancelled)
            }
        }
    }

    @Test("50 servers at once, one of them hanging: all others are ready")
    func many() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            try await withServer({
                $0.mcp.overrides["*"] = .hang; $0.protection.mode = .none
            }) { hanging async throws in
                var entries: [(String, JSON)] = (1...49).map { ("s\($0)", ["url": JSON(server.url)]) }
                entries.append(("hangs", ["url": JSON(hanging.url), "timeout": 1]))
                let many = try await scene.host(servers: entries) { $0.timeout = nil }
                await many.start()
                #expect(await many.summary() == "49 of 50 servers ready, 245 tools; 1 failed: hangs")
                await many.stop()
                #expect(server.state.sessions == 0)
            }
        }
    }

    @Test("limits that are no sensible numbers are limits all the same", arguments: [0, -1, Double.nan, 1e300])
    func oddLimits(seconds: Double) async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(server) { $0.timeout = seconds }
            await manager.start()
            let code = try await manager.state().transport.problem?.code
            #expect(seconds > 1 ? code == nil : code?.hasPrefix("TRANSPORT_") == true)
        }
    }
}
