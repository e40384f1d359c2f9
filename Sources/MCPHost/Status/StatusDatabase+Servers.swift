// Reading and changing the servers' rows.

import FoundationEssentials
import GRDB
import OmlxErrors

extension StatusDatabase {
    /// All servers known, by name.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func read() async throws(OmlxError) -> [ServerStatus] { try await read(or: []) { try $0.statuses() } }

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
        let lists = try ToolListRow.fetchAll(self)
        let sources = try SourceRow.order(Column("url")).fetchAll(self)
        return try ServerRow.order(Column("name")).fetchAll(self).map { row in
            row.status.completed(
                lists.first { $0.server == row.status.name }?.summary,
                sources.filter { $0.server == row.status.name }.map(\.source))
        }
    }

    func status(of server: String) throws -> ServerStatus? {
        try ServerRow.filter(key: server).fetchOne(self).map { row in
            row.status.completed(
                try ToolListRow.filter(key: server).fetchOne(self)?.summary, try sources(of: server))
        }
    }

    func update(_ server: String, _ change: (inout ServerStatus) -> Void) throws -> ServerStatus {
        let known = try ServerRow.filter(key: server).fetchOne(self)?.status
        let before = known ?? ServerStatus(name: server)
        var after = before
        change(&after)
        if let old = before.endpoint, old != after.endpoint { try forgetLists(of: server) }
        // What is known already costs no write.
        if known != after { try ServerRow(after, name: server).insert(self) }
        after.toolList = try ToolListRow.filter(key: server).fetchOne(self)?.summary
        return after
    }

    fileprivate func forgetLists(of server: String) throws {
        _ = try ToolRow.filter(Column("server") == server).deleteAll(self)
        _ = try ToolListRow.filter(key: server).deleteAll(self)
        _ = try SourceRow.filter(Column("server") == server).deleteAll(self)
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
