// Streamable HTTP against a server that misbehaves: each way has its own code.

import OmlxCryptography
import OmlxErrors
import Glibc
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("Streamable HTTP, failures", .timeLimit(.minutes(5)))
struct StreamableHTTPFailureTests {
    /// What `connect()` throws when the server answers `initialize` so.
    private func connecting(
        fallsBackToSSE: Bool = false, limits: ConnectionLimits = .short, headers: [HTTPRequestHeader] = [],
        _ answer: @escaping ScriptedServer.Handler
    ) async throws -> OmlxError? {
        let server = try ScriptedServer(answer)
        defer { server.stop() }
        let connection = connection(
            .streamableHTTP(try server.url(), headers: headers), limits: limits, fallsBackToSSE: fallsBackToSSE)
        return await failure { try await connection.connect() }
    }

    @Test("a page in place of a message is of the wrong type")
    func html() async throws {
        let error = try await connecting { $1.answer(200, [("Content-Type", "text/html")], body: Array("<html>".utf8)) }
        #expect(error?.code == .protocolContentType)
        #expect(error?.message.contains("text/html") == true)
    }

    @Test("text that is no JSON", arguments: ["{", "", "<html>", "{}{}"])
    func notJSON(text: String) async throws {
        let error = try await connecting {
            $1.answer(200, [("Content-Type", "application/json")], body: Array(text.utf8))
        }
        #expect(error?.code == .protocolNotJSON)
    }

    @Test(
        "JSON that is no answer to the request",
        arguments: ["[]", "3", "{}", #"{"jsonrpc":"2.0","id":77,"result":{}}"#])
    func noAnswer(text: String) async throws {
        let error = try await connecting {
            $1.answer(200, [("Content-Type", "application/json")], body: Array(text.utf8))
        }
        #expect(error?.code == .protocolInvalidMessage)
    }

    @Test("a request that is accepted but not answered", arguments: [202, 204])
    func acceptedOnly(status: Int) async throws {
        #expect(try await connecting { $1.answer(status) }?.code == .protocolInvalidMessage)
    }

    @Test("an event that is no JSON")
    func eventNotJSON() async throws {
        let error = try await connecting { _, answerer in
            answerer.beginStream()
            answerer.stream("data: {\n\n")
            answerer.waitForClose()
        }
        #expect(error?.code == .protocolNotJSON)
    }

    @Test(
        "each status has its code",
        arguments: [
            (401, ErrorCode.oauthSignInNeeded), (403, .transportForbidden), (404, .transportNotFound),
            (405, .transportNotFound), (418, .transportBadStatus), (429, .transportRateLimited),
            (500, .transportServerError),
        ])
    func statuses(status: Int, code: ErrorCode) async throws {
        let error = try await connecting { $1.answer(status) }
        #expect(error?.code == code)
        #expect(error?.httpStatus == status)
    }

    @Test("A1.5: a JSON-RPC error in a 400 is shown with its code")
    func jsonRPCError() async throws {
        let error = try await connecting { _, answerer in
            answerer.answer(
                400, json: ["jsonrpc": "2.0", "id": .null, "error": ["code": -32000, "message": "no\u{1B}way"]])
        }
        #expect(error?.code == .protocolErrorResponse)
        #expect(error?.message == "the server answered initialize with error -32000: no\u{FFFD}way")
        #expect(error?.httpStatus == 400)
    }

    @Test("a server that repeats a key in its error does not get it shown")
    func redacted() async throws {
        let headers = [HTTPRequestHeader("Authorization", secret: Secret("Bearer very-secret-key"))]
        let error = try await connecting(headers: headers) { request, answerer in
            let text = "bad header " + (request.headers["authorization"] ?? "")
            answerer.answer(
                400, json: ["jsonrpc": "2.0", "id": .null, "error": ["code": 1, "message": .string(text)]])
        }
        #expect(error?.code == .protocolErrorResponse)
        #expect(error?.description.contains("very-secret-key") == false)
    }

    @Test("a connection cut before the answer")
    func cut() async throws { #expect(try await connecting { $1.cut() }?.code == .transportClosed) }

    @Test("nothing listens")
    func refused() async throws {
        let port = try BoundPort()
        let connection = connection(.streamableHTTP(try HTTPURL("http://127.0.0.1:\(port.number)/mcp")))
        #expect(await failure { try await connection.connect() }?.code == .transportConnectionRefused)
        withExtendedLifetime(port) {}
    }

    @Test("an answer longer than the limit", arguments: [true, false])
    func tooLong(isStream: Bool) async throws {
        let limits = ConnectionLimits(request: 20, maxMessageBytes: 10_000)
        let error = try await connecting(limits: limits) { _, answerer in
            let text = String(repeating: "x", count: 20_000)
            guard isStream else { return answerer.answer(200, json: .string(text)) }
            answerer.beginStream()
            answerer.stream("data: \(text)\n\n")
            answerer.endStream()
        }
        #expect(error?.code == (isStream ? .protocolLineTooLong : .transportTooLarge))
    }

    @Test("B3: a revision omlx does not speak ends the connection")
    func version() async throws {
        let error = try await connecting { $1.result($0, ["protocolVersion": "2099-01-01", "capabilities": [:]]) }
        #expect(error?.code == .protocolVersionUnsupported)
        #expect(error?.compared.first == .init("server", "2099-01-01"))
    }

    @Test("B5: a 400 that names revisions is followed by an offer of one of them")
    func versionNamed() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "initialize", request.json["params"]?["protocolVersion"] == "2025-11-25" else {
                if request.call != "initialize" { return answerOrdinarily(request, answerer) }
                return answerer.result(request, ["protocolVersion": "2025-06-18", "capabilities": [:]])
            }
            let data: JSON = ["supported": ["2025-06-18"], "requested": "2025-11-25"]
            let error: JSON = ["code": -32602, "message": "Unsupported protocol version", "data": data]
            answerer.answer(400, json: ["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "error": error])
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), fallsBackToSSE: true)
        #expect(try await connection.connect().protocolVersion == "2025-06-18")
    }

    @Test("A7.1, A7.3: initialize that is not answered ends at the limit and is not cancelled")
    func initializeTimeout() async throws {
        let server = try ScriptedServer { $1.waitForClose() }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), limits: ConnectionLimits(request: 2))
        #expect(await failure { try await connection.connect() }?.code == .transportTimeout)
        #expect(server.calls == ["initialize"])
    }

    @Test("A7.1: a request that is not answered ends at its limit, its transfer is aborted and the server told")
    func timeout() async throws {
        let aborted = Recorder<String>()
        let server = try ScriptedServer { request, answerer in
            if request.call == "notifications/cancelled" { aborted.record("told") }
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            answerer.waitForClose()
            aborted.record("aborted")
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        let error = await failure { try await connection.callTool("echo", timeout: 2) }
        #expect(error?.code == .transportTimeout)
        await aborted.wait { Set($0) == ["told", "aborted"] }
        let told = server.requests.last { $0.call == "notifications/cancelled" }
        let called = server.requests.last { $0.call == "tools/call" }
        #expect(told?.json["params"]?["requestId"] == called?.json["id"])
        #expect(try await connection.listTools().count == 1)
    }

    @Test("A7.1: a caller that is cancelled ends the request in the same way")
    func cancelled() async throws {
        let seen = Recorder<String>()
        let server = try ScriptedServer { request, answerer in
            seen.record(request.call)
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            answerer.waitForClose()
            seen.record("aborted")
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        let task = Task { try await connection.callTool("echo") }
        await seen.wait { $0.contains("tools/call") }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await seen.wait { $0.contains("aborted") && $0.contains("notifications/cancelled") }
    }

    @Test("A7.2: progress starts the clock anew")
    func progress() async throws {
        let gate = Recorder<Void>()
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            answerer.beginStream()
            let token = request.json["params"]?["_meta"]?["progressToken"] ?? .null
            let clock = ContinuousClock()
            let start = clock.now
            var step = 0
            while clock.now - start < .seconds(12) {
                // The socket's own pace: one report each tenth of a second.
                var pause = timespec(tv_sec: 0, tv_nsec: 100_000_000)
                nanosleep(&pause, nil)
                step += 1
                let params: JSON = ["progressToken": token, "progress": JSON(step)]
                answerer.event(["jsonrpc": "2.0", "method": "notifications/progress", "params": params])
            }
            answerer.event(["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "result": ["content": []]])
            answerer.endStream()
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        _ = try await connection.callTool("echo", timeout: 8, onProgress: { _ in gate.record(()) })
        #expect(gate.values.count > 3)
    }

    @Test("A7.2: ten times the limit is the end, whatever progress comes")
    func hardMaximum() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            answerer.beginStream()
            let token = request.json["params"]?["_meta"]?["progressToken"] ?? .null
            let start = ContinuousClock.now
            while .now - start < .seconds(40) {
                var pause = timespec(tv_sec: 0, tv_nsec: 20_000_000)
                nanosleep(&pause, nil)
                let params: JSON = ["progressToken": token, "progress": 1]
                answerer.event(["jsonrpc": "2.0", "method": "notifications/progress", "params": params])
            }
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        // On a machine that is busy the server itself may be silent for as long as it may.
        var error: OmlxError?
        for _ in 0..<5 where error?.message.hasSuffix("within 2 s") != false {
            error = await failure { try await connection.callTool("echo", timeout: 2) }
        }
        #expect(error?.code == .transportTimeout)
        #expect(error?.message.hasSuffix("within 20 s, though it reported progress") == true, "\(error?.message ?? "")")
    }

    @Test("A7.1: a time limit may be any number", arguments: [Double.infinity, .nan, -1, 0])
    func oddLimits(limit: Double) async throws {
        let server = try ScriptedServer { request, answerer in
            // A limit that is over at once and an answer that comes at once: which is first is not what this is about.
            if request.call == "tools/call", limit != .infinity { return answerer.waitForClose() }
            answerOrdinarily(request, answerer)
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        if limit == .infinity {
            _ = try await connection.callTool("echo", timeout: limit)
        } else {
            let error = await failure { try await connection.callTool("echo", timeout: limit) }
            #expect(error?.code == .transportTimeout)
        }
    }

    @Test("A4.4: when no new session can be had, the connection is closed")
    func noNewSession() async throws {
        let initialized = Recorder<Void>()
        let server = try ScriptedServer { request, answerer in
            if request.call == "tools/list" { return answerer.answer(404) }
            if request.call == "initialize" {
                initialized.record(())
                if initialized.values.count > 1 { return answerer.answer(401) }
            }
            answerOrdinarily(request, answerer, session: "abc")
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), events: events)
        _ = try await connection.connect()
        #expect(await failure { try await connection.listTools() }?.code == .oauthSignInNeeded)
        await events.wait { events in
            events.contains {
                if case .closed(let error?) = $0 { return error.code == .oauthSignInNeeded }
                return false
            }
        }
        #expect(await failure { try await connection.listTools() }?.code == .transportNotConnected)
    }

    @Test("closing while a request is under way and while connecting")
    func closing() async throws {
        let asked = Recorder<String>()
        let server = try ScriptedServer { request, answerer in
            asked.record(request.call)
            answerer.waitForClose()
        }
        defer { server.stop() }
        for endpoint in [ServerEndpoint.streamableHTTP(try server.url()), .sse(try server.url())] {
            let count = asked.values.count
            let connection = connection(endpoint)
            let task = Task { await failure { try await connection.connect() } }
            await asked.wait { $0.count > count }
            await connection.close()
            #expect(await task.value?.code == .transportCancelled)
        }
    }

    @Test("A6.4: 400, 404 and 405 lead to HTTP+SSE where that is allowed", arguments: [400, 404, 405])
    func fallsBack(status: Int) async throws {
        let stream = SSEScript()
        let server = try ScriptedServer { request, answerer in
            if request.target == "/mcp", request.method == "POST" { return answerer.answer(status) }
            stream.answer(request, answerer)
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), fallsBackToSSE: true)
        #expect(try await connection.connect().protocolVersion == "2025-11-25")
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("A6.6: 401, 403 and 5xx lead nowhere else", arguments: [401, 403, 500])
    func noFallBack(status: Int) async throws {
        #expect(try await connecting(fallsBackToSSE: true) { $1.answer(status) }?.httpStatus == status)
    }

    @Test("A6.4: where there is no stream either, the first answer is the error")
    func noStreamEither() async throws {
        let error = try await connecting(fallsBackToSSE: true) { $1.answer($0.method == "POST" ? 404 : 405) }
        #expect(error?.code == .transportNotFound)
        #expect(error?.httpStatus == 404)
    }

    @Test("a redirect to another origin is refused, and nothing is sent there")
    func redirect() async throws {
        let other = try ScriptedServer { $1.answer(200) }
        defer { other.stop() }
        let target = try other.url().text
        let error = try await connecting { $1.answer(307, [("Location", target)]) }
        #expect(error?.code == .transportRedirectOrigin)
        #expect(other.calls.isEmpty)
    }

    @Test("requests before connect and after close fail at once")
    func notConnected() async throws {
        let server = try ScriptedServer { answerOrdinarily($0, $1) }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        #expect(await failure { try await connection.listTools() }?.code == .transportNotConnected)
        _ = try await connection.connect()
        await connection.close()
        #expect(await failure { try await connection.callTool("echo") }?.code == .transportNotConnected)
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
    }

    @Test("C12.4: a tool that repeats a token sent to the server is left out, the others are kept")
    func toolsThatRepeatSecrets() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/list" else { return answerOrdinarily(request, answerer) }
            let schema: JSON = ["type": "object"]
            answerer.result(
                request,
                [
                    "tools": [
                        ["name": "good", "inputSchema": schema],
                        ["name": "leaky", "description": "you are tok-0123456789", "inputSchema": schema],
                    ]
                ])
        }
        defer { server.stop() }
        let header = HTTPRequestHeader("Authorization", secret: Secret("Bearer tok-0123456789"))
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url(), headers: [header]), events: events)
        _ = try await connection.connect()
        #expect(try await connection.listTools().map(\.name) == ["good"])
        await connection.close()
    }
}
