// Resumption, shutdown, lines, environment and redaction: small values as sequences of events.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("Stream resumption")
struct StreamResumptionTests {
    @Test("A4.11: without an event id a stream cannot be taken up again", arguments: [nil, "", "a\u{1}b"])
    func none(id: String?) {
        var resumption = StreamResumption()
        resumption.received(eventID: id, retryMilliseconds: 5)
        #expect(resumption.ended() == .notResumable)
    }

    @Test("A4.12: the pause is the server's, within bounds")
    func pause() {
        var resumption = StreamResumption()
        resumption.received(eventID: "1", retryMilliseconds: nil)
        #expect(resumption.ended() == .reconnect(lastEventID: "1", afterMilliseconds: StreamResumption.defaultPause))
        resumption.received(eventID: "1", retryMilliseconds: 7)
        #expect(resumption.ended() == .reconnect(lastEventID: "1", afterMilliseconds: 7))
        resumption.received(eventID: "1", retryMilliseconds: .max)
        #expect(resumption.ended() == .reconnect(lastEventID: "1", afterMilliseconds: StreamResumption.longestPause))
    }

    @Test("A4.12: three tries without a new event are the end; a new event begins the count anew")
    func bounded() {
        var resumption = StreamResumption()
        resumption.received(eventID: "1", retryMilliseconds: 1)
        for _ in 1...3 { #expect(resumption.ended() == .reconnect(lastEventID: "1", afterMilliseconds: 1)) }
        #expect(resumption.ended() == .exhausted)
        resumption.received(eventID: "2", retryMilliseconds: nil)
        #expect(resumption.ended() == .reconnect(lastEventID: "2", afterMilliseconds: 1))
    }
}

@Suite("Shutdown of a child process")
struct ShutdownSequenceTests {
    private func steps(_ sequence: ShutdownSequence) -> [ShutdownSequence.Step] {
        var sequence = sequence
        var steps: [ShutdownSequence.Step] = []
        while let next = sequence.next() { steps.append(next.step) }
        return steps
    }

    @Test("A2.7: input closed, SIGTERM, SIGKILL, in this order and each after its grace")
    func polite() {
        var sequence = ShutdownSequence(grace: 3, quickly: false)
        #expect(steps(sequence) == [.closeInput, .terminate, .kill, .giveUp])
        #expect(sequence.next()?.wait == 3)
        #expect(sequence.next()?.wait == 3)
    }

    @Test("a process that does not work anyway gets no grace before SIGTERM")
    func quick() {
        var sequence = ShutdownSequence(grace: 3, quickly: true)
        #expect(sequence.next()?.wait == 0)
        #expect(sequence.next()?.wait == 0.5)
    }
}

@Suite("Lines")
struct LineSplitterTests {
    private func split(_ pieces: [String], limit: Int = 100) throws -> [String] {
        var splitter = LineSplitter(limit: limit)
        var lines: [[UInt8]] = []
        for piece in pieces { lines += try splitter.receive(Array(piece.utf8)) }
        return (lines + [splitter.finish()]).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("A2.2: lines are the same in any cut", arguments: [["ab\ncd\r\ne"], ["a", "b\nc", "d\r", "\n", "e"]])
    func cuts(pieces: [String]) throws { #expect(try split(pieces) == ["ab", "cd", "e"]) }

    @Test("P29: a line longer than the limit is refused, a line of just the limit is not")
    func limit() throws {
        #expect(try split(["12345\n1234", "5\n"], limit: 5) == ["12345", "12345", ""])
        #expect(throws: OmlxError.self) { try split(["123", "456"], limit: 5) }
    }

    @Test("the last line of the error stream needs no line end")
    func lastErrorLine() {
        var errors = ErrorStreamLines()
        #expect(errors.receive(Array("one\r\n\ntwo\nno".utf8)) == ["one", "two"])
        #expect(errors.receive(Array(" end".utf8)) == [])
        #expect(errors.finish() == ["no end"])
        #expect(errors.finish() == [])
    }

    @Test("of an error stream without line ends the beginning is kept, and told at once")
    func longErrorLine() {
        var errors = ErrorStreamLines()
        let lines = errors.receive([UInt8](repeating: 0x61, count: ErrorStreamLines.limit * 3))
        #expect(lines == [String(repeating: "a", count: ErrorStreamLines.limit) + "…"])
        #expect(errors.receive(Array("the same line\nthe next\n".utf8)) == ["the next"])
    }
}

@Suite("Environment of a child process")
struct ChildEnvironmentTests {
    @Test("P27: of the host's variables only a few are passed on")
    func allowed() {
        let host = [
            "PATH": "/bin", "HOME": "/home/me", "LANG": "C", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "s",
            "OMLX_MCP_CONFIG": "x", "GITHUB_TOKEN": "t", "BASH_FUNC_x%%": "() { :; }", "TERM": "() { evil; }",
            "https_proxy": "http://proxy:3128", "HTTP_PROXY": "http://user:password@proxy:3128", "LD_PRELOAD": "/x.so",
        ]
        let expected = [
            "PATH": "/bin", "HOME": "/home/me", "LANG": "C", "LC_ALL": "C", "https_proxy": "http://proxy:3128",
        ]
        #expect(ChildEnvironment.variables(host: host, declared: [:]) == expected)
    }

    @Test("declared variables are added and win")
    func declared() {
        let variables = ChildEnvironment.variables(
            host: ["PATH": "/bin"], declared: ["PATH": "/opt", "GITHUB_TOKEN": "mine"])
        #expect(variables == ["PATH": "/opt", "GITHUB_TOKEN": "mine"])
    }

    @Test("a command is looked up in the child's PATH, and its absence has a code")
    func lookup() throws {
        let found = try ResolvedCommand(StdioCommand(command: "sh"), host: ["PATH": "/nowhere:/bin"])
        #expect(found.path == "/bin/sh")
        #expect {
            try ResolvedCommand(
                StdioCommand(command: "sh", environment: ["PATH": "/nowhere"]), host: ["PATH": "/bin"])
        } throws: {
            ErrorCode.transportCommandNotFound ~= $0
        }
    }

    @Test(
        "a command that is a folder, may not be executed or does not exist has its code",
        arguments: [
            ("/etc", ErrorCode.transportCommandFailed), ("/etc/passwd", .transportCommandFailed),
            ("/no/such/file", .transportCommandNotFound), ("", .transportCommandNotFound),
            ("no-such-command-here", .transportCommandNotFound), ("a\0b", .transportCommandFailed),
        ])
    func unusable(command: String, code: ErrorCode) {
        #expect {
            try ResolvedCommand(StdioCommand(command: command), host: ["PATH": "/bin"])
        } throws: {
            code ~= $0
        }
    }

    @Test("a folder to start in that does not exist has its code")
    func folder() {
        #expect {
            try ResolvedCommand(StdioCommand(command: "sh", workingDirectory: "/no/such"), host: ["PATH": "/bin"])
        } throws: {
            ErrorCode.transportCommandFailed ~= $0
        }
    }
}

@Suite("What a connection's redactor learns")
struct RedactionTests {
    private func redactor(_ headers: HTTPRequestHeader...) -> Redactor {
        let redactor = Redactor()
        redactor.learn(headers)
        return redactor
    }

    @Test("a token that went out does not come back, with or without its scheme")
    func token() {
        let redactor = redactor(
            HTTPRequestHeader("X-Key", "configured-key"),
            HTTPRequestHeader("Authorization", secret: Secret("Bearer abcdefgh12345")))
        #expect(redactor.hide("bad token abcdefgh12345!") == "bad token <redacted>!")
        #expect(redactor.hide("Bearer abcdefgh12345") == "<redacted>")
        #expect(redactor.hide("configured-key configured-key") == "<redacted> <redacted>")
    }

    @Test("the token before the latest one is still known")
    func earlier() {
        let redactor = redactor(HTTPRequestHeader("Authorization", secret: Secret("Bearer first-token")))
        redactor.learn([HTTPRequestHeader("Authorization", secret: Secret("Bearer second-token"))])
        #expect(redactor.hide("first-token second-token") == "<redacted> <redacted>")
    }

    @Test("declared variables and the query of the address are secrets, short values and paths are not")
    func endpoint() throws {
        let redactor = Redactor()
        let environment = ["KEY": "sk-123456", "MODE": "dev", "DIR": "/var/lib/x"]
        redactor.learn(ServerEndpoint.stdio(StdioCommand(command: "x", environment: environment)))
        redactor.learn(ServerEndpoint.streamableHTTP(try HTTPURL("https://h/mcp?access=q-98765432")))
        #expect(
            redactor.hide("sk-123456 dev /var/lib/x q-98765432") == "<redacted> dev /var/lib/x <redacted>")
    }
}

@Suite("HTTP answers that are no success")
struct StatusJudgementTests {
    private func judge(_ status: Int, _ headers: [(String, String)] = [], _ body: String = "") throws -> any Error {
        let head = HTTPResponseHead(
            status: status, headers: HTTPHeaders(headers), url: try HTTPURL("http://h/mcp?key=1"))
        return StatusJudgement(head: head, body: Array(body.utf8), label: "initialize").error()
    }

    @Test(
        "each status has its code",
        arguments: [
            (400, ErrorCode.transportBadStatus), (401, .oauthSignInNeeded), (402, .transportBadStatus),
            (403, .transportForbidden), (404, .transportNotFound), (405, .transportNotFound),
            (410, .transportBadStatus),
            (429, .transportRateLimited), (500, .transportServerError), (503, .transportServerError),
        ])
    func codes(status: Int, code: ErrorCode) throws {
        let error = try #require(try judge(status) as? OmlxError)
        #expect(error.code == code)
        #expect(error.httpStatus == status)
        #expect(!error.message.contains("key=1"))
    }

    @Test("C2.5: 403 with insufficient_scope is a matter of scopes")
    func scope() throws {
        let headers = [("WWW-Authenticate", "Basic"), ("www-authenticate", "Bearer error=\"insufficient_scope\"")]
        #expect((try judge(403, headers) as? OmlxError)?.code == .oauthInsufficientScope)
    }

    @Test("429 tells the pause asked for")
    func retryAfter() throws { #expect((try judge(429, [("Retry-After", "7")]) as? OmlxError)?.retryAfter == 7) }

    @Test("A1.5: a JSON-RPC error in a 4xx is the server's own error")
    func jsonRPC() throws {
        let body = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request"}}"#
        let error = try #require(try judge(400, [], body) as? JSONRPCError)
        #expect(error == JSONRPCError(code: -32000, message: "Bad Request", httpStatus: 400))
        #expect((try judge(503, [], body) as? OmlxError)?.message.hasSuffix(": error -32000 Bad Request") == true)
    }

    @Test(
        "an OAuth error body or a page is no JSON-RPC error",
        arguments: [#"{"error":"invalid_token"}"#, "<html>", "[]"])
    func foreign(body: String) throws { #expect((try judge(400, [], body) as? OmlxError)?.code == .transportBadStatus) }
}
