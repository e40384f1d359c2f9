// A host that stays up, and its configuration is written anew: taken over with what runs left alone, or refused.

import Foundation
import Glibc
import Logging
import OmlxConcurrency
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct LocalHostReloadTests {
    /// A child whose one call is answered once a file is there.
    private static let child = """
        read line
        echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}'
        read line
        echo '{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},\
        "serverInfo":{"name":"x","version":"1"}}}'
        read line
        read line
        echo '{"jsonrpc":"2.0","id":3,"result":{"tools":[{"name":"wait","inputSchema":{"type":"object"}}]}}'
        read line
        touch "$1.asked"
        until [ -e "$1.go" ]; do sleep 0.02; done
        echo '{"jsonrpc":"2.0","id":4,"result":{"content":[],"structuredContent":{"n":1}}}'
        cat >/dev/null
        """

    private let folder: ConfigurationFolder
    private let host: LocalHost
    private let file: String

    init() throws {
        folder = try ConfigurationFolder()
        file = folder.path + "/mcp.json"
        var options = HostOptions(
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], homeDirectory: folder.path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.paths = HostPaths(
            credentials: folder.path + "/credentials", database: folder.path + "/state/status.sqlite",
            locks: folder.path + "/locks")
        options.storeName = "file"
        options.timeout = 120
        let (path, home) = (file, folder.path)
        host = LocalHost(
            options: options,
            source: ConfigurationSource(places: [path]) { () throws(OmlxError) in
                try HostConfiguration.load(
                    explicitPath: path, environment: [:], workingDirectory: "/", homeDirectory: home)
            })
    }

    private func write(_ servers: JSONObject) {
        folder.write("mcp.json", JSON.object(["servers": .object(servers)]).text())
    }

    private func server(_ name: String) -> JSON {
        ["command": "/bin/sh", "args": ["-c", .string(Self.child), "sh", .string(folder.path + "/" + name)]]
    }

    private func exists(_ name: String) async throws {
        while access(folder.path + "/" + name, F_OK) != 0 { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test("a call under way at a server that stays the same goes on, whatever else comes, goes and changes")
    func untouched() async throws {
        write(["stays": server("stays"), "goes": server("goes")])
        try await host.reload()
        _ = try await host.connect([]) { _ in }
        let host = host
        async let result = host.call(ToolCall("stays__wait"), signingIn: nil) { _ in }
        try await exists("stays.asked")
        write(["comes": server("comes"), "stays": server("stays")])
        let change = try await host.reload()
        #expect(change.added == ["comes"] && change.removed == ["goes"] && change.kept == ["stays"])
        let statuses = try await host.connect(change.added) { _ in }
        #expect(statuses.map(\.transport.state) == [.connected])
        folder.write("stays.go", "")
        #expect(try await result.structuredContent?.text() == "{\"n\":1}")
        await host.finish()
    }

    @Test("what does not parse, may not be used or is gone is refused with its place, and told; what runs goes on")
    func refused() async throws {
        write(["stays": server("stays")])
        try await host.reload()
        _ = try await host.connect([]) { _ in }
        var events = try await host.events().makeAsyncIterator()
        folder.write("mcp.json", "{\n  \"servers\": {,}\n}")
        let broken = await #expect(throws: OmlxError.self) { try await host.reload() }
        #expect(broken?.code == .configInvalidJSON && broken?.message.contains("mcp.json:2:15") == true)
        #expect(await host.configuration().refusal?.error == broken)
        var told: OmlxError?
        while told == nil, let event = await events.next() {
            if case .configurationRefused(let error) = event { told = error }
        }
        #expect(told == broken)

        write([:])
        chmod(file, 0o666)
        let open = await #expect(throws: OmlxError.self) { try await host.reload() }
        #expect(open?.code == .configPermissions)
        #expect(await host.configuration().refusal?.error == open)

        unlink(file)
        let gone = await #expect(throws: OmlxError.self) { try await host.reload() }
        #expect(gone?.code == .configNotFound)
        #expect(try await host.status(StatusRequest(look: .current)).servers.map(\.transport.state) == [.connected])

        write(["stays": server("stays")])
        #expect(try await host.reload().kept == ["stays"])
        #expect(await host.configuration().refusal == nil)
        await host.finish()
    }
}
