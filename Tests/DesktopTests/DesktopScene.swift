// A host of a real server that wants a sign-in, and a person with a browser.

import Logging
import OmlxConfiguration
import OmlxDemoServer
import OmlxHTTPClient
import OmlxHostAPI
import OmlxMCPHost
import TestSupport

@testable import OmlxDesktop

/// A host in this process, of one server, `demo`.
struct DesktopScene: Sendable {
    let server: DemoServer
    let host: LocalHost
    let hands: DesktopHands

    init(_ folder: ConfigurationFolder, settings: String = "", page: @escaping @Sendable () async -> Void = {})
        async throws
    {
        server = try await DemoServer.start(script: DemoScript())
        let file = folder.write("mcp.json", "{\"servers\": {\"demo\": {\"url\": \"\(server.url)\"}}\(settings)}")
        let configuration = try HostConfiguration.load(
            explicitPath: file, environment: [:], workingDirectory: folder.path, homeDirectory: folder.path)
        var options = HostOptions(
            environment: ["PATH": "/usr/bin:/bin"], homeDirectory: folder.path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.paths = HostPaths(
            credentials: folder.path + "/credentials", database: folder.path + "/state/status.sqlite",
            locks: folder.path + "/locks")
        options.storeName = "file"
        options.timeout = 120
        host = LocalHost(configuration, options: options)
        let http = HTTPClient()
        // A browser whose person consents: it follows redirects to their end.
        hands = DesktopHands(
            browse: { url in
                guard let address = try? HTTPURL(url) else { return false }
                // A person waits as long as a busy machine takes.
                let patience = HTTPLimits(connect: 240, firstByte: 240, idle: 240)
                let request = HTTPRequest(
                    "GET", address, headers: [.init("Accept", "text/html")], limits: patience, redirects: .judged)
                return (try? await http.fetch(request)) != nil
            }, openPage: page)
    }

    /// Signs in, as at an earlier time.
    func signIn() async throws {
        let failure = await hands.signIn(to: "demo", of: host)
        if let failure { throw SceneFault(description: "the sign-in failed: \(failure)") }
    }

    /// The server takes no token of the host any more, and the host finds out.
    func endSignIn() async throws {
        server.revokeAll()
        // What was asked before that, as by a sign-in that is not quite over, was answered well; a renewal that got no
        // answer is tried again.
        var status = try await host.check("demo")
        while !status.needsSignInAgain {
            guard status.record.lastSignIn != nil else { throw SceneFault(description: "no sign-in to end: \(status)") }
            await Task.yield()
            status = try await host.check("demo")
        }
    }

    func stop() async {
        await host.finish()
        await server.stop()
    }
}

/// What a scene could not do.
struct SceneFault: Error, CustomStringConvertible {
    let description: String
}

/// Runs a test with such a host, in a session of its own.
func withScene(
    settings: String = "", page: @escaping @Sendable () async -> Void = {},
    _ body: (FakeDesktop, DesktopScene) async throws -> Void
) async throws {
    try await withDesktop { desktop, folder in
        let scene = try await DesktopScene(folder, settings: settings, page: page)
        do { try await body(desktop, scene) } catch {
            await scene.stop()
            throw error
        }
        await scene.stop()
    }
}
