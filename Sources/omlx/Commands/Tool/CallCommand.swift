// omlx mcp call: calls one tool. Progress to standard error, the result to standard output.

import ArgumentParser
import OmlxErrors
import Glibc
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

struct CallCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "call", _superCommandName: CommandPath.mcp, abstract: "Call a tool.",
        discussion:
            "Example: omlx mcp call files__read path=notes.txt. A value is read by the type the tool declares; key:=JSON is JSON whatever it declares."
    )
    static let word = "call"

    @Argument(help: "server__tool, or a name that only one server has.")
    var tool: String

    @Argument(help: "Arguments as key=value, or key:=JSON.")
    var arguments: [String] = []

    @Option(help: "All arguments as one JSON object; - reads it from standard input.")
    var args: String?

    @Option(
        help: ArgumentHelp("Where images, audio and files in the result go.", valueName: "folder"),
        completion: .directory)
    var output: String?

    @Option(
        help:
            "What is answered when the server asks something: ask, defaults or decline. Without it the person at the terminal is asked; where there is none it is declined."
    )
    var elicit: ElicitationManner?

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func act(_ session: Session) async throws -> ExitStatus {
        // What a tool made is not to be lost for want of a place: that there is one is seen before it is called.
        var files = try output.map { folder throws(OmlxError) in try ResultFiles(folder: folder) }
        var wish = HostWish(Self.word, connect)
        wish.elicits = true
        let host = try await session.host(wish)
        let name = connect.isAdHoc ? qualified(AdHocServer(connect).name) : tool
        let result = try await session.asking(host, connect) { try await call(name, $0, $1, session) }
        return try show(result, name, &files, session)
    }

    private func qualified(_ server: String) -> String {
        ToolName.split(tool, servers: [server]) == nil ? ToolName.joined(server, tool) : tool
    }

    private func call(
        _ name: String, _ host: any Host, _ person: LoginOffer?, _ session: Session
    ) async throws -> ToolResult {
        let found = try await host.tool(name, signingIn: person)
        let object = try ToolArguments(
            json: try jsonText(), pairs: arguments, schema: found.tool.inputSchema,
            server: try await host.configuration().server(named: found.server)?.reference
        ).object()
        let call = ToolCall(found.name, arguments: object, timeout: common.timeout)
        let questions = TerminalQuestions(
            session, manner: elicit, withholding: try await host.configuration().namedVariables)
        return try await host.call(
            call, signingIn: person, eliciting: { await questions.answer($0) }, hear: session.hearing)
    }

    private func jsonText() throws(OmlxError) -> String? {
        guard args == "-" else { return args }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw OmlxError(.protocolArguments, "the arguments on standard input are not UTF-8 text")
        }
        return text
    }

    private func show(
        _ result: ToolResult, _ name: String, _ files: inout ResultFiles?, _ session: Session
    ) throws(OmlxError) -> ExitStatus {
        let status: ExitStatus = result.isError ? .failed : .done
        if session.common.json {
            var members = result.members(of: name)
            if files != nil {
                var paths: [String] = []
                for block in result.content { if let path = try files?.keep(block) { paths.append(path) } }
                members["files"] = JSON(paths)
            }
            session.document(Self.word, members)
            return status
        }
        // Some servers put an empty text beside a structured result.
        let isSilent = result.structuredContent != nil && result.content.allSatisfy(\.isBlankText)
        for block in isSilent ? [] : result.content {
            if let text = block.text {
                if result.isError { session.console.failure(text) } else { session.console.content(text) }
            } else if let media = block.media {
                session.console.line(try files?.keep(block) ?? media.note(keeps: files != nil))
            } else {
                session.console.content(block.json)
            }
        }
        if isSilent || result.content.isEmpty, let value = result.structuredContent ?? result.other {
            session.console.content(value, pretty: true)
        }
        if result.isError {
            session.console.note("error: \(ErrorCode.protocolToolFailed.text): \(name) reported a failure")
        } else if result.isEmpty {
            session.console.progress("\(name) answered without any content")
        }
        return status
    }
}

extension ContentBlock {
    fileprivate var isBlankText: Bool { json["text"]?.stringValue?.allSatisfy(\.isWhitespace) == true }
}
