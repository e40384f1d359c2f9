// Whether a configuration may be used, by the approvals that are kept in the status database.

import OmlxErrors
import FoundationEssentials

extension HostConfiguration {
    /// Why this configuration can be looked at only; `nil` when it can be used.
    /// - Parameter database: The path of the status database, where approvals are.
    public func trustProblem(database: String) async -> OmlxError? {
        await trustProblem { place async throws(OmlxError) in
            try await StatusDatabase.approval(of: place, database: database)
        }
    }

    /// The same as a remark about the file. That it awaits approval is no fault of its own.
    public func trustDiagnostic(database: String) async -> ConfigurationDiagnostic? {
        await trustProblem(database: database).map { diagnostic(ofTrust: $0) }
    }

    /// - Throws: `CONFIG_UNTRUSTED`, `CONFIG_PERMISSIONS`.
    func requireTrust(_ options: HostOptions) async throws(OmlxError) {
        if let problem = await trustProblem(database: options.paths.database) { throw problem }
    }

    /// What approving it means.
    /// - Throws: `OmlxError`: `CONFIG_PERMISSIONS` when others may change the file, so that no approval counts.
    public func review(database: String) async throws(OmlxError) -> ConfigurationReview {
        try await review { place async throws(OmlxError) in
            try await StatusDatabase.approval(of: place, database: database)
        }
    }

    /// Approves the content that was read: this value can be used from now on, and every later one that reads the same.
    /// - Parameters:
    ///   - database: The path of the status database, where the approval is kept.
    ///   - moment: When.
    /// - Throws: `OmlxError`: `CONFIG_PERMISSIONS`, with nothing approved; `DATABASE_UNAVAILABLE` when the approval could
    ///   not be kept, so that it counts for this value alone.
    @discardableResult
    public mutating func approve(
        database: String, at moment: Date
    ) async throws(OmlxError) -> ConfigurationApproval {
        let approval = try approve(at: moment)
        try await StatusDatabase.approve(approval, database: database)
        return approval
    }
}
