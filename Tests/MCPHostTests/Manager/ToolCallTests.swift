// Names of tools, calls, and how many run at once.

import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct ToolCallTests {
    @Test(
        "a name is split at the first __ whose left side is a configured server",
        arguments: [
            ("a__b", "a", "b"), ("a__b__c", "a", "b__c"), ("x__y__z", "x__y", "z"), ("a___b", "a", "_b"),
            ("q__", nil, nil), ("__a", nil, nil), ("tool", nil, nil), ("nobody__tool", nil, nil), ("a__", nil, nil),
            ("", nil, nil), ("____", nil, nil), ("_a__b", nil, nil),
        ] as [(String, String?, String?)])
    func split(name: String, server: String?, tool: String?) {
        let split = ToolName.split(name, servers: ["a", "x__y", "x__y__z", "q"])
        #expect(split?.server == server)
        #expect(split?.tool == tool)
    }

    @Test("a bare name works when one server has it; several are ambiguous and named; none is unknown")
    func bareNames() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, one async throws in
            try await withServer({
                $0.protection.mode = .none
                $0.mcp.tools.builtIn = ["echo", "add"]
                $0.mcp.tools.custom = [["name": "with__marks", "inputSchema": ["type": "object"]]]
            }) { two async throws in
                let manager = try await scene.host([
                    "one": ["url": JSON(one.url)], "two": ["url": JSON(two.url)], "bad": ["url": "gopher://x"],
                ])
                #expect(try await scene.call(manager, "whoami")["isError"] == false)
                #expect(try await manager.server(ofTool: "fail") == "one")
                #expect(try await scene.call(manager, "with__marks")["content"] != nil)
                #expect(try await scene.call(manager, "two__with__marks")["content"] != nil)
                let ambiguous = await scene.error { _ = try await scene.call(manager, "echo") }
                #expect(ambiguous?.code == .protocolToolAmbiguous)
                #expect(ambiguous?.step == "use one of one__echo, two__echo")
                let nothing = await scene.error { _ = try await scene.call(manager, "nothing") }
                #expect(nothing?.code == .protocolToolUnreachable, "bad might have it")
                #expect(nothing?.compared.map(\.label) == ["bad"])
                #expect(
                    await scene.code { _ = try await scene.call(manager, "one__nothing") } == "PROTOCOL_TOOL_UNKNOWN")
                let others = try await scene.host(["one": ["url": JSON(one.url)], "two": ["url": JSON(two.url)]])
                for name in ["nothing", "three__echo"] {
                    let unknown = await scene.code { _ = try await scene.call(others, name) }
                    #expect(unknown == "PROTOCOL_TOOL_UNKNOWN")
                }
                #expect(
                    await scene.code { _ = try await scene.call(manager, "bad__echo") }?.hasPrefix("CONFIG_") == true)
                #expect(one.calls("initialize").count == 2, "one for each host")
            }
        }
    }

    @Test("a bare name does not try failed servers anew at each call (P30)")
    func bareNameAndFailedServer() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, good async throws in
            try await withServer({ $0.protection.mode = .all }) { locked async throws in
                let manager = try await scene.host([
                    "good": ["url": JSON(good.url)], "locked": ["url": JSON(locked.url)],
                ])
                for _ in 0..<3 { _ = try await scene.call(manager, "whoami") }
                #expect(locked.requests.count == 1)
            }
        }
    }

    @Test("a call names its server alone: no other is started")
    func qualifiedStartsOne() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, one async throws in
            try await withServer { two async throws in
                let manager = try await scene.host(["one": ["url": JSON(one.url)], "two": ["url": JSON(two.url)]])
                #expect(try await scene.call(manager, "one__add", ["a": 2, "b": 3])["isError"] == false)
                #expect(two.requests.isEmpty)
            }
        }
    }

    @Test("a failure the tool reports is a result, with its own text")
    func toolFails() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let result = try await (try await scene.host(server)).call(
                "demo__fail", arguments: ["text": "no such file"])
            #expect(result.isError)
            #expect(result.text == "no such file")
        }
    }

    @Test("max_tool_calls: the rest wait their turn; one that is cancelled waits no longer")
    func gate() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url)]], top: ["max_tool_calls": 2])
            await manager.start()
            let slow = (0..<2).map { _ in Task { try await manager.call("demo__slow", arguments: [:]) } }
            await server.wait { $0.calls("tools/call").count == 2 }
            let third = Task { try await manager.call("demo__echo", arguments: [:]) }
            let fourth = Task { try await manager.call("demo__whoami", arguments: [:]) }
            third.cancel()
            await #expect(throws: CancellationError.self) { try await third.value }
            #expect(server.calls("tools/call").count == 2)
            slow[0].cancel()
            await #expect(throws: CancellationError.self) { try await slow[0].value }
            #expect(try await !fourth.value.isError)
            slow[1].cancel()
            _ = try? await slow[1].value
            #expect(server.calls("tools/call").count == 3, "the cancelled one was never sent")
        }
    }

    @Test("max_tool_calls is shared: calls that hang at one server keep none of another's waiting")
    func sharedGate() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, slow async throws in
            try await withServer({ $0.protection.mode = .none }) { quick async throws in
                let manager = try await scene.host(
                    ["slow": ["url": JSON(slow.url)], "quick": ["url": JSON(quick.url)]], top: ["max_tool_calls": 4])
                await manager.start()
                slow.update { $0.mcp.overrides["tools/call"] = .hang }
                let stuck = (0..<20).map { _ in Task { try await manager.call("slow__echo", arguments: [:]) } }
                await slow.wait { $0.calls("tools/call").count == 3 }
                for _ in 0..<10 { #expect(try await scene.call(manager, "quick__whoami")["isError"] == false) }
                #expect(slow.calls("tools/call").count == 3)
                for task in stuck { task.cancel() }
                for task in stuck { _ = try? await task.value }
            }
        }
    }

    @Test("a call's own limit covers its wait for a place, and the error says so")
    func gateAndTimeout() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url)]], top: ["max_tool_calls": 1])
            await manager.start()
            server.update { $0.mcp.overrides["tools/call"] = .hang }
            let stuck = Task { try await manager.call("demo__echo", arguments: [:]) }
            await server.wait { $0.calls("tools/call").count == 1 }
            let error = await scene.error { _ = try await manager.call("demo__whoami", arguments: [:], timeout: 0.05) }
            #expect(error?.code == .transportTimeout)
            #expect(error?.message.contains("waited for a place for 0.05 s") == true)
            #expect(error?.step.contains("max_tool_calls") == true)
            #expect(try await manager.state().transport.state == .connected)
            stuck.cancel()
            await #expect(throws: CancellationError.self) { try await stuck.value }
            #expect(server.calls("tools/call").count == 1)
        }
    }

    @Test("a server that connects slowly takes no place of others at the gate")
    func gateAndConnecting() async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.overrides["initialize"] = .hang
        }) { scene, hanging async throws in
            try await withServer({ $0.protection.mode = .none }) { healthy async throws in
                let manager = try await scene.host(
                    ["hangs": ["url": JSON(hanging.url)], "demo": ["url": JSON(healthy.url)]],
                    top: ["max_tool_calls": 1])
                let stuck = Task { try await manager.call("hangs__echo", arguments: [:]) }
                await hanging.wait { !$0.requests.isEmpty }
                #expect(try await scene.call(manager)["isError"] == false)
                stuck.cancel()
                await #expect(throws: CancellationError.self) { try await stuck.value }
            }
        }
    }

    @Test("a call's own limit counts, and the server stays connected")
    func callTimeout() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(server)
            let code = await scene.code { _ = try await manager.call("demo__slow", arguments: [:], timeout: 0.2) }
            #expect(code == "TRANSPORT_TIMEOUT")
            #expect(try await scene.call(manager)["isError"] == false)
            #expect(try await manager.state().transport.state == .connected)
        }
    }
}
