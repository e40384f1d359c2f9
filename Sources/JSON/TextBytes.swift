// Texts as the bytes they are. To Swift a mark and the combining mark behind it are one character, and texts are equal that
// differ by normalization; to the writer of a name, a value and what stands between them, they are not.

extension StringProtocol {
    /// Whether both are the same bytes, as names in JSON are compared (RFC 8259 §8.3).
    package func isIdentical(to other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }
}

extension Sequence<String> {
    /// Whether one of them is the same bytes.
    package func holds(_ name: some StringProtocol) -> Bool { contains { $0.isIdentical(to: name) } }
}

extension Substring {
    /// What stands before and behind the first such mark, whatever follows it; `nil` when it is not there.
    package func cut(at mark: Unicode.Scalar) -> (before: Substring, behind: Substring)? {
        guard let place = unicodeScalars.firstIndex(of: mark) else { return nil }
        return (self[..<place], self[unicodeScalars.index(after: place)...])
    }

    /// What stands between such marks, empty pieces too.
    package func pieces(between mark: Unicode.Scalar) -> [Substring] {
        unicodeScalars.split(separator: mark, omittingEmptySubsequences: false).map { Substring($0) }
    }
}

extension String {
    /// As of a substring.
    package func cut(at mark: Unicode.Scalar) -> (before: Substring, behind: Substring)? { self[...].cut(at: mark) }

    /// As of a substring.
    package func pieces(between mark: Unicode.Scalar) -> [Substring] { self[...].pieces(between: mark) }
}

/// A text as a key of a dictionary, by its bytes.
struct TextKey: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (lhs: TextKey, rhs: TextKey) -> Bool { lhs.text.isIdentical(to: rhs.text) }

    func hash(into hasher: inout Hasher) { hasher.combine(bytesOf: text) }
}

extension Hasher {
    mutating func combine(bytesOf text: some StringProtocol) {
        var copy = String(text)
        copy.withUTF8 { combine(bytes: UnsafeRawBufferPointer($0)) }
        // Where one text ends counts too.
        combine(UInt8(0xFF))
    }
}
