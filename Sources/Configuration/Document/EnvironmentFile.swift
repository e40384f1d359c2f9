// `envFile`: the file with variables for a program, in the form of dotenv, as VS Code and Cursor have it.

import OmlxCryptography

/// A file with variables that a server's entry names. Holds no values.
struct EnvironmentFile: Sendable, Hashable {
    /// The server that gets them.
    var server: String
    /// Its name in the folder it was looked for in, that folder without links; the configured path when there is none.
    var place: String
    /// SHA-256 of its bytes, those that were read; `nil` when it could not be read.
    var digest: String?
    /// The names of its variables.
    var names: [String] = []
    /// What stands against it.
    var faults: [FileFault] = []

    /// The largest one that is read, in bytes.
    static let maximumSize = 1024 * 1024
}

/// The text of such a file. The same lines mean the same as in VS Code: `export` before a name, quotes of three kinds, over
/// several lines too, `\n` and `\r` in double quotes, and comments.
struct EnvironmentFileText {
    private(set) var variables: [(name: String, value: [UInt8])] = []
    /// The lines that are neither a variable nor a comment, from 1.
    private(set) var oddLines: [Int] = []

    private var rest: ArraySlice<UInt8>
    private var line = 1

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        while let byte = rest.first {
            if byte == Self.lineFeed {
                line += 1
                rest = rest.dropFirst()
            } else if Self.isSpace(byte) {
                rest = rest.dropFirst()
            } else {
                readLine()
            }
        }
    }

    private mutating func readLine() {
        let start = line
        if rest.first != UInt8(ascii: "#") {
            if let variable = readVariable() { variables.append(variable) } else { oddLines.append(start) }
        }
        skipToEnd()
    }

    private mutating func readVariable() -> (name: String, value: [UInt8])? {
        var name = takeName()
        if name == "export", rest.first.map(Self.isSpace) == true {
            skipSpace()
            name = takeName()
        }
        skipSpace()
        guard !name.isEmpty, rest.first == UInt8(ascii: "=") else { return nil }
        rest = rest.dropFirst()
        skipSpace()
        return (name, takeValue())
    }

    private mutating func takeName() -> String {
        let name = rest.prefix { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        rest = rest.dropFirst(name.count)
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func takeValue() -> [UInt8] {
        if let quote = rest.first, "\"'`".utf8.contains(quote), let value = takeQuoted(quote) { return value }
        let text = rest.prefix { $0 != UInt8(ascii: "#") && $0 != Self.lineFeed }
        rest = rest.dropFirst(text.count)
        return Array(text[..<(text.lastIndex { !Self.isSpace($0) }.map { $0 + 1 } ?? text.startIndex)])
    }

    /// What stands between two quotes; `nil` when the second one is missing.
    private mutating func takeQuoted(_ quote: UInt8) -> [UInt8]? {
        var value: [UInt8] = []
        var index = rest.startIndex + 1
        var lines = 0
        while index < rest.endIndex, rest[index] != quote {
            var byte = rest[index]
            if byte == UInt8(ascii: "\\"), index + 1 < rest.endIndex {
                let next = rest[index + 1]
                if next == quote || (quote == UInt8(ascii: "\"") && "nr".utf8.contains(next)) {
                    byte = next == quote ? next : next == UInt8(ascii: "n") ? Self.lineFeed : 0x0D
                    index += 1
                }
            } else if byte == Self.lineFeed {
                lines += 1
            }
            value.append(byte)
            index += 1
        }
        guard index < rest.endIndex else { return nil }
        rest = rest[(index + 1)...]
        line += lines
        return value
    }

    private mutating func skipSpace() { rest = rest.drop { Self.isSpace($0) } }

    private mutating func skipToEnd() { rest = rest.drop { $0 != Self.lineFeed } }

    private static let lineFeed: UInt8 = 0x0A

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    /// Overwrites the values.
    mutating func wipe() {
        for index in variables.indices { Secret.wipe(&variables[index].value) }
    }
}
