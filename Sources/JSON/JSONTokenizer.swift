// The one tokenizer of JSON: what stands where in a text. It judges neither numbers and words nor the order of tokens, so that
// the parser, the cutter of secrets and the editor of configurations see the same pieces of any text.

/// A piece of a JSON text, by the offsets of its bytes.
package struct JSONToken: Sendable {
    package enum Kind: Sendable {
        case openObject, closeObject, openArray, closeArray, comma, colon
        /// A string that means its bytes.
        case string
        /// A string with escapes, which may be wrong.
        case escapedString
        /// A string with a control character in it that is not escaped.
        case oddString
        /// A string without its closing quotation mark, up to the end of the text.
        case endlessString
        /// A number, a word, or what is neither: up to the next space or mark.
        case plain
        /// A `/` that begins no comment, where comments are accepted.
        case oddSlash
        /// A comment that never ends.
        case endlessComment
        /// Nothing is left.
        case end
    }

    package var kind: Kind
    /// With the quotation marks of a string.
    package var range: Range<Int>

    package var start: Int { range.lowerBound }

    package var isString: Bool {
        switch kind {
        case .string, .escapedString, .oddString, .endlessString: true
        default: false
        }
    }

    /// What stands between the quotation marks of a string.
    package var content: Range<Int> {
        (range.lowerBound + 1)..<(kind == .endlessString ? range.upperBound : range.upperBound - 1)
    }

    /// The text a string stands for; `nil` when it is none.
    package func text(in bytes: [UInt8]) -> String? {
        switch kind {
        case .string: return String(validating: bytes[content], as: UTF8.self)
        case .escapedString:
            var text: [UInt8] = []
            guard JSONStringFault.first(in: bytes[content], resolvingInto: &text) == nil else { return nil }
            return String(validating: text, as: UTF8.self)
        default: return nil
        }
    }
}

/// Takes a text apart, token by token. Whatever the text is, it ends.
package struct JSONTokenizer {
    package private(set) var bytes: [UInt8]
    private let limit: Int
    private let allowsComments: Bool
    /// Where the next token is looked for.
    package var offset: Int

    /// - Parameters:
    ///   - range: The part of the text to take apart; all of it, without a byte order mark, when `nil`.
    ///   - allowsComments: Whether comments are passed over like space.
    package init(_ bytes: [UInt8], in range: Range<Int>? = nil, allowsComments: Bool = false) {
        self.bytes = bytes
        self.allowsComments = allowsComments
        limit = range?.upperBound ?? bytes.count
        offset = range?.lowerBound ?? (bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
    }

    /// Gives the text up: who wipes it wants to be the only one that has it.
    package mutating func letGo() {
        bytes = []
        offset = limit
    }

    package mutating func next() -> JSONToken {
        while offset < limit {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            case UInt8(ascii: "\""): return string()
            case UInt8(ascii: ","): return mark(.comma)
            case UInt8(ascii: ":"): return mark(.colon)
            case UInt8(ascii: "{"): return mark(.openObject)
            case UInt8(ascii: "}"): return mark(.closeObject)
            case UInt8(ascii: "["): return mark(.openArray)
            case UInt8(ascii: "]"): return mark(.closeArray)
            case UInt8(ascii: "/") where allowsComments:
                if let fault = skipComment() { return fault }
            default: return plain()
            }
        }
        return JSONToken(kind: .end, range: limit..<limit)
    }

    /// Passes over the value that a token begins.
    /// - Returns: Its last token; `end`, or what never ends, when there is none.
    package mutating func skipValue(from first: JSONToken) -> JSONToken {
        var token = first
        var open = 0
        while true {
            switch token.kind {
            case .openObject, .openArray: open += 1
            case .closeObject, .closeArray: open -= 1
            case .end, .endlessString, .endlessComment: return token
            default: break
            }
            if open <= 0, token.kind != .comma, token.kind != .colon { return token }
            token = next()
        }
    }

    private mutating func mark(_ kind: JSONToken.Kind) -> JSONToken {
        offset += 1
        return JSONToken(kind: kind, range: (offset - 1)..<offset)
    }

    private mutating func string() -> JSONToken {
        let start = offset
        var kind = JSONToken.Kind.string
        var place = start + 1
        while place < limit {
            let byte = bytes[place]
            place += 1
            if byte == UInt8(ascii: "\"") {
                offset = place
                return JSONToken(kind: kind, range: start..<place)
            }
            if byte == UInt8(ascii: "\\") {
                place += 1
                if kind == .string { kind = .escapedString }
            } else if byte < 0x20 {
                kind = .oddString
            }
        }
        offset = limit
        return JSONToken(kind: .endlessString, range: start..<limit)
    }

    private mutating func plain() -> JSONToken {
        let start = offset
        offset += 1
        while offset < limit, !Self.endsPlain(bytes[offset]) { offset += 1 }
        return JSONToken(kind: .plain, range: start..<offset)
    }

    private static func endsPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "\""), UInt8(ascii: "["),
            UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "/"):
            true
        default: false
        }
    }

    /// Passes over a comment.
    /// - Returns: What is there in place of one.
    private mutating func skipComment() -> JSONToken? {
        let start = offset
        switch offset + 1 < limit ? bytes[offset + 1] : 0 {
        case UInt8(ascii: "/"):
            while offset < limit, bytes[offset] != 0x0A { offset += 1 }
            return nil
        case UInt8(ascii: "*"):
            offset += 2
            while offset + 1 < limit {
                if bytes[offset] == UInt8(ascii: "*"), bytes[offset + 1] == UInt8(ascii: "/") {
                    offset += 2
                    return nil
                }
                offset += 1
            }
            offset = limit
            return JSONToken(kind: .endlessComment, range: start..<limit)
        default:
            return mark(.oddSlash)
        }
    }
}
