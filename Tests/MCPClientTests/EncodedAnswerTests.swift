// Answers of MCP servers in a content coding: read like any other, events as they come, or told with the coding's name.

import Dispatch
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Testing

@testable import OmlxMCPClient

/// A zstd frame whose blocks are as they are (RFC 8878 §3.1.1).
private struct Zstd {
    static let start: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58]

    static func block(_ text: String, isLast: Bool = false) -> [UInt8] {
        let value = text.utf8.count << 3 | (isLast ? 1 : 0)
        return [UInt8(value & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value >> 16 & 0xFF)] + Array(text.utf8)
    }

    static func whole(_ json: JSON) -> [UInt8] { start + block(json.text(), isLast: true) }
}

@Suite("Encoded answers (RFC 9110 §8.4)", .timeLimit(.minutes(5)))
struct EncodedAnswerTests {
    private func encoded(_ request: ScriptedRequest, _ answerer: Answerer, _ result: JSON) {
        let message: JSON = ["jsonrpc": "2.0", "id": request.json["id"] ?? .null, "result": result]
        answerer.answer(
            200, [("Content-Type", "application/json"), ("Content-Encoding", "zstd")], body: Zstd.whole(message))
    }

    @Test("JSON answers are decoded; encodings are asked for in a POST, not where a stream is opened")
    func json() async throws {
        let server = try ScriptedServer { request, answerer in
            switch request.call {
            case "initialize": encoded(request, answerer, initializeAnswer)
            case "tools/list": encoded(request, answerer, oneTool)
            default: answerOrdinarily(request, answerer)
            }
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), opensServerStream: true)
        _ = try await connection.connect()
        #expect(try await connection.listTools().map(\.name) == ["echo"])
        await connection.close()
        for request in server.requests {
            let asked = request.headers["accept-encoding"]
            #expect(request.method == "POST" ? asked?.hasPrefix("gzip") == true : asked == nil, "\(request.method)")
        }
    }

    @Test("a header of the user's own says what is asked for")
    func ownHeader() async throws {
        let server = try ScriptedServer { answerOrdinarily($0, $1) }
        defer { server.stop() }
        let headers = [HTTPRequestHeader("Accept-Encoding", "identity")]
        let connection = connection(.streamableHTTP(try server.url(), headers: headers))
        _ = try await connection.connect()
        await connection.close()
        #expect(server.requests.allSatisfy { $0.headers["accept-encoding"] == "identity" })
    }

    @Test("an encoded stream hands on each event when it comes, not when the stream ends")
    func events() async throws {
        let isHeard = Recorder<Bool>()
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/call" else { return answerOrdinarily(request, answerer) }
            answerer.beginStream([("Content-Encoding", "zstd")])
            let params: JSON = [
                "progressToken": request.json["params"]?["_meta"]?["progressToken"] ?? .null, "progress": 1,
            ]
            let progress: JSON = ["jsonrpc": "2.0", "method": "notifications/progress", "params": params]
            answerer.stream(Zstd.start + Zstd.block("data: \(progress.text())\n\n"))
            guard waitBlocking(isHeard) else { return answerer.cut() }
            let answer: JSON = [
                "jsonrpc": "2.0", "id": request.json["id"] ?? .null, "result": ["content": []],
            ]
            answerer.stream(Zstd.block("data: \(answer.text())\n\n", isLast: true))
            answerer.endStream()
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        _ = try await connection.callTool("echo", onProgress: { _ in isHeard.record(true) })
        await connection.close()
    }

    /// Waits on the server's thread until something was recorded; false after 20 s.
    private func waitBlocking(_ recorder: Recorder<Bool>) -> Bool {
        let done = DispatchSemaphore(value: 0)
        Task {
            await recorder.wait { !$0.isEmpty }
            done.signal()
        }
        return done.wait(timeout: .now() + 20) == .success
    }

    @Test(
        "what cannot be decoded is told with the coding's name, in an answer and on a stream", arguments: [true, false])
    func garbled(isStream: Bool) async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.call == "tools/list" else { return answerOrdinarily(request, answerer) }
            let bytes = [UInt8](repeating: 0x11, count: 40)
            if isStream {
                answerer.beginStream([("Content-Encoding", "br")])
                answerer.stream([0xFF, 0x80] + bytes)
                answerer.endStream()
            } else {
                answerer.answer(
                    200, [("Content-Type", "application/json"), ("Content-Encoding", "compress")], body: bytes)
            }
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()))
        _ = try await connection.connect()
        let error = await failure { try await connection.listTools() }
        #expect(error?.code == .transportEncoding, "\(error.map { "\($0)" } ?? "")")
        #expect(error?.message.contains(isStream ? "br" : "compress") == true)
        await connection.close()
    }
}
