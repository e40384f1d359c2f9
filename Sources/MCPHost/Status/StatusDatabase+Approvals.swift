// The configuration files that were approved, by their content. What is kept of one holds no secret.

import GRDB
import OmlxErrors

extension StatusDatabase {
    /// The approval of a file; `nil` when there is none, or no database yet.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    static func approval(of place: String, database: String) async throws(OmlxError) -> ConfigurationApproval? {
        try await open(path: database, mode: .readIfExists)
            .read(or: nil) { try ApprovalRow.filter(key: place).fetchOne($0)?.approval }
    }

    /// Keeps an approval.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    static func approve(_ approval: ConfigurationApproval, database: String) async throws(OmlxError) {
        try await open(path: database, mode: .readWrite).write { try ApprovalRow(approval).insert($0) }
    }

    /// All approvals, by path.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func approvals() async throws(OmlxError) -> [ConfigurationApproval] {
        try await read(or: []) { try $0.approvals() }
    }

    /// Takes back the approvals of files of these paths, as they were named or as they really are.
    /// - Returns: those there were.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func revokeApprovals(of paths: Set<String>) async throws(OmlxError) -> [ConfigurationApproval] {
        try await write { database in
            let revoked = try database.approvals().filter { paths.contains($0.place) || paths.contains($0.path) }
            _ = try ApprovalRow.filter(keys: revoked.map(\.place)).deleteAll(database)
            return revoked
        }
    }
}

extension Database {
    fileprivate func approvals() throws -> [ConfigurationApproval] {
        try ApprovalRow.order(Column("place")).fetchAll(self).compactMap(\.approval)
    }
}
