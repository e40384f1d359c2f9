// omlx mcp client-metadata: the client id metadata document to host.

import ArgumentParser
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct ClientMetadataCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "client-metadata", _superCommandName: CommandPath.mcp,
        abstract: "Print the client id metadata document to host.",
        discussion: """
            Host it at exactly the https URL given, as application/json, and put that URL into the server's auth block \
            as client_metadata_url: it is then the client id, and nothing has to be registered.
            """)
    static let word = "client-metadata"

    @Argument(help: "The server whose redirect settings it is to fit.")
    var server: String?

    @Option(
        name: .customLong("client-metadata-url"),
        help: ArgumentHelp("The https URL you will host it at.", valueName: "url"))
    var url: String?

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        var wish = HostWish(Self.word, servers: server.map { [$0] } ?? [])
        wish.isUse = false
        let host = server == nil ? session.bareHost(Self.word) : try await session.host(wish)
        let variable = session.environment["OMLX_CLIENT_METADATA_URL"]
        let document = try await host.clientMetadata(url: url ?? variable, server: server)
        if session.common.json {
            session.document(Self.word, ["document": document])
        } else {
            session.console.document(document)
        }
        return .done
    }
}
