// Configurations pasted from other programs, odd texts and odd names, as the command line takes them.

import Foundation
import Testing

@Suite("configurations of other programs")
struct ForeignConfigurationTests {
    /// A server whose tool `show` tells its arguments, and the variables and folder it was started with.
    private static let script = """
        import sys, os, json
        print(os.environ.get("SAYS", ""), file=sys.stderr, flush=True)
        tools = [{"name": n} for n in os.environ.get("TOOLS", "show").split()]
        caps = json.loads(os.environ.get("CAPS", '{"tools": {}}'))
        for line in sys.stdin:
            m = json.loads(line)
            if "id" not in m: continue
            if m["method"] == "initialize":
                r = {"protocolVersion": "2025-06-18", "capabilities": caps, "serverInfo": {"name": "t", "version": "1"}}
            elif m["method"] == "tools/list": r = {"tools": tools}
            else:
                seen = {"argv": sys.argv[1:], "env": dict(os.environ), "arguments": m["params"]["arguments"], "tool": m["params"]["name"]}
                r = {"content": [{"type": "text", "text": json.dumps(seen)}]}
            print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
        """

    private func server(_ home: TestHome) throws -> String {
        let path = home.work + "/show.py"
        try home.write(Self.script, to: path)
        return path
    }

    private func seen(_ run: ProcessRun) -> Document { Document(parsing: Array(run.out.utf8)) }

    @Test("a command line, numbers, a wrapper of VS Code: read and called, with warnings that say how to write it")
    func pasted() async throws {
        try await TestHome.with { home in
            let path = try server(home)
            try home.write(
                Document.text([
                    "mcp": [
                        "servers": [
                            "s": [
                                "type": "stdio", "command": "python3 '\(path)' \"a b\" ~/x", "timeout": 60000,
                                "env": ["X_PORT": 8080, "X_NONE": NSNull(), "X_ON": true],
                            ] as [String: Any]
                        ]
                    ]
                ]), to: home.work + "/mcp.json")
            let call = try await home.omlx("mcp", "call", "s__show")
            #expect(call.exit == 0, "\(call)")
            let document = seen(call)
            #expect(document["argv"].array.map(\.string) == ["a b", "~/x"], "\(call)")
            #expect(document["env"]["X_PORT"].string == "8080" && document["env"]["X_ON"].string == "true", "\(call)")
            #expect(document["env"]["X_NONE"].string == nil, "\(call)")
            let validate = try await home.omlx("mcp", "validate")
            #expect(validate.exit == 0, "\(validate)")
            for text in ["mcp.servers", "whole command line", "16.7 hours", "milliseconds", "\"~/\""] {
                #expect(validate.out.contains(text), "\(text): \(validate)")
            }
        }
    }

    @Test("a file without servers is told apart: none configured, and none found")
    func noServers() async throws {
        try await TestHome.with { home in
            try home.write("{\"mcpServers\": {}}", to: home.work + "/mcp.json")
            for words in [["tools"], ["status"], ["list"], ["validate"]] {
                let run = try await home.note(home.start(["mcp"] + words, input: "").end())
                #expect(run.exit == 0 && (run.out + run.err).contains("no server is configured"), "\(run)")
            }
            let json = try await home.omlx("mcp", "validate", "--json")
            #expect(
                json.json["valid"].bool == true && json.json["diagnostics"][0]["code"].string == "CONFIG_NO_SERVERS")
            try home.write("{\"name\": \"p\", \"scripts\": {}}", to: home.work + "/mcp.json")
            let other = try await home.omlx("mcp", "tools")
            #expect(other.exit == 2 && other.err.contains("CONFIG_INVALID_ROOT"), "\(other)")
            #expect(other.err.contains("mcpServers"), "\(other)")
        }
    }

    @Test("no tools: said with the server's own reason, by tools and by status")
    func noTools() async throws {
        try await TestHome.with { home in
            let path = try server(home)
            func entry(_ env: [String: String], _ more: [String: Any] = [:]) -> [String: Any] {
                ["command": "python3", "args": [path], "env": env].merging(more) { $1 }
            }
            try home.configure([
                "keyless": entry(["TOOLS": " ", "SAYS": "API_KEY is not set, tools are off"]),
                "prompts": entry(["CAPS": "{\"prompts\": {}}"]),
                "filtered": entry(["TOOLS": "show more"], ["includeTools": ["mroe"]]),
            ])
            let run = try await home.omlx("mcp", "tools")
            #expect(run.exit == 0 && run.out.isEmpty, "\(run)")
            #expect(run.err.contains("keyless: 0 tools") && run.err.contains("API_KEY is not set"), "\(run)")
            #expect(run.err.contains("prompts: 0 tools: the server offers none, only prompts"), "\(run)")
            #expect(run.err.contains("filtered: 0 tools: the filter in its entry leaves out all 2"), "\(run)")
            #expect(run.err.contains("does not have: mroe"), "\(run)")
            let status = try await home.omlx("mcp", "status", "keyless")
            #expect(status.out.contains("PROTOCOL_NO_TOOLS") && status.out.contains("API_KEY is not set"), "\(status)")
        }
    }

    @Test("a tool that a filter leaves out is in no list, and is not called")
    func filters() async throws {
        try await TestHome.with { home in
            let path = try server(home)
            func configure(_ filter: [String: Any]) throws {
                try home.configure([
                    "s": ["command": "python3", "args": [path], "env": ["TOOLS": "show edit drop"]].merging(filter) {
                        $1
                    }
                ])
            }
            try configure(["disabledTools": ["drop"], "alwaysAllow": ["show"], "trust": true])
            let run = try await home.omlx("mcp", "tools")
            #expect(run.lines.count == 2 && !run.out.contains("s__drop"), "\(run)")
            #expect(!run.err.contains("unknown key"), "\(run)")
            let call = try await home.omlx("mcp", "call", "s__drop")
            #expect(call.exit != 0 && call.err.contains("filter"), "\(call)")
            try home.configure([
                "s": ["command": "python3", "args": [path], "env": ["TOOLS": "show"], "enabled": false]
            ])
            let disabled = try await home.omlx("mcp", "call", "show")
            #expect(disabled.exit == 2 && disabled.err.contains("CONFIG_SERVER_DISABLED"), "\(disabled)")
            try configure(["tools": ["show"]])
            let cached = try await home.omlx("mcp", "tools", "--cached")
            #expect(cached.lines.count == 1 && cached.out.hasPrefix("s__show"), "\(cached)")
        }
    }

    @Test("a listed name is the one that is called, whatever the servers are called")
    func prefixes() async throws {
        try await TestHome.with { home in
            let path = try server(home)
            func entry(_ tools: String) -> [String: Any] {
                ["command": "python3", "args": [path, tools], "env": ["TOOLS": tools]]
            }
            try home.configure(["a": entry("x b__only b__both"), "a__b": entry("x both")])
            let list = try await home.omlx("mcp", "tools", "--json")
            let names = list.json["tools"].array.compactMap { $0["name"].string }
            #expect(names.sorted() == ["a__b__both", "a__b__only", "a__b__x", "a__x"], "\(list)")
            #expect(list.err.contains("its name begins with \"a__\""), "\(list)")
            for tool in list.json["tools"].array {
                let name = try #require(tool["name"].string)
                let run = try await home.omlx("mcp", "call", name)
                #expect(run.exit == 0, "\(name): \(run)")
                let call = seen(run)
                #expect(call["tool"].string == tool["tool"].string, "\(name)")
                #expect(call["argv"][0].string == (tool["server"].string == "a" ? "x b__only b__both" : "x both"))
            }
        }
    }

    @Test("a name that is listed is the one that is called: of one server alone, from before, beside one that is down")
    func listedAlone() async throws {
        try await TestHome.with { home in
            let path = try server(home)
            func entry(_ tools: String) -> [String: Any] {
                ["command": "python3", "args": [path, tools], "env": ["TOOLS": tools]]
            }
            func listed(_ first: String = "--json", _ second: String = "--json") async throws -> [String] {
                let run = try await home.omlx("mcp", "tools", "--json", first, second)
                return run.json["tools"].array.compactMap { $0["name"].string }.sorted()
            }
            try home.configure(["a": entry("x b__both"), "a__b": entry("both")])
            #expect(try await listed("a") == ["a__x"])
            #expect(try await listed() == ["a__b__both", "a__x"])
            #expect(try await listed("--cached") == ["a__b__both", "a__x"])
            #expect(try await listed("a", "--cached") == ["a__x"])
            // It had the tool when it was there last.
            try home.configure(["a": entry("x b__both b__own"), "a__b": ["command": "/bin/false"]])
            #expect(try await listed("a") == ["a__x"])
            let run = try await home.omlx("mcp", "call", "a__b__own")
            #expect(
                run.exit != 0 && run.err.contains("\"a__b__own\" may be a tool of a__b, which is not ready"), "\(run)")
        }
    }

    @Test("text is bytes: names that differ by normalization, values that begin with a combining mark")
    func bytes() async throws {
        try await TestHome.with { home in
            try home.configure(["s": ["command": "python3", "args": [try server(home)], "env": ["V": "${V}"]]])
            let call = try await home.omlx(
                "mcp", "call", "s__show", "--args", "{\"\u{E9}\": 1, \"e\u{301}\": 2}", "x=\u{301}v",
                variables: ["V": "\u{301}w"])
            #expect(call.exit == 0, "\(call)")
            // As the server wrote it: every character but ASCII escaped.
            for text in ["\"\\u00e9\": 1", "\"e\\u0301\": 2", "\"x\": \"\\u0301v\"", "\"V\": \"\\u0301w\""] {
                #expect(call.out.contains(text), "\(text): \(call)")
            }
        }
    }

    @Test("servers whose names differ by the form of their characters are two, and one of them is asked alone")
    func twins() async throws {
        try await TestHome.with { home in
            let path = try server(home)
            func entry(_ tool: String) -> [String: Any] {
                ["command": "python3", "args": [path, tool], "env": ["TOOLS": tool]]
            }
            let folder = home.path + "/.config/omlx"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            func text(_ tool: String) throws -> String {
                String(decoding: try JSONSerialization.data(withJSONObject: entry(tool)), as: UTF8.self)
            }
            let file = "{\"mcpServers\": {\"caf\u{E9}\": \(try text("one")), \"cafe\u{301}\": \(try text("two"))}}"
            try file.write(toFile: folder + "/mcp.json", atomically: true, encoding: .utf8)
            for (name, tool) in [("caf\u{E9}", "one"), ("cafe\u{301}", "two")] {
                let run = try await home.omlx("mcp", "tools", name, "--json", "--mcp-config", folder + "/mcp.json")
                #expect(run.json["tools"].array.compactMap { $0["tool"].string } == [tool], "\(run)")
            }
        }
    }

    @Test("arguments that are not UTF-8 are refused; variables where they are needed")
    func notUTF8() async throws {
        try await TestHome.with { home in
            let path = try server(home)
            try home.configure([
                "s": ["command": "python3", "args": [path], "env": ["V": "${V:-none}"]],
                "t": ["command": "python3", "args": [path]],
            ])
            func shell(_ line: String) async throws -> ProcessRun {
                home.note(try await home.startShell(line).end())
            }
            let argument = try await shell("exec \"$OMLX\" mcp call s__show \"x=$(printf 'a\\377')\"")
            #expect(argument.exit == 2 && argument.out.isEmpty, "\(argument)")
            #expect(argument.err.contains("CONFIG_USAGE") && argument.err.contains("not UTF-8"), "\(argument)")
            let needed = try await shell("V=\"$(printf 'a\\377')\" exec \"$OMLX\" mcp tools")
            #expect(needed.exit == 5 && needed.out.contains("t__show"), "\(needed)")
            #expect(needed.err.contains("V, whose value is not UTF-8 text"), "\(needed)")
            let other = try await shell("OTHER=\"$(printf 'a\\377')\" exec \"$OMLX\" mcp tools t")
            #expect(other.exit == 0, "\(other)")
            let own = try await shell("OMLX_STORE_PASSWORD=\"$(printf 'a\\377')\" exec \"$OMLX\" mcp list")
            #expect(own.exit == 2 && own.err.contains("OMLX_STORE_PASSWORD is not UTF-8 text"), "\(own)")
        }
    }

    @Test("an address given with --url names its server, IPv6 in brackets")
    func derivedName() async throws {
        try await TestHome.with { home in
            let run = try await home.omlx("mcp", "tools", "--url", "http://[::1]:1/")
            #expect(run.exit != 0 && run.err.contains("[::1]: "), "\(run)")
        }
    }

    @Test(
        "what validate passes is refused by no command",
        arguments: ["/mcp?a=b|c", "/mcp?a|b=%7C"])
    func pipeInQuery(_ target: String) async throws {
        try await TestHome.with { home in
            let demo = try await home.demo(["protection": ["mode": "none"]])
            let url = demo.url.replacingOccurrences(of: "/mcp", with: target)
            for address in [url, url.replacingOccurrences(of: "127.0.0.1", with: "a.localhost")] {
                try home.configure(["s": ["url": address]])
                let validate = try await home.omlx("mcp", "validate")
                #expect(validate.exit == 0, "\(validate)")
                let run = try await home.omlx("mcp", "tools")
                #expect(!run.err.contains("CONFIG_") && run.exit == 0 && run.lines.count == 5, "\(address): \(run)")
            }
        }
    }
}
