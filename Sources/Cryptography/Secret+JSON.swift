// Takes secrets out of JSON text before a parser makes strings of them, and writes them back.

extension Secret {
    /// The text a JSON string stands for, escapes resolved; a lone surrogate becomes U+FFFD.
    /// - Parameter content: The bytes between the quotation marks.
    /// - Returns: `nil` when the bytes are no content of a JSON string (RFC 8259 §7): a bad escape, a quotation mark
    ///   or control character that is not escaped, or bytes that are not UTF-8.
    public convenience init?(jsonString content: some Collection<UInt8>) {
        var text: [UInt8] = []
        // No escape is shorter than what it stands for: reserved in one piece, growing leaves no copy behind.
        text.reserveCapacity(content.count)
        defer { Secret.wipe(&text) }
        var reader = JSONStringReader(content)
        guard reader.read(into: &text) else { return nil }
        guard Secret.isUTF8(text) else { return nil }
        self.init(text)
    }

    /// Takes the secret strings out of a JSON text, such as a token reply (RFC 6749 §5.1): in `json` each becomes `""`
    /// and the bytes it stood in are wiped, so that the rest can be parsed, logged and kept as ordinary text. What is
    /// not JSON is left for the parser to report.
    /// - Parameters:
    ///   - json: UTF-8 text. Other copies of the array keep their bytes.
    ///   - isSecret: Whether the string at this path of member names is a secret. Values inside arrays are never asked
    ///     about.
    /// - Returns: The secrets by their paths; of members with the same path the last one.
    public static func take(from json: inout [UInt8], where isSecret: ([String]) -> Bool) -> [[String]: Secret] {
        var scanner = SecretScanner(json)
        scanner.scan(isSecret)
        // The scanner has it too, and what two have would be copied before it is wiped.
        scanner.letGo()
        wipe(&json)
        json = scanner.redacted
        return scanner.taken
    }

    /// Takes the members of these names at the top level out of a JSON text: see `take(from:where:)`.
    public static func take(_ names: Set<String>, from json: inout [UInt8]) -> [String: Secret] {
        let taken = take(from: &json) { $0.count == 1 && names.contains($0[0]) }
        return Dictionary(uniqueKeysWithValues: taken.map { ($0.key[0], $0.value) })
    }

    /// Appends the secret as a JSON string with its quotation marks. Reserve `maximumJSONCount` more bytes first, so
    /// that growing leaves no copy behind.
    /// - Returns: Whether the secret is UTF-8 text; otherwise nothing is appended, as JSON cannot hold it.
    public func appendJSONString(to output: inout [UInt8]) -> Bool {
        withBytes { bytes in
            guard Secret.isUTF8(bytes) else { return false }
            let digits = Array("0123456789abcdef".utf8)
            output.append(UInt8(ascii: "\""))
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                    output.append(UInt8(ascii: "\\"))
                    output.append(byte)
                case 0x00..<0x20, 0x7F:
                    output.append(contentsOf: "\\u00".utf8)
                    output.append(digits[Int(byte >> 4)])
                    output.append(digits[Int(byte & 15)])
                default: output.append(byte)
                }
            }
            output.append(UInt8(ascii: "\""))
            return true
        }
    }

    /// The most bytes `appendJSONString(to:)` appends.
    public var maximumJSONCount: Int { count * 6 + 2 }

    private static func isUTF8(_ bytes: some Sequence<UInt8>) -> Bool {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue: continue
            case .emptyInput: return true
            case .error: return false
            }
        }
    }
}

/// Resolves the escapes of a JSON string's content.
private struct JSONStringReader<Content: Collection<UInt8>> {
    private var rest: Content.SubSequence

    init(_ content: Content) { rest = content[...] }

    mutating func read(into text: inout [UInt8]) -> Bool {
        while let byte = rest.popFirst() {
            switch byte {
            case 0x00..<0x20, UInt8(ascii: "\""): return false
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return false }
                text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default: text.append(byte)
            }
        }
        return true
    }

    private mutating func escape() -> Unicode.Scalar? {
        switch rest.popFirst() {
        case UInt8(ascii: "\""): "\""
        case UInt8(ascii: "\\"): "\\"
        case UInt8(ascii: "/"): "/"
        case UInt8(ascii: "b"): "\u{08}"
        case UInt8(ascii: "f"): "\u{0C}"
        case UInt8(ascii: "n"): "\n"
        case UInt8(ascii: "r"): "\r"
        case UInt8(ascii: "t"): "\t"
        case UInt8(ascii: "u"): unicodeEscape()
        default: nil
        }
    }

    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let unit = hexUnit() else { return nil }
        if unit & 0xFC00 == 0xD800, rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
            let mark = rest
            rest = rest.dropFirst(2)
            guard let low = hexUnit() else { return nil }
            if low & 0xFC00 == 0xDC00 { return Unicode.Scalar((unit - 0xD800) << 10 + (low - 0xDC00) + 0x10000) }
            rest = mark
        }
        return Unicode.Scalar(unit) ?? "\u{FFFD}"
    }

    private mutating func hexUnit() -> UInt32? {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch rest.popFirst() {
            case let byte? where (0x30...0x39).contains(byte): digit = byte - 0x30
            case let byte? where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
            case let byte? where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
            default: return nil
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }
}

/// Walks JSON text without recursion and without judging it.
private struct SecretScanner {
    private enum Level {
        case object(expectsName: Bool)
        case array
    }

    private var bytes: [UInt8]
    private var levels: [Level] = []
    private var arrays = 0
    private var path: [String] = []
    private(set) var redacted: [UInt8] = []
    private(set) var taken: [[String]: Secret] = [:]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        redacted.reserveCapacity(bytes.count)
    }

    mutating func scan(_ isSecret: ([String]) -> Bool) {
        var offset = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                let end = endOfString(from: offset + 1)
                string(offset + 1..<end, isSecret)
                offset = min(end + 1, bytes.count)
                continue
            }
            structure(byte)
            redacted.append(byte)
            offset += 1
        }
    }

    /// Gives the text up; what was taken out of it stays.
    mutating func letGo() { bytes = [] }

    /// The offset of the closing quotation mark, or the end of the text when there is none.
    private func endOfString(from start: Int) -> Int {
        var offset = start
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "\"") {
            offset += bytes[offset] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(offset, bytes.count)
    }

    private mutating func string(_ content: Range<Int>, _ isSecret: ([String]) -> Bool) {
        redacted.append(UInt8(ascii: "\""))
        defer { if content.upperBound < bytes.count { redacted.append(UInt8(ascii: "\"")) } }
        if case .object(expectsName: true) = levels.last {
            path[path.count - 1] =
                Secret(jsonString: bytes[content])?.withBytes { String(decoding: $0, as: UTF8.self) } ?? ""
        } else if arrays == 0, !path.isEmpty, isSecret(path), let secret = Secret(jsonString: bytes[content]) {
            taken[path] = secret
            return
        }
        redacted.append(contentsOf: bytes[content])
    }

    private mutating func structure(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"):
            levels.append(.object(expectsName: true))
            path.append("")
        case UInt8(ascii: "["):
            levels.append(.array)
            arrays += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            switch levels.popLast() {
            case .object: path.removeLast()
            case .array: arrays -= 1
            case nil: break
            }
        case UInt8(ascii: ","), UInt8(ascii: ":"):
            if case .object = levels.last {
                levels[levels.count - 1] = .object(expectsName: byte == UInt8(ascii: ","))
            }
        default: break
        }
    }
}
