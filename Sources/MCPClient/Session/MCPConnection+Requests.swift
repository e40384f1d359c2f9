// What a caller can ask of a server.

import OmlxErrors
import OmlxJSON

extension MCPConnection {
    /// All tools of the server, page by page. Entries that are no tools are left out and reported as
    /// `toolsDropped`; that the list is longer than `ToolPages` takes, or that the server did not give all of it, is
    /// reported, too. A server that declares its capabilities without `tools` is not asked, which is reported.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func listTools() async throws -> [Tool] {
        if let declared = life.description?.capabilities.objectValue, declared["tools"] == nil {
            let names = declared.prefix(20).map { OmlxError.shown($0.key, limit: 40) }
            observer(.toolsNotOffered(capabilities: names))
            return []
        }
        var pages = ToolPages()
        var action = ToolPages.Action.request(cursor: nil)
        while true {
            switch action {
            case .request(let cursor):
                let params: JSONObject? = cursor.map { ["cursor": $0] }
                do {
                    let answer = try await perform(Call(method: "tools/list", params: params), limit: nil)
                    action = pages.received(answer.result, byteCount: answer.byteCount)
                } catch let error as JSONRPCError {
                    action = pages.refused(error)
                } catch let error as CancellationError {
                    throw error
                } catch {
                    action = pages.failed(hidden(error, during: "tools/list"))
                }
            case .finished(let tools, var dropped):
                let era = life.session?.era
                let kept = tools.compactMap { tool -> Tool? in
                    do throws(Tool.Rejection) {
                        if let reason = era?.fault(of: tool) {
                            throw Tool.Rejection(
                                name: OmlxError.shown(redactor.hide(tool.name), limit: 80), reason: reason)
                        }
                        return try tool.hiding(redactor)
                    } catch {
                        dropped.append(error)
                        return nil
                    }
                }
                for event in ConnectionEvent.dropped(dropped) { observer(event) }
                if let reason = pages.cut { observer(.toolListCut(count: tools.count, reason: reason)) }
                if let reason = pages.unfinished { observer(.toolListUnfinished(count: tools.count, reason: reason)) }
                return kept
            case .fail(let error): throw redactor.hide(error)
            }
        }
    }

    /// Calls a tool. A failure the tool itself reports is a result with `isError`, not an error.
    /// - Parameters:
    ///   - name: The tool's name.
    ///   - arguments: Its arguments.
    ///   - tool: The tool as the server listed it, where that is at hand.
    ///   - timeout: In seconds; the connection's own limit when `nil`. Progress starts it anew, ten times at most.
    ///   - onProgress: Told what the server reports.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func callTool(
        _ name: String, arguments: JSONObject = [:], tool: Tool? = nil, timeout: Double? = nil,
        onProgress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> ToolResult {
        let params: JSONObject = ["name": .string(name), "arguments": .object(arguments)]
        let call = Call(method: "tools/call", params: params, tool: tool)
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
