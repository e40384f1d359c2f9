// The texts in JSON: their ends, their escapes, and UTF-8.

extension JSONParser {
    mutating func parseString() throws(JSONParseError) -> String {
        let start = offset
        offset += 1
        let content = offset
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: bytes[content..<offset], as: UTF8.self) else {
                    throw failure("text that is not UTF-8", at: start)
                }
                if offset - content > Self.inlineText { memory += Self.textSize + offset - content }
                offset += 1
                return string
            case UInt8(ascii: "\\"):
                return try parseEscapedString(from: content, start: start)
            case 0x00..<0x20:
                throw failure("a control character inside a string")
            default:
                offset += 1
            }
        }
        throw failure("a string that never ends", at: start)
    }

    /// The rest of a string that has escapes. No escape is shorter than what it stands for, so the room is reserved in
    /// one piece: a long text is not copied while it grows.
    private mutating func parseEscapedString(from content: Int, start: Int) throws(JSONParseError) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(try stringEnd(start: start) - content)
        text.append(contentsOf: bytes[content..<offset])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw failure("text that is not UTF-8", at: start)
                }
                if text.count > Self.inlineText { memory += Self.textSize + text.count }
                offset += 1
                return string
            case UInt8(ascii: "\\"):
                offset += 1
                try parseEscape(into: &text)
            case 0x00..<0x20:
                throw failure("a control character inside a string")
            default:
                text.append(byte)
                offset += 1
            }
        }
        throw failure("a string that never ends", at: start)
    }

    /// Where the quotation mark stands that ends the string read now.
    func stringEnd(start: Int) throws(JSONParseError) -> Int {
        var place = offset
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "\""): return place
            case UInt8(ascii: "\\"): place += 2
            default: place += 1
            }
        }
        throw failure("a string that never ends", at: start)
    }

    private mutating func parseEscape(into text: inout [UInt8]) throws(JSONParseError) {
        guard let byte = current else { throw failure("a string that never ends") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try parseUnicodeEscape()
            text.append(contentsOf: String(scalar).utf8)
        default:
            throw failure(
                "an unknown escape: a backslash that is meant, as in a path of Windows, is written twice",
                at: offset - 2)
        }
    }

    /// A lone surrogate, which no UTF-8 text can hold, becomes U+FFFD.
    private mutating func parseUnicodeEscape() throws(JSONParseError) -> Character {
        let unit = try parseHexUnit()
        if unit & 0xFC00 == 0xD800, bytes[offset...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
            let mark = offset
            offset += 2
            let low = try parseHexUnit()
            if low & 0xFC00 == 0xDC00, let scalar = Unicode.Scalar((unit - 0xD800) << 10 + (low - 0xDC00) + 0x10000) {
                return Character(scalar)
            }
            offset = mark
        }
        return Character(Unicode.Scalar(unit) ?? "\u{FFFD}")
    }

    private mutating func parseHexUnit() throws(JSONParseError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw failure("a \\u escape without four hexadecimal digits")
            }
            unit = unit << 4 + UInt32(digit)
            offset += 1
        }
        return unit
    }
}
