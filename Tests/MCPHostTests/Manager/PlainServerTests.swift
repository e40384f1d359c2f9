// Servers that want no sign-in: nothing of OAuth happens, and each answer is given on its own (issue point 7).

import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct PlainServerTests {
    @Test("a plain server sees no Authorization header and no OAuth request")
    func unchanged() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            let status = try await manager.state()
            #expect(status.transport.state == .connected)
            #expect(status.signIn.state == .notNeeded)
            #expect(status.discovery.state == .succeeded(toolCount: 5))
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == false)
            #expect(server.oauthRequests == [])
            #expect(server.requests.allSatisfy { $0.header("authorization") == nil })
            #expect(try scene.credentialFiles().isEmpty)
        }
    }

    @Test("the log keeps the answers apart, and ends with a summary")
    func logLines() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            await (try await scene.host(server)).start()
            #expect(
                scene.transcript.log == [
                    "demo: transport connected", "demo: tool discovery succeeded, 5 tools",
                    "1 of 1 server ready, 5 tools",
                ])
        }
    }

    @Test("the summary counts ready servers, their tools, and names the command for those that want a sign-in")
    func mixedSummary() async throws {
        try await withHost { scene, locked async throws in
            try await withServer({ $0.protection.mode = .none }) { plain async throws in
                let port = try await RawServer.closedPort()
                let manager = try await scene.host([
                    "files": ["url": JSON(plain.url)], "notion": ["url": JSON(locked.url)],
                    "old": ["url": JSON(plain.sseURL), "transport": "sse"],
                    "down": ["url": JSON("http://127.0.0.1:\(port)/mcp")],
                    "off": ["url": "http://127.0.0.1:9/mcp", "disabled": true],
                ])
                await manager.start()
                let line = "2 of 4 servers ready, 10 tools; 1 needs sign-in: sign in to notion; 1 failed: down"
                #expect(scene.transcript.log.last == line)
                #expect(await manager.summary() == line)
                #expect(try await manager.state("off").transport.state == .disabled)
                #expect(
                    scene.transcript.log.contains {
                        $0.hasPrefix("down: transport failed: TRANSPORT_CONNECTION_REFUSED")
                    })
                #expect(
                    await manager.tools().map(\.server) == Array(repeating: "files", count: 5)
                        + Array(repeating: "old", count: 5))
            }
        }
    }

    @Test(
        "a server without tools is ready with 0 tools; one tool is one tool",
        arguments: [(0, "0 tools"), (1, "1 tool")])
    func singular(count: Int, text: String) async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.tools.builtIn = []
            $0.mcp.tools.generated = count
        }) { scene, server async throws in
            await (try await scene.host(server)).start()
            #expect(scene.transcript.log.contains("demo: tool discovery succeeded, \(text)"))
            #expect(scene.transcript.log.last == "1 of 1 server ready, \(text)")
        }
    }

    @Test("what a server says of itself goes to the database for other processes")
    func written() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host(server)
            await manager.start()
            let row = try await scene.row()
            #expect(row.transport.state == .connected)
            #expect(row.signIn.state == .notNeeded)
            #expect(row.discovery.state == .succeeded(toolCount: 5))
            #expect(row.toolList?.count == 5)
            #expect(row.transport.at != nil && row.signIn.at != nil && row.discovery.at != nil)
            await manager.stop()
            #expect(try await scene.row().transport.state == .idle)
        }
    }

    @Test("with auth switched off a 401 is an error that names the setting, and nothing is fetched")
    func switchedOff() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url), "auth": false]])
            await manager.start()
            let problem = try #require(await manager.problem(of: "demo"))
            #expect(problem.code == .oauthSignInNeeded)
            #expect(problem.step.contains("auth"))
            #expect(!problem.step.contains("sign in"))
            #expect(server.oauthRequests == [])
            #expect(await scene.code { try await scene.login(manager) } == "OAUTH_SIGN_IN_NOT_APPLICABLE")
        }
    }

    @Test("a static header is sent and counts as the sign-in")
    func staticHeader() async throws {
        try await withHost({ $0.protection.staticBearer = "static-secret" }) { scene, server async throws in
            let manager = try await scene.host([
                "demo": ["url": JSON(server.url), "headers": ["Authorization": "Bearer static-secret"]]
            ])
            await manager.start()
            #expect(try await manager.state().signIn.state == .staticHeaderSet)
            #expect(try await manager.state().discovery.state == .succeeded(toolCount: 5))
            #expect(server.oauthRequests == [])
        }
    }

    @Test("a refused static header has its own code, at connecting and at calling", arguments: [true, false])
    func refusedHeader(atConnect: Bool) async throws {
        try await withHost({ $0.protection.mode = atConnect ? .all : .toolsCall }) { scene, server async throws in
            let manager = try await scene.host([
                "demo": ["url": JSON(server.url), "headers": ["Authorization": "Bearer stale"]]
            ])
            await manager.start()
            let error = await scene.error { _ = try await scene.call(manager) }
            #expect(error?.code == .oauthStaticHeaderRefused)
            #expect(error?.step.contains("headers in mcp.json") == true)
            #expect(try await manager.state().signIn.state == .staticHeaderRefused)
            #expect(try await manager.state().transport.state == (atConnect ? .reached : .connected))
            #expect(server.oauthRequests == [])
        }
    }

    @Test("a disabled server is not asked, and says so when it is called")
    func disabled() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(["demo": ["url": JSON(server.url), "enabled": false]])
            await manager.start()
            #expect(try await manager.state().transport.state == .disabled)
            #expect(await scene.code { _ = try await scene.call(manager) } == "CONFIG_SERVER_DISABLED")
            #expect(await scene.code { try await scene.login(manager) } == "CONFIG_SERVER_DISABLED")
            #expect(await scene.code { try await scene.login(manager, "other") } == "CONFIG_SERVER_UNKNOWN")
            #expect(server.requests.isEmpty)
            #expect(scene.transcript.log.last == "0 of 0 servers ready, 0 tools")
        }
    }

    @Test("a broken entry fails with its code; the others run")
    func brokenEntry() async throws {
        try await withHost({ $0.protection.mode = .none }) { scene, server async throws in
            let manager = try await scene.host([
                "bad": ["url": "ftp://example.com/mcp"], "worse": ["command": 7], "unset": ["url": "${NO_SUCH}"],
                "demo": ["url": JSON(server.url)],
            ])
            await manager.start()
            #expect(try await manager.state().discovery.state == .succeeded(toolCount: 5))
            for name in ["bad", "worse", "unset"] {
                let status = try await manager.state(name)
                #expect(status.transport.state == .failed)
                #expect(status.transport.problem?.code.hasPrefix("CONFIG_") == true)
                #expect(await scene.code { try await scene.login(manager, name) } == status.transport.problem?.code)
                #expect(try await scene.row(name).lastError?.code == status.transport.problem?.code)
            }
        }
    }
}
