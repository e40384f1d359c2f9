// The configuration as YAML.

import OmlxErrors
import Testing

@testable import OmlxConfiguration

@Suite struct YAMLConfigurationTests {
    private func yaml(_ text: String, environment: [String: String] = [:]) throws(OmlxError) -> HostConfiguration {
        try configuration(text, environment: environment, path: "/srv/conf/mcp.yaml")
    }

    @Test("YAML means what the same JSON means")
    func equivalent() throws {
        let host = try yaml(
            """
            # a comment
            max_tool_calls: 3
            default_timeout: 1.5
            servers:
              files:
                command: npx
                args: [-y, "@x/y", "8080", '${A}']
                env:
                  MODE: yes
                  OCTAL: "010"
                timeout: 2
              notion:
                url: https://mcp.notion.com/mcp
                enabled: true
                auth:
                  type: oauth2
                  scopes: [a, b]
            """, environment: ["A": "alpha"])
        #expect(host.diagnostics.isEmpty)
        #expect(host.maxToolCalls == 3)
        let stdio = try #require(try host.servers[0].result.get().transport.stdio)
        #expect(stdio.arguments.map(\.value) == ["-y", "@x/y", "8080", "alpha"])
        #expect(stdio.environment.map(\.value.opened) == ["yes", "010"])
        #expect(try host.servers[0].result.get().timeout == .seconds(2))
        #expect(try host.servers[1].result.get().auth?.signIn.scopes == ["a", "b"])
        #expect(host.servers.map(\.line) == [5, 12])
    }

    @Test("Anchors, aliases and merge keys; an own key counts before a merged one, whatever the order")
    func anchors() throws {
        let host = try yaml(
            """
            x-base: &base
              command: base
              args: &args [one]
              timeout: 5
            x-more: &more {cwd: /more, command: more}
            servers:
              a: {command: own, <<: *base}
              b: {<<: [*base, *more]}
              c: {command: c, args: *args}
            """)
        #expect(host.diagnostics.isEmpty)
        let stdio = try host.servers.map { try #require(try $0.result.get().transport.stdio) }
        #expect(stdio.map(\.command.value) == ["own", "base", "c"])
        #expect(stdio.map { $0.arguments.map(\.value) } == [["one"], ["one"], ["one"]])
        #expect(stdio[1].workingDirectory?.value == "/more")
        #expect(try host.servers[0].result.get().timeout == .seconds(5))
    }

    @Test(
        "Scalars have the types of the YAML 1.2 core schema",
        arguments: [
            ("30", true), ("0x1E", true), ("0o36", true), ("3e1", true), ("+30", true), ("30.", true), (".5e2", true),
            ("!!int 30", true), ("!!float \"30\"", true), ("\"30\"", false), ("'30'", false), ("!!str 30", false),
            ("1:30", false), (".nan", false), (".inf", false), ("-.inf", false), ("nan", false), ("1_000", false),
            ("true", false), ("0xZZ", false), ("1e999", false), ("[30]", false), ("|\n      30", false),
        ])
    func scalars(text: String, isNumber: Bool) throws {
        let host = try yaml("servers:\n  s:\n    command: x\n    timeout: \(text)\n")
        #expect((host.servers[0].result.failureCode == nil) == isNumber)
        #expect(host.diagnostics.allSatisfy { $0.line == 4 && $0.column == 5 })
    }

    @Test("Only true and false, in quotes too, are booleans; null and an empty value are nothing")
    func booleans() throws {
        for (text, isGood) in [
            ("true", true), ("False", true), ("yes", false), ("off", false), ("\"true\"", true),
            ("null", true), ("~", true), ("", true),
        ] {
            let host = try yaml("servers: {s: {command: x, enabled: \(text)}}")
            #expect((host.servers[0].result.failureCode == nil) == isGood, "\(text)")
        }
    }

    @Test(
        "Text that is not YAML is an error with file, line and column",
        arguments: [
            ("a: [1\nb: 2", "mcp.yaml:2:"), ("a: b: c", "mcp.yaml:1:5"), ("\ta: 1", "mcp.yaml:1:1"),
            ("a: *x", "mcp.yaml:1:4"),
            ("a: 1\n---\nb: 2", "mcp.yaml:2:1"), ("a: \"\\ud800\"", "mcp.yaml:1:"), ("a: 1\na: 2", "mcp.yaml:1:1"),
            ("? [a]\n: 1", "mcp.yaml:1:3"), ("s: {<<: 1}", "mcp.yaml:1:9"), ("a: \u{1}", "mcp.yaml:1:"),
            (String(repeating: "[", count: 100_000), "mcp.yaml"), (String(repeating: "- ", count: 100_000), "mcp.yaml"),
            (String(repeating: "[", count: 900) + String(repeating: "]", count: 900), "mcp.yaml:1:202"),
        ])
    func syntax(text: String, place: String) throws {
        let error = #expect(throws: OmlxError.self) { try yaml(text) }
        #expect(error?.code == .configInvalidYAML)
        #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
    }

    @Test("A YAML error does not quote the file")
    func noQuotes() throws {
        for text in ["secret: hunter2\na: [hunter2: }", "hunter2: \"\\q\"", "a: hunter2: hunter2"] {
            let error = #expect(throws: OmlxError.self) { try yaml(text) }
            #expect("\(error.map { "\($0)" } ?? "hunter2")".contains("hunter2") == false)
        }
    }

    @Test("Aliases that grow without end are refused, in values, in merges and in keys")
    func billionLaughs() throws {
        var values = "a0: &a0 [x, x]\n"
        var merges = "m0: &m0 {k: 1}\n"
        var keys = "k0: &k0 [x, x]\n"
        var shadowed = "s: &s [x, x]\n"
        for level in 1...30 {
            let list = Array(repeating: "a\(level - 1)", count: 9).map { "*\($0)" }.joined(separator: ", ")
            values += "a\(level): &a\(level) [\(list)]\n"
            merges += "m\(level): &m\(level) {<<: [*m\(level - 1), *m\(level - 1), *m\(level - 1)]}\n"
            keys += "k\(level): &k\(level) [*k\(level - 1), *k\(level - 1), *k\(level - 1)]\n"
            shadowed += "s\(level): &s [*s, *s, *s]\n"
        }
        for text in [
            values, merges, keys + "? *k30\n: 1\n", keys + "*k30 : 1\n", keys + "[*k30]: 1\n", shadowed + "? *s\n: 1\n",
        ] {
            let error = #expect(throws: OmlxError.self) { try yaml(text) }
            #expect(error?.code == .configInvalidYAML)
        }
    }

    @Test("Many servers sharing defaults are no bomb, even with ports after variables")
    func manyAliases() throws {
        var text = "x-a: &a {timeout: 5}\nx-b: &b {headers: {A: b}}\nservers:\n"
        for number in 0..<300 { text += "  s\(number): {url: 'http://${H}:\(8000 + number)/', <<: [*a, *b]}\n" }
        let host = try yaml(text, environment: ["H": "localhost"])
        #expect(host.servers.count == 300)
        #expect(host.diagnostics.isEmpty)
    }

    @Test(
        "A top level of another type is an error",
        arguments: ["- a", "just text", "servers: [a]", "servers: text", "3"])
    func root(text: String) throws {
        let error = #expect(throws: OmlxError.self) { try yaml(text) }
        #expect(error?.code == .configInvalidRoot)
    }
}
