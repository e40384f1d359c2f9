// What a person writes into mcp.json, right or wrong, as the command line answers it.

import Foundation
import Testing

@Suite("the configuration file")
struct ConfigurationFileTests {
    private func open(_ home: TestHome) async throws -> Demo {
        try await home.demo(["protection": ["mode": "none"]])
    }

    @Test("an unknown key is a warning that names file, line, server and key; the rest works")
    func unknownKey() async throws {
        try await TestHome.with { home in
            let demo = try await open(home)
            let path = home.work + "/mcp.json"
            try home.write(
                "{\n  \"servers\": {\n    \"one\": {\n      \"url\": \"\(demo.url)\",\n      \"headrs\": {}\n    }\n  }\n}\n",
                to: path)
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0 && tools.lines.count == 5, "\(tools)")
            #expect(tools.err.contains("\(path):5:"), "\(tools)")
            #expect(tools.err.contains("warning: server \"one\"") && tools.err.contains("headrs"), "\(tools)")
            #expect(tools.err.contains("[CONFIG_UNKNOWN_KEY]"), "\(tools)")
            let quiet = try await home.omlx("mcp", "tools", "--quiet")
            #expect(quiet.exit == 0 && quiet.err.isEmpty, "\(quiet)")
            let validate = try await home.omlx("mcp", "validate", "--json")
            #expect(validate.exit == 0 && validate.json["valid"].bool == true, "\(validate)")
            let warning = validate.json["diagnostics"][0]
            #expect(warning["line"].int == 5 && warning["server"].string == "one", "\(validate)")
            #expect(warning["key"].string == "headrs" && warning["file"].string == path, "\(validate)")
        }
    }

    @Test("a broken entry fails alone")
    func brokenEntry() async throws {
        try await TestHome.with { home in
            let demo = try await open(home)
            try home.configure(["good": ["url": demo.url], "bad": ["url": 7], "worse": ["url": "ftp://example.com"]])
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 5 && tools.lines.count == 5, "\(tools)")
            #expect(tools.err.contains("CONFIG_SERVER_INVALID") && tools.err.contains("CONFIG_URL_INVALID"), "\(tools)")
            let validate = try await home.omlx("mcp", "validate")
            #expect(validate.exit == 2 && validate.out.contains("[CONFIG_SERVER_INVALID]"), "\(validate)")
        }
    }

    @Test(
        "invalid JSON: file, line and column, exit 2, for every command",
        arguments: [["tools"], ["status"], ["list"], ["validate"], ["login", "one"], ["call", "one__echo"]])
    func invalidJSON(_ words: [String]) async throws {
        try await TestHome.with { home in
            try home.write("{\n  \"servers\": {\n    \"one\": nothing\n  }\n}\n", to: home.work + "/mcp.json")
            let run = try await home.note(home.start(["mcp"] + words, input: "").end())
            #expect(run.exit == 2 && run.out.isEmpty, "\(run)")
            #expect(run.err.contains("CONFIG_INVALID_JSON") && run.err.contains("mcp.json:3:12"), "\(run)")
            let json = try await home.note(home.start(["mcp"] + words + ["--json"], input: "").end())
            #expect(json.exit == 2 && json.json["error"]["code"].string == "CONFIG_INVALID_JSON", "\(json)")
            #expect(json.json["schema"].string == "omlx/\(words[0])/1", "\(json)")
        }
    }

    @Test(
        "a top level or a `servers` that is no object ends in 2", arguments: ["[]", "7", "\"\"", "{\"servers\": []}"])
    func invalidRoot(_ text: String) async throws {
        try await TestHome.with { home in
            try home.write(text, to: home.work + "/mcp.json")
            let run = try await home.omlx("mcp", "tools")
            #expect(run.exit == 2 && run.err.contains("CONFIG_INVALID_ROOT"), "\(run)")
        }
    }

    @Test("a file that is named and missing ends in 2; one that nobody named is none")
    func missing() async throws {
        try await TestHome.with { home in
            let named = try await home.omlx("mcp", "status", "--mcp-config", "nowhere.json")
            #expect(named.exit == 2 && named.err.contains("CONFIG_NOT_FOUND"), "\(named)")
            let none = try await home.omlx("mcp", "status")
            #expect(none.exit == 0, "\(none)")
            let variable = try await home.omlx(
                "mcp", "status", variables: ["OMLX_MCP_CONFIG": home.path + "/nowhere.json"])
            #expect(variable.exit == 2 && variable.err.contains("CONFIG_NOT_FOUND"), "\(variable)")
            #expect(variable.err.contains("nowhere.json") && variable.err.contains("OMLX_MCP_CONFIG"), "\(variable)")
            let empty = try await home.omlx("mcp", "status", variables: ["OMLX_MCP_CONFIG": ""])
            #expect(empty.exit == 0, "an empty variable is none: \(empty)")
        }
    }

    @Test(
        "empty, cut off, binary and enormous files never crash",
        arguments: ["", "{", "\u{0}\u{1}", "{\"servers\": {\"a"])
    func notJSON(_ text: String) async throws {
        try await TestHome.with { home in
            try home.write(text, to: home.work + "/mcp.json")
            let run = try await home.omlx("mcp", "list")
            #expect(run.exit == 2 && run.err.contains("error: CONFIG_"), "\(run)")
        }
    }

    @Test("deeply nested JSON is refused, not a crash")
    func nested() async throws {
        try await TestHome.with { home in
            let depth = 200_000
            try home.write(
                "{\"servers\": " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}",
                to: home.work + "/mcp.json")
            let run = try await home.omlx("mcp", "list")
            #expect(
                run.exit == 2 && run.err.contains("error: CONFIG_"),
                "\(String(describing: run.exit)) \(run.err.prefix(300))")
        }
    }

    @Test("comments, trailing commas and a byte order mark are read")
    func comments() async throws {
        try await TestHome.with { home in
            let demo = try await open(home)
            try home.write(
                "\u{feff}// mine\n{\"mcpServers\": {/* one */ \"one\": {\"serverUrl\": \"\(demo.url)\",},},}\n",
                to: home.work + "/mcp.json")
            let run = try await home.omlx("mcp", "tools")
            #expect(run.exit == 0 && run.lines.count == 5, "\(run)")
        }
    }

    @Test("YAML works as JSON does, and a fault in it has a line")
    func yaml() async throws {
        try await TestHome.with { home in
            let demo = try await open(home)
            try home.write("servers:\n  one:\n    url: \(demo.url)\n", to: home.work + "/mcp.yaml")
            let run = try await home.omlx("mcp", "tools")
            #expect(run.exit == 0 && run.lines.count == 5, "\(run)")
            try home.write("servers:\n  one: [\n", to: home.work + "/bad.yaml")
            let bad = try await home.omlx("mcp", "tools", "--mcp-config", "bad.yaml")
            #expect(bad.exit == 2 && bad.err.contains("CONFIG_INVALID_YAML"), "\(bad)")
            #expect(bad.err.contains("bad.yaml:"), "\(bad)")
        }
    }

    @Test("--mcp-config wins over OMLX_MCP_CONFIG, that over the working directory, that over ~/.config")
    func searchOrder() async throws {
        try await TestHome.with { home in
            let folder = home.path + "/.config/omlx"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (name, path) in [
                ("user", folder + "/mcp.json"), ("work", home.work + "/mcp.json"), ("variable", home.path + "/v.json"),
                ("option", home.path + "/o.json"),
            ] {
                try home.write(#"{"servers": {"\#(name)": {"command": "x"}}}"#, to: path)
            }
            let variables = ["OMLX_MCP_CONFIG": home.path + "/v.json"]
            func name(_ run: ProcessRun) -> String? { run.json["servers"][0]["name"].string }
            let option = try await home.omlx(
                "mcp", "list", "--json", "--mcp-config", home.path + "/o.json", variables: variables)
            #expect(name(option) == "option", "\(option)")
            #expect(try await name(home.omlx("mcp", "list", "--json", variables: variables)) == "variable")
            let none = ["OMLX_MCP_CONFIG": ""]
            #expect(try await name(home.omlx("mcp", "list", "--json", variables: none)) == "work")
            try FileManager.default.removeItem(atPath: home.work + "/mcp.json")
            #expect(try await name(home.omlx("mcp", "list", "--json", variables: none)) == "user")
        }
    }

    @Test("variables are expanded; one that is not set fails its server alone and is named")
    func variables() async throws {
        try await TestHome.with { home in
            let demo = try await open(home)
            let port = try #require(URL(string: demo.url)?.port)
            try home.configure([
                "set": ["url": "http://127.0.0.1:${PORT}/mcp"],
                "defaulted": ["url": "${NOT_SET_HERE:-\(demo.url)}"],
                "input": ["url": demo.url, "headers": ["X-Key": "${input:my-key}"]],
                "unset": ["url": "${NOT_SET_HERE}"],
            ])
            let set = ["PORT": "\(port)", "OMLX_INPUT_MY_KEY": "input-secret-1"]
            let run = try await home.omlx("mcp", "tools", variables: set)
            #expect(run.exit == 5 && run.lines.count == 15, "\(run)")
            #expect(run.err.contains("CONFIG_VARIABLE_UNSET") && run.err.contains("NOT_SET_HERE"), "\(run)")
            let keys = try await demo.requests.flatMap { $0["headers"].array.compactMap(\.string) }
            #expect(keys.contains("x-key: input-secret-1"), "\(keys)")
            let list = try await home.omlx("mcp", "list", variables: set)
            #expect(list.out.contains("${PORT}"), "values are shown unexpanded: \(list)")
            var secrets = Secrets()
            secrets.add("input-secret-1")
            try secrets.expectNone(in: home)
        }
    }

    @Test("a disabled server is neither started nor counted, and its variables are not needed")
    func disabled() async throws {
        try await TestHome.with { home in
            let demo = try await open(home)
            let unwanted = try await open(home)
            try home.configure([
                "on": ["url": demo.url], "off": ["url": unwanted.url, "disabled": true],
                "off-too": ["url": "${NOT_SET_HERE}", "enabled": false],
            ])
            let tools = try await home.omlx("mcp", "tools")
            #expect(tools.exit == 0 && tools.err == "1 of 1 server ready, 5 tools\n", "\(tools)")
            #expect(try await unwanted.requests.isEmpty)
            let status = try await home.omlx("mcp", "status", "--json")
            #expect(status.json["servers"].named("off")["transport_state"]["state"].string == "disabled", "\(status)")
            let call = try await home.omlx("mcp", "call", "off__echo", "text=x")
            #expect(call.exit == 2 && call.err.contains("CONFIG_SERVER_DISABLED"), "\(call)")
        }
    }
}
