// Answers of child processes that cannot be read, belong to nothing, or do not come: what is said of them, and when.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("answers over stdio", .timeLimit(.minutes(5)))
struct StdioAnswerTests {
    private func connecting(_ command: StdioCommand, limits: ConnectionLimits = .short) async -> OmlxError? {
        let connection = connection(.stdio(command), limits: limits)
        return await failure { try await connection.connect() }
    }

    @Test(
        "an answer that cannot be read fails its call long before the limit, when it is the only one under way",
        arguments: [
            #"print('{\'jsonrpc\': \'2.0\'}')"#, "print('{')", "print('Content-Length: 3')",
            #"sys.stdout.buffer.write(b'{"jsonrpc": "2.0", "id": 2, "result": "\xe9"}\n')"#,
        ])
    func garbled(write: String) async throws {
        let extra = """
            if method == "tools/call":
                \(write)
                sys.stdout.flush()
                continue
            """
        let connection = connection(.stdio(script(extra: extra)), limits: ConnectionLimits(request: 3600))
        _ = try await connection.connect()
        let error = await failure { try await connection.callTool("echo") }
        #expect(error?.code == .protocolNotJSON)
        #expect(error?.message.hasPrefix("the server's answer to tools/call cannot be read: ") == true)
        #expect(try await connection.listTools().count == 1, "the session goes on")
        await connection.close()
    }

    @Test("a log that looks like an answer fails nothing when the answer follows it")
    func logLikeAnswer() async throws {
        let start = "print('{ port: 3000 }', flush=True)"
        let extra = "print('Content-Length: 9', flush=True)"
        let connection = connection(.stdio(script(extra: extra, start: start)))
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("with two calls under way it is not known whose an answer is that cannot be read: it is told at the limit")
    func garbledAmongTwo() async throws {
        let extra = """
            if method == "tools/call":
                calls = globals().get("calls", 0) + 1
                globals()["calls"] = calls
                if calls == 2:
                    print('{"jsonrpc": oops', flush=True)
                continue
            """
        let connection = connection(.stdio(script(extra: extra)))
        _ = try await connection.connect()
        async let first = failure { try await connection.callTool("echo", timeout: 3) }
        async let second = failure { try await connection.callTool("echo", timeout: 3) }
        for error in await [first, second] {
            #expect(error?.code == .transportTimeout)
            #expect(error?.message.contains("1 line that is no MCP message: {\"jsonrpc\": oops") == true)
        }
        await connection.close()
    }

    @Test("an answer with another id is told at the limit", arguments: ["99", "\"x\""])
    func otherID(id: String) async throws {
        let extra = """
            if method == "tools/call":
                send({"jsonrpc": "2.0", "id": \(id), "result": {"content": []}})
                continue
            """
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.stdio(script(extra: extra)), events: events)
        _ = try await connection.connect()
        let error = await failure { try await connection.callTool("echo", timeout: 2) }
        #expect(error?.code == .transportTimeout)
        #expect(error?.message.contains("with the id \(id)") == true)
        #expect(events.values.contains(.strayAnswer(id: id)))
        await connection.close()
    }

    @Test("an error without an id that comes late, to notifications/initialized, fails no request")
    func errorToNotification() async throws {
        let extra = """
            if method == "tools/list":
                send({"jsonrpc": "2.0", "id": None, "error": {"code": -32601, "message": "Method not found: notifications/initialized"}})
            """
        let connection = connection(.stdio(script(extra: extra)))
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("what a process wrote to its standard output belongs to its last words")
    func lastOutput() async {
        let limits = ConnectionLimits(request: 3600)
        let both = await connecting(shell("echo 'Error: license expired'; echo why >&2; exit 3"), limits: limits)
        #expect(both?.code == .transportProcessExited)
        #expect(
            both?.message
                == "the server's process ended with status 3; it last wrote: why; on standard output: Error: license expired"
        )
        let one = await connecting(shell("echo no entry; exit 0"), limits: limits)
        #expect(one?.message == "the server's process ended with status 0; on standard output: no entry")
    }

    @Test(
        "what was begun and not ended is told at the limit: an answer without a line end, a question on the error stream"
    )
    func unfinishedLines() async throws {
        let extra = """
            if method == "tools/call":
                sys.stdout.write('{"jsonrpc": "2.0", "id": ' + str(message["id"]) + ', "result": {}}')
                sys.stdout.flush()
                sys.stderr.write("old\\r\\x1b[1mPassword:\\x1b[0m ")
                sys.stderr.flush()
                continue
            """
        let connection = connection(.stdio(script(extra: extra)))
        _ = try await connection.connect()
        let error = await failure { try await connection.callTool("echo", timeout: 3) }
        #expect(error?.code == .transportTimeout)
        #expect(
            error?.message.contains(#"began a line of its output and did not end it: {"jsonrpc": "2.0", "id": 2"#)
                == true)
        #expect(error?.message.contains("it last wrote: Password:") == true)
        await connection.close()
    }

    @Test("B5: a server that refuses the newest revision without a word on others is offered an older one")
    func olderRevision() async throws {
        let extra = """
            if method == "initialize" and message["params"]["protocolVersion"] != "2024-11-05":
                send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32602, "message": "Unsupported protocol version"}})
                continue
            """
        let connection = connection(.stdio(script(extra: extra)))
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("A3.16: a server of 2026-07-28 alone is spoken to in its era", arguments: [-32601, -32602])
    func modern(code: Int) async throws {
        let extra = """
            meta = message.get("params", {}).get("_meta", {})
            if meta.get("io.modelcontextprotocol/protocolVersion") != "2026-07-28":
                send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": \(code), "message": "no"}})
                continue
            if method == "server/discover":
                send({"jsonrpc": "2.0", "id": message["id"], "result": {"supportedVersions": ["2026-07-28"], "capabilities": {}}})
                continue
            """
        let connection = connection(.stdio(script(extra: extra)))
        #expect(try await connection.connect().protocolVersion == "2026-07-28")
        try await connection.ping()
        await connection.close()
    }
}
