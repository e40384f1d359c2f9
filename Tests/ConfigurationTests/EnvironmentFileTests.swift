// `envFile`: what its lines mean, which variables win, and what is said of one that cannot be used.

import OmlxErrors
import Glibc
import TestSupport
import Testing

@testable import OmlxConfiguration

@Suite struct EnvironmentFileTests {
    private func variables(_ text: String) -> [String] {
        EnvironmentFileText(Array(text.utf8)).variables.map {
            "\($0.name)=\(String(decoding: $0.value, as: UTF8.self))"
        }
    }

    @Test("Lines are read as VS Code reads them")
    func lines() {
        #expect(
            variables("A=1\nB = two words \n\n# c\nexport C=3\r\nexport=4") == [
                "A=1", "B=two words", "C=3", "export=4",
            ])
        #expect(variables("A=\nB=x # comment\nC='a # b' # c") == ["A=", "B=x", "C=a # b"])
        #expect(variables(#"A="x\ny\"z" B"#) == ["A=x\ny\"z"])
        #expect(variables("A='x\\ny'\nB=`it's`") == ["A=x\\ny", "B=it's"])
        #expect(variables("A=\"one\ntwo\"\nB=3") == ["A=one\ntwo", "B=3"])
        #expect(variables("A=\"unclosed\nB=${A}") == ["A=\"unclosed", "B=${A}"])
        #expect(variables("\u{feff}A.b-c=1") == ["A.b-c=1"])
        let odd = EnvironmentFileText(Array("A=1\nnothing\n=x\n\"A\"=1\nB=\"1\n2\"\n???".utf8))
        #expect(odd.oddLines == [2, 3, 4, 7] && odd.variables.map(\.name) == ["A", "B"])
        #expect(variables("").isEmpty && variables("\n \t\r\n#").isEmpty)
    }

    private func load(_ folder: ConfigurationFolder, _ entry: String, _ environment: [String: String] = [:]) throws
        -> HostConfiguration
    {
        folder.write("mcp.json", "{\"servers\": {\"s\": \(entry)}}")
        return try HostConfiguration.load(
            explicitPath: "\(folder.path)/mcp.json", environment: environment, workingDirectory: "/", homeDirectory: "")
    }

    private func variables(_ host: HostConfiguration) throws -> [String] {
        try host.servers[0].result.get().transport.stdio?.environment.map { "\($0.name)=\($0.value.opened)" } ?? []
    }

    @Test("The program gets them, `env` wins, the path starts at the configuration's folder, and no value is shown")
    func used() throws {
        let folder = try ConfigurationFolder()
        folder.write("sub/.env", "A=secret-a\nB=secret-b\nA=last-a")
        for path in ["sub/.env", "${workspaceFolder}/sub/.env", "${F}/.env"] {
            let host = try load(
                folder, #"{"command": "x", "env": {"B": "own"}, "envFile": "\#(path)"}"#, ["F": "\(folder.path)/sub"])
            #expect(try variables(host) == ["A=last-a", "B=own"])
            #expect(host.diagnostics.isEmpty && !"\(host)".contains("last-a"))
        }
    }

    @Test("One that cannot be read fails its server; a disabled server does not need it; over HTTP it has no meaning")
    func missing() throws {
        let folder = try ConfigurationFolder()
        let host = try load(folder, #"{"command": "x", "envFile": "none"}"#)
        #expect(throws: OmlxError.self) { try host.servers[0].result.get() }
        #expect(host.diagnostics.map(\.code) == [.configServerInvalid])
        #expect(host.diagnostics.first?.message.contains("\"envFile\"") == true)
        #expect(try load(folder, #"{"command": "x", "envFile": "none", "disabled": true}"#).diagnostics.isEmpty)
        let http = try load(folder, #"{"url": "https://h/", "envFile": "none"}"#)
        #expect(http.diagnostics.map(\.code) == [.configIgnoredKey])
        mkfifo("\(folder.path)/pipe", 0o600)
        #expect(try load(folder, #"{"command": "x", "envFile": "pipe"}"#).diagnostics.count == 1)
        #expect(try load(folder, #"{"command": "x", "envFile": 7}"#).diagnostics.count == 1)
    }

    @Test("A line that is no variable is named by its number alone")
    func oddLine() throws {
        let folder = try ConfigurationFolder()
        folder.write("e", "A=1\nsecret-without-a-name\nB=2")
        let host = try load(folder, #"{"command": "x", "envFile": "e"}"#)
        #expect(try variables(host) == ["A=1", "B=2"])
        let warning = try #require(host.diagnostics.first)
        #expect(warning.message.contains("line 2") && !warning.message.contains("secret-without"))
    }

    @Test("One that others may write to, or in a folder where others can replace it, is not used")
    func open() throws {
        let folder = try ConfigurationFolder()
        folder.write("d/e", "A=1")
        let entry = #"{"command": "x", "envFile": "d/e"}"#
        chmod("\(folder.path)/d/e", 0o666)
        #expect(try load(folder, entry).diagnostics.map(\.code) == [.configPermissions])
        chmod("\(folder.path)/d/e", 0o644)
        #expect(try load(folder, entry).diagnostics.isEmpty)
        chmod("\(folder.path)/d", 0o777)
        let host = try load(folder, entry)
        #expect(host.diagnostics.map(\.code) == [.configPermissions])
        #expect(host.diagnostics.first?.nextStep?.plainText.contains("chmod go-w \(folder.path)/d") == true)
    }
}
