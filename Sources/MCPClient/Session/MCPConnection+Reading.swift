// What a caller can ask of a server's resources and prompts.

import OmlxErrors
import OmlxJSON

extension MCPConnection {
    /// Reads a resource.
    /// - Parameters:
    ///   - timeout: In seconds; the connection's own limit when `nil`. Progress starts it anew, ten times at most.
    ///   - onProgress: Told what the server reports.
    /// - Throws: `OmlxError`: `PROTOCOL_RESOURCE_UNKNOWN` where the server says so; `CancellationError`.
    package func readResource(
        _ uri: String, timeout: Double? = nil, onProgress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> ResourceContents {
        let result = try await asking(
            Call(method: "resources/read", params: ["uri": .string(uri)]), timeout, onProgress
        ) { $0.saysResourceUnknown ? .protocolResourceUnknown : nil }
        let contents = ResourceContents(json: result, asked: uri)
        tell(contents.oddities, of: "resources/read")
        return contents
    }

    /// Gets a prompt.
    /// - Parameters:
    ///   - arguments: What is filled in, by name.
    ///   - timeout: In seconds; the connection's own limit when `nil`.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func getPrompt(
        _ name: String, arguments: [String: String] = [:], timeout: Double? = nil,
        onProgress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> PromptResult {
        var params: JSONObject = ["name": .string(name)]
        if !arguments.isEmpty { params["arguments"] = .object(sorted: arguments) }
        let result = PromptResult(
            json: try await asking(Call(method: "prompts/get", params: params), timeout, onProgress) { _ in nil })
        tell(result.oddities, of: "prompts/get")
        return result
    }

    /// Asks for values of an argument that is being typed. A server that completes nothing proposes none.
    /// - Parameters:
    ///   - argument: Its name.
    ///   - value: What is typed so far.
    ///   - others: The arguments that are filled in already.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func complete(
        _ subject: CompletionSubject, argument: String, value: String, others: [String: String] = [:],
        timeout: Double? = nil
    ) async throws -> Completion {
        guard life.description?.capabilities.objectValue == nil || life.description?.completes == true else {
            return Completion(json: ["completion": ["values": []]])
        }
        var params: JSONObject = [
            "ref": subject.reference, "argument": ["name": .string(argument), "value": .string(value)],
        ]
        // Older servers do not know it (MCP 2025-06-18, completion).
        if !others.isEmpty { params["context"] = ["arguments": .object(sorted: others)] }
        return Completion(json: try await request("completion/complete", params: params, timeout: timeout))
    }

    private func asking(
        _ call: Call, _ timeout: Double?, _ onProgress: (@Sendable (Progress) -> Void)?,
        refusal: (JSONRPCError) -> ErrorCode?
    ) async throws -> JSON {
        do {
            return try await perform(call, limit: timeout, onProgress: onProgress).result
        } catch let error as CancellationError {
            throw error
        } catch {
            var failure = hidden(error, during: call.method)
            if let error = error as? JSONRPCError, let code = refusal(error) { failure.code = code }
            throw failure
        }
    }

    private func tell(_ oddities: [String], of method: String) {
        var told: [String] = []
        for oddity in oddities where !told.contains(oddity) {
            told.append(oddity)
            observer(.answerOdd(method: method, reason: oddity))
        }
    }
}

extension JSONRPCError {
    /// A resource that is not there (MCP 2025-11-25, resources).
    static let resourceNotFound = -32002

    /// The URI is all that is asked, so that it alone can be invalid (MCP 2026-07-28, resources).
    fileprivate var saysResourceUnknown: Bool { code == Self.resourceNotFound || code == Self.invalidParams }
}

extension JSON {
    /// Texts by their names, in the order of these: the same is asked in the same words.
    fileprivate static func object(sorted texts: [String: String]) -> JSON {
        .object(JSONObject(texts.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }))
    }
}
