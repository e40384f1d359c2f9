// Two ways to a host that is somewhere else: through text, and through the gateway's socket.

import Logging
import OmlxErrors
import OmlxGateway
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import ServiceLifecycle
import TestSupport
import Testing

/// By which way a host is asked.
enum HostWay: String, CaseIterable, CustomTestStringConvertible {
    case text, socket

    var testDescription: String { rawValue }

    /// Does some work with the host asked that way, and ends the host.
    func ask<Value: Sendable>(
        _ host: LocalHost, _ folder: ConfigurationFolder, _ work: (any Host) async throws -> Value
    ) async throws -> Value {
        let result: Result<Value, any Error>
        do {
            switch self {
            case .text: result = .success(try await work(SentHost(host: host)))
            case .socket:
                result = .success(
                    try await ServedHost.with(host, at: folder.path + "/run/host.sock") { try await work($0.remote()) })
            }
        } catch { result = .failure(error) }
        await host.finish()
        return try result.get()
    }
}

/// A host behind a socket.
struct ServedHost: Sendable {
    let path: String

    /// The host as a command has it.
    func remote() async throws -> RemoteHost { try #require(await RemoteHost.at(path)) }

    /// Serves a host while some work is done.
    static func with<Value: Sendable>(
        _ host: any Host, at path: String, access: any GatewayAccess = LocalAccess(),
        _ work: (ServedHost) async throws -> Value
    ) async throws -> Value {
        let socket = try BoundSocket.unix(path)
        let paths = HostPaths(credentials: "/c", database: "/d", locks: "/l")
        let gateway = Gateway(
            host: host, access: access, parts: [APIPart(host, paths: paths, signIns: SignInDesk(host))])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let group = ServiceGroup(services: [GatewayServer([socket], responder: gateway.responder)], logger: logger)
        async let served: Void = group.run()
        let result: Result<Value, any Error>
        do { result = .success(try await work(ServedHost(path: path))) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await served
        return try result.get()
    }
}

extension LocalHost {
    /// A host of these servers that keeps all in a folder.
    static func testing(
        _ folder: ConfigurationFolder, _ servers: JSONObject, _ change: (inout HostOptions) -> Void = { _ in }
    ) throws -> LocalHost {
        let file = folder.write("mcp.json", JSON.object(["servers": .object(servers)]).text())
        let configuration = try HostConfiguration.load(
            explicitPath: file, environment: [:], workingDirectory: folder.path, homeDirectory: folder.path)
        var options = HostOptions(
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], homeDirectory: folder.path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.paths = HostPaths(
            credentials: folder.path + "/credentials", database: folder.path + "/state/status.sqlite",
            locks: folder.path + "/locks")
        options.storeName = "file"
        options.timeout = 120
        change(&options)
        return LocalHost(configuration, options: options)
    }
}
