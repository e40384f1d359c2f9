// Takes secrets out of JSON text before a parser makes strings of them, and writes them back.

import OmlxJSON

extension Secret {
    /// The text a JSON string stands for, escapes resolved; a lone surrogate becomes U+FFFD.
    /// - Parameter content: The bytes between the quotation marks.
    /// - Returns: `nil` when the bytes are no content of a JSON string (RFC 8259 §7): a bad escape, a quotation mark
    ///   or control character that is not escaped, or bytes that are not UTF-8.
    public convenience init?(jsonString content: some Collection<UInt8>) {
        var copy = Array(content)
        defer { Secret.wipe(&copy) }
        self.init(escaped: copy[...])
    }

    fileprivate convenience init?(escaped content: ArraySlice<UInt8>) {
        var text: [UInt8] = []
        // Reserved in one piece: growing leaves no copy behind.
        text.reserveCapacity(content.count)
        defer { Secret.wipe(&text) }
        guard JSONStringFault.first(in: content, resolvingInto: &text) == nil, Secret.isUTF8(text) else { return nil }
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
        var cutter = SecretCutter(json)
        cutter.cut(isSecret)
        // The cutter has it too, and what two have would be copied before it is wiped.
        cutter.letGo()
        wipe(&json)
        json = cutter.rest
        return cutter.taken
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

/// Walks the tokens of a text without recursion and without judging it.
private struct SecretCutter {
    private enum Level {
        case object(expectsName: Bool)
        case array
    }

    private var tokens: JSONTokenizer
    private var levels: [Level] = []
    private var arrays = 0
    private var path: [String] = []
    /// The text without what was taken.
    private(set) var rest: [UInt8] = []
    private(set) var taken: [[String]: Secret] = [:]

    init(_ bytes: [UInt8]) {
        tokens = JSONTokenizer(bytes)
        rest.reserveCapacity(bytes.count)
    }

    /// Gives the text up; what was taken out of it stays.
    mutating func letGo() { tokens.letGo() }

    mutating func cut(_ isSecret: ([String]) -> Bool) {
        var copied = 0
        var token = tokens.next()
        while token.kind != .end {
            if token.isString {
                if take(token, isSecret) {
                    rest.append(contentsOf: tokens.bytes[copied..<token.content.lowerBound])
                    copied = token.content.upperBound
                }
            } else {
                note(token.kind)
            }
            token = tokens.next()
        }
        rest.append(contentsOf: tokens.bytes[copied...])
    }

    /// Takes a string that is the secret value of a member; remembers one that is a name.
    private mutating func take(_ token: JSONToken, _ isSecret: ([String]) -> Bool) -> Bool {
        if case .object(expectsName: true) = levels.last {
            path[path.count - 1] = token.text(in: tokens.bytes) ?? ""
            return false
        }
        guard arrays == 0, !path.isEmpty, isSecret(path), let secret = Secret(escaped: tokens.bytes[token.content])
        else { return false }
        taken[path] = secret
        return true
    }

    private mutating func note(_ kind: JSONToken.Kind) {
        switch kind {
        case .openObject:
            levels.append(.object(expectsName: true))
            path.append("")
        case .openArray:
            levels.append(.array)
            arrays += 1
        case .closeObject, .closeArray:
            switch levels.popLast() {
            case .object: path.removeLast()
            case .array: arrays -= 1
            case nil: break
            }
        case .comma, .colon:
            if case .object = levels.last { levels[levels.count - 1] = .object(expectsName: kind == .comma) }
        default: break
        }
    }
}
