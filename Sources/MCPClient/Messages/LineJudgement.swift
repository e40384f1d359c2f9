// What a line of a child process is: a message, an answer that cannot be read, or something else. No I/O.

import OmlxErrors
import OmlxJSON

/// An answer that came and cannot be read.
struct GarbledAnswer: Sendable, Hashable {
    /// What is wrong with it, as a sentence.
    let reason: String
    /// How it begins.
    let sample: String

    /// - Parameter reason: What is wrong with it, as a sentence.
    init(_ reason: String, _ bytes: some Collection<UInt8>) {
        self.reason = reason
        sample = OmlxError.shown(
            String(decoding: bytes.prefix(600), as: UTF8.self).withoutTerminalControls(), limit: 120)
    }
}

/// A line of a server's standard output, where nothing but messages belongs (MCP 2025-11-25, transports), and much else is found.
enum LineJudgement: Sendable {
    case message(IncomingMessage)
    /// It begins like a message or speaks of one, so it may be an answer that is waited for.
    case garbled(GarbledAnswer)
    case other

    /// - Throws: `TRANSPORT_TOO_LARGE` for a message that cannot be read though it may be one: its request would wait.
    init(_ line: [UInt8]) throws(OmlxError) {
        let text = Self.withoutMarks(line)
        let failure: OmlxError
        do throws(OmlxError) {
            let message = try IncomingMessage(text, from: "a line of the server")
            self = Self.judge(message, text)
            return
        } catch {
            guard error.code != .transportTooLarge else { throw error }
            failure = error
        }
        self = Self.looksLikeAnswer(text) ? .garbled(GarbledAnswer(failure.message, text)) : .other
    }

    private static func judge(_ message: IncomingMessage, _ text: [UInt8]) -> LineJudgement {
        let json = message.json
        let messages = (json.arrayValue ?? [json]).map { JSONRPCMessage($0) }
        if messages.contains(where: { !$0.isNone }) { return .message(message) }
        // JSON that is no message is a log, unless it calls itself one.
        guard json["jsonrpc"] != nil || json.arrayValue != nil, looksLikeAnswer(text) else { return .other }
        let reasons = messages.compactMap { if case .invalid(.none, let reason) = $0 { reason } else { nil } }
        return .garbled(GarbledAnswer(reasons.first ?? "it is an array without messages", text))
    }

    /// Without a byte order mark, and without what colours a line.
    private static func withoutMarks(_ line: [UInt8]) -> [UInt8] {
        guard let first = line.first, first == 0xEF || first == 0x1B else { return line }
        var rest = line[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        while rest.starts(with: [0x1B, UInt8(ascii: "[")]) {
            let end = rest.dropFirst(2).firstIndex { (0x40...0x7E).contains($0) }
            guard let end else { break }
            rest = rest[(end + 1)...]
        }
        return Array(rest)
    }

    private static let lookedThrough = 64 << 10

    /// Whether a text begins like a message or speaks of one.
    static func looksLikeAnswer(_ line: [UInt8]) -> Bool {
        let start = line.drop { $0 == 0x20 || $0 == 0x09 }
        let lower = start.prefix(lookedThrough).map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
        // The framing of the Language Server Protocol.
        if lower.starts(with: Array("content-length:".utf8)) { return true }
        let holds: (String) -> Bool = { lower.firstRange(of: Array($0.utf8)) != nil }
        guard start.first == UInt8(ascii: "{") || holds("jsonrpc") else { return false }
        // A server that logs what it is sent repeats the request.
        return !holds("\"method\"") || holds("\"result\"") || holds("\"error\"")
    }
}
