// Results of tools in every form servers give them, and those that nest too deep.

import OmlxErrors
import OmlxJSON
import Testing

@testable import OmlxMCPClient

@Suite("Tool results", .timeLimit(.minutes(5)))
struct ToolResultTests {
    private static let text: JSON = ["type": "text", "text": "hello"]

    @Test(
        "a text, a block or a list of them is content, wherever the server puts it",
        arguments: [
            ["content": [text]], ["content": "hello"], ["content": text], ["content": ["hello"]],
            ["toolResult": "hello"],
            ["toolResult": [text]], ["toolResult": ["hello"]], ["content": [], "toolResult": text], text,
            ["text": "hello"],
            ["text": "hello", "_meta": ["a": 1]], "hello", ["hello"], [text],
            ["content": .null, "toolResult": "hello"],
        ] as [JSON])
    func content(json: JSON) {
        let result = ToolResult(json: json)
        #expect(result.content.map(\.text) == ["hello"])
        #expect(result.other == nil && result.raw == json && !result.isError && !result.isEmpty)
    }

    @Test(
        "what is no content is kept as it is",
        arguments: [
            (["toolResult": ["x": 1]], ["x": 1]), (["rows": [1, 2], "_meta": [:]], ["rows": [1, 2]]), (5, 5),
            (["content": 7], 7), ([[1], [2]], [[1], [2]]), (["content": ["a": 1]], ["a": 1]),
            (["text": "a", "score": 5], ["text": "a", "score": 5]),
        ] as [(JSON, JSON)])
    func other(json: JSON, other: JSON) {
        let result = ToolResult(json: json)
        #expect(result.other == other && result.content.isEmpty && !result.isEmpty)
    }

    @Test(
        "a result that says nothing is empty",
        arguments: [[:], .null, ["content": []], ["content": .null, "isError": false, "_meta": ["a": 1]], []] as [JSON])
    func empty(json: JSON) { #expect(ToolResult(json: json).isEmpty) }

    @Test("a structured result counts beside content that is missing; a failure may be spelled as a text")
    func structured() {
        let result = ToolResult(json: ["structuredContent": [1], "isError": "true", "other": 1])
        #expect(result.structuredContent == [1] && result.content.isEmpty && result.other == nil && result.isError)
        #expect(ToolResult(json: ["content": [["q": 1], ["type": "text", "text": "b"]]]).content.count == 2)
    }

    @Test("a result that nests too deep fails its call at once, and the connection goes on: stdio")
    func deepOverStdio() async throws {
        let deep = """
            if method == "tools/call" and message["params"]["name"] == "deep":
                sys.stdout.write('{"result": {"structuredContent": %s%s}, "jsonrpc": "2.0", "id": %d}\\n' % ("[" * 1000, "]" * 1000, message["id"]))
                sys.stdout.flush()
                continue
            """
        let connection = connection(.stdio(script(extra: deep)))
        _ = try await connection.connect()
        let error = await failure { try await connection.callTool("deep") }
        #expect(
            error?.code == .transportTooLarge && error?.message.contains("nests deeper than the 200 levels") == true)
        #expect(try await connection.callTool("echo").structuredContent != nil)
        await connection.close()
    }

    @Test(
        "a result that nests too deep fails its call at once: HTTP, as JSON and as an event", arguments: [false, true])
    func deepOverHTTP(isEvent: Bool) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            let nest = String(repeating: "[", count: 300) + String(repeating: "]", count: 300)
            let text =
                "{\"jsonrpc\":\"2.0\",\"id\":\(request.json["id"]?.text() ?? "0"),\"result\":{\"content\":\(nest)}}"
            answerer.answer(
                200, [("Content-Type", isEvent ? "text/event-stream" : "application/json")],
                body: Array((isEvent ? "data: \(text)\n\n" : text).utf8))
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        let error = await failure { try await connection.callTool("echo") }
        #expect(
            error?.code == .transportTooLarge && error?.message.contains("nests deeper") == true,
            "\(String(describing: error))")
        await connection.close()
    }
}
