// Tool lists without end, and messages that are large: what is taken, what is said, what it costs.

import Foundation
import Testing

@Suite("large tool lists and messages")
struct ToolListLimitTests {
    private func server(_ list: String) -> [String: Any] {
        let script = """
            import sys, json
            def answer(m):
                if m["method"] == "initialize":
                    return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}}
                if m["method"] == "tools/call":
                    return {"content": [{"type": "text", "text": "x" * (16 << 20)}]}
                cursor = int((m.get("params") or {}).get("cursor") or 0)
                \(list)
            for line in sys.stdin:
                m = json.loads(line)
                if "id" in m:
                    print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": answer(m)}), flush=True)
            """
        return ["command": "python3", "args": ["-c", script]]
    }

    @Test("of more than 10,000 tools so many are taken, with one warning")
    func many() async throws {
        try await TestHome.with { home in
            let list = #"""
                return {"tools": [{"name": "t%d_%d" % (cursor, n)} for n in range(999)] + [{"name": "t%d_1" % cursor}], "nextCursor": str(cursor + 1)}
                """#
            try home.configure(["many": server(list)])
            let run = try await home.omlx("mcp", "tools", "--json", "--timeout", "600", within: 600)
            #expect(run.exit == 0 && run.json["count"].int == 10_000, "\(run.err)")
            #expect(run.err.components(separatedBy: "\n").filter { $0.contains("warning") }.count == 2, "\(run.err)")
            #expect(run.err.contains("10 tools left out") && run.err.contains("10000"), "\(run.err)")
        }
    }

    @Test("a page of more than 16 MiB is refused; what came before it is kept")
    func longPage() async throws {
        try await TestHome.with { home in
            let page = #"""
                return {"tools": [{"name": "t%d" % cursor, "description": "x" * (0 if cursor < FIRST else 17 << 20)}], "nextCursor": str(cursor + 1)}
                """#
            try home.configure([
                "first": server(page.replacingOccurrences(of: "FIRST", with: "0")),
                "later": server(page.replacingOccurrences(of: "FIRST", with: "2")),
            ])
            let run = try await home.omlx("mcp", "tools", "--json", "--timeout", "600", within: 600)
            let first = run.json["servers"].named("first")["discovery"]["problem"]
            #expect(first["code"].string == "TRANSPORT_TOO_LARGE", "\(run.err)")
            #expect(run.json["tools"].array.map { $0["name"].string } == ["later__t0", "later__t1"], "\(run.err)")
            #expect(run.err.contains("the tool list is cut after 2 tools"), "\(run.err)")
        }
    }

    @Test("pages of more than 32 MiB together end the list")
    func longList() async throws {
        try await TestHome.with { home in
            let page = #"""
                return {"tools": [{"name": "t%d" % cursor, "description": "x" * (15 << 20)}], "nextCursor": str(cursor + 1)}
                """#
            try home.configure(["long": server(page)])
            let run = try await home.omlx("mcp", "status", "--check", "--json", "--timeout", "600", within: 600)
            #expect(run.json["servers"].named("long")["tools_count"].int == 2, "\(run)")
            #expect(run.err.contains("32 MiB"), "\(run.err)")
        }
    }

    /// Peaks of memory in KiB: of a command that does little, and of one that reads a message. What it says goes to a file.
    private func peaks(_ home: TestHome, _ words: [String], output: String) async throws -> (least: Int, most: Int) {
        let program = try home.startShell(
            """
            "$OMLX" mcp list >/dev/null; python3 -c '
            import os, sys
            for words in (["mcp", "tools", "small"], \(Document.text(words))):
                pid = os.fork()
                if pid == 0:
                    os.dup2(os.open("\(output)", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
                    os.execv(os.environ["OMLX"], ["omlx"] + words)
                _, status, usage = os.wait4(pid, 0)
                print(usage.ru_maxrss, status)
            '
            """)
        let run = try await home.note(program.end(within: 600))
        let lines = run.lines.map { $0.split(separator: " ").compactMap { Int($0) } }
        try #require(lines.count == 2 && lines.allSatisfy { $0.count == 2 && $0[1] == 0 }, "\(run)")
        return (lines[0][0], lines[1][0])
    }

    @Test(
        "a message of very many small values costs about four times as much memory, and is told whole",
        arguments: ["1", #"{"a":{}}"#, #""ab""#, #"{"name":"abcdef","value":12345,"ok":true}"#], ["result", "list"])
    func manyValues(value: String, place: String) async throws {
        try await TestHome.with { home in
            let script = #"""
                import json, sys
                value = sys.argv[1]
                count = (4 << 20) // (len(value) + 1)
                many = "[" + ",".join([value] * count) + "]"
                for line in sys.stdin:
                    m = json.loads(line)
                    if "id" not in m: continue
                    if m["method"] == "initialize":
                        result = json.dumps({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}})
                    elif m["method"] == "tools/list":
                        result = "{\"tools\": [{\"name\": \"t\", \"inputSchema\": {\"type\": \"object\", \"x\": %s}}]}" % (many if sys.argv[2] == "list" else "[]")
                    else:
                        result = "{\"content\": [], \"structuredContent\": {\"x\": %s}}" % many
                    print("{\"jsonrpc\": \"2.0\", \"id\": %d, \"result\": %s}" % (m["id"], result), flush=True)
                """#
            try home.configure([
                "many": ["command": "python3", "args": ["-c", script, value, place]],
                "small": server(#"return {"tools": [{"name": "t"}]}"#),
            ])
            let output = home.desk + "/output"
            let words =
                place == "list"
                ? ["mcp", "tools", "many", "--json", "--timeout", "600"]
                : ["mcp", "call", "many__t", "--json", "--timeout", "600"]
            let (least, most) = try await peaks(home, words, output: output)
            // A list is also kept, as a text of its own.
            let factor = place == "list" ? 8 : 4
            #expect(most - least < factor * 4 << 10 + 12 << 10, "KiB: \(least), \(most)")
            let count = (4 << 20) / (value.utf8.count + 1)
            let counted = try await home.run(
                "/usr/bin/python3",
                [
                    "-c",
                    "import json, sys; d = json.load(open(sys.argv[1])); print(len((d['tools'][0]['parameters'] if sys.argv[2] == 'list' else d['structured_content'])['x']))",
                    output, place,
                ])
            #expect(counted.out == "\(count)\n", "\(counted)")
        }
    }

    @Test("a list of tools with ordinary schemas is taken at any size below the limit")
    func ordinaryList() async throws {
        try await TestHome.with { home in
            let list = #"""
                return {"tools": [{"name": "t%d" % n, "description": "d", "inputSchema": {"type": "object", "properties": {"word%d" % k: {"type": "string", "description": "What it is"} for k in range(24)}}} for n in range(5000)]}
                """#
            try home.configure(["ordinary": server(list)])
            let run = try await home.omlx("mcp", "status", "--check", "--json", "--timeout", "600", within: 600)
            #expect(run.json["servers"].named("ordinary")["tools_count"].int == 5000, "\(run)")
        }
    }

    @Test("a message of 16 MiB costs about four times as much memory")
    func memory() async throws {
        try await TestHome.with { home in
            try home.configure(["big": server(#"return {"tools": [{"name": "t"}]}"#)])
            let program = try home.startShell(
                """
                "$OMLX" mcp list >/dev/null; python3 -c '
                import os, resource, subprocess, sys
                for words in (["mcp", "tools"], ["mcp", "call", "big__t", "--timeout", "600"]):
                    pid = os.fork()
                    if pid == 0:
                        os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
                        os.execv(os.environ["OMLX"], ["omlx"] + words)
                    print(os.wait4(pid, 0)[2].ru_maxrss)
                '
                """)
            let run = try await home.note(program.end())
            let peaks = run.lines.compactMap { Int($0) }
            try #require(peaks.count == 2, "\(run)")
            #expect(peaks[1] - peaks[0] < 4 * 16 << 10 + 8 << 10, "KiB: \(peaks)")
        }
    }
}
