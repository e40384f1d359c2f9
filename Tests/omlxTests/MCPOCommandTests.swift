// mcpo's command line as `omlx mcpo` reads it.

import Testing

@testable import omlx

@Suite struct MCPOCommandTests {
    private func parsed(_ words: [String]) throws -> MCPOCommand {
        try #require(try Omlx.parseAsRoot(CommandLineArguments.folded(["mcpo"] + words)) as? MCPOCommand)
    }

    @Test("every option of mcpo is taken, -h is the host, and -v and --version take a value")
    func options() throws {
        let command = try parsed([
            "-h", "127.0.0.1", "-p", "9000", "--cors-allow-origins", "http://a.b", "--cors-allow-origins", "http://c.d",
            "-k", "K", "--strict-auth", "-e", "A=1", "-e", "B=2", "--env-path", "f", "--server-type", "sse", "-n", "N",
            "-d", "D", "-v", "7", "--root-path", "/r", "--path-prefix", "p", "-H", "{}", "--log-level", "DEBUG", "--",
            "http://x.y/sse",
        ])
        #expect(command.host == "127.0.0.1" && command.port == 9000 && command.origins == ["http://a.b", "http://c.d"])
        #expect(command.apiKey == "K" && command.strictAuth && command.env == ["A=1", "B=2"] && command.envPath == "f")
        #expect(command.type == "sse" && command.name == "N" && command.description == "D" && command.apiVersion == "7")
        #expect(command.rootPath == "/r" && command.pathPrefix == "p" && command.header == "{}")
        #expect(command.commandText == #"["http://x.y/sse"]"#)
        #expect(try parsed(["--version", "2", "-c", "f"]).apiVersion == "2")
        #expect(try parsed(["--version=3", "--config=f"]).apiVersion == "3")
        #expect(try parsed(["--type", "streamable_http", "--", "u"]).type == "streamable_http")
    }

    @Test("what stands behind -- is the server's own, options of the same names too")
    func command() throws {
        let command = try parsed(["--port", "1", "--", "run", "--port", "2", "--version", "-h"])
        #expect(command.port == 1 && command.apiVersion == nil)
        #expect(command.commandText == #"["run","--port","2","--version","-h"]"#)
    }

    @Test("without options it listens as mcpo does")
    func standard() throws {
        let command = try parsed(["--", "x"])
        #expect(command.host == "0.0.0.0" && command.port == 8000 && command.apiKey == nil && !command.strictAuth)
        #expect(command.type == "stdio" && command.pathPrefix == "/" && command.rootPath.isEmpty)
    }
}
