// Filters of an entry, tools that are not there and why, names that more than one server could mean.

import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import Testing

@testable import OmlxMCPHost

@Suite struct ToolFilterTests {
    @Test("A tool that a filter leaves out is neither listed nor called, and the filter is named")
    func leftOut() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["s": ["url": JSON(server.url), "disabledTools": ["echo", "nosuch"]]])
            await manager.start()
            #expect(await manager.tools().map(\.tool.name).contains("echo") == false)
            #expect(await manager.tools().count == 4)
            #expect(try await manager.state("s").discovery.state == .succeeded(toolCount: 4))
            let error = await scene.error { _ = try await scene.call(manager, "s__echo") }
            #expect(error?.code == .protocolToolUnknown)
            #expect(error?.message.contains("filter") == true)
            #expect(scene.transcript.log.contains { $0.contains("does not have: nosuch") })
            #expect(server.calls("tools/call").isEmpty)
        }
    }

    @Test("A server whose tools are all left out says so, as does one that has none")
    func noTools() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            try await withServer({
                $0.protection.mode = .none
                $0.mcp.tools.builtIn = []
            }) { empty async throws in
                let manager = try await scene.host([
                    "filtered": ["url": JSON(server.url), "includeTools": ["x"]], "empty": ["url": JSON(empty.url)],
                ])
                await manager.start()
                let filtered = try await manager.state("filtered").discovery
                #expect(filtered.state == .succeeded(toolCount: 0))
                #expect(filtered.problem?.code == "PROTOCOL_NO_TOOLS")
                #expect(filtered.problem?.message == "the filter in its entry leaves out all 5 it lists")
                let none = try await manager.state("empty").discovery
                #expect(none.problem?.message.hasPrefix("the server lists none") == true)
                #expect(try await manager.state("empty").json()["error"] == .null)
            }
        }
    }

    @Test(
        "Why there are no tools is told in the server's words",
        arguments: [
            ([], "the server lists none"),
            ([.stderrLine("API_KEY is not set")], "standard error: \"API_KEY is not set\""),
            (
                [.stderrLine("ERROR: API_KEY is not set"), .stderrLine("server running on stdio")],
                "on standard error: \"ERROR: API_KEY is not set\""
            ),
            ([.stderrLine("x"), .logMessage(level: "warning", text: "no key")], "it reports: \"no key\""),
            ([.logMessage(level: "info", text: "hello")], "the server lists none"),
            ([.entriesDropped(.tools, count: 2, names: [], reason: "no name")], "2 left out: no name"),
        ] as [([ConnectionEvent], String)])
    func words(events: [ConnectionEvent], text: String) {
        var words = EmptyListWords()
        for event in events { words.note(event) }
        #expect(words.noTools.contains(text), "\(words.noTools)")
    }

    @Test("A server that offers no tools at all says what it offers, and how it wants to be used")
    func capabilities() {
        var words = EmptyListWords()
        words.note(
            .connected(
                InitializeResult(
                    protocolVersion: "2025-11-25", capabilities: ["prompts": [:]], serverInfo: [:],
                    instructions: "# Acme\n\nLog in first.\nThen")))
        #expect(words.noTools == "the server offers none, only prompts; its instructions: \"Log in first.\"")
    }

    // MARK: names

    @Test("A listed name is the one that is called, where one server's name begins another's tools'")
    func listedNames() async throws {
        func server(_ name: String, _ body: (DemoServer) async throws -> Void) async throws {
            try await withServer({
                $0.protection.mode = .none
                $0.mcp.tools.builtIn = ["echo"]
                $0.mcp.tools.custom = [["name": .string(name), "inputSchema": ["type": "object"]]]
            }) { server async throws in try await body(server) }
        }
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.tools.builtIn = ["echo"]
            $0.mcp.tools.custom = ["b__only", "b__both"].map {
                ["name": .string($0), "inputSchema": ["type": "object"]]
            }
        }) { scene, short async throws in
            try await server("both") { long async throws in
                let manager = try await scene.host(["a": ["url": JSON(short.url)], "a__b": ["url": JSON(long.url)]])
                #expect(try await manager.server(ofTool: "a__b__echo") == "a__b")
                #expect(try await manager.server(ofTool: "a__b__both") == "a__b")
                #expect(try await manager.server(ofTool: "a__b__only") == "a")
                #expect(try await manager.server(ofTool: "a__echo") == "a")
                _ = try await scene.call(manager, "a__b__echo")
                #expect(long.calls("tools/call").count == 1 && short.calls("tools/call").isEmpty)
                let names = await manager.tools().map(\.name)
                #expect(names.filter { $0 == "a__b__both" }.count == 1)
                #expect(Set(names) == ["a__echo", "a__b__only", "a__b__echo", "a__b__both"])
                #expect(scene.transcript.log.contains { $0.contains("b__both is left out") })
            }
        }
    }

    @Test("A tool whose name begins with a combining mark is found")
    func combiningMark() {
        let split = ToolName.split("s__\u{301}t", servers: ["s"])
        #expect(split?.server == "s" && split?.tool.unicodeScalars.first == "\u{301}")
    }

    @Test("Servers by name: the same bytes first, else what reads the same")
    func byName() {
        var values = ByName<Int>()
        values["\u{E9}"] = 1
        values["e\u{301}"] = 2
        #expect(values["\u{E9}"] == 1 && values["e\u{301}"] == 2 && values.values.count == 2)
        values["\u{E9}"] = nil
        #expect(values["\u{E9}"] == 2)
        #expect(ByName([("a", 1), ("a", 2)])["a"] == 1)
    }

    @Test("Two servers whose names differ by normalization are both connected and called")
    func twins() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, one async throws in
            try await withServer({ $0.protection.mode = .none }) { two async throws in
                let manager = try await scene.host(servers: [
                    ("\u{E9}", ["url": JSON(one.url)]), ("e\u{301}", ["url": JSON(two.url)]),
                ])
                await manager.start()
                _ = try await manager.call("e\u{301}__echo", arguments: ["text": "x"])
                #expect(one.calls("tools/call").isEmpty && two.calls("tools/call").count == 1)
                _ = try await manager.call("\u{E9}__echo", arguments: ["text": "x"])
                #expect(one.calls("tools/call").count == 1)
                #expect(await manager.tools().count == 10)
            }
        }
    }
}
