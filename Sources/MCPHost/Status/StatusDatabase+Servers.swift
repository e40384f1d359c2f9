// Reading and changing the servers' rows.

import OmlxErrors
import FoundationEssentials
import GRDB

extension StatusDatabase {
    /// All servers known, by name.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func read() throws(OmlxError) -> [ServerStatus] {
        try read(or: []) { database in
            var servers: [ServerStatus] = []
            let rows = try Row.fetchCursor(database, sql: Self.select + " ORDER BY s.name")
            while let row = try rows.next() { servers.append(ServerStatus(row: row)) }
            for index in servers.indices {
                servers[index].sources = try Self.sources(of: servers[index].name, database)
            }
            return servers
        }
    }

    /// One server; `nil` when nothing is known of it.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func status(of server: String) throws(OmlxError) -> ServerStatus? {
        try read(or: nil) { database in
            var status = try Self.fetch(server, database)
            status?.sources = try Self.sources(of: server, database)
            return status
        }
    }

    /// Changes a server's row. Reading, changing and writing are one transaction, also among processes: no other
    /// change is lost. When the endpoint changed (`ServerStatus.point(at:)`), the tool list and the documents of the old
    /// one go too.
    /// - Returns: The row as written.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    @discardableResult
    public func update(
        _ server: String, _ change: (inout ServerStatus) -> Void
    ) throws(OmlxError) -> ServerStatus {
        try write { database in
            let before = try Self.fetch(server, database) ?? ServerStatus(name: server)
            var after = before
            change(&after)
            if let old = before.endpoint, old != after.endpoint {
                try Self.forgetLists(of: server, database)
                after.toolList = nil
            } else {
                after.toolList = before.toolList
            }
            try Self.store(after, as: server, database)
            return after
        }
    }

    /// Forgets a server: row, tools and documents. The log keeps its events.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func remove(_ server: String) throws(OmlxError) {
        try write { database in
            try database.execute(sql: "DELETE FROM server WHERE name = ?", arguments: [server])
            try Self.forgetLists(of: server, database)
        }
    }

    private static func fetch(_ server: String, _ database: Database) throws -> ServerStatus? {
        try Row.fetchOne(database, sql: select + " WHERE s.name = ?", arguments: [server]).map(ServerStatus.init(row:))
    }

    private static func forgetLists(of server: String, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM tool WHERE server = ?", arguments: [server])
        try database.execute(sql: "DELETE FROM tool_list WHERE server = ?", arguments: [server])
        try database.execute(sql: "DELETE FROM discovery_cache WHERE server = ?", arguments: [server])
    }

    /// The columns in the order `ServerStatus.init(row:)` and `store` count on.
    private static let columns = [
        "name", "transport_kind", "endpoint",
        "transport", "transport_at", "transport_code", "transport_message", "transport_next",
        "sign_in", "sign_in_at", "sign_in_code", "sign_in_message", "sign_in_next",
        "discovery", "discovery_at", "discovery_code", "discovery_message", "discovery_next", "discovery_tools",
        "provider", "issuer", "account", "granted_scopes", "requested_scopes", "expires_at", "has_refresh_token",
        "store", "last_sign_in", "last_refresh", "error_code", "error_message", "error_at", "accounts",
    ]

    private static var select: String {
        "SELECT " + columns.map { "s." + $0 }.joined(separator: ", ")
            + ", l.tool_count, l.fetched_at FROM server s LEFT JOIN tool_list l ON l.server = s.name"
    }

    private static func store(_ status: ServerStatus, as name: String, _ database: Database) throws {
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        let record = status.record
        var values: [(any DatabaseValueConvertible)?] = [
            name, status.endpoint?.transportKind, status.endpoint?.fingerprint,
        ]
        values += answerValues(status.transport, word: status.transport.state.rawValue)
        values += answerValues(status.signIn, word: status.signIn.state.rawValue)
        values += answerValues(status.discovery, word: status.discovery.state.word)
        values += [
            status.discovery.state.toolCount, record.provider, record.issuer, record.account,
            record.grantedScopes.joined(separator: " "), record.requestedScopes.joined(separator: " "),
            record.expiresAt?.timeIntervalSince1970, record.hasRefreshToken, record.storeName,
            record.lastSignIn?.timeIntervalSince1970, record.lastRefresh?.timeIntervalSince1970,
            status.lastError?.code, status.lastError?.message, status.lastError?.at.timeIntervalSince1970,
            AccountStatus.text(status.accounts),
        ]
        try database.execute(
            sql: "INSERT OR REPLACE INTO server (\(columns.joined(separator: ", "))) VALUES (\(marks))",
            arguments: StatementArguments(values))
    }

    private static func answerValues<State>(
        _ answer: StatusAnswer<State>, word: String
    ) -> [(any DatabaseValueConvertible)?] {
        [
            word, answer.at?.timeIntervalSince1970, answer.problem?.code, answer.problem?.message,
            answer.problem?.nextStep?.stored,
        ]
    }
}

extension ServerStatus {
    /// Reads a row of `StatusDatabase.select`. A word that is not known, as a newer omlx may have written, reads as the
    /// answer that claims least.
    fileprivate init(row: Row) {
        self.init(
            name: row.text(0) ?? "",
            endpoint: row.text(2).map { EndpointIdentity(transportKind: row.text(1) ?? "", fingerprint: $0) })
        transport = StatusAnswer(row.text(3).flatMap(TransportState.init) ?? .idle, row: row, from: 4)
        signIn = StatusAnswer(row.text(8).flatMap(SignInState.init) ?? .unknown, row: row, from: 9)
        let discovered = row.text(13).flatMap { DiscoveryState(word: $0, toolCount: row.number(18)) }
        discovery = StatusAnswer(discovered ?? .notTried, row: row, from: 14)
        record.provider = row.text(19)
        record.issuer = row.text(20)
        record.account = row.text(21)
        record.grantedScopes = row.text(22)?.split(separator: " ").map(String.init) ?? []
        record.requestedScopes = row.text(23)?.split(separator: " ").map(String.init) ?? []
        record.expiresAt = row.time(24)
        record.hasRefreshToken = row.flag(25)
        record.storeName = row.text(26)
        record.lastSignIn = row.time(27)
        record.lastRefresh = row.time(28)
        if let code = row.text(29), let message = row.text(30), let at = row.time(31) {
            lastError = StatusError(code: code, message: message, at: at)
        }
        accounts = AccountStatus.list(stored: row.text(32))
        if let count = row.number(33), let at = row.time(34) { toolList = ToolListSummary(count: count, at: at) }
    }
}

extension StatusAnswer {
    fileprivate init(_ state: State, row: Row, from column: Int) {
        self.init(state, at: row.time(column))
        if let code = row.text(column + 1), let message = row.text(column + 2) {
            problem = StatusProblem(
                code: code, message: message, nextStep: row.text(column + 3).map { Remedy(stored: $0) })
        }
    }
}
