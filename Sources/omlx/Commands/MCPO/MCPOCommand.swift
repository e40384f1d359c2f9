// omlx mcpo: the command line of mcpo 0.0.20, its routes and its rules.

import ArgumentParser
import Logging
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
        if hotReload {
            session.console.note("! The file is read once: start omlx mcpo again after a change, or use omlx serve.")
        }
        let servers = try MCPOServers(self, session)
        let host = session.mcpoHost(servers.configuration)
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
        let server = GatewayServer([tcp], certificate: certificate, responder: MCPODoor(routes, rules))
        for warning in servers.configuration.diagnostics { session.console.note("\(warning)") }
        session.console.note("omlx \(HostOptions.version) serves OpenAPI on \(tcp.address), as mcpo does")
        if rules.key == nil {
            session.console.note("! Without --api-key, all who reach \(tcp.address) can call these tools.")
        } else if !tcp.isEncrypted, !tcp.isLocal {
            session.console.note(
                "! The key crosses the network as it is: use --ssl-certfile and --ssl-keyfile, or --host 127.0.0.1.")
        }
        var services = ServiceGroupConfiguration(services: [shelf, server], logger: session.logger)
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

/// The servers of mcpo's command line.
struct MCPOServers {
    /// What is served.
    private(set) var configuration: HostConfiguration
    /// The one server at the root, where there is no file.
    private(set) var single: String?
    /// The limit of a call, in seconds: mcpo has none of its own, and what it waits for takes as long.
    let callLimit: Double

    private static let standardLimit = 900.0
    /// mcpo bounds no calls.
    private static let calls = 256

    /// - Throws: `OmlxError`.
    init(_ command: MCPOCommand, _ session: Session) throws(OmlxError) {
        let limit = session.environment["CONNECTION_TIMEOUT"].flatMap { Double($0) }
        callLimit = limit.flatMap { $0 > 0 && $0 <= 86_400 ? $0 : nil } ?? Self.standardLimit
        if command.config != nil {
            configuration = try session.file(nil)
            guard !configuration.servers.isEmpty else {
                throw OmlxError(
                    .configServerUnknown, "the file names no server",
                    nextStep: "write {\"mcpServers\": {\"NAME\": {\"command\": \"…\"}}}")
            }
        } else {
            let (name, entry) = try Self.entry(command)
            single = name
            let document: JSON = ["mcpServers": .object([name: .object(entry)])]
            configuration = try HostConfiguration(
                contents: document.serialized(), path: Session.workingDirectory + "/command line",
                environment: session.environment, homeDirectory: session.home)
            if let error = configuration.servers.lazy.compactMap({ $0.error }).first { throw error }
        }
        configuration.maxToolCalls = max(configuration.maxToolCalls, Self.calls)
    }

    private static func entry(_ command: MCPOCommand) throws(OmlxError) -> (String, JSONObject) {
        let words = command.commandText.flatMap { try? JSON(parsing: $0) }?.stringArrayValue ?? []
        let first = words.first ?? ""
        var entry: JSONObject = [:]
        switch command.type {
        case "sse", "streamable-http", "streamable_http", "streamablehttp":
            entry["url"] = literal(first)
            entry["transport"] = .string(command.type == "sse" ? "sse" : "streamable-http")
            if let text = command.header {
                guard let headers = (try? JSON(parsing: text))?.objectValue else {
                    throw OmlxError(
                        .configHeaderInvalid, "--header takes one JSON object, such as {\"X-Key\": \"value\"}")
                }
                entry["headers"] = .object(JSONObject(headers.map { ($0.key, literal($0.value.stringValue ?? "")) }))
            }
            return (ServerName.derived(fromURL: first), entry)
        case "stdio":
            entry["command"] = literal(first)
            entry["args"] = .array(words.dropFirst().map { literal($0) })
            var variables = JSONObject()
            for variable in command.env {
                guard let (name, value) = variable.cut(at: "=") else {
                    throw OmlxError(.configUsage, "--env takes NAME=VALUE")
                }
                variables[String(name)] = literal(String(value))
            }
            if !variables.isEmpty { entry["env"] = .object(variables) }
            if let file = command.envPath { entry["envFile"] = literal(file) }
            return (ServerName.derived(fromCommand: first), entry)
        default:
            throw OmlxError(
                .configTransportUnknown, "--type names no transport: \"\(OmlxError.shown(command.type, limit: 40))\"",
                nextStep: "write stdio, sse or streamable-http")
        }
    }

    /// The shell has expanded variables already; what is left is meant literally.
    private static func literal(_ text: String) -> JSON { .string(text.replacing("${", with: "$${")) }
}

extension ConfiguredServer {
    fileprivate var error: OmlxError? {
        if case .failure(let error) = result { return error }
        return nil
    }
}

extension Session {
    /// The host behind `omlx mcpo`, whose programs get the whole environment, as mcpo's do.
    func mcpoHost(_ configuration: HostConfiguration) -> LocalHost {
        var wish = HostWish(MCPOCommand.word)
        wish.follows = true
        return host(of: configuration, wish) { $0.childrenInherit = true }
    }
}
