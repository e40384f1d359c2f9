// Reading and changing the servers' rows.

import FoundationEssentials
import GRDB
import OmlxErrors

extension StatusDatabase {
    /// All servers known, by name.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func read() async throws(OmlxError) -> [ServerStatus] { try await read(or: []) { try $0.statuses() } }

    /// All servers known, by name, and what servers were found to speak.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    func readAll() async throws(OmlxError) -> (statuses: [ServerStatus], eras: [EraRow]) {
        try await read(or: ([], [])) { (try $0.statuses(), try $0.eras()) }
    }

    /// One server; `nil` when nothing is known of it.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func status(of server: String) async throws(OmlxError) -> ServerStatus? {
        try await read(or: nil) { try $0.status(of: server) }
    }

    /// Changes a server's row. Reading, changing and writing are one transaction, also among processes: no other
    /// change is lost. When the endpoint changed (`ServerStatus.point(at:)`), the tool list and the sources of the old
    /// one go too.
    /// - Returns: The row as written.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    @discardableResult
    public func update(
        _ server: String, _ change: @escaping @Sendable (inout ServerStatus) -> Void
    ) async throws(OmlxError) -> ServerStatus {
        try await write { try $0.update(server, change) }
    }

    /// Forgets a server: row, tools and sources. The log keeps its events.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func remove(_ server: String) async throws(OmlxError) {
        try await write { database in
            _ = try ServerRow.filter(key: server).deleteAll(database)
            try database.forgetLists(of: server)
        }
    }
}

extension Database {
    func statuses() throws -> [ServerStatus] {
        // One look at each table, however many servers there are.
        let lists = try rows(ToolListRow.self)
        let sources = try rows(SourceRow.self, by: "url")
        return try rows(ServerRow.self, by: "name").map { row in
            row.status.completed(
                lists.first { $0.server == row.status.name }?.summary,
                sources.filter { $0.server == row.status.name }.map(\.source))
        }
    }

    func status(of server: String) throws -> ServerStatus? {
        try row(ServerRow.self, "name", server).map { found in
            found.status.completed(
                try row(ToolListRow.self, "server", server)?.summary, try sources(of: server))
        }
    }

    func update(_ server: String, _ change: (inout ServerStatus) -> Void) throws -> ServerStatus {
        let known = try row(ServerRow.self, "name", server)?.status
        let before = known ?? ServerStatus(name: server)
        var after = before
        change(&after)
        if let old = before.endpoint, old != after.endpoint { try forgetLists(of: server) }
        // What is known already costs no write.
        if known != after { try ServerRow(after, name: server).insert(self) }
        after.toolList = try row(ToolListRow.self, "server", server)?.summary
        return after
    }

    fileprivate func forgetLists(of server: String) throws {
        try forget(ToolRow.self, of: server)
        try forget(ToolListRow.self, of: server)
        try forget(SourceRow.self, of: server)
    }

    /// All rows of a table. As a statement of text: GRDB builds queries out of values whose types it asks the runtime about one
    /// by one, which takes a command that only looks longer than the reading itself.
    private func rows<Row: FetchableRecord & TableRecord>(_: Row.Type, by column: String? = nil) throws -> [Row] {
        let order = column.map { " ORDER BY \($0)" } ?? ""
        return try Row.fetchAll(self, sql: "SELECT * FROM \(Row.databaseTableName)\(order)")
    }

    // With statements that are kept: a batch asks the same of each of many servers.

    private func row<Row: FetchableRecord & TableRecord>(_: Row.Type, _ key: String, _ server: String) throws -> Row? {
        let sql = "SELECT * FROM \(Row.databaseTableName) WHERE \(key) = ?"
        return try Row.fetchOne(try cachedStatement(sql: sql), arguments: [server])
    }

    /// Deletes a server's rows of a table.
    func forget<Row: TableRecord>(_: Row.Type, of server: String) throws {
        try cachedStatement(sql: "DELETE FROM \(Row.databaseTableName) WHERE server = ?").execute(arguments: [server])
    }
}

extension ServerStatus {
    /// With what other tables say of the server.
    fileprivate func completed(_ list: ToolListSummary?, _ sources: [DiscoverySource]) -> ServerStatus {
        var copy = self
        copy.toolList = list
        copy.sources = sources
        return copy
    }
}
