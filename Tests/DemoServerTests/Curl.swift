// The tests' HTTP client: the curl command, so that the server is judged by code that is not its own.

import OmlxDemoServer
import Foundation
import OmlxJSON
import TestSupport

struct Answer: Sendable {
    var status = 0
    var headers: [(name: String, value: String)] = []
    var body = Data()
    /// curl's exit status; 0 when the exchange was complete.
    var exit: Int32 = 0

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { (try? JSON(parsing: Array(body))) ?? .null }
}

enum Curl {
    /// curl's exit status for an empty reply.
    static let empty: Int32 = 52
    /// For a body that ends too early.
    static let partial: Int32 = 18
    /// For a time limit reached.
    static let timedOut: Int32 = 28

    static func run(
        _ method: String, _ url: String, headers: [String] = [], body: String? = nil, timeout: Double = 120
    ) async throws -> Answer {
        var arguments = ["-sS", "-i", "--http1.1", "--noproxy", "*", "--max-time", "\(timeout)", "-X", method]
        for header in headers { arguments += ["-H", header] }
        if body != nil { arguments += ["--data-binary", "@-", "-H", "Expect:"] }
        return try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: blocked threads of the shared pools would keep the server from answering.
            Thread.detachNewThread { [arguments] in
                continuation.resume(with: Result { try exchange(arguments + [url], input: body ?? "") })
            }
        }
    }

    private static func exchange(_ arguments: [String], input: String) throws -> Answer {
        let (status, output) = try ChildCommand.run("/usr/bin/curl", arguments, input: Array(input.utf8))
        var answer = parse(Data(output))
        answer.exit = status
        return answer
    }

    static func json(
        _ method: String, _ url: String, _ body: JSON, headers: [String] = []
    ) async throws -> Answer {
        try await run(method, url, headers: ["Content-Type: application/json"] + headers, body: body.text())
    }

    static func form(_ url: String, _ fields: [String: String], headers: [String] = []) async throws -> Answer {
        let body = fields.map { "\(encode($0))=\(encode($1))" }.joined(separator: "&")
        let type = ["Content-Type: application/x-www-form-urlencoded"]
        return try await run("POST", url, headers: type + headers, body: body)
    }

    static func encode(_ text: String) -> String {
        let unreserved = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static func parse(_ data: Data) -> Answer {
        var answer = Answer()
        guard let end = data.range(of: Data("\r\n\r\n".utf8)) else { return answer }
        let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        answer.status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            answer.headers.append((line[..<colon].lowercased(), value))
        }
        answer.body = data[end.upperBound...]
        return answer
    }
}

/// Runs a test's body against a server and stops it afterwards, whatever happens.
func withServer(
    _ change: (inout DemoScript) -> Void = { _ in }, _ body: (DemoServer) async throws -> Void
) async throws {
    var script = DemoScript()
    change(&script)
    let server = try await DemoServer.start(script: script)
    do {
        try await body(server)
    } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}
