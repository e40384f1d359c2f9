// Servers that are lost and come back: what is told, what stays listed, and who asks.

import OmlxDemoServer
import OmlxErrors
import Glibc
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct HostReturnTests {
    /// What was told of a server, but for its status, in words.
    private struct Told {
        private var events: AsyncStream<HostEvent>.Iterator

        init(_ manager: MCPManager) { events = manager.events().makeAsyncIterator() }

        /// The next so many things that are told.
        mutating func next(_ count: Int) async -> [String] {
            var words: [String] = []
            while words.count < count, let event = await events.next() {
                switch event {
                case .connected(let server): words.append("connected \(server)")
                case .lost(let server, let error): words.append("lost \(server): \(error.code)")
                case .toolsChanged(_, let tools):
                    let codes = Set(tools.map { $0.problem?.code ?? "usable" })
                    words.append("\(tools.count) tools \(codes.sorted().joined(separator: ", "))")
                case .signInNeeded(let server, let scopes, let error):
                    words.append("sign-in needed at \(server) for \(scopes.joined(separator: " ")): \(error.code)")
                case .statusChanged, .output, .configurationChanged, .configurationRefused, .resourcesChanged,
                    .resourceUpdated, .promptsChanged:
                    break
                }
            }
            return words
        }
    }

    @Test("a server that is lost is connected again by itself; meanwhile its tools stay listed, with the reason")
    func remoteReturns() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let time = ManualHostClock()
            let manager = try await scene.host(["demo": ["url": JSON(server.sseURL), "transport": "sse"]]) {
                $0.clock = time.clock
                $0.pingInterval = nil
            }
            var told = Told(manager)
            await manager.start()
            #expect(await told.next(2) == ["connected demo", "5 tools usable"])
            server.update { $0.sse.closeAfterMessages = 1 }
            _ = try await scene.call(manager)
            #expect(
                await told.next(2) == ["5 tools PROTOCOL_STREAM_BROKEN", "lost demo: PROTOCOL_STREAM_BROKEN"])
            #expect(try await manager.state().transport.state == .failed)
            #expect(await manager.tools().map(\.problem?.code) == Array(repeating: "PROTOCOL_STREAM_BROKEN", count: 5))
            #expect(await manager.problem(of: "demo")?.code == .protocolStreamBroken)
            // It cannot be connected yet: the next try comes later.
            server.update {
                $0.sse.closeAfterMessages = nil
                $0.sse.overrides["*"] = .status(503)
            }
            await time.pass(1)
            await manager.wait { $0.transport.problem?.code == "TRANSPORT_SERVER_ERROR" }
            server.update { $0.sse.overrides = [:] }
            await time.pass(2)
            #expect(await told.next(1) == ["5 tools TRANSPORT_SERVER_ERROR"])
            #expect(await told.next(2) == ["connected demo", "5 tools usable"])
            #expect(try await manager.state().transport.state == .connected)
            #expect(try await manager.state().lastError == nil)
            #expect(await manager.tools().allSatisfy { $0.problem == nil })
            #expect(scene.transcript.log.contains("demo: connecting it again"))
        }
    }

    @Test("a call that does not reach the server moves its status at once, and the next that does moves it back")
    func unreached() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let time = ManualHostClock()
            let manager = try await scene.host(["demo": ["url": JSON(server.url)]]) { $0.clock = time.clock }
            await manager.start()
            var told = Told(manager)
            server.update { $0.mcp.overrides["tools/call"] = .close }
            #expect(await scene.code { _ = try await scene.call(manager) } == "TRANSPORT_CLOSED")
            let status = try await manager.state()
            #expect(status.transport.state == .failed)
            #expect(status.transport.problem?.code == "TRANSPORT_CLOSED")
            #expect(status.transport.problem?.nextStep != nil)
            #expect(status.lastError?.code == "TRANSPORT_CLOSED")
            #expect(await manager.problem(of: "demo")?.code == .transportClosed)
            #expect(await told.next(2) == ["5 tools TRANSPORT_CLOSED", "lost demo: TRANSPORT_CLOSED"])
            server.update { $0.mcp.overrides = [:] }
            #expect(try await scene.call(manager, "whoami")["isError"] == false, "a bare name leads there too")
            #expect(try await manager.state().transport.state == .connected)
            #expect(try await manager.state().lastError == nil)
            #expect(await told.next(2) == ["5 tools usable", "connected demo"])
            #expect(server.calls("initialize").count == 1, "its session stood all the while")
        }
    }

    @Test("one that calls do not reach is asked by itself: it is back, or lost, and then connected again")
    func asked() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let time = ManualHostClock()
            let manager = try await scene.host(["demo": ["url": JSON(server.url)]]) {
                $0.clock = time.clock
                $0.pingInterval = nil
            }
            await manager.start()
            var told = Told(manager)
            server.update { $0.mcp.overrides["tools/call"] = .close }
            _ = await scene.code { _ = try await scene.call(manager) }
            _ = await told.next(2)
            await time.pass(1)
            #expect(await told.next(2) == ["5 tools usable", "connected demo"])
            #expect(server.calls("ping").count == 1)
            server.update { $0.mcp.overrides["*"] = .close }
            _ = await scene.code { _ = try await scene.call(manager) }
            _ = await told.next(2)
            await time.pass(1)
            #expect(await told.next(1) == ["5 tools TRANSPORT_CLOSED"], "that it is lost was told")
            server.update { $0.mcp.overrides = [:] }
            await time.pass(1)
            #expect(await told.next(2) == ["connected demo", "5 tools usable"])
            #expect(server.calls("initialize").count == 2)
        }
    }

    @Test("a server that is gone: a call says so at once")
    func gone() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url)]]) {
                $0.clock = ManualHostClock().clock
            }
            await manager.start()
            await server.stop()
            let codes: Set = ["TRANSPORT_CONNECTION_REFUSED", "TRANSPORT_CLOSED"]
            let code = await scene.code { _ = try await scene.call(manager) }
            #expect(code.map(codes.contains) == true)
            #expect(try await manager.state().transport.problem?.code == code)
            #expect(await manager.tools().first?.problem?.code == code)
        }
    }

    @Test("a child that ends during a call: when the call has failed, the status says so")
    func childEnds() async throws {
        try await withHostScene { scene async throws in
            let time = ManualHostClock()
            let script = try #require(scene.child["args"]?.arrayValue?.last?.stringValue)
            let ending = script.replacing(
                "*'\"tools/call\"'*)", with: "*'\"tools/call\"'*) test -e \(scene.folder)/ends && exit 3;")
            let manager = try await scene.host(["child": ["command": "/bin/sh", "args": ["-c", JSON(ending)]]]) {
                $0.clock = time.clock
            }
            await manager.start()
            _ = try await scene.call(manager, "child__t")
            close(open(scene.folder + "/ends", O_CREAT, 0o600))
            #expect(await scene.code { _ = try await scene.call(manager, "child__t") } == "TRANSPORT_PROCESS_EXITED")
            #expect(try await manager.state("child").transport.problem?.code == "TRANSPORT_PROCESS_EXITED")
            #expect(await manager.tools().map(\.problem?.code) == ["TRANSPORT_PROCESS_EXITED"])
            unlink(scene.folder + "/ends")
            await time.pass(1)
            await manager.wait(for: "child") { $0.transport.state == .connected }
        }
    }

    @Test("a server that is silent for long is asked for a sign of life; one that gives none is lost")
    func ping() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let time = ManualHostClock()
            let manager = try await scene.host(["demo": ["url": JSON(server.url)]]) {
                $0.clock = time.clock
                $0.pingInterval = 60
            }
            await manager.start()
            await time.pass(60)
            await server.wait { $0.calls("ping").count == 1 }
            // It need not know what a ping is.
            server.update { $0.mcp.overrides["ping"] = .status(405) }
            await time.pass(60)
            await server.wait { $0.calls("ping").count == 2 }
            await time.pass(60)
            await server.wait { $0.calls("ping").count >= 3 }
            #expect(try await manager.state().transport.state == .connected)
            var told = Told(manager)
            server.update { $0.mcp.overrides = ["*": .close] }
            await time.pass(60)
            #expect(await told.next(2) == ["5 tools TRANSPORT_CLOSED", "lost demo: TRANSPORT_CLOSED"])
            server.update { $0.mcp.overrides = [:] }
            await time.pass(1)
            #expect(await told.next(2) == ["connected demo", "5 tools usable"])
        }
    }

    @Test("check asks a server that is connected, connects one that is not, and says what is wrong")
    func check() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host([
                "demo": ["url": JSON(server.url)], "off": ["url": "http://x", "enabled": false],
            ]) {
                $0.clock = ManualHostClock().clock
            }
            #expect(try await manager.check("demo").transport.state == .connected)
            #expect(server.calls("ping").isEmpty)
            #expect(try await manager.check("demo").transport.state == .connected)
            #expect(server.calls("ping").count == 1)
            server.update { $0.mcp.overrides["*"] = .close }
            let status = try await manager.check("demo")
            #expect(status.transport.state == .failed)
            #expect(status.transport.problem?.code == "TRANSPORT_CLOSED")
            server.update { $0.mcp.overrides = [:] }
            #expect(try await manager.check("demo").transport.state == .connected)
            #expect(await scene.code { _ = try await manager.check("nobody") } == "CONFIG_SERVER_UNKNOWN")
            #expect(await scene.code { _ = try await manager.check("off") } == "CONFIG_SERVER_DISABLED")
        }
    }

    @Test("that a sign-in is needed is told, with the scopes the server names")
    func signInNeeded() async throws {
        try await withHost({ $0.protection.scope = "tools:read" }) { scene, server async throws in
            let manager = try await scene.host(server)
            var told = Told(manager)
            await manager.start()
            #expect(await told.next(1) == ["sign-in needed at demo for tools:read: OAUTH_SIGN_IN_NEEDED"])
        }
    }
}
