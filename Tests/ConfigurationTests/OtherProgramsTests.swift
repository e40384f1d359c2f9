// Configurations as other programs write them: where the servers stand, and how an entry says what ours says.

import OmlxErrors
import Glibc
import OmlxJSON
import TestSupport
import Testing

@testable import OmlxConfiguration

@Suite struct OtherProgramsTests {
    private static let entry = "{\"command\": \"x\"}"

    // MARK: where the servers stand

    @Test(
        "Servers are read where other programs have them, with a warning that says so",
        arguments: [
            "{\"mcp\": {\"inputs\": [], \"servers\": {\"s\": \(entry)}}, \"editor.fontSize\": 12}",
            "{\"mcp.servers\": {\"s\": \(entry)}}", "{\"amp.mcpServers\": {\"s\": \(entry)}}",
            "{\"theme\": \"One\", \"context_servers\": {\"s\": \(entry)}}", "{\"mcp_servers\": {\"s\": \(entry)}}",
            "{\"s\": \(entry)}", "{\"default_timeout\": 5, \"s\": \(entry)}",
            "{\"$schema\": \"x\", \"name\": \"s\", \"command\": \"x\"}",
            "{\"mcpServers\": {}, \"context_servers\": {\"s\": \(entry)}}",
        ])
    func places(text: String) throws {
        let host = try configuration(text)
        #expect(host.servers.map(\.name) == ["s"])
        #expect(try host.servers[0].result.get().transport.stdio?.command.value == "x")
        #expect(host.diagnostics.map(\.code) == [.configOtherForm], "\(host.diagnostics)")
        #expect(host.diagnostics[0].nextStep?.plainText.contains("mcpServers") == true)
        let root = try JSON.parseLocated(Array(text.utf8)).value
        guard case .place(let place, _) = ServersPlace.find(in: root) else { Issue.record("no place"); return }
        #expect(place.entries(in: root).map(\.name) == ["s"])
        #expect(place.settings(in: root)["s"] == nil)
    }

    @Test("A bare entry is named after its address or its program")
    func bareEntries() throws {
        let cases = [
            ("{\"url\": \"https://mcp.example.com/mcp\"}", "mcp.example.com"),
            ("{\"command\": \"/usr/bin/npx\", \"args\": [\"-y\", \"x\"]}", "npx"),
            ("{\"command\": \"npx -y x\"}", "npx"), ("{\"command\": [\"uvx\", \"x\"]}", "uvx"),
        ]
        for (text, name) in cases {
            let host = try configuration(text)
            #expect(host.servers.map(\.name) == [name])
            #expect(throws: Never.self) { try host.servers[0].result.get() }
        }
    }

    @Test("Keys of a bare map that are no servers are warned of; a broken place has its line")
    func bareMapRest() throws {
        let host = try configuration("{\n\"s\": {\"command\": \"x\",\n\"hedaers\": {}},\n\"note\": \"mine\"}")
        #expect(host.servers.map(\.name) == ["s"])
        #expect(host.diagnostics.map(\.code) == [.configOtherForm, .configUnknownKey, .configUnknownKey])
        #expect(host.diagnostics.map(\.line) == [nil, 3, 4])
        #expect(host.diagnostics[1].server == "s" && host.diagnostics[1].key == "hedaers")
    }

    @Test(
        "A file without a place for servers is an error that says what to write",
        arguments: [
            ("{\"foo\": 1}", "mcpServers"), ("{\"name\": \"p\", \"dependencies\": {\"a\": \"1\"}}", "mcpServers"),
            ("{\"servres\": {\"s\": \(entry)}}", "rename \"servres\" to \"servers\""),
            ("{\"mcpservers\": {}}", "rename \"mcpservers\" to \"mcpServers\""),
            ("{\"mcp\": {\"s\": {\"type\": \"local\", \"command\": [\"x\"]}}}", "write them as {\"mcpServers\""),
            ("{\"s\": \(entry), \"t\": {\"comand\": \"x\"}}", "around the servers"),
            ("{\"extensions\": [{\"command\": \"x\"}]}", "mcpServers"), ("{\"inputs\": [], \"x\": {}}", "mcpServers"),
            ("{\"default_timeout\": 5, \"mine\": {\"s\": \(entry)}}", "mcpServers"),
        ])
    func noPlace(text: String, step: String) throws {
        for path in ["/srv/conf/mcp.json", "/srv/conf/mcp.yaml"] {
            let error = #expect(throws: OmlxError.self) { try configuration(text, path: path) }
            #expect(error?.code == .configInvalidRoot)
            #expect(error?.message.contains(path) == true)
            #expect(error?.nextStep?.plainText.contains(step) == true, "\(error?.nextStep?.plainText ?? "")")
        }
    }

    @Test("Another program's place of another type is an error too")
    func placeOfAnotherType() throws {
        let error = #expect(throws: OmlxError.self) { try configuration("{\"context_servers\": []}") }
        #expect(error?.code == .configInvalidRoot)
        #expect(error?.message.contains("context_servers") == true)
    }

    @Test(
        "No servers at all is valid, and said",
        arguments: [
            "{\"mcpServers\": {}}", "{\"servers\": {}, \"mcpServers\": {}}", "{}", "{\"servers\": null}",
            "{\"mcp\": {\"servers\": {}}}",
        ])
    func nothingConfigured(text: String) throws {
        let host = try configuration(text)
        #expect(host.servers.isEmpty)
        let remark = try #require(host.diagnostics.first { $0.code == .configNoServers })
        #expect(remark.severity == .warning && remark.message == "no server is configured")
        #expect(host.diagnostics.allSatisfy { $0.severity == .warning })
    }

    @Test("What is found in another place is reviewed before it is used, and edited there")
    func reviewed() async throws {
        let folder = try ConfigurationFolder()
        for text in [
            "{\"mcp\": {\"servers\": {\"s\": {\"command\": [\"sh\", \"-c\", \"evil\"], \"environment\": {\"A\": \"${SECRET}\"}}}}}",
            "{\"s\": {\"command\": {\"path\": \"sh\", \"args\": [\"-c\", \"evil\"], \"env\": {\"A\": \"${SECRET}\"}}}}",
            "{\"name\": \"s\", \"command\": \"sh\", \"args\": [\"-c\", \"evil\"], \"env\": {\"A\": \"${SECRET}\"}}",
        ] {
            let path = folder.write("mcp.json", text)
            let host = try HostConfiguration.load(
                explicitPath: path, environment: ["SECRET": "x"], workingDirectory: "/", homeDirectory: "")
            let review = try await host.review { _ in nil }
            #expect(review.servers.map(\.name) == ["s"])
            #expect(review.servers[0].items.contains { $0.label == "command" && $0.text == "sh -c evil" }, "\(text)")
            #expect(review.servers[0].items.contains { $0.label == "env A" })
            #expect(review.servers[0].variables.map(\.name) == ["SECRET"])
            #expect(review.settings.allSatisfy { !$0.text.contains("evil") })
        }
    }

    @Test("A number that is a secret is not shown when a configuration is reviewed")
    func reviewedNumbers() async throws {
        let folder = try ConfigurationFolder()
        let path = folder.write(
            "mcp.json",
            "{\"servers\": {\"s\": {\"url\": \"https://h/\", \"headers\": {\"X-Key\": 12345678}}, \"t\": {\"command\": \"x\", \"args\": [8080, \"--token\", 87654321], \"env\": {\"API_TOKEN\": 12345678}}}}"
        )
        let host = try HostConfiguration.load(
            explicitPath: path, environment: [:], workingDirectory: "/", homeDirectory: "")
        let review = try await host.review { _ in nil }
        #expect(!review.items.contains { $0.text.contains("12345678") || $0.kept.contains("87654321") })
        #expect(review.items.contains { $0.label == "command" && $0.text.hasPrefix("x 8080") })
    }

    // MARK: entries

    @Test(
        "Numbers and switches in env, headers and args are texts as they are spelled; null is as if absent",
        arguments: [
            "{\"command\": \"x\", \"args\": [8080, true, null, \"a\"], \"env\": {\"P\": 8080, \"R\": 0.50, \"E\": 1e3, \"B\": false, \"N\": null, \"T\": \"t\"}}"
        ])
    func scalars(entry: String) throws {
        let (server, host) = try oneServer(entry)
        let stdio = try #require(try server.result.get().transport.stdio)
        #expect(stdio.arguments.map(\.value) == ["8080", "true", "a"])
        #expect(stdio.environment.map(\.name) == ["P", "R", "E", "B", "T"])
        #expect(stdio.environment.map(\.value.opened) == ["8080", "0.50", "1e3", "false", "t"])
        #expect(host.diagnostics.isEmpty)
        let http = try settings("{\"url\": \"https://h/\", \"headers\": {\"X-A\": 7, \"X-B\": true, \"X-C\": null}}")
            .transport.http
        #expect(http?.headers.map(\.name) == ["X-A", "X-B"])
        #expect(http?.headers.map(\.value.opened) == ["7", "true"])
        let parameters = try auth(
            "{\"type\": \"oauth2\", \"extra_auth_params\": {\"max_age\": 3600, \"x\": true, \"n\": null}}"
        ).signIn.authorizationParameters
        #expect(parameters.map(\.value) == ["3600", "true"])
    }

    @Test("The same in YAML")
    func yamlScalars() throws {
        let host = try configuration(
            "servers:\n  s:\n    command: x\n    args: [8080, 007, 0x1F, 1_000]\n    env: {A: 1, B: true, C: null, D: ~, E: 00123, F: True, G: 1.50}\n    timeout: 0x1F\n",
            path: "/c/mcp.yaml")
        let stdio = try #require(try host.servers[0].result.get().transport.stdio)
        #expect(stdio.arguments.map(\.value) == ["8080", "007", "0x1F", "1_000"])
        #expect(stdio.environment.map(\.value.opened) == ["1", "true", "00123", "True", "1.50"])
        #expect(host.diagnostics.isEmpty, "\(host.diagnostics)")
    }

    @Test(
        "Other spellings of an entry mean the same",
        arguments: [
            "{\"type\": \"local\", \"command\": [\"p\", \"a\", \"b\"], \"environment\": {\"E\": \"1\"}}",
            "{\"command\": {\"path\": \"p\", \"args\": [\"a\", \"b\"], \"env\": {\"E\": \"1\"}}, \"source\": \"custom\"}",
            "{\"command\": [\"p\", \"a\"], \"args\": [\"b\"], \"env\": {\"E\": 1}}",
            "{\"transportType\": \"stdio\", \"command\": \"p\", \"args\": [\"a\", \"b\"], \"env\": {\"E\": \"1\"}, \"url\": \"\"}",
            "{\"command\": \"p\", \"args\": [\"a\", \"b\"], \"environment\": {\"E\": \"1\"}, \"env\": null, \"isActive\": true, \"disabled\": \"false\"}",
            "{\"command\": \"p\", \"args\": [\"a\", \"b\"], \"env\": {\"E\": \"1\"}, \"autoApprove\": [\"x\"], \"alwaysAllow\": [], \"trust\": true, \"description\": \"d\", \"name\": \"n\", \"dev\": {}}",
        ])
    func spellings(entry: String) throws {
        let (server, host) = try oneServer(entry)
        let stdio = try #require(try server.result.get().transport.stdio)
        #expect(stdio.command.value == "p" && stdio.arguments.map(\.value) == ["a", "b"])
        #expect(stdio.environment.map(\.name) == ["E"] && stdio.environment.map(\.value.opened) == ["1"])
        #expect(host.diagnostics.isEmpty, "\(host.diagnostics)")
    }

    @Test("remote is streamable HTTP; an empty command beside an address is none")
    func remote() throws {
        #expect(try settings("{\"type\": \"remote\", \"url\": \"https://h/\"}").transport.name == "streamable-http")
        #expect(try settings("{\"command\": \"\", \"url\": \"https://h/\"}").transport.name == "streamable-http")
        #expect(try settings("{\"command\": \"\", \"type\": \"sse\", \"url\": \"https://h/\"}").transport.name == "sse")
    }

    @Test(
        "What is switched off in another program's words is off",
        arguments: ["\"isActive\": false", "\"disabled\": \"true\"", "\"enabled\": \"False\""])
    func switchedOff(words: String) throws {
        #expect(try !oneServer("{\"command\": \"x\", \(words)}").0.isEnabled)
    }

    @Test("Two words for one thing are told")
    func twoWords() throws {
        let (server, host) = try oneServer(
            "{\"command\": \"x\", \"env\": {\"A\": \"1\"}, \"environment\": {\"A\": \"2\"}}")
        #expect(try server.result.get().transport.stdio?.environment.map(\.value.opened) == ["1"])
        #expect(host.diagnostics.map(\.key) == ["environment"])
    }

    // MARK: a whole command line

    @Test(
        "A command line is taken apart by blanks and quotes alone",
        arguments: [
            ("a b", ["a", "b"]), ("a  'b c'\t\"d e\"", ["a", "b c", "d e"]), ("a --x='b c'd", ["a", "--x=b cd"]),
            ("a '' \"\"", ["a", "", ""]), ("a \\n $HOME *", ["a", "\\n", "$HOME", "*"]),
            ("a ${X:-b c} d", ["a", "${X:-b c}", "d"]), ("a $${x y}", ["a", "$${x", "y}"]),
            ("a '\"' b", ["a", "\"", "b"]),
            ("a 'b", nil), (" a ", ["a"]), ("", []),
        ] as [(String, [String]?)])
    func words(line: String, words: [String]?) {
        #expect(CommandLineWords.split(line) == words)
    }

    @Test("A whole command line in command is read so when there are no args and no such program, with a warning")
    func commandLine() throws {
        let environment = ["T": "a b", "PATH": "/usr/bin:/bin"]
        let (server, host) = try oneServer(
            "{\"command\": \"npx -y 'my pkg' ${T} --token hunter22\", \"args\": []}", environment: environment)
        let stdio = try #require(try server.result.get().transport.stdio)
        #expect(stdio.command.value == "npx")
        #expect(stdio.arguments.map(\.value) == ["-y", "my pkg", "a b", "--token", "hunter22"])
        #expect(stdio.arguments.map(\.shown) == ["-y", "my pkg", "${T}", "--token", "<redacted>"])
        #expect(host.diagnostics.map(\.code) == [.configOtherForm])
        #expect(!host.diagnostics[0].description.contains("hunter22"))
        for (written, program) in [("'/opt/my tools/server'", "/opt/my tools/server"), (" server ", "server")] {
            let (alone, host) = try oneServer("{\"command\": \"\(written)\"}", environment: environment)
            #expect(try alone.result.get().transport.stdio?.command.value == program)
            #expect(host.diagnostics.map(\.code) == [.configOtherForm])
        }
        let (other, _) = try oneServer("{\"command\": \"npx -y\", \"args\": [\"x\"]}", environment: environment)
        #expect(try other.result.get().transport.stdio?.command.value == "npx -y")
    }

    @Test("A program whose name has a blank is that program")
    func programWithBlank() throws {
        let folder = try ConfigurationFolder()
        let program = folder.write("my server", "#!/bin/sh\n")
        for (command, path) in [(program, "/bin"), ("my server", folder.path)] {
            let (server, host) = try oneServer("{\"command\": \"\(command)\"}", environment: ["PATH": path])
            #expect(try server.result.get().transport.stdio?.command.value == command)
            #expect(host.diagnostics.isEmpty)
        }
        let (own, _) = try oneServer("{\"command\": \"my server\", \"env\": {\"PATH\": \"\(folder.path)\"}}")
        #expect(try own.result.get().transport.stdio?.command.value == "my server")
        let (inFolder, _) = try oneServer("{\"command\": \"./my server\", \"cwd\": \"\(folder.path)\"}")
        #expect(try inFolder.result.get().transport.stdio?.command.value == "./my server")
    }
}
