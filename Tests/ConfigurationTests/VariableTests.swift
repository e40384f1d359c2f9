// Variables in configured texts, and what of a text may be shown.

import OmlxErrors
import Testing

@testable import OmlxConfiguration

@Suite struct VariableTests {
    private static let environment = [
        "A": "alpha", "EMPTY": "", "LOOP": "${A}", "OMLX_INPUT_API_KEY": "k-1", "DOLLAR": "$", "OMLX_INPUT__": "odd",
    ]

    private func expanded(_ text: String) throws -> String {
        let scope = VariableScope(environment: Self.environment, configurationFolder: "/conf", homeFolder: "/home/ada")
        return try VariableTemplate(text).expanded(in: scope)
    }

    @Test(
        "Every form of a variable",
        arguments: [
            ("", ""), ("plain", "plain"), ("$A", "$A"), ("$", "$"), ("${A}", "alpha"), ("x${A}y${A}", "xalphayalpha"),
            ("${A:-d}", "alpha"), ("${N:-d}", "d"), ("${N:-}", ""), ("${EMPTY}", ""), ("${EMPTY:-d}", "d"),
            ("${env:A}", "alpha"), ("${env:N:-d}", "d"), ("${N:-a:-b}", "a:-b"), ("${N:-${A}}", "alpha"),
            ("${N:-x${M:-${A}}y}", "xalphay"), ("${N:-{}}", "{}"), ("${input:api-key}", "k-1"),
            ("${input:api.key}", "k-1"), ("${input:API_KEY}", "k-1"), ("$${A}", "${A}"), ("$$${A}", "$${A}"),
            ("$${", "${"), ("${LOOP}", "${A}"), ("${N:-$${A}}", "${A}"), ("${DOLLAR}{A}", "${A}"),
            ("${workspaceFolder}/x", "/conf/x"), ("${userHome}/x", "/home/ada/x"), ("é${A}雪", "éalpha雪"),
        ])
    func forms(text: String, value: String) throws {
        #expect(try expanded(text) == value)
        #expect(VariableTemplate(text).oddities.isEmpty)
    }

    @Test(
        "Unknown and unterminated forms stay, with a remark that quotes no value",
        arguments: [
            "${", "a${A", "${}", "${foo:bar}", "${1A}", "${A B}", "${env:}", "${input:}", "${input:x:-y}", "${-x}",
        ])
    func oddities(text: String) throws {
        #expect(try expanded(text) == text)
        #expect(VariableTemplate(text).oddities.count == 1)
        let (server, host) = try oneServer("{\"command\": \"\(text)\"}", environment: Self.environment)
        #expect(try server.result.get().transport.stdio?.command.value == text)
        #expect(host.diagnostics.map(\.code) == [.configVariableForm])
    }

    @Test("A password with a ${ in it is not quoted in the remark")
    func odditySecret() throws {
        let (_, host) = try oneServer("{\"command\": \"x\", \"env\": {\"P\": \"${hunter2\"}}")
        #expect(host.diagnostics.count == 1)
        #expect(!host.diagnostics[0].description.contains("hunter2"))
    }

    @Test(
        "An unset variable fails that server, naming variable and key",
        arguments: [
            ("{\"command\": \"${N}\"}", "command"),
            ("{\"command\": \"x\", \"args\": [\"a\", \"${env:N}\"]}", "args[1]"),
            ("{\"command\": \"x\", \"env\": {\"K\": \"${N}\"}}", "env.K"),
            ("{\"command\": \"x\", \"cwd\": \"${N}\"}", "cwd"),
            ("{\"url\": \"https://${N}/\"}", "url"),
            ("{\"url\": \"https://h/\", \"headers\": {\"Authorization\": \"Bearer ${N}\"}}", "headers.Authorization"),
            ("{\"url\": \"https://h/\", \"tls\": {\"ca\": \"${N}\"}}", "tls.ca"),
            ("{\"url\": \"https://h/\", \"auth\": {\"type\": \"oauth2\", \"client_id\": \"${N}\"}}", "auth.client_id"),
            ("{\"url\": \"https://h/\", \"auth\": {\"type\": \"oauth2\", \"scopes\": [\"${N}\"]}}", "auth.scopes[0]"),
            (
                "{\"url\": \"https://h/\", \"auth\": {\"type\": \"oauth2\", \"token_url\": \"${N:-${N}}\"}}",
                "auth.token_url"
            ),
        ])
    func unset(entry: String, key: String) throws {
        let error = try #require(try failure(entry, environment: ["OTHER": "x"]))
        #expect(error.code == .configVariableUnset)
        #expect(error.message == "server \"s\": \"\(key)\" needs the environment variable N, which is not set")
    }

    @Test("An unset input names the variable to set")
    func input() throws {
        let error = try #require(try failure("{\"command\": \"x\", \"env\": {\"K\": \"${input:api-key}\"}}"))
        #expect(error.code == .configInputUnset)
        #expect(error.nextStep == "set the environment variable OMLX_INPUT_API_KEY")
    }

    @Test("Names and keys are never expanded")
    func names() throws {
        let host = try configuration(
            "{\"servers\": {\"${A}\": {\"command\": \"x\", \"env\": {\"${A}\": \"v\"}}}}", environment: Self.environment
        )
        #expect(host.servers[0].name == "${A}")
        #expect(try host.servers[0].result.get().transport.stdio?.environment[0].name == "${A}")
    }

    @Test("Hostile texts take time in proportion", arguments: ["${", "${a:-", "$", "}", "${a:-}", "$${"])
    func hostile(part: String) throws {
        let text = String(repeating: part, count: 200_000)
        _ = VariableTemplate(text)
        _ = try? expanded(text)
        _ = try? expanded(String(repeating: "${N:-", count: 50_000) + String(repeating: "}", count: 50_000))
    }

    @Test(
        "P26: of a secret only the names of its variables are shown",
        arguments: [
            ("", ""), ("sk-1", "<redacted>"), ("${A}", "${A}"), ("Bearer ${A}", "Bearer ${A}"),
            ("Bearer sk-1", "Bearer <redacted>"), ("Basic  x y", "Basic <redacted>"), ("x${A}", "<redacted>${A}"),
            ("${A:-sk-1}", "${A:-<redacted>}"), ("${env:A}${input:b}", "${env:A}${input:b}"), ("sk 1", "<redacted>"),
        ])
    func masks(text: String, shown: String) { #expect(SecretMask.masked(text) == shown) }

    @Test("P26: arguments and query parameters that look like secrets are not shown")
    func masksOfPlainTexts() throws {
        let stdio = try settings(
            """
            {"command": "x", "args": ["--api-key", "sk-1", "--token=sk-2", "--header", "Authorization: Bearer sk-3",
             "--port", "80", "--token", "${A}", "https://h/?api_key=sk-4&q=1", "--verbose"]}
            """, environment: Self.environment
        ).transport.stdio
        let arguments = try #require(stdio?.arguments)
        #expect(
            arguments.map(\.shown) == [
                "--api-key", "<redacted>", "--token=<redacted>", "--header", "Authorization: Bearer <redacted>",
                "--port",
                "80", "--token", "${A}", "https://h/?api_key=<redacted>&q=1", "--verbose",
            ])
        #expect(arguments[1].value == "sk-1")
        let url = try settings("{\"url\": \"https://h/?key=${A}&token=sk-1\"}", environment: Self.environment)
        #expect(url.transport.http?.url.shown == "https://h/?key=${A}&token=<redacted>")
        #expect(url.transport.http?.url.value == "https://h/?key=alpha&token=sk-1")
    }

    @Test("P26: no secret in anything printed, dumped or said of a configuration")
    func nothingLeaks() throws {
        let host = try configuration(
            """
            {"tokenStorage": {"backend": "encrypted", "password": "hunter2", "vaultToken": "${HUNT}"}, "servers": {
              "a": {"command": "${HUNT}", "args": ["--token", "hunter2", "${HUNT}"], "env": {"K": "hunter2", "L": "${HUNT}"}},
              "b": {"url": "https://h/?token=hunter2", "headers": {"A": "hunter2", "B": "${HUNT}"},
                "auth": {"type": "oauth2", "client_id": "${HUNT}", "client_secret": "hunter2"}},
              "c": {"url": "https://hunter2@h/${HUNT}", "headers": {"A": "hunter2\\n"}, "auth": "hunter2"},
              "d": {"url": "https://h/", "env": {"A": "hunter2"}, "timeout": "hunter2", "auth": {"type": "hunter2"}}
            }}
            """, environment: ["HUNT": "hunter2"])
        var dumped = ""
        dump(host, to: &dumped)
        let texts = [dumped, "\(host)", String(reflecting: host), "\(host.servers)", "\(host.diagnostics)"]
        for text in texts + host.diagnostics.map({ "\($0) \($0.nextStep?.plainText ?? "")" }) {
            #expect(!text.contains("hunter2"))
        }
        #expect(host.servers.map(\.result.failureCode).map { $0 == nil } == [true, true, false, false])
    }
}
