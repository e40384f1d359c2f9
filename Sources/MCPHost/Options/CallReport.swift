// What became of a call, for those who keep account of calls.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient

/// A call that ended.
package struct CallReport: Sendable {
    /// How it ended.
    package enum Outcome: Sendable, Hashable {
        case done
        /// The tool itself says that it failed (`isError`).
        case toolFailed
        case failed(ErrorCode)
        case cancelled

        /// The word for it.
        package var text: String {
            switch self {
            case .done: "success"
            case .toolFailed: "tool_error"
            case .failed: "error"
            case .cancelled: "cancelled"
            }
        }
    }

    package let server: String
    package let tool: String
    package let arguments: JSONObject
    package let outcome: Outcome
    package let duration: Duration

    /// Makes a call and reports it.
    static func of(
        _ tool: String, of server: String, _ arguments: JSONObject, to hear: (@Sendable (CallReport) -> Void)?,
        isolation: isolated (any Actor)? = #isolation, _ call: () async throws -> ToolResult
    ) async throws -> ToolResult {
        guard let hear else { return try await call() }
        let began = ContinuousClock.now
        let tell = { (outcome: Outcome) in
            hear(
                CallReport(
                    server: server, tool: tool, arguments: arguments, outcome: outcome,
                    duration: ContinuousClock.now - began))
        }
        do {
            let result = try await call()
            tell(result.isError ? .toolFailed : .done)
            return result
        } catch {
            tell((error as? OmlxError).map { .failed($0.code) } ?? .cancelled)
            throw error
        }
    }
}
