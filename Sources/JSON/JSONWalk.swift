// Walks through valid JSON text: element by element, or token by token, keeping nothing.

extension JSONParser {
    /// Hands over the elements or members of an array or object one after the other, until the body has enough.
    /// - Parameter start: Where it begins.
    mutating func walk(
        from start: Int, isObject: Bool, _ body: (_ name: String?, _ value: JSON) -> Bool
    ) throws(JSONParseError) {
        offset = start + 1
        try skipSpace()
        let end = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        guard current != end else { return }
        repeat {
            var name: String?
            if isObject {
                name = try parseString()
                try skipSpace()
                offset += 1
                try skipSpace()
            }
            guard body(name, try parseValue(depth: 0)) else { return }
            memory = 0
        } while try isFollowed(by: end, in: "a value")
    }
}

/// A piece of a JSON text.
enum JSONToken {
    case open(UInt8), close(UInt8), comma, colon
    case string(String)
    /// A number or a word, as it stands.
    case plain(ArraySlice<UInt8>)
}

extension JSONParser {
    /// Hands over the tokens of a valid text.
    mutating func tokens(in range: Range<Int>, _ body: (JSONToken) -> Void) throws(JSONParseError) {
        offset = range.lowerBound
        while offset < range.upperBound {
            let byte = bytes[offset]
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                offset += 1
                body(.open(byte))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                offset += 1
                body(.close(byte))
            case UInt8(ascii: ","):
                offset += 1
                body(.comma)
            case UInt8(ascii: ":"):
                offset += 1
                body(.colon)
            case UInt8(ascii: "\""): body(.string(try parseString()))
            default:
                let start = offset
                while offset < range.upperBound, Self.isPlain(bytes[offset]) { offset += 1 }
                // In a valid text there is nothing else; a byte at a time it ends in any case.
                if offset == start { offset += 1 }
                body(.plain(bytes[start..<offset]))
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): false
        default: true
        }
    }
}
