// Hosts in temporary folders before demo servers: everything they log, tell and write is kept and searched for secrets.

import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxHTTPClient
import OmlxJSON
import Logging
import Synchronization
import Testing

@testable import OmlxMCPHost
@testable import OmlxSignIn

/// The answers of a server without tools to `server/discover`, `initialize` and `tools/list`, for a shell.
let toollessAnswers = """
    read line
    echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}'
    read line
    echo '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},\
    "serverInfo":{"name":"x","version":"1"}}}'
    read line
    read line
    echo '{"jsonrpc":"2.0","id":3,"result":{"tools":[]}}'
    cat >/dev/null
    """

/// A machine with one user: folders, clock, log, and the managers that run on it.
final class HostScene: Sendable {
    let folder: String
    let transcript = HostTranscript()
    private let offset = Mutex(0.0)
    private let managers = Mutex<[MCPManager]>([])
    private let watching = Mutex<[Task<Void, Never>]>([])

    init(folder: String) { self.folder = folder }

    var paths: HostPaths {
        HostPaths(
            credentials: folder + "/credentials", database: folder + "/state/status.sqlite", locks: folder + "/locks")
    }

    var now: Date { Date().addingTimeInterval(offset.withLock { $0 }) }

    /// Moves the clock of all hosts forward.
    func advance(_ seconds: Double) { offset.withLock { $0 += seconds } }

    private struct WeakManager: Sendable {
        weak let manager: MCPManager?
    }

    /// A host that was stopped and let go leaves nothing: no connection, no thread.
    private static func expectFreed(_ hosts: [WeakManager], _ sourceLocation: SourceLocation) async {
        // What was cancelled may take a moment to end.
        for _ in 0..<3000 where hosts.contains(where: { $0.manager != nil }) {
            try? await Task.sleep(for: .milliseconds(20))
        }
        #expect(hosts.allSatisfy { $0.manager == nil }, "a host stays in memory", sourceLocation: sourceLocation)
    }

    // MARK: hosts

    /// A host of its own, as a new process would make one.
    /// - Parameter servers: the entries of `mcp.json`, as JSON.
    func host(
        _ servers: KeyValuePairs<String, JSON>, top: JSONObject = [:], _ change: (inout HostOptions) -> Void = { _ in }
    ) async throws -> MCPManager {
        try await host(servers: servers.map { ($0.key, $0.value) }, top: top, change)
    }

    func host(
        servers: [(String, JSON)], top: JSONObject = [:], _ change: (inout HostOptions) -> Void = { _ in }
    ) async throws -> MCPManager {
        var root = top
        root["servers"] = .object(JSONObject(servers))
        let configuration = try HostConfiguration(
            contents: JSON.object(root).serialized(), path: folder + "/mcp.json", environment: [:],
            homeDirectory: folder)
        let transcript = transcript
        var options = HostOptions(
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], homeDirectory: folder,
            logger: Logger(label: "test") { _ in TranscriptLogHandler(transcript: transcript) })
        options.paths = paths
        options.timeout = 120
        options.now = { self.now }
        change(&options)
        let manager = try await MCPManager(configuration: configuration, options: options)
        let events = manager.events()
        let task = Task { for await event in events { transcript.note(event) } }
        managers.withLock { $0.append(manager) }
        watching.withLock { $0.append(task) }
        return manager
    }

    /// A host with the server `demo`.
    func host(_ server: DemoServer, _ change: (inout HostOptions) -> Void = { _ in }) async throws -> MCPManager {
        try await host(["demo": ["url": JSON(server.url)]], change)
    }

    /// Signs in to a server, approving in the browser.
    @discardableResult
    func login(
        _ manager: MCPManager, _ name: String = "demo", _ options: LoginOptions = .init(),
        browser: (any BrowserOpening)? = FollowingBrowser()
    ) async throws -> LoginReport {
        do {
            return try await manager.login(
                name, options, interface: SilentPerson(transcript: transcript), browser: browser)
        } catch let error as OmlxError {
            transcript.note(error)
            throw error
        }
    }

    func call(_ manager: MCPManager, _ name: String = "demo__whoami", _ arguments: JSONObject = [:]) async throws
        -> JSON
    {
        do {
            return try await manager.call(name, arguments: arguments).raw
        } catch let error as OmlxError {
            transcript.note(error)
            throw error
        }
    }

    /// The code a piece of work fails with.
    func code(
        _ sourceLocation: SourceLocation = #_sourceLocation, _ work: () async throws -> Void
    ) async -> String? {
        await error(sourceLocation, work)?.code.text
    }

    func error(
        _ sourceLocation: SourceLocation = #_sourceLocation, _ work: () async throws -> Void
    ) async -> OmlxError? {
        do {
            try await work()
            Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        } catch let error as OmlxError {
            transcript.note(error)
            return error
        } catch {
            Issue.record("another error was thrown: \(error)", sourceLocation: sourceLocation)
        }
        return nil
    }

    // MARK: what was written

    /// The row of a server, as another process reads it.
    func row(_ name: String = "demo") async throws -> ServerStatus {
        try #require(
            try await StatusDatabase.open(path: paths.database, mode: .readIfExists).status(of: name))
    }

    /// The files of the credential store by name, byte for byte.
    func credentialFiles() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: paths.credentials)) ?? []
        for name in names where name.hasPrefix("credential-") {
            let bytes = try Data(contentsOf: URL(filePath: paths.credentials + "/" + name))
            files[name] = Array(bytes)
        }
        return files
    }

    func finish(_ sourceLocation: SourceLocation) async {
        for manager in managers.withLock({ $0 }) { await manager.stop() }
        for task in watching.withLock({ $0 }) { await task.value }
        // The hosts' clocks hold this scene.
        let hosts = managers.withLock { managers in
            defer { managers = [] }
            return managers.map { WeakManager(manager: $0) }
        }
        await Self.expectFreed(hosts, sourceLocation)
        transcript.expectNoSecret(sourceLocation)
        let state = folder + "/state"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: state)) ?? [] {
            guard let bytes = try? Data(contentsOf: URL(filePath: state + "/" + name)) else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            for mark in HostTranscript.marks {
                #expect(!text.contains(mark), "a secret is in \(name)", sourceLocation: sourceLocation)
            }
        }
    }
}

/// Runs a test on a machine of its own, which is gone afterwards.
func withHostScene(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: (HostScene) async throws -> Void
) async throws {
    var template = Array("/tmp/omlx-host-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let scene = HostScene(folder: folder)
    defer {
        chmod(folder + "/state", 0o700)
        try? FileManager.default.removeItem(atPath: folder)
    }
    do {
        try await body(scene)
    } catch {
        await scene.finish(sourceLocation)
        throw error
    }
    await scene.finish(sourceLocation)
}

/// Runs a test on a machine with one demo server.
func withHost(
    _ configure: (inout DemoScript) -> Void = { _ in }, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (HostScene, DemoServer) async throws -> Void
) async throws {
    var script = DemoScript()
    configure(&script)
    let server = try await DemoServer.start(script: script)
    do {
        try await withHostScene(sourceLocation: sourceLocation) { scene async throws in try await body(scene, server) }
    } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}

/// Runs a test with one more demo server.
func withServer(
    _ configure: (inout DemoScript) -> Void = { _ in }, _ body: (DemoServer) async throws -> Void
) async throws {
    var script = DemoScript()
    configure(&script)
    let server = try await DemoServer.start(script: script)
    do {
        try await body(server)
    } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}

// MARK: what is said

/// Every text somebody could read.
final class HostTranscript: Sendable {
    static let marks = ["demo-at-", "demo-rt-", "demo-code-", "demo-cs-"]

    private let lines = Mutex<[(isLog: Bool, text: String)]>([])

    /// The lines of the log, in order.
    var log: [String] { lines.withLock { $0.filter(\.isLog).map(\.text) } }

    func note(log text: String) { lines.withLock { $0.append((true, text)) } }
    func note(_ text: String) { lines.withLock { $0.append((false, text)) } }
    func note(_ event: HostEvent) { note("\(event)") }

    func note(_ error: OmlxError) {
        note(error.description)
        note(error.nextStep?.plainText ?? "")
        note(String(reflecting: error))
    }

    func expectNoSecret(_ sourceLocation: SourceLocation) {
        for (_, text) in lines.withLock({ $0 }) {
            for mark in Self.marks {
                #expect(!text.contains(mark), "a secret is shown: \(text)", sourceLocation: sourceLocation)
            }
        }
    }
}

struct TranscriptLogHandler: LogHandler {
    let transcript: HostTranscript
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        transcript.note(log: "\(event.level == .info ? "" : "\(event.level) ")\(event.message)")
    }
}

// MARK: the person

/// A browser whose person approves: it follows redirects to their end.
final class FollowingBrowser: BrowserOpening {
    private let http = HTTPClient()
    private let opened = Mutex<[String]>([])

    /// The addresses opened.
    var addresses: [String] { opened.withLock { $0 } }

    func open(_ url: String) async -> Bool {
        opened.withLock { $0.append(url) }
        guard let url = try? HTTPURL(url) else { return false }
        let request = HTTPRequest("GET", url, headers: [.init("Accept", "text/html")], redirects: .judged)
        return (try? await http.fetch(request)) != nil
    }
}

/// A person who types nothing.
struct SilentPerson: SignInInterface {
    let transcript: HostTranscript

    func show(_ prompt: SignInPrompt) async { transcript.note(prompt.url) }
    func notice(_ text: String) async { transcript.note(text) }
    func lines() -> AsyncStream<String> { AsyncStream { _ in } }
}

// MARK: what servers saw

extension DemoServer {
    /// Method and path of the requests that belong to signing in.
    var oauthRequests: [String] {
        requests.filter { !["/mcp", "/sse", "/messages"].contains($0.path) }.map { "\($0.method) \($0.path)" }
    }

    var refreshes: Int { state.tokenRequests["refresh_token"] ?? 0 }

    func calls(_ method: String) -> [RecordedRequest] { requests.filter { $0.rpcMethod == method } }
}

extension MCPManager {
    func state(_ name: String = "demo") async throws -> ServerStatus { try #require(await status(of: name)) }

    /// Waits until a server's status meets the condition, which events tell.
    func wait(for name: String = "demo", _ condition: @escaping @Sendable (ServerStatus) -> Bool) async {
        let events = events()
        if let status = await status(of: name), condition(status) { return }
        for await event in events {
            if case .statusChanged(let status) = event, status.name == name, condition(status) { return }
        }
    }
}

extension OmlxError {
    var step: String { nextStep?.plainText ?? "" }
}
