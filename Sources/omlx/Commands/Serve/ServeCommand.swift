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

    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Log") var log: ObservationOptions
    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let session = session.logging(as: log.logFormat)
        let paths = HostPaths(environment: session.environment, homeDirectory: session.home)
        let observation = GatewayObservation(logger: session.logger)
        let audit = AuditLog(
            folder: paths.state, metrics: observation.metrics, keepsArguments: log.auditArguments)
        let local = try session.servingHost { report in
            observation.metrics.call(report)
            audit.note(report)
        }
        let access = try await HostAccess.open(
            paths.access, environment: session.environment, rules: self.access.rules(host))
        let tcp = try BoundSocket.tcp(host, port: port)
        let unix = try BoundSocket.unix(socket ?? paths.locks + "/host.sock")
        try Exposure.check([tcp, unix], isEncrypted: false, rules: self.access.rules(host))
        let serving = Serving(
            host: local, session: session, paths: paths, access: access, observation: observation, audit: audit,
            sockets: [tcp, unix], shelf: ToolShelf(local, logger: session.logger), desk: LoginDesk(local))
        let gateway = Gateway(host: local, access: access, parts: try serving.parts(), observation: observation)
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
