// A host takes over another configuration while it runs.

import FoundationEssentials
import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct ApplyingTests {
    private func configuration(
        _ scene: HostScene, _ servers: KeyValuePairs<String, JSON>, top: JSONObject = [:]
    ) throws -> HostConfiguration {
        var root = top
        root["servers"] = .object(JSONObject(servers.map { ($0.key, $0.value) }))
        return try HostConfiguration(
            contents: JSON.object(root).serialized(), path: scene.folder + "/mcp.json", environment: [:],
            homeDirectory: scene.folder)
    }

    @Test("a server of which nothing changed keeps its connection, and a call under way there goes on")
    func kept() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let marker = scene.folder + "/go"
            // Answers its call when the file is there.
            let script = """
                read line
                echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}'
                read line
                echo '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},\
                "serverInfo":{"name":"x","version":"1"}}}'
                read line
                read line
                echo '{"jsonrpc":"2.0","id":3,"result":{"tools":[{"name":"wait","inputSchema":{"type":"object"}}]}}'
                read line
                echo called >&2
                until [ -e "\(marker)" ]; do sleep 0.05; done
                echo '{"jsonrpc":"2.0","id":4,"result":{"content":[{"type":"text","text":"done"}]}}'
                cat >/dev/null
                """
            let child: JSON = ["command": "/bin/sh", "args": ["-c", .string(script)]]
            let manager = try await scene.host(["child": child, "demo": ["url": JSON(server.url)]])
            await manager.start()
            let events = manager.events()
            async let call = scene.call(manager, "child__wait")
            for await event in events {
                if case .output("child", let text) = event, text.contains("called") { break }
            }
            let change = try await manager.apply(
                configuration(scene, ["child": child, "new": ["url": JSON(server.url)]]))
            #expect(change.kept == ["child"] && change.added == ["new"] && change.removed == ["demo"])
            try Data().write(to: URL(filePath: marker))
            #expect(try await call["content"]?[0]?["text"] == "done")
            #expect(await manager.status(of: "child")?.transport.state == .connected)
        }
    }

    @Test("a server that is gone is disconnected, unknown from then on, and its tools are told to be gone")
    func removed() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url)], "other": ["url": JSON(server.url)]])
            await manager.start()
            var events = manager.events().makeAsyncIterator()
            try await manager.apply(configuration(scene, ["other": ["url": JSON(server.url)]]))
            #expect(await manager.statuses().map(\.name) == ["other"])
            #expect(await manager.tools().allSatisfy { $0.server == "other" })
            #expect(await scene.code { _ = try await scene.call(manager, "demo__echo") } != nil)
            #expect(
                await scene.code {
                    _ = try await manager.login(
                        "demo", interface: SilentPerson(transcript: scene.transcript), browser: nil)
                } == "CONFIG_SERVER_UNKNOWN")
            var told: [HostEvent] = []
            while let event = await events.next() {
                told.append(event)
                if case .configurationChanged = event { break }
            }
            #expect(told.contains(.toolsChanged(server: "demo", tools: [])))
            #expect(
                !told.contains { if case .statusChanged(let status) = $0 { status.name == "other" } else { false } })
        }
    }

    @Test("a server that changed is another one from then on, connected on its first use")
    func changed() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, one async throws in
            try await withServer({ $0.protection.mode = .none }) { two async throws in
                let manager = try await scene.host(["demo": ["url": JSON(one.url)]])
                await manager.start()
                let change = try await manager.apply(configuration(scene, ["demo": ["url": JSON(two.url)]]))
                #expect(change.changed == ["demo"])
                #expect(two.requests.isEmpty)
                #expect(await manager.status(of: "demo")?.transport.state == .idle)
                let before = one.requests.count
                _ = try await scene.call(manager)
                #expect(!two.requests.isEmpty)
                #expect(one.requests.count == before)
                #expect(manager.configuration.server(named: "demo") != nil)
            }
        }
    }

    @Test("an entry that cannot be used fails its server alone, and one that was mended works")
    func broken() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let good: JSON = ["url": JSON(server.url)]
            let manager = try await scene.host(["a": good, "b": ["url": "gopher://x"]])
            await manager.start()
            try await manager.apply(configuration(scene, ["a": ["url": "gopher://x"], "b": good]))
            #expect(await manager.problem(of: "a")?.code.errorClass == .configuration)
            #expect(await manager.problem(of: "b") == nil)
            _ = try await scene.call(manager, "b__echo", ["text": "x"])
        }
    }

    @Test("a file that is not approved is refused, and all stays as it was; so is any after the end")
    func refused() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url)]])
            await manager.start()
            let folder = scene.folder + "/elsewhere"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data("{\"servers\": {}}".utf8).write(to: URL(filePath: folder + "/mcp.json"))
            let found = try HostConfiguration.load(
                explicitPath: nil, environment: [:], workingDirectory: folder, homeDirectory: scene.folder + "/none")
            #expect(await scene.code { try await manager.apply(found) } == "CONFIG_UNTRUSTED")
            _ = try await scene.call(manager)
            await manager.stop()
            let same = manager.configuration
            #expect(await scene.code { try await manager.apply(same) } == "HOST_STOPPED")
        }
    }
}
