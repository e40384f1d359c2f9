// omlx mcp bridge: a stdio MCP server for clients that can do neither HTTP nor a sign-in.

import ArgumentParser
import OmlxEndpoint
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

struct BridgeCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "bridge", _superCommandName: CommandPath.mcp,
        abstract: "Be a stdio MCP server of your servers, for a client that starts it.",
        discussion:
            "Example: omlx mcp bridge notion. Of one server its tools have their own names, of several those of omlx mcp tools."
    )
    static let word = "bridge"

    @Argument(help: "A server, or the URL of one that is not in the configuration; all servers without it.")
    var server: String?

    @Flag(help: "All servers.")
    var all = false

    @Option(help: "How tools are shown: direct, search, or auto, by who the client is.")
    var mode = EndpointMode.direct

    @OptionGroup var common: CommonOptions
    @OptionGroup var connect: ConnectOptions

    func validate() throws {
        if server != nil, all { throw ValidationError("use either a server or --all, not both") }
        if server != nil || all, connect.isAdHoc {
            throw ValidationError("use either a server of the configuration or one of the command line, not both")
        }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        var connect = connect
        var server = server
        if let address = server, address.contains("://") { (connect.url, server) = (address, nil) }
        if connect.isAdHoc { server = AdHocServer(connect).name }
        var wish = HostWish(Self.word, connect, servers: server.map { [$0] } ?? [])
        wish.follows = true
        let host = try await session.host(wish)
        if let server { try await host.configuration().requireUsable(server) }
        let person =
            connect.login && server != nil ? try await session.person(host, readsInput: false) : nil
        var view = EndpointView(server.map { .server($0) } ?? .all)
        view.mode = mode
        await Bridge(session: session, host: host, view: view, person: person).run()
        await host.finish()
        try Task.checkCancellation()
        return .done
    }
}

extension EndpointMode: ExpressibleByArgument {}
