// A whole command line in one text, taken apart by its blanks and quotes, and by nothing else a shell knows.

import Glibc

enum CommandLineWords {
    /// The words of a command line as they are written: variables unexpanded, each `${…}` whole; `nil` when a quote has no
    /// end.
    static func split(_ line: String) -> [String]? {
        let bytes = Array(line.utf8)
        var words: [String] = []
        var word: [UInt8]?
        var quote: UInt8?
        var offset = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "$"), let end = VariableTemplate.end(ofFormAt: offset, in: bytes) {
                word = (word ?? []) + bytes[offset...end]
                offset = end + 1
                continue
            }
            offset += 1
            switch (quote, byte) {
            case (nil, UInt8(ascii: "'")), (nil, UInt8(ascii: "\"")):
                quote = byte
                word = word ?? []
            case (let open?, byte) where open == byte: quote = nil
            case (nil, 0x20), (nil, 0x09), (nil, 0x0A), (nil, 0x0D):
                if let word { words.append(String(decoding: word, as: UTF8.self)) }
                word = nil
            default: word = (word ?? []) + [byte]
            }
        }
        if let word { words.append(String(decoding: word, as: UTF8.self)) }
        return quote == nil ? words : nil
    }

    /// Whether there is a program of that name, as the child would find it.
    /// - Parameters:
    ///   - path: The folders to look in, as in `PATH`.
    ///   - folder: Where a relative path starts.
    static func isProgram(_ command: String, path: String, folder: String?) -> Bool {
        func isThere(_ place: String) -> Bool {
            var status = stat()
            return !place.utf8.contains(0) && stat(place, &status) == 0
        }
        guard !command.utf8.contains(UInt8(ascii: "/")) else {
            return isThere(command.hasPrefix("/") ? command : (folder.map { $0 + "/" } ?? "") + command)
        }
        return path.split(separator: ":").contains { isThere("\($0)/\(command)") }
    }
}
