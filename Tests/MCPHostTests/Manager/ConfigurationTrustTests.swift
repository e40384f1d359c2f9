// A configuration that came from elsewhere is used only once its content was approved, and only as it was approved.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import Logging
import OmlxSignIn
import TestSupport
import Testing

@testable import OmlxMCPHost

@Suite struct ConfigurationTrustTests {
    private let folder: ConfigurationFolder
    private let options: HostOptions
    private let moment = Date(timeIntervalSince1970: 1_800_000_000)

    init() throws {
        folder = try ConfigurationFolder()
        folder.write("home/x", "")
        var options = HostOptions(environment: [:], homeDirectory: "\(folder.path)/home", logger: Logger(label: "test"))
        options.followsStore = false
        options.keepsStatus = false
        self.options = options
    }

    private var database: String { options.paths.database }

    private func write(_ path: String = "desk/mcp.json", url: String = "https://one.example/mcp", _ rest: String = "") {
        folder.write(path, "{\"servers\": {\"s\": {\"url\": \"\(url)\"}}\(rest)}")
    }

    private func load(_ desk: String = "desk", explicit: String? = nil, _ environment: [String: String] = [:]) throws
        -> HostConfiguration
    {
        try HostConfiguration.load(
            explicitPath: explicit, environment: environment, workingDirectory: "\(folder.path)/\(desk)",
            homeDirectory: "\(folder.path)/home")
    }

    private func problem(_ host: HostConfiguration) async -> ErrorCode? {
        await host.trustProblem(database: database)?.code
    }

    @discardableResult
    private func approve(_ host: HostConfiguration) async throws -> HostConfiguration {
        var host = host
        try await host.approve(database: database, at: moment)
        return host
    }

    @Test("A file found in the working folder can be looked at; everything that uses it ends in CONFIG_UNTRUSTED")
    func unapproved() async throws {
        write()
        let host = try load()
        #expect(host.servers.map(\.name) == ["s"])
        #expect(await problem(host) == .configUntrusted)
        let error = await #expect(throws: OmlxError.self) {
            _ = try await MCPManager(configuration: host, options: options)
        }
        #expect(error?.code == .configUntrusted && error?.nextStep == Remedy(.trust()))
        #expect(error?.message.contains("\(folder.path)/desk/mcp.json") == true)
        await #expect(throws: OmlxError.self) {
            _ = try await HeaderSource("s", configuration: host, options: options)
        }
        func expectRefused(_ work: () async throws -> Void, _ location: SourceLocation = #_sourceLocation) async {
            let error = await #expect(throws: OmlxError.self, sourceLocation: location) { try await work() }
            #expect(error?.code == .configUntrusted, sourceLocation: location)
        }
        await expectRefused { _ = try await HostStores(host, options) }
        var own = options
        own.store = MemoryStore(now: options.now)
        await #expect(throws: OmlxError.self) { _ = try await MCPManager(configuration: host, options: own) }
    }

    @Test("Approved it can be used, by this value and by every later one that reads the same")
    func approved() async throws {
        write()
        let host = try await approve(load())
        _ = try await MCPManager(configuration: host, options: options)
        #expect(await problem(host) == nil)
        #expect(try await problem(load()) == nil)
        _ = try await MCPManager(configuration: try load(), options: options)
        let approvals = try await StatusDatabase.open(path: database, mode: .readIfExists).approvals()
        #expect(approvals.map(\.place) == ["\(folder.path)/desk/mcp.json"])
        #expect(approvals.first?.approvedAt == moment && approvals.first?.digest.count == 64)
    }

    @Test("Any change of its bytes ends that, a comment too; the same bytes again are approved")
    func changed() async throws {
        write()
        try await approve(load())
        write(url: "https://two.example/mcp")
        let error = try await load().trustProblem(database: database)
        #expect(error?.code == .configUntrusted && error?.message.contains("has changed since") == true)
        write("desk/mcp.json", "/* x */")
        #expect(try await problem(load()) == .configUntrusted)
        write()
        #expect(try await problem(load()) == nil)
        write(url: "https://two.example/mcp")
        try await approve(load())
        write()
        #expect(try await problem(load()) == .configUntrusted, "only the last approval counts")
    }

    @Test("What was read is what counts, whatever the file is by then")
    func sameBytes() async throws {
        write()
        var host = try load()
        write(url: "https://evil.example/mcp")
        try await host.approve(database: database, at: moment)
        #expect(
            host.servers.first.flatMap { try? $0.result.get().transport.http?.url.value } == "https://one.example/mcp")
        #expect(try await problem(load()) == .configUntrusted)
    }

    @Test("An approval is for the file there: not for a copy elsewhere, nor by a link from another folder")
    func place() async throws {
        write()
        try await approve(load())
        write("other/mcp.json")
        #expect(try await problem(load("other")) == .configUntrusted)
        folder.write("linked/x", "")
        symlink("../desk/mcp.json", "\(folder.path)/linked/mcp.json")
        #expect(try await problem(load("linked")) == .configUntrusted, "its relative paths would start elsewhere")
        symlink("desk", "\(folder.path)/alias")
        #expect(try await problem(load("alias")) == nil, "the same folder by another name")
        unlink("\(folder.path)/linked/mcp.json")
        symlink("../desk/mcp.json", "\(folder.path)/linked/mcp.yaml")
        #expect(try await problem(load("linked")) == .configUntrusted)
    }

    @Test("A link that leads to another file of the same content since is not what was approved")
    func relinked() async throws {
        write("a/real.json")
        write("b/real.json")
        folder.write("desk/x", "")
        symlink("../a/real.json", "\(folder.path)/desk/mcp.json")
        try await approve(load())
        #expect(try await problem(load()) == nil)
        unlink("\(folder.path)/desk/mcp.json")
        symlink("../b/real.json", "\(folder.path)/desk/mcp.json")
        #expect(try await problem(load()) == .configUntrusted)
    }

    @Test("An envFile's content is part of it: changed, gone, come, or another file by a variable")
    func environmentFile() async throws {
        folder.write("desk/mcp.json", #"{"servers": {"s": {"command": "x", "envFile": "${E:-.env}"}}}"#)
        folder.write("desk/.env", "A=1")
        folder.write("desk/other", "A=1")
        try await approve(load())
        #expect(try await problem(load()) == nil)
        #expect(try await problem(load(["E": "other"])) == .configUntrusted)
        folder.write("desk/.env", "A=1\nNODE_OPTIONS=--require=./x.js")
        #expect(try await problem(load()) == .configUntrusted)
        unlink("\(folder.path)/desk/.env")
        #expect(try await problem(load()) == .configUntrusted)
        try await approve(load())
        #expect(try await problem(load()) == nil)
        folder.write("desk/.env", "A=1")
        #expect(try await problem(load()) == .configUntrusted)
    }

    private func load(_ environment: [String: String]) throws -> HostConfiguration { try load("desk", environment) }

    @Test("Naming the file is consent, by the option and by the variable; the user's own needs none")
    func consent() async throws {
        write()
        write("home/.config/omlx/mcp.json")
        let path = "\(folder.path)/desk/mcp.json"
        #expect(try await problem(load(explicit: path)) == nil)
        #expect(try await problem(load(explicit: "mcp.json")) == nil)
        #expect(try await problem(load(["OMLX_MCP_CONFIG": path])) == nil)
        #expect(try await problem(load(["OMLX_MCP_CONFIG": ""])) == .configUntrusted)
        #expect(try await problem(load("home")) == nil)
        #expect(try await problem(load("home/.config/omlx")) == nil)
        let made = try HostConfiguration(
            contents: Array("{}".utf8), path: "/srv/conf/mcp.json", environment: [:], homeDirectory: "/home/ada")
        #expect(await problem(made) == nil)
    }

    @Test("A file others may change is refused whoever named it, approved or not", arguments: [nil, "mcp.json"])
    func open(explicit: String?) async throws {
        write()
        try await approve(load())
        func expectRefused(_ location: SourceLocation = #_sourceLocation) async throws {
            let host = try load(explicit: explicit)
            let error = await #expect(throws: OmlxError.self, sourceLocation: location) {
                _ = try await MCPManager(configuration: host, options: options)
            }
            #expect(error?.code == .configPermissions, sourceLocation: location)
            #expect(error?.nextStep?.plainText.hasPrefix("chmod go-w ") == true, sourceLocation: location)
            await #expect(throws: OmlxError.self, sourceLocation: location) {
                _ = try await host.review(database: database)
            }
            await #expect(throws: OmlxError.self, sourceLocation: location) { try await approve(host) }
        }
        let (desk, file) = ("\(folder.path)/desk", "\(folder.path)/desk/mcp.json")
        chmod(file, 0o666)
        try await expectRefused()
        chmod(file, 0o602)
        try await expectRefused()
        chmod(file, 0o644)
        #expect(try await problem(load(explicit: explicit)) == nil)
        chmod(desk, 0o777)
        try await expectRefused()
        chmod(desk, 0o1777)
        #expect(try await problem(load(explicit: explicit)) == nil, "a sticky folder")
        chmod(desk, 0o755)
        chmod(folder.path, 0o777)
        try await expectRefused()
        chmod(folder.path, 0o700)
        #expect(try await problem(load(explicit: explicit)) == nil)
    }

    @Test("A file of another user's is refused until it is approved by its content, wherever it was named")
    func foreign() async throws {
        // Only root can give files away; for others the pure judgement has its own tests.
        guard geteuid() == 0 else { return }
        write()
        let path = "\(folder.path)/desk/mcp.json"
        chown(path, 12345, 12345)
        for (host, named) in [
            (try load(explicit: path), path), (try load(["OMLX_MCP_CONFIG": path]), path), (try load(), nil),
        ] {
            let error = await host.trustProblem(database: database)
            #expect(error?.code == .configUntrusted && error?.nextStep == Remedy(.trust(path: named)))
        }
        let refusal = try await load(explicit: path).trustProblem(database: database)
        #expect(refusal?.nextStep == Remedy(.trust(path: path)))
        try await approve(load(explicit: path))
        #expect(try await problem(load(explicit: path)) == nil)
        #expect(try await problem(load()) == nil)
        write(url: "https://two.example/mcp")
        #expect(try await problem(load(explicit: path)) == .configUntrusted)
        chmod(path, 0o666)
        #expect(try await problem(load(explicit: path)) == .configPermissions)
        chmod(path, 0o644)
        chown(path, 0, 0)
        #expect(try await problem(load(explicit: path)) == nil)
        chown("\(folder.path)/desk", 12345, 12345)
        #expect(try await problem(load(explicit: path)) == .configUntrusted, "its folder's owner can replace it")
        try await approve(load(explicit: path))
        #expect(try await problem(load(explicit: path)) == nil)
        folder.write("desk/e", "A=1")
        folder.write("desk/mcp.json", #"{"servers": {"s": {"command": "x", "envFile": "e"}}}"#)
        chown("\(folder.path)/desk", 0, 0)
        chown("\(folder.path)/desk/e", 12345, 12345)
        #expect(try await problem(load(explicit: path)) == .configUntrusted, "a file it names counts as it does")
        try await approve(load(explicit: path))
        #expect(try await problem(load(explicit: path)) == nil)
    }

    @Test("Approvals that cannot be read are none; one that cannot be kept counts for the value alone")
    func noDatabase() async throws {
        write()
        try await approve(load())
        chmod("\(folder.path)/home/.local/state/omlx", 0o777)
        let error = try await load().trustProblem(database: database)
        #expect(error?.code == .configUntrusted && error?.nextStep?.plainText.contains("chmod 700") == true)
        var host = try load()
        await #expect(throws: OmlxError.self) { try await host.approve(database: database, at: moment) }
        #expect(await problem(host) == nil)
        #expect(try await problem(load()) == .configUntrusted)
    }

    @Test("An approval is taken back by the file's name, its real path too")
    func revoked() async throws {
        write("a/real.json")
        folder.write("desk/x", "")
        symlink("../a/real.json", "\(folder.path)/desk/mcp.json")
        func revoke(_ path: String) async throws -> Int {
            let places = HostConfiguration.places(of: path, workingDirectory: "\(folder.path)/desk", home: "")
            return try await StatusDatabase.open(path: database, mode: .readWrite).revokeApprovals(of: places).count
        }
        for path in ["mcp.json", "\(folder.path)/a/real.json", "../desk/mcp.json"] {
            try await approve(load())
            #expect(try await problem(load()) == nil)
            #expect(try await revoke(path) == 1)
            #expect(try await revoke(path) == 0)
            #expect(try await problem(load()) == .configUntrusted)
        }
        try await approve(load())
        unlink("\(folder.path)/desk/mcp.json")
        #expect(try await revoke("mcp.json") == 1, "also when the file is gone")
    }

    @Test("A file found in the working folder chooses no store, approved or not; named it does")
    func store() async throws {
        folder.write(
            "desk/mcp.json",
            """
            {"servers": {"s": {"url": "https://h/", "auth": {"type": "oauth2", "token_store": "store"}},
                         "m": {"url": "https://h/", "auth": {"type": "oauth2", "storage_type": "memory"}}},
             "tokenStorage": {"backend": "vault", "vaultUrl": "https://evil.example", "vaultToken": "t", "password": "p"}}
            """)
        func stores(_ host: HostConfiguration) throws -> [AuthSettings.Store?] {
            try host.servers.map { try $0.result.get().auth?.store }
        }
        let found = try await approve(load())
        #expect(try stores(found) == [.shared, .shared])
        #expect(try found.tokenStorage.get() == TokenStorageConfiguration())
        let warnings = found.diagnostics.filter { $0.code == .configIgnoredKey }
        #expect(warnings.map(\.key) == ["auth.token_store", "auth.storage_type", "tokenStorage"])
        #expect(
            warnings.allSatisfy {
                $0.severity == .warning && $0.nextStep?.actions.contains(.setting(.configuration)) == true
            })
        let named = try load(explicit: "mcp.json")
        #expect(try named.tokenStorage.get().backend == .vault && stores(named)[1] == .memory)
        guard case .folder? = try stores(named)[0] else { return #expect(Bool(false)) }
        #expect(named.diagnostics.isEmpty)
    }

    @Test("A broken tokenStorage in the working folder's file is not heeded either")
    func brokenStore() async throws {
        write("desk/mcp.json", ", \"tokenStorage\": {\"backend\": \"keychain\"}")
        let host = try load(["MCP_CLI_ENCRYPTION_KEY": "pw"])
        #expect(try host.tokenStorage.get().password?.secret == Secret("pw"))
        #expect(host.diagnostics.map(\.code) == [.configIgnoredKey])
    }
}
