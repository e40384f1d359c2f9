// A gateway on a port of its own in front of a host, and a way to ask it as whoever the test says.

import Foundation
import HTTPTypes
import Hummingbird
import Logging
import OmlxEndpoint
import OmlxErrors
import OmlxGateway
import OmlxHTTPClient
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import ServiceLifecycle
import TestSupport

/// Lets in by a header, so that a test is whoever it says.
private struct NamedAccess: GatewayAccess {
    func caller(of request: inout Request, _ context: inout GatewayContext) -> Caller? {
        switch HTTPField.Name("X-Caller").flatMap({ request.headers[$0] }) {
        case "owner": .owner(.machineKey)
        case "reader": .key(KeyRights(name: "reader", isReadOnly: true))
        case "one": .key(KeyRights(name: "one", servers: ["one"]))
        default: nil
        }
    }

    func isOpen(_ path: String) -> Bool { path == "/health" || path == AdminPart.callback }
    func refusal(_ request: Request) -> Response { Response(status: .unauthorized) }
}

/// A gateway that serves the routes about tools.
struct ServedGateway: Sendable {
    struct Answer {
        let status: Int
        let body: JSON
        var text = ""
        var headers: [String: String] = [:]

        /// The messages of a stream of events.
        var events: [JSON] {
            text.split(separator: "\n").filter { $0.hasPrefix("data: ") }
                .compactMap { try? JSON(parsing: String($0.dropFirst(6))) }
        }
    }

    private let address: String
    /// The configuration, where there is a file.
    let file: String
    private let http = HTTPClient()

    /// In front of these servers of a program.
    static func run(_ servers: [ServerConfiguration], _ body: (ServedGateway) async throws -> Void) async throws {
        let folder = try ConfigurationFolder()
        try await run(HostConfiguration(servers: servers), folder, "", nil, body)
    }

    /// In front of the servers of a file.
    static func run(_ servers: JSONObject, _ body: (ServedGateway) async throws -> Void) async throws {
        let folder = try ConfigurationFolder()
        let file = folder.write("mcp.json", JSON.object(["servers": .object(servers)]).text())
        let source = ConfigurationSource(places: [file]) { () throws(OmlxError) in
            try HostConfiguration.load(
                explicitPath: file, environment: [:], workingDirectory: folder.path, homeDirectory: folder.path)
        }
        let configuration = try HostConfiguration.load(
            explicitPath: file, environment: [:], workingDirectory: folder.path, homeDirectory: folder.path)
        try await run(configuration, folder, file, source, body)
    }

    private static func run(
        _ configuration: HostConfiguration, _ folder: ConfigurationFolder, _ file: String,
        _ source: ConfigurationSource?, _ body: (ServedGateway) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var options = HostOptions(environment: [:], homeDirectory: folder.path, logger: logger)
        options.paths = HostPaths(
            credentials: folder.path + "/credentials", database: folder.path + "/state/status.sqlite",
            locks: folder.path + "/locks")
        options.storeName = "memory"
        let host = LocalHost(configuration, options: options, source: source)
        let socket = try BoundSocket.tcp("127.0.0.1", port: 0)
        let (shelf, desk) = (ToolShelf(host, logger: logger), SignInDesk(host))
        let mcp = MCPPart(Endpoint(Catalogue(host)))
        let gateway = Gateway(
            host: host, access: NamedAccess(),
            parts: [
                HealthPart(host), mcp, SSEPart(mcp.endpoint), ToolsPart(shelf), AdminPart(shelf, desk),
                OpenAPIPart(shelf),
            ])
        let group = ServiceGroup(
            services: [shelf, mcp, desk, GatewayServer([socket], responder: gateway.responder)], logger: logger)
        _ = try await host.connect([]) { _ in }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await body(ServedGateway(address: socket.address, file: file))
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        await host.finish()
    }

    func ask(
        _ method: String, _ path: String, _ body: String? = nil, as caller: String, _ more: [String: String] = [:]
    ) async throws -> Answer {
        var headers = ["X-Caller": caller, "Content-Type": "application/json"]
        headers.merge(more) { $1 }
        let request = OmlxHTTPClient.HTTPRequest(
            method, try HTTPURL(address + path), headers: headers.map { .init($0.key, $0.value) },
            body: body.map { .bytes(Array($0.utf8)) } ?? .none, limits: HTTPLimits())
        let reply = try await http.fetch(request)
        var answer = Answer(status: reply.head.status, body: (try? JSON(parsing: reply.body)) ?? .null)
        answer.text = String(decoding: reply.body, as: UTF8.self)
        for name in ["allow", "content-type", "mcp-session-id"] { answer.headers[name] = reply.head.headers[name] }
        return answer
    }

    /// A stream of events as it comes; it ends with the task that reads it.
    func events(
        _ method: String, _ path: String, _ body: String? = nil, as caller: String, _ more: [String: String] = [:]
    )
        async throws -> AsyncThrowingStream<JSON, any Error>
    {
        var headers = ["X-Caller": caller, "Content-Type": "application/json", "Accept": "text/event-stream"]
        headers.merge(more) { $1 }
        let request = OmlxHTTPClient.HTTPRequest(
            method, try HTTPURL(address + path), headers: headers.map { .init($0.key, $0.value) },
            body: body.map { .bytes(Array($0.utf8)) } ?? .none, limits: HTTPLimits(idle: 120))
        let response = try await http.send(request)
        return AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    var parser = ServerSentEventParser()
                    while let bytes = try await response.body.next() {
                        for event in try parser.receive(bytes) {
                            continuation.yield(
                                (try? JSON(parsing: event.data)) ?? .string(String(decoding: event.data, as: UTF8.self))
                            )
                        }
                    }
                    continuation.finish()
                } catch { continuation.finish(throwing: error) }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Follows an address to where a browser would end.
    func visit(_ address: String) async throws {
        var next: String? = address
        while let place = next {
            let request = OmlxHTTPClient.HTTPRequest("GET", try HTTPURL(place), redirects: .returned)
            let reply = try await http.fetch(request)
            next = (300..<400).contains(reply.head.status) ? reply.head.headers["location"] : nil
        }
    }
}
