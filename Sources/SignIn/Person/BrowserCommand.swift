// Which program opens a URL: the BROWSER convention, split without a shell (C13.2, H6).

/// A program and its arguments, the URL put in its place.
package struct BrowserCommand: Sendable, Hashable {
    /// The program, a path or a name to be found in PATH.
    package var program: String
    /// Its arguments.
    package var arguments: [String]

    /// The programs to try in order. `BROWSER` is a colon-separated list; in each, words are split at spaces, quotes
    /// keep spaces, `%s` stands for the URL and `%%` for a percent sign; without `%s` the URL comes last. Without
    /// `BROWSER` a desktop's own opener is used, and none where there is no display.
    package static func candidates(for url: String, environment: [String: String]) -> [BrowserCommand] {
        if let list = environment["BROWSER"], !list.isEmpty {
            return list.split(separator: ":").compactMap { BrowserCommand(template: String($0), url: url) }
        }
        let hasDisplay = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].contains {
            environment[$0]?.isEmpty == false
        }
        guard hasDisplay else { return [] }
        return ["xdg-open", "gio open", "wslview", "x-www-browser", "firefox", "chromium"]
            .compactMap { BrowserCommand(template: $0, url: url) }
    }

    init?(template: String, url: String) {
        var words = Self.split(template)
        guard !words.isEmpty else { return nil }
        var usesURL = false
        words = words.map { word in
            var output = ""
            var rest = word[...]
            while let mark = rest.firstIndex(of: "%") {
                output += rest[..<mark]
                let after = rest.index(after: mark)
                let kind = after < rest.endIndex ? rest[after] : nil
                switch kind {
                case "s":
                    output += url
                    usesURL = true
                case "%": output += "%"
                default: output += rest[mark...(kind == nil ? mark : after)]
                }
                rest = kind == nil ? "" : rest[rest.index(after: after)...]
            }
            return output + rest
        }
        program = words[0]
        arguments = Array(words.dropFirst()) + (usesURL ? [] : [url])
    }

    private static func split(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isInWord = false
        var quote: Character?
        for character in text {
            switch (quote, character) {
            case (nil, "\""), (nil, "'"):
                quote = character
                isInWord = true
            case (let open?, character) where open == character: quote = nil
            case (nil, " "), (nil, "\t"):
                if isInWord { words.append(word) }
                word = ""
                isInWord = false
            default:
                word.append(character)
                isInWord = true
            }
        }
        return isInWord ? words + [word] : words
    }
}
