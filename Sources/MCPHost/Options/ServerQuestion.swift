// What a server asks the person while it works (MCP 2025-11-25 and 2026-07-28, elicitation), and who answers.

import OmlxMCPClient

/// A question of a server.
public struct ServerQuestion: Sendable, Hashable, Codable {
    /// The server that asks.
    public var server: String
    /// The tool that is called meanwhile, as the server names it; `nil` where the question belongs to no single call.
    public var tool: String?
    /// What it asks.
    public var question: Elicitation

    /// A question.
    public init(server: String, tool: String? = nil, question: Elicitation) {
        self.server = server
        self.tool = tool
        self.question = question
    }
}

/// Answers what servers ask; its task is cancelled when the answer is wanted no more. An answer that does not fit the fields
/// (`Elicitation.faults(of:)`) is not sent: the server hears that the person did not choose.
public typealias ElicitationHandler = @Sendable (ServerQuestion) async -> ElicitationAnswer
