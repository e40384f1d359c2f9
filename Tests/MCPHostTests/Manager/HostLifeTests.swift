// Connections that change, break and end.

import OmlxDemoServer
import OmlxErrors
import Glibc
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct HostLifeTests {
    private static let changed: JSON = ["jsonrpc": "2.0", "method": "notifications/tools/list_changed"]

    @Test(
        "list_changed: the tools are listed anew and told of, over SSE and over a streamable HTTP stream (P31)",
        arguments: [true, false])
    func listChanged(legacy: Bool) async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.getStream = .open
        }) { scene, server async throws in
            let manager = try await scene.host([
                "demo": legacy ? ["url": JSON(server.sseURL), "transport": "sse"] : ["url": JSON(server.url)]
            ]) { $0.opensServerStreams = true }
            await manager.start()
            await server.wait { $0.state.openStreams == 1 }
            let events = manager.events()
            server.update { $0.mcp.tools.generated = 2 }
            server.push(Self.changed)
            for await event in events {
                if case .toolsChanged("demo", let tools) = event, tools.count == 7 { break }
            }
            #expect(try await manager.state().discovery.state == .succeeded(toolCount: 7))
            #expect(try await scene.call(manager, "demo__generated_2")["content"] != nil)
            // A list that then fails says so; the next change mends it.
            server.update { $0.mcp.resultPatches["tools/list"] = ["tools": 1] }
            server.push(Self.changed)
            await manager.wait { $0.discovery.state == .failed }
            #expect(try await manager.state().transport.state == .connected)
            server.update { $0.mcp.resultPatches = [:] }
            server.push(Self.changed)
            await manager.wait { $0.discovery.state == .succeeded(toolCount: 7) }
            #expect(await manager.problem(of: "demo") == nil)
        }
    }

    @Test("a thousand list_changed make few lists")
    func listChangedStorm() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.sseURL), "transport": "sse"]])
            await manager.start()
            let events = manager.events()
            for _ in 0..<1000 { server.push(Self.changed) }
            server.update { $0.mcp.tools.generated = 1 }
            server.push(Self.changed)
            for await event in events {
                if case .toolsChanged("demo", let tools) = event, tools.count == 6 { break }
            }
            #expect(server.calls("tools/list").count < 500)
        }
    }

    @Test("no stream is opened to a streamable HTTP server unless asked for")
    func noStream() async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.getStream = .open
        }) { scene, server async throws in
            await (try await scene.host(server)).start()
            #expect(server.requests.allSatisfy { $0.method == "POST" })
        }
    }

    @Test("a connection that breaks is failed with its time; the next call connects anew (mistake 6)")
    func lost() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.sseURL), "transport": "sse"]]) {
                $0.clock = ManualHostClock().clock
            }
            await manager.start()
            server.update { $0.sse.closeAfterMessages = 1 }
            _ = try await scene.call(manager)
            await manager.wait { $0.transport.state == .failed }
            let status = try await manager.state()
            #expect(status.transport.problem?.code == "PROTOCOL_STREAM_BROKEN")
            #expect(status.transport.at != nil)
            #expect(status.lastError?.code == "PROTOCOL_STREAM_BROKEN")
            #expect(await manager.tools().map(\.problem?.code) == Array(repeating: "PROTOCOL_STREAM_BROKEN", count: 5))
            #expect(
                scene.transcript.log.contains { $0.hasPrefix("warning demo: connection lost: PROTOCOL_STREAM_BROKEN") })
            server.update { $0.sse.closeAfterMessages = nil }
            #expect(try await scene.call(manager, "whoami")["content"] != nil, "a bare name leads there too")
            #expect(try await manager.state().transport.state == .connected)
            #expect(server.calls("initialize").count == 2)
        }
    }

    @Test("a child that dies is started anew by the next call, whoever notices first")
    func childDies() async throws {
        try await withHostScene { scene async throws in
            let manager = try await scene.host(["child": scene.child])
            await manager.start()
            #expect(try await manager.state("child").discovery.state == .succeeded(toolCount: 1))
            let pid = try scene.childProcess()
            #expect(kill(pid, SIGKILL) == 0)
            await manager.wait(for: "child") {
                $0.transport.state == .failed && $0.transport.problem?.code == "TRANSPORT_PROCESS_EXITED"
            }
            #expect(try await scene.call(manager, "child__t")["content"] == [])
            let second = try scene.childProcess()
            #expect(second != pid)
            await manager.stop()
            #expect(kill(second, 0) == -1 && errno == ESRCH, "no child is left")
            #expect(try await scene.row("child").transport.state == .idle)
        }
    }

    @Test("a child that dies comes back by itself; meanwhile its tools are told to be unavailable")
    func childReturns() async throws {
        try await withHostScene { scene async throws in
            let manager = try await scene.host(["child": scene.child])
            await manager.start()
            let events = manager.events()
            let pid = try scene.childProcess()
            #expect(kill(pid, SIGKILL) == 0)
            var codes: [[String?]] = []
            for await event in events {
                guard case .toolsChanged("child", let tools) = event else { continue }
                codes.append(tools.map(\.problem?.code))
                if codes.count == 2 { break }
            }
            #expect(codes == [["TRANSPORT_PROCESS_EXITED"], [nil]])
            let second = try scene.childProcess()
            #expect(second != pid)
            await manager.stop()
            #expect(kill(second, 0) == -1 && errno == ESRCH, "no child is left")
        }
    }

    @Test("a session the server forgot is begun anew without the caller noticing (A4.4)")
    func forgottenSession() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            server.forgetSessions()
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
        }
    }

    @Test("stop ends sessions and streams, and writes idle")
    func stop() async throws {
        try await withHost({
            $0.mcp.getStream = .open
            $0.mcp.responseFormat = .sse
        }) { scene, server async throws in
            let manager = try await scene.host([
                "demo": ["url": JSON(server.url)], "old": ["url": JSON(server.sseURL), "transport": "sse"],
            ]) { $0.opensServerStreams = true }
            try await scene.login(manager)
            try await scene.login(manager, "old")
            await server.wait { $0.state.openStreams == 2 }
            await manager.stop()
            await server.wait { $0.state.openStreams == 0 && $0.state.sessions == 0 }
            for name in ["demo", "old"] {
                #expect(try await scene.row(name).transport.state == .idle)
                #expect(try await scene.row(name).signIn.state == .signedIn)
            }
        }
    }

    @Test("stop during start ends what was being started, and leaves no child")
    func stopDuringStart() async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.overrides["initialize"] = .hang
        }) { scene, server async throws in
            let mute =
                "echo $$ > \(scene.folder)/pid.new; mv \(scene.folder)/pid.new \(scene.folder)/pid; exec sleep 600"
            let manager = try await scene.host([
                "demo": ["url": JSON(server.url)], "child": ["command": "/bin/sh", "args": ["-c", JSON(mute)]],
            ])
            let start = Task { await manager.start() }
            await server.wait { !$0.requests.isEmpty }
            await manager.wait(for: "child") { $0.transport.state == .connecting }
            await manager.stop()
            await start.value
            for name in ["demo", "child"] {
                #expect(try await manager.state(name).transport.state == .idle)
                #expect(try await scene.row(name).transport.state == .idle)
                #expect(try await scene.row(name).lastError == nil)
            }
            if let pid = try? scene.childProcess() { #expect(kill(pid, 0) == -1 && errno == ESRCH) }
        }
    }

    @Test("what an earlier process was connected to, this one is not")
    func staleRow() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let first = try await scene.host(server)
            await first.start()
            let second = try await scene.host(server)
            #expect(try await second.state().transport.state == .idle)
            #expect(try await second.state().discovery.state == .succeeded(toolCount: 5))
            #expect(await second.tools().isEmpty)
        }
    }

    @Test("two that start at once make one connection; one that gives up leaves it to the other")
    func sharedStart() async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.overrides["initialize"] = .delay(milliseconds: 200)
        }) { scene, server async throws in
            let manager = try await scene.host(server)
            let patient = Task { await manager.start() }
            let hasty = Task { await manager.start() }
            await server.wait { !$0.requests.isEmpty }
            hasty.cancel()
            await patient.value
            await hasty.value
            #expect(try await manager.state().transport.state == .connected)
            #expect(server.calls("initialize").count == 1)
        }
    }
}

extension HostScene {
    /// The entry of a child process that has one tool and tells its number.
    var child: JSON {
        let script = """
            echo $$ > \(folder)/pid
            while read -r line; do
              id=$(printf '%s' "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
              case "$line" in
                *'"initialize"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"protocolVersion":"2025-11-25",\
            "capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}}';;
                *'"tools/list"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"tools":[{"name":"t",\
            "inputSchema":{"type":"object"}}]}}';;
                *'"tools/call"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"content":[]}}';;
              esac
            done
            """
        return ["command": "/bin/sh", "args": ["-c", JSON(script)]]
    }

    /// The process id a child wrote down.
    func childProcess() throws -> pid_t {
        let text = try String(contentsOfFile: folder + "/pid", encoding: .utf8)
        return try #require(pid_t(text.filter(\.isNumber)))
    }
}
