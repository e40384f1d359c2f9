// Texts of a file another person may have written, in full and yet harmless on a terminal.

import OmlxErrors

extension String {
    /// The text as a word of its own: as it is where nothing in it could be mistaken, else in quotes, with everything that
    /// is not seen, or moves or hides what is, written out.
    var reviewed: String {
        let plain = "-_./:@%+=,~${}?&#*[]()<>!^|;"
        let isPlain =
            !isEmpty
            && unicodeScalars.allSatisfy { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                    || plain.unicodeScalars.contains(scalar)
            }
        return isPlain ? self : "\"" + unicodeScalars.map(\.reviewed).joined() + "\""
    }
}

extension Unicode.Scalar {
    fileprivate var reviewed: String {
        switch self {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case " ": return " "
        default: break
        }
        return isSeen ? String(self) : "\\u{\(String(value, radix: 16))}"
    }

    /// Whether it shows what it is, and nothing but itself.
    private var isSeen: Bool {
        if (0xFE00...0xFE0F).contains(value) || (0xE0100...0xE01EF).contains(value) { return false }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .privateUse,
            .unassigned, .nonspacingMark, .enclosingMark:
            return false
        default: return !properties.isDefaultIgnorableCodePoint
        }
    }
}
