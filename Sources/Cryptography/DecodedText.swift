// A text as it reads with one kind of escapes taken away, and where each of its bytes stood before.

/// The ways in which a text quotes another. Decoding is lenient: what is no escape stays as it is.
enum TextEncoding: CaseIterable {
    /// `%2F`, hexadecimal digits in either case (RFC 3986 §2.1).
    case percent
    /// The same with `+` for a blank, as forms have it.
    case form
    /// `\"`, `\n`, `\u00e9` (RFC 8259 §7).
    case json
    /// `&amp;`, `&#x2F;`, as pages have it.
    case markup

    /// Whether a text has anything to decode.
    func occurs(in bytes: [UInt8]) -> Bool {
        switch self {
        case .percent: bytes.contains(UInt8(ascii: "%"))
        case .form: bytes.contains(UInt8(ascii: "+"))
        case .json: bytes.contains(UInt8(ascii: "\\"))
        case .markup: bytes.contains(UInt8(ascii: "&"))
        }
    }
}

struct DecodedText {
    private(set) var bytes: [UInt8]
    /// Where each byte's escape began in the first text; one more than there are bytes, for the end.
    private var starts: [Int32]?

    /// A text as it came.
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Where a stretch stood in the first text.
    func origin(of stretch: Range<Int>) -> Range<Int> {
        guard let starts else { return stretch }
        return Int(starts[stretch.lowerBound])..<Int(starts[stretch.upperBound])
    }

    /// The text with one more kind of escapes taken away; `nil` when there are none.
    /// - Parameter dropsEnd: Whether an escape that the end of the text cuts is left out: the text goes on.
    func decoding(_ encoding: TextEncoding, dropsEnd: Bool) -> DecodedText? {
        guard encoding.occurs(in: bytes) else { return nil }
        var decoded = DecodedText([])
        decoded.bytes.reserveCapacity(bytes.count)
        var starts: [Int32] = []
        starts.reserveCapacity(bytes.count + 1)
        var index = 0
        var isChanged = false
        while index < bytes.count {
            let place = Int32(self.starts.map { Int($0[index]) } ?? index)
            guard let escape = escape(encoding, at: index) else {
                if dropsEnd, isCutEscape(encoding, at: index) { break }
                decoded.bytes.append(bytes[index])
                starts.append(place)
                index += 1
                continue
            }
            isChanged = true
            for byte in escape.stands { starts.append(place); decoded.bytes.append(byte) }
            index += escape.count
        }
        guard isChanged else { return nil }
        starts.append(Int32(self.starts.map { Int($0[bytes.count]) } ?? bytes.count))
        decoded.starts = starts
        return decoded
    }

    /// Hands the bytes on as a secret and wipes them here.
    mutating func learn(by redactor: Redactor) { redactor.learn(Secret(wiping: &bytes), isPassing: true) }

    private typealias Escape = (count: Int, stands: [UInt8])

    private func escape(_ encoding: TextEncoding, at index: Int) -> Escape? {
        switch (encoding, bytes[index]) {
        case (.percent, UInt8(ascii: "%")), (.form, UInt8(ascii: "%")):
            return hexadecimal(index + 1, 2).map { (3, [UInt8($0)]) }
        case (.form, UInt8(ascii: "+")): return (1, [0x20])
        case (.json, UInt8(ascii: "\\")): return jsonEscape(at: index)
        case (.markup, UInt8(ascii: "&")): return entity(at: index)
        default: return nil
        }
    }

    private func isCutEscape(_ encoding: TextEncoding, at index: Int) -> Bool {
        let left = bytes.count - index
        switch (encoding, bytes[index]) {
        case (.percent, UInt8(ascii: "%")), (.form, UInt8(ascii: "%")): return left < 3
        case (.json, UInt8(ascii: "\\")): return left < 6 && (left < 2 || bytes[index + 1] == UInt8(ascii: "u"))
        case (.markup, UInt8(ascii: "&")): return left < 8 && !bytes[index...].contains(UInt8(ascii: ";"))
        default: return false
        }
    }

    private func hexadecimal(_ start: Int, _ count: Int) -> UInt32? {
        guard start + count <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[start..<start + count] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }

    private static let simple: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "'"): 0x27,
        UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D,
        UInt8(ascii: "t"): 0x09,
    ]

    private func jsonEscape(at index: Int) -> Escape? {
        guard index + 1 < bytes.count else { return nil }
        if let byte = Self.simple[bytes[index + 1]] { return (2, [byte]) }
        // Programs that show a text as Python or C does write `\x7f`.
        if bytes[index + 1] == UInt8(ascii: "x") {
            return hexadecimal(index + 2, 2).map { (4, [UInt8](String(Unicode.Scalar(UInt8($0))).utf8)) }
        }
        guard bytes[index + 1] == UInt8(ascii: "u"), let unit = hexadecimal(index + 2, 4) else { return nil }
        if let scalar = Unicode.Scalar(unit) { return (6, [UInt8](String(scalar).utf8)) }
        guard (0xD800...0xDBFF).contains(unit), index + 7 < bytes.count, bytes[index + 6] == UInt8(ascii: "\\"),
            bytes[index + 7] == UInt8(ascii: "u"), let low = hexadecimal(index + 8, 4), (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { return nil }
        return (12, [UInt8](String(scalar).utf8))
    }

    private static let entities = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " "]

    private func entity(at index: Int) -> Escape? {
        let end = min(index + 11, bytes.count)
        guard let stop = bytes[index + 1..<end].firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let name = String(decoding: bytes[index + 1..<stop], as: UTF8.self)
        if let text = Self.entities[name] { return (stop + 1 - index, [UInt8](text.utf8)) }
        guard name.hasPrefix("#") else { return nil }
        let isHexadecimal = name.dropFirst().first.map { $0 == "x" || $0 == "X" } ?? false
        let number = UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10)
        guard let scalar = number.flatMap({ Unicode.Scalar($0) }) else { return nil }
        return (stop + 1 - index, [UInt8](String(scalar).utf8))
    }
}
