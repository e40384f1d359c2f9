// The highest generation of each record that was saved, to notice an older copy that somebody puts back.

import OmlxErrors
import GRDB

extension StatusDatabase {
    /// The highest generation known of a record.
    /// - Parameters:
    ///   - record: The record's name, a hash of its key.
    ///   - store: The store's identity.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func generation(of record: String, in store: String) throws(OmlxError) -> Int? {
        try read(or: nil) { database in
            try Int.fetchOne(
                database, sql: "SELECT generation FROM generation WHERE store = ? AND record = ?",
                arguments: [store, record])
        }
    }

    /// Notes a generation that was saved, unless a higher one is known.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func note(generation: Int, of record: String, in store: String) throws(OmlxError) {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO generation (store, record, generation) VALUES (?, ?, ?)
                    ON CONFLICT (store, record) DO UPDATE SET generation = max(generation, excluded.generation)
                    """, arguments: [store, record, generation])
        }
    }

    /// Takes a generation for the highest, whatever is known.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func accept(generation: Int, of record: String, in store: String) throws(OmlxError) {
        try write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO generation (store, record, generation) VALUES (?, ?, ?)",
                arguments: [store, record, generation])
        }
    }
}
