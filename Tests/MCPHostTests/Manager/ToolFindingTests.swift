// Which server a bare name leads to: lists known from before first, and what is said when the server is not there.

import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import Synchronization
import Testing

@testable import OmlxMCPHost
@testable import OmlxSignIn

@Suite struct ToolFindingTests {
    private static func open(_ tools: [String]) -> (inout DemoScript) -> Void {
        { script in
            script.protection.mode = .none
            script.mcp.tools.builtIn = tools
        }
    }

    @Test("the server that had the tool is asked alone; a hanging one beside it makes nobody wait")
    func knownOwner() async throws {
        try await withHost(Self.open(["echo"])) { scene, one async throws in
            try await withServer(Self.open(["add"])) { two async throws in
                let servers: KeyValuePairs<String, JSON> = [
                    "one": ["url": JSON(one.url)], "two": ["url": JSON(two.url)],
                ]
                let earlier = try await scene.host(servers)
                await earlier.start()
                await earlier.stop()
                try await withServer({ $0.mcp.overrides["initialize"] = .hang }) { hanging async throws in
                    let manager = try await scene.host(
                        servers: servers.map { ($0.key, $0.value) } + [("hangs", ["url": JSON(hanging.url)])])
                    #expect(try await scene.call(manager, "add", ["a": 1, "b": 2])["isError"] == false)
                    #expect(hanging.requests.isEmpty)
                    #expect(one.calls("initialize").count == 1, "only the earlier host")
                }
            }
        }
    }

    @Test("a list that is out of date leads on to the other servers")
    func movedTool() async throws {
        try await withHost(Self.open(["echo", "add"])) { scene, one async throws in
            try await withServer(Self.open(["whoami"])) { two async throws in
                let servers: KeyValuePairs<String, JSON> = [
                    "one": ["url": JSON(one.url)], "two": ["url": JSON(two.url)],
                ]
                let earlier = try await scene.host(servers)
                await earlier.start()
                await earlier.stop()
                one.update { $0.mcp.tools.builtIn = ["add"] }
                two.update { $0.mcp.tools.builtIn = ["whoami", "echo"] }
                #expect(try await scene.host(servers).tool("echo").name == "two__echo")
            }
        }
    }

    @Test(
        "an owner that is down is said to be, with its reason; a name with two owners stays ambiguous when one is down")
    func ownerDown() async throws {
        try await withHost(Self.open(["echo", "add"])) { scene, one async throws in
            var script = DemoScript()
            Self.open(["whoami", "add"])(&script)
            let two = try await DemoServer.start(script: script)
            let servers: KeyValuePairs<String, JSON> = ["one": ["url": JSON(one.url)], "two": ["url": JSON(two.url)]]
            let earlier = try await scene.host(servers)
            await earlier.start()
            await earlier.stop()
            await two.stop()
            let down = await scene.error { _ = try await scene.call(try await scene.host(servers), "whoami") }
            #expect(down?.code == .protocolToolUnreachable)
            #expect(down?.message.hasPrefix("\"whoami\" is a tool of two, which is not ready: TRANSPORT_") == true)
            let both = await scene.error { _ = try await scene.call(try await scene.host(servers), "add") }
            #expect(both?.code == .protocolToolAmbiguous && both?.step == "use one of one__add, two__add")
            let nobody = await scene.error { _ = try await scene.call(try await scene.host(servers), "nothing") }
            #expect(nobody?.code == .protocolToolUnreachable && nobody?.message.contains("not ready: two") == true)
            #expect(nobody?.compared.first?.label == "two")
            let typo = await scene.error { _ = try await scene.call(try await scene.host(servers), "eccho") }
            #expect(typo?.message.hasSuffix("; did you mean one__echo?") == true)
        }
    }

    @Test("an owner that wants a sign-in says so, known or not; a person at hand signs in to it")
    func ownerWantsSignIn() async throws {
        try await withHost(Self.open(["echo"])) { scene, open async throws in
            try await withServer { locked async throws in
                let servers: KeyValuePairs<String, JSON> = [
                    "open": ["url": JSON(open.url)], "locked": ["url": JSON(locked.url)],
                ]
                let unknown = await scene.error { _ = try await scene.call(try await scene.host(servers), "whoami") }
                #expect(unknown?.code == .oauthSignInNeeded && unknown?.step == "sign in to locked")
                #expect(unknown?.message.contains("locked needs a sign-in") == true)
                let before = locked.requests.count
                let manager = try await scene.host(servers)
                let offer = SignInOffer(
                    interface: SilentPerson(transcript: scene.transcript), browser: FollowingBrowser())
                let found = try await manager.tool("whoami", signingIn: { _ in offer })
                #expect(found.name == "locked__whoami")
                #expect(locked.requests.count > before)
                #expect(try await scene.call(manager, "whoami")["isError"] == false)
                _ = try await manager.logout("locked")
                await manager.stop()
                let known = await scene.error { _ = try await scene.call(try await scene.host(servers), "whoami") }
                #expect(known?.code == .oauthSignInNeeded && known?.step == "sign in to locked")
            }
        }
    }

    @Test("connecting that failed is not tried twice for one call", arguments: ["demo__echo", "echo"])
    func triedOnce(name: String) async throws {
        try await withHost({
            $0.protection.mode = .none
            $0.mcp.overrides["initialize"] = .status(500)
        }) { scene, server async throws in
            let manager = try await scene.host(server)
            let error = await scene.error { _ = try await manager.tool(name) }
            #expect(error != nil)
            #expect(server.calls("initialize").count == 1)
        }
    }

    @Test("a mistyped server of a known tool is told without asking anybody")
    func mistypedServer() async throws {
        try await withHost(Self.open(["echo"])) { scene, server async throws in
            let earlier = try await scene.host(["files": ["url": JSON(server.url)]])
            await earlier.start()
            await earlier.stop()
            let count = server.requests.count
            let manager = try await scene.host(["files": ["url": JSON(server.url)]])
            let error = await scene.error { _ = try await scene.call(manager, "fiels__echo") }
            #expect(
                error?.code == .protocolToolUnknown && error?.message.hasSuffix("; did you mean files__echo?") == true)
            #expect(server.requests.count == count)
            let tool = await scene.error { _ = try await scene.call(manager, "files__ehco") }
            #expect(tool?.message == "files has no tool \"ehco\"; did you mean files__echo?")
            let unknown = await scene.error {
                _ = try await manager.login("file", interface: SilentPerson(transcript: scene.transcript), browser: nil)
            }
            #expect(unknown?.message == "no server \"file\" is configured; did you mean files?")
        }
    }
}
