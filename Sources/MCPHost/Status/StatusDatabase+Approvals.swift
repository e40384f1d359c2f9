// The configuration files that were approved, by their content. What is kept of one holds no secret.

import OmlxErrors
import FoundationEssentials
import GRDB
import OmlxJSON

extension StatusDatabase {
    /// The approval of a file; `nil` when there is none, or no database yet.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    static func approval(of place: String, database: String) throws(OmlxError) -> ConfigurationApproval? {
        try open(path: database, mode: .readIfExists).approvals().first { $0.place == place }
    }

    /// All approvals, by path.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func approvals() throws(OmlxError) -> [ConfigurationApproval] {
        try read(or: []) { database in
            try Row.fetchAll(database, sql: ConfigurationApproval.query).compactMap {
                ConfigurationApproval($0)
            }
        }
    }

    func approve(_ approval: ConfigurationApproval) throws(OmlxError) {
        let files: [JSON] = approval.environmentFiles.map {
            ["path": .string($0.path), "sha256": JSON(optional: $0.digest)]
        }
        let items: [JSON] = approval.items.map {
            [
                "server": JSON(optional: $0.server), "label": .string($0.label), "shown": .string($0.shown),
                "digest": .string($0.digest),
            ]
        }
        try write { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO approval
                        (place, path, sha256, environment_files, approved_at, salt, items)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    approval.place, approval.path, approval.digest, JSON.array(files).text(),
                    approval.approvedAt.timeIntervalSince1970, approval.salt, JSON.array(items).text(),
                ])
        }
    }

    /// Takes back the approvals of files of these paths, as they were named or as they really are.
    /// - Returns: those there were.
    /// - Throws: `DATABASE_UNAVAILABLE`.
    public func revokeApprovals(of paths: Set<String>) throws(OmlxError) -> [ConfigurationApproval] {
        try write { database in
            let revoked = try Row.fetchAll(database, sql: ConfigurationApproval.query)
                .compactMap { ConfigurationApproval($0) }
                .filter { paths.contains($0.place) || paths.contains($0.path) }
            for approval in revoked {
                try database.execute(sql: "DELETE FROM approval WHERE place = ?", arguments: [approval.place])
            }
            return revoked
        }
    }
}

extension ConfigurationApproval {
    /// A row that cannot be understood is no approval.
    fileprivate init?(_ row: Row) {
        guard let place = row.text(0), let path = row.text(1), let digest = row.text(2),
            let files = row.text(3).flatMap({ try? JSON(parsing: $0) })?.arrayValue, let moment = row.time(4),
            let salt = row.text(5)
        else { return nil }
        let items = row.text(6).flatMap { try? JSON(parsing: $0) }?.arrayValue ?? []
        self.init(
            place: place, path: path, digest: digest,
            environmentFiles: files.map {
                EnvironmentFile(path: $0["path"]?.stringValue ?? "", digest: $0["sha256"]?.stringValue)
            },
            approvedAt: moment,
            items: items.compactMap { item in
                guard let label = item["label"]?.stringValue, let shown = item["shown"]?.stringValue,
                    let digest = item["digest"]?.stringValue
                else { return nil }
                return RememberedItem(server: item["server"]?.stringValue, label: label, shown: shown, digest: digest)
            }, salt: salt)
    }

    fileprivate static let query =
        "SELECT place, path, sha256, environment_files, approved_at, salt, items FROM approval ORDER BY place"
}
