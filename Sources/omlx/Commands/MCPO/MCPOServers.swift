// The servers of omlx mcpo: those of its command line, or of a file, with what the command line adds.

import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

/// The servers of mcpo's command line.
struct MCPOServers {
    /// What is served.
    private(set) var configuration: HostConfiguration
    /// Where the file is read anew; `nil` where there is none.
    let source: ConfigurationSource?
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
            let variables = try Self.variables(command, session)
            let read = { @Sendable () throws(OmlxError) in try Self.file(session, variables) }
            configuration = try read()
            source = ConfigurationSource(
                places: HostConfiguration.places(
                    explicitPath: session.common.configPath, environment: session.environment,
                    workingDirectory: Session.workingDirectory, homeDirectory: session.home),
                read: read)
        } else {
            let (name, entry) = try Self.entry(command)
            single = name
            configuration = try Self.configuration(of: [name: entry], session)
            source = nil
        }
        configuration.maxToolCalls = max(configuration.maxToolCalls, Self.calls)
    }

    /// The servers of the file; its programs get the variables of the command line below their own.
    private static func file(
        _ session: Session, _ variables: [EnvironmentVariable]
    ) throws(OmlxError) -> HostConfiguration {
        var configuration = try session.file(nil)
        guard !configuration.servers.isEmpty else {
            throw OmlxError(
                .configServerUnknown, "the file names no server",
                nextStep: "write {\"mcpServers\": {\"NAME\": {\"command\": \"…\"}}}")
        }
        configuration.servers = configuration.servers.map { $0.adding(variables) }
        configuration.maxToolCalls = max(configuration.maxToolCalls, calls)
        return configuration
    }

    /// The variables of `--env` and `--env-path`, as mcpo has them: with a file named, what the environment has stays.
    private static func variables(
        _ command: MCPOCommand, _ session: Session
    ) throws(OmlxError) -> [EnvironmentVariable] {
        guard !command.env.isEmpty || command.envPath != nil else { return [] }
        var entry: JSONObject = ["command": "env"]
        try setVariables(of: command, in: &entry)
        let servers = try configuration(of: ["variables": entry], session).servers
        let variables = (try? servers.first?.result.get())?.transport.stdio?.environment ?? []
        return command.envPath == nil ? variables : variables.filter { session.environment[$0.name] == nil }
    }

    /// - Throws: the first error of an entry.
    private static func configuration(
        of entries: [String: JSONObject], _ session: Session
    ) throws(OmlxError) -> HostConfiguration {
        let document: JSON = ["mcpServers": .object(JSONObject(entries.map { ($0.key, .object($0.value)) }))]
        let configuration = try HostConfiguration(
            contents: document.serialized(), path: Session.workingDirectory + "/command line",
            environment: session.environment, homeDirectory: session.home)
        if let error = configuration.servers.lazy.compactMap({ $0.error }).first { throw error }
        return configuration
    }

    private static func setVariables(of command: MCPOCommand, in entry: inout JSONObject) throws(OmlxError) {
        var variables = JSONObject()
        for variable in command.env {
            guard let (name, value) = variable.cut(at: "=") else {
                throw OmlxError(.configUsage, "--env takes NAME=VALUE")
            }
            variables[String(name)] = literal(String(value))
        }
        if !variables.isEmpty { entry["env"] = .object(variables) }
        if let file = command.envPath { entry["envFile"] = literal(file) }
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
            try setVariables(of: command, in: &entry)
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

    /// With variables that its program gets where its entry says nothing of them.
    fileprivate func adding(_ variables: [EnvironmentVariable]) -> ConfiguredServer {
        changing { server in
            guard case .stdio(var settings) = server.transport else { return }
            let own = Set(settings.environment.map(\.name))
            settings.environment = variables.filter { !own.contains($0.name) } + settings.environment
            server.transport = .stdio(settings)
        }
    }
}

extension Session {
    /// The host behind `omlx mcpo`, whose programs get the whole environment, as mcpo's do.
    func mcpoHost(_ configuration: HostConfiguration, source: ConfigurationSource?) -> LocalHost {
        var wish = HostWish(MCPOCommand.word)
        wish.follows = true
        return host(of: configuration, wish, source: source) { $0.childrenInherit = true }
    }
}
