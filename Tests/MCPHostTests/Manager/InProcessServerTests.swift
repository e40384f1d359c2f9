import OmlxErrors
import OmlxJSON
import Logging
import OmlxMCPHost
import Synchronization
import Testing

@Suite("A server in the process")
struct InProcessServerTests {
    private static let tools = [
        Tool(name: "add", description: "Adds.", inputSchema: ["type": "object", "required": ["a", "b"]]),
        Tool(name: "fail"), Tool(name: "wait"),
    ]

    private struct Broken: Error, CustomStringConvertible {
        let description = "out of order"
    }

    private func server(_ waiting: AsyncStream<Void>.Continuation? = nil) -> InProcessServer {
        InProcessServer(name: "sums", version: "7", tools: Self.tools) { call in
            switch call.tool {
            case "add":
                call.report(1, of: 2, "half")
                return ToolResult(
                    text: "\((call.arguments["a"]?.intValue ?? 0) + (call.arguments["b"]?.intValue ?? 0))")
            case "wait":
                waiting?.yield()
                try await Task.sleep(for: .seconds(600))
                return ToolResult()
            default: throw Broken()
            }
        }
    }

    private func with(
        _ server: InProcessServer, _ body: (HostScene, MCPManager) async throws -> Void
    ) async throws {
        try await withHostScene { scene in
            var options = HostOptions(environment: [:], homeDirectory: scene.folder, logger: Logger(label: "test"))
            options.paths = scene.paths
            let configuration = HostConfiguration(
                servers: [ServerConfiguration(name: "sums", transport: .inProcess(server))])
            let manager = try await MCPManager(configuration: configuration, options: options)
            await manager.start()
            do {
                try await body(scene, manager)
            } catch {
                await manager.stop()
                throw error
            }
            await manager.stop()
        }
    }

    @Test("is connected, listed, called and shown as any other")
    func called() async throws {
        try await with(server()) { _, manager in
            let status = try await manager.state("sums")
            #expect(status.transport.state == .connected && status.signIn.state == .notNeeded)
            #expect(status.discovery.state == .succeeded(toolCount: 3))
            let tools = await manager.tools()
            #expect(tools.map(\.name) == ["sums__add", "sums__fail", "sums__wait"])
            #expect(tools[0].tool == Self.tools[0])
            let reports = Mutex<[ToolProgress]>([])
            let result = try await manager.call("sums__add", arguments: ["a": 2, "b": 3]) { report in
                reports.withLock { $0.append(report) }
            }
            #expect(result.text == "5" && !result.isError)
            #expect(reports.withLock { $0 } == [ToolProgress(progress: 1, total: 2, message: "half")])
        }
    }

    @Test("a program that embeds the host keeps its status apart from the command's, and shares it where it says so")
    func ownStatus() async throws {
        try await withHostScene { scene in
            let command = HostPaths(environment: [:], homeDirectory: scene.folder)
            let own = HostOptions(environment: [:], homeDirectory: scene.folder, logger: Logger(label: "test"))
            var shared = own
            shared.paths = command
            #expect(own.paths.credentials == command.credentials && own.paths.locks == command.locks)
            for (options, other) in [(own, command.database), (shared, own.paths.database)] {
                let before = try? await StatusDatabase.open(path: other, mode: .readIfExists).read()
                let configuration = HostConfiguration(
                    servers: [ServerConfiguration(name: "sums", transport: .inProcess(server()))])
                let manager = try await MCPManager(configuration: configuration, options: options)
                await manager.start()
                await manager.stop()
                let kept = try await StatusDatabase.open(path: options.paths.database, mode: .readIfExists).read()
                #expect(kept.map(\.discovery.state) == [.succeeded(toolCount: 3)])
                let after = try? await StatusDatabase.open(path: other, mode: .readIfExists).read()
                #expect(before?.map(\.name) == after?.map(\.name))
            }
            let beside = HostPaths(environment: [:], homeDirectory: scene.folder, program: "a/../b").database
            #expect(beside == "\(scene.folder)/.local/state/omlx/status-a_.._b.sqlite")
        }
    }

    @Test("a failure of a tool is its result")
    func failing() async throws {
        try await with(server()) { _, manager in
            let result = try await manager.call("fail", arguments: [:])
            #expect(result.isError && result.text == "out of order")
        }
    }

    @Test("a call that is cancelled is cancelled in the server")
    func cancelled() async throws {
        let (begun, continuation) = AsyncStream<Void>.makeStream()
        try await with(server(continuation)) { _, manager in
            let call = Task { try await manager.call("sums__wait", arguments: [:]) }
            for await _ in begun { break }
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
        }
    }

    @Test("tells of other tools")
    func changed() async throws {
        let server = server()
        try await with(server) { _, manager in
            let events = manager.events()
            server.tools = [Tool(name: "subtract")]
            for await case .toolsChanged(_, let tools) in events where tools.map(\.name) == ["sums__subtract"] { break }
            #expect(await manager.tools().map(\.name) == ["sums__subtract"])
        }
    }

    @Test("is lost, and called again")
    func lost() async throws {
        let (begun, continuation) = AsyncStream<Void>.makeStream()
        let server = server(continuation)
        try await with(server) { _, manager in
            let call = Task { try await manager.call("sums__wait", arguments: [:]) }
            for await _ in begun { break }
            server.disconnect()
            let error = await #expect(throws: OmlxError.self) { try await call.value }
            #expect(error?.code == .transportClosed)
            await manager.wait(for: "sums") { $0.transport.state == .connected }
            let result = try await manager.call("sums__add", arguments: ["a": 1, "b": 1])
            #expect(result.text == "2")
        }
    }
}
