// Many child processes at once: their starts are bounded, and none waits for another's silence.

import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxJSON
import Synchronization
import Testing

@testable import OmlxMCPHost

@Suite struct StartGateTests {
    private func shell(_ script: String, _ more: JSONObject = [:]) -> JSON {
        var entry: JSONObject = ["command": "/bin/sh", "args": ["-c", .string(script)]]
        for (key, value) in more { entry[key] = value }
        return .object(entry)
    }

    @Test("by default it is twice the processors, at least 4; max_starts says otherwise, and is no number below 1")
    func setting() throws {
        func read(_ text: String) throws -> HostConfiguration {
            try HostConfiguration(
                contents: Array(text.utf8), path: "/x/mcp.json", environment: [:], homeDirectory: "/x")
        }
        let standard = max(4, 2 * ProcessInfo.processInfo.activeProcessorCount)
        #expect(try read("{\"mcpServers\": {\"s\": {\"command\": \"x\"}}}").maxStarts == standard)
        let set = try read("{\"mcpServers\": {\"s\": {\"command\": \"x\"}}, \"max_starts\": 7}")
        #expect(set.maxStarts == 7 && set.diagnostics.isEmpty)
        for bad in ["0", "-1", "1.5", "\"4\"", "[]"] {
            let host = try read("{\"mcpServers\": {\"s\": {\"command\": \"x\"}}, \"max_starts\": \(bad)}")
            #expect(host.maxStarts == standard)
            #expect(host.diagnostics.map(\.code.text) == ["CONFIG_INVALID_ROOT"])
        }
    }

    @Test("of child processes no more than max_starts start at the same time, and all of them start")
    func bounded() async throws {
        try await withHostScene { scene async throws in
            let script = """
                mkdir "\(scene.folder)/in.$$"
                ls -d "\(scene.folder)"/in.* | wc -l >>"\(scene.folder)/counts"
                read line
                rmdir "\(scene.folder)/in.$$"
                """
            let answers = toollessAnswers.split(separator: "\n").dropFirst().joined(separator: "\n")
            let manager = try await scene.host(
                servers: (0..<9).map { ("s\($0)", shell(script + "\n" + answers)) }, top: ["max_starts": 2]
            ) { $0.startPatience = 3600 }
            await manager.start()
            #expect(await manager.summary() == "9 of 9 servers ready, 0 tools")
            let text = try String(contentsOfFile: scene.folder + "/counts", encoding: .utf8)
            let counts = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            #expect(counts.count == 9 && counts.allSatisfy { (1...2).contains($0) }, "\(counts)")
        }
    }

    @Test("servers that hang hold up nobody: after a while their places are free")
    func hanging() async throws {
        try await withHostScene { scene async throws in
            let mute: JSON = ["command": "/bin/sleep", "args": ["600"], "timeout": 600]
            let manager = try await scene.host(
                ["one": mute, "two": mute, "good": shell(toollessAnswers)], top: ["max_starts": 1]
            ) {
                $0.timeout = nil
                $0.startPatience = 0.05
            }
            let start = Task { await manager.start() }
            await manager.wait(for: "good") { $0.discovery.state == .succeeded(toolCount: 0) }
            #expect(try await manager.state("one").transport.state == .connecting)
            start.cancel()
            await start.value
        }
    }

    @Test(
        "each limit counts from the server's own start, however long it waited for that; HTTP servers wait for nobody")
    func ownClock() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(
                [
                    "mute": ["command": "/bin/sleep", "args": ["600"], "timeout": 9],
                    "good": shell(toollessAnswers, ["timeout": 8]), "demo": ["url": JSON(server.url)],
                ], top: ["max_starts": 1]
            ) {
                $0.timeout = nil
                $0.startPatience = 3600
            }
            // It is the first to ask for a place.
            let first = Task { await manager.start(["mute"]) }
            await manager.wait(for: "mute") { $0.transport.state == .connecting }
            let others = Task { await manager.start(["good", "demo"]) }
            await manager.wait { $0.discovery.state.toolCount == 5 }
            #expect(try await manager.state("mute").transport.state == .connecting)
            await first.value
            await others.value
            #expect(await manager.problem(of: "mute")?.code == .transportTimeout)
            #expect(await manager.problem(of: "good") == nil)
        }
    }

    @Test("a start that is broken off while it waits for its place is cancelled, and nothing was started")
    func brokenOff() async throws {
        try await withHostScene { scene async throws in
            let mark = scene.folder + "/started"
            let manager = try await scene.host(
                [
                    "mute": ["command": "/bin/sleep", "args": ["600"]],
                    "waits": shell("touch '\(mark)'; \(toollessAnswers)"),
                ], top: ["max_starts": 1]
            ) { $0.startPatience = 3600 }
            let first = Task { await manager.start(["mute"]) }
            await manager.wait(for: "mute") { $0.transport.state == .connecting }
            let second = Task { await manager.start(["waits"]) }
            await manager.wait(for: "waits") { $0.transport.state == .connecting }
            second.cancel()
            await second.value
            #expect(await manager.problem(of: "waits")?.code == .transportCancelled)
            first.cancel()
            await first.value
            #expect(!FileManager.default.fileExists(atPath: mark))
        }
    }
}
