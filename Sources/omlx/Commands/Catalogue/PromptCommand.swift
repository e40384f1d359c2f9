// omlx mcp prompt: fills one prompt in, and prints its messages.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

struct PromptCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "prompt", _superCommandName: CommandPath.mcp, abstract: "Get a prompt, filled in.",
        discussion:
            "Example: omlx mcp prompt notes plan day=Monday. With --url or -- COMMAND there is no server to name.")
    static let word = "prompt"

    @Argument(help: "The server, the prompt's name, and its arguments as key=value.")
    var words: [String]

    @Option(
        help: ArgumentHelp("Where images, audio and files in it go.", valueName: "folder"), completion: .directory)
    var output: String?

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func validate() throws {
        guard words.count >= (connect.isAdHoc ? 1 : 2) else {
            throw ValidationError("omlx mcp prompt takes a server and the name of a prompt")
        }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        var printer = ContentPrinter(console: session.console)
        printer.files = try output.map { folder throws(OmlxError) in try ResultFiles(folder: folder) }
        let server = connect.isAdHoc ? AdHocServer(connect).name : words[0]
        let rest = connect.isAdHoc ? words[...] : words[1...]
        let name = rest[rest.startIndex]
        let arguments = try Self.arguments(rest.dropFirst(), of: .named(server))
        let host = try await session.host(HostWish(Self.word, connect, servers: [server]))
        try await host.configuration().requireUsable(server)
        let filling = PromptFilling(name, of: server, arguments, timeout: common.timeout)
        let result = try await session.asking(host, connect, to: server) { host, person in
            try await host.prompt(filling, signingIn: person, hear: session.hearing)
        }
        return try show(result, filling, &printer, session)
    }

    /// What a prompt takes are texts.
    private static func arguments(
        _ pairs: ArraySlice<String>, of server: ServerReference
    ) throws(OmlxError) -> [String: String] {
        var arguments: [String: String] = [:]
        for pair in pairs {
            guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
                throw OmlxError(
                    .protocolArguments, "\"\(OmlxError.shown(pair, limit: 80))\" is not of the form key=value",
                    nextStep: Remedy(.listPrompts(server)))
            }
            let key = String(pair[..<equals])
            guard arguments.updateValue(String(pair[pair.index(after: equals)...]), forKey: key) == nil else {
                throw OmlxError(.protocolArguments, "\(OmlxError.shown(key, limit: 80)) is given twice")
            }
        }
        return arguments
    }

    private func show(
        _ result: PromptResult, _ filling: PromptFilling, _ printer: inout ContentPrinter, _ session: Session
    ) throws(OmlxError) -> ExitStatus {
        if session.common.json {
            var members = result.members(of: filling.prompt, at: filling.server)
            if let files = try printer.keep(result.messages.flatMap(\.content)) { members["files"] = files }
            session.document(Self.word, members)
            return .done
        }
        // Of one message of the user's that it is one need not be said.
        let isNamed = result.messages.count > 1 || result.messages.contains { $0.role != "user" }
        for message in result.messages {
            if isNamed { session.console.line("\(OmlxError.shown(message.role, limit: 40)):") }
            try printer.show(message.content)
        }
        if let other = result.other { session.console.content(other, pretty: true) }
        if result.messages.isEmpty, result.other == nil {
            session.console.progress("\(filling.server) answered without any message")
        }
        return .done
    }
}
