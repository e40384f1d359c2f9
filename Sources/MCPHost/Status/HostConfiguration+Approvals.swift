// Whether a configuration may be used, by the approvals that are kept in the status database.

import OmlxErrors
import FoundationEssentials

extension HostConfiguration {
    /// Why this configuration can be looked at only; `nil` when it can be used.
    /// - Parameter database: The path of the status database, where approvals are.
    public func trustProblem(database: String) -> OmlxError? {
        trustProblem { place throws(OmlxError) in try StatusDatabase.approval(of: place, database: database) }
    }

    /// The same as a remark about the file. That it awaits approval is no fault of its own.
    public func trustDiagnostic(database: String) -> ConfigurationDiagnostic? {
        trustProblem(database: database).map { diagnostic(ofTrust: $0) }
    }

    /// - Throws: `CONFIG_UNTRUSTED`, `CONFIG_PERMISSIONS`.
    func requireTrust(_ options: HostOptions) throws(OmlxError) {
        if let problem = trustProblem(database: options.paths.database) { throw problem }
    }

    /// What approving it means.
    /// - Throws: `OmlxError`: `CONFIG_PERMISSIONS` when others may change the file, so that no approval counts.
    public func review(database: String) throws(OmlxError) -> ConfigurationReview {
        try review { place throws(OmlxError) in try StatusDatabase.approval(of: place, database: database) }
    }

    /// Approves the content that was read: this value can be used from now on, and every later one that reads the same.
    /// - Parameters:
    ///   - database: The path of the status database, where the approval is kept.
    ///   - moment: When.
    /// - Throws: `OmlxError`: `CONFIG_PERMISSIONS`, with nothing approved; `DATABASE_UNAVAILABLE` when the approval could
    ///   not be kept, so that it counts for this value alone.
    @discardableResult
    public mutating func approve(database: String, at moment: Date) throws(OmlxError) -> ConfigurationApproval {
        let approval = try approve(at: moment)
        try StatusDatabase.approve(approval, database: database)
        return approval
    }
}
