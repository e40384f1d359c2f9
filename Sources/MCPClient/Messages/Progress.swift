// How far a request is, as the server reports it.

/// What a server reports about a request under way (MCP 2025-11-25, progress).
public struct Progress: Sendable, Hashable, Codable {
    /// How far it is; grows.
    public var progress: Double
    /// Where it ends, if the server says so.
    public var total: Double?
    /// What it is doing, as the server words it.
    public var message: String?

    /// A report.
    public init(progress: Double, total: Double? = nil, message: String? = nil) {
        self.progress = progress
        self.total = total
        self.message = message
    }
}
