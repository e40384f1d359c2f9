// A message as text, piece by piece: a long string in it is written while it is sent, and never held a second time.

import OmlxJSON

/// The text of a message.
package struct MessageText: Sendable {
    private enum Part: Sendable {
        case bytes([UInt8])
        /// A string without its quotes.
        case string(String)
        /// An array or object that was never read.
        case unread(UnreadJSON)
    }

    /// Strings of fewer bytes are written at once.
    private static let longString = 256 << 10
    private static let pieceSize = 64 << 10

    private var parts: [Part] = []
    private var bytes: [UInt8] = []

    package init(_ message: JSON) {
        write(message)
        flush()
    }

    /// The whole text, where nothing in it is long.
    package var short: [UInt8]? {
        guard parts.count == 1, case .bytes(let bytes) = parts[0] else { return nil }
        return bytes
    }

    /// Hands over the text in pieces.
    package func forEachPiece(_ body: ([UInt8]) async throws -> Void) async throws {
        for part in parts {
            switch part {
            case .bytes(let bytes): try await body(bytes)
            case .string(let text):
                var rest = text.utf8[...]
                while !rest.isEmpty {
                    var end =
                        rest.index(rest.startIndex, offsetBy: Self.pieceSize, limitedBy: rest.endIndex) ?? rest.endIndex
                    // A piece ends between two characters of Unicode.
                    while end < rest.endIndex, rest[end] & 0xC0 == 0x80 { end = rest.index(after: end) }
                    let piece = JSON.string(String(decoding: rest[..<end], as: UTF8.self)).serialized()
                    try await body(Array(piece.dropFirst().dropLast()))
                    rest = rest[end...]
                }
            case .unread(let unread):
                var rest = unread.text
                while !rest.isEmpty {
                    try await body(Array(rest.prefix(Self.pieceSize)))
                    rest = rest.dropFirst(Self.pieceSize)
                }
            }
        }
    }

    private mutating func flush() {
        guard !bytes.isEmpty else { return }
        parts.append(.bytes(bytes))
        bytes = []
    }

    private mutating func write(_ value: JSON) {
        switch value {
        case .string(let text) where text.utf8.count >= Self.longString:
            bytes.append(UInt8(ascii: "\""))
            flush()
            parts.append(.string(text))
            bytes.append(UInt8(ascii: "\""))
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (place, element) in elements.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                write(element)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (place, member) in members.enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes += JSON.string(member.key).serialized()
                bytes.append(UInt8(ascii: ":"))
                write(member.value)
            }
            bytes.append(UInt8(ascii: "}"))
        case .unread(let unread):
            flush()
            parts.append(.unread(unread))
        case .null, .bool, .number, .string: bytes += value.serialized()
        }
    }
}
