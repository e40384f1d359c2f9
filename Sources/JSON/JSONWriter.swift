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

    private typealias Judge = ((Unicode.Scalar) -> Bool)?

    private func write(to output: inout [UInt8], indent: Int?, _ isEscaped: Judge = nil) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let value): output.append(contentsOf: value.text.utf8)
        case .string(let value): Self.write(string: value, to: &output, isEscaped)
        case .array(let elements):
            Self.writeSequence(elements, open: "[", close: "]", indent: indent, to: &output) { element, inner, output in
                element.write(to: &output, indent: inner, isEscaped)
            }
        case .object(let object):
            Self.writeSequence(object, open: "{", close: "}", indent: indent, to: &output) { member, inner, output in
                Self.write(string: member.key, to: &output, isEscaped)
                output.append(UInt8(ascii: ":"))
                if inner != nil { output.append(UInt8(ascii: " ")) }
                member.value.write(to: &output, indent: inner, isEscaped)
            }
        }
    }

    private static func writeSequence<Elements: Collection>(
        _ elements: Elements, open: Unicode.Scalar, close: Unicode.Scalar, indent: Int?, to output: inout [UInt8],
        element write: (Elements.Element, Int?, inout [UInt8]) -> Void
    ) {
        output.append(UInt8(ascii: open))
        let inner = indent.map { $0 + 1 }
        var isFirst = true
        for element in elements {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            newLine(inner, to: &output)
            write(element, inner, &output)
        }
        if !isFirst { newLine(indent, to: &output) }
        output.append(UInt8(ascii: close))
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
