// Lines from bytes in any cut, within a limit. No I/O.

import OmlxErrors

/// Cuts a stream of bytes into lines.
struct LineSplitter: Sendable {
    private var partial: [UInt8] = []
    private let limit: Int

    /// - Parameter limit: The most bytes a line may have.
    init(limit: Int) { self.limit = limit }

    /// Takes the next bytes; returns the lines they complete, without line ends.
    /// - Throws: `PROTOCOL_LINE_TOO_LONG`.
    mutating func receive(_ bytes: [UInt8]) throws(OmlxError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            try append(rest[..<end])
            lines.append(take())
            rest = rest[(end + 1)...]
        }
        try append(rest)
        return lines
    }

    /// What came after the last line end.
    mutating func finish() -> [UInt8] { take() }

    /// The beginning of what came after the last line end.
    var unfinished: [UInt8] { Array(partial.prefix(4096)) }

    private mutating func append(_ bytes: ArraySlice<UInt8>) throws(OmlxError) {
        guard partial.count + bytes.count <= limit else {
            partial = []
            throw OmlxError(.protocolLineTooLong, "the server wrote a line longer than \(limit) bytes")
        }
        partial.append(contentsOf: bytes)
    }

    private mutating func take() -> [UInt8] {
        if partial.last == 0x0D { partial.removeLast() }
        defer { partial = [] }
        return partial
    }
}

/// The lines a child process writes to its error stream, as a terminal would have shown them.
struct ErrorStreamLines: Sendable {
    /// How many bytes of a line are kept.
    static let limit = 4096

    private var partial: [UInt8] = []
    /// Whether the line is told already, and the rest of it is passed over.
    private var isCut = false
    /// What the line was before a carriage return, after which it is written anew: a progress bar is one line, however
    /// long it goes on.
    private var overwritten: [UInt8] = []
    private var isReturned = false

    /// Takes the next bytes; returns the lines they complete. Of a very long line there is the beginning alone: a piece
    /// from its middle could begin within a secret.
    mutating func receive(_ bytes: [UInt8]) -> [String] {
        var completed: [String] = []
        for byte in bytes {
            if byte == 0x0A {
                completed.append(contentsOf: takeLine())
                isCut = false
                continue
            }
            if byte == 0x0D {
                isReturned = true
                continue
            }
            if isReturned { beginAnew() }
            if !isCut, partial.count < Self.limit {
                partial.append(byte)
            } else if !isCut {
                isCut = true
                completed.append(contentsOf: takeLine())
            }
        }
        return completed
    }

    /// The rest without a line end.
    mutating func finish() -> [String] { takeLine() }

    /// What came after the last line end.
    var unfinished: [UInt8] { partial.isEmpty ? overwritten : partial }

    private mutating func beginAnew() {
        isReturned = false
        if partial.contains(where: { $0 > 0x20 }) { overwritten = partial }
        partial = []
        isCut = false
    }

    private mutating func takeLine() -> [String] {
        isReturned = false
        var line = String(decoding: partial, as: UTF8.self).withoutTerminalControls()
        if line.allSatisfy(\.isWhitespace) {
            line = String(decoding: overwritten, as: UTF8.self).withoutTerminalControls()
        }
        overwritten = []
        partial = []
        guard !line.allSatisfy(\.isWhitespace) else { return [] }
        if isCut { line += "…" }
        return [line]
    }
}
