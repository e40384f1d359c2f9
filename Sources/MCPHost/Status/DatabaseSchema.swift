// The schema of the status database: its marks, its named migrations.

import OmlxErrors
import GRDB

enum DatabaseSchema {
    /// `OMLX` in the file's header: how `file` and we tell whose database it is.
    static let applicationID = 0x4F4D_4C58
    /// The number of migrations, kept in `user_version`, so that a reader need not look at the migrations' names.
    static let version = 7

    enum Age { case empty, older, current }

    /// How old the schema is.
    /// - Throws: `DATABASE_UNAVAILABLE` for another program's database or a newer omlx's.
    static func age(of database: Database, path: String) throws -> Age {
        let owner = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if owner == applicationID {
            guard found <= version else { throw DatabaseFailure.newer(path, version: found) }
            return found == version ? .current : .older
        }
        let sql =
            "SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'grdb\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        let tables = try Int.fetchOne(database, sql: sql) ?? 0
        guard owner == 0, found == 0, tables == 0 else {
            throw DatabaseFailure.foreign(path, "another program's tables are in it")
        }
        return .empty
    }

    /// The path as SQLite's `immutable` URI, which needs no file beside the database.
    static func unchangingLocation(of path: String) -> String {
        var text = "file:"
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16)
                text += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return text + "?immutable=1"
    }

    /// Computed, so that a command that only reads does not build it.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("servers, tools, events, documents") { database in
            try database.execute(sql: first)
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: "PRAGMA user_version = 1")
        }
        migrator.registerMigration("accounts") { database in
            try database.execute(sql: "ALTER TABLE server ADD COLUMN accounts TEXT")
            try database.execute(sql: "PRAGMA user_version = 2")
        }
        migrator.registerMigration("generations") { database in
            try database.execute(
                sql: """
                    CREATE TABLE generation (
                        store TEXT NOT NULL, record TEXT NOT NULL, generation INTEGER NOT NULL,
                        PRIMARY KEY (store, record)
                    ) WITHOUT ROWID
                    """)
            try database.execute(sql: "PRAGMA user_version = 3")
        }
        migrator.registerMigration("approvals") { database in
            try database.execute(
                sql: """
                    CREATE TABLE approval (
                        place TEXT NOT NULL PRIMARY KEY, path TEXT NOT NULL, sha256 TEXT NOT NULL,
                        environment_files TEXT NOT NULL, approved_at REAL NOT NULL, salt TEXT NOT NULL,
                        items TEXT NOT NULL
                    ) WITHOUT ROWID
                    """)
            try database.execute(sql: "PRAGMA user_version = 4")
        }
        migrator.registerMigration("what a restart needs") { database in
            try dropDerived(database)
            try database.execute(sql: "PRAGMA user_version = 5")
        }
        migrator.registerMigration("resources and prompts") { database in
            try database.execute(sql: "ALTER TABLE server ADD COLUMN catalogue TEXT")
            try database.execute(sql: "PRAGMA user_version = 6")
        }
        migrator.registerMigration("eras") { database in
            try database.execute(
                sql: """
                    CREATE TABLE era (
                        place TEXT NOT NULL PRIMARY KEY, origin TEXT NOT NULL, era TEXT NOT NULL, at REAL NOT NULL
                    ) WITHOUT ROWID
                    """)
            try database.execute(sql: "PRAGMA user_version = 7")
        }
        return migrator
    }

    /// Leaves out what the rest tells: a tool's parts beside its text, documents of which only source and age are used, the
    /// issuer's host. Tables are made anew: dropping a column wants SQLite 3.35.
    private static func dropDerived(_ database: Database) throws {
        let columns =
            "name, transport_kind, endpoint, transport, transport_at, transport_code, transport_message, transport_next, "
            + "sign_in, sign_in_at, sign_in_code, sign_in_message, sign_in_next, discovery, discovery_tools, discovery_at, "
            + "discovery_code, discovery_message, discovery_next, issuer, account, granted_scopes, requested_scopes, "
            + "expires_at, has_refresh_token, store, last_sign_in, last_refresh, error_code, error_message, error_at, accounts"
        try database.execute(
            sql: """
                ALTER TABLE server RENAME TO old_server;
                CREATE TABLE server (
                    name TEXT NOT NULL PRIMARY KEY, transport_kind TEXT, endpoint TEXT,
                    transport TEXT NOT NULL, transport_at REAL,
                    transport_code TEXT, transport_message TEXT, transport_next TEXT,
                    sign_in TEXT NOT NULL, sign_in_at REAL,
                    sign_in_code TEXT, sign_in_message TEXT, sign_in_next TEXT,
                    discovery TEXT NOT NULL, discovery_tools INTEGER, discovery_at REAL,
                    discovery_code TEXT, discovery_message TEXT, discovery_next TEXT,
                    issuer TEXT, account TEXT, granted_scopes TEXT NOT NULL, requested_scopes TEXT NOT NULL,
                    expires_at REAL, has_refresh_token INTEGER NOT NULL, store TEXT, last_sign_in REAL, last_refresh REAL,
                    error_code TEXT, error_message TEXT, error_at REAL, accounts TEXT
                ) WITHOUT ROWID;
                INSERT INTO server (\(columns)) SELECT \(columns) FROM old_server;
                DROP TABLE old_server;
                ALTER TABLE tool RENAME TO old_tool;
                CREATE TABLE tool (
                    server TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, raw TEXT NOT NULL,
                    PRIMARY KEY (server, position)
                );
                INSERT INTO tool SELECT server, position, name, raw FROM old_tool;
                DROP TABLE old_tool;
                CREATE TABLE source (
                    server TEXT NOT NULL, url TEXT NOT NULL, kind TEXT NOT NULL, fetched_at REAL NOT NULL,
                    PRIMARY KEY (server, url)
                ) WITHOUT ROWID;
                """)
        for row in try Row.fetchAll(database, sql: "SELECT * FROM discovery_cache") {
            guard let server = row.text("server"), let url = row.text("url"), let at = row.time("fetched_at"),
                let kind = row.json("document")?["kind"]?.stringValue
            else { continue }
            try SourceRow(server: server, DiscoverySource(kind: kind, url: url, at: at)).insert(database)
        }
        try database.execute(sql: "DROP TABLE discovery_cache")
    }

    /// Times are seconds since 1970; scopes are separated by spaces (RFC 6749 §3.3).
    private static let first = """
        CREATE TABLE server (
            name TEXT NOT NULL PRIMARY KEY, transport_kind TEXT, endpoint TEXT,
            transport TEXT NOT NULL, transport_at REAL,
            transport_code TEXT, transport_message TEXT, transport_next TEXT,
            sign_in TEXT NOT NULL, sign_in_at REAL,
            sign_in_code TEXT, sign_in_message TEXT, sign_in_next TEXT,
            discovery TEXT NOT NULL, discovery_tools INTEGER, discovery_at REAL,
            discovery_code TEXT, discovery_message TEXT, discovery_next TEXT,
            provider TEXT, issuer TEXT, account TEXT, granted_scopes TEXT NOT NULL, requested_scopes TEXT NOT NULL,
            expires_at REAL, has_refresh_token INTEGER NOT NULL, store TEXT, last_sign_in REAL, last_refresh REAL,
            error_code TEXT, error_message TEXT, error_at REAL
        ) WITHOUT ROWID;
        CREATE TABLE tool_list (
            server TEXT NOT NULL PRIMARY KEY, fetched_at REAL NOT NULL, tool_count INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE tool (
            server TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, title TEXT, description TEXT,
            input_schema TEXT NOT NULL, raw TEXT NOT NULL, PRIMARY KEY (server, position)
        );
        CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, server TEXT, kind TEXT NOT NULL,
            outcome TEXT NOT NULL, code TEXT, message TEXT NOT NULL
        );
        CREATE INDEX event_by_server ON event (server, id);
        CREATE TABLE discovery_cache (
            server TEXT NOT NULL, url TEXT NOT NULL, document TEXT NOT NULL, fetched_at REAL NOT NULL,
            PRIMARY KEY (server, url)
        ) WITHOUT ROWID;
        """
}
