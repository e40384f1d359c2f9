// omlx serve: the host that stays up.

import ArgumentParser
import Glibc
import Logging
import OmlxConcurrency
import OmlxEndpoint
import OmlxErrors
import OmlxGateway
import OmlxHostAPI
import OmlxMCPHost
import ServiceLifecycle

struct ServeCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Keep all servers connected, and offer their tools over HTTP.")
    static let word = "serve"
    private static let standardHost = "127.0.0.1"
    private static let standardPort = 6659

    @Option(help: "The TCP port; 0 for a free one, 6659 by itself.")
    var port: Int?

    @Option(help: "The address to listen on; 127.0.0.1 by itself.")
    var host: String?

    @Option(help: ArgumentHelp("The Unix socket.", valueName: "path"), completion: .file())
    var socket: String?

    @Flag(help: "Show an icon in the desktop's panel, with what the servers need.")
    var tray = false

    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Log") var log: ObservationOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...65_535).contains(port ?? 0) else { throw ValidationError("--port takes a number from 0 to 65535") }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        let supervisor = ServiceSupervisor(environment: session.environment, process: getpid())
        let session = session.logging(as: log.logFormat).withholding(ServiceSupervisor.variables)
        let paths = HostPaths(environment: session.environment, homeDirectory: session.home)
        let observation = GatewayObservation(logger: session.logger)
        let audit = AuditLog(
            folder: paths.state, metrics: observation.metrics, keepsArguments: log.auditArguments)
        // Held as long as this process lives: whatever is done under it, is done by one alone.
        let lock = try DaemonLock.take(in: paths.locks)
        let local = try await session.servingHost(isSupervised: supervisor.isThere) { report in
            observation.metrics.call(report)
            audit.note(report)
        }
        var settings = self.access.settled(over: try await local.serveSettings.get())
        settings.host = host ?? settings.host ?? Self.standardHost
        settings.port = port ?? settings.port ?? Self.standardPort
        let certificate = try await settings.serverCertificate()
        let rules = try settings.rules(listeningOn: settings.host ?? Self.standardHost)
        let sockets = try self.sockets(supervisor, paths, settings).map { certificate == nil ? $0 : $0.encrypted }
        defer { for socket in sockets { socket.remove() } }
        try Exposure.check(sockets, rules: rules)
        lock.note(sockets.map(\.address))
        let limits = session.clientLimits(proxies: settings.proxies)
        let access = try await HostAccess.open(paths.access, environment: session.environment, rules: rules)
        await local.hears(callbacksAt: Set(sockets.compactMap(\.port)), path: AdminPart.callback)
        let desk = SignInDesk(local)
        let serving = Serving(
            host: local, session: session, paths: paths, access: access, observation: observation, audit: audit,
            sockets: sockets, certificate: certificate, limits: limits, shelf: ToolShelf(local, logger: session.logger),
            mcp: MCPPart(Endpoint(Catalogue(local), wording: { $0.typed })), desk: desk,
            page: PageDesk(local, signIns: desk, command: \.command), showsTray: tray, supervisor: supervisor)
        let group = try serving.group()
        session.console.line(
            "omlx \(HostOptions.version) serves on \(sockets.map(\.address).joined(separator: " and "))")
        try await group.run()
        withExtendedLifetime(lock) {}
        return .done
    }

    /// The sockets to serve on: those that were handed over, and in place of a kind that was not, one of our own.
    private func sockets(
        _ supervisor: ServiceSupervisor, _ paths: HostPaths, _ settings: ServeSettings
    ) throws(OmlxError) -> [BoundSocket] {
        var sockets = supervisor.descriptors.compactMap { BoundSocket(inherited: $0) }
        if !sockets.contains(where: { !$0.isUnix }) {
            let (host, port) = (settings.host ?? Self.standardHost, settings.port ?? Self.standardPort)
            sockets.insert(try .tcp(host, port: port), at: 0)
        }
        if !sockets.contains(where: \.isUnix) { sockets.append(try .unix(socket ?? paths.socket)) }
        return sockets
    }
}
