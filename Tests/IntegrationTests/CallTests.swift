// Calling tools from the command line: what is sent, what of the answer is shown, kept and said.

import Foundation
import Glibc
import Testing

@Suite("calling tools")
struct CallTests {
    /// A server whose tool `answer` answers with what the file of results has under its argument `k`, and whose tool `say`
    /// returns its arguments; each start leaves a line in `starts`.
    private func configure(_ home: TestHome, _ results: [String: Any] = [:], schema: [String: Any] = [:]) throws {
        try home.write(Document.text(results), to: home.desk + "/results.json")
        try home.write(Document.text(schema), to: home.desk + "/schema.json")
        let script = """
            import sys, json
            desk = sys.argv[1]
            open(desk + "/starts", "a").write("started\\n")
            results = json.load(open(desk + "/results.json"))
            schema = json.load(open(desk + "/schema.json"))
            for line in sys.stdin:
                m = json.loads(line)
                if "id" not in m: continue
                if m["method"] == "initialize":
                    r = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}}
                elif m["method"] == "tools/list":
                    r = {"tools": [{"name": n, "inputSchema": schema, "title": "Title " + n, "_meta": {"mark": n}} for n in ("answer", "say")]}
                elif m["params"]["name"] == "say":
                    r = {"content": [{"type": "text", "text": json.dumps(m["params"]["arguments"], sort_keys=True)}]}
                else:
                    r = results[m["params"]["arguments"]["k"]]
                print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
            """
        try home.configure(["s": ["command": "python3", "args": ["-c", script, home.desk]]])
    }

    private func starts(_ home: TestHome) throws -> Int {
        try String(contentsOfFile: home.desk + "/starts", encoding: .utf8).split(separator: "\n").count
    }

    @Test("arguments are read by what the schema takes; := forces JSON")
    func arguments() async throws {
        try await TestHome.with { home in
            try configure(
                home,
                schema: [
                    "type": "object", "$defs": ["Zip": ["type": "string"]],
                    "properties": [
                        "zip": ["anyOf": [["$ref": "#/$defs/Zip"], ["type": "null"]]],
                        "n": ["oneOf": [["type": "integer"]]],
                    ],
                ])
            let said = try await home.omlx("mcp", "call", "s__say", "zip=01", "n=5", "x:=\"1\"")
            #expect(said.exit == 0 && said.out == "{\"n\": 5, \"x\": \"1\", \"zip\": \"01\"}\n", "\(said)")
            let digits = try await home.omlx("mcp", "call", "say", "zip=1")
            #expect(digits.out == "{\"zip\": \"1\"}\n", "\(digits)")
            let forced = try await home.omlx("mcp", "call", "say", "zip:=1")
            #expect(forced.out == "{\"zip\": 1}\n", "\(forced)")
            for words in [["n=abc"], ["n:=abc"], [":"]] {
                let refused = try await home.note(home.start(["mcp", "call", "s__say"] + words, input: "").end())
                #expect(refused.exit == 2 && refused.err.contains("PROTOCOL_ARGUMENTS"), "\(refused)")
            }
        }
    }

    @Test("a result is shown in whatever form it comes, or it is said that there is none")
    func results() async throws {
        try await TestHome.with { home in
            let file: [String: Any] = ["type": "resource", "resource": ["uri": "a://b", "text": "# Title\n\nline\n"]]
            try configure(
                home,
                [
                    "file": ["content": [["type": "text", "text": "first"], file]], "text": ["content": "just text"],
                    "block": ["content": ["type": "text", "text": "one block"]], "legacy": ["toolResult": ["x": 1]],
                    "bare": "bare text", "unknown": ["rows": 3], "none": ["content": []], "nothing": NSNull(),
                    "failure": ["isError": true, "content": [file]], "structured": ["structuredContent": ["a": 1]],
                    "silent": ["structuredContent": ["a": 1], "content": [["type": "text", "text": " "]]],
                ])
            let shown = [
                "file": "first\n# Title\n\nline\n\n", "text": "just text\n", "block": "one block\n",
                "legacy": "{\n  \"x\": 1\n}\n", "bare": "bare text\n", "unknown": "{\n  \"rows\": 3\n}\n", "none": "",
                "nothing": "", "structured": "{\n  \"a\": 1\n}\n", "silent": "{\n  \"a\": 1\n}\n",
            ]
            for (name, text) in shown {
                let run = try await home.omlx("mcp", "call", "s__answer", "k=" + name)
                #expect(run.exit == 0 && run.out == text, "\(run)")
                #expect(run.err == (text.isEmpty ? "s__answer answered without any content\n" : ""), "\(run)")
            }
            let failure = try await home.omlx("mcp", "call", "s__answer", "k=failure")
            #expect(failure.exit == 1 && failure.out.isEmpty && failure.err.contains("# Title\n\nline\n"), "\(failure)")
        }
    }

    @Test(
        "binary content is decoded in every spelling; files of a name that is taken get another, and --json names them")
    func files() async throws {
        try await TestHome.with { home in
            let data = ["aGVsbG8=", "aGVs\r\nbG8", "data:image/png;base64,aGVsbG8="]
            let blocks = data.map { ["type": "image", "data": $0, "mimeType": "image/PNG; a=b"] }
            let odd = ["type": "audio", "data": "-_-_", "mimeType": "audio/wav"]
            try configure(
                home,
                ["images": ["content": blocks + [odd]], "broken": ["content": [["type": "image", "data": "?!"]]]])
            let folder = home.work + "/new/folder"
            for count in [4, 8] {
                let run = try await home.omlx("mcp", "call", "s__answer", "k=images", "--output", folder)
                #expect(run.exit == 0 && run.lines.count == 4, "\(run)")
                let names = try FileManager.default.contentsOfDirectory(atPath: folder)
                #expect(names.count == count, "\(names)")
                for path in run.lines {
                    let wanted = path.hasSuffix(".wav") ? Data([0xFB, 0xFF, 0xBF]) : Data("hello".utf8)
                    #expect(FileManager.default.contents(atPath: path) == wanted, "\(path)")
                }
            }
            let json = try await home.omlx("mcp", "call", "s__answer", "k=images", "--output", "new", "--json")
            #expect(
                json.json["files"].array.compactMap(\.string) == ["new/1.png", "new/2.png", "new/3.png", "new/4.wav"],
                "\(json)")
            let unkept = try await home.omlx("mcp", "call", "s__answer", "k=images")
            #expect(unkept.lines.first == "[image/png, 5 bytes; --output FOLDER keeps it]", "\(unkept)")
            let broken = try await home.omlx("mcp", "call", "s__answer", "k=broken", "--output", "new")
            #expect(broken.exit == 0 && broken.out.contains("no base64"), "\(broken)")
        }
    }

    @Test("a folder that cannot be had is told before anything is started", arguments: ["taken", "taken/below", ""])
    func folder(_ path: String) async throws {
        try await TestHome.with { home in
            try configure(home)
            try home.write("a file", to: home.work + "/taken")
            let run = try await home.omlx("mcp", "call", "s__say", "--output", path)
            #expect(run.exit == 2 && run.err.contains("CONFIG_USAGE"), "\(run)")
            #expect(!FileManager.default.fileExists(atPath: home.desk + "/starts"), "nothing was started")
            #expect(FileManager.default.contents(atPath: home.work + "/taken") == Data("a file".utf8))
        }
    }

    @Test("--json loses nothing of tools and results")
    func documents() async throws {
        try await TestHome.with { home in
            try configure(
                home,
                [
                    "all": [
                        "content": [["type": "text", "text": "x", "_meta": ["p": 1]]], "_meta": ["b": 2],
                        "error": "theirs", "more": [1],
                    ]
                ])
            for words in [["tools", "--json"], ["tools", "--cached", "--json"]] {
                let tools = try await home.note(home.start(["mcp"] + words, input: "").end())
                let tool = tools.json["tools"][0]
                #expect(tool["title"].string == "Title answer" && tool["_meta"]["mark"].string == "answer", "\(tools)")
                try await home.expectValid(tools, "tools")
            }
            let call = try await home.omlx("mcp", "call", "s__answer", "k=all", "--json")
            #expect(call.json["_meta"]["b"].int == 2 && call.json["more"][0].int == 1, "\(call)")
            #expect(call.json["as_sent"]["error"].string == "theirs" && call.json["error"].string == nil, "\(call)")
            #expect(call.json["content"][0]["_meta"]["p"].int == 1, "\(call)")
            try await home.expectValid(call, "call")
        }
    }

    @Test("a server that fails to start is started once for one call", arguments: ["s__say", "say"])
    func startedOnce(_ tool: String) async throws {
        try await TestHome.with { home in
            try home.configure([
                "s": ["command": "sh", "args": ["-c", "echo x >>'\(home.desk)/starts'; echo broken >&2; exit 3"]]
            ])
            let run = try await home.omlx("mcp", "call", tool)
            #expect(run.exit == (tool == "say" ? 5 : 1) && run.err.contains("TRANSPORT_PROCESS_EXITED"), "\(run)")
            #expect(try starts(home) == 1)
        }
    }

    @Test("a bare name whose server is down or wants a sign-in ends in 5 or 4 and says which; names are suggested")
    func owners() async throws {
        try await TestHome.with { home in
            try configure(home)
            let configured = try #require(FileManager.default.contents(atPath: home.work + "/mcp.json"))
            let locked = try await home.demo()
            #expect(try await home.omlx("mcp", "tools").exit == 0)
            let typo = try await home.omlx("mcp", "call", "sya")
            #expect(typo.exit == 1 && typo.err.contains("did you mean s__say?"), "\(typo)")
            let server = try await home.omlx("mcp", "tools", "ss")
            #expect(server.exit == 2 && server.err.contains("did you mean s?"), "\(server)")

            // The same command, which does not start any more.
            try FileManager.default.removeItem(atPath: home.desk + "/results.json")
            let down = try await home.omlx("mcp", "call", "say")
            #expect(down.exit == 5 && down.err.contains("PROTOCOL_TOOL_UNREACHABLE: \"say\" is a tool of s"), "\(down)")
            #expect(down.err.contains("TRANSPORT_PROCESS_EXITED"), "\(down)")

            var entries = try #require(try JSONSerialization.jsonObject(with: configured) as? [String: [String: Any]])
            entries["servers"]?["locked"] = ["url": locked.url]
            entries["servers"]?["s"] = nil
            try home.configure(try #require(entries["servers"]))
            let guarded = try await home.omlx("mcp", "call", "whoami")
            #expect(guarded.exit == 4 && guarded.err.contains("omlx mcp login locked"), "\(guarded)")
            #expect(!guarded.err.contains("no server has"), "\(guarded)")
            #expect(!home.wasBrowserOpened)
        }
    }
}

@Suite("the tool list on a terminal")
struct ToolListOnTerminalTests {
    @Test(
        "names are as wide as they must be, descriptions folded to the width, in their first paragraph",
        arguments: [40, 80, 160])
    func columns(_ columns: Int) async throws {
        try await TestHome.with { home in
            let words = (1...60).map { "word\($0)" }.joined(separator: " ")
            let tools: [[String: Any]] = [
                ["name": "read", "description": "\n  \(words)\n\nSecond paragraph."],
                ["name": "検索", "description": "探します。"],
                ["name": "long_" + String(repeating: "x", count: 90), "description": "Long."], ["name": "silent"],
                ["name": "titled", "title": "Its title"],
            ]
            let demo = try await home.demo([
                "protection": ["mode": "none"],
                "mcp": [
                    "tools": [
                        "builtIn": [String](),
                        "custom": tools.map { $0.merging(["inputSchema": ["type": "object"]]) { $1 } },
                    ]
                ],
            ])
            try home.configure(["d": ["url": demo.url]])
            let run = try await home.note(
                home.startOnTerminal("stty cols \(columns) rows 24; exec \"$OMLX\" mcp tools --quiet").end())
            let lines = run.out.replacingOccurrences(of: "\r", with: "").split(separator: "\n").map(String.init)
            let start = "d__silent".count + 2
            #expect(run.exit == 0 && !run.out.contains("\t") && !run.out.contains("Second"), "\(run)")
            for line in lines where !line.contains("xxx") {
                #expect(line.count <= columns, "\(line)")
                if line.hasPrefix(" ") { #expect(line.prefix { $0 == " " }.count == start, "\(line)") }
            }
            for word in words.split(separator: " ") {
                #expect(lines.contains { $0.split(separator: " ").contains(word) }, "\(word) is shown whole")
            }
            #expect(lines.contains { $0.hasPrefix("d__titled") && $0.hasSuffix("  Its title") }, "\(run)")
            #expect(lines.contains("d__検索    探します。") && lines.contains { $0.hasSuffix("xxx") }, "\(run)")
        }
    }
}
