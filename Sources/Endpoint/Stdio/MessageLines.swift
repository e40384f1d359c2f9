// Messages as lines, cut from bytes in any pieces (MCP 2025-11-25, stdio). No I/O.

/// Cuts a stream of bytes into lines, and passes over those that are too long.
struct MessageLines: Sendable {
    enum Line: Sendable, Hashable {
        case message([UInt8])
        /// One of more bytes than are kept.
        case tooLong
    }

    /// As many bytes as one message over HTTP may have.
    static let limit = 16 << 20

    private var partial: [UInt8] = []
    private var isPassedOver = false
    private let limit: Int

    init(limit: Int = Self.limit) { self.limit = limit }

    /// Takes the next bytes; gives the lines they complete. Empty lines are none.
    mutating func receive(_ bytes: ArraySlice<UInt8>) -> [Line] {
        var lines: [Line] = []
        var rest = bytes
        while let end = rest.firstIndex(of: 0x0A) {
            append(rest[..<end])
            if let line = take() { lines.append(line) }
            rest = rest[(end + 1)...]
        }
        append(rest)
        return lines
    }

    /// What came after the last line end.
    mutating func finish() -> Line? { take() }

    private mutating func append(_ bytes: ArraySlice<UInt8>) {
        guard !isPassedOver else { return }
        guard partial.count + bytes.count <= limit else {
            (partial, isPassedOver) = ([], true)
            return
        }
        partial.append(contentsOf: bytes)
    }

    private mutating func take() -> Line? {
        defer { (partial, isPassedOver) = ([], false) }
        if isPassedOver { return .tooLong }
        if partial.last == 0x0D { partial.removeLast() }
        return partial.allSatisfy { $0 == 0x20 || $0 == 0x09 } ? nil : .message(partial)
    }
}
