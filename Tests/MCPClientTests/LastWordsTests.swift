// What of a program's last lines is repeated, and which lines of a server are answers.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("last words of a process")
struct LastWordsTests {
    @Test(
        "the lines that say why, not those around them",
        arguments: [
            (
                "/app/x.js:1\nconst a = f();\n          ^\n\nError: API_KEY is required\n    at Object.<anonymous> (/app/x.js:1:9)\n    at node:internal/main:28:49\n\nNode.js v20.19.2",
                "Error: API_KEY is required"
            ),
            (
                "npm error code E404\nnpm error 404 Not Found - GET https://r.example/x\nnpm error 404\nnpm error A complete log of this run can be found in: /home/a/.npm/_logs/x.log",
                "npm error code E404 | npm error 404 Not Found - GET https://r.example/x"
            ),
            (
                "Exception in thread \"main\" java.lang.IllegalStateException: DB_URL not set\n\tat com.acme.Main.run(Main.java:10)\nCaused by: x.Y: no\n\t... 12 more",
                "Exception in thread \"main\" java.lang.IllegalStateException: DB_URL not set | Caused by: x.Y: no"
            ),
            (
                "panic: no token\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:9 +0x1d\nexit status 2",
                "panic: no token"
            ),
            (
                "thread 'main' panicked at src/main.rs:9:5:\nTOKEN is not set\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
                "thread 'main' panicked at src/main.rs:9:5: | TOKEN is not set"
            ),
            (
                "Traceback (most recent call last):\n  File \"/a.py\", line 1, in <module>\n    raise ValueError(\"x\")\n    ~~~~~^^^^\nValueError: ROOT is not a folder",
                "ValueError: ROOT is not a folder"
            ),
            (
                "  + Exception Group Traceback (most recent call last):\n  |   File \"/a.py\", line 1, in run\n  |     x()\n  | ExceptionGroup: unhandled errors (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | ValueError: bad key\n    +------------------------------------",
                "+ Exception Group Traceback (most recent call last): | ExceptionGroup: unhandled errors (1 sub-exception) | ValueError: bad key"
            ),
            (
                "ZodError: [\n  {\n    \"code\": \"invalid_type\",\n    \"path\": [\n      \"JIRA_URL\"\n    ],\n    \"message\": \"Required\"\n  }\n]\n    at file:///a.mjs:2:11\n    at async run (node:internal/x:117:5) {\n  issues: [\n    {\n      code: 'invalid_type',\n      path: [ 'JIRA_URL' ],\n      message: 'Required'\n    }\n  ],\n  addIssue: [Function (anonymous)]\n}\n\nNode.js v20.20.2",
                "ZodError: [ | \"code\": \"invalid_type\", | \"path\": [ | \"JIRA_URL\" | \"message\": \"Required\""
            ),
            (
                "AggregateError: all attempts failed\n    at file:///a.mjs:1:159\n    at async run (node:internal/x:117:5) {\n  [errors]: [\n    Error: connect ECONNREFUSED 127.0.0.1:5432\n        at file:///a.mjs:1:9\n        at async run (node:internal/x:117:5) {\n      code: 'ECONNREFUSED',\n      errno: -111,\n      syscall: 'connect',\n      address: '127.0.0.1',\n      port: 5432\n    }\n  ]\n}\n\nNode.js v20.20.2",
                "AggregateError: all attempts failed | Error: connect ECONNREFUSED 127.0.0.1:5432"
            ),
            (
                "Error: no config\n    at load (/a.js:1:9) {\n  code: 'ENOENT'\n}\n\nNode.js v22.1.0",
                "Error: no config | code: 'ENOENT'"
            ),
            (
                "Traceback (most recent call last):\n  File \"/a.py\", line 5, in <module>\n    Settings()\npydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings\nhost\n  Field required [type=missing]\n    For further information visit https://errors.pydantic.dev/2.14/v/missing\napi_key\n  Field required [type=missing]\n    For further information visit https://errors.pydantic.dev/2.14/v/missing",
                "pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings | host | Field required [type=missing] | api_key | Field required [type=missing]"
            ),
            (
                "npm ERR! code E404\nnpm ERR! 404 Not Found - GET https://r.example/x\nnpm ERR! 404 \nnpm ERR! 404  'x@*' is not in this registry.\n\nnpm ERR! A complete log of this run can be found in:\nnpm ERR!     /home/a/.npm/_logs/2023-debug-0.log",
                "npm ERR! code E404 | npm ERR! 404 Not Found - GET https://r.example/x | npm ERR! 404  'x@*' is not in this registry."
            ),
            ("\u{1B}[31m\u{1B}[1mError:\u{1B}[0m no key\u{1B}]0;title\u{7}", "Error: no key"),
            ("10%\r50%\r100%\nfailed: disk full", "100% | failed: disk full"),
            ("Node.js v20.19.2", "Node.js v20.19.2"),
            ("same\nsame\nsame", "same"),
        ])
    func lines(text: String, expected: String) {
        #expect(LastWords(text.split(separator: "\n").map(String.init)).text == expected)
    }

    @Test("of many lines the last ones, and an error that stands before them")
    func many() {
        let lines = ["start", "Error: no key"] + (1...20).map { "shutting down \($0)" }
        #expect(LastWords(lines).text == "Error: no key | shutting down 18 | shutting down 19 | shutting down 20")
        #expect(LastWords((1...9).map { "line \($0)" }).text == "line 6 | line 7 | line 8 | line 9")
        #expect(LastWords([]).text == nil && LastWords(["", "  "]).text == nil)
        #expect((LastWords([String(repeating: "x", count: 5000)]).text?.count ?? 0) <= 301)
    }

    @Test("what is no answer is told at the limit: lines, answers to nothing, and what the program is busy with")
    func meanwhile() {
        var chatter = ServerChatter()
        #expect(chatter.meanwhile == "" && chatter.lastWords == "")
        chatter.note(.stderrLine("npm http fetch 1"))
        let mark = chatter.mark
        #expect(chatter.meanwhile == "; it last wrote: npm http fetch 1")
        #expect(chatter.meanwhile(since: mark) == "")
        chatter.note(.skippedLine(count: 1, text: "listening"))
        chatter.note(.strayAnswer(id: "\"x\""))
        #expect(
            chatter.meanwhile(since: mark)
                == "; it answered a request that is not under way, with the id \"x\"; meanwhile it wrote 1 line that is no MCP message: listening"
        )
        #expect(chatter.lastWords == "; it last wrote: npm http fetch 1; on standard output: listening")
    }
}

@Suite("lines of a child process")
struct LineJudgementTests {
    private let answer = #"{"jsonrpc": "2.0", "id": 1, "result": {}}"#

    private func kind(_ line: [UInt8]) throws -> String {
        switch try LineJudgement(line) {
        case .message: "message"
        case .garbled: "garbled"
        case .other: "other"
        }
    }

    @Test("a message is read behind a byte order mark and behind colours")
    func marks() throws {
        for mark in ["", "\u{FEFF}", "\u{1B}[0m", "\u{1B}[1;32m\u{1B}[K", "  "] {
            #expect(try kind(Array((mark + answer).utf8)) == "message", "\(mark)")
        }
    }

    @Test(
        "a line that begins like a message, or speaks of one, and cannot be read, may be an answer",
        arguments: [
            "{", #"{"jsonrpc": "2.0", "id": 1, "result": NaN}"#, #"{"jsonrpc": "2.0", "id": 1, "result": {}"#,
            "{'jsonrpc': '2.0', 'id': 1, 'result': {}}", "Content-Length: 52", "content-length:1",
            #"INFO reply: {"jsonrpc": "2.0", "id": 1, "result": {}}"#, "  { id: 1 }",
            #"{"jsonrpc": "2.0", "method": "notifications/message"}{"jsonrpc": "2.0", "id": 1, "result": {}}"#,
            #"{"jsonrpc": "2.0", "result": {}}"#, #"{"jsonrpc": "2.0", "id": null, "result": {}}"#,
            #"[{"jsonrpc": "2.0", "result": {}}]"#,
        ])
    func garbled(line: String) throws { #expect(try kind(Array(line.utf8)) == "garbled") }

    @Test("one that is no UTF-8 is such a line, and told so")
    func notUTF8() throws {
        let line = Array(#"{"jsonrpc": "2.0", "id": 1, "result": ""#.utf8) + [0xE9, 0x22, 0x7D]
        guard case .garbled(let answer) = try LineJudgement(line) else {
            Issue.record("taken for something else")
            return
        }
        #expect(answer.reason.contains("not UTF-8"))
        #expect(answer.sample.hasPrefix(#"{"jsonrpc""#))
    }

    @Test(
        "logs are none, also as JSON, also when they repeat what was sent",
        arguments: [
            "Starting…", "[INFO] up", #"{"level": 30, "msg": "listening"}"#, "3", "null", "[1, 2]", "[]",
            #"{"level": 30, "result": "ok"}"#,
            #"got {"jsonrpc": "2.0", "id": 1, "method": "initialize"}"#, "Warning: content-length is 3",
        ])
    func other(line: String) throws { #expect(try kind(Array(line.utf8)) == "other") }
}
