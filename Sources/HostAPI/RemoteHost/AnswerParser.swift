// What a host answers, as HTTP/1.1 writes it (RFC 9112): bytes in, status and pieces of the body out.

import OmlxErrors

/// One answer, as far as it has come.
struct AnswerParser: Sendable {
    /// The most bytes its head, or a line of its body's framing, may have.
    private static let lineLimit = 64 << 10

    private enum State: Sendable {
        case head
        /// A body of known length (§6.2): so many bytes are still to come.
        case counted(Int)
        /// Chunks (§7.1): the line with the next one's length, its rest, what ends it, the lines after the last.
        case chunkLength
        case chunk(Int)
        case chunkEnd
        case trailer
        /// All there is until the connection ends (§6.3).
        case untilEnd
        case whole
    }

    private var state = State.head
    private var bytes: [UInt8] = []
    private var start = 0
    /// The status, once the head is there.
    private(set) var status: Int?
    /// Whether the connection can carry the next question after this answer (§9.3).
    private(set) var isReusable = true

    /// Whether all of it is there.
    var isWhole: Bool { if case .whole = state { true } else { false } }

    mutating func receive(_ more: [UInt8]) {
        if start == bytes.count {
            (bytes, start) = (more, 0)
        } else {
            bytes.removeFirst(start)
            start = 0
            bytes += more
        }
    }

    /// The other side ended.
    /// - Throws: `SERVE_LOST` when something is missing.
    mutating func end() throws(OmlxError) {
        switch state {
        case .untilEnd: state = .whole
        case .whole: break
        default: throw .hostLost
        }
    }

    /// Reads the head, if it is there. An interim answer (RFC 9110 §15.2) is passed over.
    /// - Throws: `SERVE_ANSWER`.
    mutating func readHead() throws(OmlxError) {
        while case .head = state {
            guard let lines = try headLines() else { return }
            let words = lines[0].split(separator: " ", maxSplits: 2)
            guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].utf8.count == 3, let status = Int(words[1])
            else { throw .hostAnswer("what is no HTTP") }
            guard status >= 200 else { continue }
            self.status = status
            if words[0] == "HTTP/1.0" { isReusable = false }
            try frame(lines.dropFirst(), hasBody: status != 204 && status != 304)
        }
    }

    /// The next bytes of the body that are there already.
    /// - Throws: `SERVE_ANSWER`.
    mutating func piece() throws(OmlxError) -> [UInt8]? {
        while true {
            switch state {
            case .head, .whole: return nil
            case .untilEnd: return take(.max)
            case .counted(let rest):
                guard let piece = take(rest) else { return nil }
                state = piece.count == rest ? .whole : .counted(rest - piece.count)
                return piece
            case .chunk(let rest):
                guard let piece = take(rest) else { return nil }
                state = piece.count == rest ? .chunkEnd : .chunk(rest - piece.count)
                return piece
            case .chunkLength:
                guard let line = try line() else { return nil }
                let digits = line.prefix { $0 != ";" && $0 != " " }
                guard let length = Int(digits, radix: 16), length >= 0 else {
                    throw .hostAnswer("a chunk of no length")
                }
                state = length == 0 ? .trailer : .chunk(length)
            case .chunkEnd:
                guard let line = try line() else { return nil }
                guard line.isEmpty else { throw .hostAnswer("a chunk that is longer than it says") }
                state = .chunkLength
            case .trailer:
                guard let line = try line() else { return nil }
                if line.isEmpty { state = .whole }
            }
        }
    }

    private mutating func frame(_ fields: ArraySlice<String>, hasBody: Bool) throws(OmlxError) {
        var length: Int?
        var isChunked = false
        for field in fields {
            let parts = field.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw .hostAnswer("what is no HTTP") }
            let value = parts[1].lowercased().filter { $0 != " " && $0 != "\t" }
            switch parts[0].lowercased() {
            case "content-length":
                guard let count = Int(value), count >= 0 else { throw .hostAnswer("a body of no length") }
                length = count
            case "transfer-encoding": isChunked = value.hasSuffix("chunked")
            case "connection": if value == "close" { isReusable = false }
            default: break
            }
        }
        if !hasBody {
            state = .whole
        } else if isChunked {
            state = .chunkLength
        } else if let length {
            state = length == 0 ? .whole : .counted(length)
        } else {
            state = .untilEnd
            isReusable = false
        }
    }

    private mutating func take(_ most: Int) -> [UInt8]? {
        let count = min(most, bytes.count - start)
        guard count > 0 else { return nil }
        defer { start += count }
        return start == 0 && count == bytes.count ? bytes : Array(bytes[start..<start + count])
    }

    private mutating func headLines() throws(OmlxError) -> [String]? {
        let (before, position) = (start, bytes.count)
        var lines: [String] = []
        while let line = try line() {
            guard line.isEmpty else {
                lines.append(line)
                continue
            }
            guard !lines.isEmpty else { continue }
            return lines
        }
        guard position - before <= Self.lineLimit else { throw .hostAnswer("a head without end") }
        start = before
        return nil
    }

    private mutating func line() throws(OmlxError) -> String? {
        guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else {
            guard bytes.count - start <= Self.lineLimit else { throw .hostAnswer("a line without end") }
            return nil
        }
        defer { start = end + 1 }
        let isCRLF = end > start && bytes[end - 1] == UInt8(ascii: "\r")
        return String(decoding: bytes[start..<(isCRLF ? end - 1 : end)], as: UTF8.self)
    }
}
