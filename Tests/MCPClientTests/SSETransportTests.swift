// HTTP+SSE of 2024-11-05 against a scripted server.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("HTTP+SSE", .timeLimit(.minutes(5)))
struct SSETransportTests {
    @Test("A5.2, A5.3: messages are posted to the endpoint, answers come on the stream")
    func ordinary() async throws {
        let script = SSEScript()
        let server = try ScriptedServer { script.answer($0, $1) }
        defer { server.stop() }
        let connection = connection(.sse(try server.url("/sse"), headers: [HTTPRequestHeader("X-Own", "1")]))
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
        #expect(server.requests.map(\.target) == ["/sse"] + Array(repeating: "/messages?session=1", count: 3))
        #expect(server.requests.allSatisfy { $0.headers["x-own"] == "1" && $0.headers["mcp-protocol-version"] == nil })
        await connection.close()
    }

    @Test(
        "A5.4: the endpoint may be relative, and is resolved against the stream's URL",
        arguments: [("messages", "/a/messages"), ("?x=1", "/a/sse?x=1"), ("/m", "/m"), ("../m", "/m")])
    func relative(endpoint: String, target: String) throws {
        let url = try HTTPURL("http://127.0.0.1:9/a/sse")
        #expect(try SSETransport.resolve(Array(endpoint.utf8), at: url).requestTarget == target)
    }

    @Test(
        "A5.4: an endpoint at another origin is refused",
        arguments: ["http://127.0.0.1:10/m", "https://127.0.0.1:9/m", "//evil.example/m", "http://localhost:9/m"])
    func otherOrigin(endpoint: String) throws {
        let url = try HTTPURL("http://127.0.0.1:9/sse")
        #expect {
            try SSETransport.resolve(Array(endpoint.utf8), at: url)
        } throws: {
            ErrorCode.transportEndpointOrigin ~= $0
        }
    }

    @Test("A5.4: nothing is sent to an endpoint at another origin")
    func nothingSent() async throws {
        let other = try ScriptedServer { $1.answer(202) }
        defer { other.stop() }
        let script = SSEScript(endpoint: try other.url("/m").text)
        let server = try ScriptedServer { script.answer($0, $1) }
        defer { server.stop() }
        let connection = connection(.sse(try server.url("/sse")))
        #expect(await failure { try await connection.connect() }?.code == .transportEndpointOrigin)
        #expect(other.calls.isEmpty)
    }

    @Test("a stream that names no endpoint in time, or ends before, has its code", arguments: [true, false])
    func noEndpoint(ends: Bool) async throws {
        let server = try ScriptedServer { _, answerer in
            answerer.beginStream()
            answerer.event(["jsonrpc": "2.0", "method": "notifications/message"])
            if ends { answerer.endStream() } else { answerer.waitForClose() }
        }
        defer { server.stop() }
        let limits = ConnectionLimits(request: ends ? 120 : 2)
        let connection = connection(.sse(try server.url("/sse")), limits: limits)
        #expect(await failure { try await connection.connect() }?.code == .protocolNoEndpoint)
    }

    @Test("an endpoint that is no URL is none")
    func badEndpoint() throws {
        let url = try HTTPURL("http://127.0.0.1:9/sse")
        for text in ["ftp://127.0.0.1/m", "a b", "http://"] {
            #expect {
                try SSETransport.resolve(Array(text.utf8), at: url)
            } throws: {
                ErrorCode.protocolNoEndpoint ~= $0
            }
        }
    }

    @Test(
        "an answer that is no stream, or no success, has its code",
        arguments: [
            (200, "application/json", ErrorCode.protocolContentType), (404, "text/plain", .transportNotFound),
            (401, "text/plain", .oauthSignInNeeded), (500, "text/html", .transportServerError),
        ])
    func noStream(status: Int, type: String, code: ErrorCode) async throws {
        let server = try ScriptedServer { $1.answer(status, [("Content-Type", type)]) }
        defer { server.stop() }
        let connection = connection(.sse(try server.url("/sse")))
        let error = await failure { try await connection.connect() }
        #expect(error?.code == code)
    }

    @Test("a stream that breaks fails what waits for it, and the connection is closed")
    func breaks() async throws {
        let script = SSEScript()
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return script.answer(request, answerer) }
            answerer.answer(202)
            script.cut()
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.sse(try server.url("/sse")), events: events)
        _ = try await connection.connect()
        #expect(await failure { try await connection.callTool("echo") }?.code == .protocolStreamBroken)
        await events.wait { events in
            events.contains {
                if case .closed(let error?) = $0 { return error.code == .protocolStreamBroken }
                return false
            }
        }
        #expect(await failure { try await connection.listTools() }?.code == .transportNotConnected)
    }

    @Test("an event that is no JSON is reported and the stream goes on")
    func badEvent() async throws {
        let script = SSEScript { $0.stream("data: nonsense\n\nevent: other\ndata: {}\n\n") }
        let server = try ScriptedServer { script.answer($0, $1) }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.sse(try server.url("/sse")), events: events)
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
        await events.wait { events in
            events.contains {
                guard case .invalidMessage(let reason) = $0 else { return false }
                return reason.hasPrefix("an event of the server's stream is not JSON")
            }
        }
    }
}
