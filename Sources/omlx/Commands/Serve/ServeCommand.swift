// omlx serve: the host that stays up.

import ArgumentParser
import Logging
import OmlxErrors
import OmlxGateway
import OmlxHostAPI
import OmlxMCPHost
import ServiceLifecycle

struct ServeCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Keep all servers connected, and offer their tools over HTTP.")
    static let word = "serve"

    @Option(help: "The TCP port; 0 for a free one.")
    var port = 6659

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("The Unix socket.", valueName: "path"), completion: .file())
    var socket: String?

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let local = try session.servingHost()
        let paths = HostPaths(environment: session.environment, homeDirectory: session.home)
        let access = try await HostAccess.open(
            paths.access, environment: session.environment, rules: OriginRules(names: [host]))
        let tcp = try BoundSocket.tcp(host, port: port)
        let unix = try BoundSocket.unix(socket ?? paths.locks + "/host.sock")
        let serving = Serving(
            host: local, session: session, paths: paths, access: access, sockets: [tcp, unix],
            shelf: ToolShelf(local, logger: session.logger), desk: LoginDesk(local), page: PageDesk(local))
        let gateway = Gateway(host: local, access: access, parts: try serving.parts())
        session.console.line("omlx \(HostOptions.version) serves on \(tcp.address) and \(unix.address)")
        let server = GatewayServer(serving.sockets, responder: gateway.responder)
        let group = ServiceGroup(
            services: try serving.services() + [server], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: session.logger)
        async let connected = local.connect([]) { _ in }
        try await group.run()
        _ = try? await connected
        await local.finish()
        return .done
    }
}
