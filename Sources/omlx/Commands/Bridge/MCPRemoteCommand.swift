// omlx mcp-remote: the command line of mcp-remote, so that a client's entry needs another program's name and nothing else.

import ArgumentParser
import OmlxEndpoint
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

struct MCPRemoteCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "mcp-remote",
        abstract: "Be a stdio MCP server of one remote server, by mcp-remote's command line.",
        usage: "omlx mcp-remote <url> [<callback port>] [<options>]", helpNames: [])
    static let word = "mcp-remote"

    @Argument(parsing: .captureForPassthrough, help: "The URL and the options of mcp-remote.")
    var words: [String] = []

    var common: CommonOptions {
        var common = CommonOptions()
        common.configPath = nil
        common.json = false
        common.verbose = words.contains("--debug")
        common.quiet = words.contains("--silent")
        common.timeout = nil
        common.noDaemon = true
        return common
    }

    func act(_ session: Session) async throws -> ExitStatus {
        let words = try MCPRemoteWords(words, environment: session.environment)
        for note in words.notes { session.console.note("! \(note)") }
        switch words.wish {
        case .help:
            session.console.lines(MCPRemoteWords.usage)
            return .done
        case .version:
            session.console.line(HostOptions.version)
            return .done
        case .serve: break
        case .none:
            session.console.notes(MCPRemoteWords.usage)
            return .failed
        }
        let configuration = try words.configuration(session)
        var wish = HostWish(Self.word)
        wish.follows = true
        let host = session.host(of: configuration, wish)
        let server = words.name
        try await host.configuration().requireUsable(server)
        let person = try await session.person(host, readsInput: false)
        await Bridge(session: session, host: host, view: EndpointView(.server(server)), person: person).run()
        await host.finish()
        try Task.checkCancellation()
        return .done
    }
}
