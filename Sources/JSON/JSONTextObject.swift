// Where the members of an object stand in a text, for who changes one and leaves every other byte as it is.

/// An object in a text of JSON with comments, by the offsets of its bytes.
package struct JSONTextObject {
    package struct Member {
        package var name: String
        /// Where its name begins.
        package var start: Int
        /// Its value.
        package var value: Range<Int>
    }

    /// With its braces.
    package private(set) var range: Range<Int>
    /// In their order; one name may stand twice.
    package private(set) var members: [Member] = []
    package private(set) var hasTrailingComma = false
    /// Behind the last value, and behind the comma after it.
    package private(set) var afterLast = 0

    /// The object a text begins with, or a part of it does; `nil` when it is none, or the text is no JSON.
    package init?(in text: [UInt8], at part: Range<Int>? = nil) {
        var tokens = JSONTokenizer(text, in: part, allowsComments: true)
        range = tokens.next().range
        guard !range.isEmpty, text[range.lowerBound] == UInt8(ascii: "{") else { return nil }
        var token = tokens.next()
        while token.kind != .closeObject {
            guard let name = token.text(in: text), tokens.next().kind == .colon else { return nil }
            let first = tokens.next()
            let last = tokens.skipValue(from: first)
            guard !last.range.isEmpty else { return nil }
            members.append(Member(name: name, start: token.start, value: first.start..<last.range.upperBound))
            afterLast = last.range.upperBound
            token = tokens.next()
            hasTrailingComma = token.kind == .comma
            if hasTrailingComma {
                afterLast = token.range.upperBound
                token = tokens.next()
            }
        }
        range = range.lowerBound..<token.range.upperBound
    }
}
