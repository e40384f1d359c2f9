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
            let run = try await home.omlx("mcp", "tools", "--json")
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
            let run = try await home.omlx("mcp", "tools", "--json")
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
            let run = try await home.omlx("mcp", "status", "--check", "--json", "--timeout", "60")
            #expect(run.json["servers"].named("long")["tools_count"].int == 2, "\(run)")
            #expect(run.err.contains("32 MiB"), "\(run.err)")
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
                for words in (["mcp", "tools"], ["mcp", "call", "big__t"]):
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
