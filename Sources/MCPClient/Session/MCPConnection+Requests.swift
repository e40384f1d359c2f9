// What a caller can ask of a server.

import OmlxErrors
import OmlxJSON

extension MCPConnection {
    /// Calls a tool. A failure the tool itself reports is a result with `isError`, not an error.
    /// - Parameters:
    ///   - name: The tool's name.
    ///   - arguments: Its arguments.
    ///   - tool: The tool as the server listed it, where that is at hand.
    ///   - timeout: In seconds; the connection's own limit when `nil`. Progress starts it anew, ten times at most; while a person
    ///     is asked it stands still.
    ///   - onProgress: Told what the server reports.
    ///   - elicitor: Answers what the server asks for it; the connection's own when `nil`.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func callTool(
        _ name: String, arguments: JSONObject = [:], tool: Tool? = nil, timeout: Double? = nil,
        onProgress: (@Sendable (Progress) -> Void)? = nil, elicitor: Elicitor? = nil
    ) async throws -> ToolResult {
        let params: JSONObject = ["name": .string(name), "arguments": .object(arguments)]
        let call = Call(method: "tools/call", params: params, tool: tool, elicitor: elicitor)
        return ToolResult(json: try await request(call, timeout: timeout, onProgress: onProgress))
    }

    /// Sends any request.
    /// - Parameters:
    ///   - timeout: In seconds; the connection's own limit when `nil`.
    /// - Throws: `OmlxError`, `CancellationError`; an error the server answers with is `PROTOCOL_ERROR_RESPONSE`.
    package func request(
        _ method: String, params: JSONObject? = nil, timeout: Double? = nil,
        onProgress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> JSON {
        try await request(Call(method: method, params: params), timeout: timeout, onProgress: onProgress)
    }

    private func request(
        _ call: Call, timeout: Double?, onProgress: (@Sendable (Progress) -> Void)?
    ) async throws -> JSON {
        do {
            return try await perform(call, limit: timeout, onProgress: onProgress).result
        } catch let error as CancellationError {
            throw error
        } catch {
            throw hidden(error, during: call.method)
        }
    }

    /// Asks the server for a sign of life.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func ping(timeout: Double? = nil) async throws {
        _ = try await request(life.session?.era.ping ?? "ping", timeout: timeout)
    }
}
