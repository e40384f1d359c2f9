// What is read as it stands and may not be what was meant, variables that are no text, names that could be mistaken.

import OmlxErrors
import TestSupport
import Testing

@testable import OmlxConfiguration

@Suite struct DoubtfulValueTests {
    @Test(
        "A timeout is seconds; above 1,000 the hours are told, and that others write milliseconds",
        arguments: [
            (1000, nil, 1000), (1001, "0.3 hours", 1001), (30000, "8.3 hours", 30000), (86400, "24 hours", 86400),
            (600_000, "166.7 hours", 86400),
        ] as [(Int, String?, Int)])
    func timeouts(written: Int, hours: String?, seconds: Int) throws {
        let (server, host) = try oneServer("{\"command\": \"x\", \"timeout\": \(written)}")
        #expect(try server.result.get().timeout == .seconds(seconds))
        let top = try configuration("{\"default_timeout\": \(written), \"servers\": {\"s\": {\"command\": \"x\"}}}")
        #expect(top.defaultTimeout == .seconds(seconds))
        for diagnostics in [host.diagnostics, top.diagnostics] {
            #expect(diagnostics.map(\.code) == (hours == nil ? [] : [.configDoubtful]))
            guard let hours, let remark = diagnostics.first else { continue }
            #expect(remark.severity == .warning)
            #expect(remark.message.contains(hours) && remark.message.contains("milliseconds"), "\(remark.message)")
            #expect(remark.message.contains("of which 24 are used") == (written > 86400))
        }
    }

    @Test(
        "What a shell would expand stays, with a warning",
        arguments: [
            ("\"args\": [\"~\"]", "args[0]", "~"), ("\"args\": [\"a\", \"~/x\"]", "args[1]", "~/"),
            ("\"args\": [\"--dir=~/x\"]", "args[0]", "~/"), ("\"args\": [\"$HOME/x\"]", "args[0]", "$HOME"),
            ("\"args\": [\"-v\", \"$HOME:/data\"]", "args[1]", "$HOME"), ("\"args\": [\"x$SET-y\"]", "args[0]", "$SET"),
            ("\"args\": [\"$OTHER\"]", "args[0]", "before a name"), ("\"env\": {\"D\": \"~/d\"}", "env.D", "~/"),
            ("\"env\": {\"D\": \"$HOME/bin\"}", "env.D", "$HOME"), ("\"cwd\": \"$HOME/x\"", "cwd", "$HOME"),
        ])
    func unexpanded(members: String, key: String, mark: String) throws {
        let (server, host) = try oneServer("{\"command\": \"x\", \(members)}", environment: ["SET": "1"])
        #expect(throws: Never.self) { try server.result.get() }
        #expect(host.diagnostics.map(\.code) == [.configDoubtful], "\(host.diagnostics)")
        #expect(host.diagnostics.first?.key == key)
        #expect(host.diagnostics.first?.message.contains(mark) == true, "\(host.diagnostics)")
    }

    @Test("So in headers and addresses")
    func unexpandedHTTP() throws {
        for entry in [
            "{\"url\": \"https://h/\", \"headers\": {\"Authorization\": \"Bearer $TOKEN\"}}",
            "{\"url\": \"https://h/?key=$API_KEY\"}",
        ] {
            #expect(try oneServer(entry).1.diagnostics.map(\.code) == [.configDoubtful])
        }
    }

    @Test(
        "What is no variable of a shell is not warned of",
        arguments: [
            "^foo$", "$1", "a$", "$${HOME}", "$$HOME", "x~y", "/~/", "price$USD", "${SET}", "$lower", "jq .[$x]",
            "p4$$w0rd",
        ])
    func noVariable(text: String) throws {
        let (_, host) = try oneServer(
            "{\"command\": \"x\", \"args\": [\"\(text)\"], \"env\": {\"A\": \"\(text)\"}}", environment: ["SET": "1"])
        #expect(host.diagnostics.isEmpty, "\(host.diagnostics)")
    }

    @Test("A shell's own arguments are the shell's; what could be a password is not quoted")
    func shells() throws {
        #expect(try oneServer("{\"command\": \"/bin/sh\", \"args\": [\"-c\", \"echo $HOME\"]}").1.diagnostics.isEmpty)
        let (_, host) = try oneServer("{\"command\": \"x\", \"env\": {\"PASSWORD\": \"a:$HUNTER2\"}}")
        #expect(
            !host.diagnostics.contains {
                $0.description.contains("HUNTER2") || $0.nextStep?.plainText.contains("HUNTER2") == true
            })
    }

    @Test("VS Code's variables for the folder's name and the separator")
    func editorVariables() throws {
        let (server, host) = try oneServer(
            "{\"command\": \"x\", \"args\": [\"${workspaceFolderBasename}\", \"a${pathSeparator}b\", \"a${/}b\"]}")
        #expect(try server.result.get().transport.stdio?.arguments.map(\.value) == ["conf", "a/b", "a/b"])
        #expect(host.diagnostics.isEmpty)
        #expect(host.namedVariables.isEmpty)
    }

    @Test("A variable that is no UTF-8 text fails the servers that need it, and says so")
    func unreadableVariables() throws {
        let folder = try ConfigurationFolder()
        let path = folder.write(
            "mcp.json",
            "{\"servers\": {\"a\": {\"command\": \"x\", \"env\": {\"K\": \"${BAD:-d}\"}}, \"b\": {\"command\": \"x\", \"env\": {\"K\": \"${input:bad}\"}}, \"c\": {\"command\": \"x\"}}}"
        )
        let host = try HostConfiguration.load(
            explicitPath: path, environment: [:], workingDirectory: "/", homeDirectory: "",
            unreadableVariables: ["BAD", "OMLX_INPUT_BAD"])
        #expect(host.servers.map(\.result.failureCode) == [.configVariableUnset, .configVariableUnset, nil])
        #expect(host.diagnostics.allSatisfy { $0.message.contains("not UTF-8") })
    }

    @Test(
        "A name that begins like another server's tools is a warning",
        arguments: [
            (["a", "a__b"], ["a__b"]), (["a__b", "a"], ["a__b"]), (["a", "a_"], ["a_"]), (["a", "ab"], []),
            (["a", "a_b"], []), (["a", "b__a"], []), (["x__y", "x__y__z", "x"], ["x__y", "x__y__z"]),
        ])
    func names(names: [String], warned: [String]) throws {
        let entries = names.map { "\"\($0)\": {\"command\": \"x\"}" }.joined(separator: ", ")
        let host = try configuration("{\"servers\": {\(entries)}}")
        #expect(Set(host.diagnostics.compactMap(\.server)) == Set(warned))
        #expect(host.diagnostics.allSatisfy { $0.code == .configDoubtful && $0.severity == .warning })
    }

    @Test("Two servers whose names differ by normalization are two, with a warning")
    func twins() throws {
        let host = try configuration(
            "{\"servers\": {\"\u{E9}\": {\"command\": \"one\"}, \"e\u{301}\": {\"command\": \"two\"}}}")
        #expect(host.servers.count == 2)
        #expect(host.diagnostics.map(\.code) == [.configDoubtful])
        let commands = ["\u{E9}", "e\u{301}"].map {
            try? host.server(named: $0)?.result.get().transport.stdio?.command.value
        }
        #expect(commands == ["one", "two"])
        let single = try configuration("{\"servers\": {\"e\u{301}\": {\"command\": \"two\"}}}")
        #expect(single.server(named: "\u{E9}") != nil)
    }

    @Test("Texts that begin with a combining mark are values, and secrets among them are not shown")
    func combiningMarks() throws {
        let shown = SecretMask.maskedArguments(["--token=\u{301}hunter2", "--token", "\u{301}hunter2", "k:\u{301}x"])
        #expect(!shown.joined().contains("hunter2"))
        #expect(!SecretMask.maskedURL("https://h/?token=\u{301}hunter2").contains("hunter2"))
        let stdio = try settings(
            "{\"command\": \"x\", \"env\": {\"A\": \"\u{301}v\"}, \"args\": [\"${A:-\u{301}d}\"]}"
        ).transport.stdio
        #expect(stdio?.environment.first?.value.opened.unicodeScalars.first == "\u{301}")
        #expect(stdio?.arguments.first?.value.unicodeScalars.count == 2)
    }
}
