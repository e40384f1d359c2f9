// Tool lists, the event log and fetched documents.

import OmlxErrors
import FoundationEssentials
import GRDB
import OmlxJSON

extension StatusDatabase {
    /// The most events the log keeps.
    public static let eventLimit = 10_000

    /// Puts a server's tool list in place of the one kept.
    /// - Throws: `DATABASE_UNAVAILABLE`; the old list stays then.
    public func replaceTools(_ server: String, _ tools: [CachedTool], at: Date) throws(OmlxError) {
        try write { database in
            try database.execute(sql: "DELETE FROM tool WHERE server = ?", arguments: [server])
            let insert = try database.makeStatement(
                sql: """
                    INSERT INTO tool (server, position, name, title, description, input_schema, raw)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """)
            for (position, tool) in tools.enumerated() {
                try insert.execute(arguments: [
                    server, position, tool.name, tool.title, tool.description, tool.inputSchema.text(), tool.raw,
                ])
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO tool_list (server, fetched_at, tool_count) VALUES (?, ?, ?)",
                arguments: [server, at.timeIntervalSince1970, tools.count])
        }
    }

    /// The tools a server listed last, in its order; empty when none were kept.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func tools(of server: String) throws(OmlxError) -> [CachedTool] {
        try read(or: []) { database in
            let sql = "SELECT name, title, description, input_schema, raw FROM tool WHERE server = ? ORDER BY position"
            return try Row.fetchAll(database, sql: sql, arguments: [server]).map { row in
                CachedTool(
                    name: row.text(0) ?? "", title: row.text(1), description: row.text(2),
                    inputSchema: (try? JSON(parsing: row.text(3) ?? "", options: .sparing)) ?? .null,
                    raw: row.text(4) ?? "")
            }
        }
    }

    /// The names of the tools each server listed last, in its order.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    func toolNames() throws(OmlxError) -> [String: [String]] {
        try read(or: [:]) { database in
            var names: [String: [String]] = [:]
            let rows = try Row.fetchCursor(database, sql: "SELECT server, name FROM tool ORDER BY server, position")
            while let row = try rows.next() {
                if let server = row.text(0), let name = row.text(1) { names[server, default: []].append(name) }
            }
            return names
        }
    }

    /// Adds an event to the log, which keeps the last `eventLimit`. Control characters in the message are replaced.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func append(_ event: StatusEvent) throws(OmlxError) {
        try write { database in
            try database.execute(
                sql: "INSERT INTO event (at, server, kind, outcome, code, message) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    event.at.timeIntervalSince1970, event.server, event.kind, event.outcome, event.code,
                    OmlxError.shown(event.message, limit: 2000),
                ])
            try database.execute(
                sql: "DELETE FROM event WHERE id <= ?", arguments: [database.lastInsertedRowID - Int64(Self.eventLimit)]
            )
        }
    }

    /// The last events, the oldest of them first.
    /// - Parameters:
    ///   - server: Only this server's; `nil` for all.
    ///   - id: Only those after the event with this number.
    ///   - limit: At most so many.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func events(
        server: String? = nil, after id: Int64 = 0, limit: Int = 200
    ) throws(OmlxError) -> [StatusEvent] {
        try read(or: []) { database in
            let filter = server == nil ? "" : "AND server = ?"
            let sql =
                "SELECT at, server, kind, outcome, code, message, id FROM event WHERE id > ? \(filter) ORDER BY id DESC LIMIT ?"
            let arguments: StatementArguments = server.map { [id, $0, max(0, limit)] } ?? [id, max(0, limit)]
            return try Row.fetchAll(database, sql: sql, arguments: arguments).reversed().map { row in
                var event = StatusEvent(
                    at: row.time(0) ?? .distantPast, server: row.text(1), kind: row.text(2) ?? "",
                    outcome: row.text(3) ?? "", code: row.text(4), message: row.text(5) ?? "")
                event.id = row.number(6).map(Int64.init) ?? 0
                return event
            }
        }
    }

    /// Keeps a document in place of the one fetched from the same URL for the same server.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func keep(_ document: CachedDocument) throws(OmlxError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO discovery_cache (server, url, document, fetched_at) VALUES (?, ?, ?, ?)",
                arguments: [
                    document.server, document.url, document.document, document.fetchedAt.timeIntervalSince1970,
                ])
        }
    }

    /// Keeps documents in place of all kept for the server.
    /// - Throws: `DATABASE_UNAVAILABLE`; the old ones stay then.
    public func replaceDocuments(of server: String, _ documents: [CachedDocument]) throws(OmlxError) {
        try write { database in
            try database.execute(sql: "DELETE FROM discovery_cache WHERE server = ?", arguments: [server])
            for document in documents {
                try database.execute(
                    sql:
                        "INSERT OR REPLACE INTO discovery_cache (server, url, document, fetched_at) VALUES (?, ?, ?, ?)",
                    arguments: [
                        server, document.url, document.document, document.fetchedAt.timeIntervalSince1970,
                    ])
            }
        }
    }

    /// Where a server's sign-in was found out; a source without a word for its kind is passed over.
    static func sources(of server: String, _ database: Database) throws -> [DiscoverySource] {
        let sql = "SELECT url, document, fetched_at FROM discovery_cache WHERE server = ? ORDER BY url"
        return try Row.fetchAll(database, sql: sql, arguments: [server]).compactMap { row in
            let document = CachedDocument(
                server: server, url: row.text(0) ?? "", document: row.text(1) ?? "",
                fetchedAt: row.time(2) ?? .distantPast)
            return document.kind.map { DiscoverySource(kind: $0, url: document.url, at: document.fetchedAt) }
        }
    }

    /// The documents fetched for a server, by URL.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func documents(of server: String) throws(OmlxError) -> [CachedDocument] {
        try read(or: []) { database in
            let sql = "SELECT url, document, fetched_at FROM discovery_cache WHERE server = ? ORDER BY url"
            return try Row.fetchAll(database, sql: sql, arguments: [server]).map { row in
                CachedDocument(
                    server: server, url: row.text(0) ?? "", document: row.text(1) ?? "",
                    fetchedAt: row.time(2) ?? .distantPast)
            }
        }
    }

    /// Forgets the documents fetched for a server.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func forgetDocuments(of server: String) throws(OmlxError) {
        try write { try $0.execute(sql: "DELETE FROM discovery_cache WHERE server = ?", arguments: [server]) }
    }
}
