// The server as a process and a neighbour: start, stop, control over HTTP, legacy SSE, raw misbehaviour.

import OmlxDemoServer
import Foundation
import OmlxJSON
import Testing

@Suite("Server")
struct ServerTests {
    @Test("stopping closes hanging connections and streams and listens no more")
    func stopping() async throws {
        let server = try await DemoServer.start()
        server.update {
            $0.protection.mode = .none
            $0.mcp.overrides["*"] = .hang
        }
        async let hanging = server.send(initialize())
        async let stream = Curl.run("GET", server.sseURL, headers: ["Accept: text/event-stream"])
        await server.wait { $0.state.openStreams == 1 && $0.requests.count == 2 }
        await server.stop()
        #expect(try await hanging.exit == Curl.empty)
        #expect(try await stream.status == 200)
        // The port may be another test's by now, so that an answer is none of ours.
        let count = server.requests.count
        _ = try await Curl.run("GET", server.url, timeout: 5)
        #expect(server.requests.count == count)
    }

    @Test("a port that is taken is an error")
    func takenPort() async throws {
        try await withServer { server async throws in
            await #expect(throws: (any Error).self) { try await DemoServer.start(port: server.port) }
        }
    }

    @Test("the host's spelling is that of the script's owner")
    func hostSpelling() async throws {
        let server = try await DemoServer.start(host: "localhost")
        #expect(server.url == "http://localhost:\(server.port)/mcp")
        let answer = try await Curl.run(
            "GET", "http://127.0.0.1:\(server.port)/.well-known/oauth-authorization-server")
        #expect(answer.json["issuer"]?.stringValue == "http://localhost:\(server.port)")
        await server.stop()
    }

    @Test("the script can be read, patched and replaced over HTTP; a bad one changes nothing")
    func controlScript() async throws {
        try await withServer { server async throws in
            let address = server.origin + "/demo/script"
            #expect(try await Curl.run("GET", address).json == DemoScript().json)
            #expect(try await Curl.json("PATCH", address, ["mcp": ["sessions": false]]).status == 200)
            #expect(!server.script.mcp.sessions)
            let bad = try await Curl.json("PATCH", address, ["mcp": ["session": true]])
            #expect(bad.status == 400 && bad.text.contains("/mcp/session"))
            #expect(try await Curl.json("PUT", address, ["metadata": ["patch": ["issuer": .null]]]).status == 200)
            #expect(server.script.mcp.sessions && server.script.metadata.patch == ["issuer": .null])
            let foreign = ["Origin: https://attacker.example"]
            #expect(try await Curl.json("PATCH", address, .object([:]), headers: foreign).status == 403)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("a change of the script may use the server's addresses")
    func changeWithAddresses() async throws {
        try await withServer { server async throws in
            server.update {
                $0.metadata.patch = ["issuer": JSON(server.issuer + "/"), "x": JSON(server.script.sse.otherOrigin)]
            }
            let answer = try await Curl.run("GET", server.origin + "/.well-known/oauth-authorization-server")
            #expect(answer.json["issuer"]?.stringValue == server.origin + "/")
        }
    }

    @Test("requests, state and events are reachable over HTTP")
    func controlEvents() async throws {
        try await withServer { server async throws in
            let client = try await server.client()
            _ = try await server.signIn(client)
            let demo = server.origin + "/demo/"
            #expect(try await Curl.run("GET", demo + "state").json["liveAccessTokens"] == 1)
            #expect(try await Curl.run("POST", demo + "expire-tokens").status == 204)
            #expect(server.state.liveAccessTokens == 0 && server.state.liveRefreshTokens == 1)
            #expect(try await Curl.run("POST", demo + "revoke-all").status == 204)
            #expect(server.state.liveRefreshTokens == 0)
            #expect(try await Curl.run("POST", demo + "forget-clients").status == 204)
            #expect(try await server.authorize(client).status == 400)
            let requests = try await Curl.run("GET", demo + "requests").json
            #expect(requests[0]?["path"] == "/register" && requests[0]?["status"] == 201)
            #expect(try await Curl.run("DELETE", demo + "requests").status == 204)
            #expect(server.requests.isEmpty)
            #expect(try await Curl.run("POST", demo + "nonsense").status == 404)
        }
    }

    @Test("legacy SSE: the endpoint event, 202 for the POST, the reply on the stream")
    func legacySSE() async throws {
        try await withServer {
            $0.protection.mode = .none
            $0.sse.closeAfterMessages = 2
        } _: { server async throws in
            async let stream = Curl.run("GET", server.sseURL, headers: ["Accept: text/event-stream"])
            await server.wait { $0.state.openStreams == 1 }
            let session = try #require(server.sseSessions.first)
            let messages = server.origin + "/messages?sessionId="
            let accepted = try await Curl.json("POST", messages + session, initialize("2024-11-05"))
            #expect(accepted.status == 202)
            #expect(try await Curl.json("POST", messages + "unknown", rpc(1, "ping")).status == 404)
            #expect(try await Curl.json("POST", messages + session, rpc(1, "ping")).status == 202)
            let text = try await stream.text
            #expect(text.hasPrefix("event: endpoint\ndata: /messages?sessionId=\(session)\n\n"))
            #expect(text.contains("\"protocolVersion\":\"2024-11-05\""))
            #expect(text.contains("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"))
        }
    }

    @Test("legacy SSE: GET and POST are protected apart", arguments: [true, false])
    func legacyProtection(onGet: Bool) async throws {
        try await withServer {
            $0.protection.sseGet = onGet
            $0.protection.ssePost = !onGet
            $0.sse.overrides["GET"] = .status(299)
        } _: { server async throws in
            let get = try await Curl.run("GET", server.sseURL, headers: ["Accept: text/event-stream"])
            #expect(get.status == (onGet ? 401 : 299))
            let post = try await Curl.json("POST", server.origin + "/messages?sessionId=x", rpc(1, "ping"))
            #expect(post.status == (onGet ? 404 : 401))
            let challenge = onGet ? get.header("www-authenticate") : post.header("www-authenticate")
            #expect(challenge?.contains("/.well-known/oauth-protected-resource/sse") == true)
        }
    }

    @Test("raw servers close at once, stay silent, or send garbage")
    func rawServers() async throws {
        let closing = try await RawServer.start(.closesAtOnce)
        let silent = try await RawServer.start(.silent)
        let garbage = try await RawServer.start(.sends("SSH-2.0-OpenSSH\r\n\r\n"))
        let exits = [
            try await Curl.run("GET", closing.url).exit,
            try await Curl.run("GET", silent.url, timeout: 3).exit,
            try await Curl.run("GET", garbage.url).exit,
        ]
        #expect(exits[0] == 52 || exits[0] == 56)
        #expect(exits[1] == 28)
        #expect(exits[2] == 1)
        #expect(closing.connections == 1 && silent.connections == 1)
        for server in [closing, silent, garbage] { await server.stop() }
        #expect(try await Curl.run("GET", silent.url).exit == 7)
    }
}
