// Keeps what KeePassXC takes for placeholders out of the texts that are kept in a keyring.

import OmlxCryptography

extension Secret {
    /// The JSON text with the braces inside its strings escaped: KeePassXC puts other texts in place of such as `{TITLE}`.
    func withoutBracesInStrings() -> Secret {
        var output: [UInt8] = []
        defer { Secret.wipe(&output) }
        withBytes { bytes in
            // Reserved in one piece, growing leaves no copy behind.
            output.reserveCapacity(bytes.count + 5 * bytes.count { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") })
            var isInString = false
            var isEscaped = false
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "{") where isInString: output.append(contentsOf: "\\u007b".utf8)
                case UInt8(ascii: "}") where isInString: output.append(contentsOf: "\\u007d".utf8)
                default: output.append(byte)
                }
                if !isInString {
                    isInString = byte == UInt8(ascii: "\"")
                } else if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            }
        }
        return Secret(output)
    }
}

extension String {
    /// The text with braces as URLs have them, for labels and attributes.
    var withoutBraces: String {
        var text = ""
        for character in self {
            switch character {
            case "{": text += "%7B"
            case "}": text += "%7D"
            default: text.append(character)
            }
        }
        return text
    }
}
