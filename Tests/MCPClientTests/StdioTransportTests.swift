// Child processes, real ones: Python and shell scripts that behave and misbehave.

import OmlxCryptography
import OmlxErrors
import Glibc
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("stdio", .timeLimit(.minutes(5)))
struct StdioTransportTests {
    private func connecting(
        _ command: StdioCommand, limits: ConnectionLimits = .short, events: Recorder<ConnectionEvent> = .init()
    ) async -> OmlxError? {
        let connection = connection(.stdio(command), limits: limits, events: events)
        return await failure { try await connection.connect() }
    }

    private func pid(in events: Recorder<ConnectionEvent>, after word: String) async throws -> pid_t {
        let isLine: @Sendable (ConnectionEvent) -> pid_t? = { event in
            guard case .stderrLine(let line) = event, line.hasPrefix(word + " ") else { return nil }
            return pid_t(line.dropFirst(word.count + 1))
        }
        await events.wait { $0.contains { isLine($0) != nil } }
        return try #require(events.values.compactMap(isLine).first)
    }

    @Test("A2.2: a session over stdin and stdout")
    func ordinary() async throws {
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.stdio(script()), events: events)
        let result = try await connection.connect()
        #expect(try await connection.listTools().map(\.name) == ["echo"])
        try await connection.ping()
        await connection.close()
        #expect(events.values == [.connected(result), .closed(nil)])
    }

    @Test("A2.9: a process of which nothing is known is asked what it speaks")
    func askedFirst() async throws {
        let modern = """
            if method == "initialize":
                send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32022, "message": "no"}})
                continue
            if method == "server/discover":
                result = {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}
                send({"jsonrpc": "2.0", "id": message["id"], "result": result})
                continue
            """
        let connection = connection(.stdio(script(extra: modern)), era: nil)
        #expect(try await connection.connect().isModern)
        #expect(try await connection.listTools().map(\.name) == ["echo"])
        await connection.close()
    }

    @Test("A2.10: whatever a process of the handshake says to that, and nothing, leads to the handshake")
    func handshakeAfter() async throws {
        for reply in [
            #"send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "no"}})"#,
            #"send({"jsonrpc": "2.0", "id": message["id"], "result": {"content": []}})"#, "pass",
        ] {
            let extra = "if method == 'server/discover':\n    \(reply)\n    continue"
            let connection = connection(.stdio(script(extra: extra)), era: nil)
            #expect(try await connection.connect().protocolVersion == "2025-11-25", "\(reply)")
            #expect(await connection.era == .initialize)
            #expect(try await connection.listTools().map(\.name) == ["echo"])
            await connection.close()
        }
    }

    @Test("A2.12: a process that ends because of that is started once more, and gets the handshake alone")
    func endsByProbe() async throws {
        let events = Recorder<ConnectionEvent>()
        let connection = connection(
            .stdio(
                script(
                    extra: "if method not in ('initialize',) and not begun: sys.exit(1)\nbegun = True",
                    start: "print('started', file=sys.stderr, flush=True); begun = False")), era: nil, events: events)
        _ = try await connection.connect()
        #expect(try await connection.listTools().map(\.name) == ["echo"])
        #expect(events.values.filter { $0 == .stderrLine("started") }.count == 2)
        await connection.close()
        _ = try await connection.connect()
        await connection.close()
        #expect(events.values.filter { $0 == .stderrLine("started") }.count == 3, "it is known now")
    }

    @Test("P27: the child sees declared variables and few of the host's, and starts in its folder")
    func environment() async throws {
        var command = script()
        command.environment = ["DECLARED": "value with = and ü"]
        command.workingDirectory = "/usr"
        let connection = connection(
            .stdio(command),
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOST_SECRET": "x", "LANG": "C.UTF-8"])
        _ = try await connection.connect()
        let seen = try await connection.callTool("echo").structuredContent
        #expect(seen?["cwd"] == "/usr")
        #expect(seen?["environment"]?["DECLARED"] == "value with = and ü")
        #expect(seen?["environment"]?["LANG"] == "C.UTF-8")
        #expect(seen?["environment"]?["HOST_SECRET"] == nil)
        await connection.close()
    }

    @Test("a way that was closed while it was to be opened starts no process")
    func closedBefore() async throws {
        let sink = TransportSink(
            receive: { _, _ in true }, garbled: { _, _ in }, opens: { _ in [] }, remark: { _ in "" }, ended: { _ in },
            report: { _ in })
        let transport = StdioTransport(
            command: script(), host: ["PATH": "/usr/bin:/bin"], limits: .short, redactor: Redactor(), sink: sink)
        await transport.close(farewell: nil, quickly: true)
        let error = await failure { try await transport.open() }
        #expect(error?.code == .transportCancelled)
    }

    @Test("the child has no descriptor but its three")
    func descriptors() async throws {
        let events = Recorder<ConnectionEvent>()
        let held = open("/dev/null", O_RDONLY)
        defer { close(held) }
        _ = await connecting(shell("ls /proc/self/fd | wc -l >&2"), events: events)
        // The fourth is the one `ls` reads the folder through.
        #expect(events.values.contains(.stderrLine("4")))
    }

    @Test("an argument is passed as it is, whatever a shell would make of it")
    func noShell() async throws {
        let events = Recorder<ConnectionEvent>()
        let command = StdioCommand(
            command: "python3",
            arguments: ["-c", "import sys; print(sys.argv[1:], file=sys.stderr)", "$HOME; `id`", ""])
        _ = await connecting(command, events: events)
        #expect(events.values.contains(.stderrLine("['$HOME; `id`', '']")))
    }

    @Test("a command that is not there has its code")
    func missing() async {
        #expect(await connecting(StdioCommand(command: "no-such"))?.code == .transportCommandNotFound)
    }

    @Test("a script without an interpreter line has its code")
    func noInterpreter() async throws {
        let path = "/tmp/omlx-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let file = try #require(fopen(path, "w"))
        fputs("echo hello\n", file)
        fclose(file)
        chmod(path, 0o755)
        defer { unlink(path) }
        let error = await connecting(StdioCommand(command: path))
        #expect(error?.code == .transportCommandFailed)
        #expect(error?.message.contains("#!") == true)
    }

    @Test("a process that ends before it answers is told at once, with its status and last words")
    func exits() async {
        let error = await connecting(
            shell("echo first >&2; printf 'no \\033[31mkey' >&2; exit 3"), limits: ConnectionLimits(request: 3600))
        #expect(error?.code == .transportProcessExited)
        #expect(error?.message == "the server's process ended with status 3; it last wrote: first | no key")
    }

    @Test("a process ended by a signal is told as such")
    func signalled() async {
        let error = await connecting(shell("kill -9 $$"), limits: ConnectionLimits(request: 3600))
        #expect(error?.message == "the server's process was ended by signal 9")
    }

    @Test("a process that ends while its child holds the output open is told at once, and the child is ended too")
    func exitsWithChild() async throws {
        let events = Recorder<ConnectionEvent>()
        let error = await connecting(
            shell("sleep 3600 & echo pid $! >&2; exit 4"), limits: ConnectionLimits(request: 3600), events: events)
        #expect(error?.message.hasPrefix("the server's process ended with status 4") == true)
        let child = try await pid(in: events, after: "pid")
        try await waitForEnd(of: child)
    }

    @Test("a declared variable that the process writes in its last words is not shown")
    func redacted() async {
        var command = shell("echo \"bad key $KEY\" >&2; exit 1")
        command.environment = ["KEY": "sk-very-secret"]
        let events = Recorder<ConnectionEvent>()
        let error = await connecting(command, events: events)
        #expect(error?.message.hasSuffix("bad key <redacted>") == true)
        #expect(events.values.contains(.stderrLine("bad key <redacted>")))
    }

    @Test("P29: lines that are no messages are skipped and counted")
    func skipped() async throws {
        let start = "print('Starting…'); print(''); print('[1, 2'); print('{\"level\": \"info\"}'); print('3')"
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.stdio(script(start: start)), events: events)
        _ = try await connection.connect()
        let skipped = events.values.compactMap { event -> String? in
            if case .skippedLine(let count, let text) = event { return "\(count) \(text)" }
            return nil
        }
        #expect(skipped == ["1 Starting…", "2 [1, 2", "3 {\"level\": \"info\"}", "4 3"])
        await connection.close()
    }

    @Test("P29: a line without end closes the connection and ends the process")
    func longLine() async throws {
        let limits = ConnectionLimits(request: 120, stdioLineBytes: 100_000, shutdownGrace: 1)
        let events = Recorder<ConnectionEvent>()
        let error = await connecting(
            shell("echo pid $$ >&2; while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"),
            limits: limits, events: events)
        #expect(error?.code == .protocolLineTooLong)
        #expect(!isAlive(try await pid(in: events, after: "pid")))
    }

    @Test("A7.1: a process that never answers ends at the limit and is gone")
    func silent() async throws {
        let events = Recorder<ConnectionEvent>()
        let error = await connecting(
            shell("trap '' TERM; echo pid $$ >&2; while :; do sleep 1; done"),
            limits: ConnectionLimits(request: 5, shutdownGrace: 0.2), events: events)
        #expect(error?.code == .transportTimeout)
        #expect(!isAlive(try await pid(in: events, after: "pid")))
    }

    @Test("A2.6, A7.1: a request that is not answered is cancelled by notification and the session goes on")
    func cancelled() async throws {
        let extra = """
            if method == "tools/call":
                continue
            if method == "notifications/cancelled":
                print("cancelled", message["params"]["requestId"], file=sys.stderr, flush=True)
            """
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.stdio(script(extra: extra)), events: events)
        _ = try await connection.connect()
        let error = await failure { try await connection.callTool("echo", timeout: 2) }
        #expect(error?.code == .transportTimeout)
        await events.wait { $0.contains(.stderrLine("cancelled 2")) }
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("E3.1, E3.2: requests of the server are answered, also before it answers initialize")
    func serverRequests() async throws {
        let extra = """
            if method == "initialize":
                send({"jsonrpc": "2.0", "id": "p", "method": "ping"})
                print("pong", json.loads(sys.stdin.readline()), file=sys.stderr, flush=True)
                send({"jsonrpc": "2.0", "id": 7, "method": "roots/list"})
                print("roots", json.loads(sys.stdin.readline())["error"]["code"], file=sys.stderr, flush=True)
            """
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.stdio(script(extra: extra)), events: events)
        _ = try await connection.connect()
        await events.wait { $0.contains(.stderrLine("roots -32601")) }
        #expect(events.values.contains(.stderrLine("pong {'jsonrpc': '2.0', 'id': 'p', 'result': {}}")))
        await connection.close()
    }

    @Test("messages larger than a pipe pass in both directions at once")
    func large() async throws {
        let connection = connection(.stdio(script(extra: "if method == 'tools/call': sys.stderr.write('e' * 300000)")))
        _ = try await connection.connect()
        let text = String(repeating: "ü", count: 1_000_000)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { _ = try await connection.callTool("echo", arguments: ["text": .string(text)]) }
            }
            try await group.waitForAll()
        }
        await connection.close()
    }

    @Test("a process that takes no input raises no SIGPIPE")
    func brokenPipe() async throws {
        let connection = connection(.stdio(script(extra: "if method == 'notifications/initialized': os._exit(5)")))
        let first = await failure { () -> Int in
            _ = try await connection.connect()
            while true { _ = try await connection.listTools() }
        }
        #expect(first.map { [.transportProcessExited, .transportNotConnected].contains($0.code) } == true)
    }

    @Test("a process that dies in a session: requests fail, the connection reports closed and can be opened again")
    func dies() async throws {
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.stdio(script(extra: "if method == 'tools/call': os._exit(9)")), events: events)
        _ = try await connection.connect()
        #expect(await failure { try await connection.callTool("echo") }?.code == .transportProcessExited)
        await events.wait { events in
            events.contains {
                if case .closed(let error?) = $0 { return error.code == .transportProcessExited }
                return false
            }
        }
        #expect(await failure { try await connection.listTools() }?.code == .transportNotConnected)
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
        await connection.close()
    }

    @Test("A2.7, P28: a process that ends with its input is given the time, and leaves no zombie")
    func politeEnd() async throws {
        let events = Recorder<ConnectionEvent>()
        let start = "print('pid', os.getpid(), file=sys.stderr, flush=True)"
        let connection = connection(
            .stdio(script(start: start, end: "print('bye', file=sys.stderr, flush=True)")), events: events)
        _ = try await connection.connect()
        await connection.close()
        #expect(events.values.contains(.stderrLine("bye")))
        #expect(!isAlive(try await pid(in: events, after: "pid")))
    }

    @Test("A2.7, P28: one that ignores its input's end and SIGTERM is killed, with its own children")
    func stubbornEnd() async throws {
        let start = """
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
            print("pid", os.getpid(), file=sys.stderr, flush=True)
            print("child", child.pid, file=sys.stderr, flush=True)
            """
        let events = Recorder<ConnectionEvent>()
        let connection = connection(
            .stdio(script(start: start, end: "while True: time.sleep(1)")),
            limits: ConnectionLimits(request: 120, shutdownGrace: 0.2), events: events)
        _ = try await connection.connect()
        let parent = try await pid(in: events, after: "pid")
        let child = try await pid(in: events, after: "child")
        await connection.close()
        #expect(!isAlive(parent))
        try await waitForEnd(of: child)
    }

    @Test("P28: a connection that is dropped without close leaves no process")
    func dropped() async throws {
        let events = Recorder<ConnectionEvent>()
        let start = "print('pid', os.getpid(), file=sys.stderr, flush=True)"
        do {
            let connection = connection(.stdio(script(start: start, end: "time.sleep(3600)")), events: events)
            _ = try await connection.connect()
        }
        let child = try await pid(in: events, after: "pid")
        try await waitForEnd(of: child)
    }

    @Test("a caller that is cancelled while connecting leaves no process")
    func cancelledConnect() async throws {
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.stdio(shell("echo pid $$ >&2; sleep 3600")), events: events)
        let task = Task { try await connection.connect() }
        let child = try await pid(in: events, after: "pid")
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!isAlive(child))
    }

    @Test("many processes at once share one thread")
    func many() async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let connection = connection(.stdio(script()))
                    _ = try await connection.connect()
                    let count = try await connection.listTools().count
                    await connection.close()
                    return count
                }
            }
            for try await count in group { #expect(count == 1) }
        }
    }
}
