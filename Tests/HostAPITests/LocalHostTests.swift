// The host in this process, asked directly and through text: it opens nothing before it is asked, and its answers can be sent.

import FoundationEssentials
import Glibc
import Logging
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import OmlxSignIn
import Synchronization
import Testing
import TestSupport

@Suite struct LocalHostTests {
    /// A child that tells how far it is before it answers.
    private static let child = """
        read line
        echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}'
        read line
        echo '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},\
        "serverInfo":{"name":"x","version":"1"}}}'
        read line
        read line
        echo '{"jsonrpc":"2.0","id":3,"result":{"tools":[{"name":"wait","inputSchema":{"type":"object"},"x":0.50}]}}'
        read line
        token=$(printf '%s' "$line" | sed 's/.*"progressToken":\\([^,}]*\\).*/\\1/')
        echo '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":'"$token"',"progress":1,"total":2}}'
        echo '{"jsonrpc":"2.0","id":4,"result":{"content":[],"structuredContent":{"n":1.50}}}'
        cat >/dev/null
        """

    private func host(
        _ folder: ConfigurationFolder, _ servers: JSONObject, _ change: (inout HostOptions) -> Void = { _ in }
    ) throws -> LocalHost { try LocalHost.testing(folder, servers, change) }

    @Test("what is known is told by a host that could not even be made: nothing of it is opened for that")
    func opensNothing() async throws {
        let folder = try ConfigurationFolder()
        let host = try host(
            folder, ["a": ["command": "run"], "b": ["url": "https://b.example/mcp", "enabled": false]]
        ) {
            $0.storeName = "no such store"
        }
        let status = try await host.status(StatusRequest())
        #expect(status.servers.map(\.name) == ["a", "b"] && status.problem == nil)
        #expect(status.servers[1].transport.state == .disabled)
        #expect(try await host.log(LogRequest()) == [])
        #expect(try await host.approvals() == [])
        let report = await host.configuration()
        #expect(report.servers.map(\.transport) == ["stdio", "streamable-http"])
        #expect(throws: OmlxError.self) { try report.require(["c"]) }
        #expect(throws: OmlxError.self) { try report.requireUsable("b") }
        await #expect(throws: OmlxError.self) { try await host.connect(["a"]) { _ in } }
        await host.finish()
        #expect(access(folder.path + "/state", F_OK) != 0)
    }

    @Test("tools are listed, called and known afterwards, by values that can be sent", arguments: HostWay.allCases)
    func tools(_ way: HostWay) async throws {
        let folder = try ConfigurationFolder()
        let child: JSONObject = ["child": ["command": "/bin/sh", "args": ["-c", .string(Self.child)]]]
        let tool = try await way.ask(try host(folder, child), folder) { try await listAndCall($0) }
        try await way.ask(try host(folder, child), folder) { later in
            let known = try await later.knownTools([])
            #expect(known.flatMap(\.tools) == [tool])
            let missing = await #expect(throws: OmlxError.self) {
                try await later.tool("child__nothing", signingIn: nil)
            }
            #expect(missing?.code == .protocolToolUnknown)
        }
    }

    private func listAndCall(_ host: any Host) async throws -> HostTool {
        let done = Mutex<[ServerTools]>([])
        let statuses = try await host.connect([]) { server in done.withLock { $0.append(server) } }
        #expect(statuses.map(\.discovery.state) == [.succeeded(toolCount: 1)])
        #expect(done.withLock { $0 }.map(\.tools.count) == [1])
        let tool = try await host.tool("wait", signingIn: nil)
        #expect(tool.name == "child__wait" && tool.json.text().contains("0.50"))
        let heard = Mutex<[Double?]>([])
        let result = try await host.call(ToolCall(tool.name), signingIn: nil) { progress in
            heard.withLock { $0.append(progress.total) }
        }
        #expect(result.structuredContent?.text() == "{\"n\":1.50}")
        #expect(heard.withLock { $0 } == [2])
        #expect(try await host.status(StatusRequest(look: .current)).servers.map(\.transport.state) == [.connected])
        return tool
    }

    /// A person whose browser follows redirects to their end.
    private final class Person: LoginPerson {
        let heard = Mutex<[LoginEvent]>([])
        private let http = HTTPClient()

        func hear(_ event: LoginEvent, of server: String) async { heard.withLock { $0.append(event) } }
        func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer {
            guard case .open(let url) = question, let address = try? HTTPURL(url) else { return .opened(false) }
            let request = HTTPRequest("GET", address, headers: [.init("Accept", "text/html")], redirects: .judged)
            return .opened((try? await http.fetch(request)) != nil)
        }
        func pasted() -> AsyncStream<String> { AsyncStream { _ in } }
    }

    @Test(
        "a sign-in is a conversation of events and answers; its store, log and sign-out are told as values",
        arguments: HostWay.allCases)
    func login(_ way: HostWay) async throws {
        let server = try await DemoServer.start(script: DemoScript())
        do {
            let folder = try ConfigurationFolder()
            try await way.ask(try host(folder, ["demo": ["url": JSON(server.url)]]), folder) {
                try await signInAndOut($0)
            }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func signInAndOut(_ host: any Host) async throws {
        let person = Person()
        let report = try await host.login("demo", LoginOptions(), LoginOffer(person, opensBrowser: true))
        #expect(!report.wasSignedIn && report.status.signIn.state == .signedIn)
        let heard = person.heard.withLock { $0 }
        guard case .address(let prompt)? = heard.first else {
            Issue.record("no address was shown: \(heard)")
            return
        }
        #expect(prompt.opensBrowser && prompt.isListening)
        #expect(heard.last == .signedIn)
        #expect(try await host.storedRecords().records.map(\.kind).contains("sign-in"))
        #expect(try await host.orphans().shown.isEmpty)
        #expect(try await host.stores(tries: false).inUse?.name == "file")
        let entries = try await host.log(LogRequest(server: "demo"))
        #expect(entries.contains { $0.kind == "sign-in" && $0.outcome == "granted" })
        #expect(try await host.examine("demo").worst == nil)
        #expect(try await host.header(of: "demo").source == .signIn)
        let signOuts = try await host.logout("demo", LogoutRequest())
        #expect(signOuts.map(\.outcome.wasSignedIn) == [true])
    }

    @Test("a fix is worked out, and written only on the file it was worked out on")
    func fix() async throws {
        let folder = try ConfigurationFolder()
        let host: any Host = SentHost(host: try host(folder, ["demo": ["url": "https://a.example/mcp"]]))
        let fix = try JSON(
            dictionaryLiteral: ("title", "use it"), ("server", "demo"), ("file", .string(folder.path + "/mcp.json")),
            ("edits", [["path": ["url"], "value": "https://b.example/mcp"]])
        ).decoded(as: DoctorFix.self)
        let preview = try await host.preview(fix)
        #expect(preview.diff.contains("https://b.example/mcp"))
        folder.write("mcp.json", "{\"servers\": {\"demo\": {\"url\": \"https://a.example/mcp\" }}}")
        let refused = await #expect(throws: OmlxError.self) { try await host.write(fix, preview) }
        #expect(refused?.code == .configUnreadable)
        let backup = try await host.write(fix, try await host.preview(fix))
        #expect(try String(contentsOfFile: backup, encoding: .utf8).contains("a.example"))
        #expect(try String(contentsOfFile: folder.path + "/mcp.json", encoding: .utf8).contains("b.example"))
    }

    @Test("a file of the working folder is shown, approved and forgotten by values")
    func trust() async throws {
        let folder = try ConfigurationFolder()
        folder.write("work/mcp.json", "{\"servers\": {\"a\": {\"command\": \"run\", \"env\": {\"K\": \"${HOME}\"}}}}")
        let found = try HostConfiguration.load(
            explicitPath: nil, environment: ["HOME": folder.path], workingDirectory: folder.path + "/work",
            homeDirectory: folder.path)
        var options = HostOptions(
            environment: [:], homeDirectory: folder.path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.paths = HostPaths(
            credentials: folder.path + "/credentials", database: folder.path + "/state/status.sqlite",
            locks: folder.path + "/locks")
        let host: any Host = SentHost(host: LocalHost(found, options: options))
        #expect(try await host.configuration().trustProblem?.code == .configUntrusted)
        #expect(try await host.review().servers.first?.variables.map(\.name) == ["HOME"])
        let approval = try await host.approve()
        #expect(try await host.configuration().trustProblem == nil)
        #expect(try await host.approvals() == [ApprovedFile(approval: approval, state: .approved)])
        folder.write("work/mcp.json", "{}")
        #expect(try await host.approvals().map(\.state) == [.changed])
        #expect(try await host.revokeApprovals(of: [approval.place]) == [approval])
        #expect(try await host.approvals() == [])
    }
}
