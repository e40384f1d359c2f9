// The end of a host is for good, and a scope that makes one always ends it.

import OmlxDemoServer
import OmlxErrors
import Glibc
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct HostStopTests {
    private struct Failed: Error {}

    private func expectStopped(
        _ sourceLocation: SourceLocation = #_sourceLocation, _ work: () async throws -> Void
    ) async {
        await #expect(sourceLocation: sourceLocation) {
            try await work()
        } throws: {
            ($0 as? OmlxError)?.code == .hostStopped
        }
    }

    @Test("after stop everything that acts throws HOST_STOPPED, and asks no server")
    func final() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            await manager.stop()
            let asked = server.requests.count
            await expectStopped { _ = try await manager.call("demo__whoami", arguments: [:]) }
            await expectStopped { _ = try await manager.call("whoami", arguments: [:]) }
            await expectStopped { _ = try await manager.tool("demo__whoami") }
            await expectStopped { _ = try await manager.server(ofTool: "whoami") }
            await expectStopped { _ = try await scene.login(manager) }
            await expectStopped { _ = try await manager.logout("demo") }
            await expectStopped { _ = try await manager.logoutEveryAccount("demo") }
            await expectStopped { _ = try await manager.examine("demo") }
            await manager.start()
            #expect(await manager.problem(of: "demo")?.code == .hostStopped)
            #expect(await manager.tools().isEmpty)
            #expect(try await manager.state().transport.state == .idle)
            await manager.stop()
            #expect(server.requests.count == asked)
        }
    }

    @Test("streams of events end with the host, also those that are asked for later")
    func events() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(server)
            let early = manager.events()
            await manager.start()
            await manager.stop()
            for await _ in early {}
            for await event in manager.events() { Issue.record("told after the end: \(event)") }
        }
    }

    @Test("calls under way, and calls that wait for a place, end and say why")
    func underWay() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url)]], top: ["max_tool_calls": 1])
            await manager.start()
            server.update { $0.mcp.overrides["tools/call"] = .hang }
            let calls = (0..<3).map { _ in Task { _ = try await manager.call("demo__echo", arguments: [:]) } }
            await server.wait { $0.calls("tools/call").count == 1 }
            await manager.stop()
            for call in calls { await expectStopped { try await call.value } }
            #expect(server.calls("tools/call").count == 1)
        }
    }

    @Test("a sign-in that waits for a person ends with the host")
    func signIn() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            let login = Task { try await scene.login(manager, browser: nil) }
            await server.wait { $0.oauthRequests.contains { $0.contains("register") } }
            await manager.stop()
            await expectStopped { _ = try await login.value }
        }
    }

    @Test("withManager stops its host when the work returns, throws or is cancelled", arguments: 0..<3)
    func scoped(way: Int) async throws {
        try await withHostScene { scene async throws in
            let model = try await scene.host(["child": scene.child])
            let task = Task {
                try await withManager(configuration: model.configuration, options: model.options) { manager in
                    _ = try await manager.call("child__t", arguments: [:])
                    if way == 1 { throw Failed() }
                    if way == 2 { try await Task.sleep(for: .seconds(3600)) }
                    return manager
                }
            }
            if way == 2 {
                while (try? scene.childProcess()) == nil { await Task.yield() }
                task.cancel()
            }
            let result = await task.result
            let pid = try? scene.childProcess()
            if let pid { #expect(kill(pid, 0) == -1 && errno == ESRCH, "no child is left") }
            switch result {
            case .success(let manager):
                #expect(way == 0 && pid != nil)
                await expectStopped { _ = try await manager.call("child__t", arguments: [:]) }
            case .failure(let error): #expect(way == 1 ? error is Failed : error is CancellationError)
            }
        }
    }
}
