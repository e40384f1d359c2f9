// The escapes of JSON's strings (RFC 8259 §7), resolved in one place.

/// What makes bytes no content of a JSON string, and where.
package enum JSONStringFault: Error, Equatable {
    /// A control character or a quotation mark that is not escaped.
    case bareCharacter(at: Int)
    /// A backslash before what is no escape.
    case unknownEscape(at: Int)
    /// A `\u` without four hexadecimal digits; where the one that is missing should be.
    case noHexadecimalDigit(at: Int)

    /// Resolves the escapes of what stands between two quotation marks. A lone surrogate, which no UTF-8 text can hold, becomes
    /// U+FFFD. No escape is shorter than what it stands for: in a buffer with room for the content nothing is copied about.
    /// - Returns: The first fault; what stands before it has been resolved.
    package static func first(in content: ArraySlice<UInt8>, resolvingInto text: inout [UInt8]) -> JSONStringFault? {
        text.reserveCapacity(text.count + content.count)
        var place = content.startIndex
        var run = place
        while place < content.endIndex {
            let byte = content[place]
            if byte < 0x20 || byte == UInt8(ascii: "\"") { return .bareCharacter(at: place) }
            guard byte == UInt8(ascii: "\\") else {
                place += 1
                continue
            }
            text.append(contentsOf: content[run..<place])
            switch place + 1 < content.endIndex ? content[place + 1] : 0 {
            case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                do throws(JSONStringFault) {
                    let (scalar, end) = try escaped(at: place, in: content)
                    text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                    place = end - 2
                } catch { return error }
            default: return .unknownEscape(at: place)
            }
            place += 2
            run = place
        }
        text.append(contentsOf: content[run...])
        return nil
    }

    /// What a `\u` escape stands for, with the one behind it where the two are a surrogate pair, and where that ends.
    private static func escaped(
        at place: Int, in content: ArraySlice<UInt8>
    ) throws(JSONStringFault) -> (Unicode.Scalar, end: Int) {
        let unit = try Self.unit(at: place + 2, in: content)
        let end = place + 6
        if unit & 0xFC00 == 0xD800, content[end...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
            let low = try Self.unit(at: end + 2, in: content)
            if low & 0xFC00 == 0xDC00, let scalar = Unicode.Scalar((unit - 0xD800) << 10 + (low - 0xDC00) + 0x10000) {
                return (scalar, end + 6)
            }
        }
        return (Unicode.Scalar(unit) ?? "\u{FFFD}", end)
    }

    private static func unit(at start: Int, in content: ArraySlice<UInt8>) throws(JSONStringFault) -> UInt32 {
        var unit: UInt32 = 0
        for place in start..<(start + 4) {
            let digit: UInt8
            switch place < content.endIndex ? content[place] : 0 {
            case let byte where (0x30...0x39).contains(byte): digit = byte - 0x30
            case let byte where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
            case let byte where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
            default: throw .noHexadecimalDigit(at: place)
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}
