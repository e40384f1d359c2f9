// One server's entry: transports and their spellings, and every way an entry can be broken.

import OmlxErrors
import TestSupport
import Testing

@testable import OmlxConfiguration

@Suite struct ServerEntryTests {
    @Test(
        "Mistake 2: the transport is named in any spelling, or inferred",
        arguments: [
            ("{\"command\": \"x\"}", "stdio"), ("{\"url\": \"https://h/\"}", "streamable-http"),
            ("{\"serverUrl\": \"https://h/\"}", "streamable-http"),
            ("{\"httpUrl\": \"https://h/\"}", "streamable-http"),
            ("{\"transport\": \"stdio\", \"command\": \"x\"}", "stdio"),
            ("{\"type\": \"STDIO\", \"command\": \"x\"}", "stdio"),
            ("{\"type\": \"http\", \"url\": \"https://h/\"}", "streamable-http"),
            ("{\"type\": \"streamable-http\", \"url\": \"https://h/\"}", "streamable-http"),
            ("{\"type\": \"streamable_http\", \"url\": \"https://h/\"}", "streamable-http"),
            ("{\"type\": \"streamableHttp\", \"url\": \"https://h/\"}", "streamable-http"),
            ("{\"type\": \"streamablehttp\", \"url\": \"https://h/\"}", "streamable-http"),
            ("{\"transport\": \"sse\", \"url\": \"https://h/\"}", "sse"),
            ("{\"type\": \"SSE\", \"url\": \"https://h/\"}", "sse"),
            ("{\"transport\": \"sse\", \"type\": \"sse\", \"url\": \"https://h/\"}", "sse"),
            ("{\"transport\": null, \"command\": \"x\", \"url\": null}", "stdio"),
        ])
    func transports(entry: String, name: String) throws {
        let (server, host) = try oneServer(entry)
        #expect(try server.result.get().transport.name == name)
        #expect(server.transportName == name)
        #expect(host.diagnostics.isEmpty)
    }

    @Test(
        "A broken entry fails with its code, and only that server",
        arguments: [
            ("[]", .configServerInvalid), ("\"x\"", .configServerInvalid), ("null", .configServerInvalid),
            ("{}", .configCommandMissing), ("{\"args\": []}", .configCommandMissing),
            ("{\"command\": \"x\", \"url\": \"https://h/\"}", .configServerInvalid),
            ("{\"transport\": \"stdio\", \"url\": \"https://h/\"}", .configCommandMissing),
            ("{\"transport\": \"sse\", \"command\": \"x\"}", .configURLMissing),
            ("{\"url\": \"\"}", .configURLMissing), ("{\"command\": \"\"}", .configCommandMissing),
            ("{\"command\": \"  \"}", .configCommandMissing), ("{\"command\": []}", .configServerInvalid),
            ("{\"command\": [{}]}", .configServerInvalid), ("{\"command\": {\"args\": []}}", .configServerInvalid),
            ("{\"command\": 1}", .configServerInvalid), ("{\"type\": \"websocket\"}", .configTransportUnknown),
            ("{\"type\": \"\", \"command\": \"x\"}", .configTransportUnknown),
            ("{\"type\": 1, \"command\": \"x\"}", .configServerInvalid),
            ("{\"command\": \"x\", \"args\": \"-a -b\"}", .configServerInvalid),
            ("{\"command\": \"x\", \"args\": [[1]]}", .configServerInvalid),
            ("{\"command\": \"x\", \"args\": {\"a\": 1}}", .configServerInvalid),
            ("{\"command\": \"x\", \"env\": [\"A=1\"]}", .configServerInvalid),
            ("{\"command\": \"x\", \"env\": {\"A\": [1]}}", .configServerInvalid),
            ("{\"command\": \"x\", \"env\": {\"A=B\": \"1\"}}", .configServerInvalid),
            ("{\"command\": \"x\", \"env\": {\"\": \"1\"}}", .configServerInvalid),
            ("{\"command\": \"x\", \"env\": {\"A\": \"\\u0000\"}}", .configServerInvalid),
            ("{\"command\": \"x\", \"cwd\": 1}", .configServerInvalid),
            ("{\"command\": \"x\", \"cwd\": \"\"}", .configServerInvalid),
            ("{\"command\": \"x\", \"timeout\": 0}", .configServerInvalid),
            ("{\"command\": \"x\", \"timeout\": -1}", .configServerInvalid),
            ("{\"command\": \"x\", \"timeout\": \"30\"}", .configServerInvalid),
            ("{\"command\": \"x\", \"timeout\": 1e999}", .configServerInvalid),
            ("{\"command\": \"x\", \"enabled\": \"yes\"}", .configServerInvalid),
            ("{\"command\": \"x\", \"disabledTools\": true}", .configServerInvalid),
            ("{\"command\": \"x\", \"includeTools\": [\"a\", 1]}", .configServerInvalid),
            ("{\"command\": \"x\", \"disabled\": 0}", .configServerInvalid),
            ("{\"url\": \"https://h/\", \"headers\": []}", .configServerInvalid),
            ("{\"url\": \"https://h/\", \"headers\": {\"A\": {}}}", .configServerInvalid),
            ("{\"url\": \"https://h/\", \"tls\": true}", .configServerInvalid),
            ("{\"url\": \"https://h/\", \"tls\": {\"ca\": 1}}", .configTLSInvalid),
            ("{\"url\": \"https://h/\", \"tls\": {\"ca\": \"/nowhere/ca.pem\"}}", .configTLSInvalid),
            ("{\"url\": \"https://h/\", \"tls\": {\"ca\": \"/\"}}", .configTLSInvalid),
            ("{\"url\": \"https://h/\", \"tls\": {\"key\": \"/etc/passwd\"}}", .configTLSInvalid),
        ] as [(String, ErrorCode)])
    func broken(entry: String, code: ErrorCode) throws {
        #expect(try failure(entry)?.code == code)
        let host = try configuration("{\"servers\": {\"bad\": \(entry), \"good\": {\"command\": \"x\"}}}")
        #expect(host.servers.map(\.name) == ["bad", "good"])
        #expect(throws: Never.self) { try host.servers[1].result.get() }
    }

    @Test("A wrong type names key, what was found and what is wanted, and the place")
    func wrongType() throws {
        let error = try #require(try failure("{\"command\": \"x\", \"args\": [\"a\", []]}"))
        #expect(error.message == "server \"s\": \"args[1]\" must be a string, found an array")
        #expect(error.compared.map(\.value) == ["/srv/conf/mcp.json:1:36"])
        #expect(try failure("{\"command\": 1}")?.nextStep == "write the value in quotes")
    }

    @Test("All that is wrong with a server is told, not the first thing only")
    func allErrors() throws {
        let (_, host) = try oneServer("{\"url\": \"ftp://h/\", \"timeout\": 0, \"headers\": {\"a b\": \"\"}}")
        #expect(Set(host.diagnostics.map(\.code)) == [.configURLInvalid, .configServerInvalid, .configHeaderInvalid])
    }

    @Test("enabled and disabled, also when they contradict each other")
    func enabled() throws {
        let cases = [
            ("", true), (", \"enabled\": false", false), (", \"disabled\": true", false),
            (", \"enabled\": true, \"disabled\": false", true), (", \"enabled\": false, \"disabled\": true", false),
        ]
        for (keys, isEnabled) in cases {
            let (server, host) = try oneServer("{\"command\": \"x\"\(keys)}")
            #expect(server.isEnabled == isEnabled)
            #expect(host.diagnostics.isEmpty)
        }
        for keys in ["\"enabled\": true, \"disabled\": true", "\"enabled\": false, \"disabled\": false"] {
            let (server, host) = try oneServer("{\"command\": \"x\", \(keys)}")
            #expect(!server.isEnabled)
            #expect(host.diagnostics.map(\.severity) == [.warning])
        }
    }

    @Test("A disabled server needs none of its variables, and its errors are warnings")
    func disabled() throws {
        let (server, host) = try oneServer("{\"url\": \"https://${NOT_SET}/\", \"enabled\": false}")
        #expect(throws: OmlxError.self) { try server.result.get() }
        #expect(host.diagnostics.allSatisfy { $0.severity == .warning })
        let (other, clean) = try oneServer("{\"command\": \"${NOT_SET}\", \"disabled\": true}")
        #expect(try other.result.get().transport.stdio?.command.value == "${NOT_SET}")
        #expect(clean.diagnostics.isEmpty)
    }

    @Test("Mistake 3: a server's own timeout counts before default_timeout")
    func timeout() throws {
        let host = try configuration(
            "{\"default_timeout\": 7, \"servers\": {\"a\": {\"command\": \"x\", \"timeout\": 2.5}, \"b\": {\"command\": \"x\"}}}"
        )
        #expect(try host.servers.map { try $0.result.get().timeout } == [.milliseconds(2500), .seconds(7)])
    }

    @Test(
        "Keys without meaning for the transport are warnings",
        arguments: [
            ("{\"command\": \"x\", \"auth\": {\"type\": \"oauth2\"}}", "auth"),
            ("{\"command\": \"x\", \"oauth\": 1}", "oauth"), ("{\"command\": \"x\", \"headers\": {}}", "headers"),
            ("{\"command\": \"x\", \"tls\": {}}", "tls"), ("{\"url\": \"https://h/\", \"env\": {}}", "env"),
            ("{\"type\": \"stdio\", \"command\": \"x\", \"url\": \"https://h/\"}", "url"),
            ("{\"type\": \"http\", \"command\": \"x\", \"url\": \"https://h/\"}", "command"),
            ("{\"transport\": \"sse\", \"type\": \"http\", \"url\": \"https://h/\"}", "type"),
            ("{\"url\": \"https://h/\", \"httpUrl\": \"https://i/\"}", "httpUrl"),
        ])
    func ignored(entry: String, key: String) throws {
        let (server, host) = try oneServer(entry)
        #expect(throws: Never.self) { try server.result.get() }
        #expect(host.diagnostics.map(\.code) == [.configIgnoredKey])
        #expect(host.diagnostics.first?.key == key)
    }

    @Test("Paths: ~/ is the home folder, cwd and tls start at the file's folder, a bare command stays")
    func paths() throws {
        let host = try configuration(
            """
            {"servers": {"a": {"command": "~/bin/x", "cwd": "./sub"}, "b": {"command": "npx", "cwd": "~"},
             "c": {"command": "${D}/x", "cwd": "/abs"}}}
            """, environment: ["D": "~"])
        let stdio = try host.servers.map { try #require(try $0.result.get().transport.stdio) }
        #expect(stdio.map(\.command.value) == ["/home/ada/bin/x", "npx", "/home/ada/x"])
        #expect(stdio.map { $0.workingDirectory?.value } == ["/srv/conf/sub", "/home/ada", "/abs"])
        #expect(stdio[0].command.description == "~/bin/x")
    }

    @Test("tls paths start at the file's folder")
    func tls() throws {
        let folder = try ConfigurationFolder()
        folder.write("ca.pem", "x")
        let file = folder.write(
            "mcp.json", "{\"servers\": {\"s\": {\"url\": \"https://h/\", \"tls\": {\"ca\": \"ca.pem\"}}}}")
        let host = try HostConfiguration.load(
            explicitPath: file, environment: [:], workingDirectory: "/", homeDirectory: "")
        let tls = try host.servers[0].result.get().tls
        #expect(tls.authorities?.value == "\(folder.path)/ca.pem")
        #expect(!tls.isEmpty)
    }

    @Test("env and args keep their order")
    func order() throws {
        let stdio = try #require(
            try settings("{\"command\": \"x\", \"args\": [\"b\", \"a\"], \"env\": {\"Z\": \"1\", \"A\": \"2\"}}")
                .transport.stdio)
        #expect(stdio.arguments.map(\.value) == ["b", "a"])
        #expect(stdio.environment.map(\.name) == ["Z", "A"])
    }
}
