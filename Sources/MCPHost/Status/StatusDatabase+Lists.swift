// Tool lists, the event log, where sign-ins were found out.

import FoundationEssentials
import GRDB
import OmlxErrors
import OmlxMCPClient

extension StatusDatabase {
    /// The most events the log keeps.
    public static let eventLimit = 10_000

    /// Puts a server's tool list in place of the one kept.
    /// - Throws: `DATABASE_UNAVAILABLE`; the old list stays then.
    public func replaceTools(_ server: String, _ tools: [Tool], at: Date) async throws(OmlxError) {
        try await write { try $0.replaceTools(server, tools, at: at) }
    }

    /// The tools a server listed last, in its order; empty when none were kept.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func tools(of server: String) async throws(OmlxError) -> [Tool] {
        try await read(or: []) { database in
            try ToolRow.filter(Column("server") == server).order(Column("position")).fetchAll(database).compactMap(
                \.tool)
        }
    }

    /// The names of the tools each server listed last, in its order.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    func toolNames() async throws(OmlxError) -> [String: [String]] {
        try await read(or: [:]) { database in
            var names: [String: [String]] = [:]
            let rows = try Row.fetchCursor(database, sql: "SELECT server, name FROM tool ORDER BY server, position")
            while let row = try rows.next() {
                if let server = row.text("server"), let name = row.text("name") {
                    names[server, default: []].append(name)
                }
            }
            return names
        }
    }

    /// Adds an event to the log, which keeps the last `eventLimit`. Control characters in the message are replaced.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func append(_ event: StatusEvent) async throws(OmlxError) { try await write { try $0.append([event]) } }

    /// The last events, the oldest of them first.
    /// - Parameters:
    ///   - server: Only this server's; `nil` for all.
    ///   - id: Only those after the event with this number.
    ///   - limit: At most so many.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func events(
        server: String? = nil, after id: Int64 = 0, limit: Int = 200
    ) async throws(OmlxError) -> [StatusEvent] {
        try await read(or: []) { database in
            var events = EventRow.filter(Column("id") > id).order(Column("id").desc).limit(max(0, limit))
            if let server { events = events.filter(Column("server") == server) }
            return try events.fetchAll(database).reversed().map(\.event)
        }
    }

    /// Where the parts of a server's sign-in were found out, by URL.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    func sources(of server: String) async throws(OmlxError) -> [DiscoverySource] {
        try await read(or: []) { try $0.sources(of: server) }
    }
}

extension Database {
    func replaceTools(_ server: String, _ tools: [Tool], at moment: Date) throws {
        try forget(ToolRow.self, of: server)
        for (position, tool) in tools.enumerated() {
            try ToolRow(server: server, position: position, tool).insert(self)
        }
        try ToolListRow(server: server, ToolListSummary(count: tools.count, at: moment)).insert(self)
    }

    func append(_ events: [StatusEvent]) throws {
        guard !events.isEmpty else { return }
        for event in events { try EventRow(event).insert(self) }
        let last = lastInsertedRowID
        _ = try EventRow.filter(Column("id") <= last - Int64(StatusDatabase.eventLimit)).deleteAll(self)
    }

    func sources(of server: String) throws -> [DiscoverySource] {
        try SourceRow.filter(Column("server") == server).order(Column("url")).fetchAll(self).map(\.source)
    }

    func replaceSources(of server: String, _ sources: [DiscoverySource]) throws {
        try forget(SourceRow.self, of: server)
        for source in sources { try SourceRow(server: server, source).insert(self) }
    }
}
