// A token is sent to the server it was made for, and nowhere else.

import OmlxDemoServer
import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPHost

@Suite struct HostOriginTests {
    @Test("a redirect to another origin is refused; nothing is sent there", arguments: [307, 308, 302])
    func redirect(status: Int) async throws {
        try await withHost { scene, server async throws in
            try await withServer { other async throws in
                let manager = try await scene.host(server)
                try await scene.login(manager)
                server.update { $0.mcp.overrides["tools/call"] = .redirect(status, to: other.url) }
                let error = await scene.error { _ = try await scene.call(manager) }
                #expect(error?.code == .transportRedirectOrigin)
                #expect(error.map { "\($0)".contains(other.origin) } == true, "the other origin is named")
                server.update { $0.mcp.overrides = ["initialize": .redirect(status, to: other.url)] }
                let next = try await scene.host(server)
                await next.start()
                #expect(try await next.state().transport.problem?.code == "TRANSPORT_REDIRECT_ORIGIN")
                #expect(other.requests.isEmpty)
            }
        }
    }

    @Test("a 307 on the same origin is followed with body and token")
    func sameOrigin() async throws {
        try await withHost { scene, server async throws in
            let manager = try await scene.host(server)
            try await scene.login(manager)
            server.update { $0.mcp.overrides["tools/call"] = .redirect(to: server.url).times(1) }
            #expect(try await scene.call(manager)["structuredContent"]?["authenticated"] == true)
        }
    }

    @Test("a changed URL finds no token and no answers, even of the same origin and under the same name (mistake 8)")
    func changedURL() async throws {
        try await withHost { scene, server async throws in
            let first = try await scene.host(server)
            try await scene.login(first)
            await first.stop()
            server.clearRequests()
            try await withServer { other async throws in
                for url in [other.url, server.url + "?tenant=2"] {
                    let manager = try await scene.host(["demo": ["url": JSON(url)]])
                    #expect(
                        try await manager.state()
                            == ServerStatus(name: "demo").pointed(
                                at: EndpointIdentity(url: url, transportKind: "streamable-http")))
                    await manager.start()
                    #expect(try await manager.state().signIn.state == .needed)
                    await manager.stop()
                }
                #expect((other.requests + server.requests).allSatisfy { $0.header("authorization") == nil })
                let again = try await scene.host(server)
                await again.start()
                #expect(try await again.state().signIn.state == .signedIn)
            }
        }
    }

    @Test("an SSE server that names an endpoint of another origin gets no message sent there (A5.4)")
    func foreignEndpoint() async throws {
        try await withServer { other async throws in
            try await withHost({
                $0.protection.mode = .none
                $0.sse.endpoint = .otherOrigin
                $0.sse.otherOrigin = other.origin
            }) { scene, server async throws in
                let manager = try await scene.host(["demo": ["url": JSON(server.sseURL), "transport": "sse"]])
                await manager.start()
                #expect(try await manager.state().transport.problem?.code == "TRANSPORT_ENDPOINT_ORIGIN")
                #expect(other.requests.isEmpty)
                #expect(server.calls("initialize").isEmpty)
            }
        }
    }

    @Test("two accounts at one server have a sign-in each (P34)")
    func accounts() async throws {
        try await withHost { scene, server async throws in
            try await scene.login(try await scene.host(server) { $0.account = "work" })
            let other = try await scene.host(server) { $0.account = "home" }
            await other.start()
            #expect(try await other.state().signIn.state == .needed)
            let work = try await scene.host(server) { $0.account = "work" }
            await work.start()
            #expect(try await work.state().record.account == "work")
            #expect(try await work.state().signIn.state == .signedIn)
        }
    }
}
