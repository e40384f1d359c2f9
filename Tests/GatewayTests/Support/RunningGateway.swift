// A gateway on real sockets, for as long as a test needs it.

import Foundation
import Hummingbird
import Logging
import OmlxConfiguration
import OmlxGateway
import OmlxHTTPClient
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import ServiceLifecycle
import Synchronization
import TestSupport

/// A part that tells what it is told of a request.
struct EchoPart: GatewayPart {
    func add(to router: Router<GatewayContext>) {
        let tell: @Sendable (Request, GatewayContext) async throws -> Response = { request, context in
            let body = try await request.body.collect(upTo: 1 << 20)
            return .json([
                "caller": JSON(optional: context.caller?.name), "csrf": .string(context.csrf),
                "body": .string(String(buffer: body)),
            ])
        }
        router.get("/echo", use: tell)
        router.post("/echo", use: tell)
        router.get("/fine") { _, _ in Response.html("<p>fine</p>") }
    }

    var openPaths: Set<String> { ["/fine"] }
}

/// A clock that a test moves.
final class TestClock: Sendable {
    private let time = Mutex(1_800_000_000.0)

    var now: @Sendable () -> Date { { Date(timeIntervalSince1970: self.time.withLock { $0 }) } }
    func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
}

/// A gateway that runs.
struct RunningGateway: Sendable {
    let folder: String
    let tcp: BoundSocket
    let unix: BoundSocket
    let access: HostAccess
    private let client: HTTPClient

    /// Runs a gateway with `EchoPart` while the body runs.
    static func run<Value: Sendable>(
        environment: [String: String] = [:], rules: OriginRules = OriginRules(), clock: TestClock = TestClock(),
        in folder: ConfigurationFolder, parts: [any GatewayPart] = [], metrics: Metrics = Metrics(),
        times: ConnectionTimes = ConnectionTimes(), certificate: ServerCertificate? = nil,
        limits: ClientLimits = ClientLimits(),
        _ body: @escaping @Sendable (RunningGateway) async throws -> Value
    ) async throws -> Value {
        let access = try await HostAccess.open(
            folder.path + "/access", environment: environment, rules: rules, now: clock.now)
        let plain = try BoundSocket.tcp("127.0.0.1", port: 0)
        let tcp = certificate == nil ? plain : plain.encrypted
        let unix = try BoundSocket.unix(folder.path + "/run/host.sock")
        var options = HostOptions(
            environment: [:], homeDirectory: folder.path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.paths = HostPaths(
            credentials: folder.path + "/credentials", database: folder.path + "/state/status.sqlite",
            locks: folder.path + "/locks")
        options.storeName = "memory"
        let host = LocalHost(HostConfiguration(), options: options)
        let gateway = Gateway(
            host: host, access: access,
            parts: [
                HealthPart(host), AccessPart(access, address: tcp.address), MetricsPart(host, metrics), EchoPart(),
            ] + parts,
            observation: GatewayObservation(
                metrics: metrics, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let client = HTTPClient(tls: TLSSettings(certificateAuthorities: certificate?.certificate))
        let running = RunningGateway(folder: folder.path, tcp: tcp, unix: unix, access: access, client: client)
        let value = try await running.serving(
            GatewayServer(
                [tcp, unix], certificate: certificate, responder: gateway.responder, times: times, limits: limits),
            body)
        await host.finish()
        return value
    }

    private func serving<Value: Sendable>(
        _ server: some Service, _ body: @escaping @Sendable (RunningGateway) async throws -> Value
    ) async throws -> Value {
        let group = ServiceGroup(
            services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let result = await Result { try await body(self) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try result.get()
        }
    }

    /// The machine's own key, as a script reads it.
    var key: String {
        get throws {
            try String(contentsOfFile: folder + "/access/key", encoding: .utf8).trimmingCharacters(in: .newlines)
        }
    }

    /// Asks by TCP.
    func ask(
        _ method: String = "GET", _ path: String, _ headers: [String: String] = [:], body: String? = nil
    ) async throws -> Answer {
        let url = try HTTPURL(tcp.address + path)
        let reply = try await client.fetch(
            OmlxHTTPClient.HTTPRequest(
                method, url, headers: headers.map { HTTPRequestHeader($0.key, $0.value) },
                body: body.map { .bytes(Array($0.utf8)) } ?? .none, redirects: .returned))
        return Answer(reply: reply)
    }

    /// Signs a browser in by a link.
    /// - Returns: its `Cookie` header.
    func signIn() async throws -> String {
        let link = try await ask("POST", AccessPart.linkPath, ["Authorization": "Bearer \(try key)"])
        let url = link.json?["url"]?.stringValue ?? ""
        let opened = try await ask("GET", String(url.dropFirst(tcp.address.count)))
        return String(opened.header("Set-Cookie")?.prefix { $0 != ";" } ?? "")
    }

    /// An answer.
    struct Answer: Sendable {
        let reply: HTTPReply

        var status: Int { reply.head.status }
        var text: String { String(decoding: reply.body, as: UTF8.self) }
        var json: JSON? { try? JSON(parsing: reply.body) }
        func header(_ name: String) -> String? { reply.head.headers[name] }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
