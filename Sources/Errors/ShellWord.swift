// Words of a command a person is told to type.

extension String {
    /// The text as one word of a shell: as it is where that is safe, else in single quotes; with characters that must not
    /// reach a terminal as `$'…'`, which bash, zsh and ksh read (POSIX.1-2024 §2.2.4). What a server says can so be pasted
    /// without running anything, and names what it names.
    package var shellWord: String {
        let word = unicodeScalars.prefix(Self.shellWordLimit)
        if word.contains(where: \.isHarmful) { return "$'" + word.map(Self.dollarQuoted).joined() + "'" }
        let plain = "-_./:@%+=,"
        let isPlain =
            !word.isEmpty
            && word.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || Self.isDigit($0) || plain.unicodeScalars.contains($0))
            }
        return isPlain ? String(word) : "'" + String(word).replacing("'", with: "'\\''") + "'"
    }

    private static let shellWordLimit = 1000

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func dollarQuoted(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\", "'": return "\\\(scalar)"
        case "\n": return "\\n"
        case "\t": return "\\t"
        default: break
        }
        guard scalar.isHarmful else { return String(scalar) }
        // By octal digits, of which there are always three: a digit that follows is not taken for one of them.
        return String(scalar).utf8.map { byte in
            let digits = String(byte, radix: 8)
            return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }.joined()
    }
}
