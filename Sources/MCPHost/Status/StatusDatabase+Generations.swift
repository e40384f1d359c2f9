// The highest generation of each record that was saved, to notice an older copy that is put back.

import GRDB
import OmlxErrors

extension StatusDatabase {
    /// The highest generation known of a record.
    /// - Parameters:
    ///   - record: The record's name, a hash of its key.
    ///   - store: The store's identity.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func generation(of record: String, in store: String) async throws(OmlxError) -> Int? {
        try await read(or: nil) { try $0.generation(of: record, in: store) }
    }

    /// Takes a generation for the highest, whatever is known.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func accept(generation: Int, of record: String, in store: String) async throws(OmlxError) {
        try await write { try GenerationRow(store: store, record: record, generation: generation).insert($0) }
    }
}

extension Database {
    func generation(of record: String, in store: String) throws -> Int? {
        try GenerationRow.filter(Column("store") == store && Column("record") == record).fetchOne(self)?.generation
    }

    /// Notes a generation that was saved, unless a higher one is known.
    func note(_ row: GenerationRow) throws {
        if let known = try generation(of: row.record, in: row.store), known >= row.generation ?? 0 { return }
        try row.insert(self)
    }
}
