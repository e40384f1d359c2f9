// omlx mcp read: reads one resource. Progress to standard error, what is in it to standard output.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

struct ReadCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "read", _superCommandName: CommandPath.mcp, abstract: "Read a resource.",
        discussion:
            "Example: omlx mcp read notes memo://today. Without a server, the one that lists the URI or has a template for it is asked."
    )
    static let word = "read"

    @Argument(help: "The URI, or the server and the URI.")
    var words: [String]

    @Option(
        help: ArgumentHelp("Where images, audio and files in it go.", valueName: "folder"), completion: .directory)
    var output: String?

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func validate() throws {
        guard words.count == 1 || words.count == 2 && !connect.isAdHoc else {
            throw ValidationError("omlx mcp read takes a URI, or a server and a URI")
        }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        var printer = ContentPrinter(console: session.console)
        printer.files = try output.map { folder throws(OmlxError) in try ResultFiles(folder: folder) }
        let server = connect.isAdHoc ? AdHocServer(connect).name : words.count == 2 ? words[0] : nil
        let host = try await session.host(HostWish(Self.word, connect, servers: server.map { [$0] } ?? []))
        if let server { try await host.configuration().requireUsable(server) }
        let reading = ResourceReading(
            words[words.count - 1], of: server.map { [$0] } ?? [], timeout: common.timeout)
        let read = try await session.asking(host, connect, to: server) { host, person in
            try await host.read(reading, signingIn: person, hear: session.hearing)
        }
        return try show(read, reading.uri, &printer, session)
    }

    private func show(
        _ read: ReadResource, _ uri: String, _ printer: inout ContentPrinter, _ session: Session
    ) throws(OmlxError) -> ExitStatus {
        let contents = read.contents
        if session.common.json {
            var members = contents.members(of: uri, at: read.server)
            if let files = try printer.keep(contents.content) { members["files"] = files }
            session.document(Self.word, members)
            return .done
        }
        let isMany = contents.content.count > 1
        for block in contents.content {
            if isMany { session.console.progress(EmbeddedResource.shownURI(of: block)) }
            try printer.show([block])
        }
        if let other = contents.other { session.console.content(other, pretty: true) }
        if contents.isEmpty {
            session.console.progress(
                "\(read.server) answered without any content for \(OmlxError.shown(uri, limit: 200))")
        }
        return .done
    }
}

extension EmbeddedResource {
    /// The URI of a part, for people.
    fileprivate static func shownURI(of block: ContentBlock) -> String {
        OmlxError.shown(block.json["resource"]?["uri"]?.stringValue ?? "", limit: 400) + ":"
    }
}
