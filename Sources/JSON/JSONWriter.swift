// Writes JSON: compact for the wire, indented for people.

extension JSON {
    /// The value as UTF-8 text without any space.
    public func serialized() -> [UInt8] {
        var output: [UInt8] = []
        write(to: &output, indent: nil)
        return output
    }

    /// The value as text: one line, or indented by two spaces a level when `pretty`.
    /// - Parameter isEscaped: Which characters beyond those of RFC 8259 §7 are written as `\u…`; the value stays the same.
    public func text(pretty: Bool = false, escaping isEscaped: ((Unicode.Scalar) -> Bool)? = nil) -> String {
        String(decoding: bytes(pretty: pretty, escaping: isEscaped), as: UTF8.self)
    }

    /// The bytes of ``text(pretty:escaping:)``.
    public func bytes(pretty: Bool = false, escaping isEscaped: ((Unicode.Scalar) -> Bool)? = nil) -> [UInt8] {
        var output: [UInt8] = []
        write(to: &output, indent: pretty ? 0 : nil, isEscaped)
        return output
    }

    /// Hands over the bytes of ``text(pretty:escaping:)`` piece by piece.
    public func write(
        pretty: Bool = false, escaping isEscaped: ((Unicode.Scalar) -> Bool)? = nil, to body: ([UInt8]) -> Void
    ) {
        withoutActuallyEscaping(body) { body in
            var output: [UInt8] = []
            write(to: &output, indent: pretty ? 0 : nil, isEscaped, body)
            if !output.isEmpty { body(output) }
        }
    }

    private typealias Judge = ((Unicode.Scalar) -> Bool)?
    /// Takes what was written so far, where it is not gathered.
    private typealias Drain = (([UInt8]) -> Void)?

    private static let pieceSize = 64 << 10

    private func write(to output: inout [UInt8], indent: Int?, _ isEscaped: Judge = nil, _ drain: Drain = nil) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let value): output.append(contentsOf: value.text.utf8)
        case .string(let value): Self.write(string: value, to: &output, isEscaped)
        case .array(let elements):
            var piece = Piece(isObject: false, indent: indent, isEscaped, drain, &output)
            for element in elements { piece.write(nil, element, &output) }
            piece.end(&output)
        case .object(let object):
            var piece = Piece(isObject: true, indent: indent, isEscaped, drain, &output)
            for member in object { piece.write(member.key, member.value, &output) }
            piece.end(&output)
        case .unread(let unread):
            var copy = TokenCopy(indent: indent, isEscaped)
            unread.forEachToken { token, text in
                copy.write(token, of: text, &output)
                Self.drain(&output, drain)
            }
        }
    }

    private static func drain(_ output: inout [UInt8], _ drain: Drain) {
        guard let drain, output.count >= pieceSize else { return }
        drain(output)
        output.removeAll(keepingCapacity: true)
    }

    /// An array or object that is being written.
    private struct Piece {
        private let isObject: Bool
        private let indent: Int?
        private let isEscaped: Judge
        private let drain: Drain
        private var isFirst = true

        init(isObject: Bool, indent: Int?, _ isEscaped: Judge, _ drain: Drain, _ output: inout [UInt8]) {
            self.isObject = isObject
            self.indent = indent
            self.isEscaped = isEscaped
            self.drain = drain
            output.append(isObject ? UInt8(ascii: "{") : UInt8(ascii: "["))
        }

        mutating func write(_ name: String?, _ value: JSON, _ output: inout [UInt8]) {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            let inner = indent.map { $0 + 1 }
            JSON.newLine(inner, to: &output)
            if let name {
                JSON.write(string: name, to: &output, isEscaped)
                output.append(UInt8(ascii: ":"))
                if inner != nil { output.append(UInt8(ascii: " ")) }
            }
            value.write(to: &output, indent: inner, isEscaped, drain)
            JSON.drain(&output, drain)
        }

        func end(_ output: inout [UInt8]) {
            if !isFirst { JSON.newLine(indent, to: &output) }
            output.append(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
        }
    }

    /// An unread value that is being written, token by token: in one walk, however deep it nests.
    private struct TokenCopy {
        private let isPretty: Bool
        private let isEscaped: Judge
        private var level: Int
        /// Whether nothing stands yet in the array or object that was opened last.
        private var isEmpty = false

        init(indent: Int?, _ isEscaped: Judge) {
            isPretty = indent != nil
            level = indent ?? 0
            self.isEscaped = isEscaped
        }

        mutating func write(_ token: JSONToken, of text: [UInt8], _ output: inout [UInt8]) {
            switch token.kind {
            case .openObject, .openArray:
                begin(&output)
                output.append(text[token.start])
                level += 1
                isEmpty = true
            case .closeObject, .closeArray:
                level -= 1
                if !isEmpty { newLine(&output) }
                isEmpty = false
                output.append(text[token.start])
            case .comma:
                output.append(UInt8(ascii: ","))
                newLine(&output)
            case .colon: output.append(contentsOf: (isPretty ? ": " : ":").utf8)
            default:
                begin(&output)
                if let string = token.text(in: text) {
                    JSON.write(string: string, to: &output, isEscaped)
                } else {
                    output.append(contentsOf: text[token.range])
                }
            }
        }

        private mutating func begin(_ output: inout [UInt8]) {
            if isEmpty { newLine(&output) }
            isEmpty = false
        }

        private func newLine(_ output: inout [UInt8]) { JSON.newLine(isPretty ? level : nil, to: &output) }
    }

    private static func newLine(_ indent: Int?, to output: inout [UInt8]) {
        guard let indent else { return }
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: indent * 2))
    }

    private static func write(string: String, to output: inout [UInt8], _ isEscaped: Judge) {
        output.append(UInt8(ascii: "\""))
        defer { output.append(UInt8(ascii: "\"")) }
        guard let isEscaped, string.utf8.contains(where: { $0 >= 0x7F }) else {
            return write(bytes: string.utf8, to: &output)
        }
        for scalar in string.unicodeScalars {
            if isEscaped(scalar) {
                for unit in UTF16.encode(scalar) ?? .init() { write(unit: unit, to: &output) }
            } else {
                write(bytes: UTF8.encode(scalar) ?? .init(), to: &output)
            }
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    private static func write(unit: UInt16, to output: inout [UInt8]) {
        output.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] as [UInt16] { output.append(digits[Int(unit >> shift & 15)]) }
    }

    private static func write(bytes: some Sequence<UInt8>, to output: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\"")])
            case UInt8(ascii: "\\"): output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\\")])
            case 0x0A: output.append(contentsOf: "\\n".utf8)
            case 0x0D: output.append(contentsOf: "\\r".utf8)
            case 0x09: output.append(contentsOf: "\\t".utf8)
            case 0x00..<0x20, 0x7F: write(unit: UInt16(byte), to: &output)
            default: output.append(byte)
            }
        }
    }
}

extension JSON: CustomStringConvertible {
    public var description: String { text() }
}
