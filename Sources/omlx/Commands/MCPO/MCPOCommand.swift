// omlx mcpo: the command line of mcpo 0.0.20, its routes and its rules.

import ArgumentParser
import Glibc
import Logging
import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxGateway
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import ServiceLifecycle

struct MCPOCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "mcpo", abstract: "Offer tools over OpenAPI, by mcpo's command line and routes.",
        usage: "omlx mcpo [<options>] (-- <command> … | -- <url> | --config <file>)", helpNames: .long)
    static let word = "mcpo"

    @Option(name: [.customShort("h"), .long], help: "The address to listen on.")
    var host = "0.0.0.0"

    @Option(name: .shortAndLong, help: "The TCP port; 0 for a free one.")
    var port = 8000

    @Option(
        name: .customLong("cors-allow-origins"),
        help: ArgumentHelp("An origin whose pages may read answers; may be repeated.", valueName: "origin"))
    var origins: [String] = []

    @Option(name: [.customShort("k"), .long], help: "The key for calls.")
    var apiKey: String?

    @Flag(help: "Ask for the key on every path.")
    var strictAuth = false

    @Option(
        name: .shortAndLong, help: ArgumentHelp("A variable for the program; may be repeated.", valueName: "name=value")
    )
    var env: [String] = []

    @Option(help: ArgumentHelp("A file with variables for the program.", valueName: "file"), completion: .file())
    var envPath: String?

    @Option(name: [.long, .customLong("server-type")], help: "stdio, sse or streamable-http.")
    var type = "stdio"

    @Option(name: .shortAndLong, help: ArgumentHelp("The servers.", valueName: "file"), completion: .file())
    var config: String?

    @Option(name: .shortAndLong, help: "The title.")
    var name: String?

    @Option(name: .shortAndLong, help: "The description.")
    var description: String?

    /// `--version` is that of omlx elsewhere, and `CommandLineArguments` gives it another name here.
    @Option(
        name: [.customShort("v"), .customLong(CommandLineArguments.versionOption)],
        help: "The version of the description.")
    var apiVersion: String?

    @Option(
        name: [.customShort("t"), .long], help: ArgumentHelp("The certificate of TLS (PEM).", valueName: "file"),
        completion: .file())
    var sslCertfile: String?

    @Option(
        name: [.customShort("K"), .long],
        help: ArgumentHelp("Its private key, where it is in a file of its own.", valueName: "file"), completion: .file()
    )
    var sslKeyfile: String?

    @Option(help: "Where a reverse proxy has put it.")
    var rootPath = ""

    @Option(help: "What stands before the servers' names.")
    var pathPrefix = "/"

    @Option(name: [.customShort("H"), .long], help: ArgumentHelp("Headers for the server.", valueName: "json"))
    var header: String?

    @Flag(help: "Follow changes of the configuration file.")
    var hotReload = false

    @Option(help: "DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    var logLevel: String?

    @Option(name: .customLong(CommandLineArguments.commandOption), help: .private)
    var commandText: String?

    var common: CommonOptions {
        var common = CommonOptions()
        common.configPath = config
        common.json = false
        let level = (logLevel ?? ProcessVariables().texts["LOG_LEVEL"])?.uppercased()
        common.verbose = level == "DEBUG"
        common.quiet = level == "ERROR" || level == "CRITICAL"
        common.timeout = nil
        return common
    }

    func act(_ session: Session) async throws -> ExitStatus {
        guard config != nil || commandText != nil else {
            if CommandLineArguments.hasMark {
                session.console.note("Error: You must specify the MCP server command after '--'")
                return .done
            }
            session.console.note("Usage: omlx mcpo --host 0.0.0.0 --port 8000 -- your_mcp_command")
            return .failed
        }
        let servers = try MCPOServers(self, session)
        let host = session.mcpoHost(servers.configuration, source: hotReload ? servers.source : nil)
        let certificate = try await self.certificate()
        let plain = try BoundSocket.tcp(self.host, port: port)
        let tcp = certificate == nil ? plain : plain.encrypted
        let shelf = ToolShelf(host, logger: session.logger)
        let routes = OpenAPIRoutes(
            shelf, servers.single.map { .single($0) } ?? .named, about, callLimit: servers.callLimit)
        var rules = MCPODoor.Rules()
        rules.key = apiKey.flatMap { $0.isEmpty ? nil : Secret($0) }
        rules.isStrict = strictAuth
        if !origins.isEmpty { rules.origins = origins }
        let server = GatewayServer(
            [tcp], certificate: certificate, responder: MCPODoor(routes, rules), limits: session.clientLimits())
        for warning in servers.configuration.diagnostics { session.console.note("\(warning)") }
        session.console.note("omlx \(HostOptions.version) serves OpenAPI on \(tcp.address), as mcpo does")
        if rules.key == nil {
            session.console.note("! Without --api-key, all who reach \(tcp.address) can call these tools.")
        } else if !tcp.isEncrypted, !tcp.isLocal {
            session.console.note(
                "! The key crosses the network as it is: use --ssl-certfile and --ssl-keyfile, or --host 127.0.0.1.")
        }
        let asked = Broadcast<Void>(buffer: 1)
        var services = ServiceGroupConfiguration(
            services: [shelf, server] + followers(of: host, servers, certificate, asked, session),
            logger: session.logger)
        services.services.append(
            .init(service: EndService(), successTerminationBehavior: .gracefullyShutdownGroup))
        let group = ServiceGroup(configuration: services)
        async let connected = host.connect([]) { status in
            guard let problem = status.status.transport.problem else { return }
            session.console.note("\(status.status.name): \(problem.code): \(problem.message)")
        }
        try await group.run()
        await host.finish()
        _ = try? await connected
        return .done
    }

    /// What follows files as long as it is served.
    private func followers(
        of host: LocalHost, _ servers: MCPOServers, _ certificate: ServerCertificate?, _ asked: Broadcast<Void>,
        _ session: Session
    ) -> [any Service] {
        var services: [any Service] = []
        if let certificate {
            services.append(CertificateService(certificate, asked: asked, logger: session.logger))
        }
        if hotReload, servers.source != nil {
            services.append(
                ReloadService(
                    host, asked: asked, supervisor: ServiceSupervisor(environment: [:], process: getpid()),
                    logger: session.logger))
        }
        return services
    }

    /// What clients are shown; `nil` without TLS. A key without a certificate is an error as it is to mcpo.
    private func certificate() async throws(OmlxError) -> ServerCertificate? {
        guard let certificate = sslCertfile else {
            guard sslKeyfile == nil else {
                throw OmlxError(
                    .configUsage, "--ssl-keyfile is the key of no certificate", nextStep: "name it with --ssl-certfile")
            }
            return nil
        }
        return try await ServerCertificate.load(
            certificate: AccessOptions.absolute(certificate),
            key: AccessOptions.absolute(sslKeyfile ?? certificate))
    }

    private var about: OpenAPIRoutes.Description {
        var about = OpenAPIRoutes.Description()
        if let name, !name.isEmpty { about.title = name }
        if let description, !description.isEmpty { about.text = description }
        if let apiVersion, !apiVersion.isEmpty { about.version = apiVersion }
        about.isKeyed = apiKey?.isEmpty == false
        about.prefix = pathPrefix
        if !about.prefix.hasSuffix("/") { about.prefix += "/" }
        if !about.prefix.hasPrefix("/") { about.prefix = "/" + about.prefix }
        about.root = rootPath.hasSuffix("/") ? String(rootPath.dropLast()) : rootPath
        return about
    }
}
