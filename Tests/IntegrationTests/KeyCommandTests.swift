// omlx key and omlx open, with an omlx serve that goes by what they do.

import Foundation
import Glibc
import Testing

/// A server with a tool that says it changes nothing, and one that does not.
enum EchoServer {
    static let program = """
        import json, sys
        for line in sys.stdin:
            message = json.loads(line)
            schema = {"type": "object", "properties": {"text": {"type": "string"}}}
            result = {"tools": [{"name": "echo", "inputSchema": schema, "annotations": {"readOnlyHint": True}},
                                {"name": "write", "inputSchema": schema}]}
            if message["method"] == "initialize":
                result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                          "serverInfo": {"name": "x", "version": "1"}}
            if message["method"] == "tools/call":
                result = {"content": [{"type": "text", "text": message["params"]["arguments"].get("text", "")}]}
            if "id" in message:
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
        """
}

@Suite("omlx key and omlx open", .timeLimit(.minutes(10)))
struct KeyCommandTests {
    private struct Daemon {
        let home: TestHome
        let program: ChildProgram
        let url: String

        /// The status of an answer, and the answer.
        func ask(_ key: String, _ path: String, _ body: String? = nil) async throws -> (status: Int, text: String) {
            var words = ["-sS", "--noproxy", "*", "-w", "\n%{http_code}", "-H", "X-API-Key: \(key)"]
            if let body { words += ["-H", "Content-Type: application/json", "-d", body] }
            let run = try await home.run("/usr/bin/curl", words + ["--", url + path])
            let lines = run.out.split(separator: "\n", omittingEmptySubsequences: false)
            return (lines.last.flatMap { Int($0) } ?? 0, lines.dropLast().joined(separator: "\n"))
        }

        func call(_ key: String, _ tool: String) async throws -> (status: Int, text: String) {
            try await ask(key, "/v1/mcp/execute", "{\"tool_name\":\"\(tool)\",\"arguments\":{\"text\":\"said\"}}")
        }
    }

    private func daemon(_ home: TestHome, variables: [String: String] = [:]) async throws -> Daemon {
        let server: [String: Any] = ["command": "/usr/bin/env", "args": ["python3", "-c", EchoServer.program]]
        try home.configure(["a": server, "b": server])
        let program = try home.start(["serve", "--port", "0"], variables: variables)
        let url = try await program.text(#"serves on (http://127\.0\.0\.1:\d+)"#)
        _ = try await home.omlx("mcp", "tools")
        return Daemon(home: home, program: program, url: url)
    }

    private func end(_ daemon: Daemon) async throws {
        daemon.program.signal(SIGTERM)
        #expect(try await daemon.home.note(daemon.program.end()).exit == 0)
    }

    @Test("a named key is for its servers and tools, until it is taken back; it is shown once, and kept as a hash")
    func named() async throws {
        try await TestHome.with { home in
            let daemon = try await daemon(home)
            let made = try await home.omlx("key", "new", "ci", "--server", "a", "--read-only", "--expires", "1h")
            let key = made.out.trimmingCharacters(in: .newlines)
            #expect(made.exit == 0 && key.hasPrefix("omlx_") && made.err.contains("only time"), "\(made)")
            let tools = try await daemon.ask(key, "/v1/mcp/tools")
            #expect(
                tools.status == 200 && tools.text.contains("a__echo") && !tools.text.contains("b__echo"), "\(tools)")
            let called = try await daemon.call(key, "a__echo")
            #expect(called.status == 200 && called.text.contains("said"), "\(called)")
            #expect(try await daemon.call(key, "a__write").status == 403)
            #expect(try await daemon.call(key, "b__echo").text.contains("PROTOCOL_TOOL_UNKNOWN"))
            #expect(try await daemon.ask(key, "/b/echo", "{}").status == 404)
            for owners in ["/", "/metrics"] { #expect(try await daemon.ask(key, owners).status == 403) }
            let list = try await home.omlx("key", "list", "--json")
            let entry = list.json["keys"][0]
            #expect(entry["name"].string == "ci" && entry["read_only"].bool == true, "\(list)")
            #expect(entry["servers"][0].string == "a" && entry["expired"].bool == false, "\(list)")
            #expect(!list.out.contains(key) && !list.out.contains("sha256"), "\(list)")
            let table = try await home.omlx("key", "list")
            #expect(table.lines.count == 2 && table.out.contains("read-only"), "\(table)")
            let again = try await home.omlx("key", "new", "ci")
            #expect(again.exit == 1 && again.err.contains("SERVE_KEY_NAME"), "\(again)")
            for words in [["a b"], ["-x"], ["x", "--expires", "soon"], ["x", "--expires", "0d"]] {
                #expect(try await home.note(home.start(["key", "new"] + words, input: "").end()).exit == 2, "\(words)")
            }
            let kept = try String(contentsOfFile: home.path + "/.local/state/omlx/access/keys.json", encoding: .utf8)
            #expect(!kept.contains(key) && kept.contains("ci"))
            #expect(try await home.omlx("key", "revoke", "ci").exit == 0)
            #expect(try await daemon.ask(key, "/v1/mcp/tools").status == 401)
            let gone = try await home.omlx("key", "revoke", "ci")
            #expect(gone.exit == 1 && gone.err.contains("SERVE_KEY_NAME"), "\(gone)")
            #expect(try await home.omlx("key", "list", "--json").json["keys"][0]["name"].string == nil)
            try await end(daemon)
        }
    }

    @Test(
        "a key that has expired says so, and is listed as such; one without limits may use all servers, and is no owner"
    )
    func expires() async throws {
        try await TestHome.with { home in
            let daemon = try await daemon(home)
            let short = try await home.omlx("key", "new", "short", "--expires", "1s").out.trimmingCharacters(
                in: .newlines)
            let deadline = Date(timeIntervalSinceNow: 180)
            while try await !daemon.ask(short, "/v1/mcp/tools").text.contains("the key has expired") {
                guard Date() < deadline else { throw Overdue(description: "the key never expired") }
            }
            #expect(try await home.omlx("key", "list").out.contains("(expired)"))
            let all = try await home.omlx("key", "new", "all", "--json").json["key"].string ?? ""
            #expect(try await daemon.call(all, "b__write").status == 200)
            #expect(try await daemon.ask(all, "/api/v1/page-links", "{}").status == 403)
            try await end(daemon)
        }
    }

    @Test("omlx key show prints the machine's own key, made when there is none; OMLX_API_KEY takes its place")
    func machine() async throws {
        try await TestHome.with { home in
            let shown = try await home.omlx("key", "show").out.trimmingCharacters(in: .newlines)
            let file = home.path + "/.local/state/omlx/access/key"
            #expect(try String(contentsOfFile: file, encoding: .utf8) == shown + "\n")
            var status = stat()
            #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(try await home.omlx("key", "show", "--json").json["key"].string == shown)
            let own = ["OMLX_API_KEY": "a-key-of-the-environment"]
            #expect(try await home.omlx("key", "show", variables: own).out == "a-key-of-the-environment\n")
            let daemon = try await daemon(home, variables: own)
            #expect(try await daemon.ask(shown, "/v1/mcp/tools").status == 401)
            #expect(try await daemon.ask("a-key-of-the-environment", "/v1/mcp/tools").status == 200)
            try await end(daemon)
            chmod(file, 0o644)
            let open = try await home.omlx("key", "show")
            #expect(open.exit == 1 && open.err.contains("chmod 600"), "\(open)")
        }
    }

    @Test("omlx open leads a browser in once; without a browser it prints the link, without omlx serve it says so")
    func open() async throws {
        try await TestHome.with { home in
            let none = try await home.omlx("open")
            #expect(none.exit == 1 && none.err.contains("SERVE_NOT_RUNNING"), "\(none)")
            let daemon = try await daemon(home)
            #expect(try await home.omlx("open").exit == 0)
            try await home.sees("browser") { home.wasBrowserOpened }
            let link = try await home.omlx("open", "--print").out.trimmingCharacters(in: .newlines)
            #expect(link.hasPrefix(daemon.url + "/open?token="), "\(link)")
            let jar = home.desk + "/cookies"
            let curl = ["-sS", "--noproxy", "*", "-o", "/dev/null", "-w", "%{http_code}", "-c", jar, "-b", jar]
            #expect(try await home.run("/usr/bin/curl", curl + [link]).out == "200")
            #expect(try await home.run("/usr/bin/curl", curl + [daemon.url + "/"]).out == "200")
            let cookies = try String(contentsOfFile: jar, encoding: .utf8)
            #expect(cookies.contains("#HttpOnly_127.0.0.1") && cookies.contains("omlx_session"))
            #expect(try await home.run("/usr/bin/curl", Array(curl.prefix(7)) + [link]).out == "401", "it is used up")
            let document = try await home.omlx("open", "--json")
            #expect(document.json["url"].string?.contains("/open?token=") == true, "\(document)")
            try await end(daemon)
        }
    }
}
