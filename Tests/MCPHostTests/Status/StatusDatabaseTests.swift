// The status database: lazy reading, transactional changes, damaged and foreign files, bounds.

import OmlxErrors
import FoundationEssentials
import GRDB
import Glibc
import OmlxJSON
import OmlxMCPClient
import Testing

@testable import OmlxMCPHost

/// A folder that goes with the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/omlx-status-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw DatabaseFailure.system("/tmp", errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var database: String { path + "/state/omlx/status.sqlite" }

    /// Waits until a database is closed: what was written is in the file itself then.
    func waitUntilClosed(_ database: String? = nil) async {
        while access((database ?? self.database) + "-wal", F_OK) == 0 { await Task.yield() }
    }

    func makeFolder() {
        for folder in ["/state", "/state/omlx"] { mkdir(path + folder, 0o700) }
    }

    func write(_ bytes: [UInt8]) throws {
        makeFolder()
        try Data(bytes).write(to: URL(filePath: database))
        chmod(database, 0o600)
    }

    func bytes(_ file: String? = nil) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: file ?? database))) }

    func mode(of path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }
}

private let now = Date(timeIntervalSince1970: 1_790_000_000)

private func fullStatus(_ name: String) -> ServerStatus {
    var status = ServerStatus(
        name: name, endpoint: EndpointIdentity(url: "https://mcp.notion.com/mcp", transportKind: "streamable-http"))
    status.transport = StatusAnswer(.reached, at: now)
    status.signIn = StatusAnswer(
        .needed, at: now + 1,
        problem: StatusProblem(code: "A", message: "b", nextStep: Remedy(.signIn(.init(.named(name))))))
    status.discovery = StatusAnswer(.succeeded(toolCount: 14), at: now + 2)
    status.record.issuer = "https://mcp.notion.com"
    status.record.account = "Example workspace"
    status.record.grantedScopes = ["read", "write"]
    status.record.requestedScopes = ["read"]
    status.record.expiresAt = now + 3600
    status.record.hasRefreshToken = true
    status.record.storeName = "encrypted file"
    status.record.lastSignIn = now - 5
    status.record.lastRefresh = now - 4
    status.lastError = StatusError(code: "TRANSPORT_DNS", message: "no address", at: now - 9)
    return status
}

private func tool(_ name: String, _ more: JSONObject = [:]) throws -> Tool {
    var object = more
    object["name"] = .string(name)
    return try Tool(.object(object))
}

@Suite struct StatusDatabaseTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    func code(_ mode: StatusDatabase.Mode) async -> OmlxError? {
        do throws(OmlxError) {
            _ = try await StatusDatabase.open(path: folder.database, mode: mode).read()
            return nil
        } catch {
            return error
        }
    }

    @Test("Reading without a file makes nothing and finds nothing")
    func readsNothing() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readIfExists)
        #expect(try await database.read().isEmpty)
        #expect(try await database.status(of: "a") == nil)
        #expect(try await database.tools(of: "a").isEmpty)
        #expect(try await database.events().isEmpty)
        #expect(try await database.sources(of: "a").isEmpty)
        #expect(access(folder.path + "/state", F_OK) != 0)
    }

    @Test("Writing to a database opened for reading is an error")
    func readingIsReading() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readIfExists)
        await #expect(throws: OmlxError.self) { try await database.remove("a") }
        _ = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        let again = try await StatusDatabase.open(path: folder.database, mode: .readIfExists)
        await #expect(throws: OmlxError.self) { try await again.update("a") { _ in } }
    }

    @Test("The folders are made 0700, the file and its companions 0600")
    func permissions() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        try await database.update("a") { _ in }
        #expect(folder.mode(of: folder.path + "/state") == 0o700)
        #expect(folder.mode(of: folder.path + "/state/omlx") == 0o700)
        for suffix in ["", "-wal", "-shm"] { #expect(folder.mode(of: folder.database + suffix) == 0o600) }
    }

    @Test("Every field comes back as it was written")
    func roundTrip() async throws {
        let wanted = fullStatus("notion")
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        try await database.update("notion") { $0 = wanted }
        try await database.update("bare") { _ in }
        let read = try await StatusDatabase.open(path: folder.database, mode: .readIfExists).read()
        #expect(read == [ServerStatus(name: "bare"), wanted])
    }

    @Test("Every state survives writing and reading")
    func allStates() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        for state in TransportState.allCases {
            #expect(try await database.update("a") { $0.transport.state = state }.transport.state == state)
        }
        for state in SignInState.allCases {
            try await database.update("a") { $0.signIn.state = state }
            #expect(try await database.status(of: "a")?.signIn.state == state)
        }
        for state in [DiscoveryState.notTried, .succeeded(toolCount: 0), .unauthorized, .failed] {
            try await database.update("a") { $0.discovery.state = state }
            #expect(try await database.status(of: "a")?.discovery.state == state)
        }
    }

    @Test("A changed URL takes the answers, the sign-in's record, the tools and the documents along")
    func changedURL() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        try await database.update("n") { $0 = fullStatus("n") }
        try await database.replaceTools("n", [try tool("t")], at: now)
        try await database.write { [now] in
            try $0.replaceSources(of: "n", [DiscoverySource(kind: "server", url: "https://a", at: now)])
        }
        let same = EndpointIdentity(url: "https://mcp.notion.com/mcp", transportKind: "streamable-http")
        try await database.update("n") { $0.point(at: same) }
        #expect(try await database.status(of: "n")?.signIn.state == .needed)
        #expect(try await database.status(of: "n")?.toolList?.count == 1)
        let other = EndpointIdentity(url: "https://mcp.notion.com/other", transportKind: "streamable-http")
        try await database.update("n") { $0.point(at: other) }
        #expect(try await database.status(of: "n") == ServerStatus(name: "n", endpoint: other))
        #expect(try await database.tools(of: "n").isEmpty)
        #expect(try await database.sources(of: "n").isEmpty)
    }

    @Test("Tools keep their order, their schema and the server's own text")
    func tools() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        let tools = try (0..<30).map { number in
            try tool(
                "t\(29 - number)",
                ["inputSchema": ["type": "object", "x": JSON(number)], "title": number == 3 ? "T" : .null, "n": 1.0])
        }
        try await database.replaceTools("a", [try tool("old")], at: now - 1)
        try await database.replaceTools("a", tools, at: now)
        try await database.replaceTools("b", [], at: now)
        #expect(try await database.tools(of: "a") == tools)
        try await database.update("a") { _ in }
        #expect(try await database.status(of: "a")?.toolList == ToolListSummary(count: 30, at: now))
    }

    @Test("A removed server leaves nothing but its events")
    func remove() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        try await database.update("a") { _ in }
        try await database.replaceTools("a", [try tool("t")], at: now)
        try await database.append(StatusEvent(at: now, server: "a", kind: "k", outcome: "o", message: "m"))
        try await database.remove("a")
        try await database.remove("never")
        #expect(try await database.read().isEmpty)
        #expect(try await database.tools(of: "a").isEmpty)
        #expect(try await database.events(server: "a").count == 1)
    }

    @Test("The log is read oldest first, filtered, limited, and keeps the last of its events only")
    func events() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        for number in 0..<6 {
            let server = number % 2 == 0 ? "a" : nil
            try await database.append(
                StatusEvent(at: now + Double(number), server: server, kind: "k", outcome: "o", message: "\(number)"))
        }
        #expect(try await database.events(limit: 3).map(\.message) == ["3", "4", "5"])
        #expect(try await database.events(server: "a", limit: 2).map(\.message) == ["2", "4"])
        #expect(try await database.events(limit: -1).isEmpty)
        try await database.write {
            try $0.execute(sql: "UPDATE event SET id = id + \(StatusDatabase.eventLimit - 3) WHERE id > 3")
        }
        try await database.append(StatusEvent(at: now, kind: "k", outcome: "o", message: "a\nb\u{1B}[31m"))
        #expect(
            try await database.events().map(\.message)
                == ["3", "4", "5", "a\u{FFFD}b\u{FFFD}[31m"].suffix(4).map { $0 })
    }

    @Test("Sources are kept by server and URL, with their age, each list in place of the one before")
    func sources() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        let source = DiscoverySource(kind: "server", url: "https://a/x", at: now)
        try await database.write { [now] in
            try $0.replaceSources(of: "a", [DiscoverySource(kind: "resource", url: "https://a/old", at: now - 1)])
            try $0.replaceSources(of: "a", [source])
            try $0.replaceSources(of: "b", [DiscoverySource(kind: "defaults", url: "https://a/x", at: now)])
        }
        #expect(try await database.sources(of: "a") == [source])
        #expect(try await database.sources(of: "b").map(\.kind) == ["defaults"])
    }
}

@Suite struct StatusDatabaseFileTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Opens in both modes, expects the same refusal from each, and the file untouched.
    func expectRefusal(_ part: String, _ comment: Comment? = nil) async throws {
        let before = try folder.bytes()
        for mode in [StatusDatabase.Mode.readIfExists, .readWrite] {
            do {
                _ = try await StatusDatabase.open(path: folder.database, mode: mode).read()
                Issue.record("opened \(mode)")
            } catch {
                #expect(error.code == .databaseUnavailable)
                #expect(error.message.contains(folder.database), comment)
                #expect(error.message.contains(part), "\(error)")
                #expect(error.nextStep?.plainText.contains("no sign-in is lost") == true)
            }
            #expect(try folder.bytes() == before)
        }
    }

    @Test("A file that is no database is named and left alone")
    func garbage() async throws {
        try folder.write(Array(repeating: 0x41, count: 5000))
        try await expectRefusal("no SQLite file")
    }

    @Test("A few bytes are no database either")
    func shortGarbage() async throws {
        try folder.write(Array("{}".utf8))
        try await expectRefusal("no SQLite file")
    }

    @Test("Another program's database is named and left alone")
    func foreign() async throws {
        folder.makeFolder()
        try await DatabaseQueue(path: folder.database).write {
            try $0.execute(sql: "CREATE TABLE bookmarks (url TEXT)")
        }
        chmod(folder.database, 0o600)
        try await expectRefusal("another program's tables")
    }

    @Test("A database of a newer omlx is named and left alone")
    func newer() async throws {
        folder.makeFolder()
        try await DatabaseQueue(path: folder.database).write {
            try $0.execute(sql: "PRAGMA application_id = \(DatabaseSchema.applicationID)")
            try $0.execute(sql: "PRAGMA user_version = 99; CREATE TABLE server (x)")
        }
        chmod(folder.database, 0o600)
        try await expectRefusal("newer omlx")
    }

    @Test("A damaged page is reported, the file left alone")
    func damaged() async throws {
        do {
            let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
            for number in 0..<50 { try await database.update("server\(number)") { $0 = fullStatus("server\(number)") } }
            try await database.write { _ in }
        }
        await folder.waitUntilClosed()
        var bytes = try folder.bytes()
        for index in 4096..<bytes.count { bytes[index] = 0xA5 }
        try folder.write(bytes)
        do {
            _ = try await StatusDatabase.open(path: folder.database, mode: .readIfExists).read()
            Issue.record("read a damaged file")
        } catch {
            #expect(error.code == .databaseUnavailable)
            #expect(error.message.contains("damaged"), "\(error)")
        }
        #expect(try folder.bytes() == bytes)
    }

    @Test("A file cut short anywhere is an error or reads, but never crashes")
    func truncated() async throws {
        do {
            let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
            for number in 0..<20 { try await database.update("server\(number)") { $0 = fullStatus("server\(number)") } }
        }
        await folder.waitUntilClosed()
        let whole = try folder.bytes()
        for count in stride(from: 0, to: whole.count, by: 777) {
            try folder.write(Array(whole[..<count]))
            _ = try? await StatusDatabase.open(path: folder.database, mode: .readIfExists).read()
        }
    }

    @Test("Values of the wrong type read as no value")
    func wrongTypes() async throws {
        let database = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        try await database.update("a") { $0 = fullStatus("a") }
        try await database.write {
            try $0.execute(
                sql: """
                    UPDATE server SET transport = x'00ff', transport_at = 'soon', discovery_tools = 'many', sign_in = 7,
                    expires_at = 9e999, has_refresh_token = 'x', granted_scopes = x'ff', error_at = 'z', endpoint = x'ff'
                    """)
            try $0.execute(sql: "INSERT INTO tool VALUES ('a', 'x', x'ff', x'00')")
            try $0.execute(sql: "INSERT INTO event (at, kind, outcome, message) VALUES ('x', x'ff', 3, x'ff')")
        }
        let status = try await database.status(of: "a")
        #expect(status?.transport.state == .idle)
        #expect(status?.signIn.state == .unknown)
        #expect(status?.record.expiresAt == nil)
        #expect(try await database.tools(of: "a").isEmpty)
        #expect(try await database.events().count == 1)
    }

    @Test("A file of an earlier omlx keeps what a restart needs: answers, sign-ins, tools, sources, log, approvals")
    func earlier() async throws {
        folder.makeFolder()
        let tool = #"{"name": "t", "title": "T", "description": "d", "inputSchema": {"type": "object", "x": 1}}"#
        do {
            let queue = try DatabaseQueue(path: folder.database)
            try DatabaseSchema.migrator.migrate(queue, upTo: "approvals")
            try await queue.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO server (name, endpoint, transport_kind, transport, sign_in, discovery, discovery_tools,
                            provider, issuer, granted_scopes, requested_scopes, has_refresh_token, store, accounts)
                        VALUES ('a', 'https://a/mcp', 'sse', 'connected', 'signed_in', 'succeeded', 1,
                            'as.example', 'https://as.example/x', 'read write', 'read', 1, 'file', '[{"name": "ada"}]');
                        INSERT INTO tool_list VALUES ('a', 1790000000, 1);
                        INSERT INTO discovery_cache VALUES ('a', 'https://a/1', '{"kind": "server", "facts": {}}', 1790000000);
                        INSERT INTO discovery_cache VALUES ('a', 'https://a/2', 'no JSON', 1790000000);
                        INSERT INTO event (at, server, kind, outcome, message) VALUES (1, 'a', 'k', 'o', 'm');
                        INSERT INTO generation VALUES ('s', 'r', 7);
                        INSERT INTO approval VALUES ('/p', '/p', 'd', '[]', 1, 's', '[]');
                        """)
                try database.execute(
                    sql: "INSERT INTO tool VALUES ('a', 0, 't', 'T', 'd', '{}', ?)", arguments: [tool])
            }
            try queue.close()
        }
        chmod(folder.database, 0o600)
        let database = try await StatusDatabase.open(path: folder.database, mode: .readIfExists)
        let status = try #require(try await database.status(of: "a"))
        #expect(status.transport.state == .connected && status.signIn.state == .signedIn)
        #expect(status.record.provider == "as.example" && status.record.grantedScopes == ["read", "write"])
        #expect(status.record.hasRefreshToken && status.accounts.map(\.name) == ["ada"])
        #expect(status.toolList?.count == 1 && status.discovery.state.toolCount == 1)
        #expect(status.sources == [DiscoverySource(kind: "server", url: "https://a/1", at: now)])
        #expect(try await database.tools(of: "a") == [try Tool(JSON(parsing: tool))])
        #expect(try await database.toolNames() == ["a": ["t"]])
        #expect(try await database.events().count == 1)
        #expect(try await database.approvals().count == 1)
        #expect(try await database.generation(of: "r", in: "s") == 7)
    }

    @Test("An empty file reads as an empty database, and is filled when opened for writing")
    func emptyFile() async throws {
        try folder.write([])
        #expect(try await StatusDatabase.open(path: folder.database, mode: .readIfExists).read().isEmpty)
        #expect(try folder.bytes().isEmpty)
        try await StatusDatabase.open(path: folder.database, mode: .readWrite).update("a") { _ in }
        #expect(try await StatusDatabase.open(path: folder.database, mode: .readIfExists).read().count == 1)
    }

    @Test("A folder in the file's place, a link to nowhere, a file in the folder's place: errors that name the path")
    func notAFile() async throws {
        try FileManager.default.createDirectory(atPath: folder.database, withIntermediateDirectories: true)
        for mode in [StatusDatabase.Mode.readIfExists, .readWrite] {
            await #expect(throws: OmlxError.self) { try await StatusDatabase.open(path: folder.database, mode: mode) }
        }
        let inFile = folder.path + "/plain/status.sqlite"
        try Data().write(to: URL(filePath: folder.path + "/plain"))
        await #expect(throws: OmlxError.self) { try await StatusDatabase.open(path: inFile, mode: .readWrite) }
        #expect(try await StatusDatabase.open(path: inFile, mode: .readIfExists).read().isEmpty)
        let link = folder.path + "/link"
        symlink(folder.path + "/nowhere", link)
        await #expect(throws: OmlxError.self) { try await StatusDatabase.open(path: link, mode: .readWrite) }
    }

    @Test("A path with characters that mean something in a URI is itself")
    func oddPath() async throws {
        let path = folder.path + "/a?b#c%20d é/status.sqlite"
        try await StatusDatabase.open(path: path, mode: .readWrite).update("a") { _ in }
        await folder.waitUntilClosed(path)
        #expect(try await StatusDatabase.open(path: path, mode: .readIfExists).read().count == 1)
        let queue = try DatabaseQueue(path: DatabaseSchema.unchangingLocation(of: path))
        #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM server") } == 1)
    }

    @Test("Readers see what a writer committed while both are open")
    func readWhileWriting() async throws {
        let writer = try await StatusDatabase.open(path: folder.database, mode: .readWrite)
        let reader = try await StatusDatabase.open(path: folder.database, mode: .readIfExists)
        try await writer.update("a") { _ in }
        #expect(try await reader.read().count == 1)
    }

    @Test("Changes made at once from many connections are all kept", .timeLimit(.minutes(5)))
    func concurrentUpdates() async throws {
        let path = folder.database
        // Every task makes the file if it is first, so making it is tried at once too.
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let database = try await StatusDatabase.open(path: path, mode: .readWrite)
                    for _ in 0..<25 {
                        try await database.update("a") { status in
                            let count = status.discovery.state.toolCount ?? 0
                            status.discovery.state = .succeeded(toolCount: count + 1)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let database = try await StatusDatabase.open(path: path, mode: .readIfExists)
        #expect(try await database.status(of: "a")?.discovery.state == .succeeded(toolCount: 200))
    }
}
