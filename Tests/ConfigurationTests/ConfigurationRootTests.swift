// The file as a whole: its syntax, its top level, its duplicates.

import OmlxErrors
import Testing

@testable import OmlxConfiguration

@Suite struct ConfigurationRootTests {
    @Test(
        "Text that is not JSON is an error with file, line and column",
        arguments: [
            ("{\n  \"servers\": {,}\n}", "mcp.json:2:15"), ("{\"servers\": {}", "mcp.json:1:15"),
            ("{\"a\": 01}", "mcp.json:1:8"), ("{\"a\": nul}", "mcp.json:1:7"), ("{\"a\": \"\u{1}\"}", "mcp.json:1:8"),
            ("{} x", "mcp.json:1:4"), (String(repeating: "[", count: 100_000), "mcp.json:1:202"),
            (String(repeating: "{\"a\":", count: 100_000), "mcp.json:1:1006"),
        ])
    func syntax(text: String, place: String) throws {
        let error = #expect(throws: OmlxError.self) { try configuration(text) }
        #expect(error?.code == .configInvalidJSON)
        #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
    }

    @Test("An empty file is said to be empty", arguments: ["", "  \n", "// only\n/* comments */\n"])
    func empty(text: String) throws {
        let error = #expect(throws: OmlxError.self) { try configuration(text) }
        #expect(error?.code == .configInvalidJSON)
        #expect(error?.message.contains("is empty") == true)
        let yaml = #expect(throws: OmlxError.self) { try configuration("# x\n", path: "/c/mcp.yaml") }
        #expect(yaml?.code == .configInvalidYAML)
        #expect(yaml?.message.contains("is empty") == true)
    }

    @Test("UTF-16 and other bytes that are not UTF-8 are errors")
    func encoding() throws {
        for bytes in [[0xFF, 0xFE, 0x7B, 0], [0x7B, 0x22, 0xC3, 0x28, 0x22, 0x3A, 0x31, 0x7D]] as [[UInt8]] {
            for path in ["/c/mcp.json", "/c/mcp.yaml"] {
                #expect(throws: OmlxError.self) {
                    try HostConfiguration(contents: bytes, path: path, environment: [:], homeDirectory: "")
                }
            }
        }
    }

    @Test("Comments, trailing commas and a byte order mark are accepted")
    func jsonc() throws {
        let host = try configuration(
            "\u{FEFF}{ // a\n \"servers\": { /* b */ \"s\": {\"command\": \"x\", \"args\": [\"a\",],}, }, }")
        #expect(host.servers.count == 1)
        #expect(host.diagnostics.isEmpty)
    }

    @Test(
        "A top level or a servers value of another type is an error",
        arguments: [
            "[]", "1", "\"x\"", "null", "{\"servers\": []}", "{\"servers\": \"x\"}", "{\"mcpServers\": 1}",
            "{\"servers\": {\"a\": {\"command\": \"x\"}}, \"mcpServers\": []}",
        ])
    func root(text: String) throws {
        let error = #expect(throws: OmlxError.self) { try configuration(text) }
        #expect(error?.code == .configInvalidRoot)
        #expect(error?.message.contains("/srv/conf/mcp.json") == true)
    }

    @Test("servers and mcpServers: the one that is not empty; servers when both are, with a warning")
    func spellings() throws {
        let a = "{\"a\": {\"command\": \"x\"}}"
        let b = "{\"b\": {\"command\": \"x\"}}"
        #expect(try configuration("{\"mcpServers\": \(a)}").servers.map(\.name) == ["a"])
        #expect(try configuration("{\"servers\": {}, \"mcpServers\": \(a)}").servers.map(\.name) == ["a"])
        #expect(try configuration("{\"servers\": null, \"mcpServers\": \(a)}").servers.map(\.name) == ["a"])
        #expect(try configuration("{\"servers\": \(b), \"mcpServers\": {}}").diagnostics.isEmpty)
        let both = try configuration("{\"mcpServers\": \(a), \"servers\": \(b)}")
        #expect(both.servers.map(\.name) == ["b"])
        #expect(both.diagnostics.map(\.code) == [.configIgnoredKey])
    }

    @Test("Limits have their defaults, are read, and are reported when they cannot be used")
    func limits() throws {
        func configuration(_ settings: String) throws -> HostConfiguration {
            try ConfigurationTests.configuration("{\(settings)\"servers\": {\"s\": {\"command\": \"x\"}}}")
        }
        let plain = try configuration("")
        #expect(plain.maxToolCalls == 10)
        #expect(plain.defaultTimeout == .seconds(30))
        let read = try configuration("\"max_tool_calls\": 3, \"default_timeout\": 1.5, ")
        #expect(read.maxToolCalls == 3)
        #expect(read.defaultTimeout == .milliseconds(1500))
        for bad in ["0", "-1", "1.5", "\"3\"", "true", "1e400", "99999999999999999999"] {
            let host = try configuration("\"max_tool_calls\": \(bad), ")
            #expect(host.maxToolCalls == 10)
            #expect(host.diagnostics.map(\.code) == [.configInvalidRoot], "\(bad)")
            #expect(host.diagnostics.first?.severity == .error)
        }
        for bad in ["0", "-1", "\"3\"", "1e400"] {
            let host = try configuration("\"default_timeout\": \(bad), ")
            #expect(host.defaultTimeout == .seconds(30))
            #expect(host.diagnostics.map(\.code) == [.configInvalidRoot], "\(bad)")
        }
    }

    @Test("notifications are on unless switched off; what says neither is warned of")
    func notifications() throws {
        func configuration(_ settings: String) throws -> HostConfiguration {
            try ConfigurationTests.configuration("{\(settings)\"servers\": {\"s\": {\"command\": \"x\"}}}")
        }
        #expect(try configuration("").notifies)
        let off = try configuration("\"notifications\": false, ")
        #expect(!off.notifies && off.diagnostics.isEmpty)
        let odd = try configuration("\"notifications\": \"no\", ")
        #expect(odd.notifies && odd.diagnostics.map(\.severity) == [.warning])
    }

    @Test(
        "how a host is reached is read strictly: what cannot be used, or is not known, is an error, and nothing else is taken"
    )
    func serve() throws {
        func serving(_ serve: String) throws -> Result<ServeSettings, OmlxError> {
            try ConfigurationTests.configuration("{\"serve\": \(serve), \"servers\": {\"s\": {\"command\": \"x\"}}}")
                .serving
        }
        let read = try serving(
            #"{"host": "::", "port": 0, "certificate": "tls/c.pem", "private_key": "/k.pem", "proxies": ["10.0.0.2"], "public_url": "https://a"}"#
        ).get()
        #expect(read.host == "::" && read.port == 0 && read.proxies == ["10.0.0.2"] && read.privateKey == "/k.pem")
        #expect(read.certificate?.hasSuffix("/tls/c.pem") == true && read.certificate?.hasPrefix("/") == true)
        #expect(try serving("{}").get() == ServeSettings())
        for bad in [
            "[]", #"{"port": 65536}"#, #"{"port": "1"}"#, #"{"proxies": "10.0.0.2"}"#, #"{"proxies": [1]}"#,
            #"{"host": ""}"#, #"{"certificate": ""}"#, #"{"private_key": "k.pem"}"#, #"{"certificat": "c.pem"}"#,
            #"{"allowed_hosts": ["a b"]}"#,
        ] {
            let serving = try serving(bad)
            #expect(throws: OmlxError.self, "\(bad)") { try serving.get() }
        }
    }

    @Test("Mistake 1: an unknown key is a warning with file, line, server, key and a guess; the rest works")
    func unknownKeys() throws {
        let host = try configuration(
            """
            {
              "inputs": [], "$schema": "x", "x-shared": 1,
              "servres": {},
              "servers": {
                "notion": { "url": "https://h/",
                  "hedaers": {},
                  "zzzzzz": 1 }
              }
            }
            """)
        #expect(
            host.diagnostics.map(\.description) == [
                "/srv/conf/mcp.json:3:3: warning: unknown key \"servres\", did you mean \"servers\"? [CONFIG_UNKNOWN_KEY]",
                "/srv/conf/mcp.json:6:7: warning: server \"notion\": unknown key \"hedaers\", did you mean \"headers\"?"
                    + " [CONFIG_UNKNOWN_KEY]",
                "/srv/conf/mcp.json:7:7: warning: server \"notion\": unknown key \"zzzzzz\" [CONFIG_UNKNOWN_KEY]",
            ])
        #expect(host.diagnostics[1].server == "notion")
        #expect(host.diagnostics[1].key == "hedaers")
        #expect(throws: Never.self) { try host.servers[0].result.get() }
    }

    @Test("Another program's large file gets a few warnings and a count")
    func manyUnknownKeys() throws {
        let members =
            "\"servers\": {\"s\": {\"command\": \"x\"}}, "
            + (0..<500).map { "\"k\($0)\": 1" }.joined(separator: ", ")
        let host = try configuration("{\(members)}")
        #expect(host.diagnostics.count == 21)
        #expect(host.diagnostics.last?.message == "480 more unknown keys")
    }

    @Test("A server or key that stands twice is a warning; the last one counts")
    func duplicates() throws {
        let host = try configuration(
            """
            {"servers": {
              "a": {"command": "first"},
              "a/b": {"command": "x", "command": "y"},
              "a": {"command": "last"}
            }}
            """)
        #expect(host.servers.map(\.name) == ["a", "a/b"])
        #expect(try host.servers[0].result.get().transport.stdio?.command.value == "last")
        #expect(host.diagnostics.map(\.code) == [.configDuplicateKey, .configDuplicateKey])
        #expect(host.diagnostics.map(\.server) == ["a/b", nil])
        #expect(host.diagnostics.map(\.key) == ["command", "servers.a"])
    }

    @Test("Lone surrogates and other odd strings do no harm")
    func oddStrings() throws {
        let host = try configuration(
            "{\"servers\": {\"\\ud800\": {\"command\": \"\\udc00\"}, \"n\": {\"command\": \"a\\u0000b\"}}}")
        #expect(host.servers.count == 2)
        #expect(host.servers[1].result.failureCode == .configServerInvalid)
    }

    @Test(
        "Names that cannot be addressed are refused, others not",
        arguments: [
            ("", false), ("  ", false), ("a\\nb", false), ("a\\u202eb", false), ("a\\u200bb", false),
            (String(repeating: "a", count: 65), false), (String(repeating: "a", count: 64), true), ("a__b", true),
            ("a/b", true), ("a b", true), ("Größe 雪", true), ("-x", true), ("~", true),
        ])
    func names(name: String, isGood: Bool) throws {
        let host = try configuration("{\"servers\": {\"\(name)\": {\"command\": \"x\"}, \"ok\": {\"command\": \"x\"}}}")
        #expect(host.servers[0].result.failureCode == (isGood ? nil : .configServerName))
        #expect(host.servers[1].result.failureCode == nil)
        #expect(host.diagnostics.filter { $0.severity == .error }.count == (isGood ? 0 : 1))
    }

    @Test("A JSON file that is YAML, and a YAML file that is JSON with comments, are told what to be called")
    func mixedUp() throws {
        let json = #expect(throws: OmlxError.self) { try configuration("# mine\nservers:\n  a:\n    command: x\n") }
        #expect(json?.code == .configInvalidJSON)
        #expect(json?.nextStep?.plainText.contains("mcp.yaml") == true)
        let yaml = #expect(throws: OmlxError.self) {
            try configuration("{ // c\n \"servers\": {} }", path: "/c/mcp.yaml")
        }
        #expect(yaml?.code == .configInvalidYAML)
        #expect(yaml?.nextStep?.plainText.contains("mcp.json") == true)
    }
}

extension Result where Failure == OmlxError {
    var failureCode: ErrorCode? {
        if case .failure(let error) = self { return error.code }
        return nil
    }
}
