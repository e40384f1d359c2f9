// Variables that are set here and that a server of ours does not get: told where it may have missed them, by name alone.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import Testing

@testable import OmlxMCPHost

@Suite struct WithheldVariablesTests {
    private func withheld(
        _ host: [String: String], command: String = "server", declared: [String: String] = [:]
    ) -> WithheldVariables {
        WithheldVariables(StdioCommand(command: command, environment: declared), host: host)
    }

    @Test("what is passed on, declared or empty, a shell's own and omlx's own are not among them")
    func names() {
        let variables = withheld(
            [
                "PATH": "/bin", "HOME": "/me", "LC_ALL": "C", "DB_URL": "x", "EMPTY_ONE": "", "GIVEN": "y", "PWD": "/",
                "_": "z", "SHLVL": "1", "OMLX_STORE_PASSWORD": "s", "BASH_FUNC_f%%": "() { :; }", "1X": "q",
                "HTTPS_PROXY": "http://u:p@proxy", "HTTP_PROXY": "http://proxy",
            ], declared: ["GIVEN": "other"])
        #expect(variables.names == ["DB_URL", "HTTPS_PROXY"])
    }

    @Test("a text names a variable as a whole word, and not by chance")
    func mentions() {
        let variables = withheld([
            "DB_URL": "x", "API": "x", "token": "x", "DEBUG": "1", "db_name": "x", "ID": "x",
        ])
        #expect(variables.named(in: "Error: DB_URL is not set (DB_URL_RO is)") == ["DB_URL"])
        #expect(variables.named(in: "${DB_URL}, $API and process.env.db_name; DB_URL") == ["DB_URL", "API", "db_name"])
        #expect(variables.named(in: "a token, an ID; DEBUG: MY_DB_URL, DB_URLS, XAPI") == [])
    }

    @Test("what is missed without a word, the likeliest for the command first")
    func known() {
        let host = [
            "AWS_REGION": "x", "AWS_PROFILE": "x", "DOCKER_HOST": "x", "KUBECONFIG": "x", "UV_INDEX": "x",
            "DISPLAY": ":0", "https_proxy": "http://u:p@h", "OTHER": "x",
        ]
        #expect(
            withheld(host).known == [
                "DOCKER_HOST", "KUBECONFIG", "AWS_PROFILE", "AWS_REGION", "UV_INDEX", "https_proxy", "DISPLAY",
            ])
        #expect(withheld(host, command: "/usr/bin/uvx").known.first == "UV_INDEX")
        #expect(withheld(host, command: "kubectl").known.first == "KUBECONFIG")
        let docker = StdioCommand(
            command: "docker", arguments: ["run", "-i", "-e", "OTHER", "--env=UV_INDEX", "image"])
        #expect(WithheldVariables(docker, host: host).known.prefix(3) == ["OTHER", "UV_INDEX", "DOCKER_HOST"])
    }

    @Test("what to write is shown as mcp.json has it, or as a command line does")
    func entries() {
        #expect(WithheldVariables.entry(["DB_URL"]) == #""env": {"DB_URL": "${DB_URL}"}"#)
        #expect(WithheldVariables.entry(["A", "B"]) == #""env": {"A": "${A}", "B": "${B}"}"#)
        #expect(WithheldVariables.entry(["A"], isTyped: true) == #"-- env A="$A" COMMAND"#)
    }

    private func problem(
        _ script: String, _ host: [String: String], _ more: JSONObject = [:], timeout: Double = 120
    ) async throws -> OmlxError? {
        var found: OmlxError?
        try await withHostScene { scene async throws in
            var entry: JSONObject = ["command": "/bin/sh", "args": ["-c", .string(script)]]
            for (key, value) in more { entry[key] = value }
            let manager = try await scene.host(["db": .object(entry)]) { options in
                options.timeout = timeout
                options.environment.merge(host) { _, new in new }
            }
            await manager.start()
            found = await manager.problem(of: "db")
            let status = try await manager.state("db")
            #expect(status.transport.problem?.nextStep == found?.nextStep)
            #expect(!"\(String(describing: found))".contains("the-value"))
        }
        return found
    }

    @Test("a server that names on its error stream what is set here is told how it gets that, whichever way it fails")
    func named() async throws {
        let host = ["DB_URL": "the-value", "AWS_REGION": "eu"]
        let suggestion = #""env": {"DB_URL": "${DB_URL}"}"#
        let ends = try await problem("echo 'KeyError: DB_URL' >&2; echo bye >&2; exit 1", host)
        #expect(ends?.code == .transportProcessExited && ends?.step.contains(suggestion) == true, "\(ends?.step ?? "")")
        let hangs = try await problem("echo waiting for $DB_URL, DB_URL >&2; sleep 600", host, timeout: 5)
        #expect(hangs?.code == .transportTimeout && hangs?.step.contains(suggestion) == true, "\(hangs?.step ?? "")")
        let refuses = try await problem(
            """
            id=0
            while read line; do
            id=$((id + 1))
            echo '{"jsonrpc":"2.0","id":'$id',"error":{"code":-32000,"message":"set DB_URL first"}}'
            done
            """, host)
        #expect(refuses?.step.contains(suggestion) == true, "\(refuses?.step ?? "")")
        let given = try await problem("echo DB_URL >&2; exit 1", host, ["env": ["DB_URL": "mine"]])
        #expect(given?.step.contains("DB_URL") == false, "\(given?.step ?? "")")
    }

    @Test("of a server that names none, those that are missed without a word are told beside what else is to be done")
    func unnamed() async throws {
        let ends = try await problem("exit 1", ["DOCKER_HOST": "tcp://the-value", "SOME_VALUE": "the-value"])
        #expect(
            ends?.step.contains(#""env": {"DOCKER_HOST": "${DOCKER_HOST}"}"#) == true
                && ends?.step.contains("run the command by itself") == true
                && ends?.step.contains("SOME_VALUE") == false,
            "\(ends?.step ?? "")")
        let nothing = try await problem("exit 1", ["SOME_VALUE": "the-value"])
        #expect(nothing?.step == "run the command by itself to see what it writes")
    }

    @Test("a limit that is over says what the server last wrote")
    func lastWords() async throws {
        let hangs = try await problem("printf 'fetching 1\\rfetching 2\\n' >&2; sleep 600", [:], timeout: 5)
        #expect(hangs?.code == .transportTimeout && hangs?.message.hasSuffix("it last wrote: fetching 2") == true)
    }

    @Test("the doctor lists by name what was not passed on, of a server that works as well")
    func doctor() async throws {
        try await withHostScene { scene async throws in
            let script = "echo 'no SOME_KEY, going on without' >&2\n" + toollessAnswers
            let manager = try await scene.host(["db": ["command": "/bin/sh", "args": ["-c", .string(script)]]]) {
                options in
                options.keepsStatus = false
                for name in ["SOME_KEY", "KUBECONFIG", "ANOTHER"] { options.environment[name] = "the-value" }
            }
            let report = try await manager.examine("db")
            #expect(report.worst == nil)
            let step = try #require(report.steps.first { $0.title.contains("not passed on") })
            #expect(step.title.contains("SOME_KEY") && step.verdict == .notice)
            #expect(
                step.facts.map(\.value) == [
                    "SOME_KEY", "KUBECONFIG", "ANOTHER", #""env": {"SOME_KEY": "${SOME_KEY}"}"#,
                ])
            #expect(!"\(report)".contains("the-value"))
        }
    }
}
